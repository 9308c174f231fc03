// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What each maker is to be paid, noted while matching
/// @notice Address above, amount in the lower 96 bits; zero is no payment.
library Payments {
    /// @notice Puts a payment behind `count` others and answers how many there are then
    /// @dev Trades with one maker that follow each other are one payment. All lots of a call are below 2^32 and a lot costs
    /// below 2^64, so no amount overflows.
    function note(uint256[16] memory payments, uint256 count, address maker, uint256 amount)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            if (count != 0) {
                (address last,) = unpack(payments[count - 1]);
                if (last == maker) {
                    payments[count - 1] += amount;
                    return count;
                }
            }
            payments[count] = uint256(uint160(maker)) << 96 | amount;
            return count + 1;
        }
    }

    /// @notice Whom a payment goes to, and how much
    function unpack(uint256 payment) internal pure returns (address maker, uint256 amount) {
        // 160 bits are left of 256.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (address(uint160(payment >> 96)), payment & type(uint96).max);
    }
}
