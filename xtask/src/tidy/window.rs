//! What the window may do: its content policy, its configuration, and one permission for each command, no more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    Finding, line_of,
    source::{Keep, mask, matching},
};

const CONFIGURATION: &str = "tauri.conf.json";
const CAPABILITIES: &str = "src-tauri/capabilities/";
const COMMANDS: &str = "crates/ipc/src/";

/// Permissions of Tauri itself that the window may have beside its own commands. It needs none: one channel carries the events.
const FIXED: [&str; 3] = [
    "core:event:allow-listen",
    "core:event:allow-unlisten",
    "core:window:allow-set-title",
];

/// Sources of content that never leave the machine.
const SOURCES: [&str; 8] = [
    "'self'",
    "'none'",
    "'wasm-unsafe-eval'",
    "ipc:",
    "http://ipc.localhost",
    "data:",
    "blob:",
    "'unsafe-inline'",
];

/// Where scripts come from; everything else there is a way to run somebody else's.
const SCRIPTS: [&str; 3] = ["'self'", "'none'", "'wasm-unsafe-eval'"];

/// Lints the configuration and compares the capabilities with the commands.
pub(super) fn check(files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = match files.get(CONFIGURATION) {
        Some(text) => configuration(text),
        None => vec![missing(CONFIGURATION, "the window's configuration")],
    };
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

/// T1: a strict policy, nothing global, nothing dangerous.
fn configuration(text: &str) -> Vec<Finding> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            return vec![Finding::new(
                CONFIGURATION,
                error.line(),
                format!("not JSON: {error}"),
                "mend the syntax",
            )];
        }
    };
    let mut found = Vec::new();
    let mut find = |needle: &str, what: String, mend: &str| {
        found.push(Finding::new(CONFIGURATION, line_of(text, needle), what, mend));
    };
    let app = &value["app"];
    if app["withGlobalTauri"] != Value::Bool(false) {
        find(
            "withGlobalTauri",
            "`app.withGlobalTauri` is not false".into(),
            "set it to false: no script finds Tauri on `window`",
        );
    }
    let security = &app["security"];
    if security["freezePrototype"] != Value::Bool(true) {
        find(
            "freezePrototype",
            "`app.security.freezePrototype` is not true".into(),
            "set it to true",
        );
    }
    for name in ["csp", "devCsp"] {
        match directives(&security[name]) {
            Some(directives) => {
                for problem in policy(&directives) {
                    find(
                        &format!("\"{name}\""),
                        format!("`{name}`: {problem}"),
                        "allow only what the window itself brings",
                    );
                }
            }
            None if name == "csp" => {
                find(
                    "\"csp\"",
                    "`app.security.csp` is null or missing".into(),
                    "write a policy: without one any injected script runs",
                );
            }
            None => {}
        }
    }
    for key in keys(&value) {
        if key.to_ascii_lowercase().starts_with("dangerous") {
            find(
                &format!("\"{key}\""),
                format!("`{key}` switches a protection off"),
                "remove the key",
            );
        }
    }
    let windows = app["windows"].as_array().map_or(&[][..], Vec::as_slice);
    if windows
        .iter()
        .any(|window| window["devtools"] == Value::Bool(true))
    {
        find(
            "devtools",
            "a window opens with `devtools`".into(),
            "remove the key",
        );
    }
    if windows
        .iter()
        .any(|window| window["url"].as_str().is_some_and(|url| url.contains("://")))
    {
        find(
            "\"url\"",
            "a window opens a page from outside".into(),
            "name a file of the built UI",
        );
    }
    if security["capabilities"]
        .as_array()
        .is_some_and(|list| list.iter().any(|item| !item.is_string()))
    {
        find(
            "\"capabilities\"",
            "a capability is written inline".into(),
            "give it a file in src-tauri/capabilities, where it is checked",
        );
    }
    found
}

/// A content policy as directive and sources, from its text or its table.
fn directives(csp: &Value) -> Option<BTreeMap<String, Vec<String>>> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match csp {
        Value::String(text) => {
            let parts = text.split(';').map(words).filter(|words| !words.is_empty());
            Some(
                parts
                    .map(|words| (words[0].clone(), words[1..].to_vec()))
                    .collect(),
            )
        }
        Value::Object(table) => Some(
            table
                .iter()
                .map(|(name, sources)| (name.clone(), listed(sources, words)))
                .collect(),
        ),
        _ => None,
    }
}

fn listed(sources: &Value, words: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    match sources {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        other => words(other.as_str().unwrap_or_default()),
    }
}

fn policy(directives: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut problems = Vec::new();
    if !directives.contains_key("default-src") {
        problems.push("no `default-src`, so what is not named is allowed".into());
    }
    for (directive, sources) in directives {
        let scripts =
            directive.starts_with("script-src") || directive == "default-src" || directive == "worker-src";
        let allowed: &[&str] = if scripts { &SCRIPTS } else { &SOURCES };
        for source in sources
            .iter()
            .filter(|source| !allowed.contains(&source.as_str()))
        {
            // Tauri adds such hashes and nonces itself; `connect-src` may be the default for the bridge.
            let bridge =
                directive == "default-src" && ["ipc:", "http://ipc.localhost"].contains(&source.as_str());
            if !bridge && !source.starts_with("'sha256-") {
                problems.push(format!("`{directive}` has `{source}`"));
            }
        }
    }
    problems
}

/// Every key of the document, at any depth.
fn keys(value: &Value) -> Vec<String> {
    let inner = |map: &Map<String, Value>| {
        map.iter()
            .flat_map(|(key, value)| std::iter::once(key.clone()).chain(keys(value)))
            .collect()
    };
    match value {
        Value::Object(map) => inner(map),
        Value::Array(list) => list.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
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
        if listed(&value["windows"], |_| Vec::new())
            .iter()
            .any(|window| window.contains('*'))
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

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
        "app": {
            "withGlobalTauri": false,
            "windows": [{ "label": "main", "url": "index.html" }],
            "security": {
                "freezePrototype": true,
                "csp": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ipc: http://ipc.localhost; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
            }
        }
    }"#;

    fn whats(findings: &[Finding]) -> String {
        findings
            .iter()
            .map(|finding| finding.what.as_str())
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn strict_configuration_passes() {
        assert_eq!(configuration(GOOD), []);
    }

    #[test]
    fn each_weakening_is_found() {
        let cases = [
            (
                "\"withGlobalTauri\": false",
                "\"withGlobalTauri\": true",
                "withGlobalTauri",
            ),
            ("\"withGlobalTauri\": false", "\"x\": 1", "withGlobalTauri"),
            ("\"freezePrototype\": true,", "", "freezePrototype"),
            (
                "script-src 'self'",
                "script-src 'self' 'unsafe-inline'",
                "'unsafe-inline'",
            ),
            ("'wasm-unsafe-eval'", "'unsafe-eval'", "'unsafe-eval'"),
            (
                "connect-src 'self'",
                "connect-src 'self' https://example.org",
                "https://example.org",
            ),
            ("connect-src 'self'", "connect-src *", "`*`"),
            ("img-src 'self'", "img-src http:", "http:"),
            ("default-src 'self';", "", "no `default-src`"),
            ("\"index.html\"", "\"https://example.org\"", "from outside"),
            ("\"label\"", "\"devtools\": true, \"label\"", "devtools"),
            (
                "\"freezePrototype\"",
                "\"dangerousDisableAssetCspModification\": false, \"freezePrototype\"",
                "dangerousDisable",
            ),
            (
                "\"freezePrototype\"",
                "\"capabilities\": [{}], \"freezePrototype\"",
                "inline",
            ),
            (
                "\"freezePrototype\"",
                "\"devCsp\": \"default-src 'self' ws:\", \"freezePrototype\"",
                "`devCsp`",
            ),
        ];
        for (from, to, expected) in cases {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let findings = configuration(&text);
            assert_eq!(findings.len(), 1, "{from} -> {to}: {findings:?}");
            assert!(
                whats(&findings).contains(expected),
                "{from} -> {to}: {findings:?}"
            );
        }
    }

    #[test]
    fn policy_may_be_a_table_but_not_null() {
        let table = r#"{"app":{"withGlobalTauri":false,"security":{"freezePrototype":true,"csp":{"default-src":["'self'"],"script-src":"'self' 'unsafe-inline'"}}}}"#;
        assert_eq!(
            whats(&configuration(table)),
            "`csp`: `script-src` has `'unsafe-inline'`"
        );
        let null = r#"{"app":{"withGlobalTauri":false,"security":{"freezePrototype":true,"csp":null}}}"#;
        assert_eq!(
            whats(&configuration(null)),
            "`app.security.csp` is null or missing"
        );
        assert!(whats(&configuration("{")).starts_with("not JSON"));
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
        let good = r#"{"identifier":"main","windows":["main"],"permissions":["allow-place-order",{"identifier":"allow-open-orders"},"core:event:allow-listen"]}"#;
        assert_eq!(permissions(&[("a.json", good)], &names), []);

        let cases = [
            (
                good.replace("\"allow-place-order\",", ""),
                "may not call the command `place_order`",
            ),
            (
                good.replace("core:event:allow-listen", "core:default"),
                "`core:default` belongs to no command",
            ),
            (
                good.replace("core:event:allow-listen", "allow-gone"),
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
        assert_eq!(files, [CONFIGURATION, COMMANDS, CAPABILITIES]);
    }
}
