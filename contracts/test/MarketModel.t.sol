// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cheats} from "./support/Cheats.sol";
import {Street} from "./support/Street.sol";

/// @title The market does what a plain model of its rules does, whatever happens
contract MarketModelTest is Cheats {
    Street private street;

    function setUp() public {
        street = new Street();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(street);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(street);
        targets[0].selectors = new bytes4[](3);
        targets[0].selectors[0] = Street.trade.selector;
        targets[0].selectors[1] = Street.cancelOne.selector;
        targets[0].selectors[2] = Street.cancelMany.selector;
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev One campaign checks all of it after every action; the street itself has compared answer, events and balances.
    function invariant_theBookIsExact() public view {
        escrowIsWhatTheMarketHolds();
        nothingIsLostOrCreated();
        theBookIsNeverCrossed();
        street.compareBook();
    }

    /// @dev A campaign in which nothing happens would prove nothing. Of some sixty calls every third places an order; that
    /// two of them trade is likely, and not certain.
    function afterInvariant() public view {
        vm.assertGe(street.placed(), 1, "nothing was ever placed");
    }

    function testFuzz_market_doesWhatTheModelDoes(uint256 seed) public {
        for (uint256 i; i < 40; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint256 what = random % 10;
            random = uint256(keccak256(abi.encode(random)));
            if (what < 7) street.trade(random);
            else if (what < 9) street.cancelOne(random);
            else street.cancelMany(random);
        }
        escrowIsWhatTheMarketHolds();
        nothingIsLostOrCreated();
        theBookIsNeverCrossed();
        street.compareBook();
    }

    /// @dev One long run, in which everything that the model knows has happened.
    function test_market_doesWhatTheModelDoesInALongRun() public {
        for (uint256 i; i < 400; ++i) {
            uint256 random = uint256(keccak256(abi.encode("a long run", i)));
            uint256 what = uint256(keccak256(abi.encode(random))) % 10;
            if (what < 6) street.trade(random);
            else if (what < 9) street.cancelOne(random);
            else street.cancelMany(random);
        }
        street.compareBook();
        escrowIsWhatTheMarketHolds();
        vm.assertGe(street.trades(), 50, "trades");
        vm.assertGe(street.ownMet(), 10, "own orders met");
        vm.assertGe(street.dropped(), 3, "remainders dropped");
        vm.assertGe(street.cancelled(), 30, "cancelled");
        vm.assertGe(street.passedOver(), 5, "passed over");
        vm.assertGe(street.refusals(), 5, "refused");
    }

    function escrowIsWhatTheMarketHolds() private view {
        (uint256 etkHeld, uint256 idrsHeld) = street.marketHolds();
        (uint256 etkOwed, uint256 idrsOwed) = street.escrow();
        vm.assertEq(etkHeld, etkOwed, "ETK in escrow");
        vm.assertEq(idrsHeld, idrsOwed, "IDRS in escrow");
    }

    function nothingIsLostOrCreated() private view {
        (uint256 etkHeld, uint256 idrsHeld) = street.held();
        vm.assertEq(etkHeld, street.given(), "ETK");
        vm.assertEq(idrsHeld, street.given(), "IDRS");
        // What is minted to or burned from anybody else shows in no balance above.
        (uint256 etkThere, uint256 idrsThere) = street.supply();
        vm.assertEq(etkThere, etkHeld, "supply of ETK");
        vm.assertEq(idrsThere, idrsHeld, "supply of IDRS");
    }

    function theBookIsNeverCrossed() private view {
        (uint16 bid, uint16 ask) = street.bestPrices();
        vm.assertTrue(bid == 0 || ask == 0 || bid < ask, "crossed");
    }
}
