// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {KeptOwnership} from "./base/KeptOwnership.sol";
import {IIDRSToken} from "./interfaces/IIDRSToken.sol";

/// @title EnerLink Rupiah Stablecoin
contract IDRSToken is ERC20Capped, ERC20Permit, KeptOwnership, IIDRSToken {
    /// @inheritdoc IIDRSToken
    address public override ramp;
    /// @inheritdoc IIDRSToken
    bool public override openRamp;

    modifier onlyRamp() {
        if (msg.sender != ramp) revert NotRamp(msg.sender);
        _;
    }

    /// @param owner The account that names the ramp and may close the open one
    /// @param openRamp_ Whether anyone may mint for themselves; false is final
    constructor(address owner, bool openRamp_)
        ERC20("EnerLink Rupiah Stablecoin", "IDRS")
        ERC20Capped(uint128(type(int128).max))
        ERC20Permit("EnerLink Rupiah Stablecoin")
        KeptOwnership(owner)
    {
        openRamp = openRamp_;
    }

    /// @inheritdoc IIDRSToken
    function setRamp(address newRamp) external override onlyOwner {
        emit RampChanged(ramp, newRamp);
        ramp = newRamp;
    }

    /// @inheritdoc IIDRSToken
    function closeRamp() external override onlyOwner {
        if (!openRamp) revert RampAlreadyClosed();
        openRamp = false;
        emit RampClosed();
    }

    /// @inheritdoc IIDRSToken
    function onRamp(uint256 amount) external override {
        if (!openRamp && msg.sender != ramp) revert NotRamp(msg.sender);
        _mint(msg.sender, amount);
    }

    /// @inheritdoc IIDRSToken
    function offRamp(uint256 amount) external override {
        _burn(msg.sender, amount);
    }

    /// @inheritdoc IIDRSToken
    function mint(address to, uint256 amount) external override onlyRamp {
        _mint(to, amount);
    }

    /// @inheritdoc IIDRSToken
    function burn(address from, uint256 amount) external override onlyRamp {
        if (from != msg.sender) _spendAllowance(from, msg.sender, amount);
        _burn(from, amount);
    }

    /// @inheritdoc IIDRSToken
    function cap() public view override(ERC20Capped, IIDRSToken) returns (uint256) {
        return ERC20Capped.cap();
    }

    /// @dev The cap holds where tokens are minted
    function _update(address from, address to, uint256 amount) internal override(ERC20, ERC20Capped) {
        ERC20Capped._update(from, to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 2;
    }
}
