//! What a meter can be told, by what it has shown it can do; each control shows what the device reported, never the wish.

mod outputs;
mod resets;

use enerlink_domain::{
    MeterCommand, MeterId,
    command::{Capabilities, DEFAULT_MAX_PWM, Direction, MotorName},
    reading::GridMode,
    view::MeterView,
};
use leptos::prelude::*;

use crate::{
    components::standing::age,
    i18n::{Key, Language, say, text},
    pages::meter::{
        One,
        command::{CommandsCard, Question, Standing, Teller},
        controls::{
            outputs::OutputsDialog,
            resets::{IntervalsCard, ResetsCard},
        },
        facts::motor_words,
        part, words,
    },
    prefs::prefs,
};

/// The part.
#[component]
pub(super) fn ControlsPart(id: MeterId, meter: One) -> impl IntoView {
    let teller = Teller::new(id, meter);
    let retired = Memo::new(move |_| {
        meter.with(|meter| meter.as_ref().is_some_and(|view| view.meter.retired_at.is_some()))
    });
    view! {
        <Show when=move || !retired.get() fallback=move || view! {
            <p class="aside" data-testid="controls-retired">{text(Key::ControlsRetired)}</p>
        }>
            <div class="pair controls">
                <OutputsCard meter=meter teller=teller />
                <div class="stack">
                    <IntervalsCard meter=meter teller=teller />
                    <ResetsCard meter=meter teller=teller />
                </div>
            </div>
        </Show>
        <CommandsCard teller=teller />
        <Question teller=teller />
    }
}

/// One thing that can be driven.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Output {
    Grid,
    Relay(String),
    Motor(MotorName),
    Led,
}

impl Output {
    /// Everything that a meter can be told to drive.
    fn of(can: &Capabilities) -> Vec<Self> {
        let grid = can.grid_control.then_some(Self::Grid);
        let relays = can.relays.iter().cloned().map(Self::Relay);
        let motors = can.motors.iter().copied().map(Self::Motor);
        let led = can.max_pwm.map(|_| Self::Led);
        grid.into_iter().chain(relays).chain(motors).chain(led).collect()
    }

    /// As its setting is named.
    fn key(&self) -> String {
        match self {
            Self::Grid => "grid".to_owned(),
            Self::Relay(name) => format!("relay:{name}"),
            Self::Motor(motor) => motor.as_str().to_owned(),
            Self::Led => "pwm".to_owned(),
        }
    }

    /// What the device reported last; none when it has not.
    fn reported(&self, language: Language, view: &MeterView) -> Option<String> {
        let (_, status) = view.device.status.as_ref()?;
        match self {
            Self::Grid => Some(words::grid_mode(status.grid_mode?).text(language).to_owned()),
            Self::Relay(name) => {
                let relay = status.relays.iter().find(|relay| relay.name == *name)?;
                Some(words::on_off(relay.on).text(language).to_owned())
            }
            Self::Motor(motor) => {
                let motor = status.motors.iter().find(|known| known.name == motor.as_str())?;
                Some(motor_words(language, motor))
            }
            Self::Led => status.led_duty.map(|duty| match status.pwm_max {
                Some(max) => format!("{duty} / {max}"),
                None => duty.to_string(),
            }),
        }
    }
}

/// The most that an output may be driven to, in percent.
fn limit(view: &MeterView, key: &str) -> u8 {
    let outputs = view.meter.outputs.iter();
    let own = outputs.filter(|output| output.key == key);
    own.filter_map(|output| output.limit_percent)
        .next()
        .unwrap_or(100)
        .min(100)
}

/// The card with every output that is not hidden.
#[component]
fn OutputsCard(meter: One, teller: Teller) -> impl IntoView {
    let language = prefs().language;
    let editing = RwSignal::new(false);
    let all = part(meter, |view| Output::of(&view.meter.capabilities));
    let shown = Memo::new(move |_| {
        meter.with(|meter| {
            let Some(view) = meter else { return Vec::new() };
            let hidden = |key: &str| {
                view.meter
                    .outputs
                    .iter()
                    .any(|output| output.key == key && output.hidden)
            };
            let outputs = Output::of(&view.meter.capabilities).into_iter();
            outputs.filter(|output| !hidden(&output.key())).collect()
        })
    });
    let hidden = move || all.get().unwrap_or_default().len() - shown.with(Vec::len);
    let hidden_words = move || {
        let count = hidden();
        (count > 0).then(|| {
            let words = say(
                language.get(),
                Key::HiddenOutputs,
                &[("count", &count.to_string())],
            );
            view! { <p class="aside">{words}</p> }
        })
    };
    let heard = age(Signal::derive(move || {
        meter.with(|meter| Some(meter.as_ref()?.device.status.as_ref()?.0))
    }));
    let subtitle = move || {
        let age = heard.get();
        (!age.is_empty()).then(|| say(language.get(), Key::ReportedAgo, &[("age", &age)]))
    };
    let any = move || all.with(|all| all.as_ref().is_some_and(|all| !all.is_empty()));
    view! {
        <section class="card" aria-label=text(Key::Outputs) data-testid="outputs">
            <header>
                <h2>{text(Key::Outputs)}</h2>
                <small>{subtitle}</small>
                <button
                    type="button"
                    class="end button quiet small"
                    data-testid="outputs-edit"
                    disabled=move || !any()
                    on:click=move |_| editing.set(true)
                >
                    {text(Key::NamesAndLimits)}
                </button>
            </header>
            <Show when=any fallback=move || view! {
                <div class="empty" data-testid="outputs-empty">
                    <p>{text(Key::NoOutputs)}</p>
                    <p class="dim small">{text(Key::NoOutputsHint)}</p>
                </div>
            }>
                <For each=move || shown.get() key=Output::key let:output>
                    <OutputRow meter=meter teller=teller output=output />
                </For>
                {hidden_words}
            </Show>
            {move || editing.get().then(|| view! {
                <OutputsDialog meter=meter on_close=move |()| editing.set(false) />
            })}
        </section>
    }
}

/// One output: its name, what the device reported, how far the last command has come, and its control.
#[component]
fn OutputRow(meter: One, teller: Teller, output: Output) -> impl IntoView {
    let language = prefs().language;
    let key = StoredValue::new(output.key());
    let name = move || {
        meter.with(|meter| {
            let view = meter.as_ref()?;
            Some(key.with_value(|key| words::output(language.get(), &view.meter.outputs, key)))
        })
    };
    let told = output.clone();
    let reported = Memo::new(move |_| meter.with(|meter| told.reported(language.get(), meter.as_ref()?)));
    let reported = move || match reported.get() {
        Some(words) => say(language.get(), Key::DeviceReports, &[("state", &words)]),
        None => Key::NotReported.text(language.get()).to_owned(),
    };
    let last = teller.last(output.key());
    let control = match output.clone() {
        Output::Grid => view! { <GridControl meter=meter teller=teller /> }.into_any(),
        Output::Relay(name) => view! { <RelayControl meter=meter teller=teller name=name /> }.into_any(),
        Output::Motor(motor) => view! { <MotorControl meter=meter teller=teller motor=motor /> }.into_any(),
        Output::Led => view! { <LedControl meter=meter teller=teller /> }.into_any(),
    };
    view! {
        <div class="setting output" data-testid="output-row" data-output=output.key()>
            <div>
                <b>{name}</b>
                <small data-testid="output-reported">{reported}</small>
                <Standing command=last />
            </div>
            {control}
        </div>
    }
}

/// A row of buttons of which the reported one is marked.
fn choices<T>(
    all: Vec<(T, Key, String)>,
    now: Memo<Option<T>>,
    teller: Teller,
    command: impl Fn(T) -> MeterCommand + Copy + Send + Sync + 'static,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    all.into_iter()
        .map(|(value, label, testid)| {
            let on = move || now.get() == Some(value);
            view! {
                <button
                    type="button"
                    data-testid=testid
                    class:on=on
                    aria-pressed=move || if on() { "true" } else { "false" }
                    disabled=teller.busy()
                    on:click=move |_| teller.tell(command(value))
                >
                    {text(label)}
                </button>
            }
        })
        .collect_view()
}

#[component]
fn GridControl(meter: One, teller: Teller) -> impl IntoView {
    let now = Memo::new(move |_| meter.with(|meter| meter.as_ref()?.device.status.as_ref()?.1.grid_mode));
    let modes = [GridMode::Import, GridMode::Export, GridMode::Off];
    let modes = modes.map(|mode| (mode, words::grid_mode(mode), format!("grid-{}", mode.as_str())));
    let buttons = choices(modes.into(), now, teller, |mode| MeterCommand::Grid { mode });
    view! { <div class="segments" role="group" aria-label=text(Key::GridSwitch)>{buttons}</div> }
}

#[component]
fn RelayControl(meter: One, teller: Teller, name: String) -> impl IntoView {
    let name = StoredValue::new(name);
    let now = Memo::new(move |_| {
        meter.with(|meter| {
            let (_, status) = meter.as_ref()?.device.status.as_ref()?;
            let relay = name.with_value(|name| status.relays.iter().find(|relay| relay.name == *name))?;
            Some(relay.on)
        })
    });
    let states = vec![
        (true, Key::SwitchedOn, "relay-on".to_owned()),
        (false, Key::SwitchedOff, "relay-off".to_owned()),
    ];
    let buttons = choices(states, now, teller, move |on| MeterCommand::Relay {
        name: name.get_value(),
        on,
    });
    view! { <div class="segments" role="group" aria-label=move || name.get_value()>{buttons}</div> }
}

/// A slider with its value and the button that sends it.
#[component]
fn Slider(
    /// The end of its test ids.
    testid: &'static str,
    /// What it sets.
    label: Key,
    /// The value.
    value: RwSignal<u32>,
    /// The most.
    #[prop(into)]
    most: Signal<u32>,
    /// Behind the value.
    unit: &'static str,
) -> impl IntoView {
    let change = move |event: web_sys::Event| {
        if let Ok(typed) = event_target_value(&event).parse() {
            value.set(typed);
        }
    };
    view! {
        <label class="slider">
            <span class="unseen">{text(label)}</span>
            <input
                type="range"
                min="0"
                max=most
                data-testid=testid
                prop:value=move || value.get().to_string()
                on:input=change
            />
            <output>{move || format!("{}{unit}", value.get())}</output>
        </label>
    }
}

#[component]
fn MotorControl(meter: One, teller: Teller, motor: MotorName) -> impl IntoView {
    let reported = meter.with_untracked(|meter| {
        let (_, status) = meter.as_ref()?.device.status.as_ref()?;
        status
            .motors
            .iter()
            .find(|known| known.name == motor.as_str())
            .cloned()
    });
    let most = Signal::derive(move || {
        meter.with(|meter| {
            meter
                .as_ref()
                .map_or(100, |view| u32::from(limit(view, motor.as_str())))
        })
    });
    let percent = reported.as_ref().and_then(|motor| motor.percent).unwrap_or(0);
    let percent = RwSignal::new(percent.min(most.get_untracked()));
    let backward = reported.is_some_and(|motor| motor.direction.as_deref() == Some("reverse"));
    let way = RwSignal::new(if backward {
        Direction::Reverse
    } else {
        Direction::Forward
    });
    let send = move |percent: u32| {
        teller.tell(MeterCommand::Motor {
            motor,
            percent: u8::try_from(percent).unwrap_or(100),
            direction: way.get_untracked(),
        });
    };
    let ways = [Direction::Forward, Direction::Reverse].map(|direction| {
        view! {
            <button
                type="button"
                data-testid=format!("motor-{}", direction.as_str())
                class:on=move || way.get() == direction
                aria-pressed=move || if way.get() == direction { "true" } else { "false" }
                on:click=move |_| way.set(direction)
            >
                {text(words::direction(direction))}
            </button>
        }
    });
    view! {
        <div class="row drive">
            <div class="segments" role="group" aria-label=text(Key::Direction)>{ways.into_iter().collect_view()}</div>
            <Slider testid="motor-percent" label=Key::Speed value=percent most=most unit="\u{a0}%" />
            <button type="button" class="button quiet small" data-testid="motor-send" disabled=teller.busy()
                on:click=move |_| send(percent.get_untracked())>{text(Key::SendCommand)}</button>
            <button type="button" class="button quiet small" data-testid="motor-stop" disabled=teller.busy()
                on:click=move |_| send(0)>{text(Key::Stop)}</button>
        </div>
    }
}

#[component]
fn LedControl(meter: One, teller: Teller) -> impl IntoView {
    let most = Signal::derive(move || {
        meter.with(|meter| {
            let most = meter.as_ref().map(|view| {
                let max = view.meter.capabilities.max_pwm.unwrap_or(DEFAULT_MAX_PWM);
                u64::from(max) * u64::from(limit(view, "pwm")) / 100
            });
            most.and_then(|most| u32::try_from(most).ok())
                .unwrap_or(DEFAULT_MAX_PWM)
        })
    });
    let reported = meter.with_untracked(|meter| meter.as_ref()?.device.status.as_ref()?.1.led_duty);
    let duty = RwSignal::new(reported.unwrap_or(0).min(most.get_untracked()));
    view! {
        <div class="row drive">
            <Slider testid="led-duty" label=Key::Brightness value=duty most=most unit="" />
            <button
                type="button"
                class="button quiet small"
                data-testid="led-send"
                disabled=teller.busy()
                on:click=move |_| teller.tell(MeterCommand::Led { duty: duty.get_untracked() })
            >
                {text(Key::SendCommand)}
            </button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{StatusSnapshot, UnixMillis, command::OutputSetting, reading::Relay};

    use super::*;

    fn view() -> MeterView {
        crate::live::tests::home().meter.expect("a meter")
    }

    #[test]
    fn controls_are_those_that_the_meter_has_shown() {
        assert_eq!(Output::of(&Capabilities::default()), []);
        let can = Capabilities {
            grid_control: true,
            relays: vec!["pump".into()],
            motors: vec![MotorName::Second],
            max_pwm: Some(255),
            ..Capabilities::default()
        };
        let keys: Vec<String> = Output::of(&can).iter().map(Output::key).collect();
        assert_eq!(keys, ["grid", "relay:pump", "motor2", "pwm"]);
    }

    #[test]
    fn what_was_not_reported_is_not_shown_as_a_state() {
        let mut view = view();
        let pump = Output::Relay("pump".into());
        assert_eq!(pump.reported(Language::English, &view), None);
        let status = StatusSnapshot {
            relays: vec![Relay {
                name: "pump".into(),
                on: false,
            }],
            ..StatusSnapshot::default()
        };
        view.device.status = Some((UnixMillis(0), status));
        assert_eq!(pump.reported(Language::English, &view).as_deref(), Some("off"));
        assert_eq!(Output::Grid.reported(Language::English, &view), None);
    }

    #[test]
    fn an_output_is_driven_to_its_limit_at_most() {
        let mut view = view();
        assert_eq!(limit(&view, "motor"), 100);
        view.meter.outputs.push(OutputSetting {
            key: "motor".into(),
            name: String::new(),
            hidden: false,
            limit_percent: Some(40),
        });
        assert_eq!(limit(&view, "motor"), 40);
    }
}
