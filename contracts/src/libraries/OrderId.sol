// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Order ids: generation, side, price and sequence in one number
/// @notice An id says where its order rests, so that no table of orders is needed. No id is zero, for no price is.
library OrderId {
    /// @notice The id of the order `sequence` of a price; `place` is side and price
    function pack(uint256 generation, uint256 place, uint256 sequence) internal pure returns (uint256) {
        return generation << 57 | place << 40 | sequence;
    }

    /// @notice What an id says. A generation above 48 bits belongs to no order.
    function unpack(uint256 id) internal pure returns (uint256 generation, uint256 place, uint256 sequence) {
        return (id >> 57, id >> 40 & 0x1FFFF, id & type(uint40).max);
    }
}
