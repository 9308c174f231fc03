// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IMarket} from "../src/interfaces/IMarket.sol";
import {MarketFixture} from "./support/MarketFixture.sol";

/// @title Orders that rest, trade, or are refused
contract MarketOrdersTest is MarketFixture {
    function assertGot(address trader, int256 etkGot, int256 idrsGot) private view {
        vm.assertEq(int256(etk.balanceOf(trader)) - int256(PURSE), etkGot, "ETK");
        vm.assertEq(int256(idrs.balanceOf(trader)) - int256(PURSE), idrsGot, "IDRS");
    }

    function refuse(uint8 side, uint16 price, uint32 lots, uint8 flags, uint8 maxFills, bytes memory reason) private {
        vm.prank(alice);
        vm.expectRevert(reason);
        market.placeOrder(side, price, lots, flags, maxFills);
    }

    function test_constructor_tellsItsTerms() public view {
        vm.assertEq(market.etkToken(), address(etk));
        vm.assertEq(market.idrsToken(), address(idrs));
        vm.assertEq(market.lotSize(), LOT);
        assertBest(0, 0);
        vm.assertEq(market.levels(BID, 0, 10).length, 0);
        vm.assertEq(market.levels(ASK, 0, 10).length, 0);
    }

    function test_constructor_refusesBadTermsByName() public {
        (address e, address i) = (address(etk), address(idrs));
        this.deployOutside(e, e, 1, abi.encodeWithSelector(IMarket.BadTokens.selector, e, e));
        this.deployOutside(address(0), i, 1, abi.encodeWithSelector(IMarket.BadTokens.selector, address(0), i));
        this.deployOutside(e, alice, 1, abi.encodeWithSelector(IMarket.BadTokens.selector, e, alice));
        this.deployOutside(e, i, 0, abi.encodeWithSelector(IMarket.ZeroLots.selector));
    }

    function deployOutside(address etkToken, address idrsToken, uint64 lot, bytes calldata reason) external {
        vm.expectRevert(reason);
        deployMarket(etkToken, idrsToken, lot);
    }

    function test_bid_escrowsIdrsAndRests() public {
        vm.expectEmit(address(market));
        emit IMarket.OrderPlaced(orderId(0, BID, 1_500, 0), alice, 7);
        uint256 id = bid(alice, 1_500, 7);
        vm.assertEq(id, orderId(0, BID, 1_500, 0));
        assertGot(alice, 0, -7 * 1_500);
        vm.assertEq(idrs.balanceOf(address(market)), 7 * 1_500);
        vm.assertEq(lotsLeft(id), 7);
        assertBest(1_500, 0);
    }

    function test_ask_escrowsEtkAndRests() public {
        vm.expectEmit(address(market));
        emit IMarket.OrderPlaced(orderId(0, ASK, 1_500, 0), alice, 7);
        uint256 id = ask(alice, 1_500, 7);
        assertGot(alice, -7 * int256(uint256(LOT)), 0);
        vm.assertEq(etk.balanceOf(address(market)), 7 * LOT);
        vm.assertEq(lotsLeft(id), 7);
        assertBest(0, 1_500);
    }

    function test_ids_areGenerationSidePriceAndSequence() public {
        vm.assertEq(bid(alice, 1, 1), 1 << 40);
        vm.assertEq(bid(alice, 1, 1), 1 << 40 | 1);
        vm.assertEq(ask(alice, 65_535, 1), 1 << 56 | 65_535 << 40);
        cancel(alice, 1 << 40);
        cancel(alice, 1 << 40 | 1);
        vm.assertEq(bid(bob, 1, 1), 1 << 57 | 1 << 40, "the next generation");
    }

    function test_trade_paysBothPartiesAtOnce() public {
        uint256 id = ask(alice, 1_500, 10);
        vm.expectEmit(address(market));
        emit IMarket.Trade(id, alice, bob, 4);
        (uint256 taken, uint32 filled) = place(bob, BID, 1_500, 4, GTC, 1);
        vm.assertEq(taken, 0, "fully taken");
        vm.assertEq(filled, 4);
        assertGot(alice, -10 * int256(uint256(LOT)), 4 * 1_500);
        assertGot(bob, 4 * int256(uint256(LOT)), -4 * 1_500);
        vm.assertEq(lotsLeft(id), 6);
    }

    function test_trade_isAtTheRestingPriceForABuyer() public {
        ask(alice, 1_400, 5);
        place(bob, BID, 1_500, 5, GTC, 1);
        assertGot(bob, 5 * int256(uint256(LOT)), -5 * 1_400);
        vm.assertEq(idrs.balanceOf(alice), PURSE + 5 * 1_400);
        vm.assertEq(idrs.balanceOf(address(market)), 0);
    }

    function test_trade_isAtTheRestingPriceForASeller() public {
        bid(alice, 1_600, 5);
        place(bob, ASK, 1_500, 5, GTC, 1);
        assertGot(bob, -5 * int256(uint256(LOT)), 5 * 1_600);
        assertGot(alice, 5 * int256(uint256(LOT)), -5 * 1_600);
        vm.assertEq(idrs.balanceOf(address(market)), 0);
    }

    function test_trade_takesTheBestPriceFirst() public {
        uint256 dear = ask(alice, 1_502, 3);
        uint256 cheap = ask(carol, 1_500, 3);
        place(bob, BID, 1_510, 4, GTC, 16);
        vm.assertEq(lotsLeft(cheap), 0);
        vm.assertEq(lotsLeft(dear), 2);
        assertGot(bob, 4 * int256(uint256(LOT)), -(3 * 1_500 + 1_502));
        assertBest(0, 1_502);
    }

    function test_trade_takesTheFirstComerFirst() public {
        uint256[6] memory ids;
        for (uint256 i; i < 6; ++i) {
            ids[i] = bid(i % 2 == 0 ? alice : carol, 1_500, 2);
        }
        place(bob, ASK, 1_500, 9, GTC, 16);
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(lotsLeft(ids[i]), 0);
        }
        vm.assertEq(lotsLeft(ids[4]), 1);
        vm.assertEq(lotsLeft(ids[5]), 2);
    }

    function test_trade_restsWhatIsLeft() public {
        ask(alice, 1_500, 3);
        (uint256 id, uint32 filled) = place(bob, BID, 1_501, 10, GTC, 16);
        vm.assertEq(filled, 3);
        vm.assertEq(id, orderId(0, BID, 1_501, 0));
        vm.assertEq(lotsLeft(id), 7);
        assertGot(bob, 3 * int256(uint256(LOT)), -(3 * 1_500 + 7 * 1_501));
        assertBest(1_501, 0);
    }

    function test_trade_emptiesAPriceAndStartsItsNextGeneration() public {
        uint256 first = ask(alice, 1_500, 3);
        bid(bob, 1_500, 3);
        vm.assertEq(levelAt(ASK, 1_500).price, 0, "the price is gone");
        uint256 second = ask(alice, 1_500, 3);
        vm.assertEq(second, orderId(1, ASK, 1_500, 0));
        vm.assertEq(lotsLeft(first), 0);
        vm.assertEq(lotsLeft(second), 3);
    }

    function test_immediateOrCancel_neverRests() public {
        ask(alice, 1_500, 3);
        (uint256 id, uint32 filled) = place(bob, BID, 1_500, 10, IOC, 16);
        vm.assertEq(id, 0);
        vm.assertEq(filled, 3);
        assertGot(bob, 3 * int256(uint256(LOT)), -3 * 1_500);
        (id, filled) = place(bob, BID, 1_500, 10, IOC, 16);
        vm.assertEq(id + filled, 0, "nothing to trade with is no error");
        assertBest(0, 0);
    }

    function test_immediateOrCancel_isAMarketOrderWithAWorstPrice() public {
        ask(alice, 1_500, 3);
        ask(alice, 1_600, 3);
        ask(alice, 1_700, 3);
        (, uint32 filled) = place(bob, BID, 1_650, 100, IOC, 16);
        vm.assertEq(filled, 6);
        assertBest(0, 1_700);
    }

    function test_postOnly_restsOrReverts() public {
        ask(alice, 1_500, 3);
        (uint256 id,) = place(bob, BID, 1_499, 3, POST_ONLY, 1);
        vm.assertEq(lotsLeft(id), 3);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WouldCross.selector, 1_500));
        market.placeOrder(BID, 1_500, 3, POST_ONLY, 1);
        vm.prank(carol);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WouldCross.selector, 1_499));
        market.placeOrder(ASK, 1_400, 3, POST_ONLY, 1);
    }

    function test_postOnly_countsOwnOrders() public {
        ask(alice, 1_500, 3);
        refuse(BID, 1_500, 3, POST_ONLY, 1, abi.encodeWithSelector(IMarket.WouldCross.selector, 1_500));
    }

    function test_maxFills_dropsWhatWouldStillCross() public {
        for (uint256 i; i < 3; ++i) {
            ask(alice, 1_500, 2);
        }
        (uint256 id, uint32 filled) = place(bob, BID, 1_500, 10, GTC, 2);
        vm.assertEq(id, 0, "a crossed book is never made");
        vm.assertEq(filled, 4);
        assertGot(bob, 4 * int256(uint256(LOT)), -4 * 1_500);
        assertBest(0, 1_500);
    }

    function test_maxFills_restsWhatDoesNotCrossAnyMore() public {
        ask(alice, 1_500, 2);
        ask(alice, 1_501, 2);
        (uint256 id, uint32 filled) = place(bob, BID, 1_500, 10, GTC, 1);
        vm.assertEq(filled, 2);
        vm.assertEq(lotsLeft(id), 8);
        assertBest(1_500, 1_501);
    }

    function test_ownOrder_isCancelledWhenMetAndTradingGoesOn() public {
        uint256 other = ask(bob, 1_500, 2);
        uint256 own = ask(alice, 1_500, 5);
        uint256 last = ask(carol, 1_500, 5);
        vm.expectEmit(address(market));
        emit IMarket.Trade(other, bob, alice, 2);
        vm.expectEmit(address(market));
        emit IMarket.OrderCancelled(own, 5);
        vm.expectEmit(address(market));
        emit IMarket.Trade(last, carol, alice, 1);
        (, uint32 filled) = place(alice, BID, 1_500, 3, GTC, 16);
        vm.assertEq(filled, 3);
        assertGot(alice, 3 * int256(uint256(LOT)), -3 * 1_500);
        vm.assertEq(lotsLeft(own), 0);
        vm.assertEq(lotsLeft(last), 4);
    }

    function test_ownOrder_countsAsAFill() public {
        ask(alice, 1_500, 5);
        ask(bob, 1_500, 5);
        (uint256 id, uint32 filled) = place(alice, BID, 1_500, 3, GTC, 1);
        vm.assertEq(id + filled, 0, "one step, used up by the own order");
        assertGot(alice, 0, 0);
    }

    function test_ownOrder_bothSidesAtOnce() public {
        bid(alice, 1_500, 5);
        (uint256 id, uint32 filled) = place(alice, ASK, 1_400, 4, GTC, 16);
        vm.assertEq(filled, 0);
        vm.assertEq(lotsLeft(id), 4);
        assertGot(alice, -4 * int256(uint256(LOT)), 0);
        assertBest(0, 1_400);
    }

    function test_placeOrder_refusesBadOrdersByName() public {
        refuse(2, 1, 1, GTC, 1, abi.encodeWithSelector(IMarket.UnknownSide.selector, 2));
        refuse(255, 1, 1, GTC, 1, abi.encodeWithSelector(IMarket.UnknownSide.selector, 255));
        refuse(BID, 0, 1, GTC, 1, abi.encodeWithSelector(IMarket.ZeroPrice.selector));
        refuse(BID, 1, 0, GTC, 1, abi.encodeWithSelector(IMarket.ZeroLots.selector));
        refuse(BID, 1, 1, 3, 1, abi.encodeWithSelector(IMarket.UnknownFlags.selector, 3));
        refuse(BID, 1, 1, GTC, 0, abi.encodeWithSelector(IMarket.MaxFillsOutOfBounds.selector, 0));
        refuse(BID, 1, 1, GTC, 17, abi.encodeWithSelector(IMarket.MaxFillsOutOfBounds.selector, 17));
    }

    function test_placeOrder_refusesNumbersAboveTheirType() public {
        uint256[5] memory most = [uint256(255), 65_535, type(uint32).max, 255, 255];
        for (uint256 i; i < 5; ++i) {
            uint256[5] memory arguments = [uint256(0), 1, 1, 0, 1];
            arguments[i] = most[i] + 1;
            vm.prank(alice);
            (bool ok,) = address(market).call(abi.encodePacked(IMarket.placeOrder.selector, arguments));
            vm.assertFalse(ok, "a number above its type");
        }
    }

    function test_placeOrder_takesTheExtremesOfEachType() public {
        uint256 dearest = bid(alice, 65_535, type(uint32).max);
        vm.assertEq(PURSE - idrs.balanceOf(alice), uint256(65_535) * type(uint32).max);
        (, uint32 filled) = place(bob, ASK, 1, type(uint32).max, GTC, 16);
        vm.assertEq(filled, type(uint32).max);
        vm.assertEq(lotsLeft(dearest), 0);
        vm.assertEq(etk.balanceOf(alice), PURSE + uint256(LOT) * type(uint32).max);
        uint256 cheapest = bid(alice, 1, 1);
        vm.assertEq(lotsLeft(cheapest), 1);
        ask(bob, 65_535, type(uint32).max);
        ask(bob, 65_535, type(uint32).max);
        vm.assertEq(levelAt(ASK, 65_535).lots, 2 * uint256(type(uint32).max));
        assertBest(1, 65_535);
    }

    function test_placeOrder_needsBalanceAndAllowance() public {
        address poor = named("poor");
        vm.prank(poor);
        idrs.approve(address(market), 1e6);
        vm.prank(poor);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientBalance.selector);
        market.placeOrder(BID, 10, 1, GTC, 1);
        vm.prank(poor);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        market.placeOrder(ASK, 10, 1, GTC, 1);
        ask(alice, 10, 1);
        vm.prank(poor);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientBalance.selector);
        market.placeOrder(BID, 10, 1, IOC, 1);
        assertBest(0, 10);
    }

    function test_placeOrder_takesNoMoreThanItTradesAndRests() public {
        ask(alice, 1_400, 2);
        vm.startPrank(bob);
        idrs.approve(address(market), 2 * 1_400 + 3 * 1_500);
        market.placeOrder(BID, 1_500, 5, GTC, 16);
        vm.stopPrank();
        vm.assertEq(idrs.allowance(bob, address(market)), 0);
        assertGot(bob, 2 * int256(uint256(LOT)), -(2 * 1_400 + 3 * 1_500));
    }

    function test_bestPrices_followBothSidesOverTheWholeRange() public {
        uint16[6] memory prices = [uint16(1), 255, 256, 257, 32_768, 65_534];
        for (uint256 i; i < prices.length; ++i) {
            bid(alice, prices[i], 1);
            assertBest(prices[i], 0);
        }
        for (uint256 i = prices.length; i > 0; --i) {
            assertBest(prices[i - 1], 0);
            place(bob, ASK, prices[i - 1], 1, GTC, 1);
        }
        for (uint256 i = prices.length; i > 0; --i) {
            ask(alice, prices[i - 1], 1);
            assertBest(0, prices[i - 1]);
        }
        for (uint256 i; i < prices.length; ++i) {
            assertBest(0, prices[i]);
            place(bob, BID, prices[i], 1, GTC, 1);
        }
        assertBest(0, 0);
    }
}
