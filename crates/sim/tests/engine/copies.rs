//! Other copies of the wallet, and profiles that have lost their database: the chain's registers hold.

use enerlink_domain::{
    Code, NetMicroWh, Registration, Status, Trigger, TxStage, settlement::Watermark, wallet::LockReason,
};
use enerlink_sim::node::{Fault, Span};

use crate::support::{Household, Setup, Shape, WH, registers, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_copy_has_settled_is_adopted() {
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
        .concluded(&copy.engine, &settled.settlement_id, Status::Success)
        .await;
    let adopted = household
        .concluded(household.engine(), &settled.settlement_id, Status::Success)
        .await;
    assert_eq!(adopted.trigger, Trigger::Adopted);
    let nothing = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("settled");
    assert_eq!(nothing.code, Code::NothingToSettle);
    household.check(household.engine(), 1).await;
    household.check(&copy.engine, 1).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_copies_that_settle_at_once_one_settles() {
    for ahead in [0, 200 * WH] {
        let mut household = Household::open(Setup::default()).await;
        let copy = household.copy().await;
        household.flow(500 * WH, 0).await;
        household.heard(&copy.engine).await;
        // This one is about to send when the other one, which may know more, settles.
        let faults = household.node.faults().clone();
        faults.set_for("eth_estimateGas", Fault::Status(503), Span::UntilCleared);
        let own = household.settle().await;
        household.staged(TxStage::Queued).await;
        household.engine().lock(LockReason::Person);
        faults.clear();
        household.flow(ahead, 0).await;
        household.heard(&copy.engine).await;
        let other = copy
            .engine
            .settle_now(household.id.clone())
            .await
            .expect("queued");
        household
            .concluded(&copy.engine, &other.settlement_id, Status::Success)
            .await;
        household.unlock().await;
        let adopted = household
            .concluded(household.engine(), &other.settlement_id, Status::Success)
            .await;
        assert_eq!(adopted.trigger, Trigger::Adopted);
        let rows = household.rows(household.engine()).await;
        let failed: Vec<_> = rows.iter().filter(|row| row.status == Status::Failed).collect();
        assert_eq!(failed.len(), 1, "its own attempt");
        assert_eq!(failed[0].settlement_id, own.settlement_id);
        household.check(household.engine(), 1).await;
        household.check(&copy.engine, 1).await;
        assert_eq!(household.watermark().await, household.floor());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_bytes_of_two_copies_are_one_transaction() {
    let mut household = Household::open(Setup::default()).await;
    let copy = household.copy().await;
    household.flow(500 * WH, 0).await;
    household.heard(&copy.engine).await;
    let faults = household.node.faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    let own = household.settle().await;
    let other = copy
        .engine
        .settle_now(household.id.clone())
        .await
        .expect("queued");
    household.staged(TxStage::Signed).await;
    assert_eq!(own.settlement_id, other.settlement_id);
    faults.clear();
    household
        .concluded(household.engine(), &own.settlement_id, Status::Success)
        .await;
    household
        .concluded(&copy.engine, &own.settlement_id, Status::Success)
        .await;
    household.check(household.engine(), 1).await;
    household.check(&copy.engine, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_continues_from_the_chain() {
    let mut household = Household::open(Setup {
        settlement_key: true,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    household.flow(300 * WH, 100 * WH + 1).await;
    household.lose_database().await;
    household.greet(household.engine()).await;
    assert_eq!(
        registers(household.engine(), &household.id),
        Some(household.counted())
    );
    household.check(household.engine(), 1).await;
    let audit = household.engine().audit(&household.id).await.expect("added up");
    let net = |mark: Watermark| mark.net_micro().expect("in range").0;
    let (export, import) = household.counted();
    let unsettled = NetMicroWh::between(export, import).0 - net(household.watermark().await);
    assert_eq!(audit.carried.0, unsettled, "nothing is forgotten");
    household.settle_through().await;
    household.check(household.engine(), 2).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_of_a_meter_without_totals_continues_from_the_chain() {
    let mut household = Household::open(Setup {
        shape: Shape::Nested,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    household.flow(300 * WH + 7, 0).await;
    household.lose_database().await;
    household.greet(household.engine()).await;
    let settled = household.watermark().await;
    let lifted = (
        settled.export.micro().expect("small"),
        settled.import.micro().expect("small"),
    );
    until("the registers to be lifted", async || {
        registers(household.engine(), &household.id) == Some(lifted)
    })
    .await;
    household.check(household.engine(), 1).await;
    household.murmur(200 * WH, 0).await;
    until("the energy to be counted", async || {
        registers(household.engine(), &household.id)
            .is_some_and(|(export, _)| export.0 == lifted.0.0 + 200 * WH)
    })
    .await;
    household.settle_through().await;
    household.check(household.engine(), 2).await;
    assert_eq!(household.watermark().await.export.0, settled.export.0 + 200);
}

/// Waits until so many watt-hours are on the export register.
async fn exported(household: &Household, wh: u64) {
    until(&format!("{wh} Wh to be on the register"), async || {
        registers(household.engine(), &household.id).is_some_and(|(export, _)| export.0 == wh * WH)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_counted_while_the_node_is_away_comes_on_top_of_what_the_chain_has_settled() {
    let mut household = Household::open(Setup {
        shape: Shape::Nested,
        ..Setup::default()
    })
    .await;
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    household.lose_database().await;
    until("the chain to be read before the meter is heard", async || {
        matches!(household.registration(), Registration::Open { .. })
    })
    .await;
    let faults = household.node.faults().clone();
    faults.set(Fault::Status(503), Span::UntilCleared);
    household.link_down(Code::NodeUnreachable).await;
    household.greet(household.engine()).await;
    exported(&household, 0).await;
    household.murmur(200 * WH, 0).await;
    exported(&household, 200).await;
    faults.clear();
    exported(&household, 700).await;
    household.check(household.engine(), 1).await;
    let row = household.settle_through().await;
    assert_eq!(row.energy_wh.0, 200);
    household.check(household.engine(), 2).await;
    assert_eq!(household.watermark().await.export.0, 700);
}
