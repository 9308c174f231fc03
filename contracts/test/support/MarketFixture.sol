// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarket} from "../../src/interfaces/IMarket.sol";
import {Cheats} from "./Cheats.sol";
import {Etk, Exchange, Idrs} from "./Deployed.sol";

/// @title The market as deployed, and traders with both tokens and allowances
/// @dev The test itself is the converter, so that it can mint ETK.
abstract contract MarketFixture is Cheats {
    uint8 internal constant BID = 0;
    uint8 internal constant ASK = 1;
    uint8 internal constant GTC = 0;
    uint8 internal constant IOC = 1;
    uint8 internal constant POST_ONLY = 2;
    /// @dev 0.01 kWh at the default ratio.
    uint64 internal constant LOT = 1_000;
    /// @dev Enough for every test, and finite, so that each payment lowers the allowance as a wallet's would.
    uint256 internal constant PURSE = 1e30;

    Etk internal etk;
    Idrs internal idrs;
    Exchange internal market;
    address internal alice = named("alice");
    address internal bob = named("bob");
    address internal carol = named("carol");

    function setUp() public virtual {
        vm.warp(1_760_000_000);
        etk = deployEtk(address(this));
        etk.setConverter(address(this));
        idrs = deployIdrs(address(this), true);
        market = deployMarket(address(etk), address(idrs), LOT);
        fund(alice);
        fund(bob);
        fund(carol);
    }

    function fund(address trader) internal {
        etk.mint(trader, PURSE);
        vm.startPrank(trader);
        idrs.onRamp(PURSE);
        etk.approve(address(market), PURSE);
        idrs.approve(address(market), PURSE);
        vm.stopPrank();
    }

    function place(address trader, uint8 side, uint16 price, uint32 lots, uint8 flags, uint8 maxFills)
        internal
        returns (uint256 id, uint32 filled)
    {
        vm.prank(trader);
        return market.placeOrder(side, price, lots, flags, maxFills);
    }

    function bid(address trader, uint16 price, uint32 lots) internal returns (uint256 id) {
        (id,) = place(trader, BID, price, lots, GTC, 16);
    }

    function ask(address trader, uint16 price, uint32 lots) internal returns (uint256 id) {
        (id,) = place(trader, ASK, price, lots, GTC, 16);
    }

    function cancel(address trader, uint256 id) internal {
        vm.prank(trader);
        market.cancelOrder(id);
    }

    function lotsLeft(uint256 id) internal view returns (uint32) {
        uint256[] memory ids = new uint256[](1);
        ids[0] = id;
        return market.lotsLeft(ids)[0];
    }

    function orderId(uint256 generation, uint8 side, uint16 price, uint256 sequence) internal pure returns (uint256) {
        return generation << 57 | uint256(side) << 56 | uint256(price) << 40 | sequence;
    }

    /// @dev The `n`th of as many traders as are needed.
    function neighbour(uint256 n) internal returns (address) {
        return named(string.concat("neighbour ", vm.toString(n)));
    }

    function assertBest(uint16 expectedBid, uint16 expectedAsk) internal view {
        (uint16 bestBid, uint16 bestAsk) = market.bestPrices();
        vm.assertEq(bestBid, expectedBid, "best bid");
        vm.assertEq(bestAsk, expectedAsk, "best ask");
    }

    function levelAt(uint8 side, uint16 price) internal view returns (IMarket.Level memory level) {
        IMarket.Level[] memory found = market.levels(side, price, 1);
        if (found.length == 1 && found[0].price == price) return found[0];
    }
}
