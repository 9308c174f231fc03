// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../src/interfaces/IEnergyConverter.sol";
import {Fixture} from "./support/Fixture.sol";
import {Vm} from "./support/Vm.sol";

/// @title Settlement by registers: what is paid, and what is refused
contract SettleTest is Fixture {
    function setUp() public override {
        super.setUp();
        open(10_000, 2_000);
    }

    function test_settleMeter_1000WhIs1000Etk() public {
        (int256 energyWh, int256 etkAmount) = settle(11_000, 2_000);
        vm.assertEq(energyWh, 1_000);
        vm.assertEq(etkAmount, 1_000_00);
        vm.assertEq(etk.balanceOf(alice), 1_000_00);
    }

    function test_settleMeter_minus500WhIsMinus500Etk() public {
        settle(11_000, 2_000);
        (int256 energyWh, int256 etkAmount) = settle(11_000, 2_500);
        vm.assertEq(energyWh, -500);
        vm.assertEq(etkAmount, -500_00);
        vm.assertEq(etk.balanceOf(alice), 500_00);
        vm.assertEq(view_().mintedWh, 1_000);
        vm.assertEq(view_().burnedWh, 500);
    }

    function test_settleMeter_50WhIsBelowTheThreshold() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.BelowThreshold.selector, 50, 100));
        converter.settleMeter(METER, 10_050, 2_000, "s");
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.BelowThreshold.selector, 99, 100));
        converter.settleMeter(METER, 10_000, 2_099, "s");
    }

    function test_settleMeter_100WhIsSettled() public {
        (int256 energyWh,) = settle(10_100, 2_000);
        vm.assertEq(energyWh, 100);
        (energyWh,) = settle(10_100, 2_100);
        vm.assertEq(energyWh, -100);
    }

    function test_settleMeter_tellsEnergyThenRegisters() public {
        setRatio(10);
        string memory id = "PLTS-3174-0001/11234/2000";
        vm.expectEmit(address(converter));
        emit IEnergyConverter.EnergySettled(METER, alice, 1_234, 12, id);
        vm.expectEmit(address(converter));
        emit IEnergyConverter.MeterSettled(meterKey(), 11_234, 2_000, 340);
        vm.prank(alice);
        converter.settleMeter(METER, 11_234, 2_000, id);
    }

    function test_settleMeter_emitsTheRegistersRightAfterTheEnergy() public {
        vm.recordLogs();
        settle(11_000, 2_000);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        vm.assertEq(logs[0].topics[0], IEnergyConverter.EnergySettled.selector);
        vm.assertEq(logs[1].topics[0], IEnergyConverter.MeterSettled.selector);
        vm.assertEq(logs[2].emitter, address(etk));
    }

    function test_settleMeter_movesOnlyTheLastSettledRegisters() public {
        settle(11_000, 2_100);
        IEnergyConverter.MeterView memory m = view_();
        vm.assertEq(m.exportWh, 11_000);
        vm.assertEq(m.importWh, 2_100);
        vm.assertEq(m.openedExportWh, 10_000);
        vm.assertEq(m.openedImportWh, 2_000);
    }

    function test_settleMeter_refusesARegisterBehind() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.RegisterBehind.selector, 9_999, 9_000, 10_000, 2_000));
        converter.settleMeter(METER, 9_999, 9_000, "s");
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.RegisterBehind.selector, 90_000, 1_999, 10_000, 2_000));
        converter.settleMeter(METER, 90_000, 1_999, "s");
    }

    function test_settleMeter_refusesTheSameRegistersAgain() public {
        settle(11_000, 2_000);
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.NothingToSettle.selector);
        converter.settleMeter(METER, 11_000, 2_000, "another id");
    }

    function test_settleMeter_refusesEqualExportAndImport() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.BelowThreshold.selector, 0, 100));
        converter.settleMeter(METER, 10_500, 2_500, "s");
    }

    function test_settleMeter_refusesABurnAboveTheBalance() public {
        settle(10_300, 2_000);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.InsufficientEtk.selector, 200_00));
        converter.settleMeter(METER, 10_300, 2_500, "s");
        vm.assertEq(view_().importWh, 2_000);
        (, int256 etkAmount) = settle(10_300, 2_300);
        vm.assertEq(etkAmount, -300_00);
        vm.assertEq(etk.balanceOf(alice), 0);
    }

    function test_settleMeter_refusesUnknownUnopenedAndStrangers() public {
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.MeterUnknown.selector);
        converter.settleMeter("other", 11_000, 2_000, "s");
        register("M2", alice, RATED_W);
        vm.prank(alice);
        vm.expectRevert(IEnergyConverter.MeterNotOpen.selector);
        converter.settleMeter("M2", 11_000, 2_000, "s");
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.NotSettler.selector, bob));
        converter.settleMeter(METER, 11_000, 2_000, "s");
    }

    function test_settleMeter_boundsTheSettlementId() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.SettlementIdLength.selector, 0));
        converter.settleMeter(METER, 11_000, 2_000, "");
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.SettlementIdLength.selector, 129));
        converter.settleMeter(METER, 11_000, 2_000, text(129));
        vm.prank(alice);
        converter.settleMeter(METER, 11_000, 2_000, text(128));
        vm.assertEq(etk.balanceOf(alice), 1_000_00);
    }

    function test_settleMeter_carriesTheRemainderOfBothSigns() public {
        setRatio(10);
        (, int256 amount) = settle(10_150, 2_000);
        vm.assertEq(amount, 1);
        vm.assertEq(view_().carry, 500);
        (, amount) = settle(10_300, 2_000);
        vm.assertEq(amount, 2);
        vm.assertEq(view_().carry, 0);
        (, amount) = settle(10_300, 2_190);
        vm.assertEq(amount, -1);
        vm.assertEq(view_().carry, -900);
        (, amount) = settle(10_480, 2_190);
        vm.assertEq(amount, 0);
        vm.assertEq(view_().carry, 900);
        vm.assertEq(etk.totalSupply(), 2);
    }

    function test_settleMeter_thatPaysNothingMovesNoToken() public {
        setRatio(10);
        vm.prank(operator);
        converter.setMinSettlementThreshold(50);
        vm.recordLogs();
        (, int256 amount) = settle(10_060, 2_000);
        vm.assertEq(amount, 0);
        vm.assertEq(view_().carry, 600);
        vm.assertEq(vm.getRecordedLogs().length, 2);
    }

    function test_settleMeter_acceptsTheWholeRegisterRange() public {
        register("M2", bob, 10_000_000);
        vm.prank(bob);
        converter.openMeter("M2", type(uint64).max - 5_000, type(uint64).max - 100);
        vm.prank(bob);
        (int256 energyWh,) = converter.settleMeter("M2", type(uint64).max, type(uint64).max, "s");
        vm.assertEq(energyWh, 4_900);
        vm.prank(bob);
        vm.expectRevert(IEnergyConverter.NothingToSettle.selector);
        converter.settleMeter("M2", type(uint64).max, type(uint64).max, "s");
    }

    function testFuzz_settleMeter_paysWhatTheRegistersSay(uint64 exported, uint64 imported, uint32 ratio) public {
        exported = uint64(within(exported, 0, 800_000));
        imported = uint64(within(imported, 0, 800_000));
        setRatio(within(ratio, 1, 1e7) * 10);
        vm.warp(START + 7 days);
        uint256 net = exported > imported ? exported - imported : imported - exported;
        vm.assume(net >= 100);
        uint256 base = net * converter.conversionRatio() / 1_000;
        // The household owns enough to pay, so that a burn is possible.
        vm.prank(address(converter));
        etk.mint(alice, base);
        (int256 energyWh, int256 amount) = settle(10_000 + exported, 2_000 + imported);
        vm.assertEq(energyWh, int256(uint256(exported)) - int256(uint256(imported)));
        vm.assertEq(amount, exported > imported ? int256(base) : -int256(base));
        vm.assertEq(etk.balanceOf(alice), exported > imported ? 2 * base : 0);
        vm.assertEq(amount, converter.calculateEtkAmount(energyWh));
    }

    function testFuzz_settleMeter_isOneSettlementHoweverItIsSplit(uint64[8] memory steps, uint32 ratio) public {
        setRatio(within(ratio, 1, 1e7) * 10);
        vm.warp(START + 7 days);
        uint64 exportWh = 10_000;
        int256 paid;
        for (uint256 i; i < steps.length; ++i) {
            exportWh += uint64(within(steps[i], 100, 100_000));
            (, int256 amount) = settle(exportWh, 2_000);
            paid += amount;
        }
        vm.assertEq(paid, converter.calculateEtkAmount(int256(uint256(exportWh)) - 10_000));
    }

    function testFuzz_settleMeter_neverTakesAbsurdRegisters(uint64 exportWh, uint64 importWh) public {
        vm.assume(exportWh > 100_000 || importWh > 100_000);
        vm.prank(alice);
        vm.expectRevert();
        converter.settleMeter(METER, exportWh, importWh, "s");
    }
}
