//! The figures of a period in tiles, each with how it stands to the period before.

use leptos::prelude::*;

use super::{
    Shown,
    figures::{AmountWords as _, Change, ChangeWords as _, Figure, FigureWords as _},
    period::Scale,
};
use crate::{
    components::{
        amount::concealed,
        icon::{Glyph, Icon},
        tiles::Tile,
    },
    feed::feed,
    format::{self, Room},
    household::household,
    i18n::{Key, Language, say},
    ipc,
    prefs::prefs,
};

/// All ten.
#[component]
pub(super) fn EnergyTiles(
    /// What they are about.
    shown: Memo<Option<Shown>>,
) -> impl IntoView {
    let (feed, household, language) = (feed(), household(), prefs().language);
    let tile = move |figure: Figure| {
        let amount = Memo::new(move |_| {
            let tariff = household.tariff();
            shown.with(|shown| shown.as_ref().map(|shown| figure.of(&shown.history, tariff)))
        });
        let change = Memo::new(move |_| {
            let (amount, tariff) = (amount.get()?, household.tariff());
            shown.with(|shown| {
                let before = shown.as_ref()?.before.as_ref()?;
                Some(amount.since(figure.of(before, tariff)))
            })
        });
        let plain = move || {
            amount.get().map_or(("–".to_owned(), ""), |amount| {
                amount.words(language.get(), Room::Little)
            })
        };
        let digits = concealed(move || plain().0);
        let shown_digits = move || if figure.is_private() { digits() } else { plain().0 };
        let words = move || {
            let change = change.get().unwrap_or(Change::Unknown);
            amount.get().map(|amount| change.words(language.get(), amount))
        };
        let arrow = move || {
            change.get()?.is_up().map(|up| {
                let icon = if up { Icon::Up } else { Icon::Down };
                view! { <Glyph icon=icon /> }
            })
        };
        view! {
            <Tile label=figure.label() tone=figure.tone() hint=figure.meaning()>
                <div class="big">
                    <span data-testid=format!("energy-{}", figure.as_str())>{shown_digits}</span>
                    <small>{move || plain().1}</small>
                </div>
                <div class="dim small change" data-testid=format!("change-{}", figure.as_str())>{arrow}{words}</div>
            </Tile>
        }
    };
    let compared = move || {
        shown.with(|shown| {
            shown
                .as_ref()
                .map(|shown| compared_words(language.get(), shown, feed.read_at.get()))
        })
    };
    view! {
        <div class="tiles" data-testid="energy-tiles">{Figure::ALL.map(tile).into_iter().collect_view()}</div>
        <p class="aside compared" data-testid="energy-compared">{compared}</p>
    }
}

/// What the figures are compared with.
fn compared_words(language: Language, shown: &Shown, now: enerlink_domain::UnixMillis) -> String {
    let zone = ipc::utc_offset_minutes;
    let before = shown.period.shifted(-1).label(language);
    let period = [("period", before.as_str())];
    if shown.before.is_none() {
        return say(language, Key::NotCompared, &period);
    }
    let (_, until) = shown.period.before(now, zone);
    if now >= shown.period.to(zone) {
        return say(language, Key::ComparedWith, &period);
    }
    let offset = zone(until.0);
    let time = match shown.period.scale {
        Scale::Day => format::time_of_day(until, offset),
        Scale::Week | Scale::Month | Scale::Year | Scale::Range => format!(
            "{} {}",
            format::day_and_month(language, until, offset),
            format::time_of_day(until, offset)
        ),
    };
    say(
        language,
        Key::ComparedUntil,
        &[("period", &before), ("time", &time)],
    )
}
