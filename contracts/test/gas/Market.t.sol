// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarket} from "../../src/interfaces/IMarket.sol";
import {MarketFixture} from "../support/MarketFixture.sol";

/// @title What trading costs, as whole transactions
/// @dev Run with `--isolate`, so that each call is a transaction of its own. The rows of the table are the steady state:
/// the trader has an id, the lane slot and the bitmap word were used before, balances are not zero and the allowance is
/// there and finite. What comes on top is measured apart.
contract MarketGas is MarketFixture {
    uint16 private constant PRICE = 1_500;

    function setUp() public override {
        super.setUp();
        // A market that nobody has used has neither escrow nor traders.
        bid(alice, 1_000, 100);
        ask(alice, 60_000, 100);
        bid(bob, 1_000, 100);
        ask(bob, 60_000, 100);
        bid(carol, 1_000, 100);
        ask(carol, 60_000, 100);
        // The price's own slot and all four lanes of the next, where the rows place their orders, have been used.
        for (uint256 i; i < 5; ++i) {
            bid(alice, PRICE, 1);
            ask(alice, PRICE + 1, 1);
        }
        ask(bob, PRICE, 5);
        bid(bob, PRICE + 1, 5);
        // The words of both sides stay in use.
        bid(alice, PRICE - 20, 1);
        ask(alice, PRICE + 20, 1);
    }

    function record(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("market", name);
    }

    function budget(string memory name, uint256 most) private {
        vm.assertLe(record(name), most, name);
    }

    /// @dev Orders of one lot of `count` different neighbours at one price.
    function street(uint8 side, uint16 price, uint256 count) private {
        for (uint256 i; i < count; ++i) {
            address trader = neighbour(i);
            if (etk.balanceOf(trader) == 0) fund(trader);
            place(trader, side, price, 1, GTC, 16);
        }
    }

    function test_place_existingLevel() public {
        bid(alice, PRICE, 10);
        bid(bob, PRICE, 10);
        budget("place, existing level, bid", 62_000);
        ask(alice, PRICE + 1, 10);
        ask(bob, PRICE + 1, 10);
        budget("place, existing level, ask", 62_000);
    }

    function test_place_newLevel() public {
        bid(bob, PRICE - 1, 10);
        budget("place, new level, bid", 102_000);
        ask(bob, PRICE + 2, 10);
        budget("place, new level, ask", 102_000);
        bid(bob, PRICE, 10);
        budget("place, new level, price used before", 70_000);
    }

    function test_place_extras() public {
        bid(bob, 500, 10);
        record("place, new level, new bitmap word");
        bid(alice, PRICE, 1);
        fund(neighbour(0));
        bid(neighbour(0), PRICE, 1);
        record("place, existing level, first order of a trader");
        for (uint256 i; i < 3; ++i) {
            bid(alice, PRICE, 1);
        }
        bid(bob, PRICE, 1);
        record("place, existing level, new lane slot");
        bid(bob, PRICE, 1);
        record("place, existing level, lane slot in use");
    }

    function test_take_1() public {
        ask(alice, PRICE + 1, 10);
        bid(bob, PRICE + 1, 5);
        budget("take 1 maker, bid", 92_000);
        bid(alice, PRICE, 10);
        ask(bob, PRICE, 5);
        budget("take 1 maker, ask", 92_000);
        ask(bob, PRICE, 5);
        budget("take 1 maker, the last of a level", 92_000);
    }

    function test_take_10() public {
        street(ASK, PRICE + 1, 12);
        bid(bob, PRICE + 1, 1);
        uint256 one = record("take 1 maker of 12");
        bid(bob, PRICE + 1, 10);
        uint256 ten = record("take 10 makers, bid");
        vm.assertLe(ten, 220_000, "take 10 makers");
        vm.assertLe((ten - one) / 9, 14_600, "each further maker");
    }

    function test_take_10_ask() public {
        street(BID, PRICE, 12);
        ask(bob, PRICE, 1);
        uint256 one = vm.snapshotGasLastCall("market", "take 1 maker of 12, ask");
        ask(bob, PRICE, 10);
        uint256 ten = record("take 10 makers, ask");
        vm.assertLe(ten, 220_000, "take 10 makers");
        vm.assertLe((ten - one) / 9, 14_600, "each further maker");
    }

    function test_take_10OfOneMaker() public {
        for (uint256 i; i < 12; ++i) {
            ask(alice, PRICE + 1, 1);
        }
        bid(bob, PRICE + 1, 10);
        record("take 10 orders of 1 maker");
    }

    function test_cancel() public {
        bid(alice, PRICE, 10);
        uint256 id = bid(bob, PRICE, 10);
        bid(carol, PRICE, 10);
        cancel(bob, id);
        budget("cancel, bid", 54_000);
        ask(alice, PRICE + 1, 10);
        id = ask(bob, PRICE + 1, 10);
        cancel(bob, id);
        budget("cancel, ask", 54_000);
    }

    function test_cancel_head() public {
        uint256 id = bid(bob, PRICE, 10);
        bid(alice, PRICE, 10);
        cancel(bob, id);
        budget("cancel, the first in line", 54_000);
    }

    function test_cancel_last() public {
        uint256 id = bid(bob, PRICE, 10);
        cancel(bob, id);
        budget("cancel, last of a level, bid", 68_000);
        id = ask(bob, PRICE + 1, 10);
        cancel(bob, id);
        budget("cancel, last of a level, ask", 68_000);
    }

    function test_cancelOrders() public {
        uint256[] memory ids = new uint256[](16);
        bid(alice, PRICE, 1);
        for (uint256 i; i < 16; ++i) {
            ids[i] = bid(bob, PRICE, 1);
        }
        vm.prank(bob);
        market.cancelOrders(ids);
        record("cancel 16 of a level");
    }
}
