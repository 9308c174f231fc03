//! Switch: a person asks for the other profile, so that this process ends and the next one begins there.

use tokio::sync::watch;

/// Whether another profile is asked for, and which. Clones are handles to the same one.
#[derive(Clone)]
pub struct Switch(watch::Sender<Option<bool>>);

impl Default for Switch {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Switch {
    /// Asks for the simulated neighbourhood, or for the household's own profile.
    pub fn ask(&self, demo: bool) {
        self.0.send_replace(Some(demo));
    }

    /// What was asked for.
    pub(crate) fn asked(&self) -> Option<bool> {
        *self.0.borrow()
    }

    /// Waits until something is asked for.
    pub(crate) async fn wait(&self) {
        // The sender lives in `self`, so that the wait cannot end for its lack.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}
