//! The shell: the only code that knows Tauri. It starts the engine, hosts the window and forwards calls and events.

mod arguments;
mod clipboard;
mod commands;
mod dialog;
mod doorbell;
mod events;
mod login;
mod manners;
mod notify;
mod page;
pub mod presence;
mod switch;
pub mod tray;
#[cfg(target_os = "linux")]
mod web_view;
mod window;
mod wiring;

pub use self::{
    clipboard::{PASTE_KEPT, Pasted},
    commands::handler,
    dialog::{Dialogs, Question},
    login::Login,
    notify::Desktop,
    switch::Switch,
    wiring::{manage, run, tell_failure},
};
