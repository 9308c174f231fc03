//! The window's content: it shows what the core stored and asks the core for everything else.

#![allow(unreachable_pub, reason = "the component macro makes its properties public")]

mod app;
mod calendar;
mod clock;
mod components;
mod desktop;
mod feed;
mod flow;
mod format;
mod household;
mod i18n;
mod inbox;
mod ipc;
mod keys;
mod live;
mod locale;
mod pages;
mod prefs;
mod presence;
mod security;
mod session;
mod tray;
mod verbs;

fn main() {
    // A panic of the window says where in the web view's console, instead of "unreachable".
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
