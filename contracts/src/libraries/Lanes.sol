// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Four orders in a slot
/// @notice An order is a lane of 64 bits: trader id in the upper half, lots in the lower. The orders of a price lie one
/// after the other by sequence, four to a slot. A cancelled lane keeps its trader, so that its slot never becomes zero
/// and is cheap to use again.
library Lanes {
    /// @notice The number of the slot that holds an order; each price of a side has 2^62 slots of its own
    function slotOf(uint256 place, uint256 sequence) internal pure returns (uint256) {
        return place << 62 | sequence >> 2;
    }

    /// @notice The lane of an order
    function read(uint256 slot, uint256 sequence) internal pure returns (uint256 trader, uint256 lots) {
        uint256 lane = slot >> _shift(sequence);
        return (lane >> 32 & type(uint32).max, lane & type(uint32).max);
    }

    /// @notice The slot with another order in the lane
    function write(uint256 slot, uint256 sequence, uint256 trader, uint256 lots) internal pure returns (uint256) {
        uint256 shift = _shift(sequence);
        return slot & ~(uint256(type(uint64).max) << shift) | (trader << 32 | lots) << shift;
    }

    /// @notice The slot with `lots` less in the lane, which has at least so many
    function reduce(uint256 slot, uint256 sequence, uint256 lots) internal pure returns (uint256) {
        return slot - (lots << _shift(sequence));
    }

    function _shift(uint256 sequence) private pure returns (uint256) {
        return (sequence & 3) << 6;
    }
}
