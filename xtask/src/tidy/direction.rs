//! Which crate of the workspace may depend on which, and which tests run by themselves.

use std::collections::BTreeMap;

use super::{Finding, line_of};
use crate::workspace::Package;

/// Arrows point down. Tests may look sideways: development dependencies are free.
const ALLOWED: [(&str, &[&str]); 15] = [
    (
        "enerlink-wallet",
        &[
            "enerlink-sim",
            "enerlink-engine",
            "enerlink-ipc",
            "enerlink-domain",
        ],
    ),
    (
        "enerlink-cli",
        &[
            "enerlink-sim",
            "enerlink-engine",
            "enerlink-platform",
            "enerlink-domain",
        ],
    ),
    (
        "enerlink-sim",
        &[
            "enerlink-engine",
            "enerlink-meter",
            "enerlink-chain",
            "enerlink-domain",
        ],
    ),
    (
        "enerlink-engine",
        &[
            "enerlink-chain",
            "enerlink-meter",
            "enerlink-store",
            "enerlink-keystore",
            "enerlink-paper",
            "enerlink-platform",
            "enerlink-domain",
        ],
    ),
    (
        "enerlink-store",
        &["enerlink-migrations", "enerlink-platform", "enerlink-domain"],
    ),
    ("enerlink-chain", &["enerlink-domain"]),
    ("enerlink-meter", &["enerlink-domain"]),
    ("enerlink-keystore", &["enerlink-platform", "enerlink-domain"]),
    // A vault goes to paper as a file's bytes: the sheet cannot open it.
    ("enerlink-paper", &["enerlink-domain"]),
    ("enerlink-ui", &["enerlink-ipc", "enerlink-domain"]),
    ("enerlink-ipc", &["enerlink-domain"]),
    // It measures crates from outside; nothing depends on it.
    (
        "enerlink-bench",
        &[
            "enerlink-engine",
            "enerlink-chain",
            "enerlink-store",
            "enerlink-keystore",
            "enerlink-domain",
        ],
    ),
    ("enerlink-platform", &[]),
    ("enerlink-migrations", &[]),
    ("enerlink-domain", &[]),
];

/// Test targets that a plain `cargo test` must leave alone: one needs a display, the others take long.
fn runs_apart(name: &str) -> bool {
    name == "e2e" || name.starts_with("full_")
}

/// Every edge between crates of the workspace is one of the allowed.
pub(super) fn check(packages: &[Package], files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    for package in packages {
        let file = manifest(package);
        let text = files.get(&file).map_or("", String::as_str);
        let allowed = ALLOWED
            .iter()
            .find(|(name, _)| *name == package.name)
            .map(|(_, allowed)| *allowed);
        let allowed = if package.name == "xtask" {
            Some(&[][..])
        } else {
            allowed
        };
        let Some(allowed) = allowed else {
            let mend =
                "make it a module, or give it its place in xtask/src/tidy/direction.rs and ARCHITECTURE.md";
            findings.push(Finding::new(
                &file,
                1,
                format!("`{}` has no place among the crates", package.name),
                mend,
            ));
            continue;
        };
        let inside = package.dependencies.iter().filter(|dependency| {
            dependency.kind.as_deref() != Some("dev") && names.contains(&dependency.name.as_str())
        });
        for dependency in inside.filter(|dependency| !allowed.contains(&dependency.name.as_str())) {
            let what = format!("`{}` may not depend on `{}`", package.name, dependency.name);
            let mend = if allowed.is_empty() {
                "it may depend on no crate of the workspace".to_owned()
            } else {
                format!("it may depend on {}", allowed.join(", "))
            };
            findings.push(Finding::new(&file, line_of(text, &dependency.name), what, mend));
        }
    }
    findings
}

/// Tests that need a display or much time are out of a plain `cargo test`.
pub(super) fn test_targets(packages: &[Package], files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let file = manifest(package);
        let text = files.get(&file).map_or("", String::as_str);
        for target in &package.targets {
            let is_test = target.kind.iter().any(|kind| kind == "test");
            if is_test && target.test && runs_apart(&target.name) {
                let what = format!(
                    "`cargo test` would run the test target `{}`, which is run apart",
                    target.name
                );
                let line = line_of(text, &format!("name = \"{}\"", target.name));
                findings.push(Finding::new(
                    &file,
                    line,
                    what,
                    "give its [[test]] table `test = false`",
                ));
            }
        }
    }
    findings
}

/// A package's manifest, relative to the root.
pub(super) fn manifest(package: &Package) -> String {
    let path = &package.manifest_path;
    let relative = path.strip_prefix(crate::workspace::root()).unwrap_or(path);
    relative.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(json: &str) -> Vec<Package> {
        serde_json::from_str(json).expect("the sample is what cargo prints")
    }

    fn sample(name: &str, dependency: &str, kind: &str) -> String {
        format!(
            r#"{{"name":"{name}","manifest_path":"a/Cargo.toml","targets":[],"dependencies":[{{"name":"{dependency}","kind":{kind}}}]}}"#
        )
    }

    #[test]
    fn arrows_point_down() {
        let cases = [
            ("enerlink-engine", "enerlink-chain", "null", 0),
            ("enerlink-chain", "enerlink-engine", "null", 1),
            ("enerlink-chain", "enerlink-engine", "\"dev\"", 0),
            ("enerlink-chain", "enerlink-engine", "\"build\"", 1),
            ("enerlink-domain", "serde", "null", 0),
            ("enerlink-ui", "enerlink-engine", "null", 1),
            ("enerlink-paper", "enerlink-engine", "null", 1),
            ("enerlink-bench", "enerlink-engine", "null", 0),
            ("enerlink-bench", "enerlink-chain", "null", 0),
            ("enerlink-cli", "enerlink-chain", "null", 1),
            ("xtask", "enerlink-domain", "null", 1),
            ("enerlink-new", "serde", "null", 1),
        ];
        let others = ["enerlink-engine", "enerlink-chain", "enerlink-domain"]
            .map(|name| sample(name, "serde", "null"))
            .join(",");
        for (name, dependency, kind, count) in cases {
            let packages = packages(&format!("[{},{others}]", sample(name, dependency, kind)));
            let findings = check(&packages, &BTreeMap::new());
            assert_eq!(
                findings.len(),
                count,
                "{name} -> {dependency} ({kind}): {findings:?}"
            );
        }
    }

    #[test]
    fn the_line_of_the_manifest_is_named() {
        let packages = packages(&format!(
            "[{},{}]",
            sample("enerlink-domain", "enerlink-ipc", "null"),
            sample("enerlink-ipc", "serde", "null")
        ));
        let files = BTreeMap::from([(
            "a/Cargo.toml".into(),
            "[dependencies]\nenerlink-ipc.workspace = true\n".into(),
        )]);
        let found = check(&packages, &files)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>();
        let expected = "a/Cargo.toml:2: `enerlink-domain` may not depend on `enerlink-ipc`; it may depend on no crate of the workspace";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn tests_that_run_apart_are_marked() {
        let json = r#"[{"name":"enerlink-wallet","manifest_path":"Cargo.toml","dependencies":[],"targets":[
            {"name":"e2e","kind":["test"],"test":true},{"name":"ipc","kind":["test"],"test":true},
            {"name":"full_crash","kind":["test"],"test":true},{"name":"full_seeds","kind":["test"],"test":false}]}]"#;
        let findings = test_targets(&packages(json), &BTreeMap::new());
        assert_eq!(findings.len(), 2, "{findings:?}");
    }
}
