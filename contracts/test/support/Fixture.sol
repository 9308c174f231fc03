// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../../src/interfaces/IEnergyConverter.sol";
import {Cheats} from "./Cheats.sol";
import {Converter, Etk} from "./Deployed.sol";

/// @title The converter as deployed: token connected, one meter of alice's with a settlement key
abstract contract Fixture is Cheats {
    /// @dev Late enough that the reach of seven days does not meet zero.
    uint256 internal constant START = 1_760_000_000;
    string internal constant METER = "PLTS-3174-0001";
    uint32 internal constant RATED_W = 5_000;

    Etk internal etk;
    Converter internal converter;
    address internal owner = named("owner");
    address internal operator = named("operator");
    address internal alice = named("alice");
    address internal bob = named("bob");
    address internal key = named("settlement key");
    address internal stranger = named("stranger");

    function setUp() public virtual {
        vm.warp(START);
        etk = deployEtk(owner);
        converter = deployConverter(owner, address(etk));
        vm.startPrank(owner);
        etk.setConverter(address(converter));
        converter.setOperator(operator);
        vm.stopPrank();
        register(METER, alice, RATED_W);
    }

    function register(string memory meterId, address prosumer, uint32 ratedPowerW) internal {
        vm.prank(operator);
        converter.registerMeter(meterId, prosumer, ratedPowerW);
    }

    function retire(string memory meterId) internal {
        vm.prank(operator);
        converter.retireMeter(meterId);
    }

    function open(uint64 exportWh, uint64 importWh) internal {
        vm.prank(alice);
        converter.openMeter(METER, exportWh, importWh);
    }

    function settle(uint64 exportWh, uint64 importWh) internal returns (int256 energyWh, int256 etkAmount) {
        vm.prank(alice);
        return converter.settleMeter(METER, exportWh, importWh, "s");
    }

    function correct(int256 energyWh, string memory settlementId) internal returns (bool) {
        vm.prank(operator);
        return converter.processEnergySettlement(METER, alice, energyWh, settlementId);
    }

    function setRatio(uint256 ratio) internal {
        vm.prank(operator);
        converter.setConversionRatio(ratio);
    }

    function view_() internal view returns (IEnergyConverter.MeterView memory) {
        return converter.meter(METER);
    }

    function meterKey() internal pure returns (bytes32) {
        return keccak256(bytes(METER));
    }

    /// @dev A string of `length` bytes.
    function text(uint256 length) internal pure returns (string memory) {
        bytes memory bytes_ = new bytes(length);
        for (uint256 i; i < length; ++i) {
            bytes_[i] = "x";
        }
        return string(bytes_);
    }
}
