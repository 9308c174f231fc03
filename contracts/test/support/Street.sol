// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarket} from "../../src/interfaces/IMarket.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {Vm} from "./Vm.sol";

/// @title A street that trades at random, beside a plain model of the rules
/// @dev The model is a list of all orders in the order of their arrival, searched from end to end. It never reads the
/// market. After each action answer, events, balances and best prices must be what the model says.
contract Street is MarketFixture {
    enum State {
        Open,
        // Cancelled, and not yet passed over
        Dead,
        Gone
    }

    struct Entry {
        uint256 id;
        address trader;
        uint8 side;
        uint16 price;
        uint32 lots;
        State state;
    }

    struct Expected {
        bytes32 topic;
        uint256 id;
        address party;
        uint32 lots;
    }

    /// @dev An order on its way in.
    struct Draft {
        address trader;
        uint8 side;
        uint16 price;
        uint32 left;
        uint32 filled;
        uint8 flags;
        uint8 maxFills;
        uint256 id;
    }

    uint256 public constant TRADERS = 5;
    uint256 private constant NOBODY = type(uint256).max;

    address[TRADERS] public traders;
    uint256 public placed;
    uint256 public trades;
    uint256 public ownMet;
    uint256 public dropped;
    uint256 public cancelled;
    uint256 public passedOver;
    uint256 public refusals;

    Entry[] private entries;
    Expected[] private expected;
    mapping(uint256 place => uint256) private generations;
    mapping(uint256 place => uint256) private sequences;
    mapping(address account => uint256) private etkOf;
    mapping(address account => uint256) private idrsOf;

    constructor() {
        setUp();
        for (uint256 i; i < TRADERS; ++i) {
            traders[i] = named(string.concat("trader ", vm.toString(i)));
            fund(traders[i]);
            (etkOf[traders[i]], idrsOf[traders[i]]) = (PURSE, PURSE);
        }
    }

    /// @dev Mostly a few prices around the border of two bitmap words, seldom any price at all.
    function priceFrom(uint256 random) private pure returns (uint16) {
        if (random % 16 == 0) return uint16(within(random >> 8, 1, type(uint16).max));
        return uint16(252 + (random >> 8) % 8);
    }

    function lotsFrom(uint256 random) private pure returns (uint32) {
        return random % 32 == 0 ? type(uint32).max : uint32(1 + random % 12);
    }

    /// @dev The fuzzer likes small numbers, of which most bits are zero.
    function spread(uint256 random) private view returns (uint256) {
        return uint256(keccak256(abi.encode(random, entries.length)));
    }

    function trade(uint256 random) external {
        random = spread(random);
        Draft memory d;
        d.trader = traders[random % TRADERS];
        d.side = uint8(random >> 8 & 1);
        d.flags = (random >> 16) % 4 == 0 ? uint8((random >> 20) % 3) : GTC;
        d.price = priceFrom(random >> 32);
        d.left = lotsFrom(random >> 64);
        d.maxFills = uint8(1 + (random >> 96) % ((random >> 104) % 2 == 0 ? 16 : 2));
        placeAndCompare(d);
    }

    function placeAndCompare(Draft memory d) private {
        uint32 lots = d.left;
        if (d.flags == POST_ONLY && crossing(d)) {
            uint256 best = bestOf(d.side ^ 1);
            vm.prank(d.trader);
            vm.expectRevert(abi.encodeWithSelector(IMarket.WouldCross.selector, best));
            market.placeOrder(d.side, d.price, lots, d.flags, d.maxFills);
            ++refusals;
            return;
        }
        matchInModel(d);
        restInModel(d);
        vm.recordLogs();
        (uint256 id, uint32 filled) = place(d.trader, d.side, d.price, lots, d.flags, d.maxFills);
        vm.assertEq(id, d.id, "order id");
        vm.assertEq(filled, d.filled, "lots filled");
        compare(d.trader);
        ++placed;
    }

    function cancelOne(uint256 random) external {
        if (entries.length == 0) return;
        random = spread(random);
        Entry storage e = entries[recent(random)];
        address caller = random >> 128 & 7 == 0 ? traders[(random >> 136) % TRADERS] : e.trader;
        if (e.state != State.Open) {
            vm.expectRevert(abi.encodeWithSelector(IMarket.OrderNotOpen.selector, e.id));
        } else if (caller != e.trader) {
            vm.expectRevert(abi.encodeWithSelector(IMarket.NotTrader.selector, e.id, caller));
        }
        if (e.state != State.Open || caller != e.trader) {
            vm.prank(caller);
            market.cancelOrder(e.id);
            ++refusals;
            return;
        }
        cancelInModel(e);
        vm.recordLogs();
        cancel(caller, e.id);
        compare(address(0));
    }

    function cancelMany(uint256 random) external {
        if (entries.length == 0) return;
        random = spread(random);
        address trader = entries[recent(random)].trader;
        uint256[] memory ids = new uint256[](1 + (random >> 128) % 16);
        uint256 n;
        for (uint256 i = entries.length; i > 0 && n < ids.length; --i) {
            Entry storage e = entries[i - 1];
            if (e.trader != trader) continue;
            ids[n++] = e.id;
            if (e.state == State.Open) cancelInModel(e);
        }
        // What is left of the list are ids that never were.
        vm.recordLogs();
        vm.prank(trader);
        market.cancelOrders(ids);
        compare(address(0));
    }

    /// @dev Half of the picks are among the last ten entries, where most open orders are.
    function recent(uint256 random) private view returns (uint256) {
        uint256 n = entries.length;
        if (random >> 250 & 1 == 0 || n < 10) return (random >> 64) % n;
        return n - 1 - (random >> 64) % 10;
    }

    // The model.

    function bestOf(uint8 side) private view returns (uint256 best) {
        for (uint256 i; i < entries.length; ++i) {
            Entry storage e = entries[i];
            if (e.side != side || e.state != State.Open) continue;
            if (best == 0 || (side == BID ? e.price > best : e.price < best)) best = e.price;
        }
    }

    function crossing(Draft memory d) private view returns (bool) {
        uint256 best = bestOf(d.side ^ 1);
        return best != 0 && (d.side == BID ? best <= d.price : best >= d.price);
    }

    /// @dev The first entry at a price that is not gone; it may be dead.
    function headOf(uint8 side, uint256 price) private view returns (uint256) {
        for (uint256 i; i < entries.length; ++i) {
            Entry storage e = entries[i];
            if (e.side == side && e.price == price && e.state != State.Gone) return i;
        }
        return NOBODY;
    }

    function matchInModel(Draft memory d) private {
        uint256 steps = uint256(d.maxFills) * 8;
        while (d.left > 0 && steps > 0 && crossing(d)) {
            Entry storage e = entries[headOf(d.side ^ 1, bestOf(d.side ^ 1))];
            if (e.state == State.Dead) {
                e.state = State.Gone;
                --steps;
                ++passedOver;
                continue;
            }
            steps = steps > 8 ? steps - 8 : 0;
            if (e.trader == d.trader) {
                ++ownMet;
                expected.push(Expected(IMarket.OrderCancelled.selector, e.id, address(0), e.lots));
                refund(e);
                e.state = State.Gone;
            } else {
                tradeInModel(d, e);
            }
            renewIfEmpty(e.side, e.price);
        }
    }

    function tradeInModel(Draft memory d, Entry storage e) private {
        uint32 lots = d.left < e.lots ? d.left : e.lots;
        d.left -= lots;
        d.filled += lots;
        e.lots -= lots;
        if (e.lots == 0) e.state = State.Gone;
        (address buyer, address seller) = d.side == BID ? (d.trader, e.trader) : (e.trader, d.trader);
        // The maker has paid when the order was placed.
        if (d.side == BID) idrsOf[buyer] -= uint256(lots) * e.price;
        else etkOf[seller] -= uint256(lots) * LOT;
        etkOf[buyer] += uint256(lots) * LOT;
        idrsOf[seller] += uint256(lots) * e.price;
        expected.push(Expected(IMarket.Trade.selector, e.id, e.trader, lots));
        ++trades;
    }

    function restInModel(Draft memory d) private {
        if (d.left == 0 || d.flags == IOC) return;
        if (crossing(d)) {
            ++dropped;
            return;
        }
        uint256 spot = placeOf(d.side, d.price);
        d.id = orderId(generations[spot], d.side, d.price, sequences[spot]++);
        entries.push(Entry(d.id, d.trader, d.side, d.price, d.left, State.Open));
        if (d.side == BID) idrsOf[d.trader] -= uint256(d.left) * d.price;
        else etkOf[d.trader] -= uint256(d.left) * LOT;
        expected.push(Expected(IMarket.OrderPlaced.selector, d.id, d.trader, d.left));
    }

    function cancelInModel(Entry storage e) private {
        expected.push(Expected(IMarket.OrderCancelled.selector, e.id, address(0), e.lots));
        refund(e);
        bool first = entries[headOf(e.side, e.price)].id == e.id;
        e.state = first ? State.Gone : State.Dead;
        for (uint256 i; first && i < 8; ++i) {
            uint256 head = headOf(e.side, e.price);
            if (head == NOBODY || entries[head].state != State.Dead) break;
            entries[head].state = State.Gone;
            ++passedOver;
        }
        renewIfEmpty(e.side, e.price);
        ++cancelled;
    }

    function refund(Entry storage e) private {
        if (e.side == BID) idrsOf[e.trader] += uint256(e.lots) * e.price;
        else etkOf[e.trader] += uint256(e.lots) * LOT;
    }

    function renewIfEmpty(uint8 side, uint16 price) private {
        (uint256 open,) = restingAt(side, price);
        if (open > 0) return;
        for (uint256 head = headOf(side, price); head != NOBODY; head = headOf(side, price)) {
            entries[head].state = State.Gone;
        }
        ++generations[placeOf(side, price)];
        sequences[placeOf(side, price)] = 0;
    }

    function restingAt(uint8 side, uint256 price) private view returns (uint256 open, uint256 lots) {
        for (uint256 i; i < entries.length; ++i) {
            Entry storage e = entries[i];
            if (e.side != side || e.price != price || e.state != State.Open) continue;
            ++open;
            lots += e.lots;
        }
    }

    function placeOf(uint8 side, uint16 price) private pure returns (uint256) {
        return uint256(side) << 16 | price;
    }

    // The comparison.

    function compare(address taker) private {
        compareEvents(taker);
        for (uint256 i; i < TRADERS; ++i) {
            vm.assertEq(etk.balanceOf(traders[i]), etkOf[traders[i]], "ETK");
            vm.assertEq(idrs.balanceOf(traders[i]), idrsOf[traders[i]], "IDRS");
        }
        assertBest(uint16(bestOf(BID)), uint16(bestOf(ASK)));
    }

    /// @dev Every event of the market, in the order of the model: price first, then time.
    function compareEvents(address taker) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 n;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(market)) continue;
            vm.assertTrue(n < expected.length, "an event too many");
            Expected storage e = expected[n++];
            (uint256 id, uint32 lots) = abi.decode(logs[i].data, (uint256, uint32));
            vm.assertEq(logs[i].topics[0], e.topic);
            vm.assertEq(id, e.id, "order of an event");
            vm.assertEq(lots, e.lots, "lots of an event");
            if (e.party != address(0)) vm.assertEq(address(uint160(uint256(logs[i].topics[1]))), e.party);
            if (e.topic == IMarket.Trade.selector) {
                vm.assertEq(address(uint160(uint256(logs[i].topics[2]))), taker);
            }
        }
        vm.assertEq(n, expected.length, "number of events");
        delete expected;
    }

    /// @notice Compares the whole book with the model: prices, queues, and what is left of every order that ever was
    function compareBook() external view {
        compareSide(BID);
        compareSide(ASK);
        uint256[] memory ids = new uint256[](entries.length);
        for (uint256 i; i < ids.length; ++i) {
            ids[i] = entries[i].id;
        }
        uint32[] memory left = market.lotsLeft(ids);
        for (uint256 i; i < ids.length; ++i) {
            vm.assertEq(left[i], entries[i].state == State.Open ? entries[i].lots : 0, "lots left");
        }
    }

    function compareSide(uint8 side) private view {
        IMarket.Level[] memory levels = market.levels(side, 0, 1_000);
        uint256 open;
        for (uint256 i; i < levels.length; ++i) {
            if (i > 0) {
                bool better =
                    side == BID ? levels[i - 1].price > levels[i].price : levels[i - 1].price < levels[i].price;
                vm.assertTrue(better, "better prices come first");
            }
            open += compareLevel(side, levels[i]);
        }
        for (uint256 i; i < entries.length; ++i) {
            if (entries[i].side == side && entries[i].state == State.Open) --open;
        }
        vm.assertEq(open, 0, "open orders");
    }

    function compareLevel(uint8 side, IMarket.Level memory level) private view returns (uint256 open) {
        uint256 lots;
        (open, lots) = restingAt(side, level.price);
        uint256 spot = placeOf(side, level.price);
        vm.assertEq(level.lots, lots, "lots of a price");
        vm.assertEq(level.generation, generations[spot], "generation");
        vm.assertEq(level.tail, sequences[spot], "tail");
        IMarket.Order[] memory orders = market.orders(side, level.price, 0, type(uint64).max);
        vm.assertEq(orders.length, open, "orders of a price");
        uint256 n;
        for (uint256 i; i < entries.length && n < orders.length; ++i) {
            Entry storage e = entries[i];
            if (e.side != side || e.price != level.price || e.state != State.Open) continue;
            vm.assertEq(orders[n].id, e.id, "queue");
            vm.assertEq(orders[n].trader, e.trader);
            vm.assertEq(orders[n++].lots, e.lots, "lots of an order");
        }
        vm.assertEq(n, open, "queue is complete");
    }

    /// @notice What the open orders have paid into the market, by the model
    function escrow() external view returns (uint256 etkHeld, uint256 idrsHeld) {
        for (uint256 i; i < entries.length; ++i) {
            Entry storage e = entries[i];
            if (e.state != State.Open) continue;
            if (e.side == BID) idrsHeld += uint256(e.lots) * e.price;
            else etkHeld += uint256(e.lots) * LOT;
        }
    }

    /// @notice What the market and all traders hold together
    function held() external view returns (uint256 etkHeld, uint256 idrsHeld) {
        (etkHeld, idrsHeld) = (etk.balanceOf(address(market)), idrs.balanceOf(address(market)));
        for (uint256 i; i < TRADERS; ++i) {
            etkHeld += etk.balanceOf(traders[i]);
            idrsHeld += idrs.balanceOf(traders[i]);
        }
    }

    /// @notice What there is of both tokens, beyond the purses of the fixture's traders, who do nothing here
    function supply() external view returns (uint256 etkThere, uint256 idrsThere) {
        (etkThere, idrsThere) = (etk.totalSupply(), idrs.totalSupply());
        address[3] memory idle = [alice, bob, carol];
        for (uint256 i; i < idle.length; ++i) {
            etkThere -= etk.balanceOf(idle[i]);
            idrsThere -= idrs.balanceOf(idle[i]);
        }
    }

    function marketHolds() external view returns (uint256 etkHeld, uint256 idrsHeld) {
        return (etk.balanceOf(address(market)), idrs.balanceOf(address(market)));
    }

    function bestPrices() external view returns (uint16 bestBid, uint16 bestAsk) {
        return market.bestPrices();
    }

    function given() external pure returns (uint256) {
        return TRADERS * PURSE;
    }
}
