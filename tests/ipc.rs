//! The commands of the window on Tauri's mock runtime: each is registered, permitted, and answers bad input with an
//! error instead of a panic.

use std::sync::Arc;

use enerlink_engine::{Config, Engine, Keystore, Parts, SystemClock};
use serde_json::{Value, json};
use tauri::{
    WebviewWindow,
    ipc::{CallbackFn, InvokeBody},
    test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets},
    webview::InvokeRequest,
};

const CAPABILITY: &str = include_str!("../src-tauri/capabilities/main.json");
const BUILD: &str = include_str!("../src-tauri/build.rs");

/// A window on an engine with an empty profile.
fn window(directory: &std::path::Path) -> (tauri::App<MockRuntime>, WebviewWindow<MockRuntime>) {
    let parts = Parts {
        clock: Arc::new(SystemClock::new()),
        keystore: Keystore::open(directory).expect("an empty directory"),
    };
    let engine = tauri::async_runtime::block_on(Engine::start(Config::new(directory.to_owned()), parts));
    let app = mock_builder()
        .manage(engine.expect("an empty profile starts"))
        .invoke_handler(enerlink_wallet::handler())
        .build(mock_context(noop_assets()))
        .expect("the mock app builds");
    let window = tauri::WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default()).build();
    (app, window.expect("a window"))
}

fn call(window: &WebviewWindow<MockRuntime>, command: &str, arguments: Value) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: command.to_owned(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: "tauri://localhost".parse().expect("a URL"),
        body: InvokeBody::Json(arguments),
        headers: tauri::http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(window, request).map(|body| body.deserialize::<Value>().expect("JSON"))
}

#[test]
fn every_command_of_the_table_is_registered() {
    let directory = tempfile::tempdir().expect("directory");
    let (_app, window) = window(directory.path());
    for name in enerlink_ipc::NAMES.iter().chain(["subscribe_events"].iter()) {
        if let Err(error) = call(&window, name, json!({})) {
            assert!(!error.to_string().contains("not found"), "{name}: {error}");
        }
    }
    let error = call(&window, "no_such_command", json!({})).expect_err("not registered");
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
    let names: Vec<&str> = enerlink_ipc::NAMES
        .iter()
        .copied()
        .chain(["subscribe_events"])
        .collect();
    let expected: Vec<String> = names
        .iter()
        .map(|name| format!("allow-{}", name.replace('_', "-")))
        .collect();
    assert_eq!(permitted, expected);
    for name in names {
        assert!(
            BUILD.contains(&format!("\"{name}\"")),
            "{name} is missing in src-tauri/build.rs"
        );
    }
}

#[test]
fn bad_input_is_an_error_and_never_a_panic() {
    let directory = tempfile::tempdir().expect("directory");
    let (_app, window) = window(directory.path());
    let long = "x".repeat(10_000_000);
    let values = [
        json!(null),
        json!(-1),
        json!(1e308),
        json!(long),
        json!([]),
        json!({}),
        json!("\u{0}"),
        json!(true),
    ];
    let fields = [
        "password", "name", "words", "draft", "meterId", "dayStart", "from", "to", "points", "limit",
        "before",
    ];
    for name in enerlink_ipc::NAMES {
        for value in &values {
            let arguments: serde_json::Map<String, Value> = fields
                .iter()
                .map(|field| ((*field).to_owned(), value.clone()))
                .collect();
            // An answer or an error, either is fine: what counts is that the next call still works.
            let _ = call(&window, name, Value::Object(arguments));
        }
    }
    let status = call(&window, "read_status", json!({})).expect("still there");
    assert_eq!(status["vault"], "missing");
}

#[test]
fn errors_are_codes_with_sentences() {
    let directory = tempfile::tempdir().expect("directory");
    let (_app, window) = window(directory.path());
    let error = call(&window, "unlock", json!({ "password": "whatever it is" })).expect_err("no vault");
    assert_eq!(error["code"], "NO_VAULT");
    let weak = json!({ "name": "Home", "password": "password1234", "words": 12 });
    let error = call(&window, "create_wallet", weak).expect_err("weak");
    assert_eq!(error["code"], "WEAK_PASSWORD");
    assert!(error["message"].as_str().is_some_and(|text| text.len() > 10));
}
