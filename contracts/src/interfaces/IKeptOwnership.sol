// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Ownership that is handed over in two steps and never given up
interface IKeptOwnership {
    /// @notice Ownership cannot be renounced: a contract without an owner could not be repaired
    error RenounceRefused();
    /// @notice The zero address cannot take this part
    error ZeroAddress();
}
