//! What was chosen about settling, in effect at once: per account, per meter, under the environment.

use std::{fs, time::Duration};

use enerlink_domain::{
    Code, Error, Event, Status, Trigger, WattHours,
    choice::{SettlingChoice, SettlingInEffect, Source},
};

use crate::support::{End, Household, Setup, WH, told, until};

const NOTHING: SettlingChoice = SettlingChoice {
    automatic: None,
    period_minutes: None,
    minimum: None,
    early: None,
    guard: None,
};

impl Household {
    /// Chooses for the account.
    async fn choose(&self, choice: SettlingChoice) {
        let chosen = self.engine().set_settling(self.owner(), None, choice).await;
        chosen.expect("a choice");
    }

    fn effect(&self) -> SettlingInEffect {
        let view = self.engine().settling_view();
        let meter = view.meters.into_iter().find(|meter| meter.meter_id == self.id);
        meter.expect("the meter").effect
    }

    /// The rows of the meter by what started them, newest first.
    async fn triggers(&self) -> Vec<Trigger> {
        let rows = self.rows(self.engine()).await;
        rows.iter().map(|row| row.trigger).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_counts_at_once_and_each_trigger_is_recorded() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household
        .choose(SettlingChoice {
            automatic: Some(true),
            period_minutes: Some(1),
            ..NOTHING
        })
        .await;
    household.check(household.engine(), 1).await;
    assert_eq!(household.triggers().await, [Trigger::Periodic]);
    let meter_choice = SettlingChoice {
        period_minutes: Some(1440),
        early: Some(WattHours(200)),
        ..NOTHING
    };
    let meter = Some(household.id.clone());
    let view = household
        .engine()
        .set_settling(household.owner(), meter.clone(), meter_choice)
        .await;
    assert_eq!(view.expect("a choice").meters[0].choice, meter_choice);
    household.flow(199 * WH, 0).await;
    household.clock.pass(Duration::from_secs(5)).await;
    assert_eq!(household.triggers().await.len(), 1, "not enough to settle early");
    household.flow(WH, 0).await;
    household.check(household.engine(), 2).await;
    household.flow(150 * WH, 0).await;
    household.settle_through().await;
    let expected = [Trigger::Manual, Trigger::Threshold, Trigger::Periodic];
    assert_eq!(household.triggers().await, expected);
    household.check(household.engine(), 3).await;
    // It outlives the process, and an empty choice is forgotten.
    household.restart(End::Stopped).await;
    let effect = household.effect();
    assert_eq!(
        (effect.period_minutes.value, effect.period_minutes.source),
        (1440, Source::Meter)
    );
    assert_eq!(
        (effect.automatic.value, effect.automatic.source),
        (true, Source::Account)
    );
    let engine = household.engine();
    engine
        .set_settling(household.owner(), meter, NOTHING)
        .await
        .expect("a choice");
    assert_eq!(household.effect().period_minutes.source, Source::Account);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_stands_over_every_choice_and_outlives_the_process() {
    let mut household = Household::open(Setup::default()).await;
    let chosen = SettlingChoice {
        automatic: Some(true),
        period_minutes: Some(1),
        ..NOTHING
    };
    let (owner, meter) = (household.owner(), Some(household.id.clone()));
    household
        .engine()
        .set_settling(owner, meter, chosen)
        .await
        .expect("a choice");
    let view = household.engine().pause_settling(true).await.expect("paused");
    assert!(view.paused);
    household.restart(End::Stopped).await;
    let automatic = household.effect().automatic;
    assert_eq!((automatic.value, automatic.source), (false, Source::Pause));
    household.flow(500 * WH, 0).await;
    household.clock.pass(Duration::from_secs(180)).await;
    assert_eq!(household.triggers().await, [], "nothing settles by itself");
    let view = household.engine().pause_settling(false).await.expect("goes on");
    assert!(!view.paused);
    let automatic = household.effect().automatic;
    assert_eq!((automatic.value, automatic.source), (true, Source::Meter));
    household.check(household.engine(), 1).await;
    assert_eq!(household.triggers().await, [Trigger::Periodic]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_chosen_is_refused_and_changes_nothing() {
    let household = Household::open(Setup::default()).await;
    let (engine, owner) = (household.engine(), household.owner());
    let before = engine.settling_view();
    let no_period = SettlingChoice {
        period_minutes: Some(0),
        ..NOTHING
    };
    let stranger = household.operator.address();
    let meter = Some(household.id.clone());
    for (outcome, code) in [
        (
            engine.set_settling(owner, None, no_period).await,
            Code::InvalidInput,
        ),
        (
            engine.set_settling(stranger, None, NOTHING).await,
            Code::WalletUnknown,
        ),
        (
            engine.set_settling(stranger, meter, NOTHING).await,
            Code::InvalidInput,
        ),
        (
            engine
                .set_settling(owner, Some("NOBODY-1".parse().expect("an id")), NOTHING)
                .await,
            Code::MeterUnknown,
        ),
    ] {
        assert_eq!(outcome.expect_err("refused").code, code);
    }
    assert_eq!(engine.settling_view(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_the_profile_rules_over_what_was_chosen_and_not_over_the_contract() {
    let mut household = Household::open(Setup::default()).await;
    household
        .choose(SettlingChoice {
            automatic: Some(true),
            minimum: Some(WattHours(150)),
            ..NOTHING
        })
        .await;
    assert_eq!(household.effect().minimum.source, Source::Account);
    let path = household.profile.directory.path().join(".env");
    fs::write(
        &path,
        "AUTO_SETTLEMENT_ENABLED=false\nSETTLEMENT_THRESHOLD_WH=7\nCONVERSION_RATIO_WH_TO_ETK=2.5\n",
    )
    .expect("written");
    household.restart(End::Stopped).await;
    household.link_up().await;
    let effect = household.effect();
    assert_eq!(
        (effect.automatic.value, effect.automatic.source),
        (false, Source::EnvFile)
    );
    assert_eq!(
        (effect.minimum.value, effect.minimum.source),
        (WattHours(100), Source::Contract)
    );
    assert_eq!(
        household.engine().settling_view().contract_minimum,
        Some(WattHours(100))
    );
    // The ratio is one of the estimate; what is settled is the chain's.
    household.flow(120 * WH, 0).await;
    let estimate = household
        .engine()
        .estimate(&household.id)
        .await
        .expect("an estimate");
    assert_eq!(estimate.etk_now.0, 120 * 250);
    assert_eq!(household.settle_through().await.etk.0, 120 * 100);
    fs::write(&path, "AUTO_SETTLEMENT_ENABLED=maybe\n").expect("written");
    let refused = household.second(enerlink_engine::Access::ReadOnly).await;
    let Err(Error { code, message }) = refused else {
        panic!("a bad value is no default")
    };
    assert_eq!(code, Code::InvalidInput);
    assert!(message.contains("line 1"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_meter_has_periods_of_its_own_and_settles_to_its_own_wallet() {
    let mut household = Household::open(Setup::default()).await;
    let created = household
        .engine()
        .create_wallet(
            "Second".to_owned(),
            crate::support::password(),
            12,
            crate::support::none(),
        )
        .await
        .expect("another wallet");
    let second = created.address();
    let mut beside = household.add_beside("BESIDE-1", second).await;
    household.flow(300 * WH, 0).await;
    beside.flow(household.engine(), 400 * WH, 0).await;
    let owner = household.owner();
    let every = |minutes| SettlingChoice {
        automatic: Some(true),
        period_minutes: Some(minutes),
        ..NOTHING
    };
    let engine = household.engine();
    engine
        .set_settling(owner, None, every(1440))
        .await
        .expect("a choice");
    engine
        .set_settling(second, None, every(1))
        .await
        .expect("a choice");
    let settled = async |id: &enerlink_domain::MeterId| {
        let filter = enerlink_domain::settlement::SettlementFilter::of(id);
        let rows = engine
            .settlements(&filter, 10, None)
            .await
            .expect("readable")
            .rows;
        rows.into_iter()
            .filter(|row| row.status == Status::Success)
            .collect::<Vec<_>>()
    };
    until("the second meter to be settled", async || {
        !settled(&beside.id).await.is_empty()
    })
    .await;
    let row = settled(&beside.id).await.remove(0);
    assert_eq!(
        (row.prosumer, row.energy_wh.0, row.trigger),
        (second, 400, Trigger::Periodic)
    );
    assert!(settled(&household.id).await.is_empty(), "its day is not over");
    household.choose(every(1)).await;
    household.check(household.engine(), 1).await;
    let balance = async |account| {
        let balances = household.chain.balances(&household.addresses, account).await;
        balances.expect("readable").etk.0
    };
    assert_eq!(
        (balance(owner).await, balance(second).await),
        (300 * 100, 400 * 100)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_estimate_follows_a_reading_within_a_second() {
    let mut household = Household::open(Setup {
        speed: 1,
        ..Setup::default()
    })
    .await;
    for turn in 1..=3_u64 {
        let mut events = household.engine().events();
        household.murmur(70 * WH, 0).await;
        let heard = told(&mut events, |event| match event {
            Event::Device(device) => device.sensors.map(|(at, _)| at),
            _ => None,
        })
        .await;
        // Both counters stood between two watt-hours at first contact.
        let owed = i64::try_from(turn * 70 * WH - WH).expect("fits");
        let estimate = told(&mut events, |event| match event {
            Event::Estimate(estimate) => Some(estimate).filter(|estimate| estimate.owed.0 >= owed),
            _ => None,
        })
        .await;
        assert!(
            estimate.now.since(heard) < Duration::from_secs(1),
            "{} to {}",
            heard,
            estimate.now
        );
        assert_eq!(estimate.etk_now.0, i128::from(turn) * 70 * 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_says_what_it_was_made_from() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH + 7, 20 * WH).await;
    let mut events = household.engine().events();
    household.settle().await;
    let row = told(&mut events, |event| match event {
        Event::Settlement(row) => Some(row),
        _ => None,
    })
    .await;
    let basis = row.basis.expect("written here");
    assert_eq!((basis.export, basis.import), household.counted());
    assert_eq!(
        (basis.epoch, basis.epochs_crossed, basis.ratio, basis.carry),
        (0, 0, 100_000, 0)
    );
    assert!(basis.from.is_some() && basis.from < basis.to, "{basis:?}");
    assert!(basis.to.is_some_and(|to| to <= row.created_at));
}
