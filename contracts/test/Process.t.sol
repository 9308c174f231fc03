// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../src/interfaces/IEnergyConverter.sol";
import {Fixture} from "./support/Fixture.sol";
import {Vm} from "./support/Vm.sol";

/// @title Settlement by the operator: corrections, and meters without an app
contract ProcessTest is Fixture {
    function refuse(bytes memory reason, string memory meterId, address prosumer, int256 energyWh, string memory id)
        private
    {
        vm.prank(operator);
        vm.expectRevert(reason);
        converter.processEnergySettlement(meterId, prosumer, energyWh, id);
    }

    function test_process_1000WhIs1000Etk() public {
        vm.expectEmit(address(converter));
        emit IEnergyConverter.EnergySettled(METER, alice, 1_000, 1_000_00, "c1");
        vm.assertTrue(correct(1_000, "c1"), "answer");
        vm.assertEq(etk.balanceOf(alice), 1_000_00);
    }

    function test_process_minus500WhIsMinus500Etk() public {
        correct(1_000, "c1");
        correct(-500, "c2");
        vm.assertEq(etk.balanceOf(alice), 500_00);
        vm.assertEq(view_().mintedWh, 1_000);
        vm.assertEq(view_().burnedWh, 500);
    }

    function test_process_50WhIsBelowTheThresholdAnd100WhIsSettled() public {
        refuse(abi.encodeWithSelector(IEnergyConverter.BelowThreshold.selector, 50, 100), METER, alice, 50, "c1");
        refuse(abi.encodeWithSelector(IEnergyConverter.BelowThreshold.selector, 50, 100), METER, alice, -50, "c1");
        refuse(abi.encodeWithSelector(IEnergyConverter.BelowThreshold.selector, 0, 100), METER, alice, 0, "c1");
        correct(100, "c1");
        correct(-100, "c2");
        vm.assertEq(etk.totalSupply(), 0);
    }

    function test_process_needsNoBaselineAndLeavesTheRegisters() public {
        correct(1_000, "c1");
        vm.assertFalse(view_().opened, "opened");
        open(70, 30);
        correct(1_000, "c2");
        vm.assertEq(view_().exportWh, 70);
        vm.assertEq(view_().importWh, 30);
    }

    function test_process_emitsNoRegisters() public {
        vm.recordLogs();
        correct(1_000, "c1");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        vm.assertEq(logs[0].topics[0], IEnergyConverter.EnergySettled.selector);
        vm.assertEq(logs[1].emitter, address(etk));
    }

    function test_process_refusesTheSameIdAgain() public {
        correct(1_000, "c1");
        refuse(abi.encodeWithSelector(IEnergyConverter.SettlementAlreadyProcessed.selector), METER, alice, 1_000, "c1");
        refuse(abi.encodeWithSelector(IEnergyConverter.SettlementAlreadyProcessed.selector), METER, alice, -100, "c1");
    }

    function test_process_knowsIdsPerMeter() public {
        register("M2", alice, RATED_W);
        correct(1_000, "c1");
        vm.prank(operator);
        converter.processEnergySettlement("M2", alice, 1_000, "c1");
        vm.assertEq(etk.balanceOf(alice), 2_000_00);
    }

    function test_process_aRefusedIdIsNotUsedUp() public {
        refuse(abi.encodeWithSelector(IEnergyConverter.InsufficientEtk.selector, 100_00), METER, alice, -100, "c1");
        correct(100, "c1");
        vm.assertEq(etk.balanceOf(alice), 100_00);
    }

    function test_process_boundsTheId() public {
        refuse(abi.encodeWithSelector(IEnergyConverter.SettlementIdLength.selector, 0), METER, alice, 1_000, "");
        refuse(
            abi.encodeWithSelector(IEnergyConverter.SettlementIdLength.selector, 129), METER, alice, 1_000, text(129)
        );
        correct(1_000, text(128));
        correct(1_000, text(1));
    }

    function test_process_refusesAnotherProsumerAndAnotherMeter() public {
        bytes memory mismatch = abi.encodeWithSelector(IEnergyConverter.ProsumerMismatch.selector, bob, alice);
        refuse(mismatch, METER, bob, 1_000, "c1");
        refuse(abi.encodeWithSelector(IEnergyConverter.MeterUnknown.selector), "other", alice, 1_000, "c1");
        refuse(abi.encodeWithSelector(IEnergyConverter.MeterUnknown.selector), "other", address(0), 1_000, "c1");
    }

    function test_process_refusesTheExtremesOfInt256() public {
        uint64 limit = uint64(START + 1 hours);
        bytes memory reason = abi.encodeWithSelector(IEnergyConverter.Implausible.selector, type(uint64).max, limit);
        refuse(reason, METER, alice, type(int256).min, "c1");
        refuse(reason, METER, alice, type(int256).max, "c1");
        refuse(reason, METER, alice, type(int256).min + 1, "c1");
    }

    function test_process_sharesTheCarry() public {
        setRatio(10);
        open(0, 0);
        correct(150, "c1");
        vm.assertEq(view_().carry, 500);
        (, int256 amount) = settle(150, 0);
        vm.assertEq(amount, 2);
        vm.assertEq(view_().carry, 0);
    }

    function testFuzz_process_isRefusedOrExact(int256 energyWh, uint32 ratio) public {
        setRatio(within(ratio, 1, 1e7) * 10);
        vm.prank(address(converter));
        etk.mint(alice, 1e30);
        vm.prank(operator);
        try converter.processEnergySettlement(METER, alice, energyWh, "c1") {
            vm.assertLe(uint256(energyWh < 0 ? -energyWh : energyWh), RATED_W, "above rated");
            vm.assertEq(int256(etk.balanceOf(alice)) - 1e30, converter.calculateEtkAmount(energyWh));
        } catch (bytes memory reason) {
            bool small = energyWh > -100 && energyWh < 100;
            bytes4 expected = small ? IEnergyConverter.BelowThreshold.selector : IEnergyConverter.Implausible.selector;
            vm.assertEq(bytes4(reason), expected);
        }
    }

    function testFuzz_process_plausibleEnergyIsAccepted(int256 energyWh, uint32 ratio) public {
        setRatio(within(ratio, 1, 1e7) * 10);
        energyWh = within(energyWh, 100, int256(uint256(RATED_W))) * (ratio % 2 == 0 ? int256(1) : int256(-1));
        vm.prank(address(converter));
        etk.mint(alice, 1e30);
        correct(energyWh, "c1");
        vm.assertEq(int256(etk.balanceOf(alice)) - 1e30, converter.calculateEtkAmount(energyWh));
    }
}
