//! The clipboard after a secret was pasted: cleared when it still holds the same text half a minute later, or at the end.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use zeroize::Zeroizing;

/// How long a pasted secret may stay in the clipboard.
pub const PASTE_KEPT: Duration = Duration::from_secs(30);

/// What was pasted last, by a keyed hash: the text itself is not kept. Clones are handles to the same one.
#[derive(Clone, Default)]
pub struct Pasted(Arc<Inner>);

#[derive(Default)]
struct Inner {
    hasher: RandomState,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// The hash of the text, until it is cleared or replaced.
    hash: Option<u64>,
    /// How many pastes there were: only the latest one's wait ends in clearing.
    count: u64,
}

impl Pasted {
    /// Notes what the clipboard holds now, and clears it after `kept` unless it has changed. Does nothing where there is no
    /// clipboard.
    pub async fn forget_after(&self, kept: Duration) {
        let Some(count) = self.blocking(Self::note).await else {
            return;
        };
        let pasted = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(kept).await;
            if pasted.last().count == count {
                pasted.blocking(Self::forget_now).await;
            }
        });
    }

    /// Clears the clipboard when it still holds what was pasted last.
    pub fn forget_now(&self) {
        let Some(hash) = self.last().hash.take() else {
            return;
        };
        let Some((mut clipboard, text)) = read() else {
            return;
        };
        if self.0.hasher.hash_one(&*text) == hash
            && let Err(error) = clipboard.clear()
        {
            tracing::warn!(%error, "a pasted secret stays in the clipboard");
        }
    }

    /// The number of this paste; none when the clipboard has no text.
    fn note(&self) -> Option<u64> {
        let (_clipboard, text) = read()?;
        let mut last = self.last();
        last.hash = Some(self.0.hasher.hash_one(&*text));
        last.count += 1;
        Some(last.count)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the clipboard off the async threads: its owner is another process, which may take its time.
    async fn blocking<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let pasted = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&pasted)).await;
        done.unwrap_or_default()
    }
}

/// The clipboard and its text.
fn read() -> Option<(arboard::Clipboard, Zeroizing<String>)> {
    let mut clipboard = match arboard::Clipboard::new() {
        Ok(clipboard) => clipboard,
        Err(error) => {
            tracing::debug!(%error, "no clipboard");
            return None;
        }
    };
    let text = Zeroizing::new(clipboard.get_text().ok()?);
    Some((clipboard, text))
}
