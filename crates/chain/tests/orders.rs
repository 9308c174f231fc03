//! The market on a real node: place, trade, cancel; simulation, receipt, events and views tell the same.

#[path = "support/anvil.rs"]
mod anvil;

use std::collections::BTreeSet;

use anvil::{Account, Anvil, Home};
use enerlink_chain::{ChainError, NextPage, Placed, Receipt, build};
use enerlink_domain::{
    BlockHash, Code, Error, Etk, Hash32,
    market::{
        Lots, MarketEvent, MarketLog, NewOrder, OpenOrder, OrderFlags, OrderId, Price, Side, TotalLots,
    },
};
use serde_json::json;

const PLENTY: u128 = 1 << 60;

fn order(side: Side, price: u16, lots: u32) -> NewOrder {
    NewOrder {
        trader: enerlink_domain::Address::ZERO,
        max_fills: 16,
        side,
        price: Price::new(price).expect("not zero"),
        lots: Lots(lots),
        flags: OrderFlags::GoodTillCancelled,
    }
}

fn id(generation: u64, order: &NewOrder, sequence: u64) -> OrderId {
    OrderId::new(generation, order.side, order.price, sequence).expect("in range")
}

/// A market with a buyer who has rupiah and a seller who has energy.
struct Street {
    home: Home,
    buyer: Account,
    seller: Account,
}

impl Street {
    async fn build() -> Self {
        Self::on(Anvil::start(&[])).await
    }

    async fn on(anvil: Anvil) -> Self {
        let home = Home::on(anvil).await;
        let (buyer, seller) = (Account::funded(2), Account::funded(1));
        let (chain, addresses) = (&home.chain, &home.addresses);
        let market = addresses.market.expect("a market");
        buyer
            .run(chain, build::on_ramp(addresses.idrs, 100_000_000))
            .await;
        // Whoever may mint mints: this test is not about the converter.
        let minter = home.operator.address;
        home.operator
            .run(chain, build::set_converter(addresses.etk, minter))
            .await;
        home.operator
            .run(chain, mint(addresses.etk, seller.address, 1_000_000))
            .await;
        for (who, token) in [(&buyer, addresses.idrs), (&seller, addresses.etk)] {
            who.run(chain, build::approve(token, market, PLENTY)).await;
        }
        Self { home, buyer, seller }
    }

    /// Places after simulating; both must say the same.
    async fn place(&self, who: &Account, order: &NewOrder) -> (Placed, Receipt) {
        let (chain, addresses) = (&self.home.chain, &self.home.addresses);
        let call = build::place_order(addresses.market.expect("a market"), order, None);
        let simulated = chain.simulate(who.address, &call).await.expect("a simulation");
        let receipt = who.run(chain, call).await;
        let placed = receipt.placed(addresses, who.address).expect("events");
        assert_eq!(simulated.placed, Some(placed));
        (placed, receipt)
    }

    async fn refused(&self, who: &Account, call: enerlink_chain::Call) -> (String, Code) {
        let error = self
            .home
            .chain
            .simulate(who.address, &call)
            .await
            .expect_err("a refusal");
        let ChainError::Reverted(revert) = &error else {
            panic!("not a revert: {error}");
        };
        (revert.name.clone(), Error::from(error.clone()).code)
    }

    async fn logs(&self, from: u64) -> Vec<MarketLog> {
        let (chain, addresses) = (&self.home.chain, &self.home.addresses);
        let head = chain.head().await.expect("a head").number;
        let (mut logs, mut next) = (Vec::new(), from);
        let after = self.block_before(from).await;
        let mut pages = chain.market_pages(addresses, after, head);
        while let NextPage::Page(page) = pages.next().await.expect("a page") {
            assert_eq!(page.from, next, "pages follow each other");
            assert_eq!(chain.block_hash(page.to).await, Ok(Some(page.hash)));
            next = page.to + 1;
            logs.extend(page.logs);
        }
        assert_eq!(next, head + 1);
        logs
    }

    async fn block_before(&self, from: u64) -> Option<(u64, BlockHash)> {
        let before = from.checked_sub(1)?;
        let hash = self.home.chain.block_hash(before).await.expect("an answer");
        Some((before, hash.expect("a block")))
    }
}

/// `mint` of the energy token, as its converter calls it.
fn mint(token: enerlink_domain::Address, to: enerlink_domain::Address, amount: u64) -> enerlink_chain::Call {
    let selector = &enerlink_domain::id::keccak256(b"mint(address,uint256)")[..4];
    let mut input = selector.to_vec();
    input.extend([0; 12]);
    input.extend(to.0);
    input.extend([0; 24]);
    input.extend(amount.to_be_bytes());
    enerlink_chain::Call {
        to: Some(token),
        value: enerlink_domain::Wei::ZERO,
        input,
    }
}

#[tokio::test]
async fn an_order_is_placed_traded_and_cancelled() {
    let street = Street::build().await;
    let (chain, addresses) = (&street.home.chain, &street.home.addresses);
    let (buyer, seller) = (&street.buyer, &street.seller);
    let market = addresses.market.expect("a market");
    let pair = chain.market_pair(addresses).await.expect("a pair");
    assert_eq!((pair.lot(), pair.ratio()), (Etk(1_000), 100_000));

    let (asked, bid) = (order(Side::Ask, 1_500, 10), order(Side::Bid, 1_400, 7));
    let resting = |order: &NewOrder, traded| Placed {
        order: Some(id(0, order, 0)),
        traded: Lots(traded),
    };
    let (placed, first) = street.place(seller, &asked).await;
    assert_eq!(placed, resting(&asked, 0));
    assert_eq!(street.place(buyer, &bid).await.0, resting(&bid, 0));
    // Four of the ten lots are taken; an order that must not wait leaves nothing behind.
    let at_once = NewOrder {
        flags: OrderFlags::ImmediateOrCancel,
        ..order(Side::Bid, 1_600, 4)
    };
    let taken = Placed {
        order: None,
        traded: Lots(4),
    };
    assert_eq!(street.place(buyer, &at_once).await.0, taken);

    let head = chain.head().await.expect("a head").number;
    let best = chain.best_prices(addresses, head).await;
    assert_eq!(best, Ok((Price::new(1_400), Price::new(1_500))));
    let levels = chain
        .all_levels(addresses, Side::Ask, head)
        .await
        .expect("levels");
    assert_eq!(levels.len(), 1);
    let level = levels[0];
    assert_eq!(
        (level.price.get(), level.head, level.tail, level.lots),
        (1_500, 0, 1, TotalLots(6))
    );
    let open = chain.orders(addresses, &level, head).await.expect("orders");
    let left = OpenOrder {
        id: id(0, &asked, 0),
        trader: seller.address,
        lots: Lots(6),
    };
    assert_eq!(open, [left]);
    let ids = [id(0, &asked, 0), id(0, &bid, 0), id(1, &bid, 0)];
    let left = chain.lots_left(addresses, &ids, head).await;
    assert_eq!(left, Ok(vec![Lots(6), Lots(7), Lots(0)]));
    // What was, can be asked for as well.
    let before = chain.best_prices(addresses, first.block).await;
    assert_eq!(before, Ok((None, Price::new(1_500))));

    let cancelled = seller.run(chain, build::cancel_orders(market, &ids[..1])).await;
    let gone = chain.lots_left(addresses, &ids[..1], cancelled.block).await;
    assert_eq!(gone, Ok(vec![Lots(0)]));
    buyer
        .run(chain, build::cancel_orders(market, &[ids[0], ids[1]]))
        .await;

    let logs = street.logs(0).await;
    let events: Vec<MarketEvent> = logs.iter().map(|log| log.event).collect();
    let placed = |id, who: &Account, lots| MarketEvent::Placed {
        id,
        trader: who.address,
        lots: Lots(lots),
    };
    let expected = [
        placed(ids[0], seller, 10),
        placed(ids[1], buyer, 7),
        MarketEvent::Trade {
            maker_order: ids[0],
            maker: seller.address,
            taker: buyer.address,
            lots: Lots(4),
        },
        MarketEvent::Cancelled {
            id: ids[0],
            lots_left: Lots(6),
        },
        MarketEvent::Cancelled {
            id: ids[1],
            lots_left: Lots(7),
        },
    ];
    assert_eq!(events, expected);
    assert_eq!(
        (logs[0].block, logs[0].block_hash, logs[0].tx),
        (first.block, first.block_hash, first.tx)
    );
    let timed: BTreeSet<i64> = logs.iter().map(|log| log.at.0).collect();
    let made = chain.head().await.expect("a head").timestamp as i64 * 1000;
    assert!(
        timed.iter().all(|at| (made - 600_000..=made).contains(at)),
        "{timed:?} {made}"
    );
    assert_eq!(street.logs(logs[3].block).await, logs[3..]);
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let street = Street::build().await;
    let addresses = &street.home.addresses;
    let (buyer, seller, poor) = (&street.buyer, &street.seller, &street.home.operator);
    let market = addresses.market.expect("a market");
    let asked = order(Side::Ask, 1_500, 10);
    street.place(seller, &asked).await;
    let own = id(0, &asked, 0);
    let place = |order: NewOrder, max_fills| {
        let order = NewOrder { max_fills, ..order };
        build::place_order(market, &order, None)
    };
    let post = NewOrder {
        flags: OrderFlags::PostOnly,
        ..order(Side::Bid, 1_500, 1)
    };
    for (who, call, name, code) in [
        (buyer, place(post, 16), "WouldCross", Code::OrderCrosses),
        (
            buyer,
            place(order(Side::Bid, 1, 0), 16),
            "ZeroLots",
            Code::OrderInvalid,
        ),
        (
            buyer,
            place(order(Side::Bid, 1, 1), 17),
            "MaxFillsOutOfBounds",
            Code::OrderInvalid,
        ),
        (
            buyer,
            place(order(Side::Bid, 1, 1), 0),
            "MaxFillsOutOfBounds",
            Code::OrderInvalid,
        ),
        (
            buyer,
            build::cancel_orders(market, &[own]),
            "NotTrader",
            Code::OrderForeign,
        ),
        (
            seller,
            build::cancel_orders(market, &[id(1, &asked, 0)]),
            "OrderNotOpen",
            Code::OrderClosed,
        ),
        (
            seller,
            build::cancel_orders(market, &[own; 17]),
            "TooManyOrders",
            Code::OrderInvalid,
        ),
        (
            poor,
            place(order(Side::Bid, 1, 1), 16),
            "ERC20InsufficientAllowance",
            Code::AllowanceMissing,
        ),
    ] {
        assert_eq!(street.refused(who, call).await, (name.to_owned(), code));
    }
    // Side, price and flags cannot be wrong in this wallet's types, nor its own tokens: the contract's words are known all
    // the same.
    for (error, code) in [
        ("ZeroPrice()", Code::OrderInvalid),
        ("UnknownSide(uint8)", Code::OrderInvalid),
        ("UnknownFlags(uint8)", Code::OrderInvalid),
        ("BadTokens(address,address)", Code::ContractsMissing),
        ("PaidShort(address)", Code::ContractsMissing),
    ] {
        let mut data = enerlink_domain::id::keccak256(error.as_bytes())[..4].to_vec();
        data.extend([0; 64]);
        let revert = enerlink_chain::Revert::decode(&data);
        assert_eq!(revert.code(), code, "{error}");
        assert!(!revert.message.contains("refuses: "), "{}", revert.message);
    }
}

#[tokio::test]
async fn logs_come_page_by_page_and_a_block_that_goes_away_interrupts() {
    let street = Street::build().await;
    let (chain, addresses) = (&street.home.chain, &street.home.addresses);
    for price in 1..=5 {
        street
            .place(&street.seller, &order(Side::Ask, price * 100, 1))
            .await;
    }
    let logs = street.logs(0).await;
    assert_eq!(logs.len(), 5);
    // Beyond the first page's blocks, so that there are several.
    for _ in 0..3 {
        street.home.anvil.control("anvil_mine", json!(["0x2bc"])).await;
    }
    assert_eq!(street.logs(0).await, logs);
    let head = chain.head().await.expect("a head").number;
    let last = street.block_before(head + 1).await;
    let mut pages = chain.market_pages(addresses, last, head + 1);
    let next = pages.next().await.expect("an answer");
    assert!(matches!(next, NextPage::Interrupted), "there is no such block");
    let mut pages = chain.market_pages(addresses, last, head);
    let next = pages.next().await.expect("an answer");
    assert!(matches!(next, NextPage::End), "nothing is asked for");
    let undone = Some((3, Hash32([7; 32])));
    let mut pages = chain.market_pages(addresses, undone, head);
    let next = pages.next().await.expect("an answer");
    assert!(matches!(next, NextPage::Interrupted), "they follow another block");
}
