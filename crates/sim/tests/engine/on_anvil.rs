//! The same engine on anvil: fees, replacements, drops and reorganisations as another node does them.

use std::sync::{Arc, Mutex};

use alloy::primitives::{Bytes, keccak256};
use enerlink_domain::{
    Address, Idrs, NoticeKind, Status, Transaction, TxStage, Wei,
    token::{Asset, ConversionFilter, MovementFilter, MovementKind, Ramp},
    view::NetworkDraft,
};
use enerlink_engine::Account;
use enerlink_sim::proxy::{Proxy, Trouble, Way};
use serde_json::{Value, json};

use crate::{
    anvil::{Anvil, FIRST, start_anvil},
    support::{Household, Setup, WH, until},
};

/// Coins for a long time.
const PLENTY: u128 = 1_000_000_000_000_000_000;

struct House {
    household: Household,
    _anvil: Anvil,
}

impl House {
    /// An open household on a fresh anvil, with the fees that it asks for of its own accord.
    async fn found() -> Self {
        let anvil = start_anvil("--hardfork cancun");
        let operator = Account::from_bytes(&FIRST.0).expect("a key");
        let household = Household::found_elsewhere(Setup::DEFAULT, &anvil.url, operator).await;
        household.fund(household.owner(), PLENTY).await;
        household.greet(household.engine()).await;
        household.opened().await;
        Self {
            household,
            _anvil: anvil,
        }
    }

    async fn control(&self, method: &str, params: Value) {
        let done = self.household.chain.rpc(method, params).await;
        done.expect("anvil obeys");
    }

    async fn mine(&self, blocks: u64) {
        self.control("anvil_mine", json!([format!("{blocks:#x}")])).await;
    }

    /// A settlement that waits in the pool.
    async fn waiting(&mut self) -> Transaction {
        self.household.flow(500 * WH, 0).await;
        self.control("evm_setAutomine", json!([false])).await;
        self.household.settle().await;
        self.household.staged(TxStage::Sent).await
    }
}

/// What a proxy before a node has seen of sendings.
#[derive(Default)]
struct Sendings {
    /// Whether the next answer is cut.
    armed: bool,
    /// Hashes of the bytes that were sent.
    sent: Vec<String>,
    /// The hashes in the answers that were cut.
    cut: Vec<String>,
}

impl Sendings {
    fn pass(&mut self, way: Way, bytes: &[u8]) -> Trouble {
        let text = String::from_utf8_lossy(bytes);
        match way {
            Way::There => self.sent.extend(sent(&text)),
            // No other answer is a hash and nothing else.
            Way::Back => {
                let answer = |hash: &&String| text.contains(&format!(r#""result":"{hash}""#));
                let found = self.sent.iter().find(answer).filter(|_| self.armed);
                if let Some(hash) = found.cloned() {
                    self.armed = false;
                    self.cut.push(hash);
                    return Trouble::Cut;
                }
            }
        }
        Trouble::None
    }
}

/// The hash of the transaction that a question hands over.
fn sent(question: &str) -> Option<String> {
    let question: Value = serde_json::from_str(&question[question.find('{')?..]).ok()?;
    let bytes: Bytes = question["params"][0].as_str()?.parse().ok()?;
    (question["method"] == "eth_sendRawTransaction").then(|| keccak256(bytes).to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_anvil_that_a_proxy_cuts_is_asked_for_with_the_same_bytes() {
    let mut house = House::found().await;
    let proxy = Proxy::before(house.household.chain.rpc_url()).expect("loopback");
    let sendings = Arc::new(Mutex::new(Sendings::default()));
    let shared = Arc::clone(&sendings);
    proxy.trouble(move |way, bytes| shared.lock().expect("unharmed").pass(way, bytes));
    let draft = NetworkDraft {
        rpc_url: format!("http://127.0.0.1:{}", proxy.port()),
        fallback_url: None,
        addresses: house.household.addresses.to_json(),
    };
    let connected = house.household.engine().set_network(draft).await;
    connected.expect("the same chain");
    // The first lies in a block when its answer is lost, the second in the pool.
    for (number, automine) in [(1, true), (2, false)] {
        house.household.flow(500 * WH, 0).await;
        house.control("evm_setAutomine", json!([automine])).await;
        sendings.lock().expect("unharmed").armed = true;
        let queued = house.household.settle().await;
        if !automine {
            house.household.staged(TxStage::Sent).await;
            house.mine(1).await;
        }
        let engine = house.household.engine();
        let settled = house
            .household
            .concluded(engine, &queued.settlement_id, Status::Success)
            .await;
        let confirmed = house.household.settlement_transaction().await.expect("sent");
        assert_eq!((confirmed.versions, confirmed.hash), (1, settled.tx));
        let hash = settled.tx.expect("sent").to_string();
        let seen = std::mem::take(&mut *sendings.lock().expect("unharmed"));
        assert_eq!(seen.cut, [hash.as_str()], "its answer was cut");
        assert!(seen.sent.iter().all(|sent| *sent == hash), "{:?}", seen.sent);
        let nonce = house.household.chain.pending_nonce(house.household.owner()).await;
        assert_eq!(nonce.expect("read"), number + 1, "openMeter and settlements");
        house.household.check(engine, number as usize).await;
    }
    let rows = house.household.outbox(house.household.engine()).await;
    let as_simulated: Vec<_> = rows.iter().map(|row| row.as_simulated).collect();
    assert_eq!(as_simulated, [Some(true); 3], "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anvil_takes_a_higher_fee_bytes_it_had_lost_and_a_cancellation() {
    let mut house = House::found().await;
    let sent = house.waiting().await;
    let raised = house.household.engine().speed_up(sent.id).await.expect("raised");
    assert!(raised.max_fee > sent.max_fee && raised.nonce == sent.nonce);
    let owner = house.household.owner().to_lower();
    house
        .control("anvil_removePoolTransactions", json!([owner]))
        .await;
    until("the bytes to be sent again", async || {
        let known = house
            .household
            .chain
            .transaction_known(raised.hash.expect("signed"));
        known.await.expect("an answer")
    })
    .await;
    house.mine(1).await;
    let confirmed = house.household.at(sent.id, TxStage::Confirmed).await;
    assert_eq!(
        (confirmed.hash, confirmed.as_simulated),
        (raised.hash, Some(true))
    );
    house.household.check(house.household.engine(), 1).await;

    let sent = house.waiting().await;
    let cancelled = house.household.engine().cancel_transaction(sent.id).await;
    assert!(cancelled.expect("signed").cancelling);
    house.mine(1).await;
    house.household.at(sent.id, TxStage::Replaced).await;
    house.control("evm_setAutomine", json!([true])).await;
    house.household.check(house.household.engine(), 1).await;
    house.household.settle_through().await;
    house.household.check(house.household.engine(), 2).await;
    assert_eq!(house.household.watermark().await, house.household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anvil_undoes_confirmed_settlements_and_each_comes_forward_once() {
    let mut house = House::found().await;
    for (number, depth) in [(1, 1), (2, 2), (3, 5)] {
        house.household.flow(500 * WH, 0).await;
        let settled = house.household.settle_through().await;
        house.mine(depth - 1).await;
        // Otherwise the next question finds it in a block again.
        house.control("evm_setAutomine", json!([false])).await;
        house.control("anvil_reorg", json!([depth, []])).await;
        let engine = house.household.engine();
        house
            .household
            .concluded(engine, &settled.settlement_id, Status::Pending)
            .await;
        house.control("evm_setAutomine", json!([true])).await;
        house.mine(2).await;
        let again = house
            .household
            .concluded(engine, &settled.settlement_id, Status::Success)
            .await;
        assert_eq!((again.tx, again.etk), (settled.tx, settled.etk));
        house.household.check(engine, number).await;
        let told = house.household.told(NoticeKind::SettlementUndone).await;
        assert_eq!(told.len(), number);
    }
    assert_eq!(house.household.watermark().await, house.household.floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anvil_exchanges_sends_and_ends_allowances_over_a_reorganisation() {
    let house = House::found().await;
    let (household, other) = (&house.household, Address([0x5a; 20]));
    let exchanged = household.exchange(Ramp::On, "100").await;
    // Otherwise the next question finds it in a block again.
    house.control("evm_setAutomine", json!([false])).await;
    house.control("anvil_reorg", json!([1, []])).await;
    let status = async || {
        household
            .engine()
            .conversions(&ConversionFilter::default(), 1, None)
            .await
            .expect("readable")
            .rows[0]
            .status
    };
    until("the exchange to wait again", async || {
        status().await == Status::Pending
    })
    .await;
    house.control("evm_setAutomine", json!([true])).await;
    until("the exchange to succeed again", async || {
        house.mine(1).await;
        status().await == Status::Success
    })
    .await;
    let again = household.at(exchanged.id, TxStage::Confirmed).await;
    assert_eq!((again.hash, again.as_simulated), (exchanged.hash, Some(true)));
    for (asset, amount) in [(Asset::Idrs, "99.99"), (Asset::Coin, "0.000000000000000007")] {
        let queued = household
            .engine()
            .send(household.draft_to(other, asset, amount))
            .await;
        let sent = household.at(queued.expect("queued").id, TxStage::Confirmed).await;
        assert_eq!(sent.as_simulated, Some(true));
    }
    let held = household
        .chain
        .balances(&household.addresses, other)
        .await
        .expect("read");
    assert_eq!((held.idrs, held.native), (Idrs(9_999), Wei(7)));
    let filter = MovementFilter::default();
    until("both movements", async || {
        let page = household.engine().movements(&filter, 9, None).await;
        let kinds: Vec<_> = page.expect("readable").rows.iter().map(|row| row.kind).collect();
        kinds == [MovementKind::Sent, MovementKind::Minted]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anvil_gets_more_for_gas_by_itself_once_its_base_fee_has_risen_above_the_offer() {
    let mut house = House::found().await;
    let sent = house.waiting().await;
    let above = sent.max_fee.expect("signed").0 + 1;
    house
        .control("anvil_setNextBlockBaseFeePerGas", json!([format!("{above:#x}")]))
        .await;
    house.mine(1).await;
    until("a higher fee", async || {
        let row = house
            .household
            .engine()
            .transaction(sent.id)
            .await
            .expect("the row");
        row.versions == 2 && row.stage == TxStage::Sent
    })
    .await;
    house.mine(1).await;
    let confirmed = house.household.at(sent.id, TxStage::Confirmed).await;
    assert_eq!(
        (confirmed.nonce, confirmed.as_simulated),
        (sent.nonce, Some(true))
    );
    assert!(confirmed.max_fee.expect("signed").0 > above, "{confirmed:?}");
    house.household.check(house.household.engine(), 1).await;
}
