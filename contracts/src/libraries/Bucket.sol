// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IEnergyConverter} from "../interfaces/IEnergyConverter.sol";

/// @title Plausibility as a leaky bucket of time
/// @notice Energy takes as long as it needs at rated power; that time may not run ahead of the clock.
/// A tolerance per call could be used in every call, a bucket is shared by all of them.
library Bucket {
    /// @dev Energy of so long ago may still be settled
    uint256 internal constant REACH = 7 days;
    /// @dev So far may the energy run ahead of the clock
    uint256 internal constant HEADROOM = 1 hours;

    /// @notice Puts `energyWh` into a bucket
    /// @param clearedAt Where the bucket stands
    /// @param energyWh Energy moved in either direction
    /// @param ratedPowerW Rated power, not zero
    /// @return Where the bucket stands afterwards; reverts with `Implausible` if that is too far ahead
    function fill(uint40 clearedAt, uint256 energyWh, uint32 ratedPowerW) internal view returns (uint40) {
        uint256 limit = block.timestamp + HEADROOM;
        // Who makes blocks can shift the clock by seconds, against a headroom of an hour.
        // forge-lint: disable-next-line(block-timestamp)
        uint256 reach = block.timestamp > REACH ? block.timestamp - REACH : 0;
        // Saturated, so that no energy, however absurd, ends in a bare overflow.
        uint256 milled = Math.saturatingMul(energyWh, 1 hours);
        uint256 filled = Math.saturatingAdd(Math.max(clearedAt, reach), Math.ceilDiv(milled, ratedPowerW));
        if (filled > limit) {
            revert IEnergyConverter.Implausible(
                SafeCast.toUint64(Math.min(filled, type(uint64).max)), SafeCast.toUint64(limit)
            );
        }
        return SafeCast.toUint40(filled);
    }
}
