//! What the device does: display resets and their answers, reboots, factory resets, repetitions.

use std::time::Duration;

use enerlink_domain::{CommandStage, CommandView, Event, MeterCommand};
use enerlink_meter::Channel;
use enerlink_sim::home::{HomeConfig, SimMeter};
use enerlink_store::commands;

use crate::support::{Household, Setup, Shape, WH, registers, until};

/// So fast that the simulated home exports 100 Wh in a second.
const FAST: Setup = Setup {
    rated_power_w: 20_000,
    ..Setup::DEFAULT
};

fn home() -> HomeConfig {
    HomeConfig {
        peak_solar_w: 25_000,
        rated_power_w: 20_000,
        battery_wh: 0,
        sensor_interval: Duration::from_secs(6),
        ..HomeConfig::default()
    }
}

/// Waits until the meter was told to reset its display `times` times; answers the ids.
async fn resets(household: &Household, times: usize) -> Vec<String> {
    let mut ids = Vec::new();
    until("the display to be reset", async || {
        let commands = household.commands();
        let resets = commands
            .iter()
            .filter(|command| command.to_string().contains("reset"));
        ids = resets
            .map(|command| command["correlation_id"].as_str().expect("an id").to_owned())
            .collect();
        ids.len() >= times
    })
    .await;
    ids
}

/// Waits until the command `id` has come to `stage`.
async fn becomes(household: &Household, id: &str, stage: CommandStage) -> CommandView {
    let reader = household.store(household.engine()).await.reader();
    let mut found = None;
    until(&format!("the command to be {stage:?}"), async || {
        let row = commands::get(&reader, id)
            .await
            .expect("readable")
            .expect("stored");
        found = Some(row.view).filter(|view| view.stage == stage);
        found.is_some()
    })
    .await;
    found.expect("just found")
}

/// Waits until so much more is owed than is settled.
async fn owes(household: &Household, watt_hours: u64) {
    let settled = household.watermark().await.export.0;
    until("energy to flow", async || {
        let registers = registers(household.engine(), &household.id);
        registers.is_some_and(|(export, _)| export.0 >= (settled + watt_hours) * WH)
    })
    .await;
}

/// Silences the meter and waits until the registers are what it has really counted.
async fn agrees(household: &Household, meter: &SimMeter) {
    meter.pause();
    let truth = meter.snapshot().await.expect("a running meter").published;
    until("the registers to be the truth", async || {
        registers(household.engine(), &household.id) == Some((truth.export, truth.import))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_display_is_reset_after_the_confirmation() {
    let household = Household::found(FAST).await;
    let _meter = household.move_in(home()).await;
    household.opened().await;
    owes(&household, 150).await;
    assert!(household.commands().is_empty());
    household.settle_through().await;
    let ids = resets(&household, 1).await;
    let row = becomes(&household, &ids[0], CommandStage::Acknowledged).await;
    assert_eq!(row.error, None);
    assert!(resets(&household, 1).await.iter().all(|id| *id == ids[0]));
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_display_that_does_not_answer_is_asked_three_times_under_one_id() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    let ids = resets(&household, 3).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let row = becomes(&household, &ids[0], CommandStage::TimedOut).await;
    assert_eq!(row.attempts, 3);
    assert_eq!(household.commands().len(), 3);
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settlement_counters_without_totals_are_never_reset() {
    let mut household = Household::open(Setup {
        shape: Shape::Nested,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    // Longer than three attempts take.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(household.commands().is_empty());
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_flows_until_a_reset_is_counted_by_its_answer_and_once() {
    let mut household = Household::open(Setup {
        shape: Shape::Nested,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    let meter = household.id.clone();
    let by_hand = household
        .engine()
        .send_command(meter, MeterCommand::ResetSettlement, true);
    by_hand.await.expect("sent");
    let id = resets(&household, 1).await.remove(0);
    let answer = household.reset(&id, WH, WH / 2);
    household.answer(answer.clone()).await;
    household.heard(household.engine()).await;
    household.answer(answer.clone()).await;
    household.flow(300 * WH, 0).await;
    household.answer(answer).await;
    household.flow(200 * WH, 0).await;
    household.settle_through().await;
    // Whoever tells what stood on the counters loses nothing by a reset after each settlement.
    let ids = resets(&household, 2).await;
    let answer = household.reset(&ids[1], WH, 0);
    household.answer(answer).await;
    household.heard(household.engine()).await;
    household.flow(100 * WH, 0).await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registers_are_what_the_meter_has_counted_whatever_it_does() {
    let household = Household::found(FAST).await;
    let meter = household.move_in(home()).await;
    household.opened().await;
    owes(&household, 120).await;
    meter.reboot();
    owes(&household, 240).await;
    agrees(&household, &meter).await;
    let refused = refusals(&household);
    meter.publish_duplicate();
    meter.publish_late();
    meter.publish_raw(Channel::Sensors, "{");
    until("three refusals", async || refusals(&household) == refused + 3).await;
    agrees(&household, &meter).await;
    household.settle_through().await;
    // What flows between the last message and a factory reset cannot be known, so nothing flows then.
    meter.set_solar(Some(0));
    meter.set_load(Some(0));
    meter.resume();
    agrees(&household, &meter).await;
    meter.factory_reset();
    meter.set_solar(None);
    meter.set_load(None);
    meter.resume();
    owes(&household, 150).await;
    agrees(&household, &meter).await;
    let view = household.engine().meter(&household.id).expect("the meter");
    assert_eq!(
        view.registers.map(|registers| registers.epoch),
        Some(1),
        "the counters began anew once"
    );
    household.settle_through().await;
    household.check(household.engine(), 2).await;
}

fn refusals(household: &Household) -> u64 {
    household
        .engine()
        .meter(&household.id)
        .expect("the meter")
        .device
        .refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_meter_says_is_shown_while_the_database_waits_and_counts_afterwards() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(100 * WH, 0).await;
    let counted = |household: &Household| {
        let meter = household.engine().meter(&household.id).expect("known");
        meter.device.counted
    };
    let before = counted(&household);
    let mut events = household.engine().events();
    let store = household.store(household.engine()).await;
    let held = store.begin().await.expect("the write lock");
    // The first is being written; the second has come meanwhile.
    for _ in 0..2 {
        household.murmur(WH, 0).await;
        let (export, _) = household.counted();
        let shown = async {
            while let Some(event) = events.next().await {
                if let Event::Device(device) = event
                    && let Some((_, sensors)) = device.sensors
                    && sensors.export.and_then(|export| export.total_energy) == Some(export)
                {
                    return;
                }
            }
        };
        let shown = tokio::time::timeout(Duration::from_secs(4), shown).await;
        shown.expect("it is shown before it is written");
    }
    assert_eq!(counted(&household), before, "nothing rests on it yet");
    drop(held);
    household.heard(household.engine()).await;
    until("both to count", async || counted(&household) == before + 2).await;
}
