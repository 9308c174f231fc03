//! A street: a node in the process, the contracts on it, and a wallet with three accounts that have both tokens.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use alloy::primitives::{Address as AlloyAddress, U256};
use enerlink_chain::{Addresses, Call, Chain, build};
use enerlink_domain::{
    Address, Clock, Error, Status, Transaction, UnixMillis, Wei,
    id::keccak256,
    market::{Lots, MAX_FILLS, NewOrder, OpenOrder, OrderFlags, OrderId, Price, Side, Ticket, TicketKind},
    view::{MarketPhase, MarketQuery, NetworkDraft, Order, OrderFilter},
};
use enerlink_engine::{
    Account, Config, Engine, KdfParams, Keystore, Parts, Password, operator::DirectAccount,
};
use enerlink_sim::{
    clock::SimClock,
    node::{Node, NodeConfig},
};
use tempfile::TempDir;

/// 2025-11-02T09:00:00Z.
const MORNING: UnixMillis = UnixMillis(1_762_074_000_000);
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(3);
/// What each account has of both tokens, base units.
pub(crate) const PURSE: u64 = 100_000_000;

pub(crate) struct Street {
    pub(crate) node: Option<Node>,
    pub(crate) chain: Chain,
    pub(crate) addresses: Addresses,
    pub(crate) accounts: Vec<Address>,
    pub(crate) engine: Engine,
    operator: DirectAccount,
    clock: Arc<SimClock>,
    home: TempDir,
}

impl Street {
    pub(crate) async fn build() -> Self {
        let clock = Arc::new(SimClock::new(MORNING, 1));
        let operator = Account::random().expect("an account");
        let time = Arc::clone(&clock);
        let mut config = NodeConfig::new(Arc::new(move || {
            u64::try_from(time.wall().0 / 1000).expect("after 1970")
        }));
        config.accounts = vec![(
            AlloyAddress::from(operator.address().0),
            U256::from(10_u128.pow(20)),
        )];
        let node = Node::start(config).await.expect("a node");
        let url = node.url().to_owned();
        Self::on(Some(node), &url, clock, operator).await
    }

    /// On a node elsewhere, where `operator` has coins.
    pub(crate) async fn on(node: Option<Node>, url: &str, clock: Arc<SimClock>, operator: Account) -> Self {
        let chain = Chain::new(url).expect("an address");
        let operator = DirectAccount::connect(operator, chain.clone())
            .await
            .expect("an operator");
        let addresses = Addresses {
            confirmations: Some(1),
            ..operator.deploy().await.expect("contracts")
        };
        let home = tempfile::tempdir().expect("a directory");
        let engine = start(home.path(), &clock).await;
        let wallet = engine
            .create_wallet("Street".to_owned(), password(), 12, Password::from(String::new()))
            .await
            .expect("a wallet");
        for _ in 1..3 {
            engine
                .add_account(wallet.wallet, password(), None)
                .await
                .expect("an account");
        }
        engine.unlock(password()).await.expect("unlocked");
        connect(&engine, &chain, &addresses).await;
        let accounts: Vec<Address> = engine
            .wallets()
            .into_iter()
            .flat_map(|wallet| wallet.accounts)
            .map(|account| account.address)
            .collect();
        assert_eq!(accounts.len(), 3);
        let mint = build::set_converter(addresses.etk, operator.address());
        operator.send(mint).await.expect("a minter");
        let purse = u128::from(PURSE);
        operator
            .send(build::on_ramp(addresses.idrs, 3 * purse))
            .await
            .expect("rupiah");
        for account in &accounts {
            let words = b"mint(address,uint256)";
            operator
                .send(token_call(addresses.etk, words, *account, PURSE))
                .await
                .expect("energy");
            let words = b"transfer(address,uint256)";
            operator
                .send(token_call(addresses.idrs, words, *account, PURSE))
                .await
                .expect("rupiah");
            operator
                .fund(*account, Wei(10_u128.pow(18)))
                .await
                .expect("coins");
        }
        let street = Self {
            node,
            chain,
            addresses,
            accounts,
            engine,
            operator,
            clock,
            home,
        };
        street.rest().await;
        street
    }

    pub(crate) fn node(&self) -> &Node {
        self.node.as_ref().expect("a node in the process")
    }

    /// Ends the engine and starts another on the same profile; `meanwhile` happens between.
    pub(crate) async fn restart(&mut self, meanwhile: impl AsyncFnOnce(&Self)) {
        self.engine.stop().await;
        meanwhile(self).await;
        // The profile is free when the last handle is gone.
        let empty = tempfile::tempdir().expect("a directory");
        self.engine = start(empty.path(), &self.clock).await;
        let engine = start(self.home.path(), &self.clock).await;
        std::mem::replace(&mut self.engine, engine).stop().await;
        self.engine.unlock(password()).await.expect("unlocked");
    }

    /// Another engine with nothing of its own, that follows the same market.
    pub(crate) async fn neighbour(&self) -> (TempDir, Engine) {
        let home = tempfile::tempdir().expect("a directory");
        let engine = start(home.path(), &self.clock).await;
        connect(&engine, &self.chain, &self.addresses).await;
        (home, engine)
    }

    pub(crate) fn ticket(&self, who: usize, side: Side, kind: TicketKind, price: u16, lots: u32) -> Ticket {
        Ticket {
            account: self.accounts[who],
            side,
            kind,
            price: Price::new(price).expect("not zero"),
            lots: Lots(lots),
        }
    }

    /// Places, and waits until the chain has said what became of it.
    pub(crate) async fn place(&self, ticket: Ticket) -> Result<Transaction, Error> {
        let queued = self.engine.place_order(ticket).await?;
        self.rest().await;
        let done = self.engine.transaction(queued.id).await.expect("the transaction");
        assert_eq!(done.stage.status(), Status::Success, "{done:?}");
        assert_eq!(done.as_simulated, Some(true), "{done:?}");
        Ok(done)
    }

    /// Somebody of whom the engine knows nothing buys at once.
    pub(crate) async fn buy(&self, price: u16, lots: u32) {
        let market = self.addresses.market.expect("a market");
        let order = NewOrder {
            trader: self.operator.address(),
            side: Side::Bid,
            price: Price::new(price).expect("not zero"),
            lots: Lots(lots),
            flags: OrderFlags::ImmediateOrCancel,
            max_fills: MAX_FILLS,
        };
        let most = u128::from(price) * u128::from(lots);
        for call in [
            build::on_ramp(self.addresses.idrs, most),
            build::approve(self.addresses.idrs, market, most),
            build::place_order(market, &order, None),
        ] {
            self.operator.send(call).await.expect("bought");
        }
    }

    /// The order that came with a transaction.
    pub(crate) async fn order(&self, tx: &Transaction) -> Order {
        let page = self.engine.orders(&OrderFilter::default(), 200, None).await;
        let rows = page.expect("orders").rows;
        let found = rows.into_iter().find(|row| Some(row.tx) == tx.hash);
        found.expect("the order of the transaction")
    }

    /// Waits until nothing is on its way and the book is that of the chain's head.
    pub(crate) async fn rest(&self) {
        until("everything to be done", async || {
            let page = self.engine.transactions(200, None).await.expect("transactions");
            let busy = page.rows.iter().any(|row| row.stage.status() == Status::Pending);
            !busy && self.is_current(&self.engine).await
        })
        .await;
    }

    /// Waits until a transaction that a reorganisation has undone waits again.
    pub(crate) async fn pending(&self) {
        until("an undone transaction", async || {
            let page = self.engine.transactions(200, None).await.expect("transactions");
            page.rows.iter().any(|row| row.stage.status() == Status::Pending)
        })
        .await;
    }

    pub(crate) async fn is_current(&self, engine: &Engine) -> bool {
        let head = self.chain.head().await.expect("a head").number;
        let state = engine.market_state();
        assert_eq!(state.alarm, None);
        state.phase == MarketPhase::Live && state.block == Some(head)
    }

    /// What rests, as the contract says itself, in the order in which it is served.
    pub(crate) async fn contract(&self) -> Vec<OpenOrder> {
        let head = self.chain.head().await.expect("a head").number;
        let mut found = Vec::new();
        for side in Side::ALL {
            let levels = self
                .chain
                .all_levels(&self.addresses, side, head)
                .await
                .expect("levels");
            for level in levels {
                found.extend(
                    self.chain
                        .orders(&self.addresses, &level, head)
                        .await
                        .expect("orders"),
                );
            }
        }
        found
    }

    /// What rests, as `engine` has it in memory and in its database; both say the same.
    pub(crate) async fn book(&self, engine: &Engine) -> BTreeMap<OrderId, (Address, Lots)> {
        let query = MarketQuery {
            group: 1,
            rows: 200,
            tape: 10,
        };
        let view = engine.market_view(query).await.expect("the market");
        let own = view
            .own
            .iter()
            .map(|order| (order.id.expect("it rests"), (order.trader, order.left)));
        let own: BTreeMap<_, _> = own.collect();
        let depth = view.depth.expect("a book");
        for (side, rows) in [(Side::Bid, &depth.bids), (Side::Ask, &depth.asks)] {
            for row in rows {
                let here = own
                    .iter()
                    .filter(|(id, _)| (id.side(), id.price()) == (side, row.price));
                let lots: u64 = here.map(|(_, (_, lots))| u64::from(lots.0)).sum();
                assert_eq!((row.lots.0, row.own.0), (lots, lots), "{side} {}", row.price);
            }
        }
        let mut stored = BTreeMap::new();
        let mut before = None;
        loop {
            let page = engine
                .orders(&OrderFilter::default(), 200, before)
                .await
                .expect("orders");
            let open = page.rows.iter().filter(|row| row.left > Lots::ZERO);
            stored.extend(open.map(|row| (row.id.expect("it rests"), (row.trader, row.left))));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(own, stored, "memory and database");
        own
    }

    /// Both tokens of all accounts and of the market.
    pub(crate) async fn money(&self) -> (i128, i128) {
        let market = self.addresses.market.expect("a market");
        let mut sum = (0, 0);
        for account in self.accounts.iter().chain([&market]) {
            let (etk, idrs) = self.purse(*account).await;
            sum = (sum.0 + etk, sum.1 + idrs);
        }
        sum
    }

    /// Both tokens of one.
    pub(crate) async fn purse(&self, who: Address) -> (i128, i128) {
        let balances = self.chain.balances(&self.addresses, who).await;
        let balances = balances.expect("balances");
        (balances.etk.0, balances.idrs.0)
    }
}

async fn connect(engine: &Engine, chain: &Chain, addresses: &Addresses) {
    let draft = NetworkDraft {
        rpc_url: chain.rpc_url().to_owned(),
        fallback_url: None,
        addresses: addresses.to_json(),
    };
    engine.set_network(draft).await.expect("a network");
}

async fn start(home: &Path, clock: &Arc<SimClock>) -> Engine {
    let mut config = Config::new(home.to_owned());
    config.chain_poll = Duration::from_millis(5);
    config.settling.automatic = false;
    let parts = Parts {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        keystore: Keystore::open_with(home, KdfParams::for_tests()).expect("a keystore"),
    };
    Engine::start(config, parts).await.expect("an engine")
}

fn password() -> Password {
    Password::from("correct horse battery staple 42".to_owned())
}

/// A call of a token with an address and an amount.
fn token_call(token: Address, signature: &[u8], to: Address, amount: u64) -> Call {
    let mut input = keccak256(signature)[..4].to_vec();
    input.extend([0; 12]);
    input.extend(to.0);
    input.extend([0; 24]);
    input.extend(amount.to_be_bytes());
    Call {
        to: Some(token),
        value: Wei::ZERO,
        input,
    }
}

/// Waits until `done`.
pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"));
}
