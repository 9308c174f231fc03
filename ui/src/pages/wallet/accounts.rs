//! The accounts of a wallet as rows: address, path, what they hold, which one is primary.

use enerlink_domain::{
    Address,
    event::Balances,
    wallet::{AccountView, WalletView},
};
use enerlink_ipc::SetPrimary;
use leptos::prelude::*;

use crate::{
    components::{address::AddressTag, amount::concealed, doing::Doing},
    feed::feed,
    format::{self, Sign},
    i18n::{Key, Language, say, text},
    pages::wallet::card::Act,
    prefs::prefs,
    session::{Tone, session},
};

/// The rows.
#[component]
pub(super) fn Accounts(
    /// Whose.
    wallet: WalletView,
    /// Opens a dialog of the card.
    act: RwSignal<Option<Act>>,
) -> impl IntoView {
    let doing = Doing::new();
    let rows = wallet
        .accounts
        .into_iter()
        .map(|account| view! { <Row account=account act=act doing=doing /> })
        .collect_view();
    view! {
        <div class="scroll">
            <table class="list accounts">
                <thead>
                    <tr>
                        <th scope="col">{text(Key::Account)}</th>
                        <th scope="col">{text(Key::AddressWord)}</th>
                        <th scope="col" class="n">"ETK"</th>
                        <th scope="col" class="n">"IDRS"</th>
                        <th scope="col" class="n">{text(Key::NativeCoin)}</th>
                        <th class="n"><span class="unseen">{text(Key::Actions)}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {doing.problem()}
    }
}

#[component]
fn Row(account: AccountView, act: RwSignal<Option<Act>>, doing: Doing) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let AccountView { index, address, path } = account;
    let balances = Memo::new(move |_| feed.state.with(|state| state.balances_of(address)));
    let primary = Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref().and_then(|status| status.primary) == Some(address))
    });
    let choose = move |_| {
        doing.call(SetPrimary { address }, move |()| {
            let short = format::short_address(address);
            let language = language.get_untracked();
            session.say(
                Tone::Good,
                say(language, Key::PrimaryChosen, &[("address", &short)]),
            );
        });
    };
    let numbered = path.is_some();
    let name = move || match numbered {
        true => say(
            language.get(),
            Key::AccountNumber,
            &[("number", &index.to_string())],
        ),
        false => Key::AccountSole.text(language.get()).to_owned(),
    };
    let exact = move || balances.get().map(|balances| balances.native.to_string());
    view! {
        <tr data-testid="account-row" data-address=address.to_string() data-primary=move || primary.get().to_string()>
            <td class="account">
                <span>{name}</span>
                {path.map(|path| view! { <code class="dim" data-testid="account-path">{path}</code> })}
            </td>
            <td><AddressTag address=address testid="account-address" /></td>
            <Amount balances=balances shown=|language, held| format::etk(language, held.etk, Sign::Negative) testid="account-etk" />
            <Amount balances=balances shown=|language, held| format::idrs(language, held.idrs) testid="account-idrs" />
            <td class="n" title=exact data-testid="account-native">
                {concealed(move || held(language.get(), balances.get(), |language, held| format::coin(language, held.native)))}
            </td>
            <td class="n buttons">
                {move || if primary.get() {
                    view! {
                        <span class="chip accent" data-testid="account-primary" title=text(Key::PrimaryHint)>
                            {text(Key::Primary)}
                        </span>
                    }
                    .into_any()
                } else {
                    view! {
                        <button
                            type="button"
                            class="link"
                            data-testid="account-make-primary"
                            title=text(Key::PrimaryHint)
                            disabled=doing.busy
                            on:click=choose
                        >
                            {text(Key::MakePrimary)}
                        </button>
                    }
                    .into_any()
                }}
                <button
                    type="button"
                    class="link"
                    data-testid="account-export"
                    title=text(Key::ExportKeyFileHint)
                    on:click=move |_| act.set(Some(Act::Export(address)))
                >
                    {text(Key::ExportKeyFile)}
                </button>
            </td>
        </tr>
    }
}

#[component]
fn Amount(
    balances: Memo<Option<Balances>>,
    shown: fn(Language, &Balances) -> String,
    testid: &'static str,
) -> impl IntoView {
    let language = prefs().language;
    let amount = concealed(move || held(language.get(), balances.get(), shown));
    let unknown = move || {
        balances
            .with(Option::is_none)
            .then(|| Key::BalanceUnknown.text(language.get()))
    };
    view! { <td class="n" title=unknown data-testid=testid>{amount}</td> }
}

/// What an account holds, or a dash when the chain was not read.
fn held(language: Language, balances: Option<Balances>, shown: fn(Language, &Balances) -> String) -> String {
    balances.map_or_else(|| "–".to_owned(), |balances| shown(language, &balances))
}

/// The whole address of an account, for dialogs that act on it.
#[component]
pub(super) fn WholeAddress(
    /// Whose.
    address: Address,
) -> impl IntoView {
    view! {
        <p class="whole-address" data-testid="dialog-address" data-address=address.to_string()>
            <crate::components::address::Grouped address=address />
        </p>
    }
}
