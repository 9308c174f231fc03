//! How wallets are kept: their history, the idle lock, the settlement keys. Read again whenever something was done.

use enerlink_domain::wallet::{SecurityView, WalletHistory, WalletId, WalletKind, WalletView};
use enerlink_ipc::ReadSecurity;
use leptos::prelude::*;

use crate::{components::loaded::Loaded, feed::Feed, i18n::Key};

/// The security page's facts, shared by the rail, the wallet page and the settings.
#[derive(Clone, Copy)]
pub(crate) struct Security {
    /// What the core answered.
    pub view: Loaded<SecurityView>,
    feed: Feed,
}

impl Security {
    /// Reads the facts, and reads them again when a wallet, the vault or a transaction changes.
    pub(crate) fn follow(feed: Feed) -> Self {
        let security = Self {
            view: Loaded::new(),
            feed,
        };
        let changed = Memo::new(move |_| {
            feed.state.with(|state| {
                let status = state.status.as_ref();
                let home = state.home.as_ref();
                (
                    state.activity.as_ref().map(|activity| activity.id),
                    status.map(|status| (status.vault, status.wallets.clone())),
                    // A settlement key moves on with its transaction.
                    home.map(|home| {
                        home.transactions
                            .iter()
                            .map(|row| (row.id, row.stage))
                            .collect::<Vec<_>>()
                    }),
                )
            })
        });
        Effect::new(move || {
            // A memo that is only tracked never looks at what it depends on.
            drop(changed.get());
            security.read();
        });
        security
    }

    /// Reads the facts again.
    pub(crate) fn read(self) {
        self.view.read(ReadSecurity {});
    }

    /// What was done with a wallet.
    pub(crate) fn history(self, wallet: WalletId) -> Option<WalletHistory> {
        self.view.value.with(|view| {
            let histories = &view.as_ref()?.histories;
            histories.iter().find(|history| history.wallet == wallet).cloned()
        })
    }

    /// The words for what is not backed up, while something is not.
    pub(crate) fn due(self) -> Signal<Option<Key>> {
        let due = Memo::new(move |_| {
            self.feed.state.with(|state| {
                let wallets = state.status.as_ref().map(|status| status.wallets.as_slice());
                self.view.value.with(|view| {
                    let histories = view.as_ref().map(|view| view.histories.as_slice());
                    is_due(wallets.unwrap_or_default(), histories)
                })
            })
        });
        Signal::derive(move || due.get().then_some(Key::BackupDue))
    }
}

/// The facts of this window.
pub(crate) fn security() -> Security {
    expect_context::<Security>()
}

/// Whether a phrase is not written down, or a wallet is in no backup file. Histories that were not read say nothing.
fn is_due(wallets: &[WalletView], histories: Option<&[WalletHistory]>) -> bool {
    let saved = |wallet: &WalletView| {
        histories.is_none_or(|histories| {
            histories
                .iter()
                .any(|history| history.wallet == wallet.wallet && history.backed_up_at.is_some())
        })
    };
    wallets
        .iter()
        .any(|wallet| wallet.kind == WalletKind::Phrase && !wallet.phrase_confirmed || !saved(wallet))
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Address, UnixMillis};

    use super::*;
    use crate::live::tests::wallet;

    #[test]
    fn a_wallet_is_due_until_phrase_and_file_are_kept() {
        let kept = wallet("Rumah", Address([1; 20]));
        let mut unwritten = kept.clone();
        unwritten.phrase_confirmed = false;
        let history = |at: Option<i64>| {
            vec![WalletHistory {
                wallet: kept.wallet,
                backed_up_at: at.map(UnixMillis),
                ..WalletHistory::default()
            }]
        };
        for (name, wallet, histories, expected) in [
            ("not read yet", &kept, None, false),
            ("no file", &kept, Some(history(None)), true),
            ("all done", &kept, Some(history(Some(5))), false),
            ("no phrase", &unwritten, Some(history(Some(5))), true),
            ("unknown wallet", &kept, Some(Vec::new()), true),
        ] {
            let wallets = std::slice::from_ref(wallet);
            assert_eq!(is_due(wallets, histories.as_deref()), expected, "{name}");
        }
        assert!(!is_due(&[], Some(&[])));
    }
}
