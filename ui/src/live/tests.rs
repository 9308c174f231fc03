//! The reducer, driven without a window, and the state that other tests begin with.

use enerlink_domain::{
    Address, BrokerAddress, CommandStage, Meter, MeterCommand, MicroWatts, NetMicroWh, Presence, Readiness,
    Registration, Trigger, TxKind, TxStage, WattHours, Wei,
    command::Capabilities,
    device::UnitsCheck,
    event::{Balances, ChainState},
    guard::GuardState,
    market::{Direction, Price, PriceAlert, Watched},
    meter::Link,
    reading::{GridMode, Units},
    settlement::Watermark,
    token::{Amount, MovementKind},
    view::{DayEnergy, MarketPhase, MeterView, Totals},
    wallet::{AccountView, WalletAct, WalletId, WalletKind},
};

use super::*;

mod household;
mod meters;
mod settlements;

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
        detail: None,
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
        stored: true,
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
        obstacle: None,
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

pub(crate) fn guard(state: GuardState) -> GuardView {
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
        Event::Movement(movement(MovementKind::Received)),
        Event::Chain(chain(false)),
        Event::Storage(Link::down(UnixMillis(1), Error::new(Code::Storage, "full"))),
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

/// Tokens that moved in block 9.
pub(crate) fn movement(kind: MovementKind) -> Movement {
    Movement {
        id: 4,
        account: ACCOUNT,
        kind,
        amount: Amount::Etk(Etk(150)),
        other: Some(Address([8; 20])),
        tx: enerlink_domain::Hash32([5; 32]),
        block: 9,
        at: UnixMillis(5),
    }
}

#[test]
fn only_what_somebody_else_has_sent_is_worth_a_word() {
    for kind in MovementKind::ALL {
        let mut state = state();
        let outcome = state.apply(Event::Movement(movement(kind)));
        let told = (kind == MovementKind::Received).then(|| News::Received(movement(kind)));
        assert_eq!(outcome.news, told, "{kind:?}");
        assert_eq!(state.movement, Some(movement(kind)));
    }
}

#[test]
fn a_database_that_refuses_is_a_problem_until_it_can_be_written() {
    let (mut state, full) = (state(), Error::new(Code::Storage, "full"));
    state.apply(Event::Storage(Link::down(UnixMillis(1), full.clone())));
    assert_eq!(state.storage_problem, Some(full));
    state.apply(Event::Storage(Link::up(UnixMillis(2))));
    assert_eq!(state.storage_problem, None);
}

#[test]
fn a_price_alert_speaks_once_and_missed_events_forget_the_market() {
    let mut state = state_with(home());
    let alert = Alert {
        id: 1,
        alert: PriceAlert {
            fired: Some(Price::MIN),
            ..PriceAlert::new(Watched::Last, Direction::Below, Price::MIN)
        },
        created_at: UnixMillis(0),
        fired_at: Some(UnixMillis(5)),
    };
    let told = state.apply(Event::PriceAlert(alert.clone()));
    assert_eq!(told.news, Some(News::PriceReached(alert.clone())));
    assert_eq!(state.apply(Event::PriceAlert(alert)).news, None);
    let market = MarketState {
        market: None,
        phase: MarketPhase::Live,
        block: Some(1),
        pair: None,
        stats: None,
        alarm: None,
    };
    state.apply(Event::Market(market.clone()));
    assert_eq!(state.market, Some(market));
    state.apply(Event::Lagged { missed: 1 });
    assert_eq!(state.market, None);
}
