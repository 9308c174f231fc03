// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IKeptOwnership} from "../interfaces/IKeptOwnership.sol";

/// @title Two-step ownership without renouncing
abstract contract KeptOwnership is Ownable2Step, IKeptOwnership {
    constructor(address owner_) Ownable(owner_) {}

    /// @notice Always refused
    function renounceOwnership() public pure override {
        revert RenounceRefused();
    }
}
