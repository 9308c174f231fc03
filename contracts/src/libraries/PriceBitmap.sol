// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Which of 65 536 ranks are in use, in two layers
/// @notice A bit for each rank in 256 words, and a summary with a bit for each word that is not zero, so that the next
/// rank in use is found by reading three slots at most.
library PriceBitmap {
    /// @notice What `next` answers when there is none
    uint256 internal constant NONE = 65_536;

    struct Bitmap {
        uint256 summary;
        uint256[256] words;
    }

    /// @notice Puts a rank into use that is not
    function add(Bitmap storage map, uint256 rank) internal {
        uint256 word = map.words[rank >> 8];
        if (word == 0) map.summary |= _bit(rank >> 8);
        map.words[rank >> 8] = word | _bit(rank & 0xFF);
    }

    /// @notice Takes a rank out of use that is in use
    function remove(Bitmap storage map, uint256 rank) internal {
        uint256 word = map.words[rank >> 8] ^ _bit(rank & 0xFF);
        map.words[rank >> 8] = word;
        if (word == 0) map.summary ^= _bit(rank >> 8);
    }

    /// @notice The lowest rank in use that is not below `rank`, or `NONE`
    function next(Bitmap storage map, uint256 rank) internal view returns (uint256) {
        if (rank >= NONE) return NONE;
        uint256 index = rank >> 8;
        uint256 word = map.words[index] >> (rank & 0xFF);
        if (word != 0) return rank + _lowest(word);
        // Only the words above this one: index + 1 may be 256, and nothing is left then.
        uint256 above = map.summary >> index + 1;
        if (above == 0) return NONE;
        index += 1 + _lowest(above);
        return index << 8 | _lowest(map.words[index]);
    }

    function _bit(uint256 position) private pure returns (uint256) {
        // The one is shifted, and not by one.
        // forge-lint: disable-next-line(incorrect-shift)
        return 1 << position;
    }

    /// @dev The position of the lowest bit of a number that is not zero.
    function _lowest(uint256 bits) private pure returns (uint256) {
        unchecked {
            return Math.log2(bits & (0 - bits));
        }
    }
}
