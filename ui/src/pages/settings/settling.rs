//! How settlement and guard behave: for every meter of an account, or for one meter over its account. Beside each value
//! stands who decides it; what the environment decides cannot be changed here, and says so.

mod form;
mod sources;

use enerlink_domain::{
    Address, MeterId,
    choice::{SettlingChoice, SettlingView},
};
use enerlink_ipc::{PauseSettling, ReadSettling};
use leptos::{ev, prelude::*};

use crate::{
    components::{doing::Doing, loaded::Waiting},
    feed::feed,
    format,
    household::household,
    i18n::{Key, say, text},
    pages::energy::ratio_words,
    prefs::prefs,
};

use form::ChoiceForm;

/// Whose choice is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    owner: Address,
    meter: Option<MeterId>,
}

impl Scope {
    /// Every scope of a view: each account, then each of its meters.
    fn all(view: &SettlingView) -> Vec<Self> {
        let of = |owner: Address| {
            let meters = view.meters.iter().filter(move |meter| meter.owner == owner);
            let meters = meters.map(move |meter| Self {
                owner,
                meter: Some(meter.meter_id.clone()),
            });
            std::iter::once(Self { owner, meter: None }).chain(meters)
        };
        view.accounts.iter().flat_map(|(owner, _)| of(*owner)).collect()
    }

    /// What was chosen for it.
    fn choice(&self, view: &SettlingView) -> SettlingChoice {
        let chosen = match &self.meter {
            Some(id) => view
                .meters
                .iter()
                .find(|meter| meter.meter_id == *id)
                .map(|meter| meter.choice),
            None => view
                .accounts
                .iter()
                .find(|(owner, _)| *owner == self.owner)
                .map(|(_, choice)| *choice),
        };
        chosen.unwrap_or_default()
    }
}

/// The card.
#[component]
pub(super) fn SettlingCard() -> impl IntoView {
    let loaded = household().settling;
    let read = move || loaded.read(ReadSettling {});
    read();
    let known = Memo::new(move |_| loaded.value.with(Option::is_some));
    let none = Memo::new(move |_| {
        loaded
            .value
            .with(|view| view.as_ref().is_some_and(|view| view.accounts.is_empty()))
    });
    view! {
        <section class="card" data-testid="settling-card">
            <header><h2>{text(Key::SettlingSettings)}</h2></header>
            <p class="aside">{text(Key::SettlingSettingsHint)}</p>
            {move || match (known.get(), none.get()) {
                (false, _) => view! { <Waiting error=loaded.error retry=move |()| read() rows=5 /> }.into_any(),
                (true, true) => view! { <p class="mut" data-testid="settling-empty">{text(Key::NoMeters)}</p> }.into_any(),
                (true, false) => view! { <Choices view=loaded.value /> }.into_any(),
            }}
        </section>
    }
}

/// Whose choice, the form, and what the contract says.
#[component]
fn Choices(view: RwSignal<Option<SettlingView>>) -> impl IntoView {
    let scopes = Memo::new(move |_| view.with(|view| view.as_ref().map(Scope::all).unwrap_or_default()));
    let chosen = RwSignal::new(0_usize);
    let scope =
        Memo::new(move |_| scopes.with(|scopes| scopes.get(chosen.get()).or(scopes.first()).cloned()));
    view! {
        <Pause view=view />
        <ScopeChoice scopes=scopes chosen=chosen />
        {move || scope.get().map(|scope| view! { <ChoiceForm view=view scope=scope /> })}
        <Terms view=view />
    }
}

/// The switch over everything that is chosen below.
#[component]
fn Pause(view: RwSignal<Option<SettlingView>>) -> impl IntoView {
    let doing = Doing::new();
    let paused = Memo::new(move |_| view.with(|view| view.as_ref().is_some_and(|view| view.paused)));
    let change = move |event| {
        let paused = event_target_checked(&event);
        doing.call(PauseSettling { paused }, move |now| view.set(Some(now)));
    };
    view! {
        <label class="setting">
            <div><b>{text(Key::VerbPause)}</b><small>{text(Key::PauseHint)}</small></div>
            <input
                type="checkbox"
                class="switch"
                data-testid="settling-paused"
                prop:checked=paused
                disabled=doing.busy
                on:change=change
            />
        </label>
        {doing.problem()}
    }
}

#[component]
fn ScopeChoice(scopes: Memo<Vec<Scope>>, chosen: RwSignal<usize>) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let words = move |scope: &Scope| match &scope.meter {
        Some(id) => {
            let name = feed.state.with(|state| state.name_of(id));
            say(language.get(), Key::OnlyMeter, &[("meter", &name)])
        }
        None => {
            let account = format::short_address(scope.owner);
            say(language.get(), Key::AllMetersOf, &[("account", &account)])
        }
    };
    let choose = move |event: ev::Event| {
        if let Ok(at) = event_target_value(&event).parse() {
            chosen.set(at);
        }
    };
    let options = move || {
        let option = |(at, scope): (usize, Scope)| {
            let label = move || words(&scope);
            view! { <option value=at.to_string() prop:selected=move || chosen.get() == at>{label}</option> }
        };
        scopes.get().into_iter().enumerate().map(option).collect_view()
    };
    view! {
        <div class="setting">
            <div><b>{text(Key::SettlingScope)}</b><small>{text(Key::SettlingScopeHint)}</small></div>
            <select class="select" data-testid="settling-scope" aria-label=text(Key::SettlingScope) on:change=choose>
                {options}
            </select>
        </div>
    }
}

/// What the contract decides, which nobody changes here.
#[component]
fn Terms(view: RwSignal<Option<SettlingView>>) -> impl IntoView {
    let language = prefs().language;
    let of = move |pick: fn(&SettlingView) -> Option<u64>| {
        Memo::new(move |_| view.with(|view| view.as_ref().and_then(pick)))
    };
    let ratio = of(|view| view.ratio);
    let minimum = of(|view| view.contract_minimum.map(|minimum| minimum.0));
    let estimate = Memo::new(move |_| view.with(|view| view.as_ref().and_then(|view| view.estimate_ratio)));
    let unread = move || Key::NotReadYet.text(language.get()).to_owned();
    let ratio_words_now = move || {
        let ratio = ratio.get();
        ratio.map_or_else(unread, |ratio| ratio_words(language.get(), ratio))
    };
    let minimum_words = move || {
        let minimum = minimum.get();
        minimum.map_or_else(unread, |minimum| {
            format!("{}\u{a0}Wh", format::count(language.get(), minimum))
        })
    };
    view! {
        <dl class="figures wide terms">
            <div><dt>{text(Key::ContractRatio)}</dt><dd data-testid="settling-ratio">{ratio_words_now}</dd></div>
            <div><dt>{text(Key::ContractMinimum)}</dt><dd data-testid="settling-contract-minimum">{minimum_words}</dd></div>
            {move || estimate.get().map(|ratio| view! {
                <div><dt>{text(Key::EstimateRatio)}</dt><dd data-testid="settling-estimate-ratio">{ratio_words(language.get(), ratio.value)}" · CONVERSION_RATIO_WH_TO_ETK "{text(sources::source_words(ratio.source))}</dd></div>
            })}
        </dl>
        <p class="aside">{text(Key::TermsHint)}</p>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::choice::{MeterSettling, SettlingInEffect, Source, Sourced};

    use super::*;

    fn view() -> SettlingView {
        let sourced = |value| Sourced {
            value,
            source: Source::Default,
        };
        let wh = |value| Sourced {
            value: enerlink_domain::WattHours(value),
            source: Source::Default,
        };
        let meter = |id: &str, owner: u8| MeterSettling {
            meter_id: id.parse().expect("a meter id"),
            owner: Address([owner; 20]),
            choice: SettlingChoice {
                guard: Some(owner == 2),
                ..SettlingChoice::default()
            },
            effect: SettlingInEffect {
                automatic: sourced(true),
                period_minutes: Sourced {
                    value: 5,
                    source: Source::Default,
                },
                minimum: wh(100),
                early: wh(0),
                guard: sourced(true),
            },
        };
        let own = SettlingChoice {
            automatic: Some(false),
            ..SettlingChoice::default()
        };
        SettlingView {
            accounts: vec![
                (Address([1; 20]), own),
                (Address([2; 20]), SettlingChoice::default()),
            ],
            meters: vec![meter("A", 1), meter("B", 2), meter("C", 1)],
            ratio: None,
            contract_minimum: None,
            estimate_ratio: None,
            paused: false,
        }
    }

    #[test]
    fn each_account_is_followed_by_its_meters_and_each_scope_has_its_own_choice() {
        let view = view();
        let scopes = Scope::all(&view);
        let names: Vec<String> = scopes
            .iter()
            .map(|scope| {
                let meter = scope.meter.as_ref().map(ToString::to_string);
                format!("{}{}", scope.owner.0[0], meter.unwrap_or_default())
            })
            .collect();
        assert_eq!(names, ["1", "1A", "1C", "2", "2B"]);
        assert_eq!(scopes[0].choice(&view).automatic, Some(false));
        assert_eq!(scopes[1].choice(&view).automatic, None);
        assert_eq!(scopes[4].choice(&view).guard, Some(true));
    }
}
