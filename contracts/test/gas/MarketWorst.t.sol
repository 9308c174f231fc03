// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarket} from "../../src/interfaces/IMarket.sol";
import {Token} from "../support/Deployed.sol";
import {MarketFixture} from "../support/MarketFixture.sol";

/// @title What the dearest call costs, and that a full book makes nothing dearer
/// @dev Run with `--isolate`, so that each call is a transaction of its own.
contract MarketWorst is MarketFixture {
    uint256 private constant DAN_KEY = uint256(keccak256("dan"));
    uint256 private constant MOST = 1_000_000;
    uint16 private constant PRICE = 1_500;

    function record(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("market", name);
    }

    /// @dev A trader who holds only ETK, so that the first IDRS paid to it costs a new balance.
    function seller(uint256 n) private returns (address trader) {
        trader = neighbour(n);
        etk.mint(trader, LOT);
        vm.prank(trader);
        etk.approve(address(market), LOT);
    }

    function permitOfDan(uint256 value) private returns (IMarket.Permit memory permit) {
        Token token = Token(address(idrs));
        permit.value = value;
        permit.deadline = time() + 60;
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                named("dan"),
                address(market),
                value,
                token.nonces(named("dan")),
                permit.deadline
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), message));
        (permit.v, permit.r, permit.s) = vm.sign(DAN_KEY, digest);
    }

    /// @dev Sixteen makers without a balance, each alone at a price in a bitmap word of its own, behind seven cancelled
    /// lanes, and the first IDRS that move; then the rest rests, first of its trader, at a price and in a word that nobody has
    /// used.
    function test_worstCall() public {
        uint256[] memory dead = new uint256[](16);
        for (uint256 i; i < 16; ++i) {
            dead[i] = ask(alice, 256, 1);
        }
        for (uint256 i; i < 16; ++i) {
            ask(seller(i), uint16(256 * (i + 1)), 1);
        }
        for (uint256 i = 16; i > 0; --i) {
            cancel(alice, dead[i - 1]);
        }
        vm.assertEq(levelAt(ASK, 256).tail - levelAt(ASK, 256).head, 8, "seven dead lanes in front");
        vm.prank(named("dan"));
        idrs.onRamp(1e9);
        IMarket.Permit memory permit = permitOfDan(1e9);
        vm.prank(named("dan"));
        (uint256 id, uint32 filled) = market.placeOrderWithPermit(BID, 60_000, 20, GTC, 16, permit);
        vm.assertLe(record("worst call: 16 fills, all new"), MOST, "worst call");
        vm.assertEq(filled, 16);
        vm.assertEq(lotsLeft(id), 4);
    }

    /// @dev A permit for exactly what the order pays, of a trader who has used one before.
    function test_permit() public {
        vm.prank(named("dan"));
        idrs.onRamp(1e9);
        bid(alice, PRICE, 1);
        for (uint256 i; i < 3; ++i) {
            IMarket.Permit memory permit = permitOfDan(10 * PRICE);
            vm.prank(named("dan"));
            market.placeOrderWithPermit(BID, PRICE, 10, GTC, 16, permit);
        }
        record("place, existing level, with a permit");
    }

    function crowd(uint256 from, uint256 to) private {
        for (uint256 i = from; i < to; ++i) {
            address trader = neighbour(i % 50);
            if (etk.balanceOf(trader) == 0) fund(trader);
            place(trader, ASK, PRICE, 1, GTC, 16);
        }
    }

    /// @dev Somebody may fill the book with orders of one lot: nobody's transaction becomes dearer by it.
    function test_crowdedPrice() public {
        ask(alice, PRICE + 1, 1);
        bid(bob, 1, 1);
        crowd(0, 1_000);
        bid(bob, PRICE, 16);
        uint256 before = record("take 16 of 1 000 orders of a lot");
        vm.assertLe(before, MOST / 2, "take 16 of 1 000");
        crowd(1_000, 5_000);
        bid(bob, PRICE, 16);
        uint256 afterwards = record("take 16 of 5 000 orders of a lot");
        vm.assertLe(afterwards, before + before / 50, "a longer queue costs nothing");
        // On top may come a lane slot that nobody has used.
        uint256 id = ask(alice, PRICE, 1);
        vm.assertLe(record("place behind 5 000"), 62_000 + 17_100, "place");
        cancel(alice, id);
        vm.assertLe(record("cancel behind 5 000"), 54_000, "cancel");
    }

    /// @dev The same with a price for each order.
    function test_crowdedPrices() public {
        for (uint16 i; i < 1_000; ++i) {
            ask(alice, PRICE + i * 3, 1);
        }
        bid(bob, 1, 1);
        bid(bob, 65_535, 100);
        vm.assertLe(record("take 16 of 1 000 prices"), MOST / 2, "take 16 of 1 000 prices");
        uint256 id = ask(alice, PRICE, 1);
        cancel(alice, id);
        vm.assertLe(record("cancel the best of 1 000 prices"), 68_000, "cancel");
    }
}
