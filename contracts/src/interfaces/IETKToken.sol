// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title EnerLink Energy Token
/// @notice ERC-20 with 2 decimals and EIP-2612 permit. One base unit is 0.01 ETK.
/// Supply changes only by settled energy: nobody but the energy converter mints or burns.
interface IETKToken is IERC20 {
    /// @notice Another contract now mints and burns
    /// @param from The converter until now, zero at first
    /// @param to The converter from now on
    event ConverterChanged(address indexed from, address indexed to);

    /// @notice Only the energy converter mints and burns
    error NotConverter(address caller);

    /// @notice The one contract that mints and burns; zero until the owner has named it
    function converter() external view returns (address);

    /// @notice Names the contract that mints and burns; owner only
    /// @dev Reverts with `ZeroAddress` for zero
    function setConverter(address newConverter) external;

    /// @notice Creates `amount` base units for `to`; converter only
    /// @dev Reverts with `NotConverter`
    function mint(address to, uint256 amount) external;

    /// @notice Destroys `amount` base units of `from`, without an allowance; converter only
    /// @dev Reverts with `NotConverter`, and with ERC20InsufficientBalance above the balance
    function burn(address from, uint256 amount) external;
}
