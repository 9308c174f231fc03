//! The wallet page: wallets and the address book, what is backed up, and what was done.

mod accounts;
mod activity;
mod backup;
mod card;
mod changes;
mod contacts;
mod export;
mod log;
mod remove;
mod tasks;
mod tokens;
mod transactions;

use enerlink_domain::{UnixMillis, event::VaultState, wallet::WalletId};
use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        loaded::Waiting,
        problem::{Problem, Weight},
    },
    feed::feed,
    format,
    i18n::{Key, Language, text},
    ipc,
    pages::wallet::{
        activity::ActivityPart, backup::BackupPart, card::WalletCard, contacts::AddressBook, log::LogCard,
        tokens::TokensPart, transactions::TransactionsCard,
    },
    prefs::prefs,
    security::security,
    session::{Flow, WalletPart, session},
};

/// The page with its three parts.
#[component]
pub(crate) fn WalletPage() -> impl IntoView {
    let session = session();
    let begin = move |flow: Flow| move |_| session.flow.set(Some(flow));
    view! {
        <div class="wallet-page">
            <div class="row spread parts">
                <Parts />
                <div class="row">
                    <button
                        type="button"
                        class="button quiet"
                        data-testid="wallet-restore"
                        on:click=begin(Flow::Restore)
                    >
                        {text(Key::RestoreWallet)}
                    </button>
                    <button
                        type="button"
                        class="button quiet"
                        data-testid="wallet-import"
                        on:click=begin(Flow::Import)
                    >
                        {text(Key::ImportWallet)}
                    </button>
                    <button type="button" class="button" data-testid="wallet-new" on:click=begin(Flow::Create)>
                        <Glyph icon=Icon::Plus />
                        {text(Key::NewWallet)}
                    </button>
                </div>
            </div>
            {move || match session.wallet_part.get() {
                WalletPart::Wallets => view! { <WalletsPart /> }.into_any(),
                WalletPart::Tokens => view! { <TokensPart /> }.into_any(),
                WalletPart::Backup => view! { <BackupPart /> }.into_any(),
                WalletPart::Activity => view! { <TransactionsCard /><LogCard /><ActivityPart /> }.into_any(),
            }}
        </div>
    }
}

/// The switch between the parts; a dot says that something is not backed up.
#[component]
fn Parts() -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let due = security().due();
    let parts = [
        (WalletPart::Wallets, Key::Wallets, "wallet-part-wallets"),
        (WalletPart::Tokens, Key::TokensPart, "wallet-part-tokens"),
        (WalletPart::Backup, Key::BackupSection, "wallet-part-backup"),
        (WalletPart::Activity, Key::Activity, "wallet-part-activity"),
    ]
    .map(|(part, label, testid)| {
        let mark = move || {
            due.get().filter(|_| part == WalletPart::Backup).map(|due| {
                let words = move || due.text(language.get());
                view! { <i class="due" role="img" title=words aria-label=words></i> }
            })
        };
        view! {
            <button
                type="button"
                data-testid=testid
                class:on=move || session.wallet_part.get() == part
                aria-pressed=move || if session.wallet_part.get() == part { "true" } else { "false" }
                on:click=move |_| session.wallet_part.set(part)
            >
                {text(label)}
                {mark}
            </button>
        }
    });
    view! { <div class="segments" role="group" aria-label=text(Key::Wallet)>{parts.into_iter().collect_view()}</div> }
}

/// Every wallet as a card, and the address book below.
#[component]
fn WalletsPart() -> impl IntoView {
    let feed = feed();
    let wallets = Memo::new(move |_| {
        feed.state.with(|state| {
            let wallets = state.status.as_ref().map(|status| status.wallets.as_slice());
            let ids = wallets.unwrap_or_default().iter().map(|wallet| wallet.wallet);
            ids.collect::<Vec<WalletId>>()
        })
    });
    view! {
        <Standing />
        <Show when=move || wallets.with(Vec::is_empty)>
            <section class="card empty" data-testid="wallets-empty">
                <p>{text(Key::NoWallets)}</p>
                <p class="dim small">{text(Key::NoWalletsHint)}</p>
            </section>
        </Show>
        <For each=move || wallets.get() key=|wallet| *wallet let:wallet>
            <WalletCard wallet=wallet />
        </For>
        <AddressBook />
    }
}

/// What keeps balances or changes from working as usual, in one line each.
#[component]
fn Standing() -> impl IntoView {
    let (feed, security) = (feed(), security());
    let locked = Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref().map(|status| status.vault) == Some(VaultState::Locked))
    });
    let networked = Memo::new(move |_| feed.state.with(|state| state.network.is_some()));
    let offline = Memo::new(move |_| feed.state.with(|state| state.chain_problem()));
    view! {
        <div class="notices">
            {move || locked.get().then(|| view! {
                <div class="problem notice" data-testid="wallets-locked">
                    <Glyph icon=Icon::Lock />
                    <div class="words"><p>{text(Key::WalletsLocked)}</p></div>
                    <div class="act">
                        <button
                            type="button"
                            class="button quiet small"
                            data-testid="wallets-unlock"
                            on:click=move |_| feed.turn_key()
                        >
                            {text(Key::Unlock)}
                        </button>
                    </div>
                </div>
            })}
            {move || match (networked.get(), offline.get()) {
                (false, _) => view! { <p class="aside" data-testid="wallets-no-network">{text(Key::WalletsNoNetwork)}</p> }.into_any(),
                (true, Some(error)) => view! { <Problem error=error weight=Weight::Notice /> }.into_any(),
                (true, None) => ().into_any(),
            }}
            // Without the histories the cards have no dates, and nobody would know why.
            {move || security.view.error.with(Option::is_some).then(|| view! {
                <Waiting error=security.view.error retry=move |()| security.read() />
            })}
        </div>
    }
}

/// When something was, as a date in the language; in full on hover where it is used.
fn when(language: Language, at: UnixMillis) -> String {
    format::date(language, at, ipc::utc_offset_minutes(at.0))
}

/// When something was, to the minute.
fn moment(language: Language, at: UnixMillis) -> String {
    format::date_and_time(language, at, ipc::utc_offset_minutes(at.0))
}
