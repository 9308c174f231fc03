//! The guard on the real engine: a simulated home that imports until it is cut off, and a balance that is missing.

use std::time::Duration;

use enerlink_domain::{
    Event, MeterCommand, MeterId, Notice, NoticeKind, Status,
    choice::SettlingChoice,
    guard::{GuardOrder, GuardState, GuardStep, GuardView},
    reading::GridMode,
};
use enerlink_meter::Channel;
use enerlink_sim::{
    home::{HomeConfig, Manners, SimMeter},
    node::{Fault, Span},
};

use crate::support::{End, Household, Setup, WH, told, until};

const HOUSE: Setup = Setup {
    rated_power_w: 20_000,
    period: Some(300),
    ..Setup::DEFAULT
};

/// No sun, no battery, no appliances, until the test says otherwise. Both ways are open.
fn home() -> HomeConfig {
    HomeConfig {
        rated_power_w: 20_000,
        battery_wh: 0,
        cloudiness_percent: 0,
        sensor_interval: Duration::from_secs(2),
        status_interval: Duration::from_secs(4),
        ..HomeConfig::default()
    }
}

/// A home that has earned some 150 ETK, whose guard was explained, and where nothing flows.
async fn earned(home: HomeConfig) -> (Household, SimMeter) {
    let household = Household::found(HOUSE).await;
    let meter = household.move_in(home).await;
    meter.set_load(Some(0));
    meter.set_solar(Some(20_000));
    household.opened().await;
    earn(&household, &household.id).await;
    meter.set_solar(Some(0));
    let explained = household
        .engine()
        .order_guard(household.owner(), GuardOrder::Explained)
        .await;
    assert!(explained.expect("a guard").explained);
    becomes(&household, "watching", |state| *state == GuardState::Watching).await;
    (household, meter)
}

/// Settles as soon as there is enough, and waits for it.
async fn earn(household: &Household, meter: &MeterId) {
    let mut queued = None;
    until("enough to settle", async || {
        queued = household.engine().settle_now(meter.clone()).await.ok();
        queued.is_some()
    })
    .await;
    let id = queued.expect("just queued").settlement_id;
    household
        .concluded(household.engine(), &id, Status::Success)
        .await;
}

async fn view(household: &Household) -> GuardView {
    let mut guards = household.engine().guards().await.expect("guards");
    assert_eq!(guards.len(), 1);
    guards.remove(0)
}

async fn becomes(household: &Household, what: &str, is: impl Fn(&GuardState) -> bool) -> GuardView {
    let mut found = view(household).await;
    until(&format!("the guard to be {what}"), async || {
        found = view(household).await;
        is(&found.state)
    })
    .await;
    found
}

async fn order(household: &Household, order: GuardOrder) -> GuardView {
    let owner = household.owner();
    household
        .engine()
        .order_guard(owner, order)
        .await
        .expect("obeyed")
}

/// The grid commands to `meter`, oldest first.
async fn switched(household: &Household, meter: &MeterId) -> Vec<GridMode> {
    let page = household.engine().list_commands(meter, 50, None).await;
    let rows = page.expect("a page").rows.into_iter().rev();
    rows.filter_map(|row| match row.command {
        Some(MeterCommand::Grid { mode }) => Some(mode),
        _ => None,
    })
    .collect()
}

/// The notices of `kind`, oldest first.
async fn notices(household: &Household, kind: NoticeKind) -> Vec<Notice> {
    let mut rows = household.engine().notices(200, None).await.expect("a page").rows;
    rows.retain(|notice| notice.kind == kind);
    rows.reverse();
    rows
}

/// Chooses whether the guard may switch `meter`.
async fn choose(household: &Household, meter: &MeterId, guard: bool) {
    let choice = SettlingChoice {
        guard: Some(guard),
        ..SettlingChoice::default()
    };
    let (owner, meter) = (household.owner(), Some(meter.clone()));
    let chosen = household.engine().set_settling(owner, meter, choice).await;
    chosen.expect("a choice");
}

/// A second meter of the household, open on chain, where nothing flows.
async fn second(household: &Household, home: HomeConfig) -> (MeterId, SimMeter) {
    let (id, meter) = household.extend(home).await;
    meter.set_solar(Some(0));
    meter.set_load(Some(0));
    until("the second meter to be open", async || {
        let view = household.engine().meter(&id).expect("the meter");
        matches!(view.registration, enerlink_domain::Registration::Open { .. })
    })
    .await;
    (id, meter)
}

async fn mode(meter: &SimMeter) -> GridMode {
    meter.snapshot().await.expect("a running meter").mode
}

fn is_countdown(state: &GuardState) -> bool {
    matches!(state, GuardState::Countdown { .. })
}

fn is_cut(state: &GuardState) -> bool {
    matches!(state, GuardState::Cut { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_is_warned_cut_off_earns_in_the_sun_and_is_restored() {
    let (household, meter) = earned(HomeConfig {
        battery_wh: 1_000,
        battery_w: 600,
        charge_percent: 0,
        ..home()
    })
    .await;
    let mut events = household.engine().events();
    meter.set_load(Some(6_000));
    let warned = told(&mut events, |event| match event {
        Event::Guard(view) if is_countdown(&view.state) => Some(view),
        _ => None,
    })
    .await;
    assert!(
        warned.burn >= warned.available,
        "{:?} of {:?}",
        warned.burn,
        warned.available
    );
    assert_eq!(warned.meters, std::slice::from_ref(&household.id));
    assert_eq!(mode(&meter).await, GridMode::Export, "a minute to say no");
    let cut = becomes(&household, "cut", is_cut).await;
    assert_eq!(
        mode(&meter).await,
        GridMode::Off,
        "the meter says so, and it is so"
    );
    let at_cut = cut.record.iter().map(|act| act.what).collect::<Vec<_>>();
    assert_eq!(
        at_cut[..3],
        [GuardStep::Cut, GuardStep::Cutting, GuardStep::Warned]
    );
    let minute = cut.record[1].at.since(cut.record[2].at);
    assert!(minute >= Duration::from_secs(60), "{minute:?}");
    assert!(cut.restore_at > cut.available);
    assert_eq!(switched(&household, &household.id).await, [GridMode::Off]);
    until("the all-clear of the warning", async || {
        let warnings = notices(&household, NoticeKind::GuardWarns).await;
        warnings.len() == 1 && warnings[0].cleared_at.is_some()
    })
    .await;
    // The sun gives more than the home uses, which the battery shows.
    meter.set_load(Some(500));
    meter.set_solar(Some(15_000));
    becomes(&household, "exporting", |state| {
        matches!(state, GuardState::Exporting { .. })
    })
    .await;
    until("the balance to be restored", async || {
        let _ = household.engine().settle_now(household.id.clone()).await;
        view(&household).await.state == GuardState::Watching
    })
    .await;
    assert_eq!(mode(&meter).await, GridMode::Export, "as it was");
    assert_eq!(
        switched(&household, &household.id).await,
        [GridMode::Off, GridMode::Export]
    );
    let acted = notices(&household, NoticeKind::GuardActed).await;
    let words: Vec<&str> = acted.iter().map(|notice| notice.detail.as_str()).collect();
    assert_eq!(words, ["cut", "exporting", "restored"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_node_the_countdown_stops_and_nothing_is_cut() {
    let (household, meter) = earned(home()).await;
    meter.set_load(Some(15_000));
    becomes(&household, "counting down", is_countdown).await;
    household.node.faults().set(Fault::Refuse, Span::UntilCleared);
    becomes(&household, "unknown", |state| *state == GuardState::Unknown).await;
    until("a warning that it is unknown", async || {
        let warnings = notices(&household, NoticeKind::GuardWarns).await;
        warnings
            .last()
            .is_some_and(|notice| notice.detail == "unknown" && notice.cleared_at.is_none())
    })
    .await;
    household.clock.pass(Duration::from_secs(60)).await;
    assert_eq!(view(&household).await.state, GuardState::Unknown);
    assert_eq!(view(&household).await.available, None, "which is not zero");
    assert_eq!(switched(&household, &household.id).await, []);
    let before = view(&household).await.record.len();
    household.node.faults().clear();
    let cut = becomes(&household, "cut", is_cut).await;
    let again = cut.record.len() - before;
    assert_eq!(again, 3, "warned, in full, before the cut: {:?}", cut.record);
    assert!(cut.record[1].at.since(cut.record[2].at) >= Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_a_pause_nor_a_countdown_nor_a_cut_is_lost_in_a_restart() {
    let (mut household, meter) = earned(home()).await;
    meter.set_load(Some(15_000));
    becomes(&household, "counting down", is_countdown).await;
    household.restart(End::Dropped).await;
    becomes(&household, "counting down again", is_countdown).await;
    let paused = order(&household, GuardOrder::NotNow).await;
    assert!(matches!(paused.state, GuardState::Paused { .. }));
    household.restart(End::Stopped).await;
    household.clock.pass(Duration::from_secs(120)).await;
    let still = view(&household).await;
    assert!(
        matches!(still.state, GuardState::Paused { .. }),
        "{:?}",
        still.state
    );
    assert_eq!(switched(&household, &household.id).await, []);
    order(&household, GuardOrder::Resume).await;
    becomes(&household, "cut", is_cut).await;
    household.restart(End::Dropped).await;
    household.clock.pass(Duration::from_secs(60)).await;
    assert!(is_cut(&view(&household).await.state));
    assert_eq!(switched(&household, &household.id).await, [GridMode::Off], "once");
    order(&household, GuardOrder::Restore).await;
    becomes(&household, "paused", |state| {
        matches!(state, GuardState::Paused { .. })
    })
    .await;
    assert_eq!(mode(&meter).await, GridMode::Export, "what it was before the cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_meters_of_one_wallet_are_cut_and_restored_together_each_to_its_own_mode() {
    let (household, first) = earned(home()).await;
    let importing = HomeConfig {
        mode: GridMode::Import,
        ..home()
    };
    let (other, second) = second(&household, importing).await;
    first.set_load(Some(6_000));
    second.set_load(Some(8_000));
    becomes(&household, "cut", is_cut).await;
    until("both to be off", async || {
        mode(&first).await == GridMode::Off && mode(&second).await == GridMode::Off
    })
    .await;
    order(&household, GuardOrder::Restore).await;
    becomes(&household, "paused", |state| {
        matches!(state, GuardState::Paused { .. })
    })
    .await;
    assert_eq!(
        (mode(&first).await, mode(&second).await),
        (GridMode::Export, GridMode::Import)
    );
    for meter in [&household.id, &other] {
        assert_eq!(switched(&household, meter).await.len(), 2, "{meter}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_that_the_guard_may_not_switch_stays_on_while_the_other_is_cut() {
    let (household, first) = earned(home()).await;
    let (other, second) = second(&household, home()).await;
    choose(&household, &household.id, false).await;
    first.set_load(Some(6_000));
    second.set_load(Some(8_000));
    let cut = becomes(&household, "cut", is_cut).await;
    assert_eq!(cut.meters, std::slice::from_ref(&other));
    assert_eq!(
        (mode(&first).await, mode(&second).await),
        (GridMode::Export, GridMode::Off)
    );
    assert_eq!(switched(&household, &household.id).await, []);
    assert_eq!(switched(&household, &other).await, [GridMode::Off]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_switches_the_guard_off_whatever_was_chosen() {
    let (mut household, meter) = earned(home()).await;
    choose(&household, &household.id, true).await;
    household.setup.variables = &[("AUTO_GRID_SHUTDOWN_ENABLED", "false")];
    household.restart(End::Stopped).await;
    meter.set_load(Some(15_000));
    becomes(&household, "off", |state| *state == GuardState::Off).await;
    household.clock.pass(Duration::from_secs(120)).await;
    assert_eq!(view(&household).await.state, GuardState::Off);
    assert_eq!(switched(&household, &household.id).await, []);
    household.setup.variables = &[];
    household.restart(End::Stopped).await;
    becomes(&household, "cut", is_cut).await;
    assert_eq!(mode(&meter).await, GridMode::Off, "what was chosen counts again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_that_does_not_obey_is_told_twice_and_never_said_to_be_off() {
    let (household, meter) = earned(home()).await;
    meter.set_manners(Manners::Deaf);
    meter.set_load(Some(15_000));
    let mut events = household.engine().events();
    let powerless = told(&mut events, |event| match event {
        Event::Guard(view) => {
            assert!(!is_cut(&view.state), "nobody said that it is off");
            matches!(view.state, GuardState::Powerless { .. }).then_some(view)
        }
        _ => None,
    })
    .await;
    let failed = powerless
        .record
        .iter()
        .filter(|act| act.what == GuardStep::Failed);
    assert_eq!(failed.count(), 2);
    assert_eq!(
        switched(&household, &household.id).await,
        [GridMode::Off, GridMode::Off]
    );
    let warnings = notices(&household, NoticeKind::GuardWarns).await;
    assert_eq!(warnings.len(), 1, "one that lasts: {warnings:?}");
    assert_eq!(warnings[0].detail, "powerless");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_without_a_switch_is_warned_of_and_told_nothing() {
    let mut household = Household::open(HOUSE).await;
    household.flow(300 * WH, 0).await;
    earn(&household, &household.id).await;
    order(&household, GuardOrder::Explained).await;
    let (export, import) = household.counted();
    let mut said = 0;
    until("the guard to be powerless", async || {
        said += 1;
        // 14.4 kW: 8 Wh in two seconds.
        let (uptime, export, import) = (100_000_000 + said * 2_000, export.0 / WH, import.0 / WH + said * 8);
        let reading = format!(
            r#"{{"timestamp":{uptime},"export":{{"power":0,"total_energy_wh":{export}.25}},"import":{{"power":14400000,"total_energy_wh":{import}.75}}}}"#
        );
        household.say(Channel::Sensors, &reading).await;
        household.clock.pass(Duration::from_secs(2)).await;
        matches!(view(&household).await.state, GuardState::Powerless { .. })
    })
    .await;
    assert_eq!(switched(&household, &household.id).await, []);
    let warnings = notices(&household, NoticeKind::GuardWarns).await;
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].detail, "powerless");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_cannot_be_paid_is_told_once_over_twenty_periods() {
    let mut household = Household::open(Setup {
        period: Some(10),
        ..Setup::default()
    })
    .await;
    household.flow(300 * WH, 0).await;
    until("something to be earned", async || {
        household.rows(household.engine()).await.len() == 1
    })
    .await;
    order(&household, GuardOrder::Explained).await;
    household.flow(0, 500 * WH).await;
    let queued = household.outbox(household.engine()).await.len();
    household.clock.pass(Duration::from_secs(205)).await;
    assert_eq!(
        household.outbox(household.engine()).await.len(),
        queued,
        "no transaction"
    );
    assert_eq!(household.rows(household.engine()).await.len(), 1, "no row");
    let missing = notices(&household, NoticeKind::EtkMissing).await;
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].detail, "200.00 ETK");
    assert_eq!(missing[0].meter_id.as_ref(), Some(&household.id));
    assert!(missing[0].cleared_at.is_none());
    household.restart(End::Stopped).await;
    household.clock.pass(Duration::from_secs(30)).await;
    assert_eq!(
        notices(&household, NoticeKind::EtkMissing).await,
        missing,
        "it lasts over a restart"
    );
    household.flow(1_000 * WH, 0).await;
    household.check(household.engine(), 2).await;
    until("the all-clear", async || {
        let missing = notices(&household, NoticeKind::EtkMissing).await;
        missing.len() == 1 && missing[0].cleared_at.is_some()
    })
    .await;
}
