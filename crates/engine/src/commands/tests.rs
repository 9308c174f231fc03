//! Commands against a model: answers, statuses, silence, crashes and clocks that jump, in any order.

mod proofs;

use std::time::Duration;

use enerlink_domain::{
    Code, CommandStage, CommandView, Meter, MeterCommand, MeterId, StatusSnapshot, UnixMillis,
    command::{Capabilities, Direction, EnergyCounter, MotorName, OutputSetting},
    device::UnitsCheck,
    reading::{GridMode, Response, Units},
};
use proptest::prelude::*;

use super::{
    course::{ATTEMPTS, Course, LATE_WITHIN, LEAVE_WITHIN, Now, PATIENCE, Step},
    evidence::Evidence,
    limits::{self, Rate},
};

const START: UnixMillis = UnixMillis(1_762_074_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn id() -> MeterId {
    "METER-001".parse().expect("an id")
}

fn view(command: MeterCommand) -> CommandView {
    CommandView {
        correlation_id: "own".to_owned(),
        meter_id: id(),
        command: Some(command),
        stage: CommandStage::Queued,
        attempts: 0,
        created_at: START,
        sent_at: None,
        finished_at: None,
        error: None,
    }
}

fn answer(correlation_id: &str, ok: bool) -> Response {
    Response {
        correlation_id: correlation_id.to_owned(),
        ok,
        error: (!ok).then(|| "relay stuck".to_owned()),
        export_before_reset: None,
        import_before_reset: None,
    }
}

fn grid(mode: GridMode) -> StatusSnapshot {
    StatusSnapshot {
        grid_mode: Some(mode),
        ..StatusSnapshot::default()
    }
}

#[derive(Clone, Debug)]
enum Happening {
    /// So many milliseconds pass, the task looks at each of them that matters.
    Passes(u64),
    /// The broker goes away or comes back.
    Broker(bool),
    /// The meter answers under its own id, or somebody under another one.
    Answer { own: bool, ok: bool },
    /// The meter says which way its grid switch is.
    Status(GridMode),
    /// The app ends and is started again after so many milliseconds.
    Restarts(u64),
    /// The time of day is set forward or back, in milliseconds.
    ClockSet(i64),
}

fn arb_happening() -> impl Strategy<Value = Happening> {
    let mode = prop_oneof![Just(GridMode::Off), Just(GridMode::Import)];
    prop_oneof![
        4 => (1_u64..15_000).prop_map(Happening::Passes),
        1 => (15_000_u64..900_000).prop_map(Happening::Passes),
        2 => any::<bool>().prop_map(Happening::Broker),
        2 => any::<(bool, bool)>().prop_map(|(own, ok)| Happening::Answer { own, ok }),
        2 => mode.prop_map(Happening::Status),
        1 => (0_u64..60_000).prop_map(Happening::Restarts),
        1 => (-90_000_000_i64..90_000_000).prop_map(Happening::ClockSet),
    ]
}

/// The task around a course: it stores each change before it goes on, and a restart knows only what is stored.
struct World {
    steady: Duration,
    wall: i64,
    broker: bool,
    answers: bool,
    course: Course,
    stored: CommandView,
    /// How long after the wish each attempt left, by the steady time of the world.
    left: Vec<Duration>,
    /// Every stage that was stored, in order.
    stages: Vec<CommandStage>,
    forgotten: bool,
}

impl World {
    fn new(answers: bool, broker: bool) -> Self {
        let view = view(MeterCommand::Grid { mode: GridMode::Off });
        let now = Now {
            steady: Duration::from_secs(100),
            wall: START,
        };
        Self {
            steady: now.steady,
            wall: START.0,
            broker,
            answers,
            course: Course::new(view.clone(), "{}".to_owned(), Evidence::default(), now),
            stored: view,
            left: Vec::new(),
            stages: vec![CommandStage::Queued],
            forgotten: false,
        }
    }

    fn now(&self) -> Now {
        Now {
            steady: self.steady,
            wall: UnixMillis(self.wall),
        }
    }

    fn store(&mut self) {
        self.stored = self.course.view.clone();
        if self.stages.last() != Some(&self.stored.stage) {
            self.stages.push(self.stored.stage);
        }
    }

    fn pass(&mut self, millis: u64) {
        let end = self.steady + Duration::from_millis(millis);
        loop {
            self.turn();
            let wake = self.course.next().max(self.steady + Duration::from_millis(1));
            let next = if self.forgotten { end } else { wake.min(end) };
            self.wall += i64::try_from((next - self.steady).as_millis()).expect("short");
            self.steady = next;
            if next == end {
                return self.turn();
            }
        }
    }

    fn turn(&mut self) {
        let now = self.now();
        match self.course.step(now) {
            _ if self.forgotten => {}
            Step::Wait => {}
            Step::Send if self.broker => {
                self.left.push(self.steady - Duration::from_secs(100));
                self.course.sent(now);
                self.store();
            }
            Step::Send => {
                self.course.held_back("not connected", now.steady);
                self.store();
            }
            Step::End => {
                self.course.end(self.answers, now);
                self.store();
            }
            Step::Forget => self.forgotten = true,
        }
    }

    fn happens(&mut self, happening: &Happening) {
        let (before, silent) = (self.stored.clone(), self.course.is_watched());
        let now = self.now();
        match happening {
            Happening::Passes(millis) => self.pass(*millis),
            Happening::Broker(up) => self.broker = *up,
            Happening::Answer { own, ok } => {
                let response = answer(if *own { "own" } else { "other" }, *ok);
                let changed = self.course.answered(&response, now);
                self.store();
                let open = before.stage.is_open();
                let expected = match (own, open, ok) {
                    (true, true, true) => CommandStage::Acknowledged,
                    (true, true, false) => CommandStage::Failed,
                    (true, false, _) if silent => CommandStage::Late,
                    _ => before.stage,
                };
                assert_eq!(self.stored.stage, expected, "{happening:?} after {before:?}");
                assert_eq!(changed, before.stage != expected);
                assert!(
                    !self.course.answered(&response, now),
                    "a repeated answer changes nothing"
                );
            }
            Happening::Status(mode) => {
                let seen = self.course.observed(Some(&grid(*mode)), None, now);
                self.store();
                let shows = *mode == GridMode::Off && before.attempts > 0;
                let expected = match before.stage {
                    CommandStage::Sent if shows => CommandStage::Observed,
                    CommandStage::TimedOut | CommandStage::Failed if shows && silent => CommandStage::Late,
                    stage => stage,
                };
                assert_eq!(self.stored.stage, expected, "{happening:?} after {before:?}");
                assert_eq!(seen, before.stage != expected);
            }
            Happening::Restarts(millis) => {
                let gone = Duration::from_millis(*millis);
                self.steady += gone;
                self.wall += i64::try_from(*millis).expect("short");
                self.course = Course::resumed(self.stored.clone(), "{}".to_owned(), self.now());
                self.forgotten = false;
            }
            Happening::ClockSet(millis) => self.wall += millis,
        }
    }
}

proptest! {
    /// M13, M15: whatever happens, the state never goes back, a stranger's answer changes nothing, an answer after the
    /// end is late, nothing is sent more often or later than allowed, and every command comes to an end.
    #[test]
    fn a_command_never_goes_back_and_always_ends(
        answers: bool,
        broker: bool,
        happenings in prop::collection::vec(arb_happening(), 0..40),
    ) {
        let mut world = World::new(answers, broker);
        let mut clock_set_back = false;
        for happening in &happenings {
            clock_set_back |= matches!(happening, Happening::ClockSet(by) if *by < 0);
            world.happens(happening);
        }
        world.pass(60_000);
        let ranks: Vec<u8> = world.stages.iter().map(|stage| match stage {
            CommandStage::Queued => 0,
            CommandStage::Sent => 1,
            CommandStage::Acknowledged | CommandStage::Observed | CommandStage::Failed | CommandStage::TimedOut => 2,
            CommandStage::Late => 3,
        }).collect();
        prop_assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", world.stages);
        prop_assert!(!world.stored.stage.is_open(), "{:?} has not ended", world.stored);
        if let Some(end) = world.stages.iter().position(|stage| *stage == CommandStage::Late) {
            prop_assert!(matches!(world.stages[end - 1], CommandStage::TimedOut | CommandStage::Failed));
        }
        prop_assert!(world.left.len() <= ATTEMPTS as usize);
        prop_assert_eq!(world.left.len(), world.stored.attempts as usize);
        // Only a clock that was set back while the app was away can hide how old a command is.
        if !clock_set_back {
            prop_assert!(world.left.iter().all(|after| *after < LEAVE_WITHIN), "{:?}", world.left);
        }
        prop_assert!(world.left.windows(2).all(|pair| clock_set_back || pair[1] - pair[0] >= PATIENCE
            || happenings.iter().any(|happening| matches!(happening, Happening::ClockSet(_)))), "{:?}", world.left);
    }
}

#[test]
fn only_a_meter_that_answers_fails_by_silence() {
    for (answers, broker, stage) in [
        (true, true, CommandStage::Failed),
        (false, true, CommandStage::TimedOut),
        (true, false, CommandStage::TimedOut),
        (false, false, CommandStage::TimedOut),
    ] {
        let mut world = World::new(answers, broker);
        world.pass(29_000);
        assert!(world.stored.stage.is_open(), "{answers} {broker}");
        world.pass(2_000);
        assert_eq!(world.stored.stage, stage, "{answers} {broker}");
        assert_eq!(world.left.len(), if broker { 3 } else { 0 });
        assert!(world.course.notice().is_some());
        let said = world.stored.error.clone().expect("a reason");
        assert_eq!(said.contains("not connected"), !broker, "{said}");
        // A broker that comes back later is not given an old switch.
        world.broker = true;
        world.pass(60_000);
        assert_eq!(world.left.len(), if broker { 3 } else { 0 });
        world.happens(&Happening::Answer { own: true, ok: true });
        assert_eq!(world.stored.stage, CommandStage::Late);
        assert_eq!(world.course.notice(), None);
    }
}

#[test]
fn a_broker_that_is_away_costs_no_attempt() {
    let mut world = World::new(false, false);
    world.pass(15_000);
    assert_eq!(
        (world.stored.stage, world.stored.attempts),
        (CommandStage::Queued, 0)
    );
    world.broker = true;
    world.pass(1_500);
    assert_eq!(
        (world.stored.stage, world.stored.attempts),
        (CommandStage::Sent, 1)
    );
    world.broker = false;
    world.pass(12_000);
    assert_eq!(
        (world.stored.stage, world.stored.attempts),
        (CommandStage::Sent, 1)
    );
    world.pass(10_000);
    assert_eq!(world.stored.stage, CommandStage::TimedOut);
}

#[test]
fn a_computer_that_slept_sends_no_old_switch() {
    let mut world = World::new(false, false);
    world.pass(2_000);
    // The steady clock stands still meanwhile.
    world.wall += 3_600_000;
    world.broker = true;
    world.pass(5_000);
    assert_eq!(
        (world.stored.stage, world.left.len()),
        (CommandStage::TimedOut, 0)
    );
}

#[test]
fn a_newer_command_takes_the_place_of_an_older_one() {
    let mut world = World::new(true, true);
    world.pass(1_000);
    assert!(world.course.replace(world.now()));
    world.store();
    assert_eq!(world.stored.stage, CommandStage::TimedOut);
    assert_eq!(world.course.notice(), None, "the person has done it");
    world.pass(60_000);
    assert_eq!(world.left.len(), 1, "it is not repeated over the newer one");
    world.happens(&Happening::Status(GridMode::Off));
    assert_eq!(world.stored.stage, CommandStage::TimedOut);
}

#[test]
fn what_is_seen_long_after_the_end_is_not_claimed() {
    let mut world = World::new(false, true);
    world.pass(31_000);
    world.pass(u64::try_from(LATE_WITHIN.as_millis()).expect("short"));
    assert!(world.forgotten);
}

fn meter() -> Meter {
    Meter {
        id: id(),
        name: String::new(),
        owner: enerlink_domain::Address([1; 20]),
        broker: enerlink_domain::BrokerAddress::parse("mqtt://localhost").expect("an address"),
        base_topic: "home".to_owned(),
        units: Units::Milli,
        source: None,
        rated_power_w: 5000,
        settlement_key: false,
        added_at: START,
        profile: None,
        family: None,
        capabilities: Capabilities {
            grid_control: true,
            relays: vec!["pump".to_owned()],
            motors: vec![MotorName::First],
            max_pwm: Some(1023),
            ..Capabilities::default()
        },
        outputs: vec![OutputSetting {
            key: "motor1".to_owned(),
            name: "Gate".to_owned(),
            hidden: true,
            limit_percent: Some(60),
        }],
        units_check: UnitsCheck::NotConfirmed,
        auto_reset: None,
        take_opening: false,
        retired_at: None,
    }
}

/// M15.
#[test]
fn what_switches_power_is_confirmed_clamped_and_known() {
    let relay = |name: &str| MeterCommand::Relay {
        name: name.to_owned(),
        on: true,
    };
    let motor = |motor, percent| MeterCommand::Motor {
        motor,
        percent,
        direction: Direction::Forward,
    };
    let intervals = |sensor_ms| MeterCommand::Intervals {
        sensor_ms,
        heartbeat_ms: None,
    };
    let all = MeterCommand::ResetEnergy {
        counter: EnergyCounter::All,
    };
    let missing = Err(Code::ConfirmationMissing);
    for (command, unconfirmed, confirmed) in [
        (
            MeterCommand::Grid { mode: GridMode::Off },
            missing.clone(),
            Ok(MeterCommand::Grid { mode: GridMode::Off }),
        ),
        (relay("pump"), missing.clone(), Ok(relay("pump"))),
        (relay("fan"), Err(Code::InvalidInput), Err(Code::InvalidInput)),
        (
            motor(MotorName::First, 90),
            missing.clone(),
            Ok(motor(MotorName::First, 60)),
        ),
        (
            motor(MotorName::Main, 5),
            Err(Code::InvalidInput),
            Err(Code::InvalidInput),
        ),
        (all.clone(), missing.clone(), Ok(all)),
        (
            MeterCommand::ResetSettlement,
            missing,
            Ok(MeterCommand::ResetSettlement),
        ),
        (
            MeterCommand::Led { duty: 9999 },
            Ok(MeterCommand::Led { duty: 1023 }),
            Ok(MeterCommand::Led { duty: 1023 }),
        ),
        (
            intervals(Some(1)),
            Ok(intervals(Some(1000))),
            Ok(intervals(Some(1000))),
        ),
        (intervals(None), Err(Code::InvalidInput), Err(Code::InvalidInput)),
    ] {
        let checked = |yes| limits::checked(command.clone(), &meter(), yes).map_err(|error| error.code);
        assert_eq!(checked(false), unconfirmed, "{command:?}");
        assert_eq!(checked(true), confirmed, "{command:?}");
    }
    let bare = Meter {
        capabilities: Capabilities::default(),
        ..meter()
    };
    for command in [
        MeterCommand::Grid { mode: GridMode::Off },
        MeterCommand::Led { duty: 1 },
        relay("pump"),
        motor(MotorName::First, 5),
    ] {
        let error = limits::checked(command.clone(), &bare, true).map_err(|error| error.code);
        assert_eq!(error, Err(Code::InvalidInput), "{command:?}");
    }
    let retired = Meter {
        retired_at: Some(START),
        ..meter()
    };
    let error = limits::checked(MeterCommand::Led { duty: 1 }, &retired, true).expect_err("retired");
    assert_eq!(error.code, Code::InvalidInput);
}

/// M15.
#[test]
fn an_output_and_a_meter_have_their_pace() {
    let mut rate = Rate::default();
    let mut take = |key: &str, at: u64| {
        let at = Duration::from_millis(at);
        rate.take(&id(), key, at).map_err(|error| error.code)
    };
    assert_eq!(take("grid", 0), Ok(()));
    assert_eq!(take("grid", 1_999), Err(Code::TooOften));
    assert_eq!(take("relay:pump", 1_999), Ok(()), "another output");
    assert_eq!(take("grid", 2_000), Ok(()));
    for number in 0..17 {
        assert_eq!(take(&format!("relay:{number}"), 3_000), Ok(()));
    }
    assert_eq!(take("pwm", 4_000), Err(Code::TooOften), "twenty within a minute");
    assert_eq!(take("pwm", 60_000), Ok(()), "the first is a minute old");
    let other: MeterId = "METER-002".parse().expect("an id");
    assert!(rate.take(&other, "grid", Duration::ZERO).is_ok());
}
