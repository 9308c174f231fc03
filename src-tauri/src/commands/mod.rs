//! The commands of the window: each takes its input, calls the engine once, and maps the error.

mod keys;
mod meters;
mod network;

use tauri::{Runtime, ipc::Invoke};

/// The commands of the `ipc` table, as Tauri calls them.
pub fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        keys::read_status,
        keys::rate_password,
        keys::create_wallet,
        keys::reveal_phrase,
        keys::confirm_phrase,
        keys::unlock,
        keys::lock,
        network::read_network,
        network::set_network,
        meters::add_meter,
        meters::list_meters,
        meters::request_registration,
        meters::read_home,
        meters::read_power,
        meters::list_settlements,
        meters::settle_now,
        meters::reset_display,
        network::subscribe_events,
    ]
}
