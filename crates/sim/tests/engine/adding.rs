//! Meters are found, opened with what stood on them, edited, moved and retired; their history and their sums stay.

use std::time::Duration;

use enerlink_domain::{
    Code, Error, MeterId, MicroWh, Presence, Registration, Status,
    device::ElectricalProfile,
    reading::Units,
    register::CounterSource,
    view::{
        BrokerDraft, MessageFilter, MeterDraft, MeterEdit, MeterView, Opening, RegistrationRequest,
        UnitsReason,
    },
};
use enerlink_meter::Channel;

use crate::support::{End, Household, Setup, WH, password, registers, until};

fn view(household: &Household) -> MeterView {
    household.engine().meter(&household.id).expect("the meter")
}

fn opening(household: &Household) -> Opening {
    view(household).registers.expect("heard").opening
}

/// Sensors after `uptime` ms. Totals stand at 1000 Wh more than the display, unless there are none; in watt-hours.
fn sensors(source: CounterSource, uptime: u64, export: u64, import: u64) -> String {
    let side = |display: u64| match source {
        CounterSource::Total => {
            let total = 1_000 + display;
            format!(r#"{{"total_energy_wh":{total},"settlement_energy_wh":{display}}}"#)
        }
        CounterSource::Settlement => format!(r#"{{"settlement_energy_wh":{display}}}"#),
    };
    format!(
        r#"{{"timestamp":{uptime},"export":{},"import":{}}}"#,
        side(export),
        side(import)
    )
}

/// A meter that shows 400 Wh exported and 150 Wh imported when it is heard first, and 300 Wh more when it is settled.
/// Answers what was settled.
async fn opened_with(source: CounterSource, take: bool) -> i64 {
    let mut household = Household::found(Setup::default()).await;
    // Time to think: the operator knows nothing of the meter yet, and the registered one is not used.
    let engine = household.engine().clone();
    engine
        .retire_meter(household.id.clone(), true)
        .await
        .expect("retired");
    household.id = format!("{}-B", household.id).parse().expect("an id");
    engine.add_meter(household.draft().await).await.expect("a meter");
    let home = engine.home(None, engine.now()).await.expect("a home");
    let shown = home.meter.expect("a meter").meter.id;
    assert_eq!(shown, household.id, "a retired one is not meant");
    until("the meter to be heard", async || {
        household
            .say(Channel::Sensors, &sensors(source, 7_200_000, 400, 150))
            .await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        registers(household.engine(), &household.id).is_some()
    })
    .await;
    let skipped = registers(household.engine(), &household.id);
    for wish in [true, false, take] {
        let decided = decide(&household, wish).await.expect("still open");
        assert_eq!(decided.meter.take_opening, wish);
        let offered = opening(&household);
        assert_eq!(
            (offered.export, offered.import),
            (MicroWh(400 * WH), MicroWh(150 * WH))
        );
        assert_eq!((offered.taken, offered.open), (wish, true));
        let lifted = registers(household.engine(), &household.id) != skipped;
        assert_eq!(lifted, wish && source == CounterSource::Settlement);
    }
    let (owner, power) = (household.owner(), household.setup.rated_power_w);
    let registered = household
        .operator
        .register(&household.addresses, &household.id, owner, power);
    registered.await.expect("registered");
    household.opened().await;
    let refused = decide(&household, !take).await;
    assert_eq!(refused.expect_err("too late").code, Code::InvalidInput);
    assert!(!opening(&household).open);
    let before = registers(household.engine(), &household.id).expect("heard").0;
    household
        .say(Channel::Sensors, &sensors(source, 10_800_000, 700, 150))
        .await;
    until("the energy", async || {
        let now = registers(household.engine(), &household.id).expect("heard").0;
        now.0 == before.0 + 300 * WH
    })
    .await;
    let settled = household.settle_through().await;
    household.check(household.engine(), 1).await;
    settled.energy_wh.0
}

async fn decide(household: &Household, take: bool) -> Result<MeterView, Error> {
    let edit = MeterEdit {
        take_opening: Some(take),
        ..MeterEdit::default()
    };
    household.engine().edit_meter(household.id.clone(), edit).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_balance_that_is_taken_is_settled_with_the_rest() {
    for source in [CounterSource::Total, CounterSource::Settlement] {
        assert_eq!(opened_with(source, true).await, 400 - 150 + 300, "{source:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_balance_that_is_skipped_is_never_settled() {
    for source in [CounterSource::Total, CounterSource::Settlement] {
        assert_eq!(opened_with(source, false).await, 300, "{source:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_that_begins_anew_cannot_take_the_opening_balance_again() {
    let mut household = Household::found(Setup {
        take_opening: true,
        ..Setup::default()
    })
    .await;
    let source = CounterSource::Settlement;
    let hear = async |household: &Household, uptime: u64, export: u64| {
        until("the meter to be heard", async || {
            household
                .say(Channel::Sensors, &sensors(source, uptime, export, 0))
                .await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            registers(household.engine(), &household.id).is_some()
        })
        .await;
    };
    hear(&household, 7_200_000, 400).await;
    household.opened().await;
    assert_eq!(household.settle_through().await.energy_wh.0, 400);
    // The database is lost; the display still shows what was paid, and more.
    household.lose_database().await;
    hear(&household, 10_800_000, 900).await;
    // What the chain has settled, and not what the display shows.
    until("the chain to be compared", async || {
        let counted = registers(household.engine(), &household.id).expect("heard").0;
        counted == MicroWh(400 * WH) && !view(&household).meter.take_opening
    })
    .await;
    let error = household.engine().settle_now(household.id.clone()).await;
    assert_eq!(error.expect_err("nothing is owed").code, Code::NothingToSettle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_finds_the_meter_and_says_what_it_is() {
    let household = Household::found(Setup::default()).await;
    let draft = household.draft().await;
    let listening = household.engine().probe(
        draft.broker.clone(),
        Some(draft.base_topic.clone()),
        Duration::from_secs(2),
    );
    let speaking = async {
        for at in 0..10_u64 {
            let side = format!(
                r#"{{"power":1000,"voltage":4.1,"total_energy_wh":{}.{:03}}}"#,
                5, at
            );
            let payload = format!(
                r#"{{"timestamp":{},"load":{side},"export":{side},"import":{side}}}"#,
                60_000 + at * 3_600
            );
            household.say(Channel::Sensors, &payload).await;
            household
                .status(serde_json::json!({ "grid": { "mode": "off" } }))
                .await;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    };
    let (probe, ()) = tokio::join!(listening, speaking);
    let probe = probe.expect("the broker answers");
    let [meter] = probe.found.as_slice() else {
        panic!("one meter: {probe:?}")
    };
    assert_eq!(meter.base_topic, draft.base_topic);
    assert_eq!(
        (meter.units.units, meter.units.reason),
        (Units::Milli, UnitsReason::Counters)
    );
    assert_eq!(meter.profile, Some(ElectricalProfile::DcBench));
    assert!(meter.capabilities.grid_control && !meter.only_retained);
    let wrong = BrokerDraft {
        password: Some("no".to_owned()),
        ..draft.broker
    };
    let refused = household
        .engine()
        .probe(wrong, None, Duration::from_secs(2))
        .await;
    assert_eq!(refused.expect_err("a wrong password").code, Code::BrokerRefused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_is_heard_where_it_was_edited_to_be_and_keeps_its_history() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let counted = registers(household.engine(), &household.id);
    let old = household.draft().await.base_topic;
    let edit = |topic: &str| MeterEdit {
        name: Some("Roof".to_owned()),
        base_topic: Some(topic.to_owned()),
        rated_power_w: Some(7_000),
        ..MeterEdit::default()
    };
    let id = household.id.clone();
    let moved = household
        .engine()
        .edit_meter(id.clone(), edit("elsewhere/"))
        .await
        .expect("edited");
    assert_eq!(moved.meter.base_topic, "elsewhere");
    assert_eq!(
        (moved.meter.name.as_str(), moved.meter.rated_power_w),
        ("Roof", 7_000)
    );
    assert_eq!(moved.device.presence, Presence::Waiting);
    // What is said at the old place is not heard any more.
    let refused = household.engine().edit_meter(id.clone(), edit("a/#")).await;
    assert_eq!(refused.expect_err("a wildcard").code, Code::InvalidInput);
    household.murmur(100 * WH, 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(registers(household.engine(), &id), counted);
    household
        .engine()
        .edit_meter(id.clone(), edit(&old))
        .await
        .expect("edited");
    household.follows(household.engine()).await;
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retired_meter_is_silent_until_it_is_taken_back() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let counted = registers(household.engine(), &household.id);
    let id = household.id.clone();
    let retired = household
        .engine()
        .retire_meter(id.clone(), true)
        .await
        .expect("retired");
    assert!(retired.meter.retired_at.is_some());
    assert_eq!(view(&household).device.presence, Presence::Retired);
    assert_eq!(
        household.engine().first_meter(),
        Some(id.clone()),
        "there is no other"
    );
    household.murmur(100 * WH, 0).await;
    household.restart(End::Stopped).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(registers(household.engine(), &id), counted);
    assert_eq!(view(&household).device.presence, Presence::Retired);
    assert_eq!(view(&household).device.conditions, []);
    household.engine().retire_meter(id, false).await.expect("back");
    household.follows(household.engine()).await;
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_moves_to_another_account_only_when_nothing_is_on_its_way() {
    let mut household = Household::open(Setup::default()).await;
    let wallet = household.engine().status().wallets[0].wallet;
    let added = household
        .engine()
        .add_account(wallet, password(), None)
        .await
        .expect("an account");
    let other = added.accounts.last().expect("added").address;
    household.flow(500 * WH, 0).await;
    household.node.set_automine(false).await.expect("set");
    let queued = household.settle().await;
    let id = household.id.clone();
    let refused = household.engine().move_meter(id.clone(), other).await;
    assert_eq!(refused.expect_err("a settlement").code, Code::StillPending);
    household.node.set_automine(true).await.expect("set");
    household.node.mine(1).await.expect("a block");
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    let moved = household
        .engine()
        .move_meter(id.clone(), other)
        .await
        .expect("moved");
    assert_eq!(moved.meter.owner, other);
    until("the chain to disagree", async || {
        matches!(view(&household).registration, Registration::Foreign { .. })
    })
    .await;
    let path = household.shelf("request.json");
    household
        .engine()
        .save_registration(&id, &path)
        .await
        .expect("written");
    household
        .engine()
        .save_registration(&id, &path)
        .await
        .expect("its own kind is replaced");
    let text = std::fs::read_to_string(&path).expect("there");
    let request: RegistrationRequest = serde_json::from_str(&text).expect("a request");
    assert_eq!(request.prosumer, other);
    let drawn = household.engine().draw_qr(&text).expect("short enough");
    assert!(drawn.rows.len() > 20 && drawn.rows.iter().all(|row| row.len() == drawn.rows.len()));
    let long = household.engine().draw_qr(&"x".repeat(2001));
    assert_eq!(long.expect_err("too long").code, Code::InvalidInput);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_meters_share_a_topic_and_are_counted_by_their_names() {
    let household = Household::found(Setup::default()).await;
    let second: MeterId = format!("{}-B", household.id).parse().expect("an id");
    let draft = MeterDraft {
        id: second.clone(),
        ..household.draft().await
    };
    household
        .engine()
        .add_meter(draft.clone())
        .await
        .expect("another meter");
    let again = household.engine().add_meter(draft).await;
    assert_eq!(again.expect_err("known").code, Code::MeterExists);
    let named = |id: &MeterId, export: u64| {
        let plain = sensors(CounterSource::Total, 60_000, export, 0);
        plain.replacen('{', &format!(r#"{{"meterId":"{id}","#), 1)
    };
    until("both to be heard", async || {
        household.say(Channel::Sensors, &named(&household.id, 1)).await;
        household.say(Channel::Sensors, &named(&second, 2)).await;
        household
            .say(Channel::Sensors, &sensors(CounterSource::Total, 60_000, 9, 0))
            .await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let heard = |id: &MeterId| registers(household.engine(), id).map(|(export, _)| export.0 / WH);
        heard(&household.id) == Some(1_001) && heard(&second) == Some(1_002)
    })
    .await;
    let filter = MessageFilter {
        search: Some("unnamed".to_owned()),
        ..MessageFilter::default()
    };
    let page = household
        .engine()
        .messages(&filter, 10, None)
        .await
        .expect("a page");
    assert!(!page.rows.is_empty() && page.rows.iter().all(|row| row.meter_id.is_none()));
}
