//! What a meter says about its time, its counters and itself: from the wire to the registers, the tally and the inbox.

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{
    DeviceState, Event, Notice, NoticeKind, Presence, device::OfflineReason, device::UnitsCheck,
    reading::Units, view::MeterView,
};
use enerlink_meter::Channel;
use serde_json::json;

use crate::support::{End, Household, Setup, WH, registers, told, until};

fn view(household: &Household) -> MeterView {
    household.engine().meter(&household.id).expect("the meter")
}

fn device(household: &Household) -> DeviceState {
    view(household).device
}

/// Sensors after so many milliseconds of uptime; counters in milli-watt-hours.
fn sensors(uptime: u64, export: u64, import: u64) -> String {
    let counter = |value: u64| format!("{}.{:03}", value / 1000, value % 1000);
    let side = |value| format!(r#"{{"power":0,"total_energy_wh":{}}}"#, counter(value));
    format!(
        r#"{{"timestamp":{uptime},"export":{},"import":{}}}"#,
        side(export),
        side(import)
    )
}

/// Lets the meter say so and waits until it is counted or refused.
async fn says(household: &Household, payload: &str) {
    let before = device(household);
    household.say(Channel::Sensors, payload).await;
    until("the message to be judged", async || {
        let now = device(household);
        now.counted + now.refused > before.counted + before.refused
    })
    .await;
}

async fn inbox(household: &Household) -> Vec<Notice> {
    household.engine().notices(100, None).await.expect("a page").rows
}

/// The notices of `kind`, oldest first.
async fn notices(household: &Household, kind: NoticeKind) -> Vec<Notice> {
    let mut rows = inbox(household).await;
    rows.retain(|notice| notice.kind == kind);
    rows.reverse();
    rows
}

fn tally(household: &Household) -> BTreeMap<String, u64> {
    device(household).tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reboots_rollovers_resets_and_a_clock_that_jumps_are_told_apart_and_nothing_is_paid_twice() {
    // In real time, so that what passes between two messages is what is set here.
    let mut household = Household::open(Setup {
        speed: 1,
        ..Setup::default()
    })
    .await;
    let wh = |micro: u64| micro / 1000;
    let (export, import) = household.counted();
    let (start, still) = (wh(export.0), wh(import.0));
    const HOUR: u64 = 3_600_000;
    // A long run towards the end of the uptime, in a silence that is about as long.
    household.clock.shift(40 * 24 * HOUR.cast_signed());
    says(&household, &sensors((1 << 32) - 5_000, start + 100_000, still)).await;
    household.clock.shift(5_000);
    says(&household, &sensors(0, start + 100_002, still)).await;
    says(&household, &sensors((1 << 32) - 5_000, start + 100_000, still)).await;
    says(&household, &sensors(0, start + 100_002, still)).await;
    // An hour later it has rebooted, and counted on.
    household.clock.shift(HOUR.cast_signed());
    says(&household, &sensors(HOUR, start + 101_000, still)).await;
    household.clock.shift(HOUR.cast_signed());
    says(&household, &sensors(20_000, start + 102_000, still)).await;
    // Noise, then the clock of this computer is set back a day, then forward again.
    says(&household, &sensors(25_000, start + 101_999, still)).await;
    household.clock.shift(-24 * 3_600_000);
    says(&household, &sensors(30_000, start + 102_003, still)).await;
    household.clock.shift(24 * 3_600_000);
    says(&household, &sensors(35_000, start + 102_006, still)).await;
    // A factory reset: 1 Wh since. So soon after a reboot it is believed when it lasts.
    says(&household, &sensors(3_635_000, 1_000, 0)).await;
    household.clock.shift(5_000);
    says(&household, &sensors(3_640_000, 1_002, 0)).await;
    household.clock.shift(5_000);
    says(&household, &sensors(3_645_000, 1_004, 0)).await;
    let counted = start + 102_006 + 1_004;
    until("the registers", async || {
        registers(household.engine(), &household.id).is_some_and(|(export, _)| export.0 == counted * 1000)
    })
    .await;
    let found = tally(&household);
    for word in [
        "rollover",
        "late",
        "duplicate",
        "rebooted",
        "noise",
        "clock_set_back",
        "counter_reset",
    ] {
        assert!(found.contains_key(word), "{word} in {found:?}");
    }
    assert_eq!(
        view(&household).registers.map(|registers| registers.epoch),
        Some(1)
    );
    assert_eq!(notices(&household, NoticeKind::CounterReset).await.len(), 1);
    assert!(!notices(&household, NoticeKind::Rebooted).await.is_empty());
    // The tally is the same after a restart, and the energy is settled once.
    household.restart(End::Dropped).await;
    assert_eq!(tally(&household), found);
    let settled = household.settle_through().await;
    assert_eq!(settled.energy_wh.0, 103, "100 + 2 + 1 Wh and what was left over");
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reboot_that_resets_the_counters_is_told_as_both_and_is_over_when_the_meter_keeps_running() {
    let mut household = Household::open(Setup {
        speed: 1,
        ..Setup::default()
    })
    .await;
    let restarted = |household: &Household| {
        let mut conditions = device(household).conditions.into_iter();
        conditions.any(|notice| notice.kind == NoticeKind::Rebooted)
    };
    // It counts from nothing, and is believed when three messages in a row say so.
    for at in 1..4 {
        household.clock.shift(5_000);
        says(&household, &sensors(at * 5_000, at, 0)).await;
    }
    until("the new epoch", async || {
        view(&household).registers.map(|registers| registers.epoch) == Some(1)
    })
    .await;
    let found = tally(&household);
    for word in ["rebooted", "counter_reset"] {
        assert_eq!(found.get(word), Some(&1), "{word} in {found:?}");
    }
    assert_eq!(notices(&household, NoticeKind::CounterReset).await.len(), 1);
    until("the reboot to be told", async || restarted(&household)).await;
    household.restart(End::Stopped).await;
    assert!(restarted(&household), "it lasts over a restart");
    household.clock.shift(300_000);
    until("the all-clear", async || !restarted(&household)).await;
    let told = notices(&household, NoticeKind::Rebooted).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].cleared_at.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_subscription_is_an_alarm_until_the_meter_is_heard() {
    let household = Household::found(Setup::default()).await;
    let mut events = household.engine().events();
    let raised = told(&mut events, |event| match event {
        Event::Notice(notice) if notice.kind == NoticeKind::Offline => Some(notice),
        _ => None,
    })
    .await;
    assert_eq!(raised.detail, "subscription_silent");
    let silent = device(&household);
    let reason = OfflineReason::SubscriptionSilent;
    assert_eq!(silent.presence, Presence::Offline { reason });
    assert!(
        silent
            .link
            .message
            .is_some_and(|text| text.contains("access list")),
        "it says what to do"
    );
    assert_eq!(silent.health, Some(0));
    household.greet(household.engine()).await;
    let over = told(&mut events, |event| match event {
        Event::Notice(notice) if notice.cleared_at.is_some() => Some(notice),
        _ => None,
    })
    .await;
    assert_eq!(over.id, raised.id);
    let heard = device(&household);
    assert_eq!((heard.presence, heard.health), (Presence::Online, Some(100)));
    assert!(heard.link.up && heard.conditions.is_empty());
    // Two intervals later it is stale, three times that later offline with another reason.
    for wanted in [
        Presence::Stale,
        Presence::Offline {
            reason: OfflineReason::NoData,
        },
    ] {
        until(&format!("{wanted:?}"), async || {
            device(&household).presence == wanted
        })
        .await;
        assert!(!device(&household).link.up);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_lasts_over_a_restart_and_is_told_once_until_its_all_clear() {
    let mut household = Household::open(Setup::default()).await;
    let beat =
        |status, heap: u32| json!({ "status": status, "uptime": 60_000, "free_heap": heap }).to_string();
    let active = |household: &Household| -> Vec<NoticeKind> {
        let mut kinds: Vec<_> = device(household)
            .conditions
            .iter()
            .map(|notice| notice.kind)
            .collect();
        kinds.retain(|kind| *kind != NoticeKind::Offline);
        kinds.sort();
        kinds
    };
    household.say(Channel::Heartbeat, &beat("warning", 12_000)).await;
    household
        .status(json!({ "wifi": { "connected": true, "rssi": -88 } }))
        .await;
    let raised = [
        NoticeKind::LowHeap,
        NoticeKind::WeakSignal,
        NoticeKind::HeartbeatWarning,
    ];
    until("the conditions", async || active(&household) == raised).await;
    assert!(device(&household).health.is_some_and(|health| health <= 45));
    household.restart(End::Stopped).await;
    assert_eq!(active(&household), raised, "as they were");
    household.say(Channel::Heartbeat, &beat("warning", 11_000)).await;
    household.say(Channel::Heartbeat, &beat("alive", 200_000)).await;
    until("one to be left", async || {
        active(&household) == [NoticeKind::WeakSignal]
    })
    .await;
    household
        .status(json!({ "wifi": { "connected": true, "rssi": -60 } }))
        .await;
    until("the all-clear", async || active(&household).is_empty()).await;
    for (kind, detail) in [
        (NoticeKind::LowHeap, "12000 B"),
        (NoticeKind::WeakSignal, "-88 dBm"),
        (NoticeKind::HeartbeatWarning, "warning"),
    ] {
        let told = notices(&household, kind).await;
        assert_eq!(told.len(), 1, "{kind:?} once: {told:?}");
        assert_eq!(told[0].detail, detail);
        assert!(told[0].cleared_at.is_some());
    }
    let page = household.engine().notices(100, None).await.expect("a page");
    assert!(page.unseen >= 3);
    household.engine().see_notices().await.expect("seen");
    assert_eq!(
        household.engine().notices(1, None).await.expect("a page").unseen,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_meter_shows_of_itself_is_learned_and_wrong_units_are_found_out() {
    let mut household = Household::found(Setup::default()).await;
    household.greet(household.engine()).await;
    let mut events = household.engine().events();
    household
        .status(json!({
            "grid": { "mode": "import" }, "pwm": { "max_pwm": 255, "led_duty": 0 },
            "motor1": { "duty": 0, "percent": 0, "direction": "forward" }, "relay": { "pump": true },
        }))
        .await;
    let learned = told(&mut events, |event| match event {
        Event::Meter(view) if view.meter.capabilities.grid_control => Some(view.meter),
        _ => None,
    })
    .await;
    assert!(!learned.capabilities.responds);
    assert_eq!(learned.capabilities.relays, ["pump"]);
    assert_eq!(learned.capabilities.max_pwm, Some(255));
    household
        .answer(json!({ "correlation_id": "00000000-0000-4000-8000-000000000000", "ok": true }))
        .await;
    until("the answer to be noticed", async || {
        view(&household).meter.capabilities.responds
    })
    .await;
    // "power" says 1000, and the counter gains 1.389 Wh in 5 s: it is in watts, not in milli-watts.
    let power = |at: u64| {
        let (seconds, total) = (100_000_000 + at * 5_000, 20_000_000 + at * 1_389);
        let side = format!(
            r#"{{"power":1000,"voltage":229.5,"total_energy_wh":{}.{:03}}}"#,
            total / 1000,
            total % 1000
        );
        format!(r#"{{"timestamp":{seconds},"load":{side},"export":{side},"import":{side}}}"#)
    };
    for at in 0..16 {
        says(&household, &power(at)).await;
    }
    until("the contradiction", async || {
        view(&household).meter.units_check == UnitsCheck::Contradicted
    })
    .await;
    until("the notice", async || {
        notices(&household, NoticeKind::UnitsWrong).await.len() == 1
    })
    .await;
    assert_eq!(
        notices(&household, NoticeKind::UnitsWrong).await[0].detail,
        "base"
    );
    assert_eq!(
        view(&household).meter.profile,
        Some(enerlink_domain::device::ElectricalProfile::AcGrid)
    );
    let edit = enerlink_domain::view::MeterEdit {
        units: Some(Units::Base),
        ..Default::default()
    };
    let edited = household.engine().edit_meter(household.id.clone(), edit).await;
    assert_eq!(
        edited.expect("edited").meter.units_check,
        UnitsCheck::NotConfirmed
    );
    for at in 16..32 {
        says(&household, &power(at)).await;
    }
    until("the confirmation", async || {
        view(&household).meter.units_check == UnitsCheck::Confirmed
    })
    .await;
    household.restart(End::Stopped).await;
    let kept = view(&household).meter;
    assert_eq!(
        (kept.units, kept.units_check),
        (Units::Base, UnitsCheck::Confirmed)
    );
    assert_eq!(kept.capabilities.relays, ["pump"]);
    assert!(
        notices(&household, NoticeKind::UnitsWrong).await[0]
            .cleared_at
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_in_envelopes_is_counted_commanded_by_its_name_and_settled() {
    let household = Household::found(Setup::default()).await;
    let envelope = |seconds: i64, export: u64| {
        let at = household_time(&household, seconds);
        json!({
            "meterId": household.id, "datetime": at,
            "units": { "voltage": "V", "current": "mA", "power": "mW", "energy": "Wh" },
            "data": {
                "export": { "power": 38.6, "total_energy": export, "active": true },
                "import": { "power": 0, "total_energy": 7, "active": false },
                "battery": { "voltage": 4.1, "soc": 9.5, "is_charging": false, "connected": true, "valid": true },
            },
        })
        .to_string()
    };
    until("the meter to be heard", async || {
        household.say(Channel::Data, &envelope(0, 5_000)).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        registers(household.engine(), &household.id).is_some()
    })
    .await;
    household.opened().await;
    let meter = view(&household).meter;
    assert_eq!(
        meter.family,
        Some(enerlink_domain::device::PayloadFamily::Envelope)
    );
    assert_eq!(
        meter.units_check,
        UnitsCheck::Confirmed,
        "the messages say so themselves"
    );
    until("the battery to be low", async || {
        notices(&household, NoticeKind::BatteryLow).await.len() == 1
    })
    .await;
    household.clock.shift(3_600_000);
    household.say(Channel::Data, &envelope(1, 5_500)).await;
    until("the energy", async || {
        registers(household.engine(), &household.id).is_some_and(|(export, _)| export.0 == 5_500 * WH)
    })
    .await;
    household.settle_through().await;
    // Its display is reset on the topic of its name; the hand that hears `/command` hears nothing.
    let named = enerlink_domain::view::MessageFilter {
        direction: Some(enerlink_domain::view::MessageDirection::Out),
        ..Default::default()
    };
    until("the reset to be sent", async || {
        let page = household
            .engine()
            .messages(&named, 50, None)
            .await
            .expect("a page");
        let to_it = format!("/command/{}", household.id);
        page.rows.iter().any(|message| message.topic.ends_with(&to_it))
    })
    .await;
    assert!(household.commands().is_empty());
    household.check(household.engine(), 1).await;
}

/// So many seconds from now, as newer firmware writes it.
fn household_time(household: &Household, seconds: i64) -> String {
    use enerlink_domain::Clock;
    let at = household.clock.wall().0 + 1000 * seconds;
    chrono::DateTime::from_timestamp_millis(at)
        .expect("a date")
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
