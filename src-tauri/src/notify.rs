//! Notices on the desktop. The words are the window's, in the person's language; they may hold what a meter has sent, so
//! they are shown as plain text and cut.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use notify_rust::Notification;

/// So many within [`WINDOW`]; what is more stands in the inbox only.
const MOST: usize = 6;
const WINDOW: Duration = Duration::from_secs(60);
/// In characters.
const TITLE: usize = 100;
const BODY: usize = 300;

/// The desktop's notification service.
#[derive(Default)]
pub struct Desktop {
    shown: Mutex<VecDeque<Instant>>,
}

impl Desktop {
    /// Shows one notice. A desktop without such a service, and a flood, show nothing: the inbox has it all the same.
    pub async fn show(&self, title: &str, body: &str) {
        if !self.takes_another(Instant::now()) {
            return;
        }
        let mut notification = Notification::new();
        notification
            .appname("EnerLink Wallet")
            .icon("enerlink-wallet")
            .summary(&cut(title, TITLE))
            .body(&plain(&cut(body, BODY)));
        if let Err(error) = send(notification).await {
            tracing::info!(%error, "no notification was shown");
        }
    }

    fn takes_another(&self, now: Instant) -> bool {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        while shown
            .front()
            .is_some_and(|first| now.duration_since(*first) >= WINDOW)
        {
            shown.pop_front();
        }
        let room = shown.len() < MOST;
        if room {
            shown.push_back(now);
        }
        room
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn send(notification: Notification) -> Result<(), String> {
    let shown = notification.show_async().await;
    shown.map(drop).map_err(|error| error.to_string())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn send(notification: Notification) -> Result<(), String> {
    let shown = tokio::task::spawn_blocking(move || notification.show().map(drop)).await;
    shown
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}

fn cut(text: &str, most: usize) -> String {
    let visible = |letter: &char| !letter.is_control();
    text.chars().filter(visible).take(most).collect()
}

/// The body of the desktop notifications standard may hold markup: what looks like it is written as text.
#[cfg(all(unix, not(target_os = "macos")))]
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn plain(text: &str) -> String {
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_not_shown() {
        let desktop = Desktop::default();
        let start = Instant::now();
        let shown = (0..20).filter(|_| desktop.takes_another(start)).count();
        assert_eq!(shown, MOST);
        assert!(!desktop.takes_another(start + WINDOW / 2));
        assert!(desktop.takes_another(start + WINDOW));
    }

    #[test]
    fn what_a_meter_sends_is_text_and_short() {
        assert_eq!(cut("a\u{7}b\nc", 3), "abc");
        assert_eq!(cut(&"é".repeat(1000), BODY).chars().count(), BODY);
        #[cfg(all(unix, not(target_os = "macos")))]
        assert_eq!(plain("<b>a & b</b>"), "&lt;b&gt;a &amp; b&lt;/b&gt;");
    }
}
