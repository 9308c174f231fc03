//! The desktop over the wire: start at login shows how the list stands, and nothing that a page says breaks the tray.

use std::fs;

use serde_json::{Value, json};

use crate::support::Shell;

#[test]
fn start_at_login_is_off_at_first_and_shows_how_the_list_stands() {
    let shell = Shell::empty();
    let view = shell.answer("read_desktop", json!({}));
    assert_eq!(view, json!({ "tray": false, "at_login": false }));
    let view = shell.answer("set_at_login", json!({ "enabled": true }));
    assert_eq!(view["at_login"], true);
    let file = shell.file("autostart/id.enerlink.wallet.desktop");
    let text = fs::read_to_string(&file).expect("an entry");
    assert!(
        text.contains("\nExec=\"/opt/enerlink-wallet\" \"--hidden\"\n"),
        "{text}"
    );
    // Somebody else takes it out.
    fs::remove_file(&file).expect("removed");
    assert_eq!(shell.answer("read_desktop", json!({}))["at_login"], false);
    shell.answer("set_at_login", json!({ "enabled": false }));
}

#[test]
fn a_list_that_cannot_be_written_is_said_and_nothing_is_claimed() {
    let shell = Shell::empty();
    fs::write(shell.file("autostart"), "in the way").expect("writable");
    let code = shell.refusal("set_at_login", json!({ "enabled": true }));
    assert_eq!(code, "INVALID_INPUT");
}

#[test]
fn a_face_is_taken_whatever_it_says_and_an_entry_that_nobody_knows_is_not() {
    let shell = Shell::empty();
    let face = |act: &str, label: &str| {
        json!({
            "face": { "tooltip": [label], "entries": [{ "act": act, "label": label, "enabled": true }] },
            "closing": "keep",
        })
    };
    assert_eq!(shell.answer("show_tray", face("lock", "Kunci\u{0}")), Value::Null);
    shell.answer("show_tray", face("quit", &"x".repeat(100_000)));
    assert!(shell.call("show_tray", face("sign", "Sign")).is_err());
}

#[test]
fn automatic_settlement_is_paused_and_goes_on() {
    let shell = Shell::empty();
    assert_eq!(shell.answer("read_settling", json!({}))["paused"], false);
    let paused = shell.answer("pause_settling", json!({ "paused": true }));
    assert_eq!(paused["paused"], true);
    assert_eq!(shell.answer("read_settling", json!({}))["paused"], true);
    let on = shell.answer("pause_settling", json!({ "paused": false }));
    assert_eq!(on["paused"], false);
}
