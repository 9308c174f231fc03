// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title EnerLink Rupiah Stablecoin
/// @notice ERC-20 with 2 decimals and EIP-2612 permit. 1 IDR is 1.00 IDRS, one base unit is 0.01 IDRS.
/// While the ramp is open anyone mints for themselves: that is the simulation of a bank, and it closes for ever.
/// There are never more than `type(int128).max` base units, so that every balance is a number that a wallet can hold: without
/// that, anybody could mint and send somebody more than their wallet can count.
interface IIDRSToken is IERC20 {
    /// @notice Another account now holds the ramp role
    /// @param from The holder until now, zero for nobody
    /// @param to The holder from now on, zero for nobody
    event RampChanged(address indexed from, address indexed to);
    /// @notice The open ramp is closed and cannot be opened again
    event RampClosed();

    /// @notice Neither is the ramp open nor does the caller hold the ramp role
    error NotRamp(address caller);
    /// @notice The open ramp was closed before
    error RampAlreadyClosed();

    /// @notice Whether anyone may mint for themselves (simulation mode)
    function openRamp() external view returns (bool);

    /// @notice The account that mints against rupiah received; zero for nobody
    function ramp() external view returns (address);

    /// @notice The most base units that there can ever be
    function cap() external view returns (uint256);

    /// @notice Gives the ramp role to `newRamp`, zero to nobody; owner only
    function setRamp(address newRamp) external;

    /// @notice Ends simulation mode for good; owner only
    /// @dev Reverts with `RampAlreadyClosed` the second time
    function closeRamp() external;

    /// @notice Mints `amount` base units to the caller
    /// @dev Reverts with `NotRamp` unless the ramp is open or the caller holds the ramp role, ERC20ExceededCap above the cap
    function onRamp(uint256 amount) external;

    /// @notice Burns `amount` base units of the caller
    /// @dev Reverts with ERC20InsufficientBalance above the balance
    function offRamp(uint256 amount) external;

    /// @notice Mints `amount` base units to `to`; ramp role only
    /// @dev Reverts with `NotRamp`, ERC20ExceededCap above the cap
    function mint(address to, uint256 amount) external;

    /// @notice Burns `amount` base units of `from`, out of the allowance that `from` gave the ramp; ramp role only
    /// @dev Reverts with `NotRamp`, ERC20InsufficientAllowance or ERC20InsufficientBalance.
    /// The ramp's own balance needs no allowance.
    function burn(address from, uint256 amount) external;
}
