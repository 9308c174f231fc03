// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The best price of both sides, zero for none, and how many traders have an id, in one slot
/// @notice Bid in the lowest 16 bits, ask in the next, traders above
type Top is uint256;

using Tops for Top global;

library Tops {
    /// @notice The best price of a side
    function best(Top top, uint256 side) internal pure returns (uint256) {
        return Top.unwrap(top) >> (side << 4) & type(uint16).max;
    }

    /// @notice The same with another best price of a side
    function withBest(Top top, uint256 side, uint256 price) internal pure returns (Top) {
        uint256 mask = uint256(type(uint16).max) << (side << 4);
        return Top.wrap(Top.unwrap(top) & ~mask | price << (side << 4));
    }

    /// @notice How many traders have an id; the last one given
    function traders(Top top) internal pure returns (uint256) {
        return Top.unwrap(top) >> 32;
    }

    /// @notice The same with one more trader
    function withTrader(Top top) internal pure returns (Top) {
        return Top.wrap(Top.unwrap(top) + 2 ** 32);
    }
}
