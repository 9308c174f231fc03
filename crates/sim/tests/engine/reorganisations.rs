//! Blocks that are replaced before a settlement is deep enough: it goes back to sent and succeeds once.

use enerlink_domain::{Status, TxStage};
use enerlink_sim::node::ReorgTxs;

use crate::support::{Household, Setup, WH};

async fn replaced(txs: ReorgTxs) {
    let mut household = Household::open(Setup {
        confirmations: 3,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    let queued = household.settle().await;
    let mined = household.staged(TxStage::Mined).await;
    household.node.mine(1).await.expect("a block");
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
    crate::support::until("the node to have the bytes again", async || {
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
    household.node.mine(2).await.expect("blocks");
    let settled = household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    assert_eq!(settled.energy_wh.0, 500);
    assert_eq!(household.settlement_transactions(household.engine()).await, 1);
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_that_returns_to_the_pool_is_waited_for() {
    replaced(ReorgTxs::Requeue).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_that_is_gone_is_sent_again() {
    replaced(ReorgTxs::Drop).await;
}
