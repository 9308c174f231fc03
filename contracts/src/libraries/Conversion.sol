// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Watt-hours to ETK base units, exact over time
library Conversion {
    /// @dev The ratio counts base units for so many Wh
    int256 internal constant WH_PER_RATIO = 1000;

    /// @notice Converts `energyWh` and what earlier conversions left over
    /// @param energyWh Net energy; export is positive
    /// @param ratio Base units for 1000 Wh
    /// @param carry Remainder of the conversion before, in thousandths of a base unit
    /// @return amount Base units, truncated toward zero
    /// @return remainder What is left over, in thousandths of a base unit, between -999 and 999
    function convert(int256 energyWh, uint256 ratio, int256 carry)
        internal
        pure
        returns (int256 amount, int256 remainder)
    {
        int256 owed = _thousandths(energyWh, ratio) + carry;
        amount = owed / WH_PER_RATIO;
        remainder = owed % WH_PER_RATIO;
    }

    /// @notice Converts `energyWh` by itself, in base units, truncated toward zero
    function convert(int256 energyWh, uint256 ratio) internal pure returns (int256) {
        return _thousandths(energyWh, ratio) / WH_PER_RATIO;
    }

    function _thousandths(int256 energyWh, uint256 ratio) private pure returns (int256) {
        // The setter bounds the ratio to 1e8, so the cast keeps its value.
        // forge-lint: disable-next-line(unsafe-typecast)
        return energyWh * int256(ratio);
    }
}
