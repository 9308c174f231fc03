// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../src/interfaces/IEnergyConverter.sol";
import {IKeptOwnership} from "../src/interfaces/IKeptOwnership.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title Ratio, threshold, operator, and the conversion that they govern
contract TermsTest is Fixture {
    function setThreshold(uint256 thresholdWh) private {
        vm.prank(operator);
        converter.setMinSettlementThreshold(thresholdWh);
    }

    function test_setConversionRatio_tellsBoth() public {
        vm.expectEmit(address(converter));
        emit IEnergyConverter.ConversionRatioChanged(100_000, 100);
        setRatio(100);
        vm.assertEq(converter.conversionRatio(), 100);
    }

    function testFuzz_setConversionRatio_isBounded(uint256 ratio, bool near) public {
        if (near) ratio = within(ratio, 0, 2e8);
        bool good = ratio >= 10 && ratio <= 1e8 && ratio % 10 == 0;
        if (!good) vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.RatioOutOfBounds.selector, ratio));
        setRatio(ratio);
        vm.assertEq(converter.conversionRatio(), good ? ratio : 100_000);
    }

    function test_setConversionRatio_atTheBounds() public {
        setRatio(10);
        setRatio(1e8);
        uint256[6] memory bad = [uint256(0), 9, 11, 1e8 + 10, 1 << 255, type(uint256).max];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.RatioOutOfBounds.selector, bad[i]));
            setRatio(bad[i]);
        }
    }

    function test_setConversionRatio_keepsTheCarry() public {
        open(0, 0);
        setRatio(10);
        settle(150, 0);
        vm.assertEq(view_().carry, 500);
        setRatio(100_000);
        (, int256 amount) = settle(250, 0);
        vm.assertEq(amount, 10_000);
        vm.assertEq(view_().carry, 500);
    }

    function test_setMinSettlementThreshold_tellsBothAndGoverns() public {
        open(0, 0);
        vm.expectEmit(address(converter));
        emit IEnergyConverter.MinSettlementThresholdChanged(100, 1);
        setThreshold(1);
        vm.assertEq(converter.minSettlementThreshold(), 1);
        settle(1, 0);
        setThreshold(10_000);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.BelowThreshold.selector, 4_999, 10_000));
        converter.settleMeter(METER, 5_000, 0, "s");
    }

    function test_setMinSettlementThreshold_isBounded() public {
        uint256[4] memory bad = [uint256(0), 10_001, 1 << 32, type(uint256).max];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.ThresholdOutOfBounds.selector, bad[i]));
            setThreshold(bad[i]);
        }
        vm.assertEq(converter.minSettlementThreshold(), 100);
    }

    function test_setOperator_movesTheRole() public {
        vm.expectEmit(address(converter));
        emit IEnergyConverter.OperatorChanged(operator, bob);
        vm.prank(owner);
        converter.setOperator(bob);
        vm.assertEq(converter.operator(), bob);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IEnergyConverter.NotOperator.selector, operator));
        converter.setConversionRatio(100);
        vm.prank(bob);
        converter.setConversionRatio(100);
    }

    function test_setOperator_refusesNobodyAndKeepsTheTerms() public {
        vm.prank(owner);
        vm.expectRevert(IKeptOwnership.ZeroAddress.selector);
        converter.setOperator(address(0));
        setRatio(200);
        vm.prank(owner);
        converter.setOperator(bob);
        vm.assertEq(converter.conversionRatio(), 200);
        vm.assertEq(converter.minSettlementThreshold(), 100);
    }

    function test_calculateEtkAmount_vectors() public {
        int256[2][7] memory byDefault = [
            [int256(1_000), int256(1_000_00)],
            [int256(-500), int256(-500_00)],
            [int256(1), int256(100)],
            [int256(0), int256(0)],
            [int256(100), int256(100_00)],
            [int256(-1), int256(-100)],
            [int256(15_230), int256(15_230_00)]
        ];
        for (uint256 i; i < byDefault.length; ++i) {
            vm.assertEq(converter.calculateEtkAmount(byDefault[i][0]), byDefault[i][1]);
        }
        setRatio(100);
        int256[2][6] memory perKwh = [
            [int256(1_000), int256(100)],
            [int256(-500), int256(-50)],
            [int256(9), int256(0)],
            [int256(-9), int256(0)],
            [int256(19), int256(1)],
            [int256(-19), int256(-1)]
        ];
        for (uint256 i; i < perKwh.length; ++i) {
            vm.assertEq(converter.calculateEtkAmount(perKwh[i][0]), perKwh[i][1]);
        }
    }

    /// @dev The reference works on magnitudes, in unsigned numbers, and has no line in common with the contract.
    function testFuzz_calculateEtkAmount_equalsTheReference(int256 energyWh, uint32 ratio) public {
        uint256 terms = within(ratio, 1, 1e7) * 10;
        setRatio(terms);
        energyWh = within(energyWh, -1e30, 1e30);
        uint256 magnitude = uint256(energyWh < 0 ? -energyWh : energyWh);
        uint256 whole = (magnitude / 1_000) * terms + ((magnitude % 1_000) * terms) / 1_000;
        vm.assertEq(converter.calculateEtkAmount(energyWh), energyWh < 0 ? -int256(whole) : int256(whole));
    }

    function test_calculateEtkAmount_overflowsByPanic() public {
        bytes memory panic = abi.encodeWithSignature("Panic(uint256)", 0x11);
        vm.expectRevert(panic);
        converter.calculateEtkAmount(type(int256).min);
        vm.expectRevert(panic);
        converter.calculateEtkAmount(type(int256).max);
        int256 largest = type(int256).max / 100_000;
        vm.assertEq(converter.calculateEtkAmount(largest), largest * 100_000 / 1_000);
        vm.expectRevert(panic);
        converter.calculateEtkAmount(largest + 1);
    }
}
