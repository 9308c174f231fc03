//! Answers that are lost, engines that end in the middle, strangers that take the nonce, locked wallets: one settlement.

use std::time::Duration;

use enerlink_domain::{
    Clock as _, Code, Event, Readiness, Registration, Status, TxKind, TxStage, wallet::LockReason,
};
use enerlink_sim::node::{Fault, Span};
use futures_util::future::join_all;

use crate::support::{End, Household, Setup, WH, told, until};

const SEND: &str = "eth_sendRawTransaction";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_asked_for_with_the_same_bytes() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household
        .node
        .faults()
        .set_for(SEND, Fault::LoseAnswer, Span::Times(1));
    let settled = household.settle_through().await;
    assert!(household.node.faults().is_clear(), "the answer was lost");
    assert_eq!(settled.energy_wh.0, 500);
    assert_eq!(household.settlement_transactions(household.engine()).await, 1);
    let sent = household
        .chain
        .pending_nonce(household.owner())
        .await
        .expect("read");
    assert_eq!(sent, 2, "openMeter and one settleMeter");
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

/// Where an engine is when it ends, and how it is kept there.
#[derive(Clone, Copy, Debug)]
enum At {
    Queued,
    AwaitingUnlock,
    Signed,
    /// The node has executed it and nobody knows.
    SignedAndMined,
    Sent,
    Mined,
}

impl At {
    const ALL: [Self; 6] = [
        Self::Queued,
        Self::AwaitingUnlock,
        Self::Signed,
        Self::SignedAndMined,
        Self::Sent,
        Self::Mined,
    ];
}

async fn end_at(at: At, end: End) {
    let mut household = Household::open(Setup {
        confirmations: 3,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    let faults = household.node.faults().clone();
    let stage = match at {
        At::Queued => {
            faults.set_for("eth_estimateGas", Fault::Status(503), Span::UntilCleared);
            TxStage::Queued
        }
        At::AwaitingUnlock => {
            household.engine().lock(LockReason::Person);
            TxStage::AwaitingUnlock
        }
        At::Signed => {
            faults.set_for(SEND, Fault::Status(503), Span::UntilCleared);
            TxStage::Signed
        }
        At::SignedAndMined => {
            faults.set_for(SEND, Fault::LoseAnswer, Span::UntilCleared);
            // Otherwise it would find out.
            faults.set_for(
                "eth_getTransactionReceipt",
                Fault::Status(503),
                Span::UntilCleared,
            );
            TxStage::Signed
        }
        At::Sent => {
            household.node.set_automine(false).await.expect("manual");
            TxStage::Sent
        }
        At::Mined => TxStage::Mined,
    };
    let queued = household.settle().await;
    let before = household.staged(stage).await;
    household.restart(end).await;
    faults.clear();
    household.node.set_automine(true).await.expect("automine");
    let mined = household.staged(TxStage::Mined).await;
    assert_eq!(mined.id, before.id, "{at:?} {end:?}");
    assert_eq!(
        before.hash.unwrap_or(mined.hash.expect("signed")),
        mined.hash.expect("signed")
    );
    household.node.mine(2).await.expect("blocks");
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    assert_eq!(household.settlement_transactions(household.engine()).await, 1);
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_stops_goes_on_where_it_was() {
    join_all(At::ALL.map(|at| end_at(at, End::Stopped))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_dies_goes_on_where_it_was() {
    join_all(At::ALL.map(|at| end_at(at, End::Dropped))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_key_settles_while_the_wallet_is_locked() {
    let mut household = Household::open(Setup {
        settlement_key: true,
        ..Setup::default()
    })
    .await;
    household.engine().lock(LockReason::Person);
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    let tx = household.settlement_transaction().await.expect("sent");
    assert_ne!(tx.from, household.owner(), "the settlement key has signed");
    household.check(household.engine(), 1).await;
}

/// Something when the settlement card says `readiness`.
fn says(event: Event, readiness: &Readiness) -> Option<()> {
    matches!(event, Event::Estimate(estimate) if estimate.readiness == *readiness).then_some(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_waits_for_the_wallet_to_be_unlocked() {
    let mut household = Household::open(Setup {
        period: Some(86_400),
        ..Setup::default()
    })
    .await;
    let mut events = household.engine().events();
    household.flow(500 * WH, 0).await;
    told(&mut events, |event| says(event, &Readiness::Ready)).await;
    household.engine().lock(LockReason::Person);
    let locked = Readiness::Blocked { code: Code::Locked };
    told(&mut events, |event| says(event, &locked)).await;
    let queued = household.settle().await;
    household.staged(TxStage::AwaitingUnlock).await;
    let said = household
        .engine()
        .estimate(&household.id)
        .await
        .expect("an estimate");
    assert_eq!(said.readiness, locked);
    household.flow(300 * WH, 0).await;
    assert!(household.events().await.is_empty());
    household.unlock().await;
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    household.check(household.engine(), 1).await;
    let audit = household.engine().audit(&household.id).await.expect("added up");
    assert_eq!(
        audit.settled.0, 500_000_000,
        "what flowed while it waited is carried"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_the_same_nonce_fails_the_settlement_and_the_energy_is_owed_again() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let faults = household.node.faults().clone();
    faults.set_for(SEND, Fault::Status(503), Span::UntilCleared);
    let queued = household.settle().await;
    let signed = household.staged(TxStage::Signed).await;
    household.send_beside(signed.nonce.expect("signed")).await;
    faults.clear();
    let failed = household
        .concluded(household.engine(), &queued.settlement_id, Status::Failed)
        .await;
    assert!(
        failed.reason.is_some_and(|reason| reason.contains("nonce")),
        "it says why"
    );
    household.check(household.engine(), 0).await;
    let again = household.settle_through().await;
    assert_eq!(again.settlement_id, queued.settlement_id);
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
    let statuses: Vec<Status> = household
        .rows(household.engine())
        .await
        .iter()
        .map(|row| row.status)
        .collect();
    assert_eq!(statuses, [Status::Success, Status::Failed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_lasts_as_long_whatever_happens_to_the_time_of_day() {
    const PERIOD: u64 = 60;
    let household = Household::found(Setup {
        period: Some(PERIOD),
        ..Setup::default()
    })
    .await;
    household.engine().lock(LockReason::Person);
    household.greet(household.engine()).await;
    let openings = async || {
        let rows = household.outbox(household.engine()).await;
        rows.into_iter()
            .filter(|row| row.kind == TxKind::OpenMeter)
            .collect::<Vec<_>>()
    };
    until("the opening to be queued", async || openings().await.len() == 1).await;
    let first = openings().await.remove(0);
    let queued = household.clock.monotonic();
    let cancelled = household.engine().cancel_transaction(first.id).await;
    assert_eq!(cancelled.expect("forgotten").stage, TxStage::Failed);
    // Not before a period has passed is it queued again, however late or early it is by the clock on the wall.
    for day in [1, -2, 3] {
        household.clock.shift(day * 86_400_000);
        household.node.mine(1).await.expect("a block");
        household.clock.pass(Duration::from_secs(PERIOD / 6)).await;
        assert_eq!(openings().await.len(), 1, "shifted by {day} days");
    }
    until("the opening to be queued again", async || {
        household.node.mine(1).await.expect("a block");
        openings().await.len() == 2
    })
    .await;
    let passed = household.clock.monotonic() - queued;
    assert!(passed >= Duration::from_secs(PERIOD - 10), "{passed:?}");
    household.clock.shift(-86_400_000);
    household.unlock().await;
    until("the meter to be open", async || {
        matches!(household.registration(), Registration::Open { .. })
    })
    .await;
}
