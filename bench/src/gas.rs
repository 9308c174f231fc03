//! `gas`: what trading and settling cost on the chain.
//!
//! Workload: whole transactions in the steady state of `docs/gas.md`, signed and sent to a real anvil (cancun); they must
//! agree with the committed snapshots, which forge has measured without a node. Peer: @samwitch/erc1155-orderbook, an order
//! book with four orders to a slot as ours, on the same node.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use enerlink_chain::{Addresses, Call, Chain, build};
use enerlink_domain::{
    Address, Etk, Permit, UnixMillis, Wei,
    id::{hex, keccak256},
    market::{Lots, NewOrder, OrderFlags, OrderId, Price, Side as Way},
    settlement::{Watermark, settlement_id},
    token::Amount,
};
use enerlink_engine::{Account, KdfParams, Keystore, Password, operator::DirectAccount};
use enerlink_keystore::{Import, Moment, PermitTerms};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    node::{self, CHAIN_ID, Line, Node},
    peers::{Peer, scratch},
    report::{Figure, Goal, Side},
};

const PRICE: u16 = 1_500;
/// Base units of a token that a trader has, and may spend on the market.
const PURSE: u128 = 10_000_000;
/// Enough for gas, whatever the node asks for it.
const COINS: Wei = Wei(1_000_000_000_000_000_000);
/// What one meter may settle at once: an hour of the largest one, less some minutes.
const BASIN_WH: u64 = 9_000_000;
const BASIN_W: u32 = 10_000_000;
const PASSWORD: &str = "kopi tubruk di teras, hujan sore 1998";
/// How far a figure may be from the committed one.
const DRIFT: f64 = 0.01;

const BOOK: &str = "@samwitch/erc1155-orderbook 1.1.3 behind its ERC-1967 proxy, without fees and royalties: makers are not paid, \
                    each claims later (55 k, which no figure holds); no bound for fills, no permit, no orders that must not rest or \
                    must not trade, and cancelling shifts all orders behind";
const WORST: &str = "the same: sixteen orders at sixteen prices are met and a remainder rests, nobody is paid; without bound it meets \
                     up to 500";
const FORGE: &str = "forge's measure of the same transaction, since no order book settles meters";

/// The figure, its goal, and the snapshot that it must agree with.
const FIGURES: [(&str, f64, Option<&str>); 9] = [
    ("place_existing", 62_000.0, Some("place, existing level, bid")),
    ("place_new", 102_000.0, Some("place, new level, bid")),
    ("take_1", 92_000.0, Some("take 1 maker, bid")),
    ("take_10", 220_000.0, Some("take 10 makers, bid")),
    ("further_maker", 14_600.0, None),
    ("cancel", 54_000.0, Some("cancel, bid")),
    ("cancel_last", 68_000.0, Some("cancel, last of a level, bid")),
    ("settle_mint", 70_000.0, Some("settleMeter, mint, known holder")),
    ("worst_call", 1_000_000.0, Some("worst call: 16 fills, all new")),
];

pub(crate) fn run() -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    let node = || runtime.block_on(Node::deployed(&["--hardfork", "cancun"]));
    let ours = runtime.block_on(product(&node()?))?;
    let theirs = Peer::start("gas.mjs", &[&node()?.url()])?.answer()?;
    let committed = snapshots()?;
    let mut figures = Vec::new();
    for (name, most, snapshot) in FIGURES {
        let gas = ours[name].as_f64().context(name)?;
        if let Some(snapshot) = snapshot {
            let known: f64 = committed[snapshot].as_str().context(snapshot)?.parse()?;
            let drift = (gas - known).abs() / known;
            ensure!(drift <= DRIFT, "{name} costs {gas}, the snapshot says {known}");
        }
        let (peer, other) = match (name, theirs[name].as_f64()) {
            ("worst_call", Some(other)) => (WORST, other),
            (_, Some(other)) => (BOOK, other),
            (_, None) => {
                let known = committed[snapshot.context(name)?].as_str().context(name)?;
                (FORGE, known.parse()?)
            }
        };
        let sides = [gas, other].map(Side::steady);
        figures.push(Figure::new(Goal::AtMost(most), "gas", name, "gas", peer, sides));
    }
    Ok(figures)
}

/// What is committed, all groups in one.
fn snapshots() -> Result<Value> {
    let mut all = json!({});
    for group in ["market", "settlement"] {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/snapshots");
        let file = std::fs::read(Path::new(directory).join(group).with_extension("json"))?;
        let rows: serde_json::Map<String, Value> = serde_json::from_slice(&file)?;
        all.as_object_mut().context("an object")?.extend(rows);
    }
    Ok(all)
}

async fn product(node: &Node) -> Result<Value> {
    let street = Street::open(node).await?;
    let mut figures = json!({ "settle_mint": settle_mint(node).await? });
    let [alice, bob, carol] = [
        street.named("alice").await?,
        street.named("bob").await?,
        street.named("carol").await?,
    ];
    let before = street.mark()?;
    figures["worst_call"] = street.worst_call(&alice).await?.into();
    street.back(&before)?;
    street.use_everything([&alice, &bob, &carol]).await?;

    let before = street.mark()?;
    street.bid(&alice, PRICE, 10).await?;
    figures["place_existing"] = street.bid(&bob, PRICE, 10).await?.0.into();
    street.back(&before)?;

    let before = street.mark()?;
    figures["place_new"] = street.bid(&bob, PRICE - 1, 10).await?.0.into();
    street.back(&before)?;

    let before = street.mark()?;
    street.ask(&alice, PRICE + 1, 10).await?;
    figures["take_1"] = street.bid(&bob, PRICE + 1, 5).await?.0.into();
    street.back(&before)?;

    let before = street.mark()?;
    for number in 0..12 {
        let neighbour = street.named(&format!("neighbour {number}")).await?;
        street.ask(&neighbour, PRICE + 1, 1).await?;
    }
    let (one, _) = street.bid(&bob, PRICE + 1, 1).await?;
    let (ten, _) = street.bid(&bob, PRICE + 1, 10).await?;
    figures["take_10"] = ten.into();
    figures["further_maker"] = ((ten - one) as f64 / 9.0).into();
    street.back(&before)?;

    let before = street.mark()?;
    street.bid(&alice, PRICE, 10).await?;
    let (_, order) = street.bid(&bob, PRICE, 10).await?;
    street.bid(&carol, PRICE, 10).await?;
    figures["cancel"] = street.cancel(&bob, order).await?.into();
    street.back(&before)?;

    let (_, order) = street.bid(&bob, PRICE, 10).await?;
    figures["cancel_last"] = street.cancel(&bob, order).await?.into();
    Ok(figures)
}

/// The settlement that the snapshot measures: of a meter that has settled before, for somebody who has ETK.
async fn settle_mint(node: &Node) -> Result<u64> {
    let operator = node.direct(node::account(0)?).await?;
    let owner = node.direct(node::account(1)?).await?;
    let meter = "PLTS-3174-0001".parse().ok().context("an id")?;
    let at = |export, import| Watermark {
        export: enerlink_domain::WattHours(export),
        import: enerlink_domain::WattHours(import),
    };
    let settle = |to: Watermark| {
        let id = settlement_id(&meter, to);
        owner.send(build::settle_meter(&node.addresses, &meter, to, &id))
    };
    operator
        .register(&node.addresses, &meter, owner.address(), node::RATED_POWER_W)
        .await?;
    let opened = at(15_000_000, 2_500_000);
    owner
        .send(build::open_meter(&node.addresses, &meter, opened))
        .await?;
    settle(at(15_001_000, 2_500_000)).await?;
    settle(at(15_001_000, 2_500_100)).await?;
    Ok(settle(at(15_002_000, 2_500_200)).await?.gas_used)
}

/// A market with traders, and somebody who has tokens for them.
struct Street<'a> {
    node: &'a Node,
    market: Address,
    operator: DirectAccount,
}

impl<'a> Street<'a> {
    async fn open(node: &'a Node) -> Result<Self> {
        let addresses = &node.addresses;
        let operator = node.direct(node::account(0)?).await?;
        let basin = "BASIN-1".parse().ok().context("an id")?;
        let full = Watermark {
            export: enerlink_domain::WattHours(BASIN_WH),
            ..Watermark::default()
        };
        operator
            .register(addresses, &basin, operator.address(), BASIN_W)
            .await?;
        for call in [
            build::open_meter(addresses, &basin, Watermark::default()),
            build::settle_meter(addresses, &basin, full, &settlement_id(&basin, full)),
        ] {
            operator.send(call).await?;
        }
        Ok(Self {
            node,
            market: addresses.market()?,
            operator,
        })
    }

    fn addresses(&self) -> &Addresses {
        &self.node.addresses
    }

    /// What the chain is now.
    fn mark(&self) -> Result<Value> {
        Line::to(self.node.port)?.ask("evm_snapshot", json!([]))
    }

    /// Makes the chain what it was.
    fn back(&self, to: &Value) -> Result<()> {
        let done = Line::to(self.node.port)?.ask("evm_revert", json!([to]))?;
        ensure!(done == json!(true), "the node goes back");
        Ok(())
    }

    /// A trader with both tokens and finite allowances.
    async fn named(&self, name: &str) -> Result<DirectAccount> {
        let trader = self.seller(name, PURSE).await?;
        for call in [
            build::on_ramp(self.addresses().idrs, PURSE),
            build::approve(self.addresses().idrs, self.market, PURSE),
        ] {
            trader.send(call).await?;
        }
        Ok(trader)
    }

    /// Somebody who can pay for gas.
    async fn newcomer(&self, name: &str) -> Result<DirectAccount> {
        let account = self.node.direct(Account::from_bytes(&key(name))?).await?;
        self.operator.fund(account.address(), COINS).await?;
        Ok(account)
    }

    /// A trader who has so much ETK, and no IDRS.
    async fn seller(&self, name: &str, etk: u128) -> Result<DirectAccount> {
        let trader = self.newcomer(name).await?;
        let amount = Amount::Etk(Etk(i128::try_from(etk)?));
        let gift = build::send(self.addresses(), trader.address(), amount);
        self.operator.send(gift).await?;
        let allowance = build::approve(self.addresses().etk, self.market, etk);
        trader.send(allowance).await?;
        Ok(trader)
    }

    /// A market that nobody has used has neither escrow nor traders; and the prices that are measured have been used.
    async fn use_everything(&self, traders: [&DirectAccount; 3]) -> Result<()> {
        let [alice, bob, _] = traders;
        for trader in traders {
            self.bid(trader, 1_000, 100).await?;
            self.ask(trader, 60_000, 100).await?;
        }
        for _ in 0..5 {
            self.bid(alice, PRICE, 1).await?;
            self.ask(alice, PRICE + 1, 1).await?;
        }
        self.ask(bob, PRICE, 5).await?;
        self.bid(bob, PRICE + 1, 5).await?;
        // The words of both sides stay in use.
        self.bid(alice, PRICE - 20, 1).await?;
        self.ask(alice, PRICE + 20, 1).await?;
        Ok(())
    }

    /// Gas of an order, and its id if it rests.
    async fn bid(&self, trader: &DirectAccount, price: u16, lots: u32) -> Result<(u64, Option<OrderId>)> {
        self.place(trader, self.order(trader, Way::Bid, price, lots)?)
            .await
    }

    async fn ask(&self, trader: &DirectAccount, price: u16, lots: u32) -> Result<(u64, Option<OrderId>)> {
        self.place(trader, self.order(trader, Way::Ask, price, lots)?)
            .await
    }

    fn order(&self, trader: &DirectAccount, side: Way, price: u16, lots: u32) -> Result<NewOrder> {
        Ok(NewOrder {
            trader: trader.address(),
            side,
            price: Price::new(price).context("a price")?,
            lots: Lots(lots),
            flags: OrderFlags::GoodTillCancelled,
            max_fills: 16,
        })
    }

    async fn place(&self, trader: &DirectAccount, order: NewOrder) -> Result<(u64, Option<OrderId>)> {
        self.send(trader, build::place_order(self.market, &order, None))
            .await
    }

    async fn send(&self, trader: &DirectAccount, call: Call) -> Result<(u64, Option<OrderId>)> {
        let receipt = trader.send(call).await?;
        let placed = receipt.placed(self.addresses(), trader.address())?;
        Ok((receipt.gas_used, placed.order))
    }

    async fn cancel(&self, trader: &DirectAccount, order: Option<OrderId>) -> Result<u64> {
        let order = order.context("the order rests")?;
        let receipt = trader.send(build::cancel_orders(self.market, &[order])).await?;
        Ok(receipt.gas_used)
    }

    /// Sixteen makers who never had IDRS, each alone at a price in a bitmap word of its own, behind seven cancelled lanes;
    /// then the rest rests, first of its trader, at a price and in a word that nobody has used. With a permit.
    async fn worst_call(&self, alice: &DirectAccount) -> Result<u64> {
        let mut dead = Vec::new();
        for _ in 0..16 {
            dead.push(self.ask(alice, 256, 1).await?.1);
        }
        for number in 0..16 {
            let seller = self.seller(&format!("seller {number}"), 1_000).await?;
            self.ask(&seller, 256 * (number + 1), 1).await?;
        }
        for order in dead.into_iter().rev() {
            self.cancel(alice, order).await?;
        }
        let dan = self.newcomer("dan").await?;
        dan.send(build::on_ramp(self.addresses().idrs, PURSE)).await?;
        let permit = self.permit(dan.address()).await?;
        let order = self.order(&dan, Way::Bid, 60_000, 20)?;
        let call = build::place_order(self.market, &order, Some((&permit.0, &permit.1)));
        let (gas, rests) = self.send(&dan, call).await?;
        ensure!(rests.is_some(), "what is left of it rests");
        Ok(gas)
    }

    /// A permit of Dan's for all that he has.
    async fn permit(&self, dan: Address) -> Result<(Permit, [u8; 65])> {
        let directory = tempfile::tempdir_in(scratch()?)?;
        let keystore = Keystore::open_with(directory.path(), KdfParams::FLOOR)?;
        let moment = Moment {
            wall: UnixMillis(0),
            monotonic: std::time::Duration::ZERO,
        };
        let password = Password::from(PASSWORD.to_owned());
        let import = Import::PrivateKey(hex(&key("dan")).into());
        keystore.import("Dan", &password, &import, &[], moment)?;
        keystore.unlock(&password, moment)?;
        let chain = Chain::new(&self.node.url())?;
        let token = self.addresses().idrs;
        let permit = Permit {
            token,
            token_name: chain.token_name(token).await?,
            chain_id: CHAIN_ID,
            owner: dan,
            spender: self.market,
            value: PURSE,
            nonce: chain.permit_nonce(token, dan).await?,
            deadline: chain.head().await?.timestamp + 600,
        };
        let terms = PermitTerms {
            chain_id: CHAIN_ID,
            token,
            nonce: permit.nonce,
            now: chain.head().await?.timestamp,
            unlimited_confirmed: false,
        };
        let signature = keystore.sign_permit(&permit, &terms)?;
        Ok((permit, signature))
    }
}

/// A key that everybody can find out.
fn key(name: &str) -> [u8; 32] {
    keccak256(name.as_bytes())
}
