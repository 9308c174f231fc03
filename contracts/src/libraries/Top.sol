// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The best price of both sides, zero for none, how many traders have an id, and which token is proven, in one slot
/// @notice Bid in the lowest 16 bits, ask in the next, traders in the 64 above, and then a bit for each side
type Top is uint256;

using Tops for Top global;

library Tops {
    uint256 private constant PROVEN = 96;

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
        return Top.unwrap(top) >> 32 & type(uint64).max;
    }

    /// @notice The same with one more trader
    function withTrader(Top top) internal pure returns (Top) {
        return Top.wrap(Top.unwrap(top) + 2 ** 32);
    }

    /// @notice Whether the token in which a side pays has been seen to arrive whole
    function proven(Top top, uint256 side) internal pure returns (bool) {
        return Top.unwrap(top) >> PROVEN + side & 1 != 0;
    }

    /// @notice The same with that seen
    function withProven(Top top, uint256 side) internal pure returns (Top) {
        return Top.wrap(Top.unwrap(top) | 2 ** (PROVEN + side));
    }
}
