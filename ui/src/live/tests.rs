//! The reducer, driven without a window, and the state that other tests begin with.

use enerlink_domain::{
    Address, BrokerAddress, CommandStage, Meter, MeterCommand, MicroWatts, NetMicroWh, Presence, Readiness,
    Registration, Trigger, TxKind, TxStage, WattHours, Wei,
    command::Capabilities,
    device::UnitsCheck,
    event::{Balances, ChainState},
    guard::GuardState,
    meter::Link,
    reading::{GridMode, Units},
    settlement::Watermark,
    view::{DayEnergy, MeterView, Totals},
    wallet::{AccountView, WalletAct, WalletId, WalletKind},
};

use super::*;

pub(crate) const ACCOUNT: Address = Address([7; 20]);

pub(crate) fn meter_id() -> MeterId {
    "SM-001".parse().expect("a meter id")
}

pub(crate) fn settlement(id: &str, at: i64) -> Settlement {
    Settlement {
        settlement_id: id.to_owned(),
        meter_id: meter_id(),
        prosumer: ACCOUNT,
        status: Status::Pending,
        stage: TxStage::Sent,
        trigger: Trigger::Periodic,
        from: Watermark::default(),
        to: Watermark {
            export: WattHours(131),
            import: WattHours(0),
        },
        energy_wh: NetWattHours(131),
        etk: Etk(13_100),
        tx: None,
        block: None,
        confirmations: 0,
        reason: None,
        created_at: UnixMillis(at),
        settled_at: None,
        basis: None,
    }
}

pub(crate) fn transaction(id: i64, kind: TxKind, at: i64) -> Transaction {
    Transaction {
        id,
        kind,
        meter_id: Some(meter_id()),
        settlement_id: None,
        stage: TxStage::Sent,
        from: ACCOUNT,
        hash: None,
        nonce: Some(0),
        max_fee: Some(Wei(1)),
        gas_limit: Some(90_000),
        versions: 1,
        cancelling: false,
        can_speed_up: false,
        can_cancel: false,
        as_simulated: None,
        block: None,
        confirmations: 0,
        reason: None,
        created_at: UnixMillis(at),
        updated_at: UnixMillis(at),
    }
}

fn device(counted: u64) -> DeviceState {
    DeviceState {
        meter_id: meter_id(),
        link: Link::up(UnixMillis(0)),
        sensors: None,
        heartbeat: None,
        status: None,
        interval_ms: None,
        counted,
        refused: 0,
        presence: Presence::Online,
        tally: BTreeMap::new(),
        health: Some(100),
        conditions: Vec::new(),
    }
}

/// A command to switch the grid off.
pub(crate) fn command(id: &str, stage: CommandStage) -> CommandView {
    CommandView {
        correlation_id: id.to_owned(),
        meter_id: meter_id(),
        command: Some(MeterCommand::Grid { mode: GridMode::Off }),
        stage,
        attempts: 1,
        created_at: UnixMillis(1000),
        sent_at: None,
        finished_at: None,
        error: None,
    }
}

fn estimate(now: i64) -> Estimate {
    Estimate {
        meter_id: meter_id(),
        flow: enerlink_domain::FlowState::Exporting,
        grid_power: Some(MicroWatts(1)),
        average_power: None,
        period_start: UnixMillis(0),
        period_end: UnixMillis(300_000),
        now: UnixMillis(now),
        exported: NetMicroWh::ZERO,
        imported: NetMicroWh::ZERO,
        carried: NetMicroWh::ZERO,
        owed: NetMicroWh::ZERO,
        pending: NetMicroWh::ZERO,
        etk_now: Etk::ZERO,
        etk_at_end: Etk::ZERO,
        minimum: WattHours(100),
        readiness: Readiness::Ready,
        short: None,
    }
}

/// A home with a meter that is heard and open.
pub(crate) fn home() -> Home {
    Home {
        now: UnixMillis(1000),
        meter: Some(MeterView {
            meter: Meter {
                id: meter_id(),
                name: "Atap".into(),
                owner: ACCOUNT,
                broker: BrokerAddress::parse("mqtt://127.0.0.1").expect("an address"),
                base_topic: "home/energy-monitor".into(),
                units: Units::Milli,
                source: None,
                rated_power_w: 5000,
                settlement_key: true,
                added_at: UnixMillis(0),
                profile: None,
                family: None,
                capabilities: Capabilities::default(),
                outputs: Vec::new(),
                units_check: UnitsCheck::NotConfirmed,
                auto_reset: None,
                take_opening: false,
                retired_at: None,
            },
            device: device(0),
            registration: Registration::Open {
                watermark: Watermark::default(),
                baseline: Watermark::default(),
                settler: None,
            },
            registers: None,
        }),
        estimate: Some(estimate(1000)),
        balances: None,
        today: DayEnergy::default(),
        settlements: Vec::new(),
        transactions: Vec::new(),
        totals: Totals::default(),
    }
}

fn guard(state: GuardState) -> GuardView {
    GuardView {
        owner: ACCOUNT,
        meters: vec![meter_id()],
        state,
        explained: true,
        available: None,
        burn: None,
        restore_at: None,
        record: Vec::new(),
    }
}

fn chain(up: bool) -> ChainState {
    let link = if up {
        Link::up(UnixMillis(0))
    } else {
        Link::down(UnixMillis(0), Error::new(Code::NodeUnreachable, "gone"))
    };
    ChainState {
        link,
        chain_id: 31337,
        block: Some(1),
    }
}

/// A wallet with one account.
pub(crate) fn wallet(name: &str, address: Address) -> WalletView {
    WalletView {
        wallet: WalletId([address.0[0]; 16]),
        name: name.into(),
        kind: WalletKind::Phrase,
        passphrase: false,
        phrase_confirmed: true,
        created_at: UnixMillis(0),
        accounts: vec![AccountView {
            index: 0,
            address,
            path: Some("m/44'/60'/0'/0/0".into()),
        }],
    }
}

/// What was done with a wallet.
fn acted(id: i64, act: WalletAct) -> Activity {
    Activity {
        id,
        at: UnixMillis(id),
        act,
        wallet: Some("Rumah".into()),
        account: None,
        detail: None,
    }
}

/// An unlocked wallet on this home.
pub(crate) fn state_with(home: Home) -> LiveState {
    let status = AppStatus {
        version: "0.1.0".into(),
        demo: false,
        read_only: false,
        data_dir: "/tmp/profile".into(),
        vault: VaultState::Unlocked,
        wallets: vec![wallet("Rumah", ACCOUNT)],
        primary: Some(ACCOUNT),
        chain: chain(true),
        meters: 1,
        unlock_wait_ms: 0,
    };
    LiveState {
        status: Some(status),
        meters: Some(home.meter.clone().into_iter().collect()),
        home: Some(home),
        ..LiveState::default()
    }
}

fn state() -> LiveState {
    state_with(home())
}

#[test]
fn every_event_is_idempotent_and_says_its_news_once() {
    let done = Settlement {
        status: Status::Success,
        stage: TxStage::Confirmed,
        ..settlement("a", 5)
    };
    let failed = Settlement {
        status: Status::Failed,
        stage: TxStage::Failed,
        ..settlement("b", 6)
    };
    let balances = Balances {
        account: ACCOUNT,
        etk: Etk(5),
        idrs: enerlink_domain::Idrs(0),
        native: Wei(1),
        block: 2,
    };
    for event in [
        Event::Device(device(3)),
        Event::Meter(MeterView {
            device: device(4),
            ..home().meter.expect("a meter")
        }),
        Event::Command(command("a", CommandStage::Sent)),
        Event::Estimate(estimate(2000)),
        Event::Guard(guard(GuardState::Watching)),
        Event::Settlement(settlement("c", 7)),
        Event::Settlement(done),
        Event::Settlement(failed),
        Event::Transaction(transaction(1, TxKind::OpenMeter, 5)),
        Event::Balances(balances),
        Event::Registration {
            meter_id: meter_id(),
            registration: Registration::Missing,
        },
        Event::Vault {
            state: VaultState::Locked,
            reason: Some(LockReason::Idle),
        },
        Event::Wallets {
            wallets: vec![wallet("Warung", Address([8; 20]))],
            primary: Some(Address([8; 20])),
        },
        Event::Activity(acted(1, WalletAct::BackedUp)),
        Event::Chain(chain(false)),
        Event::TaskFailed {
            task: "meter".into(),
            error: Error::new(Code::Internal, "x"),
        },
    ] {
        let (mut once, before) = (state(), state());
        once.apply(event.clone());
        assert_ne!(once, before, "{event:?}");
        let mut twice = once.clone();
        let outcome = twice.apply(event.clone());
        assert_eq!(once, twice, "{event:?}");
        assert_eq!(outcome.news, None, "{event:?}");
    }
}

#[test]
fn a_settlement_moves_on_in_its_row_and_its_end_is_news() {
    let mut state = state();
    assert_eq!(state.apply(Event::Settlement(settlement("a", 5))), Outcome::QUIET);
    let done = Settlement {
        status: Status::Success,
        etk: Etk(13_000),
        ..settlement("a", 5)
    };
    let outcome = state.apply(Event::Settlement(done));
    assert_eq!(
        outcome.news,
        Some(News::Settled {
            energy: NetWattHours(131),
            etk: Etk(13_000)
        })
    );
    assert_eq!(outcome.refetch, Refetch::Home);
    let rows = state.home.expect("a home").settlements;
    assert_eq!(rows.iter().map(|row| row.etk).collect::<Vec<_>>(), [Etk(13_000)]);
}

#[test]
fn a_settlement_that_waits_again_was_undone_until_it_has_settled_again() {
    let mut state = state();
    let with = |status| {
        Event::Settlement(Settlement {
            status,
            ..settlement("a", 5)
        })
    };
    state.apply(with(Status::Pending));
    assert!(state.undone.is_empty(), "it is on its way for the first time");
    state.apply(with(Status::Success));
    state.apply(with(Status::Pending));
    assert_eq!(state.undone.iter().collect::<Vec<_>>(), ["a"]);
    state.apply(with(Status::Pending));
    assert_eq!(state.undone.len(), 1, "another confirmation changes nothing");
    state.apply(with(Status::Success));
    assert!(state.undone.is_empty());
}

#[test]
fn a_guard_stands_for_its_account() {
    let mut state = state();
    state.apply(Event::Guard(guard(GuardState::Watching)));
    state.apply(Event::Guard(guard(GuardState::Unknown)));
    assert_eq!(state.guards.len(), 1);
    assert_eq!(state.guards[&ACCOUNT].state, GuardState::Unknown);
}

#[test]
fn an_old_settlement_is_no_news() {
    let mut state = state();
    state.apply(Event::Settlement(settlement("b", 9)));
    let old = Settlement {
        status: Status::Success,
        ..settlement("a", 5)
    };
    assert_eq!(state.apply(Event::Settlement(old)).news, None);
    assert_eq!(state.home.expect("a home").settlements.len(), 2);
}

#[test]
fn what_belongs_to_others_is_not_shown() {
    let other: MeterId = "SM-002".parse().expect("a meter id");
    let mut state = state();
    let before = state.clone();
    state.apply(Event::Device(DeviceState {
        meter_id: other.clone(),
        ..device(9)
    }));
    state.apply(Event::Estimate(Estimate {
        meter_id: other.clone(),
        ..estimate(9)
    }));
    state.apply(Event::Settlement(Settlement {
        meter_id: other.clone(),
        ..settlement("x", 1)
    }));
    state.apply(Event::Registration {
        meter_id: other,
        registration: Registration::Missing,
    });
    let balances = Balances {
        account: Address([1; 20]),
        etk: Etk(5),
        idrs: enerlink_domain::Idrs(0),
        native: Wei(1),
        block: 2,
    };
    state.apply(Event::Balances(balances));
    assert_eq!((&state.home, &state.status), (&before.home, &before.status));
    assert_eq!(
        state.balances_of(Address([1; 20])),
        Some(balances),
        "but it is known"
    );
    assert_eq!(state.balances_of(Address([2; 20])), None);
}

#[test]
fn missed_events_and_a_changed_vault_ask_for_snapshots() {
    let mut state = state();
    assert_eq!(state.apply(Event::Lagged { missed: 3 }).refetch, Refetch::All);
    assert_eq!(
        state
            .apply(Event::Vault {
                state: VaultState::Locked,
                reason: None
            })
            .refetch,
        Refetch::All
    );
    assert_eq!(
        state
            .apply(Event::Vault {
                state: VaultState::Locked,
                reason: None
            })
            .refetch,
        Refetch::Nothing
    );
    let mut empty = LiveState::default();
    assert_eq!(empty.apply(Event::Chain(chain(true))).refetch, Refetch::All);
    assert_eq!(empty.apply(Event::Device(device(1))).refetch, Refetch::Home);
}

#[test]
fn a_node_that_answers_again_refreshes_the_sums() {
    let mut state = state();
    assert_eq!(state.apply(Event::Chain(chain(false))).refetch, Refetch::Nothing);
    assert_eq!(
        state.chain_problem().map(|error| error.code),
        Some(Code::NodeUnreachable)
    );
    assert_eq!(state.apply(Event::Chain(chain(true))).refetch, Refetch::Home);
    assert_eq!(state.chain_problem(), None);
}

#[test]
fn the_reason_of_a_lock_stays_until_it_is_opened() {
    let mut state = state();
    let mut vault = |vault, reason| {
        state.apply(Event::Vault { state: vault, reason });
        state.lock_reason
    };
    assert_eq!(
        vault(VaultState::Locked, Some(LockReason::Suspend)),
        Some(LockReason::Suspend)
    );
    assert_eq!(vault(VaultState::Locked, None), Some(LockReason::Suspend));
    assert_eq!(vault(VaultState::Unlocked, None), None);
}

#[test]
fn another_primary_account_is_shown_and_asks_for_its_balances() {
    let mut state = state();
    let wallets = vec![wallet("Rumah", ACCOUNT), wallet("Warung", Address([8; 20]))];
    let told = |primary| Event::Wallets {
        wallets: wallets.clone(),
        primary: Some(primary),
    };
    assert_eq!(state.apply(told(ACCOUNT)).refetch, Refetch::Nothing);
    assert_eq!(state.apply(told(Address([8; 20]))).refetch, Refetch::Home);
    assert_eq!(state.account(), Some(ACCOUNT), "the meter's owner comes first");
    state.home = None;
    assert_eq!(state.account(), Some(Address([8; 20])));
}

#[test]
fn every_meter_is_kept_and_a_new_one_asks_what_home_shows() {
    let mut state = state();
    let mut second = state.home.clone().and_then(|home| home.meter).expect("a meter");
    second.meter.id = "SM-002".parse().expect("a meter id");
    second.device.meter_id = second.meter.id.clone();
    let told = state.apply(Event::Meter(second.clone()));
    assert_eq!(told.refetch, Refetch::Home, "it was not known");
    second.meter.name = "Bengkel".into();
    assert_eq!(
        state.apply(Event::Meter(second.clone())).refetch,
        Refetch::Nothing
    );
    let silent = DeviceState {
        presence: Presence::Stale,
        ..second.device.clone()
    };
    assert_eq!(state.apply(Event::Device(silent)).refetch, Refetch::Nothing);
    let known = state.meters.clone().expect("meters");
    assert_eq!(known.len(), 2);
    assert_eq!(known[1].meter.name, "Bengkel");
    assert_eq!(known[1].device.presence, Presence::Stale);
    assert_eq!(
        known[0].device.presence,
        Presence::Online,
        "the other is untouched"
    );
    second.meter.retired_at = Some(UnixMillis(5));
    assert_eq!(state.apply(Event::Meter(second)).refetch, Refetch::Home);
}

#[test]
fn a_command_moves_on_in_its_place() {
    let mut state = state();
    for (id, stage) in [
        ("a", CommandStage::Queued),
        ("b", CommandStage::Sent),
        ("a", CommandStage::TimedOut),
    ] {
        state.apply(Event::Command(command(id, stage)));
    }
    let stages: Vec<_> = state
        .commands
        .iter()
        .map(|row| (row.correlation_id.as_str(), row.stage))
        .collect();
    assert_eq!(stages, [("b", CommandStage::Sent), ("a", CommandStage::TimedOut)]);
}
