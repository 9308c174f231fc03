// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {KeptOwnership} from "./base/KeptOwnership.sol";
import {IETKToken} from "./interfaces/IETKToken.sol";

/// @title EnerLink Energy Token
contract ETKToken is ERC20, ERC20Permit, KeptOwnership, IETKToken {
    /// @inheritdoc IETKToken
    address public override converter;

    modifier onlyConverter() {
        if (msg.sender != converter) revert NotConverter(msg.sender);
        _;
    }

    /// @param owner The account that names the converter
    constructor(address owner)
        ERC20("EnerLink Energy Token", "ETK")
        ERC20Permit("EnerLink Energy Token")
        KeptOwnership(owner)
    {}

    /// @inheritdoc IETKToken
    function setConverter(address newConverter) external override onlyOwner {
        if (newConverter == address(0)) revert ZeroAddress();
        emit ConverterChanged(converter, newConverter);
        converter = newConverter;
    }

    /// @inheritdoc IETKToken
    function mint(address to, uint256 amount) external override onlyConverter {
        _mint(to, amount);
    }

    /// @inheritdoc IETKToken
    function burn(address from, uint256 amount) external override onlyConverter {
        _burn(from, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 2;
    }
}
