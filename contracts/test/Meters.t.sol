// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../src/interfaces/IEnergyConverter.sol";
import {IKeptOwnership} from "../src/interfaces/IKeptOwnership.sol";
import {Converter} from "./support/Deployed.sol";
import {Fixture} from "./support/Fixture.sol";
import {Vm} from "./support/Vm.sol";

/// @title A meter's life: registered, opened, given a key, retired, registered again
contract MetersTest is Fixture {
    function test_constructor_startsWithTheDocumentedTerms() public {
        Converter fresh = deployConverter(owner, address(etk));
        vm.assertEq(fresh.owner(), owner);
        vm.assertEq(fresh.operator(), owner);
        vm.assertEq(fresh.etkToken(), address(etk));
        vm.assertEq(fresh.conversionRatio(), 100_000);
        vm.assertEq(fresh.minSettlementThreshold(), 100);
    }

    function test_constructor_tellsWhoTheOperatorIs() public {
        vm.recordLogs();
        deployConverter(owner, address(etk));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        vm.assertEq(last.topics[0], IEnergyConverter.OperatorChanged.selector);
        vm.assertEq(last.topics[1], bytes32(0));
        vm.assertEq(last.topics[2], bytes32(uint256(uint160(owner))));
    }

    function test_constructor_refusesNoToken() public {
        vm.expectRevert(IKeptOwnership.ZeroAddress.selector);
        this.deployWithout(address(0));
    }

    function deployWithout(address etkToken) external {
        deployConverter(owner, etkToken);
    }

    function test_meter_unknownIsAllZero() public view {
        IEnergyConverter.MeterView memory zero;
        vm.assertEq(abi.encode(converter.meter("nobody's")), abi.encode(zero));
        vm.assertEq(abi.encode(converter.meter("")), abi.encode(zero));
    }

    function test_registerMeter_storesAndTells() public {
        vm.expectEmit(address(converter));
        emit IEnergyConverter.MeterRegistered(keccak256("M2"), "M2", bob, 1_300);
        register("M2", bob, 1_300);
        IEnergyConverter.MeterView memory expected;
        expected.prosumer = bob;
        expected.ratedPowerW = 1_300;
        expected.clearedAt = uint64(START);
        vm.assertEq(abi.encode(converter.meter("M2")), abi.encode(expected));
    }

    function test_registerMeter_refusesTheSecondTime() public {
        vm.expectRevert(IEnergyConverter.MeterAlreadyRegistered.selector);
        register(METER, bob, RATED_W);
    }

    function test_registerMeter_boundsTheId() public {
        register(text(1), bob, RATED_W);
        register(text(64), bob, RATED_W);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.MeterIdLength.selector, 0));
        register("", bob, RATED_W);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.MeterIdLength.selector, 65));
        register(text(65), bob, RATED_W);
    }

    function test_registerMeter_boundsTheRatedPower() public {
        register("smallest", bob, 1);
        register("largest", bob, 10_000_000);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.RatedPowerOutOfBounds.selector, 0));
        register("none", bob, 0);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.RatedPowerOutOfBounds.selector, 10_000_001));
        register("larger", bob, 10_000_001);
    }

    function test_registerMeter_refusesNobody() public {
        vm.expectRevert(IKeptOwnership.ZeroAddress.selector);
        register("M2", address(0), RATED_W);
    }

    function test_openMeter_setsTheBaselineAndPaysNothing() public {
        vm.expectEmit(address(converter));
        emit IEnergyConverter.MeterOpened(meterKey(), 700, 300);
        open(700, 300);
        IEnergyConverter.MeterView memory m = view_();
        vm.assertEq(m.exportWh, 700);
        vm.assertEq(m.importWh, 300);
        vm.assertEq(m.openedExportWh, 700);
        vm.assertEq(m.openedImportWh, 300);
        vm.assertTrue(m.opened, "opened");
        vm.assertEq(etk.totalSupply(), 0);
        vm.assertEq(m.clearedAt, START);
    }

    function test_openMeter_refusesTheSecondTime() public {
        open(0, 0);
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.MeterAlreadyOpen.selector);
        converter.openMeter(METER, 5, 5);
    }

    function test_openMeter_refusesUnknownAndRetired() public {
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.MeterUnknown.selector);
        converter.openMeter("other", 0, 0);
        retire(METER);
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.MeterIsRetired.selector);
        converter.openMeter(METER, 0, 0);
    }

    function test_openMeter_takesTheLargestRegisters() public {
        open(type(uint64).max, type(uint64).max);
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.NothingToSettle.selector);
        converter.settleMeter(METER, type(uint64).max, type(uint64).max, "s");
    }

    function test_setSettler_givesAndRevokes() public {
        open(0, 0);
        vm.expectEmit(address(converter));
        emit IEnergyConverter.SettlerChanged(meterKey(), key);
        vm.prank(alice);
        converter.setSettler(METER, key);
        vm.assertEq(view_().settler, key);
        vm.prank(key);
        converter.settleMeter(METER, 1_000, 0, "s");
        vm.assertEq(etk.balanceOf(alice), 100_000);
        vm.assertEq(etk.balanceOf(key), 0);

        vm.prank(alice);
        converter.setSettler(METER, address(0));
        vm.assertEq(view_().settler, address(0));
        vm.prank(key);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.NotSettler.selector, key));
        converter.settleMeter(METER, 2_000, 0, "s");
    }

    function test_setSettler_isForOneMeterOnly() public {
        register("M2", alice, RATED_W);
        vm.prank(alice);
        converter.setSettler(METER, key);
        vm.prank(alice);
        converter.openMeter("M2", 0, 0);
        vm.prank(key);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.NotSettler.selector, key));
        converter.settleMeter("M2", 1_000, 0, "s");
    }

    function test_setSettler_refusesUnknown() public {
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.MeterUnknown.selector);
        converter.setSettler("other", key);
    }

    function test_setSettler_revokesOnARetiredMeter() public {
        vm.prank(alice);
        converter.setSettler(METER, key);
        retire(METER);
        vm.prank(alice);
        converter.setSettler(METER, address(0));
        vm.assertEq(view_().settler, address(0));
    }

    function test_retireMeter_stopsEverySettlement() public {
        open(0, 0);
        vm.expectEmit(address(converter));
        emit IEnergyConverter.MeterRetired(meterKey());
        retire(METER);
        vm.assertTrue(view_().retired, "retired");
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.MeterIsRetired.selector);
        converter.settleMeter(METER, 1_000, 0, "s");
        vm.prank(operator);
        vm.expectRevert(IEnergyConverter.MeterIsRetired.selector);
        converter.processEnergySettlement(METER, alice, 1_000, "s");
    }

    function test_retireMeter_refusesUnknownAndRetired() public {
        vm.expectRevert(IEnergyConverter.MeterUnknown.selector);
        retire("other");
        retire(METER);
        vm.expectRevert(IEnergyConverter.MeterIsRetired.selector);
        retire(METER);
    }

    function test_registerAgain_keepsRegistersAndIdsAndDropsTheKey() public {
        open(100, 50);
        settle(1_100, 50);
        vm.warp(START + 1 hours);
        correct(-101, "c1");
        vm.prank(alice);
        converter.setSettler(METER, key);
        IEnergyConverter.MeterView memory before = view_();
        retire(METER);
        register(METER, bob, 2_000);

        before.prosumer = bob;
        before.ratedPowerW = 2_000;
        before.settler = address(0);
        before.clearedAt = uint64(START + 1 hours);
        vm.assertEq(abi.encode(view_()), abi.encode(before));
        vm.prank(operator);
        vm.expectRevert(IEnergyConverter.SettlementAlreadyProcessed.selector);
        converter.processEnergySettlement(METER, bob, -101, "c1");
        vm.prank(bob);
        vm.expectRevert(IEnergyConverter.MeterAlreadyOpen.selector);
        converter.openMeter(METER, 0, 0);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.NotSettler.selector, alice));
        converter.settleMeter(METER, 2_100, 50, "s");
        vm.prank(bob);
        converter.settleMeter(METER, 2_100, 50, "s");
        vm.assertEq(etk.balanceOf(bob), 100_000);
    }

    function test_registerAgain_givesNoSecondHeadroom() public {
        open(0, 0);
        settle(RATED_W, 0);
        vm.assertEq(view_().clearedAt, START + 1 hours);
        retire(METER);
        register(METER, alice, RATED_W);
        vm.assertEq(view_().clearedAt, START + 1 hours);
        vm.prank(alice);
        vm.expectPartialRevert(IEnergyConverter.Implausible.selector);
        converter.settleMeter(METER, RATED_W + 100, 0, "s");
    }

    function test_registerAgain_givesNoReachIntoThePast() public {
        open(0, 0);
        retire(METER);
        vm.warp(START + 30 days);
        register(METER, alice, RATED_W);
        vm.assertEq(view_().clearedAt, START + 30 days);
    }
}
