//! A transaction's whole life: many at once, higher fees, cancellations, what is dropped, what fails, and what was signed.

use alloy::{
    consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable as _},
    eips::eip2718::Decodable2718 as _,
};
use enerlink_chain::build;
use enerlink_domain::{
    Address, Code, NoticeKind, Status, Transaction, TxKind, TxStage, Wei, settlement::Watermark,
    wallet::LockReason,
};
use enerlink_sim::node::{Fault, Span};
use enerlink_store::{NewOutbox, outbox, outbox_versions};

use crate::support::{Household, Setup, WH, until};

const SEND: &str = "eth_sendRawTransaction";
/// Coins for a long time where gas costs a few wei.
const PLENTY: u128 = 1_000_000_000_000;

/// A household whose settlement waits in the pool, and that transaction. Blocks come on demand.
async fn waiting(setup: Setup) -> (Household, Transaction) {
    let mut household = Household::found(setup).await;
    household.fund(household.owner(), PLENTY).await;
    household.greet(household.engine()).await;
    household.opened().await;
    household.flow(500 * WH, 0).await;
    household.node.set_automine(false).await.expect("manual");
    household.settle().await;
    let sent = household.staged(TxStage::Sent).await;
    assert!(
        sent.can_speed_up && sent.can_cancel && !sent.cancelling,
        "{sent:?}"
    );
    assert_eq!(sent.versions, 1);
    (household, sent)
}

/// Queues a change of settlement keys for each of `meters`, as a household with many meters would.
async fn queue(household: &Household, meters: &[&str]) -> Vec<i64> {
    let store = household.store(household.engine()).await;
    let tx = store.begin().await.expect("a transaction");
    let mut ids = Vec::new();
    for meter in meters {
        let meter = meter.parse().expect("an id");
        let call = build::set_settler(&household.addresses, &meter, Address([7; 20]));
        let new = NewOutbox {
            account: household.owner(),
            signer: "wallet".to_owned(),
            kind: TxKind::SetSettler,
            meter_id: Some(meter),
            settlement_id: None,
            detail: None,
            chain_id: household.addresses.chain_id,
            to: household.addresses.converter,
            input: call.input,
            created_at: household.engine().now(),
        };
        ids.push(outbox::insert(&tx, &new).await.expect("queued"));
    }
    tx.commit().await.expect("a commit");
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_go_at_once_and_one_that_fails_takes_no_nonce() {
    let household = Household::open(Setup::default()).await;
    let names: Vec<String> = (0..20).map(|number| format!("ROOF-{number:02}")).collect();
    for name in &names {
        let (id, owner) = (name.parse().expect("an id"), household.owner());
        let registered = household
            .operator
            .register(&household.addresses, &id, owner, 5000);
        registered.await.expect("registered");
    }
    household.node.set_automine(false).await.expect("manual");
    // The one in the middle belongs to nobody.
    let mut meters: Vec<&str> = names.iter().map(String::as_str).collect();
    meters.insert(10, "NOBODY");
    let ids = queue(&household, &meters).await;
    let first = household.chain.nonce(household.owner()).await.expect("a nonce");
    let mut nonces = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        if at == 10 {
            let failed = household.at(*id, TxStage::Failed).await;
            assert_eq!((failed.nonce, failed.hash), (None, None), "nothing was signed");
            let reason = failed.reason.expect("it says why");
            assert_eq!(reason, "the meter is not registered on this chain");
        } else {
            nonces.push(household.at(*id, TxStage::Sent).await.nonce.expect("signed"));
        }
    }
    let expected: Vec<u64> = (first..first + 20).collect();
    assert_eq!(nonces, expected, "in the order of queueing, without a gap");
    household.node.mine(1).await.expect("a block");
    for id in ids
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != 10)
        .map(|(_, id)| *id)
    {
        let mined = household.at(id, TxStage::Confirmed).await;
        assert_eq!(mined.as_simulated, Some(true));
    }
    assert_eq!(household.chain.nonce(household.owner()).await, Ok(first + 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_higher_fee_takes_the_place_of_a_lower_one() {
    for base_fee in [0, 1000] {
        let (household, sent) = waiting(Setup {
            base_fee,
            ..Setup::default()
        })
        .await;
        let raised = household.engine().speed_up(sent.id).await.expect("raised");
        assert_eq!((raised.nonce, raised.versions), (sent.nonce, 2));
        assert_ne!(raised.hash, sent.hash);
        let (old, new) = (sent.max_fee.expect("signed").0, raised.max_fee.expect("signed").0);
        assert!(new > old && new * 8 >= old * 9, "{old} {new}");
        let again = household.engine().speed_up(sent.id).await.expect("raised");
        assert!(again.max_fee > raised.max_fee && again.versions == 3, "{again:?}");
        household.at(sent.id, TxStage::Sent).await;
        household.node.mine(1).await.expect("a block");
        let confirmed = household.at(sent.id, TxStage::Confirmed).await;
        assert_eq!((confirmed.hash, confirmed.as_simulated), (again.hash, Some(true)));
        assert_eq!(confirmed.reason, None);
        household.check(household.engine(), 1).await;
        let late = household.engine().speed_up(sent.id).await.expect_err("too late");
        assert_eq!(late.code, Code::TooLate);
        assert_eq!(household.watermark().await, household.floor());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lower_fee_that_comes_first_is_the_one_that_counts() {
    let (household, sent) = waiting(Setup::default()).await;
    // The higher fee never reaches the node, whatever it answers.
    household
        .node
        .faults()
        .set_for(SEND, Fault::Status(503), Span::UntilCleared);
    let raised = household.engine().speed_up(sent.id).await.expect("signed");
    assert_eq!((raised.stage, raised.versions), (TxStage::Signed, 2));
    household.node.mine(1).await.expect("a block");
    let confirmed = household.at(sent.id, TxStage::Confirmed).await;
    assert_eq!((confirmed.hash, confirmed.versions), (sent.hash, 2));
    let reason = confirmed.reason.expect("it says so");
    assert!(reason.contains("the original was mined"), "{reason}");
    household.node.faults().clear();
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_settlement_is_owed_again() {
    let (household, sent) = waiting(Setup::default()).await;
    let cancelled = household
        .engine()
        .cancel_transaction(sent.id)
        .await
        .expect("signed");
    assert!(
        cancelled.cancelling && cancelled.nonce == sent.nonce,
        "{cancelled:?}"
    );
    assert!(cancelled.max_fee > sent.max_fee && !cancelled.can_cancel && cancelled.can_speed_up);
    household.node.mine(1).await.expect("a block");
    let replaced = household.at(sent.id, TxStage::Replaced).await;
    assert!(replaced.reason.is_some_and(|reason| reason.contains("cancelled")));
    assert_eq!(replaced.as_simulated, None);
    let rows = household.rows(household.engine()).await;
    assert_eq!(
        (rows[0].status, rows[0].stage),
        (Status::Failed, TxStage::Replaced)
    );
    assert!(
        household.told(NoticeKind::SettlementFailed).await.is_empty(),
        "a person wanted it"
    );
    household.node.set_automine(true).await.expect("automine");
    household.check(household.engine(), 0).await;
    household.settle_through().await;
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_original_that_is_mined_before_its_cancellation_counts() {
    let (household, sent) = waiting(Setup::default()).await;
    let faults = household.node.faults().clone();
    faults.set_for(SEND, Fault::Status(503), Span::UntilCleared);
    household
        .engine()
        .cancel_transaction(sent.id)
        .await
        .expect("signed");
    household.node.mine(1).await.expect("a block");
    let confirmed = household.at(sent.id, TxStage::Confirmed).await;
    assert!(!confirmed.cancelling, "{confirmed:?}");
    let reason = confirmed.reason.expect("it says so");
    assert!(reason.contains("before its cancellation"), "{reason}");
    faults.clear();
    household.check(household.engine(), 1).await;
    let late = household
        .engine()
        .cancel_transaction(sent.id)
        .await
        .expect_err("too late");
    assert_eq!(late.code, Code::TooLate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_has_signed_is_forgotten() {
    let mut household = Household::open(Setup::default()).await;
    household.engine().lock(LockReason::Person);
    household.flow(500 * WH, 0).await;
    let queued = household.settle().await;
    let waits = household.staged(TxStage::AwaitingUnlock).await;
    assert!(waits.can_cancel && !waits.can_speed_up, "{waits:?}");
    let forgotten = household
        .engine()
        .cancel_transaction(waits.id)
        .await
        .expect("forgotten");
    assert_eq!((forgotten.stage, forgotten.hash), (TxStage::Failed, None));
    assert_eq!(
        forgotten.reason.as_deref(),
        Some("cancelled before it was signed")
    );
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Failed)
        .await;
    household.unlock().await;
    household.check(household.engine(), 0).await;
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_that_cannot_be_paid_is_not_signed() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household.node.set_automine(false).await.expect("manual");
    household.settle().await;
    let sent = household.staged(TxStage::Sent).await;
    // Gas is free here and the account is empty: one wei more is too much.
    let poor = household.engine().speed_up(sent.id).await.expect_err("no coins");
    assert_eq!(poor.code, Code::NoGas, "{poor}");
    let same = household.engine().transaction(sent.id).await.expect("the row");
    assert_eq!((same.versions, same.hash), (1, sent.hash));
    household.engine().lock(LockReason::Person);
    let locked = household
        .engine()
        .cancel_transaction(sent.id)
        .await
        .expect_err("locked");
    assert_eq!(locked.code, Code::Locked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_rises_by_itself_when_the_node_takes_no_less() {
    let (household, sent) = waiting(Setup::default()).await;
    // A stranger's transaction with the same nonce stands in the pool and pays as much.
    let faults = household.node.faults().clone();
    faults.set_for(SEND, Fault::Status(503), Span::UntilCleared);
    let hash = sent.hash.expect("signed").0.into();
    assert!(household.node.drop_pending(hash).await.expect("an answer"));
    household.send_beside(sent.nonce.expect("signed")).await;
    faults.clear();
    until("a second version", async || {
        let row = household.engine().transaction(sent.id).await.expect("the row");
        row.versions > 1 && row.stage == TxStage::Sent
    })
    .await;
    household.node.mine(1).await.expect("a block");
    let confirmed = household.at(sent.id, TxStage::Confirmed).await;
    assert!(confirmed.max_fee > sent.max_fee, "{confirmed:?}");
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_node_keeps_is_called_dropped_and_may_still_be_taken() {
    let (household, sent) = waiting(Setup::default()).await;
    household
        .node
        .faults()
        .set_for(SEND, Fault::Status(503), Span::UntilCleared);
    let hash = sent.hash.expect("signed").0.into();
    assert!(household.node.drop_pending(hash).await.expect("an answer"));
    until("the loss to be noticed", async || {
        let row = household.engine().transaction(sent.id).await.expect("the row");
        row.reason.is_some()
    })
    .await;
    household.node.mine(10).await.expect("blocks");
    let dropped = household.at(sent.id, TxStage::Dropped).await;
    assert!(dropped.can_speed_up && dropped.can_cancel, "{dropped:?}");
    let row = household.rows(household.engine()).await.remove(0);
    assert_eq!(
        (row.status, row.stage),
        (Status::Pending, TxStage::Dropped),
        "nothing is owed again"
    );
    household.node.faults().clear();
    household.at(sent.id, TxStage::Sent).await;
    household.node.mine(1).await.expect("a block");
    let confirmed = household.at(sent.id, TxStage::Confirmed).await;
    assert_eq!(confirmed.hash, sent.hash, "the same bytes");
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_in_the_block_says_why_and_pays_nothing_twice() {
    let mut household = Household::open(Setup {
        settlement_key: true,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    let faults = household.node.faults().clone();
    faults.set_for(SEND, Fault::Status(503), Span::UntilCleared);
    let own = household.settle().await;
    let signed = household.staged(TxStage::Signed).await;
    assert_ne!(signed.from, household.owner(), "the settlement key has signed");
    // The same energy is settled by the wallet's own key meanwhile.
    let (id, to) = (&household.id, household.floor());
    let call = build::settle_meter(&household.addresses, id, to, "beside");
    let nonce = household.chain.nonce(household.owner()).await.expect("a nonce");
    household.call_beside(nonce, call).await;
    faults.clear();
    let failed = household.at(signed.id, TxStage::Failed).await;
    assert_eq!(failed.as_simulated, Some(false));
    let reason = failed.reason.expect("it says why");
    assert_eq!(reason, "nothing has flowed since the last settlement");
    household
        .concluded(household.engine(), &own.settlement_id, Status::Failed)
        .await;
    let told = household.told(NoticeKind::SettlementFailed).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].detail.contains("nothing has flowed"), "{told:?}");
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_fail_is_not_signed() {
    let mut household = Household::open(Setup::default()).await;
    household.engine().lock(LockReason::Person);
    household.flow(500 * WH, 0).await;
    let queued = household.settle().await;
    let waits = household.staged(TxStage::AwaitingUnlock).await;
    let retired = build::retire_meter(&household.addresses, &household.id);
    household.operator.send(retired).await.expect("retired");
    household.unlock().await;
    let failed = household.at(waits.id, TxStage::Failed).await;
    assert_eq!((failed.hash, failed.nonce, failed.versions), (None, None, 0));
    assert_eq!(
        failed.reason.as_deref(),
        Some("the meter is out of service on this chain")
    );
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Failed)
        .await;
    assert_eq!(household.told(NoticeKind::SettlementFailed).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_is_what_was_shown() {
    let (household, sent) = waiting(Setup::default()).await;
    household
        .engine()
        .cancel_transaction(sent.id)
        .await
        .expect("signed");
    let store = household.store(household.engine()).await;
    let reader = store.reader();
    let row = outbox::get(&reader, sent.id)
        .await
        .expect("a read")
        .expect("the row");
    let versions = outbox_versions::list(&reader, &row).await.expect("versions");
    let settlement = household.rows(household.engine()).await.remove(0);
    let to: Watermark = settlement.to;
    let call = build::settle_meter(&household.addresses, &household.id, to, &settlement.settlement_id);
    for (version, target, input, gas) in [
        (
            &versions[0],
            household.addresses.converter,
            call.input,
            sent.gas_limit,
        ),
        (&versions[1], household.owner(), Vec::new(), Some(21_000)),
    ] {
        let tx = TxEnvelope::decode_2718(&mut version.raw.as_slice()).expect("a transaction");
        assert_eq!(tx.tx_hash().0, version.hash.0);
        assert_eq!(
            tx.recover_signer().expect("a sender").into_array(),
            household.owner().0
        );
        assert_eq!(tx.to().expect("a target").into_array(), target.0);
        assert_eq!((tx.value().is_zero(), tx.input().to_vec()), (true, input));
        assert_eq!(tx.chain_id(), Some(household.addresses.chain_id));
        assert_eq!((Some(tx.nonce()), Some(tx.gas_limit())), (sent.nonce, gas));
        assert_eq!(Wei(tx.max_fee_per_gas()), version.max_fee);
        assert_eq!(tx.max_priority_fee_per_gas().map(Wei), version.priority_fee);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_was_signed_before_a_crash_is_asked_for_after_it() {
    let (mut household, sent) = waiting(Setup::default()).await;
    let faults = household.node.faults().clone();
    faults.set_for(SEND, Fault::LoseAnswer, Span::UntilCleared);
    let raised = household.engine().speed_up(sent.id).await.expect("signed");
    household.restart(crate::support::End::Dropped).await;
    household.node.mine(1).await.expect("a block");
    faults.clear();
    let confirmed = household.at(sent.id, TxStage::Confirmed).await;
    assert_eq!((confirmed.hash, confirmed.versions), (raised.hash, 2));
    household.check(household.engine(), 1).await;
}
