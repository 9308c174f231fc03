//! A new meter: who it is, where it is heard, what it can carry.

use enerlink_domain::{
    Address, BrokerAddress, Error, MeterId,
    reading::Units,
    view::{BrokerDraft, MeterDraft},
};
use enerlink_ipc::AddMeter;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{
        field::{Field, KeptFocus},
        password::PasswordField,
        problem::Problem,
    },
    feed::feed,
    format,
    i18n::{Key, text},
    ipc,
    live::LiveState,
    prefs::prefs,
    session::{Tone, session},
};

/// What was typed.
#[derive(Clone, Copy)]
struct Typed {
    id: RwSignal<String>,
    name: RwSignal<String>,
    owner: RwSignal<Option<Address>>,
    broker_url: RwSignal<String>,
    broker_password: RwSignal<String>,
    base_topic: RwSignal<String>,
    units: RwSignal<Units>,
    rated_power: RwSignal<String>,
    settlement_key: RwSignal<bool>,
}

impl Typed {
    fn new() -> Self {
        Self {
            id: RwSignal::new(String::new()),
            name: RwSignal::new(String::new()),
            owner: RwSignal::new(None),
            broker_url: RwSignal::new("mqtt://127.0.0.1:1883".to_owned()),
            broker_password: RwSignal::new(String::new()),
            base_topic: RwSignal::new("home/energy-monitor".to_owned()),
            units: RwSignal::new(Units::Milli),
            rated_power: RwSignal::new(String::new()),
            settlement_key: RwSignal::new(true),
        }
    }

    /// The draft, when everything in it can be read.
    fn draft(self) -> Option<MeterDraft> {
        let password = self.broker_password.get_untracked();
        Some(MeterDraft {
            id: meter_id(&self.id.get_untracked())?,
            name: self.name.get_untracked().trim().to_owned(),
            owner: self.owner.get_untracked(),
            broker: BrokerDraft {
                url: broker(&self.broker_url.get_untracked())?,
                password: (!password.is_empty()).then_some(password),
                ..BrokerDraft::default()
            },
            base_topic: topic(&self.base_topic.get_untracked())?,
            units: self.units.get_untracked(),
            profile: None,
            take_opening: false,
            rated_power_w: watts(&self.rated_power.get_untracked())?,
            settlement_key: self.settlement_key.get_untracked(),
        })
    }
}

fn meter_id(text: &str) -> Option<MeterId> {
    text.trim().parse().ok()
}

fn broker(text: &str) -> Option<String> {
    BrokerAddress::parse(text.trim()).map(|broker| broker.url())
}

/// A topic prefix without wildcards and without slashes at its ends.
fn topic(text: &str) -> Option<String> {
    let topic = text.trim().trim_matches('/');
    (!topic.is_empty() && !topic.contains(['+', '#'])).then(|| topic.to_owned())
}

/// Whole watts above zero; points and commas that group digits are taken out.
fn watts(text: &str) -> Option<u32> {
    let digits = text.trim().replace(['.', ',', ' ', '\u{a0}'], "");
    digits.parse().ok().filter(|watts| *watts > 0)
}

/// Everything that is needed to listen to a meter.
#[component]
pub(crate) fn MeterForm() -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let typed = Typed::new();
    let (busy, tried) = (RwSignal::new(false), RwSignal::new(false));
    let error = RwSignal::new(None::<Error>);
    let complain = move |wrong: fn(&str) -> bool, value: RwSignal<String>, key: Key| {
        Signal::derive(move || (tried.get() && value.with(|value| wrong(value))).then_some(key))
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let Some(draft) = typed.draft().filter(|_| !busy.get_untracked()) else {
            return;
        };
        let focus = KeptFocus::now();
        busy.set(true);
        error.set(None);
        spawn_local(async move {
            match ipc::call(&AddMeter { draft }).await {
                Ok(_) => {
                    typed.broker_password.set(String::new());
                    session.say(
                        Tone::Good,
                        Key::MeterAdded.text(language.get_untracked()).to_owned(),
                    );
                    session.form.set(None);
                    feed.refresh_all().await;
                }
                Err(problem) => {
                    error.try_set(Some(problem));
                    busy.try_set(false);
                    focus.give_back();
                }
            }
        });
    };
    view! {
        <section class="card form">
            <header><h2>{text(Key::MeterTitle)}</h2></header>
            <p class="mut">{text(Key::MeterLead)}</p>
            <form on:submit=submit novalidate>
                <fieldset disabled=move || busy.get()>
                    <div class="columns">
                        <Field testid="meter-id" label=Key::MeterId value=typed.id hint=Key::MeterIdHint first=true
                            complaint=complain(|text| meter_id(text).is_none(), typed.id, Key::MeterIdWrong) />
                        <Field testid="meter-name" label=Key::MeterName value=typed.name hint=Key::MeterNameHint />
                        <Field testid="meter-broker" label=Key::BrokerUrl value=typed.broker_url mode="url"
                            hint=Key::BrokerUrlHint
                            complaint=complain(|text| broker(text).is_none(), typed.broker_url, Key::BrokerUrlWrong) />
                        <PasswordField testid="meter-broker-password" label=Key::BrokerPassword
                            value=typed.broker_password />
                        <Field testid="meter-topic" label=Key::BaseTopic value=typed.base_topic hint=Key::BaseTopicHint
                            complaint=complain(|text| topic(text).is_none(), typed.base_topic, Key::BaseTopicWrong) />
                        <Field testid="meter-rated" label=Key::RatedPower value=typed.rated_power mode="numeric"
                            placeholder="5000" hint=Key::RatedPowerHint
                            complaint=complain(|text| watts(text).is_none(), typed.rated_power, Key::RatedPowerWrong) />
                    </div>
                    <OwnerChoice owner=typed.owner />
                    <UnitsChoice units=typed.units />
                    <SettlementKeyChoice chosen=typed.settlement_key />
                    {move || error.get().map(|error| view! { <Problem error=error /> })}
                    <button type="submit" class="button" data-testid="meter-submit">
                        {move || if busy.get() { Key::AddingMeter } else { Key::AddMeter }.text(language.get())}
                    </button>
                </fieldset>
            </form>
        </section>
    }
}

/// Whose meter it is, when there is more than one account; the primary one is proposed.
#[component]
fn OwnerChoice(owner: RwSignal<Option<Address>>) -> impl IntoView {
    let feed = feed();
    let accounts = Memo::new(move |_| feed.state.with(owners));
    let primary = Memo::new(move |_| feed.state.with(|state| state.status.as_ref()?.primary));
    let choose = move |event| owner.set(event_target_value(&event).parse().ok());
    let options = move || {
        let accounts = accounts.get().into_iter();
        accounts
            .map(|(address, words)| {
                let chosen = move || owner.get().or(primary.get()) == Some(address);
                view! { <option value=address.to_string() prop:selected=chosen>{words}</option> }
            })
            .collect_view()
    };
    let several = move || accounts.with(|accounts| accounts.len() > 1);
    view! {
        <Show when=several>
            <div class="field">
                <label for="meter-owner">{text(Key::MeterOwner)}</label>
                <select id="meter-owner" class="select" data-testid="meter-owner" on:change=choose>{options}</select>
                <p class="hint">{text(Key::MeterOwnerHint)}</p>
            </div>
        </Show>
    }
}

/// Every account with the name of its wallet.
fn owners(state: &LiveState) -> Vec<(Address, String)> {
    let wallets = state.status.as_ref().map(|status| &status.wallets);
    let wallets = wallets.into_iter().flatten();
    wallets
        .flat_map(|wallet| {
            wallet.accounts.iter().map(|account| {
                let short = format::short_address(account.address);
                (account.address, format!("{} · {short}", wallet.name))
            })
        })
        .collect()
}

#[component]
fn UnitsChoice(units: RwSignal<Units>) -> impl IntoView {
    let choice = move |value: Units, label: Key, hint: Key, testid: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="meter-units"
                    data-testid=testid
                    prop:checked=move || units.get() == value
                    on:change=move |_| units.set(value)
                />
                <span><b>{text(label)}</b><small>{text(hint)}</small></span>
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend>{text(Key::UnitsTitle)}</legend>
            {choice(Units::Milli, Key::UnitsMilli, Key::UnitsMilliHint, "meter-units-milli")}
            {choice(Units::Base, Key::UnitsBase, Key::UnitsBaseHint, "meter-units-base")}
        </fieldset>
    }
}

#[component]
fn SettlementKeyChoice(chosen: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="choice alone">
            <input type="checkbox" data-testid="meter-settlement-key" bind:checked=chosen />
            <span><b>{text(Key::SettleWhileLocked)}</b><small>{text(Key::SettleWhileLockedHint)}</small></span>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::{ACCOUNT, home, state_with, wallet};

    #[test]
    fn every_account_can_be_the_owner() {
        let mut state = state_with(home());
        if let Some(status) = &mut state.status {
            status.wallets.push(wallet("Warung", Address([9; 20])));
        }
        let owners = owners(&state);
        assert_eq!(
            owners.iter().map(|(address, _)| *address).collect::<Vec<_>>(),
            [ACCOUNT, Address([9; 20])]
        );
        assert!(owners[1].1.starts_with("Warung · 0x"), "{}", owners[1].1);
    }

    #[test]
    fn what_is_typed_is_checked_before_it_is_sent() {
        for (text, expected) in [
            ("5000", Some(5000)),
            ("5.000", Some(5000)),
            (" 5,000 ", Some(5000)),
            ("0", None),
            ("", None),
            ("5k", None),
        ] {
            assert_eq!(watts(text), expected, "{text}");
        }
        for (text, expected) in [
            ("/home/energy/", Some("home/energy")),
            ("", None),
            ("home/#", None),
        ] {
            assert_eq!(topic(text).as_deref(), expected, "{text}");
        }
        assert_eq!(broker("mqtt://pi.local").as_deref(), Some("mqtt://pi.local:1883"));
        assert_eq!(broker("http://pi.local"), None);
        assert!(meter_id("a b").is_none() && meter_id(" SM-1 ").is_some());
    }
}
