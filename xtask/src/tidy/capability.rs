//! The window's rights: one permission for each command of the table in `crates/ipc`, and no more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Finding, line_of,
    source::{Keep, mask, matching},
    window::keys,
};

const CAPABILITIES: &str = "src-tauri/capabilities/";
const COMMANDS: &str = "crates/ipc/src/";

/// What the window may call beside the table: the two commands that carry a channel, which is no value of the table. They
/// need nothing of Tauri itself, since these channels bring every event and wish.
const FIXED: [&str; 2] = ["allow-subscribe-events", "allow-subscribe-wishes"];

/// Compares the capability files with the commands.
pub(super) fn check(files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = files
        .iter()
        .filter(|(file, _)| file.starts_with(COMMANDS) && file.ends_with(".rs"));
    let commands: BTreeSet<String> = sources.flat_map(|(_, text)| commands(text)).collect();
    if commands.is_empty() {
        findings.push(missing(
            COMMANDS,
            "no `commands!` table with lines such as `PlaceOrder(\"place_order\") { … } -> Order;`",
        ));
    }
    let capabilities: Vec<(&str, &str)> = files
        .iter()
        .filter(|(file, _)| file.starts_with(CAPABILITIES) && !file.ends_with(".md"))
        .map(|(file, text)| (file.as_str(), text.as_str()))
        .collect();
    if capabilities.is_empty() {
        findings.push(missing(CAPABILITIES, "no capability file"));
    } else if !commands.is_empty() {
        findings.extend(permissions(&capabilities, &commands));
    }
    findings
}

fn missing(file: &str, what: &str) -> Finding {
    Finding::new(
        file,
        1,
        format!("missing: {what}"),
        "write it; without it the window's rights cannot be checked",
    )
}

/// The names in the `commands!` tables of a source.
fn commands(source: &str) -> Vec<String> {
    let code = mask(source, Keep::CodeAndStrings);
    let mut names = Vec::new();
    for (start, _) in code.match_indices("commands!") {
        let Some(open) = code[start..].find('{').map(|step| start + step) else {
            continue;
        };
        // `commands!` is followed by its table; `macro_rules! commands` is not written so.
        if !code[start + "commands!".len()..open].trim().is_empty() {
            continue;
        }
        let end = matching(&code, open, '{', '}').unwrap_or(code.len());
        let table = &code[open..end];
        for (at, _) in table.match_indices("(\"") {
            let names_a_type = table[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_ascii_alphanumeric());
            let rest = &table[at + 2..];
            if let Some(length) = rest
                .find("\")")
                .filter(|_| names_a_type && !in_attribute(&table[..at]))
            {
                names.push(rest[..length].to_owned());
            }
        }
    }
    names
}

/// Whether the text ends inside `#[…]`.
fn in_attribute(text: &str) -> bool {
    text.rfind("#[").is_some_and(|start| !text[start..].contains(']'))
}

/// The capability files together grant each command, the fixed list at most, and nothing from outside.
fn permissions(files: &[(&str, &str)], commands: &BTreeSet<String>) -> Vec<Finding> {
    let expected: BTreeMap<String, &String> = commands
        .iter()
        .map(|name| (format!("allow-{}", name.replace('_', "-")), name))
        .collect();
    let mut granted = BTreeSet::new();
    let mut findings = Vec::new();
    for (file, text) in files {
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                findings.push(Finding::new(
                    file,
                    error.line(),
                    format!("not JSON: {error}"),
                    "mend the syntax",
                ));
                continue;
            }
        };
        if keys(&value).iter().any(|key| key == "remote") {
            let what = "`remote` lets pages from outside call commands";
            findings.push(Finding::new(file, line_of(text, "\"remote\""), what, "remove it"));
        }
        if value["windows"]
            .as_array()
            .is_some_and(|list| list.iter().any(has_pattern))
        {
            let what = "a pattern in `windows` grants windows that do not exist yet";
            findings.push(Finding::new(
                file,
                line_of(text, "\"windows\""),
                what,
                "name each window",
            ));
        }
        for permission in value["permissions"].as_array().map_or(&[][..], Vec::as_slice) {
            let name = permission
                .as_str()
                .or_else(|| permission["identifier"].as_str())
                .unwrap_or_default()
                .to_owned();
            if !expected.contains_key(&name) && !FIXED.contains(&name.as_str()) {
                let line = line_of(text, &format!("\"{name}\""));
                let what = format!("the permission `{name}` belongs to no command of crates/ipc");
                findings.push(Finding::new(
                    file,
                    line,
                    what,
                    "remove it, or add the command to the table",
                ));
            }
            granted.insert(name);
        }
    }
    for (permission, command) in expected
        .iter()
        .filter(|(permission, _)| !granted.contains(*permission))
    {
        let file = files.first().map_or(CAPABILITIES, |(file, _)| file);
        let what = format!("the window may not call the command `{command}`");
        findings.push(Finding::new(
            file,
            1,
            what,
            format!("add `{permission}` to its permissions"),
        ));
    }
    findings
}

fn has_pattern(window: &Value) -> bool {
    window.as_str().is_some_and(|label| label.contains('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(findings: &[Finding]) -> String {
        findings
            .iter()
            .map(|finding| finding.what.as_str())
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn commands_are_read_from_their_table() {
        let source = r#"//! x
            macro_rules! commands { ($($name:ident($text:literal) { } -> $out:ty;)*) => { not("this") } }
            commands! {
                /// Places an order; not `Other("other")`.
                PlaceOrder("place_order") { draft: OrderDraft } -> Order;
                #[doc(alias("gone"))]
                OpenOrders("open_orders") { } -> Vec<Order>;
            }
            fn after() { call("elsewhere") }"#;
        assert_eq!(commands(source), ["place_order", "open_orders"]);
    }

    #[test]
    fn capabilities_are_exact() {
        let names: BTreeSet<String> = ["place_order", "open_orders"].map(str::to_owned).into();
        let good = r#"{"identifier":"main","windows":["main"],"permissions":["allow-place-order",{"identifier":"allow-open-orders"},"allow-subscribe-events"]}"#;
        assert_eq!(permissions(&[("a.json", good)], &names), []);

        let cases = [
            (
                good.replace("\"allow-place-order\",", ""),
                "may not call the command `place_order`",
            ),
            (
                good.replace("allow-subscribe-events", "core:default"),
                "`core:default` belongs to no command",
            ),
            (
                good.replace("allow-subscribe-events", "allow-gone"),
                "`allow-gone` belongs to no command",
            ),
            (
                good.replace("\"windows\"", "\"remote\":{\"urls\":[]},\"windows\""),
                "`remote`",
            ),
            (good.replace("[\"main\"]", "[\"*\"]"), "a pattern in `windows`"),
        ];
        for (text, expected) in cases {
            let findings = permissions(&[("a.json", &text)], &names);
            assert_eq!(findings.len(), 1, "{text}: {findings:?}");
            assert!(whats(&findings).contains(expected), "{findings:?}");
        }
    }

    #[test]
    fn what_is_not_written_yet_is_named() {
        let findings = check(&BTreeMap::new());
        let files: Vec<&str> = findings.iter().map(|finding| finding.file.as_str()).collect();
        assert_eq!(files, [COMMANDS, CAPABILITIES]);
    }
}
