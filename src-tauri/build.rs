//! Generates the permissions of the window's commands and the context that the shell embeds.

use std::{fs, path::Path};

/// The commands of the window; a test compares them with the table in `ipc`.
const COMMANDS: &[&str] = &[
    "read_status",
    "switch_profile",
    "rate_password",
    "create_wallet",
    "preview_import",
    "import_wallet",
    "add_account",
    "rename_wallet",
    "remove_wallet",
    "set_primary",
    "change_password",
    "reveal_phrase",
    "confirm_phrase",
    "unlock",
    "lock",
    "touch",
    "forget_paste",
    "pick_keystore",
    "export_keystore",
    "save_backup",
    "save_sheet",
    "pick_backup",
    "pick_sheet",
    "inspect_backup",
    "restore",
    "acknowledge_restore",
    "save_table",
    "copy_database",
    "read_activity",
    "read_security",
    "set_idle_lock",
    "set_settlement_key",
    "check_address",
    "list_contacts",
    "put_contact",
    "remove_contact",
    "read_network",
    "set_network",
    "add_meter",
    "list_meters",
    "request_registration",
    "read_home",
    "read_power",
    "list_settlements",
    "settle_now",
    "save_settlements",
    "read_totals",
    "read_audit",
    "verify_audit",
    "save_receipt",
    "list_transactions",
    "speed_up",
    "cancel_transaction",
    "read_settling",
    "set_settling",
    "read_guards",
    "order_guard",
    "probe_broker",
    "stop_probe",
    "pick_pem",
    "edit_meter",
    "move_meter",
    "retire_meter",
    "save_registration",
    "draw_qr",
    "send_command",
    "list_commands",
    "read_history",
    "save_readings",
    "save_image",
    "list_messages",
    "save_messages",
    "list_notices",
    "see_notices",
    "show_notification",
    "read_preferences",
    "set_preferences",
    "read_diagnostics",
    "subscribe_events",
];

fn main() {
    // The context embeds ui/dist at compile time; without a built UI an empty page keeps tests and lints building.
    let dist = Path::new("ui/dist");
    if !dist.join("index.html").exists() {
        let page =
            "<!doctype html><title>EnerLink</title><p>The UI is not built: run `trunk build` in ui/.</p>";
        let written = fs::create_dir_all(dist).and_then(|()| fs::write(dist.join("index.html"), page));
        written.expect("the build may write to ui/dist");
    }
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("src-tauri/capabilities/**/*")
        .app_manifest(tauri_build::AppManifest::new().commands(COMMANDS));
    tauri_build::try_build(attributes).expect("tauri.conf.json, icons and capabilities are valid");
}
