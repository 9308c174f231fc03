//! Who may know an outside package: the shell Tauri, the store SQL, the keystore keys.

use std::collections::BTreeMap;

use super::{Finding, direction::manifest, line_of, text::javascript_values};
use crate::workspace::{Dependency, Package};

/// A package, or with a trailing `*` all that begin so, and the crates that may depend on it. The first match counts.
const OWNERS: [(&str, &[&str]); 23] = [
    ("tauri*", &["enerlink-wallet"]),
    ("wry", &["enerlink-wallet"]),
    ("tao", &["enerlink-wallet"]),
    // The simulated meter is an MQTT client like any other.
    ("rumqttc*", &["enerlink-meter", "enerlink-sim"]),
    ("rumqttd", &["enerlink-sim"]),
    ("sea-*", &["enerlink-store", "enerlink-migrations"]),
    ("sqlx*", &["enerlink-store", "enerlink-migrations"]),
    ("rusqlite", &["enerlink-store", "enerlink-migrations"]),
    // Encoding and hashing of what is signed, without a provider.
    (
        "alloy-primitives",
        &["enerlink-chain", "enerlink-sim", "enerlink-keystore"],
    ),
    (
        "alloy-consensus",
        &["enerlink-chain", "enerlink-sim", "enerlink-keystore"],
    ),
    (
        "alloy-sol-types",
        &["enerlink-chain", "enerlink-sim", "enerlink-keystore"],
    ),
    ("alloy*", &["enerlink-chain", "enerlink-sim"]),
    ("revm*", &["enerlink-sim"]),
    ("k256", &["enerlink-keystore"]),
    ("bip39", &["enerlink-keystore"]),
    // Beside the keystore it is the peer of a measurement, without a key of its own.
    ("argon2", &["enerlink-keystore", "enerlink-bench"]),
    ("aes-gcm", &["enerlink-keystore"]),
    ("pdf-writer", &["enerlink-paper"]),
    ("image", &["enerlink-paper"]),
    ("rxing", &["enerlink-paper"]),
    ("rustix", &["enerlink-platform"]),
    ("leptos*", &["enerlink-ui"]),
    ("plotters*", &["enerlink-ui"]),
];

/// Outside packages stay with their owners, values of JavaScript in one file; tests may use anything.
pub(super) fn check(packages: &[Package], files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let file = manifest(package);
        let text = files.get(&file).map_or("", String::as_str);
        let outside = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        for dependency in outside {
            let line = line_of(text, &dependency.name);
            if let Some(owners) =
                owners(&dependency.name).filter(|owners| !owners.contains(&package.name.as_str()))
            {
                let what = format!("`{}` may not know `{}`", package.name, dependency.name);
                let mend = format!("only {} may: ask it through its interface", owners.join(" and "));
                findings.push(Finding::new(&file, line, what, mend));
            }
            if opens_inspector(dependency) {
                let what = "the feature `devtools` opens the inspector in a release";
                findings.push(Finding::new(
                    &file,
                    line,
                    what,
                    "remove the feature; a debug build has it anyway",
                ));
            }
        }
    }
    findings.extend(javascript_values(files));
    findings
}

fn owners(dependency: &str) -> Option<&'static [&'static str]> {
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => dependency.starts_with(start),
        None => dependency == pattern,
    };
    OWNERS
        .iter()
        .find(|(pattern, _)| matches(pattern))
        .map(|(_, owners)| *owners)
}

fn opens_inspector(dependency: &Dependency) -> bool {
    dependency.name == "tauri" && dependency.features.iter().any(|feature| feature == "devtools")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, dependency: &str, kind: &str, features: &str) -> Vec<Finding> {
        let json = format!(
            r#"[{{"name":"{name}","manifest_path":"a/Cargo.toml","targets":[],"dependencies":[{{"name":"{dependency}","kind":{kind},"features":[{features}]}}]}}]"#
        );
        check(
            &serde_json::from_str::<Vec<Package>>(&json).expect("the sample is what cargo prints"),
            &BTreeMap::new(),
        )
    }

    #[test]
    fn packages_stay_with_their_owners() {
        let cases = [
            ("enerlink-wallet", "tauri", 0),
            ("enerlink-wallet", "tauri-build", 0),
            ("enerlink-engine", "tauri", 1),
            ("enerlink-cli", "tauri-plugin-dialog", 1),
            ("enerlink-sim", "rumqttc", 0),
            ("enerlink-engine", "rumqttc", 1),
            ("enerlink-meter", "rumqttd", 1),
            ("enerlink-migrations", "sea-orm-migration", 0),
            ("enerlink-engine", "sea-orm", 1),
            ("enerlink-keystore", "alloy-consensus", 0),
            ("enerlink-keystore", "alloy-provider", 1),
            ("enerlink-keystore", "alloy", 1),
            ("enerlink-chain", "alloy", 0),
            ("enerlink-domain", "alloy-primitives", 1),
            ("enerlink-chain", "k256", 1),
            ("enerlink-keystore", "k256", 0),
            ("enerlink-domain", "serde", 0),
            ("enerlink-paper", "image", 0),
            ("enerlink-bench", "argon2", 0),
            ("enerlink-bench", "k256", 1),
            ("enerlink-engine", "image", 1),
            ("enerlink-keystore", "rustix", 1),
        ];
        for (name, dependency, count) in cases {
            assert_eq!(
                findings(name, dependency, "null", "").len(),
                count,
                "{name} -> {dependency}"
            );
        }
    }

    #[test]
    fn tests_may_know_anything() {
        assert_eq!(findings("enerlink-chain", "k256", "\"dev\"", ""), []);
    }

    #[test]
    fn inspector_stays_out_of_releases() {
        assert_eq!(findings("enerlink-wallet", "tauri", "null", "\"wry\"").len(), 0);
        assert_eq!(
            findings("enerlink-wallet", "tauri", "null", "\"wry\",\"devtools\"").len(),
            1
        );
    }
}
