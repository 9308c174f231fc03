//! The statistics strip: the market of the last 24 hours at a glance.

use enerlink_domain::market::{MarketStats, Price, Totals};
use leptos::prelude::*;

use super::{book::Change, desk::Desk, figures::Units};
use crate::{
    format::{self, Room},
    household::household,
    i18n::{Key, Language, text},
    prefs::prefs,
};

/// What stands for a figure that there is none of.
const NONE: &str = "–";

/// The strip.
#[component]
pub(super) fn Strip(desk: Desk) -> impl IntoView {
    let (language, household) = (prefs().language, household());
    let stats = Memo::new(move |_| {
        desk.state
            .with(|state| state.as_ref().and_then(|state| state.stats))
    });
    let figure = move |words: fn(Units, Language, &MarketStats) -> String| {
        move || match (desk.units.get(), stats.get()) {
            (Some(units), Some(stats)) => words(units, language.get(), &stats),
            (_, _) => NONE.to_owned(),
        }
    };
    let tariff = move || format::rupiah(language.get(), household.tariff().into(), Room::Enough);
    view! {
        <dl class="card strip" data-testid="market-stats">
            <div>
                <dt>{text(Key::LastWord)}</dt>
                <dd data-testid="stat-last">{figure(|units, language, stats| money(units, language, stats.last))}</dd>
            </div>
            <div>
                <dt>{text(Key::ChangeWord)}</dt>
                <dd>
                    <Change change=Signal::derive(move || stats.get().and_then(|stats| stats.change_bps)) />
                    {move || stats.get().and_then(|stats| stats.change_bps).is_none().then_some(NONE)}
                </dd>
            </div>
            <div>
                <dt>{text(Key::BestWord)}</dt>
                <dd data-testid="stat-best">
                    <span class="bid">{figure(|units, language, stats| price(units, language, stats.best_bid))}</span>
                    " / "
                    <span class="ask">{figure(|units, language, stats| price(units, language, stats.best_ask))}</span>
                </dd>
            </div>
            <div>
                <dt>{text(Key::HighWord)}</dt>
                <dd>{figure(|units, language, stats| price(units, language, stats.high))}</dd>
            </div>
            <div>
                <dt>{text(Key::LowWord)}</dt>
                <dd>{figure(|units, language, stats| price(units, language, stats.low))}</dd>
            </div>
            <div>
                <dt>{text(Key::DayVolume)}</dt>
                <dd data-testid="stat-volume">{figure(|units, language, stats| units.energy(language, stats.lots))}</dd>
            </div>
            <div>
                <dt>{text(Key::AverageWord)}</dt>
                <dd>{figure(|units, language, stats| {
                    stats.average.map_or_else(|| NONE.to_owned(), |average| units.rate(language, average))
                })}</dd>
            </div>
            <div>
                <dt>{text(Key::LiquidityWord)}</dt>
                <dd title=text(Key::LiquidityHint)>{figure(|units, language, stats| {
                    liquidity(units, language, stats.bids, stats.asks)
                })}</dd>
            </div>
            <div>
                <dt>{text(Key::TariffWord)}</dt>
                <dd>{tariff}</dd>
            </div>
        </dl>
    }
}

fn money(units: Units, language: Language, price: Option<Price>) -> String {
    price.map_or_else(|| NONE.to_owned(), |price| units.money(language, price))
}

fn price(units: Units, language: Language, price: Option<Price>) -> String {
    price.map_or_else(|| NONE.to_owned(), |price| units.price(language, price))
}

/// What rests on both sides.
fn liquidity(units: Units, language: Language, bids: Totals, asks: Totals) -> String {
    let bids = units.amount(language, bids.lots);
    format!("{bids} / {}", units.energy(language, asks.lots))
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Idrs, market::TotalLots};

    use super::{super::figures::tests::units, *};

    #[test]
    fn what_there_is_none_of_is_a_dash() {
        assert_eq!(money(units(), Language::English, None), "–");
        assert_eq!(price(units(), Language::English, Price::new(1445)), "1,445");
        let totals = |lots| Totals {
            orders: 1,
            lots: TotalLots(lots),
            value: Idrs::ZERO,
        };
        let words = liquidity(units(), Language::English, totals(150), totals(20));
        assert_eq!(words.replace('\u{a0}', " "), "1.50 / 0.2 kWh");
    }
}
