//! The accounts that were found, with what they hold; which of them are imported.

use enerlink_domain::wallet::PreviewAccount;
use enerlink_ipc::PreviewImport;
use leptos::prelude::*;

use super::{Choice, Draft, Kind, choice};
use crate::{
    components::{
        amount::concealed,
        doing::Doing,
        icon::{Glyph, Icon},
    },
    format::{self, Sign},
    i18n::{Key, say, text},
    prefs::prefs,
};

/// The table, what has to be looked at, and the way to more.
#[component]
pub(super) fn FoundAccounts(draft: Draft) -> impl IntoView {
    let phrase = draft.kind.get_untracked() == Kind::Phrase;
    view! {
        <div class="found-rows">
            <table class="found">
                <thead>
                    <tr>
                        {phrase.then(|| view! { <th></th> })}
                        <th>{text(Key::AddressWord)}</th>
                        <th class="n">"ETK"</th>
                        <th class="n">"IDRS"</th>
                        <th class="n">{text(Key::NativeCoin)}</th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=move || draft.choice.with(|choice| choice.accounts().to_vec())
                        key=|account| account.account.index
                        let:account
                    >
                        <Row draft=draft account=account phrase=phrase />
                    </For>
                </tbody>
            </table>
        </div>
        {if phrase {
            view! { <MoreAccounts draft=draft /> }.into_any()
        } else {
            view! { <Compare draft=draft /> }.into_any()
        }}
    }
}

#[component]
fn Row(draft: Draft, account: PreviewAccount, phrase: bool) -> impl IntoView {
    let language = prefs().language;
    let PreviewAccount {
        account,
        balances,
        known_as,
    } = account;
    let (index, address) = (account.index, account.address.to_string());
    let shown = address.clone();
    let known = known_as.is_some();
    let label = move || {
        say(
            language.get(),
            Key::TickAccount,
            &[("number", &index.to_string())],
        )
    };
    let id = format!("import-account-{index}");
    let tick = view! {
        <td class="pick">
            <input
                type="checkbox"
                id=id.clone()
                data-testid="import-account"
                data-index=index.to_string()
                aria-label=label
                disabled=known
                prop:checked=move || draft.choice.with(|choice| choice.is_ticked(index))
                on:change=move |event| {
                    let on = event_target_checked(&event);
                    draft.choice.update(|choice| choice.set(index, on));
                }
            />
        </td>
    };
    let path = account.path.clone();
    let owner = known_as.map(|name| move || say(language.get(), Key::KnownAs, &[("name", &name)]));
    let below = view! {
        <small>
            {path}
            {owner.map(|owner| view! { <span class="chip" data-testid="import-known">{owner}</span> })}
        </small>
    };
    let amounts = match balances {
        Some(balances) => {
            let etk = concealed(move || format::etk(language.get(), balances.etk, Sign::Negative));
            let idrs = concealed(move || format::idrs(language.get(), balances.idrs));
            let native = concealed(move || format::coin(language.get(), balances.native));
            view! {
                <td class="n">{etk}</td>
                <td class="n">{idrs}</td>
                <td class="n">{native}</td>
            }
            .into_any()
        }
        None => {
            view! { <td class="n dim" colspan="3" data-testid="import-not-asked">{text(Key::NotAsked)}</td> }
                .into_any()
        }
    };
    view! {
        <tr class:taken=known data-testid="import-row" data-index=index.to_string() data-address=address>
            {phrase.then_some(tick)}
            <td>
                <label for=id class="code">{shown}</label>
                {below}
            </td>
            {amounts}
        </tr>
    }
}

/// Ten more, or one by its index.
#[component]
fn MoreAccounts(draft: Draft) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let doing = Doing::new();
    let more = move |_| {
        let next = draft.choice.with_untracked(Choice::next);
        if let Some(source) = draft.source(next) {
            doing.call(PreviewImport { source }, move |preview| {
                draft.choice.try_update(|choice| choice.add(preview.accounts));
            });
        }
    };
    let wanted = move || typed.with(|typed| choice::index(typed));
    let one = move || {
        let Some(source) = untrack(wanted).and_then(|index| draft.source(vec![index])) else {
            return;
        };
        doing.call(PreviewImport { source }, move |preview| {
            typed.try_set(String::new());
            draft
                .choice
                .try_update(|choice| choice.add_wanted(preview.accounts));
        });
    };
    view! {
        <div class="row found-more">
            <button
                type="button"
                class="button quiet small"
                data-testid="import-more"
                disabled=move || doing.busy.get()
                on:click=more
            >
                {text(Key::ShowTenMore)}
            </button>
            <span class="end row">
                <label for="import-index" class="small mut">{text(Key::OtherIndex)}</label>
                <input
                    id="import-index"
                    class="number"
                    data-testid="import-index"
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    bind:value=typed
                    on:keydown=move |event| {
                        if event.key() == "Enter" {
                            event.prevent_default();
                            one();
                        }
                    }
                />
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="import-index-add"
                    disabled=move || doing.busy.get() || wanted().is_none()
                    on:click=move |_| one()
                >
                    {text(Key::OtherIndexAdd)}
                </button>
            </span>
        </div>
        {doing.problem()}
    }
}

/// What a person has to look at before a single key is imported.
#[component]
fn Compare(draft: Draft) -> impl IntoView {
    let language = prefs().language;
    let facts = draft.facts;
    let file = draft.kind.get_untracked() == Kind::File;
    let owner = move || {
        let owner = draft
            .choice
            .with(|choice| choice.accounts().first().and_then(|row| row.known_as.clone()));
        owner.map(|name| say(language.get(), Key::KeyIsKnown, &[("name", &name)]))
    };
    view! {
        {move || owner().map(|words| view! { <Note words=words testid="import-duplicate" /> })}
        {move || (file && facts.get().padded).then(|| view! {
            <Note words=Key::KeyPadded.text(language.get()).to_owned() testid="import-padded" />
        })}
        {move || (file && facts.get().unclaimed).then(|| view! {
            <Note words=Key::AddressUnclaimed.text(language.get()).to_owned() testid="import-unclaimed" />
            <label class="choice alone">
                <input type="checkbox" data-testid="import-compared" bind:checked=draft.compared />
                <span><b>{text(Key::AddressIsMine)}</b></span>
            </label>
        })}
    }
}

#[component]
fn Note(words: String, testid: &'static str) -> impl IntoView {
    view! {
        <div class="problem notice" role="status" data-testid=testid>
            <Glyph icon=Icon::Warning />
            <div class="words"><p>{words}</p></div>
        </div>
    }
}
