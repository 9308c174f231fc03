//! Bad input: every field of every command, nested ones too, with values that it does not expect.

use std::{
    env, panic,
    sync::atomic::{AtomicUsize, Ordering},
};

use enerlink_ipc::names;
use serde_json::{Value, json};

use crate::support::Shell;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// What a command takes, with a password that opens nothing: what is meant well changes nothing either.
pub(crate) fn sample(command: &str, wallet: &str, address: &str) -> Value {
    let password = "it opens nothing here";
    let phrase = "test test test test test test test test test test test junk";
    let source = json!({ "source": "phrase", "words": phrase, "passphrase": "", "accounts": [0] });
    let backup = json!({ "source": "file", "path": "/etc/hostname" });
    match command {
        "read_status"
        | "lock"
        | "touch"
        | "forget_paste"
        | "pick_keystore"
        | "pick_backup"
        | "pick_sheet"
        | "acknowledge_restore"
        | "read_security"
        | "list_contacts"
        | "read_network"
        | "pick_pem"
        | "stop_probe"
        | "see_notices"
        | "read_preferences"
        | "read_diagnostics"
        | "verify_audit"
        | "read_settling"
        | "read_guards"
        | "list_allowances"
        | "list_meters"
        | "list_price_alerts"
        | "read_desktop"
        | "show_window"
        | "quit"
        | "copy_database" => json!({}),
        "set_at_login" => json!({ "enabled": false }),
        "show_tray" => json!({ "closing": "ask", "face": {
            "tooltip": ["Sun 1.28 kW"], "entries": [{ "act": "settle", "label": "Settle now", "enabled": true }],
        } }),
        "answer_closing" => json!({ "answer": "stay" }),
        "pause_settling" => json!({ "paused": false }),
        "switch_profile" => json!({ "demo": true }),
        "check_payee" => json!({ "text": address }),
        "preview_send" | "send_tokens" => json!({ "draft": {
            "from": address, "to": address, "asset": "etk", "amount": "1.50", "confirmed": true
        } }),
        "exchange_idrs" => json!({ "account": address, "way": "on", "amount": "1.50" }),
        "list_conversions" => json!({ "filter": conversions(address), "limit": 5, "before": null }),
        "save_conversions" => json!({ "filter": conversions(address) }),
        "list_movements" => json!({ "filter": movements(address), "limit": 5, "before": null }),
        "save_movements" => json!({ "filter": movements(address) }),
        "revoke_allowance" => json!({ "owner": address, "token": "IDRS", "spender": address }),
        "rate_password" | "save_backup" | "unlock" => json!({ "password": password }),
        "create_wallet" => {
            json!({ "name": "Home", "password": password, "words": 12, "passphrase": "" })
        }
        "preview_import" => json!({ "source": source }),
        "import_wallet" => {
            json!({ "name": "Home", "password": password, "source": source, "expected": [address] })
        }
        "add_account" => json!({ "wallet": wallet, "password": password, "index": 1 }),
        "rename_wallet" => json!({ "wallet": wallet, "password": password, "name": "Roof" }),
        "remove_wallet" | "reveal_phrase" => json!({ "wallet": wallet, "password": password }),
        "set_primary" | "remove_contact" => json!({ "address": address }),
        "change_password" => {
            json!({ "password": password, "newPassword": "another one of eight hills" })
        }
        "confirm_phrase" => {
            json!({ "wallet": wallet, "password": password, "words": [[0, "test"], [1, "test"]] })
        }
        "export_keystore" => {
            json!({ "address": address, "password": password, "filePassword": password })
        }
        "save_sheet" => json!({ "language": "en" }),
        "save_table" => json!({ "name": "activity", "csv": "a,b\r\n" }),
        "inspect_backup" => json!({ "backup": backup, "backupPassword": password }),
        "restore" => json!({ "backup": backup, "backupPassword": password, "password": password }),
        "read_activity" => json!({ "limit": 10, "before": 5 }),
        "set_idle_lock" => json!({ "minutes": 15 }),
        "set_settlement_key" => json!({ "meterId": "HOME-001", "enabled": true }),
        "check_address" => json!({ "text": address }),
        "put_contact" => json!({ "address": address, "name": "Neighbour" }),
        "set_network" => {
            json!({ "draft": { "rpc_url": "http://127.0.0.1:9", "fallback_url": "http://127.0.0.1:10", "addresses": "{}" } })
        }
        "add_meter" => json!({ "draft": {
            "id": "HOME-001", "name": "Roof", "broker": broker(),
            "base_topic": "home/energy-monitor", "units": "milli", "profile": "dc_bench", "rated_power_w": 5000,
            "settlement_key": true, "take_opening": true,
        } }),
        "probe_broker" => json!({ "broker": broker(), "baseTopic": "home/energy-monitor", "seconds": 1 }),
        "edit_meter" => json!({ "meterId": "HOME-001", "edit": {
            "name": "Roof", "broker": broker(), "base_topic": "home/roof", "units": "base", "profile": "ac_grid",
            "rated_power_w": 4000, "auto_reset": false, "take_opening": false,
            "outputs": [{ "key": "motor1", "name": "Pump", "hidden": false, "limit_percent": 50 }],
        } }),
        "move_meter" => json!({ "meterId": "HOME-001", "owner": address }),
        "retire_meter" => json!({ "meterId": "HOME-001", "retired": true }),
        "draw_qr" => json!({ "text": "a meter" }),
        "send_command" => json!({ "meterId": "HOME-001", "confirmed": true, "command": {
            "kind": "motor", "motor": "motor1", "percent": 40, "direction": "forward",
        } }),
        "list_commands" => json!({ "meterId": "HOME-001", "limit": 10, "before": 5 }),
        "read_history" => json!({ "meterId": "HOME-001", "edges": [0, 1000, 2000] }),
        "save_readings" => json!({ "meterId": "HOME-001", "from": 0, "to": 1000 }),
        "save_image" => json!({ "name": "chart", "png": "iVBORw0KGgo=" }),
        "list_messages" => json!({ "filter": filter(), "limit": 10, "before": 5 }),
        "save_messages" => json!({ "filter": filter() }),
        "list_notices" => json!({ "limit": 10, "before": 5 }),
        "show_notification" => json!({ "title": "Roof", "body": "is back" }),
        "set_preferences" => json!({ "preferences": {
            "raw_days": 60, "log_messages": 1000, "tariff_sen_per_kwh": 144_470, "muted": ["offline"],
        } }),
        "request_registration" | "save_registration" | "settle_now" => json!({ "meterId": "HOME-001" }),
        "read_home" => json!({ "meterId": "HOME-001", "dayStart": 0 }),
        "read_power" => json!({ "meterId": "HOME-001", "from": 0, "to": 1000, "points": 10 }),
        "list_settlements" => json!({ "filter": settlements(), "limit": 10, "before": 5 }),
        "save_settlements" => json!({ "filter": settlements() }),
        "read_totals" => json!({ "meterId": "HOME-001", "edges": [0, 1000, 2000] }),
        "read_audit" => json!({ "meterId": "HOME-001", "limit": 10, "before": 5 }),
        "save_receipt" => json!({ "settlementId": "HOME-001/131/0", "format": "json", "language": "id" }),
        "list_transactions" | "read_transaction_log" => json!({ "limit": 10, "before": 5 }),
        "find_transaction" => json!({ "hash": format!("0x{}", "ab".repeat(32)) }),
        "speed_up" | "cancel_transaction" | "rearm_price_alert" | "remove_price_alert" => json!({ "id": 1 }),
        "read_market" => json!({ "query": { "group": 10, "rows": 20, "tape": 50 } }),
        "read_depth" => json!({ "reach": "100", "points": 50 }),
        "read_candles" => json!({ "width": "15m", "offsetMinutes": 420, "from": 0, "to": 1_000_000 }),
        "preview_ticket" | "place_order" => json!({ "ticket": {
            "account": address, "side": "BID", "kind": "limit", "price": "1400", "lots": "5",
        } }),
        // The first order of a bid of one rupiah.
        "cancel_orders" => json!({ "account": address, "orders": ["1099511627776"] }),
        "cancel_all_orders" => json!({ "account": address }),
        "list_orders" => json!({ "filter": orders(address), "limit": 10, "before": 5 }),
        "save_orders" => json!({ "filter": orders(address) }),
        "list_trades" => json!({ "filter": trades(address), "limit": 10, "before": 5 }),
        "save_trades" => json!({ "filter": trades(address) }),
        "read_performance" => json!({ "account": address, "tariffSenPerKwh": 144_470 }),
        "add_price_alert" => json!({ "alert": {
            "watched": "best_ask", "direction": "below", "limit": "1300", "fired": null,
        } }),
        "set_settling" => json!({ "owner": address, "meterId": "HOME-001", "choice": {
            "automatic": true, "period_minutes": 5, "minimum": "100", "early": "0", "guard": false,
        } }),
        "order_guard" => json!({ "owner": address, "order": "not_now" }),
        other => panic!("{other} has no sample: write one"),
    }
}

fn broker() -> Value {
    json!({
        "url": "mqtt://127.0.0.1:9", "password": "x",
        "ca_file": null, "client_cert_file": null, "client_key_file": null,
    })
}

fn filter() -> Value {
    json!({
        "meter_id": "HOME-001", "direction": "IN", "accepted": true, "correlation_id": "c-1",
        "search": "grid", "from": 0, "to": 1000,
    })
}

fn settlements() -> Value {
    json!({
        "meter_id": "HOME-001", "status": "SUCCESS", "trigger": "PERIODIC", "from": 0, "to": 1000,
    })
}

fn conversions(account: &str) -> Value {
    json!({ "account": account, "way": "on", "status": "SUCCESS", "from": 0, "to": 1000 })
}

fn movements(account: &str) -> Value {
    json!({ "kinds": ["minted"], "token": "ETK", "account": account, "from": 0, "to": 1000 })
}

fn orders(trader: &str) -> Value {
    json!({ "trader": trader, "status": "PARTIALLY_FILLED", "side": "ASK", "from": 0, "to": 1000 })
}

fn trades(account: &str) -> Value {
    json!({ "account": account, "from": 0, "to": 1000 })
}

/// JSON pointers to every value in `value` but itself.
fn places(value: &Value, prefix: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(at, value)| (at.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    inner
        .into_iter()
        .flat_map(|(key, value)| {
            let place = format!("{prefix}/{key}");
            let deeper = places(value, &place);
            std::iter::once(place).chain(deeper)
        })
        .collect()
}

fn hostile() -> Vec<Value> {
    // Unoptimised code takes seconds for each 10 MB.
    let long = if env::var_os("ENERLINK_FULL").is_some() {
        10_000_000
    } else {
        300_000
    };
    let deep = (0..100).fold(json!(0), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(-1),
        json!(u64::MAX),
        json!(1e308),
        json!(true),
        json!(""),
        json!("NaN"),
        json!("\u{0}\u{202e}../../etc/passwd"),
        json!("x".repeat(long)),
        json!([]),
        json!({ "__proto__": {} }),
        deep,
    ]
}

/// Calls `command`; what it refuses is an error with a code, or Tauri's own word on the arguments.
fn check(shell: &Shell, command: &str, arguments: Value, what: &str) {
    let before = PANICS.load(Ordering::SeqCst);
    if let Err(error) = shell.call(command, arguments) {
        match error.as_str() {
            Some(text) => {
                let start: String = text.chars().take(200).collect();
                assert!(start.starts_with("invalid args"), "{command}, {what}: {start}");
            }
            None => {
                let code = error["code"].as_str().expect("a code");
                assert_ne!(code, "INTERNAL", "{command}, {what}: {error}");
                let message = error["message"].as_str().expect("a sentence");
                assert!(
                    message.len() < 5_000,
                    "{command}, {what}: {} bytes",
                    message.len()
                );
            }
        }
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), before, "{command}, {what}");
}

#[test]
fn bad_input_is_an_error_and_never_a_panic() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        usual(info);
    }));
    let (shell, wallet) = Shell::with_wallet();
    let id = wallet["wallet"].as_str().expect("an id");
    let address = wallet["accounts"][0]["address"].as_str().expect("an address");
    let hostile = hostile();
    for command in names() {
        let sample = sample(command, id, address);
        check(&shell, command, sample.clone(), "as meant");
        for place in places(&sample, "") {
            for value in &hostile {
                let mut arguments = sample.clone();
                *arguments.pointer_mut(&place).expect("it is there") = value.clone();
                let value: String = value.to_string().chars().take(40).collect();
                check(&shell, command, arguments, &format!("{place} = {value}"));
            }
        }
        for key in sample.as_object().expect("an object").keys() {
            let mut arguments = sample.clone();
            arguments.as_object_mut().expect("an object").remove(key);
            check(&shell, command, arguments, &format!("without {key}"));
        }
        let mut more = sample.clone();
        more["unknown"] = json!({ "field": [1, 2, 3] });
        check(&shell, command, more, "an unknown field");
    }
    let status = shell.answer("read_status", json!({}));
    assert_eq!(status["vault"], "locked", "nothing has opened it");
    assert_eq!(
        status["wallets"][0]["wallet"], wallet["wallet"],
        "and it is there"
    );
    assert_eq!(status["wallets"].as_array().map(Vec::len), Some(1));
}
