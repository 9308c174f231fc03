//! A pasted secret leaves the clipboard, and nothing else does: a real X server, with another process as the owner of what
//! is pasted.

#![cfg(target_os = "linux")]

use std::{
    env,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use arboard::{Clipboard, SetExtLinux as _};
use enerlink_wallet::{PASTE_KEPT, Pasted};

/// What this process is told to be; unset in the test that starts the others.
const ROLE: &str = "ENERLINK_CLIPBOARD_ROLE";
const SECRET: &str = "abandon ability able about above absent";
/// How long the processes may take to agree.
const PATIENCE: Duration = Duration::from_secs(20);

/// Another program that has copied a text; it ends when the clipboard is no longer its own.
struct Owner(Child);

impl Owner {
    fn of(text: &str) -> Self {
        let child = again("owner")
            .env("ENERLINK_CLIPBOARD_TEXT", text)
            .spawn()
            .expect("this program");
        let owner = Self(child);
        let mut clipboard = Clipboard::new().expect("an X server");
        until("the text is offered", || {
            clipboard.get_text().is_ok_and(|offered| offered == text)
        });
        owner
    }

    fn has_lost(&mut self) -> bool {
        self.0.try_wait().expect("a child").is_some()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// This program in another role, with its one test.
fn again(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command
        .args(["--exact", "a_pasted_secret_is_forgotten", "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::null());
    command
}

#[test]
fn a_pasted_secret_is_forgotten() {
    match env::var(ROLE).as_deref() {
        Ok("owner") => own(),
        Ok(_) => tokio::runtime::Runtime::new()
            .expect("a runtime")
            .block_on(forget()),
        Err(_) => on_a_screen(),
    }
}

/// Runs this test again on a screen of its own.
fn on_a_screen() {
    assert_eq!(PASTE_KEPT, Duration::from_secs(30));
    let app = again("wallet");
    let mut screen = Command::new("xvfb-run");
    screen.arg("-a").arg(app.get_program()).args(app.get_args());
    screen.env_remove("WAYLAND_DISPLAY").env(ROLE, "wallet");
    let status = screen.status().expect("`cargo xtask test` installs xvfb");
    assert!(status.success(), "see above");
}

fn own() {
    let text = env::var("ENERLINK_CLIPBOARD_TEXT").expect("given");
    let mut clipboard = Clipboard::new().expect("an X server");
    clipboard.set().wait().text(text).expect("offered");
}

async fn forget() {
    let pasted = Pasted::default();
    let soon = Duration::from_millis(300);
    // After the time, and not before.
    let mut owner = Owner::of(SECRET);
    pasted.forget_after(soon).await;
    assert!(!owner.has_lost());
    until("it is cleared", || owner.has_lost());
    assert!(Clipboard::new().expect("an X server").get_text().is_err());

    // What was copied meanwhile is somebody's, and stays.
    let _first = Owner::of(SECRET);
    pasted.forget_after(soon).await;
    let mut second = Owner::of("a shopping list");
    tokio::time::sleep(3 * soon).await;
    assert!(!second.has_lost());

    // A second paste starts the time anew, and the first one's end does not cut it short.
    let mut owner = Owner::of(SECRET);
    pasted.forget_after(soon).await;
    pasted.forget_after(Duration::from_secs(3600)).await;
    tokio::time::sleep(3 * soon).await;
    assert!(!owner.has_lost());
    // The app ends before the hour is over.
    pasted.forget_now();
    until("it is cleared at the end", || owner.has_lost());

    // The end clears once: what is copied later is left alone.
    let mut owner = Owner::of(SECRET);
    pasted.forget_now();
    tokio::time::sleep(soon).await;
    assert!(!owner.has_lost());

    // Without a text, and without a clipboard, there is nothing to forget.
    drop(owner);
    pasted.forget_after(soon).await;
    pasted.forget_now();
}
