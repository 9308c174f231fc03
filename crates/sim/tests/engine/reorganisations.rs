//! Blocks that are replaced, before a settlement is deep enough and after: it waits again and succeeds once.

use std::collections::BTreeSet;

use enerlink_chain::build;
use enerlink_domain::{Code, NoticeKind, Settlement, Status, Trigger, TxKind, TxStage};
use enerlink_engine::{Access, Engine};
use enerlink_sim::node::{Fault, ReorgTxs, Span};

use crate::support::{End, Household, Setup, WH, until};

/// Waits until the settlement's transaction is `deep` blocks deep, which is not enough, and longer than a reset would take.
async fn shallow(household: &Household, deep: u64) {
    until(&format!("the transaction to be {deep} deep"), async || {
        let found = household.settlement_transaction().await;
        found.is_some_and(|tx| (tx.stage, tx.confirmations) == (TxStage::Mined, deep))
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(resets(household), 0, "the display is as it was");
}

async fn replaced(txs: ReorgTxs) {
    let mut household = Household::open(Setup {
        confirmations: 3,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    let queued = household.settle().await;
    let mined = household.staged(TxStage::Mined).await;
    shallow(&household, 1).await;
    household.node.mine(1).await.expect("a block");
    shallow(&household, 2).await;
    household.node.set_automine(false).await.expect("manual");
    let removed = household.node.reorg(2, txs).await.expect("a reorganisation");
    assert_eq!(removed.len(), 1, "the settlement was in these blocks");
    let sent = household.staged(TxStage::Sent).await;
    assert_eq!((sent.block, sent.confirmations), (None, 0));
    let waiting = household.rows(household.engine()).await.remove(0);
    assert_eq!(
        (waiting.status, waiting.stage, waiting.block),
        (Status::Pending, TxStage::Sent, None)
    );
    until("the node to have the bytes again", async || {
        let known = household
            .chain
            .transaction_known(sent.hash.expect("signed"))
            .await;
        known.expect("an answer")
    })
    .await;
    household.node.mine(1).await.expect("a block");
    let again = household.staged(TxStage::Mined).await;
    assert_eq!(
        (again.hash, again.nonce),
        (mined.hash, mined.nonce),
        "the same bytes"
    );
    shallow(&household, 1).await;
    household.node.mine(1).await.expect("a block");
    shallow(&household, 2).await;
    household.node.mine(1).await.expect("a block");
    let settled = household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    assert_eq!(settled.energy_wh.0, 500);
    until("the reset of the display", async || resets(&household) > 0).await;
    assert_eq!(household.settlement_transactions(household.engine()).await, 1);
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
    assert_eq!(resets(&household), 1, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_that_returns_to_the_pool_is_waited_for() {
    replaced(ReorgTxs::Requeue).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_that_is_gone_is_sent_again() {
    replaced(ReorgTxs::Drop).await;
}

/// Resets of the meter's display that were asked for, each under an id of its own however often it was repeated.
fn resets(household: &Household) -> usize {
    let commands = household.commands();
    let resets = commands
        .iter()
        .filter(|command| command.to_string().contains("reset"));
    let ids: BTreeSet<String> = resets.map(|reset| reset["correlation_id"].to_string()).collect();
    ids.len()
}

async fn etk(household: &Household) -> i128 {
    let home = household.engine().home(None, household.engine().now()).await;
    home.expect("a home")
        .balances
        .map_or(0, |balances| balances.etk.0)
}

/// Undoes a confirmed settlement with `depth` blocks, after which the chain is `longer` by so many blocks.
async fn undone(depth: u64, txs: ReorgTxs, longer: u64) {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let settled = household.settle_through().await;
    until("the reset of the display", async || resets(&household) == 1).await;
    until("the tokens", async || etk(&household).await == settled.etk.0).await;
    let first = household.staged(TxStage::Confirmed).await;
    household.node.set_automine(false).await.expect("manual");
    household.node.mine(depth - 1).await.expect("blocks");
    // Until it is mined on purpose: a longer chain without it.
    let faults = household.node.faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    let removed = household.node.reorg(depth, txs).await.expect("a reorganisation");
    assert_eq!(removed.len(), 1, "the settlement was in these blocks");
    if txs == ReorgTxs::Drop {
        household.node.mine(longer).await.expect("blocks");
    }
    let pending = household
        .concluded(household.engine(), &settled.settlement_id, Status::Pending)
        .await;
    assert_eq!((pending.block, pending.settled_at), (None, None));
    let waiting = household.staged(TxStage::Sent).await;
    assert_eq!((waiting.hash, waiting.as_simulated), (first.hash, None));
    until("the tokens to be gone", async || etk(&household).await == 0).await;
    let nothing = household.engine().settle_now(household.id.clone()).await;
    assert_eq!(nothing.expect_err("it comes first").code, Code::SettlementPending);
    household.flow(200 * WH, 0).await;
    faults.clear();
    until("the node to have the bytes again", async || {
        let known = household
            .chain
            .transaction_known(first.hash.expect("signed"))
            .await;
        known.expect("an answer")
    })
    .await;
    household.node.mine(1).await.expect("a block");
    let again = household
        .concluded(household.engine(), &settled.settlement_id, Status::Success)
        .await;
    assert_eq!((again.tx, again.etk), (settled.tx, settled.etk), "the same bytes");
    assert_ne!(again.block, None);
    let forward = household.staged(TxStage::Confirmed).await;
    assert_eq!((forward.versions, forward.as_simulated), (1, Some(true)));
    assert_eq!(household.told(NoticeKind::SettlementUndone).await.len(), 1);
    assert_eq!(household.told(NoticeKind::SettlementFailed).await.len(), 0);
    assert_eq!(resets(&household), 1, "the display was reset before");
    household.check(household.engine(), 1).await;
    until("the tokens again", async || {
        etk(&household).await == settled.etk.0
    })
    .await;
    household.node.set_automine(true).await.expect("automine");
    household.settle_through().await;
    household.check(household.engine(), 2).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_settlement_that_is_undone_is_brought_forward_once() {
    for (depth, longer) in [(1, 0), (2, 3), (5, 1)] {
        undone(depth, ReorgTxs::Drop, longer).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_settlement_that_returns_to_the_pool_is_waited_for() {
    undone(2, ReorgTxs::Requeue, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_settlement_is_found_by_an_engine_that_starts_later() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let settled = household.settle_through().await;
    household.node.set_automine(false).await.expect("manual");
    household
        .restart_while(End::Dropped, async |node| {
            node.reorg(1, ReorgTxs::Drop).await.expect("a reorganisation");
        })
        .await;
    household
        .concluded(household.engine(), &settled.settlement_id, Status::Pending)
        .await;
    household.follows(household.engine()).await;
    household.node.set_automine(true).await.expect("automine");
    household
        .concluded(household.engine(), &settled.settlement_id, Status::Success)
        .await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_settlements_of_a_meter_are_undone_and_redone_in_their_order() {
    let mut household = Household::open(Setup::default()).await;
    for _ in 0..3 {
        household.flow(300 * WH, 0).await;
        household.settle_through().await;
    }
    household.node.set_automine(false).await.expect("manual");
    household
        .node
        .reorg(3, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    until("all to be pending", async || {
        let rows = household.rows(household.engine()).await;
        rows.iter().all(|row| row.status == Status::Pending) && rows.len() == 3
    })
    .await;
    let audit = household.engine().audit(&household.id).await.expect("added up");
    assert!(audit.adds_up, "{audit:?}");
    household.node.set_automine(true).await.expect("automine");
    household.check(household.engine(), 3).await;
    assert_eq!(household.told(NoticeKind::SettlementUndone).await.len(), 3);
    assert_eq!(household.settlement_transactions(household.engine()).await, 3);
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_settlement_whose_nonce_is_taken_is_owed_again() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let settled = household.settle_through().await;
    let nonce = household.staged(TxStage::Confirmed).await.nonce.expect("signed");
    let faults = household.node.faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    household
        .node
        .reorg(1, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    household.send_beside(nonce).await;
    let failed = household
        .concluded(household.engine(), &settled.settlement_id, Status::Failed)
        .await;
    assert!(failed.reason.is_some_and(|reason| reason.contains("nonce")));
    assert_eq!(household.told(NoticeKind::SettlementFailed).await.len(), 1);
    household.check(household.engine(), 0).await;
    faults.clear();
    let again = household.settle_through().await;
    assert_eq!(again.settlement_id, settled.settlement_id);
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_settlement_whose_energy_is_settled_otherwise_fails_and_pays_nothing() {
    let mut household = Household::open(Setup {
        settlement_key: true,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    let settled = household.settle_through().await;
    let faults = household.node.faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    household
        .node
        .reorg(1, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    let call = build::settle_meter(&household.addresses, &household.id, household.floor(), "beside");
    let nonce = household.chain.nonce(household.owner()).await.expect("a nonce");
    household.call_beside(nonce, call).await;
    faults.clear();
    let failed = household
        .concluded(household.engine(), &settled.settlement_id, Status::Failed)
        .await;
    let reason = failed.reason.expect("it says why");
    assert_eq!(reason, "nothing has flowed since the last settlement");
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_copy_has_settled_is_undone_and_adopted_anew() {
    let mut household = Household::open(Setup::default()).await;
    let copy = household.copy().await;
    household.flow(500 * WH, 0).await;
    household.heard(&copy.engine).await;
    let settled = copy
        .engine
        .settle_now(household.id.clone())
        .await
        .expect("queued");
    household
        .concluded(household.engine(), &settled.settlement_id, Status::Success)
        .await;
    household.node.set_automine(false).await.expect("manual");
    household
        .node
        .reorg(1, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    let undone = household
        .concluded(household.engine(), &settled.settlement_id, Status::Failed)
        .await;
    assert_eq!(undone.trigger, Trigger::Adopted);
    household
        .concluded(&copy.engine, &settled.settlement_id, Status::Pending)
        .await;
    assert_eq!(household.told(NoticeKind::SettlementUndone).await.len(), 1);
    household.node.set_automine(true).await.expect("automine");
    household.check(&copy.engine, 1).await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_that_a_reorganisation_leaves_is_closed() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let nonce = household.chain.nonce(household.owner()).await.expect("a nonce");
    // Somebody else's copy of the keys has sent this; its bytes are nowhere when its block is gone.
    household.send_beside(nonce).await;
    let settled = household.settle_through().await;
    household.node.set_automine(false).await.expect("manual");
    household
        .node
        .reorg(2, ReorgTxs::Drop)
        .await
        .expect("a reorganisation");
    household
        .concluded(household.engine(), &settled.settlement_id, Status::Pending)
        .await;
    household.node.set_automine(true).await.expect("automine");
    let mut mined = 0;
    until("the gap to be filled", async || {
        // A little patience, block by block.
        mined += 1;
        household.node.mine(1).await.expect("a block");
        let rows = household.outbox(household.engine()).await;
        let filler = rows.iter().find(|tx| tx.kind == TxKind::FillNonce);
        filler.is_some_and(|tx| (tx.nonce, tx.stage) == (Some(nonce), TxStage::Confirmed))
    })
    .await;
    assert!(mined >= 10, "somebody else may still bring it");
    household.check(household.engine(), 1).await;
    assert_eq!(household.settlement_transactions(household.engine()).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_is_listed_with_the_blocks_on_top_of_it_and_where_the_registers_stood_before() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let first = household.settle_through().await;
    household.node.mine(9).await.expect("blocks");
    let deep = async |engine: &Engine| household.rows(engine).await[0].confirmations;
    until("ten confirmations", async || deep(household.engine()).await == 10).await;
    let transaction = household.settlement_transaction().await.expect("a transaction");
    let shown = household
        .engine()
        .transaction(transaction.id)
        .await
        .expect("stored");
    assert_eq!(shown.confirmations, 10);
    let reader = household.second(Access::ReadOnly).await.expect("a reader");
    assert_eq!(deep(&reader).await, 10, "whoever only reads asks the node");
    reader.stop().await;

    household.flow(300 * WH + 7, 0).await;
    household.settle_through().await;
    let rows = household.rows(household.engine()).await;
    let before = |row: &Settlement| row.basis.as_ref().and_then(|basis| basis.before).expect("known");
    let registers = first.basis.map(|basis| (basis.export, basis.import));
    let second = before(&rows[0]);
    assert_eq!(Some((second.export, second.import)), registers);
    let (begun, from) = (before(&rows[1]), rows[1].from);
    assert_eq!(
        (begun.export.floor_wh(), begun.import.floor_wh()),
        (from.export, from.import)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deep_enough_is_final() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let settled = household.settle_through().await;
    household.node.mine(62).await.expect("blocks");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    household.staged(TxStage::Confirmed).await;
    household.node.mine(1).await.expect("a block");
    let last = household.staged(TxStage::Final).await;
    assert_eq!(last.confirmations, 64);
    let row = household.rows(household.engine()).await.remove(0);
    assert_eq!(
        (row.stage, row.status, row.settled_at),
        (TxStage::Final, Status::Success, settled.settled_at)
    );
    household.check(household.engine(), 1).await;
}

/// Blocks on a settlement that is final.
const DEEP: u64 = 70;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_final_settlement_that_is_undone_while_nobody_watches_is_settled_once_more() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    let settled = household.settle_through().await;
    household.node.mine(DEEP).await.expect("blocks");
    let last = household.staged(TxStage::Final).await;
    household.flow(200 * WH, 0).await;
    household.node.set_automine(false).await.expect("manual");
    household
        .restart_while(End::Dropped, async |node| {
            let removed = node.reorg(DEEP + 1, ReorgTxs::Drop).await;
            assert_eq!(removed.expect("another history").len(), 1, "the settlement");
        })
        .await;
    let pending = household
        .concluded(household.engine(), &settled.settlement_id, Status::Pending)
        .await;
    assert_eq!((pending.block, pending.settled_at), (None, None));
    let waiting = household.staged(TxStage::Sent).await;
    assert_eq!((waiting.id, waiting.hash), (last.id, last.hash), "the same bytes");
    household.follows(household.engine()).await;
    let nothing = household.engine().settle_now(household.id.clone()).await;
    assert_eq!(nothing.expect_err("it comes first").code, Code::SettlementPending);
    let audit = household.engine().audit(&household.id).await.expect("added up");
    assert!(audit.adds_up && audit.pending.0 == 500 * WH as i64, "{audit:?}");
    household.node.set_automine(true).await.expect("automine");
    let again = household
        .concluded(household.engine(), &settled.settlement_id, Status::Success)
        .await;
    assert_eq!((again.tx, again.etk), (settled.tx, settled.etk));
    assert_eq!(household.told(NoticeKind::SettlementUndone).await.len(), 1);
    household.check(household.engine(), 1).await;
    household.settle_through().await;
    household.check(household.engine(), 2).await;
    assert_eq!(household.settlement_transactions(household.engine()).await, 2);
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_copy_has_settled_long_ago_is_owed_again_when_it_is_undone() {
    let mut household = Household::open(Setup::default()).await;
    let copy = household.copy().await;
    household.flow(500 * WH, 0).await;
    household.heard(&copy.engine).await;
    let settled = copy.engine.settle_now(household.id.clone()).await;
    let id = settled.expect("queued").settlement_id;
    household
        .concluded(household.engine(), &id, Status::Success)
        .await;
    copy.engine.stop().await;
    household.node.mine(DEEP).await.expect("blocks");
    household
        .restart_while(End::Dropped, async |node| {
            let removed = node.reorg(DEEP + 1, ReorgTxs::Drop).await;
            assert_eq!(removed.expect("another history").len(), 1, "the settlement");
        })
        .await;
    let undone = household.concluded(household.engine(), &id, Status::Failed).await;
    assert_eq!(undone.trigger, Trigger::Adopted);
    assert_eq!(household.told(NoticeKind::SettlementUndone).await.len(), 1);
    household.follows(household.engine()).await;
    let again = household.settle_through().await;
    assert_eq!((again.settlement_id, again.energy_wh.0), (id, 500));
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}
