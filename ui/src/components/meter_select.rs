//! Which meter, when there are several.

use enerlink_domain::MeterId;
use leptos::{ev, prelude::*};

use crate::{
    feed::feed,
    i18n::{Key, say, text},
    live::LiveState,
    prefs::prefs,
};

/// What can be chosen besides the meters in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Also {
    /// Nothing.
    Nothing,
    /// Retired meters.
    Retired,
    /// Retired meters, and all meters together.
    All,
}

/// A meter that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    id: MeterId,
    name: String,
    retired: bool,
}

fn choices(state: &LiveState, also: Also) -> Vec<Choice> {
    let meters = state.meters.iter().flatten().map(|view| Choice {
        id: view.meter.id.clone(),
        name: view.meter.name.clone(),
        retired: view.meter.retired_at.is_some(),
    });
    meters
        .filter(|choice| !choice.retired || also != Also::Nothing)
        .collect()
}

/// One meter of several; nothing to choose with one meter.
#[component]
pub(crate) fn MeterSelect(
    /// The one that is chosen; none is all of them.
    #[prop(into)]
    meter: Signal<Option<MeterId>>,
    /// Takes another one.
    #[prop(into)]
    on_meter: Callback<Option<MeterId>>,
    /// What can be chosen besides meters in use.
    also: Also,
    /// Where a test finds it.
    testid: &'static str,
) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let meters = Memo::new(move |_| feed.state.with(|state| choices(state, also)));
    let options = move || {
        let option = |Choice { id, name, retired }| {
            let words = if retired {
                say(language.get(), Key::RetiredMeter, &[("name", &name)])
            } else {
                name
            };
            let chosen = meter.get().as_ref() == Some(&id);
            view! { <option value=id.to_string() selected=chosen>{words}</option> }
        };
        meters.get().into_iter().map(option).collect_view()
    };
    let all = move || {
        (also == Also::All).then(|| {
            view! { <option value="" selected=move || meter.get().is_none()>{text(Key::AllMeters)}</option> }
        })
    };
    let choose = move |event: ev::Event| on_meter.run(event_target_value(&event).parse().ok());
    let several = Memo::new(move |_| meters.with(|meters| meters.len() > 1));
    move || {
        several.get().then(|| {
            view! {
                <select class="select" data-testid=testid aria-label=text(Key::Meter) on:change=choose>
                    {all}
                    {options}
                </select>
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::UnixMillis;

    use super::*;
    use crate::live::tests::{home, state_with};

    #[test]
    fn a_retired_meter_can_be_chosen_only_where_its_past_is_shown() {
        let mut state = state_with(home());
        assert_eq!(
            choices(&LiveState::default(), Also::All),
            [],
            "nothing is known yet"
        );
        let one = home().meter.expect("a meter");
        let mut other = one.clone();
        other.meter.id = "SM-002".parse().expect("an id");
        other.meter.retired_at = Some(UnixMillis(1));
        state.meters = Some(vec![one, other]);
        for (also, listed) in [(Also::Nothing, 1), (Also::Retired, 2), (Also::All, 2)] {
            assert_eq!(choices(&state, also).len(), listed, "{also:?}");
        }
    }
}
