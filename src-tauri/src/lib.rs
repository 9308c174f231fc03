//! The shell: the only code that knows Tauri. It starts the engine, hosts the window and forwards calls and events.

mod arguments;
mod clipboard;
mod commands;
mod dialog;
mod events;
mod notify;
mod page;
pub mod presence;
mod switch;
#[cfg(target_os = "linux")]
mod web_view;
mod wiring;

pub use self::{
    clipboard::{PASTE_KEPT, Pasted},
    commands::handler,
    dialog::{Dialogs, Question},
    notify::Desktop,
    switch::Switch,
    wiring::{manage, run},
};
