// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Idrs} from "../support/Deployed.sol";
import {Fixture} from "../support/Fixture.sol";

/// @title What the everyday transactions cost, as whole transactions
/// @dev Run with `--isolate`, so that each call is a transaction of its own: base fee, calldata and refunds included.
contract SettlementGas is Fixture {
    string private constant NEXT_ID = "PLTS-3174-0001/15234000/2567000";
    Idrs private idrs;

    function setUp() public override {
        super.setUp();
        idrs = deployIdrs(owner, true);
        open(15_000_000, 2_500_000);
        vm.prank(alice);
        converter.setSettler(METER, key);
        vm.prank(alice);
        converter.settleMeter(METER, 15_001_000, 2_500_000, "PLTS-3174-0001/15001000/2500000");
        vm.prank(alice);
        converter.settleMeter(METER, 15_001_000, 2_500_100, "PLTS-3174-0001/15001000/2500100");
        vm.warp(START + 1 days);
    }

    function record(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("settlement", name);
    }

    function test_settleMeter_mintKnownHolder() public {
        vm.prank(alice);
        converter.settleMeter(METER, 15_002_000, 2_500_200, NEXT_ID);
        vm.assertLe(record("settleMeter, mint, known holder"), 70_000, "budget");
    }

    function test_settleMeter_mintBySettlementKey() public {
        vm.prank(key);
        converter.settleMeter(METER, 15_002_000, 2_500_200, NEXT_ID);
        vm.assertLe(record("settleMeter, mint, by settlement key"), 73_000, "budget");
    }

    function test_settleMeter_burn() public {
        vm.prank(alice);
        converter.settleMeter(METER, 15_001_000, 2_500_600, NEXT_ID);
        vm.assertLe(record("settleMeter, burn"), 71_000, "budget");
    }

    function test_settleMeter_firstMint() public {
        register("PLTS-3174-0002", bob, RATED_W);
        vm.prank(bob);
        converter.openMeter("PLTS-3174-0002", 0, 0);
        vm.prank(bob);
        converter.settleMeter("PLTS-3174-0002", 1_000, 0, "PLTS-3174-0002/1000/0");
        record("settleMeter, mint, new holder");
    }

    function test_registerMeter() public {
        vm.prank(operator);
        converter.registerMeter("PLTS-3174-0002", bob, RATED_W);
        record("registerMeter");
    }

    function test_openMeter() public {
        register("PLTS-3174-0002", bob, RATED_W);
        vm.prank(bob);
        converter.openMeter("PLTS-3174-0002", 15_000_000, 2_500_000);
        record("openMeter");
    }

    function test_setSettler() public {
        register("PLTS-3174-0002", bob, RATED_W);
        vm.prank(bob);
        converter.setSettler("PLTS-3174-0002", key);
        record("setSettler");
    }

    function test_processEnergySettlement() public {
        vm.prank(operator);
        converter.processEnergySettlement(METER, alice, 1_000, "correction-1");
        record("processEnergySettlement, mint, known holder");
    }

    function test_transfers() public {
        vm.prank(bob);
        idrs.onRamp(100);
        vm.prank(alice);
        idrs.onRamp(500);
        record("onRamp, new holder");
        vm.prank(alice);
        idrs.onRamp(500);
        record("onRamp, known holder");
        vm.prank(alice);
        idrs.offRamp(500);
        record("offRamp");
        vm.prank(alice);
        idrs.transfer(bob, 100);
        record("transfer, known holder");
    }
}
