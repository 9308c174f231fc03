//! What stands in the way of trading, above everything else: a node that is away, a book that cannot be believed.

use enerlink_domain::{
    Code, Error,
    view::{MarketPhase, MarketState},
};
use leptos::prelude::*;

use super::desk::Desk;
use crate::{
    components::{
        icon::{Glyph, Icon},
        problem::{Problem, Weight},
    },
    feed::feed,
    format,
    i18n::{Key, say, text},
    prefs::prefs,
};

/// Why the node does not answer, while it does not.
pub(super) fn away(state: Option<&MarketState>) -> Option<Error> {
    match state.map(|state| &state.phase) {
        Some(MarketPhase::Away { error }) => Some(error.clone()),
        _ => None,
    }
}

/// The lines.
#[component]
pub(super) fn MarketNotices(desk: Desk) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let away = Memo::new(move |_| desk.state.with(|state| away(state.as_ref())));
    let alarm = Memo::new(move |_| {
        desk.state
            .with(|state| state.as_ref().and_then(|state| state.alarm.clone()))
    });
    // That there is no market is the page itself.
    let failure = Memo::new(move |_| {
        let error = desk.view.error.get()?;
        let said = matches!(error.code, Code::NoMarket | Code::NoNetwork);
        let shown = desk.view.value.with(Option::is_some);
        (!said && shown && away.with(Option::is_none)).then_some(error)
    });
    let age = move || {
        let read = desk.of_view(|view| view.now)?;
        let age = u64::try_from(feed.now.get().0 - read.0).unwrap_or(0);
        let age = format::span(language.get(), age);
        Some(say(language.get(), Key::MarketStale, &[("age", &age)]))
    };
    let retry = move || {
        view! {
            <button type="button" class="button quiet small" data-testid="retry" on:click=move |_| desk.read_again()>
                {text(Key::TryAgain)}
            </button>
        }
    };
    view! {
        <div class="notices">
            {move || away.get().map(|error| view! {
                <Problem error=error weight=Weight::Notice>{retry()}</Problem>
                <p class="aside" data-testid="market-stale">{age}</p>
            })}
            {move || failure.get().map(|error| view! { <Problem error=error weight=Weight::Notice>{retry()}</Problem> })}
            {move || alarm.get().map(|alarm| view! {
                <div class="problem" role="alert" data-testid="market-alarm">
                    <Glyph icon=Icon::Warning />
                    <div class="words">
                        <p>{text(Key::MarketAlarm)}</p>
                        <p class="detail">{alarm}</p>
                        <p class="next">{text(Key::MarketAlarmNext)}</p>
                    </div>
                </div>
            })}
        </div>
    }
}
