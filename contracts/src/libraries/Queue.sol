// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What rests at one price of one side, in one slot
/// @notice Generation, head, tail and lots, 64 bits each, from high to low. Orders from head to before tail may be open;
/// lots is the sum of what they have left, and zero means that none is.
/// @dev No field can overflow: it would take 2^32 of the largest orders at one price, or 2^64 transactions.
type Queue is uint256;

using Queues for Queue global;

library Queues {
    function generation(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) >> 192;
    }

    function head(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) >> 128 & type(uint64).max;
    }

    function tail(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) >> 64 & type(uint64).max;
    }

    function lots(Queue queue) internal pure returns (uint256) {
        return Queue.unwrap(queue) & type(uint64).max;
    }

    /// @notice The queue with one more order, of `size` lots, at its tail
    function pushed(Queue queue, uint256 size) internal pure returns (Queue) {
        return Queue.wrap(Queue.unwrap(queue) + (1 << 64 | size));
    }

    /// @notice The queue with another head and another sum of lots
    function advanced(Queue queue, uint256 newHead, uint256 newLots) internal pure returns (Queue) {
        return Queue.wrap(queue.generation() << 192 | newHead << 128 | queue.tail() << 64 | newLots);
    }

    /// @notice The queue when its last order is gone: the next generation, empty
    function emptied(Queue queue) internal pure returns (Queue) {
        return Queue.wrap(queue.generation() + 1 << 192);
    }
}
