//! What gas costs, and what a node says of it: fees that the chain overtakes, chains without a base fee, estimates and
//! balances that forbid to sign.

use alloy::{
    consensus::{Transaction as _, TxEnvelope, Typed2718 as _},
    eips::eip2718::Decodable2718 as _,
    primitives::{Address as AlloyAddress, U256},
};
use enerlink_domain::{Status, Transaction, TxKind, TxStage, wallet::LockReason};
use enerlink_sim::node::{Fault, ReorgTxs, Span};
use enerlink_store::{outbox, outbox_versions};
use serde_json::{Value, json};

use crate::support::{Household, Setup, WH, until};

const ESTIMATE: &str = "eth_estimateGas";
/// Wei per gas that the chains here begin with.
const BASE_FEE: u64 = 1000;
/// Coins for a long time.
const PLENTY: u128 = 1_000_000_000_000_000_000;

/// An open household that has coins and owes half a kilowatt-hour; from then on blocks come on demand.
async fn owing(setup: Setup) -> Household {
    let mut household = Household::found(setup).await;
    household.fund(household.owner(), PLENTY).await;
    household.greet(household.engine()).await;
    household.opened().await;
    household.flow(500 * WH, 0).await;
    household.node.set_automine(false).await.expect("manual");
    household
}

/// The same, with a settlement that waits in the pool.
async fn waiting(setup: Setup) -> (Household, Transaction) {
    let household = owing(setup).await;
    household.settle().await;
    let sent = household.staged(TxStage::Sent).await;
    (household, sent)
}

/// Waits until transaction `id` has so many versions, of which the node has the last.
async fn versions(household: &Household, id: i64, count: u32) -> Transaction {
    until(&format!("version {count}"), async || {
        let row = household.engine().transaction(id).await.expect("the row");
        row.versions == count && row.stage == TxStage::Sent
    })
    .await;
    household.engine().transaction(id).await.expect("the row")
}

/// Every version that was signed of transaction `id`, decoded.
async fn signed(household: &Household, id: i64) -> Vec<TxEnvelope> {
    let reader = household.store(household.engine()).await.reader();
    let row = outbox::get(&reader, id).await.expect("a read").expect("the row");
    let versions = outbox_versions::list(&reader, &row).await.expect("versions");
    let decode = |raw: &[u8]| TxEnvelope::decode_2718(&mut &raw[..]).expect("a transaction");
    versions.iter().map(|version| decode(&version.raw)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_that_the_chain_has_overtaken_rises_by_itself_eight_times() {
    let (household, sent) = waiting(Setup {
        base_fee: BASE_FEE,
        ..Setup::default()
    })
    .await;
    let mut offered = sent.max_fee.expect("signed").0;
    for raises in 1..=8 {
        // Not above what is offered: it may still come into a block, and costs no more than it has to.
        let mut base = u64::try_from(offered).expect("small");
        household.node.set_base_fee(base).await.expect("a fee");
        household.node.mine_empty().await.expect("a block");
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        let row = household.engine().transaction(sent.id).await.expect("the row");
        assert_eq!(row.versions, raises, "enough is offered");
        base += 1;
        household.node.set_base_fee(base).await.expect("a fee");
        household.node.mine_empty().await.expect("a block");
        let raised = versions(&household, sent.id, raises + 1).await;
        assert_eq!((raised.nonce, raised.reason), (sent.nonce, None));
        offered = raised.max_fee.expect("signed").0;
        assert!(
            offered >= 2 * u128::from(base),
            "room for the next rise: {offered} {base}"
        );
    }
    // Then a person decides.
    let base = u64::try_from(offered).expect("small") + 1;
    household.node.set_base_fee(base).await.expect("a fee");
    household.node.mine_empty().await.expect("a block");
    until("a word about it", async || {
        let row = household.engine().transaction(sent.id).await.expect("the row");
        let reason = row.reason.unwrap_or_default();
        reason.contains("8 raises") && row.versions == 9 && row.can_speed_up
    })
    .await;
    household.engine().speed_up(sent.id).await.expect("raised");
    household.node.mine(1).await.expect("a block");
    let confirmed = household.at(sent.id, TxStage::Confirmed).await;
    assert_eq!((confirmed.versions, confirmed.as_simulated), (10, Some(true)));
    household.check(household.engine(), 1).await;
}

/// A cancellation loses its block, and the chain asks for more than it offers by now, whether a node has it or none.
async fn overtaken_in_a_gap(txs: ReorgTxs) {
    let (household, first) = waiting(Setup {
        base_fee: BASE_FEE,
        ..Setup::default()
    })
    .await;
    let engine = household.engine();
    engine.cancel_transaction(first.id).await.expect("signed");
    household.at(first.id, TxStage::Sent).await;
    household.node.mine(1).await.expect("a block");
    let spent = household.at(first.id, TxStage::Replaced).await;
    household.node.set_base_fee(4 * BASE_FEE).await.expect("a fee");
    household.node.mine_empty().await.expect("a block");
    household.settle().await;
    let behind = household.staged(TxStage::Sent).await;
    assert_eq!(behind.nonce, spent.nonce.map(|nonce| nonce + 1));
    assert!(behind.max_fee > spent.max_fee.map(|fee| enerlink_domain::Wei(2 * fee.0)));

    engine.lock(LockReason::Person);
    let removed = household.node.reorg(2, txs).await.expect("a reorganisation");
    assert_eq!(removed.len(), 1, "the cancellation");
    let reason = async || {
        let row = engine.transaction(behind.id).await.expect("the row");
        row.reason.unwrap_or_default()
    };
    let says = "has taken the nonce before it";
    until("a word about the gap", async || reason().await.contains(says)).await;
    household.clock.pass(std::time::Duration::from_secs(60)).await;
    assert!(reason().await.contains(says), "as long as it waits");
    let mut fillers = household.outbox(engine).await;
    fillers.retain(|tx| tx.kind == TxKind::FillNonce);
    let [filler] = fillers.as_slice() else {
        panic!("one, however often it is looked at: {fillers:?}")
    };
    assert_eq!(
        (filler.nonce, filler.stage),
        (spent.nonce, TxStage::AwaitingUnlock)
    );

    household.unlock().await;
    let sent = household.at(filler.id, TxStage::Sent).await;
    assert!(sent.max_fee > spent.max_fee, "above it: {sent:?}");
    until("nothing to say any more", async || reason().await.is_empty()).await;
    household.node.mine(1).await.expect("a block");
    household.at(filler.id, TxStage::Confirmed).await;
    household.at(behind.id, TxStage::Confirmed).await;
    household.check(engine, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_whose_bytes_are_nowhere_and_offer_too_little_is_filled_above_them() {
    overtaken_in_a_gap(ReorgTxs::Drop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_the_pool_and_offers_too_little_is_replaced_in_its_gap() {
    overtaken_in_a_gap(ReorgTxs::Requeue).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_without_a_base_fee_is_settled_on_by_its_gas_price() {
    let (mut household, sent) = waiting(Setup {
        base_fee: BASE_FEE,
        legacy: true,
        ..Setup::default()
    })
    .await;
    let raised = household.engine().speed_up(sent.id).await.expect("raised");
    let (old, new) = (sent.max_fee.expect("signed").0, raised.max_fee.expect("signed").0);
    assert!(new > old && new * 8 >= old * 9, "{old} {new}");
    household.at(sent.id, TxStage::Sent).await;
    household.node.mine(1).await.expect("a block");
    let confirmed = household.at(sent.id, TxStage::Confirmed).await;
    assert_eq!(
        (confirmed.hash, confirmed.as_simulated),
        (raised.hash, Some(true))
    );
    household.check(household.engine(), 1).await;

    household.flow(300 * WH, 0).await;
    household.settle().await;
    let second = household.staged(TxStage::Sent).await;
    let cancelled = household.engine().cancel_transaction(second.id).await;
    let cancelled = cancelled.expect("signed");
    assert!(
        cancelled.cancelling && cancelled.max_fee > second.max_fee,
        "{cancelled:?}"
    );
    household.at(second.id, TxStage::Sent).await;
    household.node.mine(1).await.expect("a block");
    household.at(second.id, TxStage::Replaced).await;
    for id in [sent.id, second.id] {
        let versions = signed(&household, id).await;
        assert_eq!(versions.len(), 2);
        for tx in &versions {
            assert!(
                tx.is_legacy() && tx.ty() == 0 && tx.gas_price().is_some(),
                "{tx:?}"
            );
            assert_eq!(
                tx.chain_id(),
                Some(household.addresses.chain_id),
                "no replay elsewhere"
            );
        }
    }
    household.node.set_automine(true).await.expect("automine");
    household.check(household.engine(), 1).await;
    household.settle_through().await;
    household.check(household.engine(), 2).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_without_fees_of_either_kind_takes_what_an_empty_account_signs() {
    let mut household = Household::open(Setup {
        legacy: true,
        settlement_key: true,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_estimate_that_is_absurd_or_fails_is_not_signed() {
    let household = owing(Setup::default()).await;
    let faults = household.node.faults().clone();
    let lies: [(Fault, &str); 6] = [
        (Fault::Result(json!("0x0")), "estimates 0 gas"),
        (
            Fault::Result(json!("0x8000000000000000")),
            "9223372036854775808 gas",
        ),
        // One more than a block holds.
        (Fault::Result(json!("0x1c9c381")), "30000001 gas"),
        (Fault::Result(json!("0x10000000000000000")), ESTIMATE),
        (Fault::Result(Value::Null), ESTIMATE),
        (Fault::Status(500), "500"),
    ];
    let mut queued = None;
    for (lie, said) in lies {
        faults.clear();
        faults.set_for(ESTIMATE, lie.clone(), Span::UntilCleared);
        if queued.is_none() {
            queued = Some(household.settle().await);
        }
        until(&format!("{lie:?} to be said"), async || {
            // It is tried again with each block.
            household.node.mine_empty().await.expect("a block");
            let row = household.staged(TxStage::Queued).await;
            row.reason.is_some_and(|reason| reason.contains(said))
        })
        .await;
        let row = household.staged(TxStage::Queued).await;
        assert_eq!(
            (row.hash, row.nonce, row.versions),
            (None, None, 0),
            "nothing was signed"
        );
    }
    let nonce = household.chain.nonce(household.owner()).await.expect("a nonce");
    faults.clear();
    household.node.set_automine(true).await.expect("automine");
    let id = queued.expect("just queued").settlement_id;
    household
        .concluded(household.engine(), &id, Status::Success)
        .await;
    let confirmed = household.staged(TxStage::Confirmed).await;
    assert_eq!(
        (confirmed.nonce, confirmed.versions),
        (Some(nonce), 1),
        "no nonce was spent"
    );
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_below_value_and_fee_is_not_signed() {
    let household = owing(Setup {
        base_fee: BASE_FEE,
        ..Setup::default()
    })
    .await;
    let owner = AlloyAddress::from(household.owner().0);
    household
        .node
        .set_balance(owner, U256::from(21_000))
        .await
        .expect("poor");
    let queued = household.settle().await;
    let waits = household.staged(TxStage::NoGas).await;
    assert_eq!(
        (waits.hash, waits.nonce, waits.versions),
        (None, None, 0),
        "nothing was signed"
    );
    let reason = waits.reason.expect("it says what is missing");
    assert!(reason.contains("coin more for gas"), "{reason}");
    household
        .node
        .set_balance(owner, U256::from(PLENTY))
        .await
        .expect("rich");
    household.node.set_automine(true).await.expect("automine");
    household.node.mine(1).await.expect("a block");
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    household.check(household.engine(), 1).await;
}
