//! What was done with wallets: searched, filtered by kind, older pages on demand, new lines as they happen.

use enerlink_domain::wallet::{Activity, LockReason, WalletAct};
use enerlink_ipc::ReadActivity;
use leptos::prelude::*;

use crate::{
    components::{
        address::AddressTag,
        pages::{Paged, Pages},
        table::{Column, Table},
    },
    feed::feed,
    format,
    i18n::{Key, Language, text},
    pages::wallet::moment,
};

/// Rows of a page.
const PAGE: u16 = 50;

/// What acts are filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Wallets,
    Backups,
    Locks,
    Security,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Wallets, Self::Backups, Self::Locks, Self::Security];

    fn name(self) -> &'static str {
        match self {
            Self::Wallets => "wallets",
            Self::Backups => "backups",
            Self::Locks => "locks",
            Self::Security => "security",
        }
    }

    fn words(self) -> Key {
        match self {
            Self::Wallets => Key::KindWallets,
            Self::Backups => Key::KindBackups,
            Self::Locks => Key::KindLocks,
            Self::Security => Key::KindSecurity,
        }
    }

    fn of(act: WalletAct) -> Self {
        match act {
            WalletAct::Created
            | WalletAct::Imported
            | WalletAct::Restored
            | WalletAct::AccountAdded
            | WalletAct::Renamed
            | WalletAct::Removed
            | WalletAct::PrimaryChosen => Self::Wallets,
            WalletAct::PhraseRevealed
            | WalletAct::PhraseConfirmed
            | WalletAct::BackedUp
            | WalletAct::SheetWritten
            | WalletAct::Exported => Self::Backups,
            WalletAct::Unlocked | WalletAct::UnlockFailed | WalletAct::Locked => Self::Locks,
            WalletAct::PasswordChanged
            | WalletAct::SettlementKeyEnabled
            | WalletAct::SettlementKeyRevoked => Self::Security,
        }
    }
}

/// The card with the table.
#[component]
pub(super) fn ActivityPart() -> impl IntoView {
    let feed = feed();
    let pages = Pages::new(|row: &Activity| (row.id, String::new()));
    let read = move |before: Option<i64>| {
        let command = ReadActivity { limit: PAGE, before };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    let newest = Memo::new(move |_| {
        feed.state
            .with(|state| state.activity.as_ref().map(|activity| activity.id))
    });
    Effect::new(move || {
        // A memo that is only tracked never looks at what it depends on.
        let _ = newest.get();
        read(None);
    });
    let kind = RwSignal::new(None::<Kind>);
    let rows = Memo::new(move |_| {
        let wanted = kind.get();
        pages.rows.with(|rows| {
            let rows = rows.iter().flatten();
            rows.filter(|row| wanted.is_none_or(|wanted| Kind::of(row.act) == wanted))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let choose = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        kind.set(Kind::ALL.into_iter().find(|kind| kind.name() == chosen));
    };
    let empty = move || {
        if kind.get().is_some() {
            view! { <p>{text(Key::NothingFound)}</p> }.into_any()
        } else {
            view! {
                <p>{text(Key::NoActs)}</p>
                <p class="dim small">{text(Key::NoActsHint)}</p>
            }
            .into_any()
        }
    };
    let table = move || {
        view! {
            <Table
                id="wallet-activity"
                label=Key::Activity
                columns=columns()
                rows=rows
                identity=|row| row.id.to_string()
                kind=|row| row.act.as_str().to_owned()
                empty=ViewFn::from(empty)
            >
                <select data-testid="activity-kind" class="select" aria-label=text(Key::KindFilter) on:change=choose>
                    <option value="">{text(Key::AllKinds)}</option>
                    {Kind::ALL.map(|kind| view! { <option value=kind.name()>{text(kind.words())}</option> }).into_iter().collect_view()}
                </select>
            </Table>
        }
    };
    view! {
        <section class="card wallet-activity" aria-label=text(Key::Activity)>
            <Paged
                pages=pages
                older_testid="activity-older"
                read=read
            >
                {table()}
            </Paged>
        </section>
    }
}

fn columns() -> Vec<Column<Activity>> {
    vec![
        Column::new(Key::Time, |row: &Activity, language| moment(language, row.at))
            .ordered(|a, b| (a.at, a.id).cmp(&(b.at, b.id)))
            .exactly(|row| format::iso_time(row.at))
            .class("when"),
        Column::new(Key::WhatHappened, |row: &Activity, language| {
            act_words(row.act).text(language).to_owned()
        })
        .shown(|row| {
            let class = match row.act {
                WalletAct::UnlockFailed => "warn",
                WalletAct::Removed => "bad",
                _ => "",
            };
            view! { <span class=class>{text(act_words(row.act))}</span> }.into_any()
        })
        .ordered(|a, b| a.act.as_str().cmp(b.act.as_str())),
        Column::new(Key::Wallet, |row: &Activity, _| {
            row.wallet.clone().unwrap_or_default()
        })
        .ordered(|a, b| a.wallet.cmp(&b.wallet)),
        Column::new(Key::Account, |row: &Activity, _| {
            row.account.map(|account| account.to_string()).unwrap_or_default()
        })
        .shown(|row| {
            row.account
                .map(|account| view! { <AddressTag address=account /> })
                .into_any()
        }),
        Column::new(Key::DetailWord, detail_words).class("detail"),
    ]
}

fn act_words(act: WalletAct) -> Key {
    match act {
        WalletAct::Created => Key::ActCreated,
        WalletAct::Imported => Key::ActImported,
        WalletAct::Restored => Key::ActRestored,
        WalletAct::AccountAdded => Key::ActAccountAdded,
        WalletAct::Renamed => Key::ActRenamed,
        WalletAct::Removed => Key::ActRemoved,
        WalletAct::PrimaryChosen => Key::ActPrimaryChosen,
        WalletAct::PhraseRevealed => Key::ActPhraseRevealed,
        WalletAct::PhraseConfirmed => Key::ActPhraseConfirmed,
        WalletAct::BackedUp => Key::ActBackedUp,
        WalletAct::SheetWritten => Key::ActSheetWritten,
        WalletAct::Exported => Key::ActExported,
        WalletAct::Unlocked => Key::ActUnlocked,
        WalletAct::UnlockFailed => Key::ActUnlockFailed,
        WalletAct::Locked => Key::ActLocked,
        WalletAct::PasswordChanged => Key::ActPasswordChanged,
        WalletAct::SettlementKeyEnabled => Key::ActSettlementKeyEnabled,
        WalletAct::SettlementKeyRevoked => Key::ActSettlementKeyRevoked,
    }
}

/// The detail as a person reads it: the reason of a lock is a word of the core.
fn detail_words(row: &Activity, language: Language) -> String {
    let detail = row.detail.clone().unwrap_or_default();
    if row.act != WalletAct::Locked {
        return detail;
    }
    let reason = serde_json::from_value::<LockReason>(serde_json::Value::String(detail.clone()));
    match reason {
        Ok(reason) => reason_words(reason).text(language).to_owned(),
        Err(_) => detail,
    }
}

fn reason_words(reason: LockReason) -> Key {
    match reason {
        LockReason::Person => Key::ReasonPerson,
        LockReason::Idle => Key::ReasonIdle,
        LockReason::Suspend => Key::ReasonSuspend,
        LockReason::Screen => Key::ReasonScreen,
        LockReason::Exit => Key::ReasonExit,
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::UnixMillis;

    use super::*;

    fn row(id: i64, act: WalletAct, detail: &str) -> Activity {
        Activity {
            id,
            at: UnixMillis(id),
            act,
            wallet: None,
            account: None,
            detail: Some(detail.to_owned()),
        }
    }

    #[test]
    fn every_act_has_its_own_words_and_a_kind() {
        let words: std::collections::HashSet<Key> = WalletAct::ALL.map(act_words).into_iter().collect();
        assert_eq!(words.len(), WalletAct::ALL.len());
        for kind in Kind::ALL {
            assert!(
                WalletAct::ALL.into_iter().any(|act| Kind::of(act) == kind),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn the_reason_of_a_lock_is_told_in_the_language() {
        let locked = row(1, WalletAct::Locked, "suspend");
        assert_eq!(
            detail_words(&locked, Language::English),
            "the computer went to sleep"
        );
        assert_eq!(
            detail_words(&row(1, WalletAct::Locked, "gravity"), Language::English),
            "gravity"
        );
        assert_eq!(
            detail_words(&row(1, WalletAct::Exported, "person"), Language::English),
            "person",
            "only locks have reasons"
        );
    }
}
