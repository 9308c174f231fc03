// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../src/interfaces/IEnergyConverter.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title Plausibility: no more energy than the rated power can move in the time that passed
contract BucketTest is Fixture {
    function setUp() public override {
        super.setUp();
        open(0, 0);
    }

    function refuse(uint64 exportWh, uint64 importWh, uint256 clearedAt) private {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.Implausible.selector, clearedAt, time() + 1 hours));
        converter.settleMeter(METER, exportWh, importWh, "s");
    }

    function test_bucket_allowsOneHourAtOnce() public {
        refuse(RATED_W + 1, 0, START + 3_601);
        settle(RATED_W, 0);
        vm.assertEq(view_().clearedAt, START + 1 hours);
    }

    function test_bucket_isNotEmptiedByRepeatedCalls() public {
        settle(RATED_W, 0);
        refuse(RATED_W + 100, 0, START + 1 hours + 72);
        vm.warp(START + 72);
        settle(RATED_W + 100, 0);
        refuse(RATED_W + 200, 0, START + 1 hours + 144);
    }

    function test_bucket_reachesBackSevenDays() public {
        vm.warp(START + 30 days);
        uint64 most = uint64(RATED_W) * 169;
        refuse(most + 1, 0, time() + 1 hours + 1);
        settle(most, 0);
        vm.assertEq(view_().clearedAt, time() + 1 hours);
    }

    function test_bucket_countsTheLargerDirection() public {
        refuse(RATED_W - 1_000, RATED_W + 2, START + 3_602);
        refuse(RATED_W + 2, RATED_W - 1_000, START + 3_602);
        settle(RATED_W, RATED_W - 1_000);
        vm.assertEq(view_().clearedAt, START + 1 hours);
        vm.warp(START + 1 hours);
        settle(RATED_W + 100, RATED_W - 1_000 + 600);
        vm.assertEq(view_().clearedAt, START + 1 hours + 432);
    }

    function test_bucket_roundsUp() public {
        register("slow", bob, 7_000_000);
        vm.prank(bob);
        converter.openMeter("slow", 0, 0);
        for (uint64 i = 1; i <= 3; ++i) {
            vm.prank(bob);
            converter.settleMeter("slow", i * 100, 0, "s");
            vm.assertEq(converter.meter("slow").clearedAt, START + i);
        }
    }

    function test_bucket_isSharedWithTheOperatorsPath() public {
        correct(int256(uint256(RATED_W)), "c1");
        refuse(100, 0, START + 1 hours + 72);
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyConverter.Implausible.selector, START + 1 hours + 72, START + 1 hours)
        );
        converter.processEnergySettlement(METER, alice, -100, "c2");
    }

    function test_bucket_refusesExtremesByName() public {
        uint256 all = uint256(type(uint64).max) * 3600;
        refuse(type(uint64).max, 0, START + (all + RATED_W - 1) / RATED_W);
        register("slowest", alice, 1);
        vm.prank(alice);
        converter.openMeter("slowest", 0, 0);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyConverter.Implausible.selector, type(uint64).max, START + 1 hours)
        );
        converter.settleMeter("slowest", type(uint64).max, 0, "s");
    }

    function test_bucket_worksOnAChainYoungerThanItsReach() public {
        vm.warp(10);
        register("early", bob, RATED_W);
        vm.prank(bob);
        converter.openMeter("early", 0, 0);
        vm.prank(bob);
        converter.settleMeter("early", RATED_W, 0, "s");
        vm.assertEq(converter.meter("early").clearedAt, 3_610);
    }

    /// @dev However a prosumer splits and times the calls, the sum stays under the time that passed.
    function testFuzz_bucket_boundsTheSum(uint32[24] memory gaps, uint64[24] memory asks) public {
        uint64 exportWh;
        for (uint256 i; i < gaps.length; ++i) {
            vm.warp(time() + within(gaps[i], 0, 6 hours));
            uint64 next = exportWh + uint64(within(asks[i], 100, 20_000));
            vm.prank(alice);
            try converter.settleMeter(METER, next, 0, "s") {
                exportWh = next;
            } catch (bytes memory reason) {
                vm.assertEq(bytes4(reason), IEnergyConverter.Implausible.selector);
            }
            vm.assertLe(exportWh, (time() - START + 1 hours) * RATED_W / 1 hours, "more than rated");
        }
        vm.assertGe(exportWh, 100, "the first hour is always allowed");
    }
}
