//! The commands of the window: each takes its input, calls the engine once, and maps the error. Passwords become a type
//! that is wiped before anything else is done.

mod backup;
mod contacts;
mod desktop;
mod device;
mod guard;
mod history;
mod market;
mod meters;
mod network;
mod notices;
mod profile;
mod security;
mod settling;
mod tokens;
mod transactions;
mod wallets;

use tauri::{Runtime, ipc::Invoke};

/// The commands of the `ipc` table, as Tauri calls them.
pub fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        profile::read_status,
        profile::switch_profile,
        security::rate_password,
        wallets::create_wallet,
        wallets::preview_import,
        wallets::import_wallet,
        wallets::add_account,
        wallets::rename_wallet,
        wallets::remove_wallet,
        wallets::set_primary,
        security::change_password,
        wallets::reveal_phrase,
        wallets::confirm_phrase,
        security::unlock,
        security::lock,
        security::touch,
        security::forget_paste,
        wallets::pick_keystore,
        wallets::export_keystore,
        backup::save_backup,
        backup::save_sheet,
        backup::pick_backup,
        backup::pick_sheet,
        backup::inspect_backup,
        backup::restore,
        backup::acknowledge_restore,
        profile::save_table,
        profile::copy_database,
        security::read_activity,
        security::read_security,
        security::set_idle_lock,
        security::set_settlement_key,
        contacts::check_address,
        contacts::list_contacts,
        contacts::put_contact,
        contacts::remove_contact,
        network::read_network,
        network::set_network,
        meters::add_meter,
        meters::list_meters,
        meters::request_registration,
        history::read_home,
        history::read_power,
        history::list_settlements,
        meters::settle_now,
        settling::save_settlements,
        settling::read_totals,
        settling::read_audit,
        settling::verify_audit,
        settling::save_receipt,
        settling::read_settling,
        settling::set_settling,
        guard::read_guards,
        guard::order_guard,
        meters::probe_broker,
        meters::stop_probe,
        meters::pick_pem,
        meters::edit_meter,
        meters::move_meter,
        meters::retire_meter,
        meters::save_registration,
        meters::draw_qr,
        device::send_command,
        device::list_commands,
        history::read_history,
        history::save_readings,
        profile::save_image,
        device::list_messages,
        device::save_messages,
        notices::list_notices,
        notices::see_notices,
        notices::show_notification,
        profile::read_preferences,
        profile::set_preferences,
        profile::read_diagnostics,
        transactions::list_transactions,
        transactions::find_transaction,
        transactions::speed_up,
        transactions::cancel_transaction,
        tokens::check_payee,
        tokens::preview_send,
        tokens::send_tokens,
        tokens::exchange_idrs,
        tokens::list_conversions,
        tokens::list_movements,
        tokens::list_allowances,
        tokens::revoke_allowance,
        market::read_market,
        market::read_depth,
        market::read_candles,
        market::preview_ticket,
        market::place_order,
        market::cancel_orders,
        market::cancel_all_orders,
        market::list_orders,
        market::save_orders,
        market::list_trades,
        market::save_trades,
        market::read_performance,
        market::list_price_alerts,
        market::add_price_alert,
        market::rearm_price_alert,
        market::remove_price_alert,
        desktop::read_desktop,
        desktop::set_at_login,
        desktop::show_tray,
        desktop::show_window,
        desktop::quit,
        desktop::answer_closing,
        desktop::pause_settling,
        network::subscribe_events,
        desktop::subscribe_wishes,
    ]
}
