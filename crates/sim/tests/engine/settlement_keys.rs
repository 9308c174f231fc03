//! Settlement keys: given up, asked for again, taken over from another computer.

use enerlink_domain::{
    Status, TxStage,
    wallet::{LockReason, SettlementKeyState, SettlementKeyView, WalletAct},
};
use enerlink_engine::Engine;

use crate::support::{Household, Setup, WH, until};

const KEYED: Setup = Setup {
    settlement_key: true,
    ..Setup::DEFAULT
};

async fn view(engine: &Engine) -> SettlementKeyView {
    let security = engine.security().await.expect("read");
    security.settlement_keys.into_iter().next().expect("one meter")
}

async fn becomes(engine: &Engine, state: SettlementKeyState) -> SettlementKeyView {
    until(&format!("the settlement key to be {state:?}"), async || {
        view(engine).await.state == state
    })
    .await;
    view(engine).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_given_up_signs_nothing_more() {
    let mut household = Household::open(KEYED).await;
    let active = view(household.engine()).await;
    assert_eq!(active.state, SettlementKeyState::Active);
    assert!(active.key.is_some() && active.key == active.on_chain);
    household.engine().lock(LockReason::Person);
    let id = household.id.clone();
    let revoking = household.engine().set_settlement_key(id.clone(), false).await;
    assert_eq!(revoking.expect("queued").state, SettlementKeyState::Revoking);
    household.flow(500 * WH, 0).await;
    household.settle().await;
    // Both wait for the wallet: the key is not used although the chain still knows it.
    household.staged(TxStage::AwaitingUnlock).await;
    let settlement = household.settlement_transaction().await.expect("queued");
    assert_eq!(settlement.from, household.owner());
    household.unlock().await;
    let off = becomes(household.engine(), SettlementKeyState::Off).await;
    assert_eq!(off.on_chain, None);
    until("the key's file to be removed", async || {
        view(household.engine()).await.key.is_none()
    })
    .await;
    household.check(household.engine(), 1).await;
    household.flow(200 * WH, 0).await;
    let settled = household.settle_through().await;
    assert_eq!(settled.status, Status::Success);
    assert_eq!(
        household.settlement_transaction().await.expect("sent").from,
        household.owner()
    );

    // Another key when it is asked for again.
    household
        .engine()
        .set_settlement_key(id, true)
        .await
        .expect("queued");
    let again = becomes(household.engine(), SettlementKeyState::Active).await;
    assert_ne!(again.key, active.key);
    household.engine().lock(LockReason::Person);
    household.flow(300 * WH, 0).await;
    household.settle_through().await;
    assert_eq!(
        Some(household.settlement_transaction().await.expect("sent").from),
        again.key
    );
    household.check(household.engine(), 3).await;
    let page = household.engine().activity(50, None).await.expect("read");
    let changes = page
        .rows
        .iter()
        .filter(|row| {
            matches!(
                row.act,
                WalletAct::SettlementKeyEnabled | WalletAct::SettlementKeyRevoked
            )
        })
        .map(|row| (row.act, row.detail.as_deref()));
    let meter = household.id.to_string();
    let expected = [
        (WalletAct::SettlementKeyEnabled, Some(meter.as_str())),
        (WalletAct::SettlementKeyRevoked, Some(meter.as_str())),
    ];
    assert_eq!(changes.collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_wish_counts() {
    let household = Household::open(KEYED).await;
    household.engine().lock(LockReason::Person);
    let id = household.id.clone();
    for enabled in [false, false, true, false, true] {
        household
            .engine()
            .set_settlement_key(id.clone(), enabled)
            .await
            .expect("queued");
    }
    household.unlock().await;
    until("everything to be on chain", async || {
        let rows = household.outbox(household.engine()).await;
        rows.iter().all(|row| row.stage.status() == Status::Success)
    })
    .await;
    becomes(household.engine(), SettlementKeyState::Active).await;
    // The baseline, the first key, and each wish that changed something.
    assert_eq!(household.outbox(household.engine()).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_elsewhere_is_replaced_when_a_person_asks() {
    let mut household = Household::open(KEYED).await;
    let old = view(household.engine()).await.key;
    household.lose_database_and_keys().await;
    household.greet(household.engine()).await;
    let elsewhere = becomes(household.engine(), SettlementKeyState::Elsewhere).await;
    assert_eq!(elsewhere.on_chain, old);
    // The wallet's own key settles beside it.
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    assert_eq!(
        household.settlement_transaction().await.expect("sent").from,
        household.owner()
    );
    let id = household.id.clone();
    household
        .engine()
        .set_settlement_key(id.clone(), true)
        .await
        .expect("queued");
    let active = becomes(household.engine(), SettlementKeyState::Active).await;
    assert_ne!(active.on_chain, old);
    household.check(household.engine(), 1).await;
}
