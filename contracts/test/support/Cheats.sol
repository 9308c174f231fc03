// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Converter, Etk, Exchange, Idrs} from "./Deployed.sol";
import {Vm} from "./Vm.sol";

/// @title What every test contract starts from
abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @notice An address that nobody else has, with its name in traces
    function named(string memory name) internal returns (address account) {
        account = vm.addr(uint256(keccak256(bytes(name))));
        vm.label(account, name);
    }

    function deployEtk(address owner) internal returns (Etk) {
        return Etk(vm.deployCode("ETKToken.sol:ETKToken", abi.encode(owner)));
    }

    function deployIdrs(address owner, bool openRamp) internal returns (Idrs) {
        return Idrs(vm.deployCode("IDRSToken.sol:IDRSToken", abi.encode(owner, openRamp)));
    }

    function deployConverter(address owner, address etkToken) internal returns (Converter) {
        return Converter(vm.deployCode("EnergyConverter.sol:EnergyConverter", abi.encode(owner, etkToken)));
    }

    function deployMarket(address etkToken, address idrsToken, uint64 lotSize) internal returns (Exchange) {
        return Exchange(vm.deployCode("Market.sol:Market", abi.encode(etkToken, idrsToken, lotSize)));
    }

    /// @notice The block's time; the optimizer may take `block.timestamp` for a constant of the transaction
    function time() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    /// @notice Maps any number into `min..=max`, evenly, and leaves one that is inside as it is
    function within(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        if (x >= min && x <= max) return x;
        uint256 size = max - min + 1;
        return size == 0 ? x : min + x % size;
    }

    /// @notice `within` for signed numbers of at most 127 bits
    function within(int256 x, int256 min, int256 max) internal pure returns (int256) {
        if (x >= min && x <= max) return x;
        return min + int256(uint256(x) % uint256(max - min + 1));
    }
}
