//! What stands between owed energy and a settlement: the balance that a burn needs, the chain's plausibility bucket.

use std::time::Duration;

use alloy::{primitives::U256, sol, sol_types::SolCall};
use enerlink_chain::Call;
use enerlink_domain::{
    Code, Estimate, NoticeKind, Readiness, Settlement, Status, TxStage, WattHours, Wei,
    choice::SettlingChoice, wallet::LockReason,
};

use crate::support::{Household, Setup, WH, until};

sol! {
    function setConversionRatio(uint256 newRatio);
    function setMinSettlementThreshold(uint256 newThresholdWh);
}

impl Household {
    /// The operator changes something at the converter.
    async fn operate(&self, input: Vec<u8>) {
        let call = Call {
            to: Some(self.addresses.converter),
            value: Wei::ZERO,
            input,
        };
        self.operator.send(call).await.expect("taken");
    }

    /// 100 000 makes 1 Wh 1 ETK, 100 makes 1 kWh 1 ETK.
    async fn set_ratio(&self, ratio: u64) {
        let input = setConversionRatioCall {
            newRatio: U256::from(ratio),
        };
        self.operate(input.abi_encode()).await;
        until("the ratio to be known", async || {
            self.engine().settling_view().ratio == Some(ratio)
        })
        .await;
    }

    async fn estimate(&self) -> Estimate {
        let estimate = self.engine().estimate(&self.id).await;
        estimate.expect("an estimate")
    }

    /// What settling now would mint or burn, as the engine estimates.
    async fn estimated(&self) -> i128 {
        self.estimate().await.etk_now.0
    }

    /// Settles what is due at the present head, which is what was estimated there.
    async fn settle_as_estimated(&mut self) -> Settlement {
        let head = self.chain.head().await.expect("a head").number;
        until("the head to be read", async || {
            self.engine().status().chain.block == Some(head)
        })
        .await;
        let estimate = self.estimate().await;
        assert_eq!(estimate.obstacle, None);
        let row = self.settle_through().await;
        assert_eq!(row.etk, estimate.etk_now, "no more was estimated than is due");
        row
    }

    /// Chooses for all meters of the account.
    async fn choose_to(&self, automatic: bool, minimum: u64) {
        let choice = SettlingChoice {
            automatic: Some(automatic),
            period_minutes: Some(1),
            minimum: Some(WattHours(minimum)),
            ..SettlingChoice::default()
        };
        let chosen = self.engine().set_settling(self.owner(), None, choice).await;
        chosen.expect("a choice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_ratio_is_followed_within_a_block_and_the_remainder_is_carried() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(105 * WH, 0).await;
    assert_eq!(household.estimated().await, 105 * 100);
    household.settle_through().await;
    // From here 1 kWh is 1 ETK: 10.5 units, of which half a one stays on chain.
    household.flow(105 * WH, 0).await;
    household.set_ratio(100).await;
    assert_eq!(household.estimated().await, 10);
    assert_eq!(household.settle_through().await.etk.0, 10);
    household.flow(105 * WH, 0).await;
    until("the carry to be known", async || {
        household.estimated().await == 11
    })
    .await;
    assert_eq!(household.settle_through().await.etk.0, 11);
    household.flow(0, 105 * WH).await;
    assert_eq!(household.estimated().await, -10);
    assert_eq!(household.settle_through().await.etk.0, -10);
    household.check(household.engine(), 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ratio_that_changes_under_a_settlement_is_the_chains() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household.engine().lock(LockReason::Person);
    let row = household.settle().await;
    assert_eq!(row.etk.0, 50_000, "as it stands when the row is written");
    household.staged(TxStage::AwaitingUnlock).await;
    household.set_ratio(100).await;
    household.unlock().await;
    household.check(household.engine(), 1).await;
    let settled = household.rows(household.engine()).await.remove(0);
    assert_eq!(settled.etk.0, 50);
    let told = household.told(NoticeKind::SettlementDiffers).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let reason = settled.reason.expect("an alarm");
    assert!(told[0].detail.ends_with(&reason), "{told:?}");
    assert!(reason.contains("not 500.00 ETK"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_larger_minimum_of_the_contract_counts_at_once() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(150 * WH, 0).await;
    let input = setMinSettlementThresholdCall {
        newThresholdWh: U256::from(200),
    };
    household.operate(input.abi_encode()).await;
    let known = async || household.engine().settling_view().contract_minimum == Some(WattHours(200));
    until("the minimum to be known", known).await;
    let estimate = household
        .engine()
        .estimate(&household.id)
        .await
        .expect("an estimate");
    assert_eq!(estimate.minimum, WattHours(200));
    let refused = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("too little");
    assert_eq!(refused.code, Code::NothingToSettle);
    household.flow(50 * WH, 0).await;
    household.settle_through().await;
    household.check(household.engine(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_energy_burns_exactly_what_it_costs() {
    let mut household = Household::open(Setup::default()).await;
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    household.flow(0, 200 * WH).await;
    let burned = household.settle_through().await;
    assert_eq!((burned.energy_wh.0, burned.etk.0), (-200, -20_000));
    let sums = household
        .engine()
        .token_sums(household.owner())
        .await
        .expect("read");
    assert_eq!(
        (sums.etk_minted.0, sums.etk_burned.0, sums.etk_balance.0),
        (50_000, 20_000, 30_000)
    );
    household.check(household.engine(), 2).await;
    assert_eq!(household.watermark().await, household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_cannot_be_paid_is_owed_without_a_storm() {
    let mut household = Household::open(Setup {
        period: Some(10),
        ..Setup::default()
    })
    .await;
    household.flow(0, 800 * WH).await;
    let queued = household.outbox(household.engine()).await.len();
    let refused = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("nothing to burn");
    assert_eq!(refused.code, Code::InsufficientBalance);
    // Four ends of a period.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        household.outbox(household.engine()).await.len(),
        queued,
        "nothing is queued"
    );
    assert!(household.rows(household.engine()).await.is_empty());
    household.check(household.engine(), 0).await;
    let audit = household.engine().audit(&household.id).await.expect("added up");
    assert_eq!(audit.carried.0 / WH as i64, -800, "owed and carried");
    household.flow(2_000 * WH, 0).await;
    household.check(household.engine(), 1).await;
    assert_eq!(household.watermark().await, household.floor());
    let settled = household.rows(household.engine()).await.remove(0);
    assert_eq!(settled.energy_wh.0, 1_200, "the import was paid by the export");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bucket_does_not_allow_now_is_settled_later() {
    let mut household = Household::open(Setup {
        rated_power_w: 1_000,
        ..Setup::default()
    })
    .await;
    for _ in 0..3 {
        household.flow(900 * WH + 10, 0).await;
    }
    let first = household.settle_as_estimated().await;
    assert!(
        (1_000..1_100).contains(&first.energy_wh.0),
        "an hour of rated power: {:?}",
        first.energy_wh
    );
    let full = household
        .engine()
        .settle_now(household.id.clone())
        .await
        .expect_err("the bucket is full");
    assert_eq!(full.code, Code::NothingToSettle);
    until("the full bucket to be known", async || {
        let estimate = household.estimate().await;
        estimate.obstacle == Some(full.code) && estimate.pending.0 == 0
    })
    .await;
    // So much has no room for half an hour, however slow this machine is.
    household.choose_to(true, 500).await;
    assert_eq!(household.estimate().await.readiness, Readiness::BucketFull);
    household.choose_to(false, 100).await;
    let mut settled = 1;
    while household.watermark().await != household.floor() {
        let head = household.chain.head().await.expect("a head");
        household
            .node
            .set_next_timestamp(head.timestamp + 3600)
            .await
            .expect("later");
        household.node.mine(1).await.expect("a block");
        let row = household.settle_as_estimated().await;
        assert_eq!(row.status, Status::Success);
        settled += 1;
    }
    assert_eq!(settled, 3, "1000, 1000 and the rest");
    household.check(household.engine(), settled).await;
}
