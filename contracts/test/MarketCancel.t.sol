// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarket} from "../src/interfaces/IMarket.sol";
import {MarketFixture} from "./support/MarketFixture.sol";

/// @title Orders that are cancelled, what they leave in the queue, and ids that mean nothing any more
contract MarketCancelTest is MarketFixture {
    function refuse(address caller, uint256 id, bytes memory reason) private {
        vm.prank(caller);
        vm.expectRevert(reason);
        market.cancelOrder(id);
    }

    function refuseAsNotOpen(uint256 id) private {
        refuse(alice, id, abi.encodeWithSelector(IMarket.OrderNotOpen.selector, id));
    }

    function bids(uint256 count) private returns (uint256[] memory ids) {
        ids = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            ids[i] = bid(alice, 1_500, 2);
        }
    }

    function cancelAll(uint256[] memory ids, uint256 from, uint256 to) private {
        for (uint256 i = from; i < to; ++i) {
            cancel(alice, ids[i]);
        }
    }

    function test_cancelOrder_returnsTheEscrow() public {
        uint256 id = bid(alice, 1_500, 7);
        vm.expectEmit(address(market));
        emit IMarket.OrderCancelled(id, 7);
        cancel(alice, id);
        vm.assertEq(idrs.balanceOf(alice), PURSE);
        id = ask(alice, 1_500, 7);
        cancel(alice, id);
        vm.assertEq(etk.balanceOf(alice), PURSE);
        assertBest(0, 0);
    }

    function test_cancelOrder_returnsWhatIsLeftAfterTrading() public {
        uint256 id = ask(alice, 1_500, 7);
        bid(bob, 1_500, 3);
        vm.expectEmit(address(market));
        emit IMarket.OrderCancelled(id, 4);
        cancel(alice, id);
        vm.assertEq(etk.balanceOf(alice), PURSE - 3 * LOT);
        vm.assertEq(etk.balanceOf(address(market)), 0);
    }

    function test_cancelOrder_isForItsTrader() public {
        uint256 id = bid(alice, 1_500, 7);
        refuse(bob, id, abi.encodeWithSelector(IMarket.NotTrader.selector, id, bob));
        vm.assertEq(lotsLeft(id), 7);
    }

    function test_cancelOrder_refusesWhatIsNotOpen() public {
        uint256[] memory ids = bids(3);
        cancel(alice, ids[1]);
        refuseAsNotOpen(ids[1]);
        place(bob, ASK, 1_500, 2, GTC, 1);
        refuseAsNotOpen(ids[0]);
        refuseAsNotOpen(ids[2] + 1);
        refuseAsNotOpen(0);
        refuseAsNotOpen(type(uint256).max);
        refuseAsNotOpen(ids[2] | 1 << 105);
        refuseAsNotOpen(ids[2] | 1 << 255);
        refuseAsNotOpen(ids[2] ^ 1 << 56);
        vm.assertEq(lotsLeft(ids[2]), 2);
    }

    function test_cancelOrder_refusesAnIdOfAnEarlierGeneration() public {
        uint256 stale = bid(alice, 1_500, 7);
        cancel(alice, stale);
        uint256 fresh = bid(alice, 1_500, 9);
        refuseAsNotOpen(stale);
        vm.assertEq(lotsLeft(stale), 0);
        vm.assertEq(lotsLeft(fresh), 9);
        place(bob, ASK, 1_500, 9, GTC, 1);
        uint256 third = bid(alice, 1_500, 1);
        refuseAsNotOpen(fresh);
        refuseAsNotOpen(stale);
        vm.assertEq(third, orderId(2, BID, 1_500, 0));
    }

    /// @dev A lane that is taken is not cleared: what an earlier generation left in it must not be taken for the next order.
    function test_cancelOrder_refusesTheIdOfTheNextOrder() public {
        bids(3);
        place(bob, ASK, 1_500, 6, GTC, 16);
        uint256[] memory ids = bids(2);
        uint256 next = orderId(1, BID, 1_500, 2);
        vm.assertEq(next, ids[1] + 1);
        refuseAsNotOpen(next);
        vm.assertEq(lotsLeft(next), 0);
        vm.assertEq(market.orders(BID, 1_500, 0, 100).length, 2);
    }

    function test_cancelOrder_ofTheFirstAdvancesTheHeadOverEightDead() public {
        uint256[] memory ids = bids(12);
        cancelAll(ids, 1, 11);
        vm.assertEq(levelAt(BID, 1_500).head, 0);
        cancel(alice, ids[0]);
        vm.assertEq(levelAt(BID, 1_500).head, 9);
        vm.assertEq(levelAt(BID, 1_500).lots, 2);
        cancel(alice, ids[11]);
        vm.assertEq(levelAt(BID, 1_500).price, 0);
    }

    function test_cancelOrder_ofTheFirstStopsAtAnOpenOrder() public {
        uint256[] memory ids = bids(5);
        cancelAll(ids, 1, 3);
        cancel(alice, ids[0]);
        vm.assertEq(levelAt(BID, 1_500).head, 3);
    }

    function test_dead_eightCountAsOneFill() public {
        uint256[] memory ids = bids(20);
        cancelAll(ids, 1, 17);
        // The first costs one step, sixteen dead two, and the next fill one more.
        uint256 state = vm.snapshotState();
        (, uint32 filled) = place(bob, ASK, 1_500, 4, IOC, 3);
        vm.assertEq(filled, 2);
        vm.assertEq(levelAt(BID, 1_500).head, 17, "and yet the head has advanced");
        vm.revertToState(state);
        (, filled) = place(bob, ASK, 1_500, 4, IOC, 4);
        vm.assertEq(filled, 4);
    }

    function test_dead_sevenCountAsNone() public {
        uint256[] memory ids = bids(10);
        cancelAll(ids, 1, 8);
        (, uint32 filled) = place(bob, ASK, 1_500, 4, IOC, 2);
        vm.assertEq(filled, 4);
    }

    function test_dead_areGoneWithTheLastOpenOrder() public {
        uint256[] memory ids = bids(4);
        cancelAll(ids, 1, 4);
        (uint256 id, uint32 filled) = place(bob, ASK, 1_500, 3, GTC, 1);
        vm.assertEq(filled, 2);
        vm.assertEq(lotsLeft(id), 1, "what is left does not cross, and rests");
        assertBest(0, 1_500);
    }

    function test_dead_bookAdvancesEvenWhenNothingTrades() public {
        uint256[] memory ids = bids(30);
        cancelAll(ids, 1, 29);
        place(bob, ASK, 1_500, 2, IOC, 1);
        for (uint256 i = 1; i <= 3; ++i) {
            (, uint32 filled) = place(bob, ASK, 1_500, 2, IOC, 1);
            vm.assertEq(filled, 0);
            vm.assertEq(levelAt(BID, 1_500).head, 1 + 8 * i);
        }
        (, uint32 last) = place(bob, ASK, 1_500, 2, IOC, 1);
        vm.assertEq(last, 2);
    }

    function test_cancelOrders_paysOnceForBothSides() public {
        uint256[] memory ids = new uint256[](4);
        ids[0] = bid(alice, 1_500, 1);
        ids[1] = ask(alice, 1_600, 2);
        ids[2] = bid(alice, 1_400, 3);
        ids[3] = ask(alice, 1_700, 4);
        vm.recordLogs();
        vm.prank(alice);
        market.cancelOrders(ids);
        vm.assertEq(vm.getRecordedLogs().length, 6, "four orders, two payments");
        vm.assertEq(idrs.balanceOf(alice), PURSE);
        vm.assertEq(etk.balanceOf(alice), PURSE);
        assertBest(0, 0);
    }

    function test_cancelOrders_passesOverWhatIsNotOpen() public {
        uint256[] memory ids = new uint256[](5);
        ids[0] = bid(alice, 1_500, 1);
        ids[1] = bid(alice, 1_501, 1);
        ids[2] = ids[0];
        ids[4] = type(uint256).max;
        place(bob, ASK, 1_501, 1, GTC, 1);
        vm.prank(alice);
        market.cancelOrders(ids);
        vm.assertEq(idrs.balanceOf(alice), PURSE - 1_501);
        vm.prank(alice);
        market.cancelOrders(ids);
        vm.assertEq(idrs.balanceOf(alice), PURSE - 1_501, "twice is once");
    }

    function test_cancelOrders_refusesOthersOrdersAndTooMany() public {
        uint256[] memory ids = new uint256[](16);
        ids[0] = bid(alice, 1_500, 1);
        ids[15] = bid(bob, 1_500, 1);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotTrader.selector, ids[15], alice));
        market.cancelOrders(ids);
        vm.assertEq(lotsLeft(ids[0]), 1);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooManyOrders.selector, 17));
        market.cancelOrders(new uint256[](17));
        vm.prank(alice);
        market.cancelOrders(new uint256[](0));
    }

    function test_levels_goFromTheBestPriceOn() public {
        uint16[4] memory prices = [uint16(300), 100, 65_535, 256];
        for (uint256 i; i < prices.length; ++i) {
            bid(alice, prices[i], 1);
        }
        IMarket.Level[] memory all = market.levels(BID, 0, 9);
        vm.assertEq(all.length, 4);
        vm.assertEq(all[0].price, 65_535);
        vm.assertEq(all[1].price, 300);
        vm.assertEq(all[2].price, 256);
        vm.assertEq(all[3].price, 100);
        IMarket.Level[] memory some = market.levels(BID, 299, 1);
        vm.assertEq(some.length, 1);
        vm.assertEq(some[0].price, 256);
        vm.assertEq(market.levels(BID, 99, 9).length, 0);
        vm.assertEq(market.levels(BID, 0, 0).length, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.UnknownSide.selector, 2));
        market.levels(2, 0, 1);
    }

    function test_orders_areTheOpenOnesInTheirTurn() public {
        uint256[] memory ids = bids(6);
        uint256 last = bid(bob, 1_500, 9);
        cancel(alice, ids[3]);
        place(carol, ASK, 1_500, 3, GTC, 16);
        IMarket.Order[] memory open = market.orders(BID, 1_500, 0, 100);
        vm.assertEq(open.length, 5);
        vm.assertEq(open[0].id, ids[1]);
        vm.assertEq(open[0].lots, 1);
        vm.assertEq(open[2].id, ids[4]);
        vm.assertEq(open[4].id, last);
        vm.assertEq(open[4].trader, bob);
        open = market.orders(BID, 1_500, 2, 3);
        vm.assertEq(open.length, 2, "sequences 2 and 4");
        vm.assertEq(open[1].id, ids[4]);
        vm.assertEq(market.orders(BID, 1_499, 0, 100).length, 0);
        vm.assertEq(market.orders(BID, 1_500, type(uint64).max, type(uint64).max).length, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.UnknownSide.selector, 2));
        market.orders(2, 1_500, 0, 1);
    }
}
