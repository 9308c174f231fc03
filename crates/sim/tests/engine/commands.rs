//! Commands to the meter: answered, seen, refused, forgotten, late, replaced, interrupted, over a wire that repeats and lies.

use std::time::Duration;

use enerlink_domain::{
    Code, CommandStage, CommandView, Event, MeterCommand, NoticeKind,
    command::INTERVAL_MS,
    reading::GridMode,
    view::{MessageDirection, MessageFilter},
};
use enerlink_engine::{Engine, Events};
use serde_json::{Value, json};

use crate::support::{End, Household, Setup, told, until};

/// Thirty seconds of a command's life are a second and a half.
async fn household() -> Household {
    let household = Household::found(Setup::default()).await;
    household.greet(household.engine()).await;
    household
        .status(json!({ "grid": { "mode": "import" }, "relay": { "pump": false } }))
        .await;
    until("the status to be heard", async || {
        view(&household).device.status.is_some()
    })
    .await;
    household
}

fn view(household: &Household) -> enerlink_domain::view::MeterView {
    household.engine().meter(&household.id).expect("the meter")
}

fn grid(mode: GridMode) -> MeterCommand {
    MeterCommand::Grid { mode }
}

async fn send(household: &Household, command: MeterCommand) -> CommandView {
    let sent = household
        .engine()
        .send_command(household.id.clone(), command, true)
        .await;
    sent.expect("sent")
}

/// The stages that the command `id` is told to be in, until it is `last`.
async fn stages(events: &mut Events, id: &str, last: CommandStage) -> Vec<CommandStage> {
    let mut stages = Vec::new();
    told(events, |event| match event {
        Event::Command(view) if view.correlation_id == id => {
            stages.push(view.stage);
            (view.stage == last).then_some(())
        }
        _ => None,
    })
    .await;
    stages.dedup();
    stages
}

async fn stored(engine: &Engine, of: &CommandView) -> CommandView {
    let page = engine
        .list_commands(&of.meter_id, 50, None)
        .await
        .expect("a page");
    let mut same = page
        .rows
        .into_iter()
        .filter(|row| row.correlation_id == of.correlation_id);
    same.next().expect("stored")
}

async fn becomes(household: &Household, of: &CommandView, stage: CommandStage) -> CommandView {
    let mut found = stored(household.engine(), of).await;
    until(&format!("{stage:?}"), async || {
        found = stored(household.engine(), of).await;
        found.stage == stage
    })
    .await;
    found
}

fn answer(of: &CommandView, ok: bool) -> Value {
    json!({ "correlation_id": of.correlation_id, "ok": ok, "error": (!ok).then_some("relay stuck") })
}

/// Messages of the log that belong to the command.
async fn logged(household: &Household, of: &CommandView, direction: MessageDirection) -> usize {
    let filter = MessageFilter {
        correlation_id: Some(of.correlation_id.clone()),
        direction: Some(direction),
        ..MessageFilter::default()
    };
    let page = household
        .engine()
        .messages(&filter, 50, None)
        .await
        .expect("a page");
    page.rows.len()
}

async fn failures(household: &Household) -> Vec<String> {
    let page = household.engine().notices(50, None).await.expect("a page");
    let failed = page
        .rows
        .into_iter()
        .filter(|notice| notice.kind == NoticeKind::CommandFailed);
    failed.map(|notice| notice.detail).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_own_answer_moves_a_command_and_only_once() {
    let household = household().await;
    let mut events = household.engine().events();
    let sent = send(&household, grid(GridMode::Off)).await;
    assert_eq!(sent.stage, CommandStage::Sent);
    let mut stranger = sent.clone();
    stranger.correlation_id = "00000000-0000-4000-8000-000000000000".to_owned();
    household.answer(answer(&stranger, false)).await;
    household.status(json!({ "grid": { "mode": "import" } })).await;
    household.answer(answer(&sent, true)).await;
    let seen = stages(&mut events, &sent.correlation_id, CommandStage::Acknowledged).await;
    assert_eq!(
        seen,
        [
            CommandStage::Queued,
            CommandStage::Sent,
            CommandStage::Acknowledged
        ]
    );
    // Repeated, contradicted, and shown again: it stays as it is.
    household.answer(answer(&sent, true)).await;
    household.answer(answer(&sent, false)).await;
    household.status(json!({ "grid": { "mode": "off" } })).await;
    until("the messages to be logged", async || {
        logged(&household, &sent, MessageDirection::In).await == 3
    })
    .await;
    let row = stored(household.engine(), &sent).await;
    assert_eq!(
        (row.stage, row.error, row.attempts),
        (CommandStage::Acknowledged, None, 1)
    );
    assert_eq!(logged(&household, &sent, MessageDirection::Out).await, 1);
    assert_eq!(failures(&household).await, Vec::<String>::new());
    let figures = household.engine().diagnostics().await.expect("figures");
    assert_eq!(figures.command.count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_that_never_answers_is_believed_when_it_shows_the_output() {
    let household = household().await;
    let pump = |on| MeterCommand::Relay {
        name: "pump".to_owned(),
        on,
    };
    let sent = send(&household, pump(true)).await;
    household.status(json!({ "relay": { "pump": false } })).await;
    household.status(json!({ "relay": { "pump": true } })).await;
    let row = becomes(&household, &sent, CommandStage::Observed).await;
    assert_eq!(row.error, None);
    assert_eq!(household.commands().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_times_out_after_three_attempts_under_one_id_and_a_late_answer_is_late() {
    let household = household().await;
    let mut events = household.engine().events();
    let sent = send(&household, grid(GridMode::Off)).await;
    let seen = stages(&mut events, &sent.correlation_id, CommandStage::TimedOut).await;
    assert_eq!(
        seen,
        [CommandStage::Queued, CommandStage::Sent, CommandStage::TimedOut]
    );
    let commands = household.commands();
    assert_eq!(commands.len(), 3);
    assert!(
        commands.iter().all(|command| *command == commands[0]),
        "{commands:?}"
    );
    assert_eq!(commands[0]["correlation_id"], sent.correlation_id);
    assert_eq!(failures(&household).await, [sent.correlation_id.as_str()]);
    assert_eq!(logged(&household, &sent, MessageDirection::Out).await, 3);
    household.answer(answer(&sent, true)).await;
    becomes(&household, &sent, CommandStage::Late).await;
    household.answer(answer(&sent, false)).await;
    household.status(json!({ "grid": { "mode": "off" } })).await;
    // From now on it is known to answer, so that silence is a failure.
    let next = send(&household, grid(GridMode::Export)).await;
    let failed = becomes(&household, &next, CommandStage::Failed).await;
    assert_eq!(failed.attempts, 3);
    assert_eq!(stored(household.engine(), &sent).await.stage, CommandStage::Late);
    household.status(json!({ "grid": { "mode": "export" } })).await;
    becomes(&household, &next, CommandStage::Late).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_a_failure_with_the_meters_own_words() {
    let household = household().await;
    let sent = send(&household, grid(GridMode::Off)).await;
    household.answer(answer(&sent, false)).await;
    let row = becomes(&household, &sent, CommandStage::Failed).await;
    assert_eq!(row.error.as_deref(), Some("relay stuck"));
    assert_eq!(failures(&household).await, [sent.correlation_id.as_str()]);
    household.answer(answer(&sent, true)).await;
    until("the messages to be logged", async || {
        logged(&household, &sent, MessageDirection::In).await == 2
    })
    .await;
    assert_eq!(
        stored(household.engine(), &sent).await.stage,
        CommandStage::Failed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_switch_is_never_undone_by_an_older_one() {
    let household = household().await;
    let older = send(&household, grid(GridMode::Off)).await;
    household.clock.pass(Duration::from_secs(3)).await;
    let newer = send(&household, grid(GridMode::Export)).await;
    becomes(&household, &older, CommandStage::TimedOut).await;
    becomes(&household, &newer, CommandStage::TimedOut).await;
    let modes: Vec<Value> = household
        .commands()
        .iter()
        .map(|command| command["grid"].clone())
        .collect();
    assert_eq!(modes, ["off", "export", "export", "export"]);
    assert_eq!(failures(&household).await, [newer.correlation_id.as_str()]);
}

/// M15.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_unconfirmed_unknown_too_often_or_beyond_its_limits() {
    let household = household().await;
    let try_to = async |command: MeterCommand, confirmed: bool| {
        let sent = household
            .engine()
            .send_command(household.id.clone(), command, confirmed);
        sent.await.map_err(|error| error.code)
    };
    let fan = MeterCommand::Relay {
        name: "fan".to_owned(),
        on: true,
    };
    assert_eq!(
        try_to(grid(GridMode::Off), false).await,
        Err(Code::ConfirmationMissing)
    );
    assert_eq!(
        try_to(MeterCommand::ResetSettlement, false).await,
        Err(Code::ConfirmationMissing)
    );
    let led = |duty| MeterCommand::Led { duty };
    assert_eq!(try_to(fan, true).await, Err(Code::InvalidInput));
    assert_eq!(try_to(led(1), true).await, Err(Code::InvalidInput));
    let stranger = household
        .engine()
        .send_command("STRANGER".parse().expect("an id"), led(1), true);
    assert_eq!(
        stranger.await.map_err(|error| error.code),
        Err(Code::MeterUnknown)
    );
    assert!(household.commands().is_empty());
    let page = household
        .engine()
        .list_commands(&household.id, 50, None)
        .await
        .expect("a page");
    assert_eq!(page.rows, []);
    household
        .status(json!({ "pwm": { "max_pwm": 255, "led_duty": 0 } }))
        .await;
    until("the LED to be seen", async || {
        view(&household).meter.capabilities.max_pwm.is_some()
    })
    .await;
    let sent = try_to(led(70_000), false).await.expect("harmless");
    assert_eq!(sent.command, Some(led(255)));
    assert_eq!(try_to(led(3), false).await, Err(Code::TooOften));
    let slow = MeterCommand::Intervals {
        sensor_ms: Some(1),
        heartbeat_ms: Some(u32::MAX),
    };
    let sent = try_to(slow, false).await.expect("harmless");
    let bounds = MeterCommand::Intervals {
        sensor_ms: Some(INTERVAL_MS.0),
        heartbeat_ms: Some(INTERVAL_MS.1),
    };
    assert_eq!(sent.command, Some(bounds));
    until("both to arrive", async || household.commands().len() >= 2).await;
    let commands = household.commands();
    assert_eq!(commands[0]["pwm"]["led_duty"], 255);
    assert_eq!(
        commands[1]["mqtt"],
        json!({ "sensor_interval": 1000, "heartbeat_interval": 600_000 })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_outlives_the_app_but_not_its_patience() {
    for end in [End::Stopped, End::Dropped] {
        let mut household = household().await;
        let sent = send(&household, grid(GridMode::Off)).await;
        household.restart(end).await;
        household.answer(answer(&sent, true)).await;
        becomes(&household, &sent, CommandStage::Acknowledged).await;
        let before = household.commands().len();
        let old = send(&household, grid(GridMode::Export)).await;
        until("it to arrive", async || household.commands().len() > before).await;
        // The computer is switched off for an hour.
        household.clock.shift(3_600_000);
        household.restart(end).await;
        let row = becomes(&household, &old, CommandStage::Failed).await;
        assert_eq!(row.attempts, 1, "a switch is not sent an hour later");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_does_not_stop_the_repetitions() {
    let household = household().await;
    let sent = send(&household, grid(GridMode::Off)).await;
    household.clock.shift(-86_400_000);
    becomes(&household, &sent, CommandStage::TimedOut).await;
    assert_eq!(household.commands().len(), 3);
}
