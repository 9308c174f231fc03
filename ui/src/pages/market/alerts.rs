//! Price alerts: prices that somebody waits for, how to wait for another one, and what is said when one is reached.

use enerlink_domain::{
    market::{Direction, PriceAlert, Watched},
    view::Alert,
};
use enerlink_ipc::{AddPriceAlert, ListPriceAlerts, RearmPriceAlert, RemovePriceAlert};
use leptos::{ev, prelude::*};

use super::{
    desk::Desk,
    draft::{mistyped, parse},
    figures::Units,
};
use crate::{
    components::{
        doing::Doing,
        icon::{Glyph, Icon},
        loaded::{Loaded, Waiting},
    },
    feed::feed,
    i18n::{Key, Language, say, text},
    live::LiveState,
    prefs::prefs,
};

/// Every price that can be watched, with the word that stands for it in the page.
const WATCHED: [(Watched, &str); 3] = [
    (Watched::Last, "last"),
    (Watched::BestBid, "bid"),
    (Watched::BestAsk, "ask"),
];

/// What a price alert says when it is reached; nothing while it is not known what is traded.
pub(crate) fn alert_news(language: Language, state: &LiveState, alert: &Alert) -> Option<String> {
    let units = Units::usual(state.market.as_ref()?.pair?);
    let price = units.money(language, alert.alert.fired?);
    let waited = alert_words(units, language, &alert.alert);
    Some(say(
        language,
        Key::AlertReached,
        &[("alert", &waited), ("price", &price)],
    ))
}

/// What an alert waits for: `Best ask Rp 1.300 or below`.
fn alert_words(units: Units, language: Language, alert: &PriceAlert) -> String {
    let watched = watched_words(alert.watched).text(language);
    let key = match alert.direction {
        Direction::Above => Key::AlertAbove,
        Direction::Below => Key::AlertBelow,
    };
    let limit = units.money(language, alert.limit);
    say(language, key, &[("watched", watched), ("limit", &limit)])
}

fn watched_words(watched: Watched) -> Key {
    match watched {
        Watched::Last => Key::WatchedLast,
        Watched::BestBid => Key::WatchedBid,
        Watched::BestAsk => Key::WatchedAsk,
    }
}

/// The card.
#[component]
pub(super) fn AlertsCard(desk: Desk) -> impl IntoView {
    let feed = feed();
    let loaded = Loaded::<Vec<Alert>>::new();
    let doing = Doing::new();
    let read = move || loaded.read(ListPriceAlerts {});
    let reached = Memo::new(move |_| feed.state.with(|state| state.price_alert.clone()));
    Effect::new(move || {
        // Read, for a memo that is only tracked is never computed.
        reached.with(|_| ());
        read();
    });
    let known = Memo::new(move |_| loaded.value.with(Option::is_some));
    let alerts = Memo::new(move |_| loaded.value.get().unwrap_or_default());
    view! {
        <section class="card alerts" data-testid="alerts">
            <header><h2>{text(Key::PriceAlerts)}</h2><small>{text(Key::PriceAlertsHint)}</small></header>
            <NewAlert desk=desk doing=doing on_added=move |()| read() />
            {doing.problem()}
            <Show
                when=move || known.get()
                fallback=move || view! { <Waiting error=loaded.error retry=move |()| read() rows=2 /> }
            >
                <ul class="alert-rows">
                    <For each=move || alerts.get() key=|alert| format!("{alert:?}") let:alert>
                        <Row desk=desk alert=alert doing=doing on_changed=move |()| read() />
                    </For>
                </ul>
                {move || alerts.with(Vec::is_empty).then(|| view! {
                    <p class="empty small" data-testid="alerts-empty">{text(Key::NoAlerts)}</p>
                })}
            </Show>
        </section>
    }
}

#[component]
fn Row(desk: Desk, alert: Alert, doing: Doing, #[prop(into)] on_changed: Callback<()>) -> impl IntoView {
    let language = prefs().language;
    let (id, waited) = (alert.id, alert.alert);
    let words = move || Some(alert_words(desk.units.get()?, language.get(), &waited));
    let reached = waited.fired.map(|price| {
        let when = alert.fired_at;
        let words = move || {
            let language = language.get();
            let price = desk.units.get()?.money(language, price);
            let time = when.map(|at| super::moment(language, at)).unwrap_or_default();
            Some(say(
                language,
                Key::AlertWas,
                &[("price", &price), ("time", &time)],
            ))
        };
        let rearm = move |_| {
            doing.call(RearmPriceAlert { id }, move |_| {
                on_changed.try_run(());
            });
        };
        view! {
            <span class="chip good" data-testid="alert-reached">{words}</span>
            <button type="button" class="link" data-testid="alert-rearm" disabled=doing.busy on:click=rearm>
                {text(Key::AlertAgain)}
            </button>
        }
    });
    let remove = move |_| {
        doing.call(RemovePriceAlert { id }, move |()| {
            on_changed.try_run(());
        });
    };
    let label = text(Key::AlertRemove);
    view! {
        <li data-testid="alert-row" data-fired=waited.fired.is_some().to_string()>
            <span>{words}</span>
            {reached}
            <button
                type="button"
                class="end ghost"
                data-testid="alert-remove"
                title=label
                aria-label=label
                disabled=doing.busy
                on:click=remove
            >
                <Glyph icon=Icon::Trash />
            </button>
        </li>
    }
}

/// Waits for another price.
#[component]
fn NewAlert(desk: Desk, doing: Doing, #[prop(into)] on_added: Callback<()>) -> impl IntoView {
    let prefs = prefs();
    let language = prefs.language;
    let watched = RwSignal::new(Watched::Last);
    let direction = RwSignal::new(Direction::Below);
    let limit = RwSignal::new(String::new());
    prefs.on_other_signs(move || limit.set(String::new()));
    let price = Memo::new(move |_| {
        let units = desk.units.get()?;
        let read = parse(language.get(), &limit.get(), |text| {
            units.pair.parse_price(text, units.price)
        });
        Some((units, read))
    });
    let complaint = move || {
        let (units, read) = price.get()?;
        let wrong = read.err().flatten()?;
        Some(mistyped(language.get(), wrong, |price| {
            units.money(language.get(), price)
        }))
    };
    let ready = move || price.get().is_some_and(|(_, read)| read.is_ok()) && !doing.busy.get();
    let add = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some((_, Ok(price))) = price.get_untracked() {
            let alert = PriceAlert::new(watched.get_untracked(), direction.get_untracked(), price);
            doing.call(AddPriceAlert { alert }, move |_| {
                limit.try_set(String::new());
                on_added.try_run(());
            });
        }
    };
    let choose_watched = move |event: ev::Event| {
        let chosen = event_target_value(&event);
        if let Some((of, _)) = WATCHED.into_iter().find(|(_, name)| *name == chosen) {
            watched.set(of);
        }
    };
    let choose_direction = move |event: ev::Event| {
        direction.set(match event_target_value(&event).as_str() {
            "above" => Direction::Above,
            _ => Direction::Below,
        });
    };
    let options = WATCHED.map(|(of, name)| view! { <option value=name>{text(watched_words(of))}</option> });
    view! {
        <form class="new-alert" on:submit=add>
            <select class="select" data-testid="alert-watched" aria-label=text(Key::AlertWatched) on:change=choose_watched>
                {options.into_iter().collect_view()}
            </select>
            <select class="select" data-testid="alert-direction" aria-label=text(Key::AlertDirection) on:change=choose_direction>
                <option value="below">{text(Key::AlertOrBelow)}</option>
                <option value="above">{text(Key::AlertOrAbove)}</option>
            </select>
            <div class="field number" class:wrong=move || complaint().is_some()>
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    spellcheck="false"
                    data-testid="alert-limit"
                    aria-label=text(Key::PriceWord)
                    aria-describedby="alert-limit-hint"
                    placeholder=move || desk.units.get().map(Units::price_symbol)
                    bind:value=limit
                />
            </div>
            <button type="submit" class="button quiet small" data-testid="alert-add" disabled=move || !ready()>
                {text(Key::AlertAdd)}
            </button>
        </form>
        <p class="complaint" id="alert-limit-hint">{complaint}</p>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        UnixMillis,
        market::Price,
        view::{MarketPhase, MarketState},
    };

    use super::{super::figures::tests::units, *};

    fn alert(fired: Option<u16>) -> Alert {
        Alert {
            id: 1,
            alert: PriceAlert {
                fired: fired.and_then(Price::new),
                ..PriceAlert::new(
                    Watched::BestAsk,
                    Direction::Below,
                    Price::new(1300).expect("above zero"),
                )
            },
            created_at: UnixMillis(0),
            fired_at: None,
        }
    }

    #[test]
    fn an_alert_says_what_it_waits_for_and_what_came() {
        let words = alert_words(units(), Language::English, &alert(None).alert);
        assert_eq!(words.replace('\u{a0}', " "), "Best ask Rp 1,300 or below");
        let mut state = LiveState::default();
        assert_eq!(alert_news(Language::English, &state, &alert(Some(1290))), None);
        state.market = Some(MarketState {
            market: None,
            phase: MarketPhase::Live,
            block: Some(1),
            pair: Some(units().pair),
            stats: None,
            alarm: None,
        });
        let news = alert_news(Language::English, &state, &alert(Some(1290))).expect("news");
        assert!(news.contains("1,290"), "{news}");
        assert_eq!(alert_news(Language::English, &state, &alert(None)), None);
    }
}
