//! Licences of the parts that are shipped: every crate that the app, the command line and the window are made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{process, workspace::root};

/// The list, which the window shows.
pub(crate) const FILE: &str = "ui/assets/licences.txt";
/// What people install; the other packages of the workspace stay here.
const SHIPPED: [&str; 3] = ["enerlink-wallet", "enerlink-cli", "enerlink-ui"];

/// The chore `licences`: writes the list.
pub(crate) fn run() -> Result<()> {
    let text = list()?;
    fs::write(root().join(FILE), &text).with_context(|| format!("cannot write {FILE}"))?;
    println!("{FILE}: {} licences", text.lines().count());
    Ok(())
}

/// The list as it should be: a line for each licence, with the crates under it. Without versions, so that an update
/// changes it only when a part comes or goes.
pub(crate) fn list() -> Result<String> {
    let mut command = process::cargo();
    command
        .current_dir(root())
        .args(["metadata", "--locked", "--format-version", "1"]);
    let output = command.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let graph: Graph =
        serde_json::from_slice(&output.stdout).context("cannot read the answer of `cargo metadata`")?;
    written(&graph)
}

#[derive(Deserialize)]
struct Graph {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// `None` for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
}

/// The lines, by licence; what is only used while compiling is not shipped.
fn written(graph: &Graph) -> Result<String> {
    let packages: BTreeMap<&str, &Package> = graph
        .packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let edges: BTreeMap<&str, &[Edge]> = graph
        .resolve
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.deps.as_slice()))
        .collect();
    let mut waiting: Vec<&str> = graph
        .packages
        .iter()
        .filter(|package| SHIPPED.contains(&package.name.as_str()))
        .filter(|package| graph.workspace_members.contains(&package.id))
        .map(|package| package.id.as_str())
        .collect();
    if waiting.len() != SHIPPED.len() {
        bail!("not every package that is shipped is in the workspace: {SHIPPED:?}");
    }
    let mut seen = BTreeSet::new();
    let mut lines: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    while let Some(id) = waiting.pop() {
        let package = packages.get(id).context("a part is not among the packages")?;
        let macros = package
            .targets
            .iter()
            .any(|target| target.kind.iter().any(|kind| kind == "proc-macro"));
        if macros || !seen.insert(id) {
            continue;
        }
        if !graph.workspace_members.contains(id) {
            let licence = package
                .license
                .as_deref()
                .with_context(|| format!("{} does not name its licence", package.name))?;
            lines.entry(spelled(licence)).or_default().insert(&package.name);
        }
        let normal = |edge: &&Edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
        let edges = edges.get(id).copied().unwrap_or_default();
        waiting.extend(edges.iter().filter(normal).map(|edge| edge.pkg.as_str()));
    }
    let lines = lines.into_iter().map(|(licence, names)| {
        let names: Vec<&str> = names.into_iter().collect();
        format!("{licence}: {}\n", names.join(", "))
    });
    Ok(lines.collect())
}

/// A choice of licences in one spelling: `Apache-2.0/MIT` and `MIT OR Apache-2.0` are the same.
fn spelled(licence: &str) -> String {
    let licence = licence.replace('/', " OR ");
    if licence.contains(['(', ')']) || licence.contains(" AND ") {
        return licence;
    }
    let mut choices: Vec<&str> = licence.split(" OR ").map(str::trim).collect();
    choices.sort_unstable();
    choices.join(" OR ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_has_one_spelling() {
        for (licence, expected) in [
            ("MIT", "MIT"),
            ("MIT/Apache-2.0", "Apache-2.0 OR MIT"),
            ("MIT OR Apache-2.0", "Apache-2.0 OR MIT"),
            ("Zlib OR MIT OR Apache-2.0", "Apache-2.0 OR MIT OR Zlib"),
            (
                "(MIT OR Apache-2.0) AND Unicode-3.0",
                "(MIT OR Apache-2.0) AND Unicode-3.0",
            ),
        ] {
            assert_eq!(spelled(licence), expected, "{licence}");
        }
    }

    #[test]
    fn what_only_compiles_or_tests_is_not_listed() {
        let package = |name: &str, kind: &str| {
            format!(r#"{{"id":"{name}","name":"{name}","license":"MIT","targets":[{{"kind":["{kind}"]}}]}}"#)
        };
        let packages = [
            package("enerlink-wallet", "lib"),
            package("enerlink-cli", "bin"),
            package("enerlink-ui", "bin"),
            package("used", "lib"),
            package("below", "lib"),
            package("derives", "proc-macro"),
            package("parses", "lib"),
            package("builds", "lib"),
            package("tests", "lib"),
        ];
        let edge = |name: &str, kind: &str| format!(r#"{{"pkg":"{name}","dep_kinds":[{{"kind":{kind}}}]}}"#);
        let node =
            |name: &str, edges: &[String]| format!(r#"{{"id":"{name}","deps":[{}]}}"#, edges.join(","));
        let nodes = [
            node(
                "enerlink-wallet",
                &[
                    edge("used", "null"),
                    edge("derives", "null"),
                    edge("builds", "\"build\""),
                    edge("tests", "\"dev\""),
                ],
            ),
            node("used", &[edge("below", "null")]),
            node("derives", &[edge("parses", "null")]),
        ];
        let text = format!(
            r#"{{"packages":[{}],"workspace_members":["enerlink-wallet","enerlink-cli","enerlink-ui"],"resolve":{{"nodes":[{}]}}}}"#,
            packages.join(","),
            nodes.join(",")
        );
        let graph: Graph = serde_json::from_str(&text).expect("JSON");
        assert_eq!(written(&graph).expect("a list"), "MIT: below, used\n");
    }
}
