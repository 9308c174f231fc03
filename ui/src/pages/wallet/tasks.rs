//! What a wallet can be brought back from, and what is still to be done for it.

use enerlink_domain::{
    UnixMillis,
    wallet::{WalletHistory, WalletKind, WalletView},
};

use crate::i18n::{Key, Language, say};

use super::when;

/// A line of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// The phrase on paper.
    Phrase,
    /// There is no phrase.
    NoPhrase,
    /// The encrypted backup file.
    File,
    /// The printed sheet.
    Sheet,
}

/// Where a line of the checklist stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was done; when, if that is known.
    Done(Option<UnixMillis>),
    /// It has to be done.
    Open,
    /// It may be done.
    Optional,
}

/// The checklist of a wallet.
pub(super) fn checklist(wallet: &WalletView, history: Option<&WalletHistory>) -> [(Task, Standing); 3] {
    let first = match (wallet.kind, wallet.phrase_confirmed) {
        (WalletKind::PrivateKey, _) => (Task::NoPhrase, Standing::Optional),
        (WalletKind::Phrase, true) => (Task::Phrase, Standing::Done(None)),
        (WalletKind::Phrase, false) => (Task::Phrase, Standing::Open),
    };
    let at = |time: fn(&WalletHistory) -> Option<UnixMillis>, otherwise| {
        history
            .and_then(time)
            .map_or(otherwise, |at| Standing::Done(Some(at)))
    };
    [
        first,
        (Task::File, at(|history| history.backed_up_at, Standing::Open)),
        (Task::Sheet, at(|history| history.sheet_at, Standing::Optional)),
    ]
}

/// What a wallet can be brought back from, in words; empty when from nothing.
pub(super) fn ways(language: Language, wallet: &WalletView, history: Option<&WalletHistory>) -> Vec<String> {
    let mut ways = Vec::new();
    if wallet.kind == WalletKind::Phrase && wallet.phrase_confirmed {
        ways.push(Key::WayPhrase.text(language).to_owned());
    }
    let Some(history) = history else {
        return ways;
    };
    // A key file holds one account: it brings back a wallet that has no other.
    let key_file = history
        .exported_at
        .filter(|_| wallet.kind == WalletKind::PrivateKey);
    for (key, at) in [
        (Key::WayFile, history.backed_up_at),
        (Key::WaySheet, history.sheet_at),
        (Key::WayKeyFile, key_file),
    ] {
        if let Some(at) = at {
            ways.push(say(language, key, &[("when", &when(language, at))]));
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use enerlink_domain::Address;

    use super::*;
    use crate::live::tests::wallet;

    fn history() -> WalletHistory {
        WalletHistory {
            backed_up_at: Some(UnixMillis(5)),
            ..WalletHistory::default()
        }
    }

    #[test]
    fn a_new_wallet_has_phrase_and_file_to_do() {
        let mut wallet = wallet("Rumah", Address([1; 20]));
        wallet.phrase_confirmed = false;
        let open: Vec<Task> = checklist(&wallet, None)
            .into_iter()
            .filter(|(_, standing)| *standing == Standing::Open)
            .map(|(task, _)| task)
            .collect();
        assert_eq!(open, [Task::Phrase, Task::File]);
    }

    #[test]
    fn what_was_done_is_ticked() {
        let wallet = wallet("Rumah", Address([1; 20]));
        assert_eq!(
            checklist(&wallet, Some(&history())),
            [
                (Task::Phrase, Standing::Done(None)),
                (Task::File, Standing::Done(Some(UnixMillis(5)))),
                (Task::Sheet, Standing::Optional),
            ]
        );
    }

    #[test]
    fn a_private_key_has_no_phrase_to_write_down() {
        let mut wallet = wallet("Kunci", Address([1; 20]));
        wallet.kind = WalletKind::PrivateKey;
        assert_eq!(checklist(&wallet, None)[0], (Task::NoPhrase, Standing::Optional));
        assert_eq!(ways(Language::English, &wallet, None), [""; 0]);
    }

    #[test]
    fn a_phrase_that_was_not_written_down_brings_nothing_back() {
        let mut wallet = wallet("Rumah", Address([1; 20]));
        let exported = WalletHistory {
            exported_at: Some(UnixMillis(5)),
            ..WalletHistory::default()
        };
        assert_eq!(
            ways(Language::English, &wallet, Some(&exported)),
            ["the phrase that you wrote down"],
            "a key file of one account is not the wallet"
        );
        wallet.phrase_confirmed = false;
        assert!(ways(Language::English, &wallet, Some(&exported)).is_empty());
    }
}
