//! Today's energy in five tiles.

use std::time::Duration;

use enerlink_domain::{MicroWatts, MicroWh, NetMicroWh, figure::percent, view::DayEnergy};
use leptos::prelude::*;

use crate::{
    feed::feed,
    format::{self, Sign},
    i18n::{Key, Language, say, text},
    prefs::prefs,
};

/// Produced, used, exported, imported, self-sufficiency.
#[component]
pub(crate) fn Tiles() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let today = Memo::new(move |_| {
        feed.state
            .with(|state| state.home.as_ref().map(|home| home.today))
            .unwrap_or_default()
    });
    let heard = Memo::new(move |_| {
        let curve = feed.curve.get()?;
        Some(feed.read_at.get().since(curve.points.first()?.at))
    });
    let energy = move |label: Key,
                       tone: &'static str,
                       testid: &'static str,
                       pick: fn(&DayEnergy) -> MicroWh,
                       note: fn(Language, &DayEnergy, Option<Duration>) -> String| {
        let figure = move || format::energy(language.get(), pick(&today.get()));
        view! {
            <Tile label=label tone=tone>
                <div class="big" title=move || format::exact_energy(language.get(), i128::from(pick(&today.get()).0))>
                    <span data-testid=testid>{move || figure().value}</span>
                    <small>{move || figure().unit}</small>
                </div>
                <div class="dim small">{move || note(language.get(), &today.get(), heard.get())}</div>
            </Tile>
        }
    };
    let sufficiency = move || {
        today
            .get()
            .self_sufficiency()
            .map_or("–".to_owned(), |share| share.to_string())
    };
    view! {
        <div class="tiles">
            {energy(Key::Produced, "solar", "today-produced", |day| day.produced, produced_note)}
            {energy(Key::Used, "home", "today-used", |day| day.used, used_note)}
            {energy(Key::Exported, "export", "today-exported", |day| day.exported, exported_note)}
            {energy(Key::Imported, "import", "today-imported", |day| day.imported, imported_note)}
            <Tile label=Key::SelfSufficiency tone="accent">
                <div class="big">
                    <span data-testid="today-sufficiency">{sufficiency}</span>
                    <small>"%"</small>
                </div>
                <div class="dim small">{text(Key::SelfSufficiencyHint)}</div>
            </Tile>
        </div>
    }
}

/// A figure in a card of its own.
#[component]
pub(crate) fn Tile(
    /// What it is.
    label: Key,
    /// The colour of its dot.
    tone: &'static str,
    /// What it means, on hover.
    #[prop(optional)]
    hint: Option<Key>,
    /// The figure and what is said about it.
    children: Children,
) -> impl IntoView {
    let language = prefs().language;
    view! {
        <div class="card tile" title=move || hint.map(|hint| hint.text(language.get()))>
            <div class="mut small label">
                <span class=format!("dot {tone}")></span>
                {text(label)}
            </div>
            {children()}
        </div>
    }
}

fn produced_note(language: Language, day: &DayEnergy, _: Option<Duration>) -> String {
    match day.self_consumption() {
        Some(share) => say(language, Key::UsedAtHome, &[("share", &share.to_string())]),
        None => Key::NothingYet.text(language).to_owned(),
    }
}

/// The average since the day's first message; for the first minute it would say nothing.
fn used_note(language: Language, day: &DayEnergy, heard: Option<Duration>) -> String {
    let heard = heard.filter(|heard| *heard >= Duration::from_secs(60));
    let (Some(heard), true) = (heard, day.used > MicroWh::ZERO) else {
        return Key::NothingYet.text(language).to_owned();
    };
    let average = u128::from(day.used.0) * 3_600_000 / heard.as_millis();
    let average = MicroWatts(i64::try_from(average).unwrap_or(i64::MAX));
    say(
        language,
        Key::OnAverage,
        &[("power", &format::power(language, average))],
    )
}

fn exported_note(language: Language, day: &DayEnergy, _: Option<Duration>) -> String {
    if day.exported == MicroWh::ZERO && day.imported == MicroWh::ZERO {
        return Key::NothingYet.text(language).to_owned();
    }
    let net = NetMicroWh::between(day.exported, day.imported);
    say(
        language,
        Key::NetOfDay,
        &[("energy", &format::net_energy(language, net, Sign::Always).text())],
    )
}

fn imported_note(language: Language, day: &DayEnergy, _: Option<Duration>) -> String {
    match percent(day.imported, day.used) {
        Some(share) => say(language, Key::ShareOfUse, &[("share", &share.to_string())]),
        None => Key::NothingYet.text(language).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_covers_the_time_that_was_heard() {
        let day = DayEnergy {
            used: MicroWh(100_000_000),
            ..DayEnergy::default()
        };
        let note = |heard: Option<u64>| used_note(Language::English, &day, heard.map(Duration::from_secs));
        assert_eq!(note(Some(900)), "0.40\u{a0}kW on average");
        assert_eq!(note(Some(36_000)), "10.00\u{a0}W on average");
        assert_eq!(note(Some(59)), "nothing yet");
        assert_eq!(note(None), "nothing yet");
    }
}
