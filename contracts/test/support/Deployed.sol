// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IEnergyConverter} from "../../src/interfaces/IEnergyConverter.sol";
import {IETKToken} from "../../src/interfaces/IETKToken.sol";
import {IIDRSToken} from "../../src/interfaces/IIDRSToken.sol";
import {IMarket} from "../../src/interfaces/IMarket.sol";

/// @title What the deployed contracts answer to, seen from outside
/// @dev Tests that named the contracts themselves would have to be compiled with the contracts' slow settings.
interface Owned {
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    error OwnableInvalidOwner(address owner);
    error OwnableUnauthorizedAccount(address account);

    function owner() external view returns (address);
    function pendingOwner() external view returns (address);
    function transferOwnership(address newOwner) external;
    function acceptOwnership() external;
    function renounceOwnership() external;
}

interface Token is IERC20Metadata, IERC20Permit {}

interface Etk is IETKToken, Token, Owned {}

interface Idrs is IIDRSToken, Token, Owned {}

interface Exchange is IMarket {
    error ReentrancyGuardReentrantCall();
    error SafeERC20FailedOperation(address token);
}

interface Converter is IEnergyConverter, Owned {}
