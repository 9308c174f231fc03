//! The shell: the only code that knows Tauri. It starts the engine, hosts the window and forwards calls and events.

mod commands;
mod events;
mod wiring;

pub use self::{commands::handler, wiring::run};
