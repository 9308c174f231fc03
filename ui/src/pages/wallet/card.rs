//! One wallet: what it is, its accounts, what was done with it, and what can be done.

use enerlink_domain::{
    Address, UnixMillis,
    wallet::{WalletHistory, WalletId, WalletKind, WalletView},
};
use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    feed::feed,
    format,
    i18n::{Key, text},
    pages::wallet::{
        accounts::Accounts,
        changes::{AddAccountDialog, RenameDialog},
        export::ExportDialog,
        moment,
        remove::RemoveDialog,
        when,
    },
    prefs::prefs,
    security::security,
    session::{Flow, session},
};

/// What is being done with a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It gets another name.
    Rename,
    /// It gets another account.
    AddAccount,
    /// It leaves this computer.
    Remove,
    /// One of its keys is exported.
    Export(Address),
}

/// The card of a wallet, for as long as the vault has it.
#[component]
pub(super) fn WalletCard(
    /// Which.
    wallet: WalletId,
) -> impl IntoView {
    let (feed, security) = (feed(), security());
    let view = Memo::new(move |_| {
        feed.state.with(|state| {
            let wallets = &state.status.as_ref()?.wallets;
            wallets.iter().find(|known| known.wallet == wallet).cloned()
        })
    });
    let history = Memo::new(move |_| security.history(wallet));
    let act = RwSignal::new(None::<Act>);
    let close = Callback::new(move |()| act.set(None));
    let dialog = move || {
        let wallet = view.get_untracked()?;
        Some(match act.get()? {
            Act::Rename => view! { <RenameDialog wallet=wallet on_close=close /> }.into_any(),
            Act::AddAccount => view! { <AddAccountDialog wallet=wallet on_close=close /> }.into_any(),
            Act::Remove => {
                let history = history.get_untracked();
                view! { <RemoveDialog wallet=wallet history=history on_close=close /> }.into_any()
            }
            Act::Export(address) => view! { <ExportDialog address=address on_close=close /> }.into_any(),
        })
    };
    // Built once: a dialog and the focus stay while the wallet changes under them.
    let there = Memo::new(move |_| view.with(Option::is_some));
    let card = move || {
        let first = view.get_untracked()?;
        Some(view! {
            <section class="card wallet" data-testid="wallet-card" data-wallet=wallet.to_string()>
                <Head first=first view=view act=act />
                {move || view.get().map(|view| view! { <Accounts wallet=view act=act /> })}
                {move || history.get().map(|history| view! { <History history=history /> })}
                {dialog}
            </section>
        })
    };
    move || there.get().then(card).flatten()
}

#[component]
fn Head(first: WalletView, view: Memo<Option<WalletView>>, act: RwSignal<Option<Act>>) -> impl IntoView {
    let session = session();
    let id = first.wallet;
    let phrase = first.kind == WalletKind::Phrase;
    let name = move || view.with(|view| view.as_ref().map(|view| view.name.clone()));
    let (kind, kind_hint) = if phrase {
        (Key::KindPhrase, Key::KindPhraseHint)
    } else {
        (Key::KindPrivateKey, Key::KindPrivateKeyHint)
    };
    let unwritten = Memo::new(move |_| {
        let confirmed = view.with(|view| view.as_ref().is_some_and(|view| view.phrase_confirmed));
        phrase && !confirmed
    });
    let remove = text(Key::RemoveEllipsis);
    view! {
        <header>
            <h2 data-testid="wallet-name">{name}</h2>
            <span class="chip" data-testid="wallet-kind" title=text(kind_hint)>{text(kind)}</span>
            {first.passphrase.then(|| view! {
                <span class="chip" data-testid="wallet-passphrase" title=text(Key::PassphraseMarkHint)>
                    {text(Key::PassphraseMark)}
                </span>
            })}
            {move || unwritten.get().then(|| view! {
                <button
                    type="button"
                    class="chip warn"
                    data-testid="wallet-unwritten"
                    title=text(Key::WriteDown)
                    on:click=move |_| session.flow.set(Some(Flow::Phrase(id)))
                >
                    {text(Key::PhraseUnwritten)}
                </button>
            })}
            <div class="end row">
                {phrase.then(|| view! {
                    <button
                        type="button"
                        class="button quiet small"
                        data-testid="wallet-add-account"
                        on:click=move |_| act.set(Some(Act::AddAccount))
                    >
                        {text(Key::AddAccount)}
                    </button>
                })}
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="wallet-rename"
                    on:click=move |_| act.set(Some(Act::Rename))
                >
                    {text(Key::Rename)}
                </button>
                <button
                    type="button"
                    class="ghost"
                    data-testid="wallet-remove"
                    title=remove
                    aria-label=remove
                    on:click=move |_| act.set(Some(Act::Remove))
                >
                    <Glyph icon=Icon::Trash />
                </button>
            </div>
        </header>
    }
}

/// The line of dates at the card's foot.
#[component]
fn History(history: WalletHistory) -> impl IntoView {
    let language = prefs().language;
    let origin = match history.origin.as_str() {
        "imported" => Key::OriginImported,
        "restored" => Key::OriginRestored,
        _ => Key::OriginCreated,
    };
    let wrong = history.failed_attempts;
    view! {
        <dl class="facts history" data-testid="wallet-history">
            <Fact label=origin at=Some(history.created_at) testid="history-origin" />
            <Fact label=Key::BackedUpLast at=history.backed_up_at testid="history-backup" />
            <Fact label=Key::SheetLast at=history.sheet_at testid="history-sheet" />
            {history.exported_at.map(|at| view! {
                <Fact label=Key::ExportedLast at=Some(at) testid="history-exported" />
            })}
            <Fact label=Key::UnlockedLast at=history.unlocked_at testid="history-unlocked" />
            <Fact label=Key::UsedLast at=history.last_used_at testid="history-used" />
            {(wrong > 0).then(|| view! {
                <div>
                    <dt>{text(Key::WrongPasswords)}</dt>
                    <dd class="warn" data-testid="history-wrong">
                        {move || format::count(language.get(), u64::from(wrong))}
                    </dd>
                </div>
            })}
        </dl>
    }
}

#[component]
fn Fact(label: Key, at: Option<UnixMillis>, testid: &'static str) -> impl IntoView {
    let language = prefs().language;
    let words = move || match at {
        Some(at) => when(language.get(), at),
        None => Key::Never.text(language.get()).to_owned(),
    };
    view! {
        <div>
            <dt>{text(label)}</dt>
            <dd
                class:dim=at.is_none()
                data-testid=testid
                title=move || at.map(|at| moment(language.get(), at))
            >
                {words}
            </dd>
        </div>
    }
}
