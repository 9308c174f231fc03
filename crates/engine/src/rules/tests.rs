//! Who rules over whom, setting by setting.

use enerlink_domain::{BrokerAddress, UnixMillis, command::Capabilities, device::UnitsCheck, reading::Units};

use super::*;

/// Who may name a setting, the strongest first.
const LAYERS: [Source; 4] = [
    Source::Environment,
    Source::EnvFile,
    Source::Meter,
    Source::Account,
];

/// One setting: how it is named, one way or the other, and how it is read.
type Setting = (
    fn(&mut SettlingChoice, bool),
    fn(&SettlingInEffect) -> (bool, Source),
);

const SETTINGS: [Setting; 5] = [
    (
        |choice, value| choice.automatic = Some(value),
        |effect| (effect.automatic.value, effect.automatic.source),
    ),
    (
        |choice, value| choice.period_minutes = Some(if value { 7 } else { 8 }),
        |effect| (effect.period_minutes.value == 7, effect.period_minutes.source),
    ),
    (
        |choice, value| choice.minimum = Some(WattHours(if value { 70 } else { 80 })),
        |effect| (effect.minimum.value == WattHours(70), effect.minimum.source),
    ),
    (
        |choice, value| choice.early = Some(WattHours(if value { 90 } else { 95 })),
        |effect| (effect.early.value == WattHours(90), effect.early.source),
    ),
    (
        |choice, value| choice.guard = Some(value),
        |effect| (effect.guard.value, effect.guard.source),
    ),
];

fn meter() -> Meter {
    Meter {
        id: "METER-001".parse().expect("an id"),
        name: String::new(),
        owner: Address([1; 20]),
        broker: BrokerAddress::parse("mqtt://localhost").expect("an address"),
        base_topic: "home".to_owned(),
        units: Units::Milli,
        source: None,
        rated_power_w: 5_000,
        settlement_key: false,
        added_at: UnixMillis(0),
        profile: None,
        family: None,
        capabilities: Capabilities::default(),
        outputs: Vec::new(),
        units_check: UnitsCheck::default(),
        auto_reset: None,
        take_opening: false,
        retired_at: None,
    }
}

fn silent() -> Rules {
    Rules {
        default: Settling::default(),
        environment: Given::default(),
        env_file: Given::default(),
        accounts: BTreeMap::new(),
        meters: BTreeMap::new(),
        paused: false,
    }
}

impl Rules {
    /// What `layer` says of [`meter`].
    fn layer(&mut self, layer: Source) -> &mut SettlingChoice {
        let Meter { owner, id, .. } = meter();
        match layer {
            Source::Environment => &mut self.environment.choice,
            Source::EnvFile => &mut self.env_file.choice,
            Source::Meter => self.meters.entry((owner, id)).or_default(),
            Source::Account => self.accounts.entry(owner).or_default(),
            Source::Pause | Source::Contract | Source::Default => panic!("{layer:?} is not chosen"),
        }
    }
}

#[test]
fn of_two_that_name_a_setting_the_stronger_counts() {
    for (place, (name, read)) in SETTINGS.into_iter().enumerate() {
        for (at, stronger) in LAYERS.into_iter().enumerate() {
            for value in [true, false] {
                let mut rules = silent();
                name(rules.layer(stronger), value);
                let alone = read(&rules.of(&meter(), None));
                assert_eq!(alone, (value, stronger), "setting {place}");
                for weaker in &LAYERS[at + 1..] {
                    let mut rules = rules.clone();
                    name(rules.layer(*weaker), !value);
                    let both = read(&rules.of(&meter(), None));
                    assert_eq!(both, (value, stronger), "setting {place} over {weaker:?}");
                }
            }
        }
        assert_eq!(read(&silent().of(&meter(), None)).1, Source::Default);
    }
}

#[test]
fn a_pause_stands_over_all_who_want_to_settle_and_over_nothing_else() {
    for layer in LAYERS {
        let mut rules = silent();
        for (name, _) in SETTINGS {
            name(rules.layer(layer), true);
        }
        rules.paused = true;
        let effect = rules.of(&meter(), None);
        let found = SETTINGS.map(|(_, read)| read(&effect));
        let rest = (true, layer);
        assert_eq!(found, [(false, Source::Pause), rest, rest, rest, rest]);
    }
}

#[test]
fn what_is_chosen_for_another_meter_or_account_does_not_count() {
    let (mut rules, stranger) = (silent(), Address([2; 20]));
    let Meter { owner, id, .. } = meter();
    let other: MeterId = "METER-002".parse().expect("an id");
    let off = SettlingChoice {
        guard: Some(false),
        ..SettlingChoice::default()
    };
    rules.meters.insert((owner, other), off);
    rules.meters.insert((stranger, id), off);
    rules.accounts.insert(stranger, off);
    let guard = rules.of(&meter(), None).guard;
    assert_eq!((guard.value, guard.source), (true, Source::Default));
}

#[test]
fn the_environment_names_the_ratio_of_the_estimate_before_the_file() {
    let mut rules = silent();
    assert_eq!(rules.estimate_ratio(), None);
    let named = |value, source| Some(Sourced { value, source });
    rules.env_file.estimate_ratio = Some(100);
    assert_eq!(rules.estimate_ratio(), named(100, Source::EnvFile));
    rules.environment.estimate_ratio = Some(200);
    assert_eq!(rules.estimate_ratio(), named(200, Source::Environment));
    rules.env_file.estimate_ratio = None;
    assert_eq!(rules.estimate_ratio(), named(200, Source::Environment));
}
