// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Four orders in a slot
/// @notice An order is a lane of 64 bits: trader id in the upper half, lots in the lower. The orders of a price lie one
/// after the other by sequence, four to a slot, except the first of a generation, which lies in the price's own slot.
/// A cancelled lane keeps its trader, so that its slot never becomes zero and is cheap to use again.
library Lanes {
    /// @notice The number of the slot that holds an order other than the first; each price of a side has 2^38 slots
    /// @dev Orders 1 to 4 lie in slot 1, 5 to 8 in slot 2, each in the lane that its lowest bits say.
    function slotOf(uint256 place, uint256 sequence) internal pure returns (uint256) {
        return place << 38 | sequence + 3 >> 2;
    }

    /// @notice Whether an order is the first of its slot
    function isFirst(uint256 sequence) internal pure returns (bool) {
        return sequence & 3 == 1;
    }

    /// @notice The lane of an order
    function read(uint256 slot, uint256 sequence) internal pure returns (uint256) {
        return slot >> _shift(sequence) & type(uint64).max;
    }

    /// @notice What is left of the order in a lane
    function lotsOf(uint256 lane) internal pure returns (uint256) {
        return lane & type(uint32).max;
    }

    /// @notice Whose order is in a lane, or was
    function traderOf(uint256 lane) internal pure returns (uint256) {
        return lane >> 32;
    }

    /// @notice The slot with another order in the lane
    function write(uint256 slot, uint256 sequence, uint256 traderId, uint256 lots) internal pure returns (uint256) {
        uint256 shift = _shift(sequence);
        return slot & ~(uint256(type(uint64).max) << shift) | (traderId << 32 | lots) << shift;
    }

    /// @notice The slot with `lots` less in the lane, which has at least so many
    function reduce(uint256 slot, uint256 sequence, uint256 lots) internal pure returns (uint256) {
        return slot - (lots << _shift(sequence));
    }

    function _shift(uint256 sequence) private pure returns (uint256) {
        return (sequence & 3) << 6;
    }
}
