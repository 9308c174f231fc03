//! A command from the wish to its end: the question before it, the sending, and the list of what became of each.

use enerlink_domain::{
    CommandView, MeterCommand, MeterId,
    command::EnergyCounter,
    device::PayloadFamily,
    reading::GridMode,
    view::{MessageFilter, MeterView},
};
use enerlink_ipc::{ListCommands, SendCommand};
use leptos::prelude::*;

use crate::{
    components::{
        confirm::{Confirm, Demands},
        doing::Doing,
        pages::{Paged, Pages, join},
        table::{Column, Table},
    },
    feed::{Feed, feed},
    format,
    i18n::{Key, Language, say, text},
    pages::meter::{One, moment, words},
    prefs::prefs,
    session::{MeterPart, session},
};

/// Rows of a page.
const PAGE: u16 = 50;

/// Tells one meter what to do.
#[derive(Clone, Copy)]
pub(super) struct Teller {
    feed: Feed,
    id: StoredValue<MeterId>,
    meter: One,
    /// What waits for a person's yes.
    asked: RwSignal<Option<MeterCommand>>,
    doing: Doing,
    /// Every command known, newest first.
    pub commands: Memo<Option<Vec<CommandView>>>,
    pages: Pages<CommandView>,
}

impl Teller {
    /// For this meter.
    pub(super) fn new(id: MeterId, meter: One) -> Self {
        let feed = feed();
        let pages = Pages::new(key);
        let id = StoredValue::new(id);
        let commands = Memo::new(move |_| {
            let known = pages.rows.get()?;
            let told = feed.state.with(|state| {
                let rows = state.commands.iter();
                id.with_value(|id| rows.filter(|row| row.meter_id == *id).cloned().collect())
            });
            Some(join(known, told, key))
        });
        let teller = Self {
            feed,
            id,
            meter,
            asked: RwSignal::new(None),
            doing: Doing::new(),
            commands,
            pages,
        };
        teller.read(None);
        teller
    }

    fn read(self, before: Option<i64>) {
        let command = ListCommands {
            meter_id: self.id.get_value(),
            limit: PAGE,
            before,
        };
        self.pages.read(command, before, |page| (page.rows, page.next));
    }

    /// Sends it, or asks first where power is switched or counters are lost.
    pub(super) fn tell(self, command: MeterCommand) {
        self.doing.error.set(None);
        if command.switches_power() || command.resets() {
            self.asked.set(Some(command));
        } else {
            self.send(command, false);
        }
    }

    fn send(self, command: MeterCommand, confirmed: bool) {
        let call = SendCommand {
            meter_id: self.id.get_value(),
            command,
            confirmed,
        };
        self.doing.call(call, move |view| {
            self.asked.try_set(None);
            self.feed.state.update(|state| {
                state.apply(enerlink_domain::Event::Command(view));
            });
        });
    }

    /// Whether a command is being handed to the core.
    pub(super) fn busy(self) -> Signal<bool> {
        self.doing.busy.into()
    }

    /// The last command for an output.
    pub(super) fn last(self, output: String) -> Memo<Option<CommandView>> {
        Memo::new(move |_| {
            self.commands.with(|rows| {
                let mut rows = rows.iter().flatten();
                rows.find(|row| row.command.as_ref().and_then(MeterCommand::output).as_ref() == Some(&output))
                    .cloned()
            })
        })
    }
}

/// Newest by the moment at which it was asked for.
fn key(row: &CommandView) -> (i64, String) {
    (row.created_at.0, row.correlation_id.clone())
}

/// How far the last command of a control has come.
#[component]
pub(super) fn Standing(#[prop(into)] command: Signal<Option<CommandView>>) -> impl IntoView {
    let language = prefs().language;
    move || {
        command.get().map(|row| {
            let (word, class, meaning) = words::stage(row.stage);
            let why = row.error.clone().unwrap_or_default();
            let hint = move || {
                format!("{} {why}", meaning.text(language.get()))
                    .trim()
                    .to_owned()
            };
            view! {
                <span class=class title=hint data-testid="command-stage" data-stage=row.stage.as_str()>
                    {text(word)}
                </span>
            }
        })
    }
}

/// The question before a command, and what went wrong with one that asked nothing.
#[component]
pub(super) fn Question(teller: Teller) -> impl IntoView {
    let language = prefs().language;
    let view = move |command: MeterCommand| {
        let meter = teller.meter.get_untracked()?;
        let outputs = StoredValue::new(meter.meter.outputs.clone());
        let told = StoredValue::new(command.clone());
        let title = Signal::derive(move || {
            let line = told.with_value(|told| {
                outputs.with_value(|outputs| words::command(language.get(), outputs, Some(told)))
            });
            say(language.get(), Key::CommandQuestion, &[("command", &line)])
        });
        let action = Signal::derive(move || {
            told.with_value(|told| {
                outputs.with_value(|outputs| words::command(language.get(), outputs, Some(told)))
            })
        });
        let (effect, demands) = (effect(&command), demands(language.get_untracked(), &command));
        let send = move |_: String| teller.send(told.get_value(), true);
        let topic = topic(&meter);
        let name = meter.meter.name.clone();
        let to = move || {
            say(
                language.get(),
                Key::CommandTo,
                &[("meter", &name), ("topic", &topic)],
            )
        };
        Some(view! {
            <Confirm
                testid="command-confirm"
                title=title
                demands=demands
                action=action
                doing=teller.doing
                on_confirm=send
                on_close=move |()| teller.asked.set(None)
            >
                <p data-testid="command-effect">{text(effect)}</p>
                <p class="mut small">{to}</p>
            </Confirm>
        })
    };
    let refused = move || teller.asked.with(Option::is_none).then(teller.doing.problem());
    view! {
        <div aria-live="polite">{refused}</div>
        {move || teller.asked.get().and_then(view)}
    }
}

/// What has to be given before it: a word where counters are lost, a pause where power is cut.
fn demands(language: Language, command: &MeterCommand) -> Demands {
    if command.resets() {
        return Demands::word(Key::ResetWord.text(language));
    }
    match command {
        MeterCommand::Grid { mode: GridMode::Off } => Demands::pause(),
        _ => Demands::default(),
    }
}

/// What it does, as a sentence.
fn effect(command: &MeterCommand) -> Key {
    match command {
        MeterCommand::Grid { mode } => match mode {
            GridMode::Import => Key::EffectImport,
            GridMode::Export => Key::EffectExport,
            GridMode::Off => Key::EffectOff,
        },
        MeterCommand::ResetSettlement => Key::EffectResetSettlement,
        MeterCommand::ResetEnergy { counter } => match counter {
            EnergyCounter::All => Key::EffectResetAll,
            EnergyCounter::Battery | EnergyCounter::Solar | EnergyCounter::Load => Key::EffectResetOne,
        },
        MeterCommand::Relay { on: true, .. } => Key::EffectRelayOn,
        MeterCommand::Relay { on: false, .. } => Key::EffectRelayOff,
        MeterCommand::Motor { percent: 0, .. } => Key::EffectMotorStop,
        MeterCommand::Motor { .. } => Key::EffectMotor,
        MeterCommand::Intervals { .. } => Key::EffectIntervals,
        MeterCommand::Led { .. } => Key::EffectLed,
    }
}

/// Where it is published.
fn topic(view: &MeterView) -> String {
    let base = &view.meter.base_topic;
    match view.meter.family {
        Some(PayloadFamily::Envelope) => format!("{base}/command/{}", view.meter.id),
        Some(PayloadFamily::Flat | PayloadFamily::Nested) | None => format!("{base}/command"),
    }
}

/// The table of all commands.
#[component]
pub(super) fn CommandsCard(teller: Teller) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let rows = Memo::new(move |_| {
        let outputs = teller
            .meter
            .with(|meter| meter.as_ref().map(|view| view.meter.outputs.clone()));
        let outputs = outputs.unwrap_or_default();
        let rows = teller.commands.get().unwrap_or_default().into_iter();
        rows.map(|view| {
            let words = words::command(language.get(), &outputs, view.command.as_ref());
            Row { view, words }
        })
        .collect::<Vec<_>>()
    });
    let follow = move |row: &Row| {
        let id = row.view.correlation_id.clone();
        let (meter_id, messages) = (row.view.meter_id.clone(), text(Key::ShowMessages));
        let go = move |_| {
            session.message_filter.set(MessageFilter {
                meter_id: Some(meter_id.clone()),
                correlation_id: Some(id.clone()),
                ..MessageFilter::default()
            });
            session.meter_part.set(MeterPart::Messages);
        };
        view! { <button type="button" class="link" data-testid="command-messages" on:click=go>{messages}</button> }
            .into_any()
    };
    let empty = || {
        view! {
            <p>{text(Key::NoCommands)}</p>
            <p class="dim small">{text(Key::NoCommandsHint)}</p>
        }
    };
    view! {
        <section class="card" aria-label=text(Key::Commands) data-testid="commands">
            <header><h2>{text(Key::Commands)}</h2></header>
            <Paged
                pages=teller.pages
                older_testid="commands-older"
                read=move |before| teller.read(before)
            >
                <Table
                    id="command"
                    label=Key::Commands
                    columns=columns(follow)
                    rows=rows
                    identity=|row: &Row| {
                        let view = &row.view;
                        format!("{} {} {} {}", view.correlation_id, view.stage.as_str(), view.attempts, row.words)
                    }
                    kind=|row| row.view.stage.as_str().to_owned()
                    empty=ViewFn::from(empty)
                />
            </Paged>
        </section>
    }
}

/// A command with its words, which depend on the names of the outputs.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    view: CommandView,
    words: String,
}

fn columns(follow: impl Fn(&Row) -> AnyView + Send + Sync + 'static) -> Vec<Column<Row>> {
    vec![
        Column::new(Key::Time, |row: &Row, language| {
            moment(language, row.view.created_at)
        })
        .ordered(|a, b| key(&a.view).cmp(&key(&b.view)))
        .exactly(|row| format::iso_time(row.view.created_at))
        .class("when"),
        Column::new(Key::Command, |row: &Row, _| row.words.clone()).ordered(|a, b| a.words.cmp(&b.words)),
        Column::new(Key::State, |row: &Row, language| {
            words::stage(row.view.stage).0.text(language).to_owned()
        })
        .exactly(|row| row.view.stage.as_str().to_owned())
        .shown(|row| view! { <Standing command=Signal::stored(Some(row.view.clone())) /> }.into_any())
        .ordered(|a, b| a.view.stage.as_str().cmp(b.view.stage.as_str())),
        Column::new(Key::Attempts, |row: &Row, _| row.view.attempts.to_string())
            .ordered(|a, b| a.view.attempts.cmp(&b.view.attempts))
            .class("n"),
        Column::new(Key::RoundTrip, |row: &Row, language| {
            round_trip(&row.view).map_or_else(words::unknown, |ms| took(language, ms))
        })
        .exactly(|row| round_trip(&row.view).map(|ms| ms.to_string()).unwrap_or_default())
        .ordered(|a, b| round_trip(&a.view).cmp(&round_trip(&b.view)))
        .class("n"),
        Column::new(Key::DetailWord, |row: &Row, _| {
            row.view.error.clone().unwrap_or_default()
        })
        .class("detail"),
        Column::new(Key::CorrelationId, |row: &Row, _| row.view.correlation_id.clone()).shown(|row| {
            let id = row.view.correlation_id.clone();
            let short: String = id.chars().take(8).collect();
            view! { <code class="code" title=id>{short}</code> }.into_any()
        }),
        Column::buttons(follow),
    ]
}

/// Milliseconds from the wish to its end.
fn round_trip(view: &CommandView) -> Option<u64> {
    let ends = !view.stage.is_open();
    let took = view.finished_at?.0 - view.created_at.0;
    u64::try_from(took).ok().filter(|_| ends)
}

/// `340 ms`, `2.1 s`, `3 min`.
fn took(language: Language, milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds}\u{a0}ms"),
        1000..60_000 => {
            let value = i128::from(milliseconds);
            format!(
                "{}\u{a0}s",
                format::decimal(language, value, 3, 1, format::Sign::Negative)
            )
        }
        _ => format::span(language, milliseconds),
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{CommandStage, UnixMillis};

    use super::*;
    use crate::live::tests::command;

    #[test]
    fn a_reset_asks_for_a_word_and_cutting_the_grid_for_patience() {
        let demanded = |command| demands(Language::English, &command);
        assert_eq!(demanded(MeterCommand::ResetSettlement), Demands::word("RESET"));
        assert_eq!(
            demanded(MeterCommand::Grid { mode: GridMode::Off }),
            Demands::pause()
        );
        let plain = MeterCommand::Grid {
            mode: GridMode::Export,
        };
        assert_eq!(demanded(plain), Demands::default());
    }

    #[test]
    fn only_what_has_ended_has_a_round_trip() {
        let mut row = command("a", CommandStage::Sent);
        row.finished_at = Some(UnixMillis(1340));
        assert_eq!(round_trip(&row), None);
        row.stage = CommandStage::Acknowledged;
        assert_eq!(round_trip(&row), Some(340));
        for (ms, expected) in [(340, "340 ms"), (2140, "2.1 s"), (180_000, "3 min")] {
            assert_eq!(took(Language::English, ms).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn newer_firmware_is_told_on_a_topic_of_its_own() {
        let mut view = crate::live::tests::home().meter.expect("a meter");
        assert_eq!(topic(&view), "home/energy-monitor/command");
        view.meter.family = Some(PayloadFamily::Envelope);
        assert_eq!(topic(&view), "home/energy-monitor/command/SM-001");
    }
}
