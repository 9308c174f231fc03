//! Changing a transaction that waits: what the change does comes first, the button says it again, and Enter never signs.

use enerlink_domain::Transaction;
use enerlink_ipc::{CancelTransaction, SpeedUp};
use leptos::prelude::*;

use super::{coins, gwei, most};
use crate::{
    components::{
        address::Grouped,
        confirm::{Confirm, Demands},
        doing::Doing,
        transaction,
    },
    feed::feed,
    i18n::{Key, text},
    prefs::prefs,
    session::{Tone, session},
};

/// What shall become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A higher fee.
    SpeedUp,
    /// It was dropped, and is offered again.
    SendAgain,
    /// Another one takes its nonce and does nothing.
    Cancel,
    /// It was not signed yet, and never will be.
    Forget,
}

impl Change {
    pub(super) fn label(self) -> Key {
        match self {
            Self::SpeedUp => Key::SpeedUp,
            Self::SendAgain => Key::SendAgain,
            Self::Cancel => Key::CancelTx,
            Self::Forget => Key::ForgetTx,
        }
    }

    /// For a button in a row.
    pub(super) fn short(self) -> Key {
        match self {
            Self::Cancel => Key::CancelTxShort,
            _ => self.label(),
        }
    }

    pub(super) fn testid(self) -> &'static str {
        match self {
            Self::SpeedUp => "tx-speed-up",
            Self::SendAgain => "tx-send-again",
            Self::Cancel => "tx-cancel",
            Self::Forget => "tx-forget",
        }
    }

    /// What it does, as sentences.
    fn effect(self) -> Key {
        match self {
            Self::SpeedUp => Key::SpeedUpEffect,
            Self::SendAgain => Key::SendAgainEffect,
            Self::Cancel => Key::CancelTxEffect,
            Self::Forget => Key::ForgetTxEffect,
        }
    }

    fn done(self) -> Key {
        match self {
            Self::SpeedUp => Key::SpeedUpDone,
            Self::SendAgain => Key::SendAgainDone,
            Self::Cancel => Key::CancelTxDone,
            Self::Forget => Key::ForgetTxDone,
        }
    }

    /// What a slip of the finger could cost.
    fn demands(self) -> Demands {
        match self {
            Self::Cancel => Demands::pause(),
            Self::SpeedUp | Self::SendAgain | Self::Forget => Demands::default(),
        }
    }
}

/// The question before the change.
#[component]
pub(super) fn ChangeDialog(
    /// Which transaction.
    row: Transaction,
    /// What shall become of it.
    change: Change,
    /// Takes the dialog away.
    #[prop(into)]
    on_close: Callback<()>,
    /// Takes what the core answers.
    #[prop(into)]
    on_done: Callback<Transaction>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let doing = Doing::new();
    let (id, from) = (row.id, row.from);
    // A settlement key signs while the wallet is locked.
    let own = feed.state.with_untracked(|state| {
        let wallets = state.status.iter().flat_map(|status| &status.wallets);
        wallets
            .flat_map(|wallet| &wallet.accounts)
            .any(|account| account.address == from)
    });
    let done = move |told: Transaction| {
        on_done.run(told);
        on_close.run(());
        session.say(
            Tone::Good,
            change.done().text(language.get_untracked()).to_owned(),
        );
    };
    let act = move || match change {
        Change::SpeedUp | Change::SendAgain => doing.call(SpeedUp { id }, done),
        Change::Cancel | Change::Forget => doing.call(CancelTransaction { id }, done),
    };
    let confirm = move |_: String| {
        if own && change != Change::Forget {
            feed.with_keys(act);
        } else {
            act();
        }
    };
    let (fee, cost, nonce) = (row.max_fee, most(&row), row.nonce);
    let (kind, detail) = (row.kind, row.detail.clone());
    let what = move || {
        let meter = row.meter_id.as_ref();
        let meter = meter.map(|id| feed.state.with(|state| state.name_of(id)));
        transaction::what(language.get(), kind, detail.as_ref(), meter.as_deref(), None)
    };
    view! {
        <Confirm
            testid="tx-change"
            title=Signal::derive(move || change.label().text(language.get()).to_owned())
            demands=change.demands()
            action=Signal::derive(move || change.label().text(language.get()).to_owned())
            doing=doing
            on_confirm=confirm
            on_close=on_close
        >
            <p data-testid="tx-change-effect">{text(change.effect())}</p>
            <dl class="figures">
                <div><dt>{text(Key::TransactionFor)}</dt><dd>{what}</dd></div>
                {nonce.map(|nonce| view! { <div><dt>{text(Key::Nonce)}</dt><dd>{nonce.to_string()}</dd></div> })}
                {fee.map(|fee| view! { <div><dt>{text(Key::FeeNow)}</dt><dd>{move || gwei(language.get(), fee)}</dd></div> })}
                {cost.map(|cost| view! { <div><dt>{text(Key::FeeAtMost)}</dt><dd>{move || coins(language.get(), cost)}</dd></div> })}
            </dl>
            <p class="label">{text(Key::SignedBy)}</p>
            <p class="whole-address"><Grouped address=from /></p>
        </Confirm>
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_change_says_what_it_does_in_its_own_words() {
        let all = [Change::SpeedUp, Change::SendAgain, Change::Cancel, Change::Forget];
        for words in [Change::label, Change::effect, Change::done] {
            let seen: HashSet<Key> = all.map(words).into_iter().collect();
            assert_eq!(seen.len(), all.len());
        }
        assert!(Change::Cancel.demands().pause);
    }
}
