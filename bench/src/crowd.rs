//! A market in which two traders have done a great deal. Each is a contract, so that it can place many orders in one
//! transaction; to the market it is a trader like any other.

use anyhow::{Context as _, Result, ensure};
use enerlink_chain::{Addresses, Call, build};
use enerlink_domain::{
    Address, MeterId, WattHours, Wei,
    market::{Lots, NewOrder, OrderFlags, Price, Side},
    settlement::{Watermark, settlement_id},
};
use serde_json::json;

use crate::node::{self, Line, Node};

/// Orders of each side that rest at prices which are not reached.
const STANDING: u16 = 1_000;
/// Prices of each side at which they rest.
const STANDING_PRICES: u16 = 200;
/// Orders that come to rest in a round, the last of them the taker's own.
const MAKERS: u16 = 10;
/// Trades of a round: one order is met twice.
const TRADES: usize = 10;
/// What a round tells, which is a block: orders, trades, and the taker's own order, which it cancels by meeting it.
pub(crate) const ROUND: usize = MAKERS as usize + TRADES + 1;
/// What each trader settles at once: an hour of the largest meter that may be registered, less some minutes.
const ENERGY: Watermark = Watermark {
    export: WattHours(9_000_000),
    import: WattHours(0),
};
const RATED_POWER_W: u32 = 10_000_000;
/// IDRS that each has, in base units.
const SAVINGS: u128 = 1 << 60;
/// Gas of [`AT_ONCE`] new orders, with room.
const STANDING_GAS: u64 = 15_000_000;
/// Gas of a transaction of a round, with room.
const ROUND_GAS: u64 = 2_000_000;
/// Orders in one transaction, and blocks that are asked for at once.
const AT_ONCE: usize = 50;

/// Creates a contract that does what its input lists: a callee (20 bytes), a length (2 bytes), as many bytes of input, and so on.
/// A call that fails ends it with the same reason.
///
/// ```text
/// 00  PUSH0                            the place in the input
/// 01  JUMPDEST DUP1 CALLDATALOAD       loop
/// 04  DUP1 PUSH1 96 SHR                the callee
/// 08  SWAP1 PUSH1 80 SHR PUSH2 ffff AND  the length
/// 10  SWAP2 PUSH1 22 ADD               where its input begins
/// 14  DUP3 DUP2 PUSH0 CALLDATACOPY
/// 18  SWAP1 PUSH0 PUSH0 DUP5 PUSH0 PUSH0 DUP6 GAS CALL
/// 21  PUSH1 2b JUMPI RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY RETURNDATASIZE PUSH0 REVERT
/// 2b  JUMPDEST POP ADD DUP1 CALLDATASIZE GT PUSH1 01 JUMPI STOP
/// ```
const TRADER: &str = "60358060095f395ff3\
                      5f5b80358060601c9060501c61ffff16916016018281\
                      5f37905f5f845f5f855af1602b573d5f5f3e3d5ffd5b500180361160015700";

/// Two traders, and what they have told the chain.
pub(crate) struct Crowd {
    market: Address,
    traders: [Address; 2],
    rounds: usize,
}

impl Crowd {
    /// Gives two traders tokens and allowances, and fills the book with orders that stay.
    pub(crate) async fn gather(node: &Node) -> Result<Self> {
        let addresses = &node.addresses;
        let operator = node.direct(node::account(0)?).await?;
        let mut traders = [Address::ZERO; 2];
        for (number, trader) in traders.iter_mut().enumerate() {
            let creation = Call {
                to: None,
                value: Wei::ZERO,
                input: enerlink_domain::id::unhex(TRADER).context("hexadecimal")?,
            };
            *trader = operator.send(creation).await?.contract.context("a contract")?;
            let meter: MeterId = format!("CROWD-{number}").parse().ok().context("an id")?;
            operator
                .register(addresses, &meter, *trader, RATED_POWER_W)
                .await?;
            operator.send(of(*trader, &settle(addresses, &meter))).await?;
        }
        let crowd = Self {
            market: addresses.market()?,
            traders,
            rounds: 0,
        };
        let mut standing = Vec::new();
        for place in 0..STANDING {
            let step = place % STANDING_PRICES;
            let [one, other] = crowd.traders;
            standing.push(crowd.order(one, Side::Ask, 2_001 + step, 1, OrderFlags::GoodTillCancelled)?);
            standing.push(crowd.order(other, Side::Bid, 999 - step, 1, OrderFlags::GoodTillCancelled)?);
        }
        let blocks = standing
            .chunks(2 * AT_ONCE)
            .map(|orders| {
                let of_trader = |which: usize| {
                    let own: Vec<Call> = orders.iter().skip(which).step_by(2).cloned().collect();
                    of(crowd.traders[which], &own)
                };
                vec![of_trader(0), of_trader(1)]
            })
            .collect();
        Line::to(node.port)?.ask("evm_setAutomine", json!([false]))?;
        mine(node, blocks, STANDING_GAS)?;
        Ok(crowd)
    }

    /// What the market has told.
    pub(crate) fn events(&self) -> usize {
        2 * usize::from(STANDING) + self.rounds * ROUND
    }

    /// Orders that came to rest, and the two of each round that did not.
    pub(crate) fn orders(&self) -> usize {
        2 * usize::from(STANDING) + self.rounds * (usize::from(MAKERS) + 2)
    }

    /// Trades.
    pub(crate) fn trades(&self) -> usize {
        self.rounds * TRADES
    }

    /// Lets them trade until the market has told at least `events`.
    pub(crate) fn trade(&mut self, node: &Node, events: usize) -> Result<()> {
        while self.events() < events {
            let mut blocks = Vec::new();
            while self.events() < events && blocks.len() < AT_ONCE {
                blocks.push(self.round()?);
            }
            mine(node, blocks, ROUND_GAS)?;
        }
        Ok(())
    }

    /// One lets orders rest at five prices; the other has one among them, and takes them all with two orders. Who sells, and
    /// the price, move on from round to round.
    fn round(&mut self) -> Result<Vec<Call>> {
        let (maker, taker) = (self.rounds % 2, 1 - self.rounds % 2);
        let side = Side::ALL[self.rounds / 2 % 2];
        // Up and down by a triangle, of which no two rounds of a kind meet the same place soon.
        let phase = u16::try_from(self.rounds * 7 % 1_600)?;
        let middle = 1_100 + phase.min(1_600 - phase);
        let price = |step: u16| match side {
            Side::Ask => middle + step,
            Side::Bid => middle - step,
        };
        let [maker_at, taker_at] = [maker, taker].map(|which| self.traders[which]);
        let rests = |trader, step| self.order(trader, side, price(step), 2, OrderFlags::GoodTillCancelled);
        let takes = |lots| {
            self.order(
                taker_at,
                side.opposite(),
                price(9),
                lots,
                OrderFlags::ImmediateOrCancel,
            )
        };
        let makers: Vec<Call> = (1..MAKERS)
            .map(|number| rests(maker_at, 1 + number % 5))
            .collect::<Result<_>>()?;
        let calls = vec![
            of(maker_at, &makers),
            of(taker_at, &[rests(taker_at, 1)?, takes(5)?]),
            of(taker_at, &[takes(u32::from(2 * (MAKERS - 1)) - 5)?]),
        ];
        self.rounds += 1;
        Ok(calls)
    }

    fn order(&self, trader: Address, side: Side, price: u16, lots: u32, flags: OrderFlags) -> Result<Call> {
        let order = NewOrder {
            trader,
            side,
            price: Price::new(price).context("a price")?,
            lots: Lots(lots),
            flags,
            max_fills: 16,
        };
        Ok(build::place_order(self.market, &order, None))
    }
}

/// Sends what each block shall have.
fn mine(node: &Node, blocks: Vec<Vec<Call>>, gas: u64) -> Result<()> {
    let operator = node::account(0)?;
    let mut line = Line::to(node.port)?;
    let mut nonce = line.nonce(operator.address())?;
    let mut signed = Vec::with_capacity(blocks.len());
    for calls in blocks {
        let block = node::sign(&operator, nonce, gas, calls)?;
        nonce += u64::try_from(block.len())?;
        signed.push(block);
    }
    line.mine_all(&signed)?;
    ensure!(line.nonce(operator.address())? == nonce, "a block takes all");
    Ok(())
}

/// What gives a trader ETK, IDRS and allowances.
fn settle(addresses: &Addresses, meter: &MeterId) -> Vec<Call> {
    let market = addresses.market.unwrap_or_default();
    vec![
        build::open_meter(addresses, meter, Watermark::default()),
        build::settle_meter(addresses, meter, ENERGY, &settlement_id(meter, ENERGY)),
        build::on_ramp(addresses.idrs, SAVINGS),
        build::approve(addresses.etk, market, u128::MAX),
        build::approve(addresses.idrs, market, u128::MAX),
    ]
}

/// What makes `trader` do all of `calls`.
fn of(trader: Address, calls: &[Call]) -> Call {
    let mut input = Vec::new();
    for call in calls {
        input.extend(call.to.unwrap_or_default().0);
        let length = u16::try_from(call.input.len()).expect("a call of the market is short");
        input.extend(length.to_be_bytes());
        input.extend(&call.input);
    }
    Call {
        to: Some(trader),
        value: Wei::ZERO,
        input,
    }
}
