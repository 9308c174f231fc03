//! Where ETK come from without the market: what is missing, and the address that somebody can send them to.

use enerlink_domain::{Address, Etk};
use leptos::prelude::*;

use crate::{
    components::{
        address::Grouped, amount::concealed, copy::CopyButton, settlement_card::standing::missing_etk,
    },
    feed::feed,
    format::{self, Sign},
    i18n::{Key, say, text},
    live::LiveState,
    prefs::prefs,
};

/// The card.
#[component]
pub(super) fn ReceiveCard() -> impl IntoView {
    let feed = feed();
    let account = Memo::new(move |_| feed.state.with(LiveState::account));
    view! {
        <section class="card market" data-testid="market-receive">
            <header><h2>{text(Key::GetEtk)}</h2></header>
            {move || match account.get() {
                Some(account) => view! { <Receive account=account /> }.into_any(),
                None => view! { <p class="mut">{text(Key::NoWallets)}</p> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Receive(account: Address) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let missing = Memo::new(move |_| feed.state.with(missing_etk));
    let etk = move |amount: Etk| format::etk(language.get(), amount, Sign::Negative);
    let amount = concealed(move || missing.get().map_or_else(String::new, etk));
    let words = move || {
        if missing.get().is_some() {
            say(language.get(), Key::MarketMissing, &[("amount", &amount())])
        } else {
            Key::MarketNothingMissing.text(language.get()).to_owned()
        }
    };
    let whole = account.to_string();
    let copied = whole.clone();
    view! {
        <p data-testid="market-missing">{words}</p>
        <p class="mut">{text(Key::MarketHow)}</p>
        <div class="row whole-address" data-testid="market-address" data-address=whole>
            <Grouped address=account />
            <CopyButton value=copied label=Key::CopyAddress testid="market-copy" />
        </div>
        <p class="aside">{text(Key::MarketLater)}</p>
    }
}
