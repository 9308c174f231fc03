//! The operator's guide, done as it is written: a key, the contracts, and a household's meter registered.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use crate::support::{PASSWORD, Server, anvil_with, enerlink, run};

const GUIDE: &str = include_str!("../../docs/operator.md");

/// The commands of a section of the guide.
fn commands(section: &str) -> String {
    let text = GUIDE.split(&format!("\n## {section}\n")).nth(1);
    let text = text.unwrap_or_else(|| panic!("the guide has a section {section:?}"));
    let text = text.split("\n## ").next().unwrap_or(text);
    let blocks = text.split("```sh\n").skip(1);
    let blocks: Vec<&str> = blocks.filter_map(|block| block.split("```").next()).collect();
    assert!(!blocks.is_empty(), "{section:?} has commands");
    blocks.concat()
}

/// Anvil without a price, as the guide starts it.
const FREE: [&str; 5] = [
    "--base-fee",
    "0",
    "--gas-price",
    "0",
    "--disable-min-priority-fee",
];

/// An operator's folder, and a node where gas is free.
struct Operator {
    directory: tempfile::TempDir,
    node: Server,
}

impl Operator {
    fn new() -> Self {
        let operator = Self {
            directory: tempfile::tempdir().expect("directory"),
            node: anvil_with(7407, &FREE),
        };
        fs::write(operator.directory.path().join("pw"), PASSWORD).expect("writable");
        operator
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// Types the commands of a section into a shell; the node is this one.
    fn types(&self, section: &str) -> Output {
        let commands = commands(section).replace(":8545", &format!(":{}", self.node.port));
        let program = enerlink();
        let program = Path::new(program.get_program()).parent().expect("a folder");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(std::iter::once(program.to_path_buf()).chain(env::split_paths(&path)));
        let output = Command::new("sh")
            .args(["-euc", &commands])
            .current_dir(self.directory.path())
            .env("PATH", path.expect("a path"))
            .env_remove("ENERLINK_DATA_DIR")
            .output()
            .expect("a shell");
        assert!(output.status.success(), "{section}: {output:?}");
        output
    }

    /// A household that has been given the node's address and the addresses file, and asks for its meter.
    fn is_asked(&self) {
        let (home, password) = (self.path("home"), self.path("pw"));
        let place = ["--data-dir", &home];
        let keys = [&place[..], &["--password-file", &password]].concat();
        let phrase = self.path("home-phrase");
        let new = [&["wallet", "create", "--phrase-file", &phrase], &keys[..]].concat();
        run(&[&["--json"], &new[..]].concat());
        let (node, addresses) = (
            format!("http://127.0.0.1:{}", self.node.port),
            self.path("addresses.json"),
        );
        let network = ["network", "set", "--rpc", &node, "--addresses", &addresses];
        run(&[&["--json"], &network[..], &place].concat());
        let meter = [
            "--id",
            "HOME-7",
            "--broker",
            "mqtt://127.0.0.1:1",
            "--rated-power",
            "5000",
        ];
        run(&[&["--json", "meter", "add"], &meter[..], &place].concat());
        let request = self.path("request.json");
        let asks = ["meter", "request", "--id", "HOME-7", "--out", &request];
        run(&[&["--json"], &asks[..], &keys].concat());
    }
}

#[test]
fn the_operators_guide_works_as_it_is_written() {
    let operator = Operator::new();
    operator.types("The operator's key");
    operator.types("The contracts");
    operator.is_asked();
    let output = operator.types("Meters");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("meter HOME-7 is registered"), "{said}");
}
