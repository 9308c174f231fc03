// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IMarket} from "../interfaces/IMarket.sol";

/// @title A payment that has to arrive whole
library WholeERC20 {
    using SafeERC20 for IERC20;

    /// @notice Moves tokens of the caller; reverts with `PaidShort` if less arrives than was sent
    function payWhole(IERC20 token, address to, uint256 amount) internal {
        uint256 whole = token.balanceOf(to) + amount;
        token.safeTransferFrom(msg.sender, to, amount);
        if (token.balanceOf(to) < whole) revert IMarket.PaidShort(address(token));
    }
}
