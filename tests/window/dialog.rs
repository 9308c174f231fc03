//! The native file dialog, driven as a person does: by keys that the X server delivers to it.

use std::{collections::BTreeSet, path::Path, process::Command, time::Duration};

use tokio::time::{Instant, sleep};
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt as _, EventMask};

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);

/// The app's windows on the screen that are there before a dialog opens.
pub(crate) struct Screen(BTreeSet<String>);

impl Screen {
    /// Notes which windows are there.
    pub(crate) fn look() -> Self {
        Self(windows())
    }

    /// Waits for the dialog that has opened since, types `path` into its line for names and presses Enter until it is gone:
    /// the first Enter may go to a proposal of GTK's for the rest of the name.
    pub(crate) async fn answer(&self, path: &Path) {
        let dialog = self.focus().await;
        let path = path.display().to_string();
        xdotool(&["key", "--clearmodifiers", "ctrl+l"]);
        sleep(PAUSE).await;
        xdotool(&["key", "--clearmodifiers", "ctrl+a"]);
        xdotool(&["type", "--clearmodifiers", "--delay", "15", &path]);
        let deadline = Instant::now() + PATIENCE;
        while windows().contains(&dialog) {
            assert!(Instant::now() < deadline, "the file dialog takes {path}");
            sleep(Duration::from_secs(1)).await;
            xdotool(&["key", "Return"]);
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Waits for the dialog and cancels it.
    pub(crate) async fn cancel(&self) {
        let dialog = self.focus().await;
        let deadline = Instant::now() + PATIENCE;
        while windows().contains(&dialog) {
            assert!(Instant::now() < deadline, "the file dialog closes");
            xdotool(&["key", "Escape"]);
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Waits for the dialog and gives it the keyboard, which no window manager does here.
    async fn focus(&self) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(dialog) = windows().difference(&self.0).next() {
                // It is on the screen before it is ready for keys.
                sleep(Duration::from_secs(1)).await;
                xdotool(&["windowfocus", "--sync", dialog]);
                return dialog.clone();
            }
            assert!(Instant::now() < deadline, "the file dialog opens");
            sleep(PAUSE).await;
        }
    }
}

/// The visible windows with the app's title.
fn windows() -> BTreeSet<String> {
    let found = Command::new("xdotool")
        .args(["search", "--onlyvisible", "--name", "^EnerLink Wallet$"])
        .output()
        .expect("`cargo xtask e2e` installs xdotool");
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    text.split_whitespace().map(str::to_owned).collect()
}

/// Whether the app's window is on the screen.
pub(crate) fn is_visible() -> bool {
    !windows().is_empty()
}

/// Closes the app's window, as a click on its cross does: a message that xdotool learned late.
pub(crate) fn close_window() {
    let window = window().parse().expect("a number");
    let (screen, _) = x11rb::connect(None).expect("an X server");
    let atom = |name: &[u8]| {
        let asked = screen.intern_atom(false, name).expect("sent");
        asked.reply().expect("known").atom
    };
    let close = [atom(b"WM_DELETE_WINDOW"), 0, 0, 0, 0];
    let message = ClientMessageEvent::new(32, window, atom(b"WM_PROTOCOLS"), close);
    let sent = screen.send_event(false, window, EventMask::NO_EVENT, message);
    sent.expect("sent").check().expect("taken");
}

/// Where the app's window is, and how large.
pub(crate) fn geometry() -> ((i32, i32), (i32, i32)) {
    let asked = Command::new("xdotool")
        .args(["getwindowgeometry", "--shell", &window()])
        .output();
    let text = String::from_utf8_lossy(&asked.expect("started").stdout).into_owned();
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.parse().ok()).expect("a number")
    };
    ((of("X="), of("Y=")), (of("WIDTH="), of("HEIGHT=")))
}

/// Puts the app's window somewhere else, in another size.
pub(crate) fn place((x, y): (i32, i32), (width, height): (i32, i32)) {
    let window = window();
    xdotool(&["windowsize", &window, &width.to_string(), &height.to_string()]);
    xdotool(&["windowmove", &window, &x.to_string(), &y.to_string()]);
}

fn window() -> String {
    windows().pop_first().expect("a window")
}

fn xdotool(arguments: &[&str]) {
    let status = Command::new("xdotool").args(arguments).status();
    assert!(status.expect("started").success(), "xdotool {arguments:?}");
}
