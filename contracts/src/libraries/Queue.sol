// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What rests at one price of one side, in one slot
/// @notice From high to low: lots (64 bits), generation (48), tail (40), head (40), and the lane of the first order of
/// the generation (64), which therefore needs no slot of its own: in a small market most prices hold one order.
/// Orders from head to before tail may be open; lots is the sum of what they have left, and zero means that none is.
/// @dev Lots are the highest bits, so that too many of them are an overflow. The other counters go up by one in a
/// transaction and never reach their end.
type Queue is uint256;

using Queues for Queue global;

library Queues {
    uint256 private constant LOTS = 192;
    uint256 private constant GENERATION = 144;
    uint256 private constant TAIL = 104;
    uint256 private constant HEAD = 64;
    uint256 private constant COUNTER = type(uint40).max;
    uint256 private constant ONE_AT_TAIL = 2 ** TAIL;
    /// @dev All but lots and head.
    uint256 private constant KEPT = type(uint192).max ^ COUNTER << HEAD;

    function lots(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) >> LOTS;
    }

    function generation(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) >> GENERATION & type(uint48).max;
    }

    function tail(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) >> TAIL & COUNTER;
    }

    function head(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) >> HEAD & COUNTER;
    }

    /// @notice The queue with one more order, of `size` lots, at its tail
    function pushed(Queue queue, uint256 size) internal pure returns (Queue) {
        return Queue.wrap(Queue.unwrap(queue) + (size << LOTS) + ONE_AT_TAIL);
    }

    /// @notice The queue with another head and another sum of lots
    function advanced(Queue queue, uint256 newHead, uint256 newLots) internal pure returns (Queue) {
        return Queue.wrap(Queue.unwrap(queue) & KEPT | newLots << LOTS | newHead << HEAD);
    }

    /// @notice The queue when its last order is gone: the next generation, empty
    function emptied(Queue queue) internal pure returns (Queue) {
        return Queue.wrap(queue.generation() + 1 << GENERATION);
    }
}
