//! A node that is away, hangs, lies or is another one, a database that is locked, a clock that is set back: energy is
//! counted meanwhile, and settled once.

use enerlink_domain::{Code, Event, Status, Trigger, TxStage, event::VaultState, wallet::LockReason};
use enerlink_sim::node::{Fault, Span};
use futures_util::future::join_all;

use crate::support::{Household, Setup, WH, told, until};

/// The node fails in this way while a settlement is signed and not yet sent, and comes back.
async fn away(fault: Fault) {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let faults = household.node.faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    let queued = household.settle().await;
    household.staged(TxStage::Signed).await;
    faults.clear();
    faults.set(fault.clone(), Span::UntilCleared);
    household.flow(300 * WH, 0).await;
    household.link_down(Code::NodeUnreachable).await;
    let state = household.settlement_transaction().await.expect("still there");
    assert!(
        matches!(state.stage, TxStage::Signed | TxStage::Sent),
        "{fault:?}: {:?}",
        state.stage
    );
    let estimate = household
        .engine()
        .estimate(&household.id)
        .await
        .expect("an estimate");
    assert_eq!(estimate.pending.0, 500_000_000);
    assert!(
        estimate.owed.0 >= 299_000_000,
        "{fault:?}: what flowed meanwhile is carried"
    );
    faults.clear();
    household.link_up().await;
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    assert_eq!(household.settlement_transactions(household.engine()).await, 1);
    household.check(household.engine(), 1).await;
    let audit = household.engine().audit(&household.id).await.expect("added up");
    assert_eq!(audit.settled.0, 500_000_000, "{fault:?}");
    household.settle_through().await;
    household.check(household.engine(), 2).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_settles_once() {
    let faults = [
        Fault::Refuse,
        Fault::Status(500),
        Fault::Html,
        Fault::Truncate,
        Fault::WrongId,
    ];
    join_all(faults.map(away)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hangs_settles_once() {
    away(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_queued_while_the_node_is_away() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household.node.faults().set(Fault::Refuse, Span::UntilCleared);
    let refused = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("no node");
    assert_eq!(refused.code, Code::NodeUnreachable);
    assert!(household.rows(household.engine()).await.is_empty());
    household.node.faults().clear();
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_chain_is_named_and_nothing_is_signed_for_it() {
    let mut household = Household::open(Setup {
        period: Some(20),
        ..Setup::default()
    })
    .await;
    household
        .node
        .faults()
        .set(Fault::ChainId(99), Span::UntilCleared);
    household.link_down(Code::WrongChain).await;
    household.flow(500 * WH, 0).await;
    let refused = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("another chain");
    assert_eq!(refused.code, Code::WrongChain);
    // Two ends of a period.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(household.settlement_transactions(household.engine()).await, 0);
    household.node.faults().clear();
    household.link_up().await;
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_changes_under_a_queued_settlement_signs_nothing() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let faults = household.node.faults().clone();
    faults.set_for("eth_estimateGas", Fault::Status(503), Span::UntilCleared);
    let queued = household.settle().await;
    household.staged(TxStage::Queued).await;
    faults.clear();
    faults.set(Fault::ChainId(99), Span::UntilCleared);
    household.link_down(Code::WrongChain).await;
    let waiting = household.staged(TxStage::Queued).await;
    assert_eq!(waiting.hash, None);
    faults.clear();
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_chain_does_not_decide_about_a_settlement() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household.node.set_automine(false).await.expect("manual");
    household.settle().await;
    let sent = household.staged(TxStage::Sent).await;
    household.replace_node().await;
    household.link_down(Code::OtherChain).await;
    // There, the account has long used the nonce of the settlement for something else.
    for nonce in 0..=sent.nonce.expect("signed") {
        household.send_beside(nonce).await;
    }
    until("the outbox to say so", async || {
        let tx = household.settlement_transaction().await.expect("still there");
        tx.reason.is_some_and(|reason| reason.contains("genesis"))
    })
    .await;
    household.staged(TxStage::Sent).await;
    let refused = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("one is open");
    assert_eq!(refused.code, Code::SettlementPending);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_says_why_it_waits_for_as_long_as_it_does() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household.node.set_automine(false).await.expect("manual");
    household.settle().await;
    household.staged(TxStage::Sent).await;
    let says_why = async || {
        household
            .settlement_transaction()
            .await
            .expect("sent")
            .reason
            .is_some()
    };
    household
        .node
        .faults()
        .set(Fault::Status(503), Span::UntilCleared);
    until("a reason", says_why).await;
    household.node.faults().clear();
    until("no reason", async || !says_why().await).await;
    household.staged(TxStage::Sent).await;
    household.node.mine(1).await.expect("a block");
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_does_not_stop_the_periods() {
    let mut household = Household::open(Setup {
        period: Some(20),
        ..Setup::default()
    })
    .await;
    for (event, day) in [-86_400_000, 86_400_000].into_iter().enumerate() {
        household.clock.shift(day);
        household.flow(500 * WH, 0).await;
        household.check(household.engine(), event + 1).await;
    }
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_cannot_write_is_told_and_comes_back() {
    let mut household = Household::open(Setup::default()).await;
    let mut events = household.engine().events();
    let store = household.store(household.engine()).await;
    // Another program holds the database for longer than anybody waits.
    let held = store.begin().await.expect("the write lock");
    household.murmur(500 * WH, 0).await;
    let link = told(&mut events, |event| match event {
        Event::Storage(link) => Some(link),
        _ => None,
    })
    .await;
    assert_eq!((link.up, link.code), (false, Some(Code::Storage)), "{link:?}");
    let figures = household.engine().diagnostics().await.expect("figures");
    assert_eq!(figures.storage, link);
    let refused = household.engine().set_preferences(Default::default()).await;
    assert_eq!(refused.expect_err("nothing is changed").code, Code::Storage);
    assert_eq!(household.engine().meters().len(), 1, "what is stored is shown");
    drop(held);
    until("the task to come back", async || {
        household.repeat().await;
        crate::support::registers(household.engine(), &household.id) == Some(household.counted())
    })
    .await;
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

/// A computer that sleeps: the monotonic clock stands still while the time of day goes on, every connection is dead
/// when it wakes, and the meter has counted on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_of_sleep_lock_the_wallet_and_settle_what_came_meanwhile_once() {
    let mut household = Household::open(Setup {
        period: Some(60),
        settlement_key: true,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    household.check(household.engine(), 1).await;
    household.engine().touch();
    let mut events = household.engine().events();
    let faults = household.node.faults().clone();
    faults.set(Fault::Hang, Span::UntilCleared);
    household.clock.shift(8 * 3_600_000);
    for _ in 0..8 {
        household.murmur(400 * WH, 50 * WH).await;
    }
    let reason = told(&mut events, |event| match event {
        Event::Vault { reason, .. } => reason,
        _ => None,
    });
    assert_eq!(reason.await, LockReason::Suspend);
    household.heard(household.engine()).await;
    faults.clear();
    household.link_up().await;
    until("all of it to be settled", async || {
        household.watermark().await == household.floor()
    })
    .await;
    let settled = household.events().await.len();
    // A period may end between the first message after the sleep and the last; the many that were slept through do not.
    assert!((2..=3).contains(&settled), "{settled} settlements");
    household.check(household.engine(), settled).await;
    let automatic = household.rows(household.engine()).await;
    assert!(automatic.iter().all(|row| row.trigger == Trigger::Periodic));
    assert_eq!(household.engine().vault(), VaultState::Locked);
    // And it goes on as if nothing had been.
    household.flow(500 * WH, 0).await;
    household.check(household.engine(), settled + 1).await;
}
