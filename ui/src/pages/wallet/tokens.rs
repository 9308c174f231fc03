//! Tokens and coins of the accounts: what they hold, sending and receiving, the ramp, what moved, who may take some.

mod allowances;
mod exchanges;
mod movements;
mod payee;
mod ramp;
mod send;

use enerlink_domain::{Address, event::Balances, wallet::WalletView};
use leptos::{ev, prelude::*};

use crate::{
    components::{
        address::{AddressTag, Grouped},
        copy::CopyButton,
        dialog::Dialog,
        qr::Qr,
        table::{Column, Table},
    },
    feed::feed,
    format::{self, HIDDEN, Sign},
    i18n::{Key, Language, text},
    live::LiveState,
    pages::wallet::{
        Standing,
        tokens::{
            allowances::AllowancesCard, exchanges::ExchangesCard, movements::MovementsCard, ramp::RampCard,
            send::SendDialog,
        },
    },
    prefs::prefs,
    session::{TokenAct, session},
};

/// The part.
#[component]
pub(super) fn TokensPart() -> impl IntoView {
    view! {
        <Standing />
        <BalancesCard />
        <RampCard />
        <ExchangesCard />
        <MovementsCard />
        <AllowancesCard />
    }
}

/// An account and what it holds.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    address: Address,
    /// The name of its wallet.
    wallet: String,
    /// None while the chain was not read.
    balances: Option<Balances>,
    hidden: bool,
}

impl Row {
    fn shown(&self, words: impl FnOnce(&Balances) -> String) -> String {
        match (&self.balances, self.hidden) {
            (None, _) => "–".to_owned(),
            (Some(_), true) => HIDDEN.to_owned(),
            (Some(balances), false) => words(balances),
        }
    }
}

/// Every account with the name of its wallet.
fn accounts(wallets: &[WalletView]) -> Vec<(Address, String)> {
    let accounts = wallets.iter().flat_map(|wallet| {
        let named = |address: Address| (address, wallet.name.clone());
        wallet.accounts.iter().map(move |account| named(account.address))
    });
    accounts.collect()
}

/// The accounts of the vault, made anew only when they change.
fn known_accounts(state: RwSignal<LiveState>) -> Memo<Vec<(Address, String)>> {
    Memo::new(move |_| {
        state.with(|state| {
            let status = state.status.as_ref();
            accounts(status.map_or(&[][..], |status| status.wallets.as_slice()))
        })
    })
}

/// The accounts to choose from, each with the name of its wallet.
fn account_options(accounts: Memo<Vec<(Address, String)>>, chosen: Signal<Option<Address>>) -> impl IntoView {
    move || {
        let accounts = accounts.get().into_iter();
        accounts
            .map(|(address, wallet)| {
                let on = move || chosen.get() == Some(address);
                let words = format!("{wallet} · {}", format::short_address(address));
                view! { <option value=address.to_string() prop:selected=on>{words}</option> }
            })
            .collect_view()
    }
}

/// All accounts or one of them; nothing to choose with one account.
#[component]
fn AccountFilter(
    /// The one that is chosen.
    #[prop(into)]
    account: Signal<Option<Address>>,
    /// Takes another one.
    #[prop(into)]
    on_account: Callback<Option<Address>>,
    /// Where a test finds it.
    testid: &'static str,
) -> impl IntoView {
    let accounts = known_accounts(feed().state);
    let several = Memo::new(move |_| accounts.with(|accounts| accounts.len() > 1));
    let choose = move |event: ev::Event| on_account.run(event_target_value(&event).parse().ok());
    view! {
        <Show when=move || several.get()>
            <select class="select" data-testid=testid aria-label=text(Key::Account) on:change=choose>
                <option value="" prop:selected=move || account.get().is_none()>{text(Key::AnyAccount)}</option>
                {account_options(accounts, account)}
            </select>
        </Show>
    }
}

#[component]
fn BalancesCard() -> impl IntoView {
    let (feed, prefs) = (feed(), prefs());
    let accounts = known_accounts(feed.state);
    let rows = Memo::new(move |_| {
        let hidden = prefs.hidden.get();
        let row = |(address, wallet): (Address, String)| Row {
            address,
            wallet,
            balances: feed.state.with(|state| state.balances_of(address)),
            hidden,
        };
        accounts.get().into_iter().map(row).collect::<Vec<_>>()
    });
    let act = session().token_act;
    let close = Callback::new(move |()| act.set(None));
    let dialog = move || {
        Some(match act.get()? {
            TokenAct::Send(from) => view! { <SendDialog from=from on_close=close /> }.into_any(),
            TokenAct::Receive(address) => {
                view! { <ReceiveDialog address=address on_close=close /> }.into_any()
            }
        })
    };
    view! {
        <section class="card holdings" data-testid="token-balances" aria-label=text(Key::BalancesTitle)>
            <header><h2>{text(Key::BalancesTitle)}</h2></header>
            <Table
                id="balance"
                label=Key::BalancesTitle
                columns=columns(act)
                rows=rows
                identity=|row: &Row| format!("{row:?}")
                kind=|row: &Row| row.address.to_string()
                empty=ViewFn::from(|| view! {
                    <p>{text(Key::NoWallets)}</p>
                    <p class="dim small">{text(Key::NoWalletsHint)}</p>
                })
            />
            {dialog}
        </section>
    }
}

fn columns(act: RwSignal<Option<TokenAct>>) -> Vec<Column<Row>> {
    let buttons = move |row: &Row| {
        let address = row.address;
        view! {
            <button type="button" class="link" data-testid="balance-send" on:click=move |_| act.set(Some(TokenAct::Send(address)))>
                {text(Key::SendAction)}
            </button>
            <button type="button" class="link" data-testid="balance-receive" on:click=move |_| act.set(Some(TokenAct::Receive(address)))>
                {text(Key::ReceiveAction)}
            </button>
        }
        .into_any()
    };
    vec![
        Column::new(Key::Wallet, |row: &Row, _| row.wallet.clone())
            .ordered(|a, b| a.wallet.to_lowercase().cmp(&b.wallet.to_lowercase())),
        Column::new(Key::AddressWord, |row: &Row, _| row.address.to_string())
            .shown(|row| view! { <AddressTag address=row.address testid="balance-address" /> }.into_any()),
        Column::new(Key::EtkBalance, |row: &Row, language| etk(row, language))
            .ordered(|a, b| {
                a.balances
                    .map(|held| held.etk)
                    .cmp(&b.balances.map(|held| held.etk))
            })
            .exactly(|row| row.shown(|held| held.etk.to_string()))
            .class("n"),
        Column::new(Key::IdrsBalance, |row: &Row, language| {
            row.shown(|held| format::idrs(language, held.idrs))
        })
        .ordered(|a, b| {
            a.balances
                .map(|held| held.idrs)
                .cmp(&b.balances.map(|held| held.idrs))
        })
        .exactly(|row| row.shown(|held| held.idrs.to_string()))
        .class("n"),
        Column::new(Key::NativeCoin, |row: &Row, language| {
            row.shown(|held| format::coin(language, held.native))
        })
        .ordered(|a, b| {
            a.balances
                .map(|held| held.native)
                .cmp(&b.balances.map(|held| held.native))
        })
        .exactly(|row| row.shown(|held| held.native.to_string()))
        .class("n"),
        Column::buttons(buttons),
    ]
}

fn etk(row: &Row, language: Language) -> String {
    row.shown(|held| format::etk(language, held.etk, Sign::Negative))
}

/// The address of an account, for whoever is to send something there.
#[component]
fn ReceiveDialog(address: Address, on_close: Callback<()>) -> impl IntoView {
    let language = prefs().language;
    let title = Signal::derive(move || Key::ReceiveTitle.text(language.get()).to_owned());
    view! {
        <Dialog testid="receive-dialog" title=title on_close=on_close>
            <p>{text(Key::ReceiveHint)}</p>
            <Qr value=address.to_string() label=Key::AddressQr />
            <p class="whole-address" data-testid="receive-address" data-address=address.to_string()>
                <Grouped address=address />
                <CopyButton value=address.to_string() label=Key::CopyAddress testid="receive-copy" />
            </p>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::wallet;

    #[test]
    fn every_account_has_a_row_with_the_name_of_its_wallet() {
        let (one, two) = (Address([1; 20]), Address([2; 20]));
        let wallets = [wallet("Rumah", one), wallet("Warung", two)];
        let named = accounts(&wallets);
        assert_eq!(named, [(one, "Rumah".to_owned()), (two, "Warung".to_owned())]);
    }

    #[test]
    fn what_is_hidden_or_unknown_is_not_shown() {
        let row = Row {
            address: Address([1; 20]),
            wallet: "Rumah".to_owned(),
            balances: None,
            hidden: true,
        };
        assert_eq!(etk(&row, Language::English), "–");
        let row = Row {
            balances: Some(Balances {
                account: row.address,
                etk: enerlink_domain::Etk(123_456),
                idrs: enerlink_domain::Idrs(0),
                native: enerlink_domain::Wei(0),
                block: 1,
            }),
            ..row
        };
        assert_eq!(etk(&row, Language::English), HIDDEN);
        let open = Row { hidden: false, ..row };
        assert_eq!(etk(&open, Language::English), "1,234.56");
    }
}
