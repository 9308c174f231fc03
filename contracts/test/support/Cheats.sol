// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @title What every test contract starts from
abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @notice An address that nobody else has, with its name in traces
    function named(string memory name) internal returns (address account) {
        account = vm.addr(uint256(keccak256(bytes(name))));
        vm.label(account, name);
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
