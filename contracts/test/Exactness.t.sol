// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Fixture} from "./support/Fixture.sol";

/// @title Exact over time: 10 000 settlements lose and gain nothing
contract ExactnessTest is Fixture {
    uint256 private constant SETTLEMENTS = 10_000;

    function setUp() public override {
        super.setUp();
        vm.prank(operator);
        converter.setMinSettlementThreshold(1);
        open(0, 0);
    }

    /// @dev At ratio 100 one base unit is 10 Wh, so nearly every settlement leaves a remainder.
    function test_exactness_atRatio100() public {
        run(100, 1, 400);
    }

    /// @dev At ratio 10 one base unit is 100 Wh, and many settlements pay nothing by themselves.
    function test_exactness_atRatio10() public {
        run(10, 2, 90);
    }

    function run(uint256 ratio, uint256 seed, uint256 step) private {
        setRatio(ratio);
        uint256 clock = START;
        uint64 exportWh;
        uint64 importWh;
        int256 paid;
        uint256 remainders;
        for (uint256 i; i < SETTLEMENTS; ++i) {
            clock += 300;
            vm.warp(clock);
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint64 moved = uint64(1 + random % step);
            // Two of three periods export, so that the balance can pay the third.
            if ((random >> 128) % 3 == 0 && exportWh > importWh + 10 * step) importWh += moved;
            else exportWh += moved;
            (, int256 amount) = settle(exportWh, importWh);
            paid += amount;
            if (view_().carry != 0) ++remainders;
        }
        int256 net = int256(uint256(exportWh)) - int256(uint256(importWh));
        vm.assertEq(paid * 1_000 + view_().carry, net * int256(ratio), "nothing lost, nothing gained");
        vm.assertEq(paid, int256(etk.balanceOf(alice)));
        vm.assertGe(importWh, 1, "some periods import");
        vm.assertGe(remainders, SETTLEMENTS / 2, "the carry is at work");
    }
}
