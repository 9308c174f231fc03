//! The window's configuration: a strict content policy, nothing global, nothing dangerous.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Finding, line_of};

const CONFIGURATION: &str = "tauri.conf.json";

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

/// Lints the configuration.
pub(super) fn check(files: &BTreeMap<String, String>) -> Vec<Finding> {
    match files.get(CONFIGURATION) {
        Some(text) => configuration(text),
        None => {
            let mend = "write it; without it the window's rights cannot be checked";
            vec![Finding::new(
                CONFIGURATION,
                1,
                "missing: the window's configuration",
                mend,
            )]
        }
    }
}

/// A strict policy, nothing global, nothing dangerous.
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
pub(super) fn keys(value: &Value) -> Vec<String> {
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
    fn what_is_not_written_yet_is_named() {
        assert_eq!(
            whats(&check(&BTreeMap::new())),
            "missing: the window's configuration"
        );
    }
}
