//! The native file dialog, driven as a person does: by keys that the X server delivers to it.

use std::{collections::BTreeSet, path::Path, process::Command, time::Duration};

use tokio::time::{Instant, sleep};

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

fn xdotool(arguments: &[&str]) {
    let status = Command::new("xdotool").args(arguments).status();
    assert!(status.expect("started").success(), "xdotool {arguments:?}");
}
