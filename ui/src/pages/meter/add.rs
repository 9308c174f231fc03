//! The steps that add a meter: its broker, which one it is, what it sends, whose it is, and its standing on chain.

mod broker;
mod details;
mod find;
mod listening;
mod registered;
mod test;

use enerlink_domain::{
    Address, MeterId, Sensors,
    device::ElectricalProfile,
    meter,
    reading::Units,
    view::{FoundMeter, MeterDraft},
};
use leptos::prelude::*;

use self::{
    broker::BrokerStep, details::DetailsStep, find::FindStep, listening::Listening,
    registered::RegisteredStep, test::TestStep,
};
pub(super) use self::{
    broker::{BrokerFields, BrokerTyped},
    listening::PATIENCE,
    registered::RegistrationStanding,
};
use crate::{
    components::icon::{Glyph, Icon},
    i18n::{Key, text},
};

/// Where a household stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Broker,
    Find,
    Test,
    Details,
    Registered,
}

impl Step {
    const ALL: [Self; 5] = [
        Self::Broker,
        Self::Find,
        Self::Test,
        Self::Details,
        Self::Registered,
    ];

    fn label(self) -> Key {
        match self {
            Self::Broker => Key::StepBroker,
            Self::Find => Key::StepFind,
            Self::Test => Key::StepTest,
            Self::Details => Key::StepDetails,
            Self::Registered => Key::StepRegistered,
        }
    }

    /// The step before; none from the first and, once the meter is added, from the last.
    fn back(self) -> Option<Self> {
        match self {
            Self::Broker | Self::Registered => None,
            Self::Find => Some(Self::Broker),
            Self::Test => Some(Self::Find),
            Self::Details => Some(Self::Test),
        }
    }
}

/// Everything that was typed and heard; it stays while the steps are walked back and forth.
#[derive(Clone, Copy)]
struct Adding {
    step: RwSignal<Step>,
    broker: BrokerTyped,
    /// Listens to the whole broker.
    finding: Listening,
    /// Listens to one base topic.
    testing: Listening,
    topic: RwSignal<String>,
    /// The id that was chosen among several on one base topic.
    wanted: RwSignal<Option<MeterId>>,
    id: RwSignal<String>,
    name: RwSignal<String>,
    owner: RwSignal<Option<Address>>,
    units: RwSignal<Units>,
    profile: RwSignal<Option<ElectricalProfile>>,
    rated_power: RwSignal<String>,
    settlement_key: RwSignal<bool>,
    take_opening: RwSignal<bool>,
    added: RwSignal<Option<MeterId>>,
}

impl Adding {
    fn new() -> Self {
        Self {
            step: RwSignal::new(Step::Broker),
            broker: BrokerTyped::new("mqtt://127.0.0.1:1883"),
            finding: Listening::new(),
            testing: Listening::new(),
            topic: RwSignal::new("home/energy-monitor".to_owned()),
            wanted: RwSignal::new(None),
            id: RwSignal::new(String::new()),
            name: RwSignal::new(String::new()),
            owner: RwSignal::new(None),
            units: RwSignal::new(Units::Milli),
            profile: RwSignal::new(None),
            rated_power: RwSignal::new(String::new()),
            settlement_key: RwSignal::new(true),
            take_opening: RwSignal::new(false),
            added: RwSignal::new(None),
        }
    }

    fn go(self, step: Step) {
        self.leave_off();
        self.step.set(step);
    }

    fn leave_off(self) {
        self.finding.cancel();
        self.testing.cancel();
    }

    /// Tests this base topic, and forgets what was heard on another one.
    fn test(self, topic: String, wanted: Option<MeterId>) {
        self.topic.set(topic);
        self.wanted.set(wanted);
        self.testing.forget();
        self.go(Step::Test);
    }

    /// The meter that was heard: the wanted one, else the first.
    fn found(self) -> Option<FoundMeter> {
        let wanted = self.wanted.get();
        self.testing.probe.with(|probe| {
            let found = &probe.as_ref()?.found;
            let right = |meter: &&FoundMeter| wanted.is_some() && meter.meter_id == wanted;
            found.iter().find(right).or(found.first()).cloned()
        })
    }

    /// The draft, when everything in it can be read.
    fn draft(self) -> Option<MeterDraft> {
        Some(MeterDraft {
            id: meter_id(&self.id.get_untracked())?,
            name: self.name.get_untracked().trim().to_owned(),
            owner: self.owner.get_untracked(),
            broker: self.broker.draft()?,
            base_topic: meter::base_topic(&self.topic.get_untracked())?,
            units: self.units.get_untracked(),
            profile: self.profile.get_untracked(),
            rated_power_w: watts(&self.rated_power.get_untracked())?,
            settlement_key: self.settlement_key.get_untracked(),
            take_opening: self.take_opening.get_untracked(),
        })
    }
}

pub(super) fn meter_id(text: &str) -> Option<MeterId> {
    text.trim().parse().ok()
}

/// Whole watts above zero; points and commas that group digits are taken out.
pub(super) fn watts(text: &str) -> Option<u32> {
    let digits = text.trim().replace(['.', ',', ' ', '\u{a0}'], "");
    digits.parse().ok().filter(|watts| *watts > 0)
}

/// What stands on the settlement counters, exported and imported, in micro-watt-hours.
fn opening(sensors: &Sensors) -> (u64, u64) {
    let stands = |part: Option<enerlink_domain::Subsystem>| {
        part.and_then(|part| part.settlement_energy).unwrap_or_default().0
    };
    (stands(sensors.export), stands(sensors.import))
}

/// All the steps, one at a time.
#[component]
pub(crate) fn AddMeterSteps(
    /// Leads away: to the meter that was added, or nowhere.
    #[prop(into)]
    on_done: Callback<Option<MeterId>>,
    /// Whether they can be left before the meter is added.
    #[prop(default = true)]
    leaves: bool,
) -> impl IntoView {
    let adding = Adding::new();
    on_cleanup(move || adding.leave_off());
    let step = adding.step;
    let steps = move || {
        let now = step.get();
        Step::ALL
            .map(|known| {
                view! {
                    <li
                        class:done=known < now
                        class:on=known == now
                        aria-current=(known == now).then_some("step")
                    >
                        {text(known.label())}
                    </li>
                }
            })
            .into_iter()
            .collect_view()
    };
    let back = move || {
        step.get().back().map(|before| {
            view! {
                <button type="button" class="link" data-testid="add-back" on:click=move |_| adding.go(before)>
                    <Glyph icon=Icon::Back />
                    {text(Key::Back)}
                </button>
            }
        })
    };
    let leave = move || {
        (leaves && adding.added.with(Option::is_none)).then(|| {
            view! {
                <button type="button" class="link end" data-testid="add-cancel" on:click=move |_| on_done.run(None)>
                    {text(Key::Cancel)}
                </button>
            }
        })
    };
    view! {
        <section class="card form adding" aria-label=text(Key::MeterTitle) data-testid="add-meter">
            <header><h2>{text(Key::MeterTitle)}</h2></header>
            <ol class="steps">{steps}</ol>
            {move || match step.get() {
                Step::Broker => view! { <BrokerStep adding=adding /> }.into_any(),
                Step::Find => view! { <FindStep adding=adding /> }.into_any(),
                Step::Test => view! { <TestStep adding=adding /> }.into_any(),
                Step::Details => view! { <DetailsStep adding=adding /> }.into_any(),
                Step::Registered => view! { <RegisteredStep adding=adding on_done=on_done /> }.into_any(),
            }}
            <div class="row ways">{back}{leave}</div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{MicroWh, Subsystem};

    use super::*;

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
        assert!(meter_id("a b").is_none() && meter_id(" SM-1 ").is_some());
    }

    #[test]
    fn every_step_but_the_first_and_the_last_leads_back() {
        for pair in Step::ALL.windows(2).take(3) {
            assert_eq!(pair[1].back(), Some(pair[0]));
        }
        assert_eq!(Step::Broker.back(), None);
        assert_eq!(Step::Registered.back(), None, "the meter is added by then");
    }

    #[test]
    fn the_opening_balance_is_what_the_settlement_counters_hold() {
        let sensors = Sensors {
            export: Some(Subsystem {
                settlement_energy: Some(MicroWh(5_000_000)),
                ..Subsystem::default()
            }),
            ..Sensors::default()
        };
        assert_eq!(opening(&sensors), (5_000_000, 0));
        assert_eq!(opening(&Sensors::default()), (0, 0));
    }
}
