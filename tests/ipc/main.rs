//! The commands of the window on Tauri's mock runtime: each is registered, permitted, answers bad input with an error
//! instead of a panic, and none but the one made for it answers a secret.

mod desktop;
mod flows;
mod input;
mod secrets;
mod settling;
mod support;

use serde_json::{Value, json};
use support::Shell;

const CAPABILITY: &str = include_str!("../../src-tauri/capabilities/main.json");
/// The commands that feed a channel, which no type of the table can be.
const CHANNELS: [&str; 2] = ["subscribe_events", "subscribe_wishes"];
const BUILD: &str = include_str!("../../src-tauri/build.rs");

#[test]
fn every_command_of_the_table_is_registered() {
    let shell = Shell::empty();
    for name in enerlink_ipc::names().chain(CHANNELS) {
        if let Err(error) = shell.call(name, json!({})) {
            assert!(!error.to_string().contains("not found"), "{name}: {error}");
        }
    }
    let error = shell
        .call("no_such_command", json!({}))
        .expect_err("not registered");
    assert!(error.to_string().contains("not found"), "{error}");
}

#[test]
fn exactly_the_commands_of_the_table_are_permitted() {
    let capability: Value = serde_json::from_str(CAPABILITY).expect("JSON");
    let permitted: Vec<&str> = capability["permissions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let names: Vec<&str> = enerlink_ipc::names().chain(CHANNELS).collect();
    let expected: Vec<String> = names
        .iter()
        .map(|name| format!("allow-{}", name.replace('_', "-")))
        .collect();
    assert_eq!(permitted, expected);
    let built: Vec<&str> = BUILD
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
        .collect();
    assert_eq!(built, names, "src-tauri/build.rs");
}

#[test]
fn errors_are_codes_with_sentences() {
    let shell = Shell::empty();
    let password = json!({ "password": "whatever it is" });
    assert_eq!(shell.refusal("unlock", password), "NO_VAULT");
    let weak = json!({ "name": "Home", "password": "password1234", "words": 12, "passphrase": "" });
    assert_eq!(shell.refusal("create_wallet", weak), "WEAK_PASSWORD");
}
