//! What a backup holds, as a list: before it is restored, and what became of it.

use enerlink_domain::wallet::{BackupContent, Outcome};
use leptos::prelude::*;

use crate::{
    format,
    i18n::{Key, say, text},
    ipc,
    prefs::prefs,
};

/// Whether the list tells what will be, or what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tense {
    /// Nothing was changed yet.
    Future,
    /// It is restored.
    Past,
}

/// Wallets with their addresses, meters, and how many settings and contacts.
#[component]
pub(crate) fn ContentList(
    /// What is in it.
    content: BackupContent,
    /// Before or after.
    tense: Tense,
) -> impl IntoView {
    let language = prefs().language;
    let made = content.created_at;
    let when = move || match made {
        Some(at) => {
            let offset = ipc::utc_offset_minutes(at.0);
            let when = format::date_and_time(language.get(), at, offset);
            say(language.get(), Key::MadeAt, &[("when", &when)])
        }
        None => Key::MadeAtUnknown.text(language.get()).to_owned(),
    };
    let wallets = content.wallets.into_iter().map(|wallet| {
        let accounts = wallet.view.accounts.into_iter();
        let addresses = accounts.map(|account| view! { <li class="code">{account.address.to_string()}</li> });
        view! {
            <li class="content-row" data-testid="content-wallet" data-outcome=outcome_name(wallet.outcome)>
                <div>
                    <b>{wallet.view.name}</b>
                    <ul>{addresses.collect_view()}</ul>
                </div>
                <OutcomeChip outcome=wallet.outcome tense=tense />
            </li>
        }
    });
    let wallets = wallets.collect_view();
    let no_meters = content.meters.is_empty();
    let meters = content.meters.into_iter().map(|meter| {
        view! {
            <li class="content-row" data-testid="content-meter" data-outcome=outcome_name(meter.outcome)>
                <div>
                    <b>{meter.name}</b>
                    <small>{meter.meter_id.to_string()}</small>
                </div>
                <OutcomeChip outcome=meter.outcome tense=tense />
            </li>
        }
    });
    let meters = meters.collect_view();
    let number = move |count: u32| format::count(language.get(), u64::from(count));
    view! {
        <div class="content" data-testid="backup-content">
            <p class="aside">{when}</p>
            <h2>{text(Key::WalletsWord)}</h2>
            <ul>{wallets}</ul>
            <h2>{text(Key::MetersWord)}</h2>
            <ul>{meters}</ul>
            {no_meters.then(|| view! { <p class="mut">{text(Key::NoneInside)}</p> })}
            <dl class="figures">
                <div>
                    <dt>{text(Key::SettingsWord)}</dt>
                    <dd data-testid="content-settings">{move || number(content.settings)}</dd>
                </div>
                <div>
                    <dt>{text(Key::ContactsWord)}</dt>
                    <dd data-testid="content-contacts">{move || number(content.contacts)}</dd>
                </div>
            </dl>
        </div>
    }
}

#[component]
fn OutcomeChip(outcome: Outcome, tense: Tense) -> impl IntoView {
    let (class, key) = match (outcome, tense) {
        (Outcome::Restored, Tense::Future) => ("chip accent", Key::WillBeAdded),
        (Outcome::Restored, Tense::Past) => ("chip good", Key::WasAdded),
        (Outcome::Kept, Tense::Future) => ("chip", Key::WillBeKept),
        (Outcome::Kept, Tense::Past) => ("chip", Key::WasKept),
    };
    view! { <span class=class>{text(key)}</span> }
}

/// The outcome's name, for tests.
fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Restored => "restored",
        Outcome::Kept => "kept",
    }
}
