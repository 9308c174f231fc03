//! What the market page shows and what is typed into it: one view of the core, read again whenever something happened.

use enerlink_domain::{
    Address, Code, Error, TxStage,
    event::Balances,
    market::{Price, Ticket},
    view::{MarketPhase, MarketQuery, MarketState, MarketView, Order},
};
use enerlink_ipc::ReadMarket;
use leptos::prelude::*;

use super::{draft::Complaints, figures::Units, form::Form};
use crate::{
    components::latest::Latest,
    feed::{Feed, feed},
    i18n::Language,
    live::LiveState,
    prefs::prefs,
};

/// Rows of each side of the book.
pub(super) const ROWS: u16 = 12;
/// Trades of the tape.
const TAPE: u16 = 30;

/// Whether the page has something to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The core has not answered yet.
    Loading,
    /// There is no market.
    Missing,
    /// Its events are being read: up to this block, of so many.
    Reading(u64, u64),
    /// There is a book, live or of a moment ago.
    Book,
}

/// The page's own state, as signals.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// What was read last.
    pub view: Latest<MarketQuery, ReadMarket>,
    /// Prices in a row of the book.
    pub group: RwSignal<u16>,
    /// The account that trades.
    pub account: Memo<Option<Address>>,
    /// How the market is.
    pub state: Memo<Option<MarketState>>,
    /// In what prices and amounts are shown, once it is known what is traded.
    pub units: Memo<Option<Units>>,
    /// What is typed.
    pub form: Form,
    /// The language that is typed and read.
    pub language: RwSignal<Language>,
    held: Memo<Option<Balances>>,
    feed: Feed,
    again: RwSignal<u32>,
}

impl Desk {
    /// A page that has read nothing yet, and reads from now on.
    pub(super) fn open() -> Self {
        let feed = feed();
        let view = Latest::<MarketQuery, ReadMarket>::new();
        let form = expect_context::<Form>();
        let account = Memo::new(move |_| {
            let chosen = form.chosen.get();
            feed.state.with(|state| {
                let known = accounts(state);
                chosen
                    .filter(|chosen| known.contains(chosen))
                    .or_else(|| state.account())
            })
        });
        let held = Memo::new(move |_| {
            let account = account.get()?;
            feed.state.with(|state| state.balances_of(account))
        });
        let state = Memo::new(move |_| {
            let read = view
                .value
                .with(|value| value.as_ref().map(|(_, view)| view.state.clone()));
            feed.state.with(|state| state.market.clone()).or(read)
        });
        let units = Memo::new(move |_| {
            let pair = state.with(|state| state.as_ref().and_then(|state| state.pair))?;
            Some(Units {
                pair,
                price: form.price_unit.get(),
                amount: form.amount_unit.get(),
            })
        });
        let desk = Self {
            view,
            group: RwSignal::new(1),
            account,
            state,
            units,
            form,
            language: prefs().language,
            held,
            feed,
            again: RwSignal::new(0),
        };
        desk.follow();
        desk
    }

    /// Reads the view now, and whenever the market, an order of the wallet or the grouping has changed.
    fn follow(self) {
        let feed = self.feed;
        let happened = Memo::new(move |_| {
            feed.state.with(|state| {
                let market = state.market.as_ref().map(|market| (market.block, market.stats));
                let order = state
                    .order
                    .as_ref()
                    .map(|order| (order.number, order.left, order.filled));
                (market, order)
            })
        });
        Effect::new(move || {
            self.again.track();
            // Read, for a memo that is only tracked is never computed.
            happened.with(|_| ());
            feed.read_at.track();
            let query = MarketQuery {
                group: self.group.get(),
                rows: ROWS,
                tape: TAPE,
            };
            self.view.ask(query, ReadMarket { query });
        });
    }

    /// Reads it again.
    pub(super) fn retry(self) -> Callback<()> {
        Callback::new(move |()| self.read_again())
    }

    /// The same, now; the page may be gone meanwhile.
    pub(super) fn read_again(self) {
        self.again.try_update(|again| *again += 1);
    }

    /// Something of the view.
    pub(super) fn of_view<T>(self, pick: impl Fn(&MarketView) -> T) -> Option<T> {
        self.view
            .value
            .with(|value| value.as_ref().map(|(_, view)| pick(view)))
    }

    /// Whether there is something to show.
    pub(super) fn content(self) -> Content {
        let missing = self.view.error.with(|error| is_missing(error.as_ref()));
        let read = self.view.value.with(Option::is_some);
        self.state
            .with(|state| match state.as_ref().map(|state| &state.phase) {
                Some(MarketPhase::Missing) => Content::Missing,
                Some(MarketPhase::Reading { block, head }) => Content::Reading(*block, *head),
                _ if missing => Content::Missing,
                Some(MarketPhase::Live | MarketPhase::Away { .. }) if read => Content::Book,
                Some(MarketPhase::Live | MarketPhase::Away { .. }) | None => Content::Loading,
            })
    }

    /// What the account holds.
    pub(super) fn balances(self) -> Option<Balances> {
        self.held.get()
    }

    /// What can be paid with: what the account holds, and the transaction whose stage was told last, which may take some.
    pub(super) fn means(self) -> (Option<Balances>, Option<(i64, TxStage)>) {
        let told = self
            .feed
            .state
            .with(|state| state.transaction.as_ref().map(|row| (row.id, row.stage)));
        (self.balances(), told)
    }

    /// The ticket, or what cannot be understood of it.
    pub(super) fn ticket(self) -> Option<Result<Ticket, Complaints>> {
        let (units, account) = (self.units.get()?, self.account.get()?);
        Some(self.form.draft().ticket(units, self.language.get(), account))
    }

    /// Fills the ticket's price.
    pub(super) fn fill_price(self, price: Price) {
        if let Some(units) = self.units.get_untracked() {
            let text = units.typed_price(self.language.get_untracked(), price);
            self.form.price.set(text);
        }
    }

    /// The wallet's open orders.
    pub(super) fn own(self) -> Vec<Order> {
        self.of_view(|view| view.own.clone()).unwrap_or_default()
    }
}

/// Every account of the wallet.
pub(super) fn accounts(state: &LiveState) -> Vec<Address> {
    let wallets = state.status.iter().flat_map(|status| &status.wallets);
    wallets
        .flat_map(|wallet| wallet.accounts.iter().map(|account| account.address))
        .collect()
}

fn is_missing(error: Option<&Error>) -> bool {
    error.is_some_and(|error| matches!(error.code, Code::NoMarket | Code::NoNetwork))
}
