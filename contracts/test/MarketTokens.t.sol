// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IMarket} from "../src/interfaces/IMarket.sol";
import {Exchange, Token} from "./support/Deployed.sol";
import {MarketFixture} from "./support/MarketFixture.sol";
import {CallingToken, FalseToken, FeeToken, SilentToken} from "./support/Tokens.sol";

/// @title Signed allowances, and tokens that misbehave
contract MarketTokensTest is MarketFixture {
    uint256 private constant DAN_KEY = uint256(keccak256("dan"));
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    address private dan = named("dan");

    function setUp() public override {
        super.setUp();
        etk.mint(dan, 1e9);
        vm.prank(dan);
        idrs.onRamp(1e9);
    }

    function signed(Token token, uint256 value) private view returns (IMarket.Permit memory permit) {
        uint256 deadline = time() + 60;
        bytes32 message = keccak256(abi.encode(PERMIT, dan, address(market), value, token.nonces(dan), deadline));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), message));
        (permit.v, permit.r, permit.s) = vm.sign(DAN_KEY, digest);
        (permit.value, permit.deadline) = (value, deadline);
    }

    function test_permit_paysForABid() public {
        IMarket.Permit memory permit = signed(Token(address(idrs)), 5 * 1_500);
        vm.prank(dan);
        (uint256 id,) = market.placeOrderWithPermit(BID, 1_500, 5, GTC, 16, permit);
        vm.assertEq(lotsLeft(id), 5);
        vm.assertEq(idrs.allowance(dan, address(market)), 0, "exactly used up");
    }

    function test_permit_paysForAnAskThatTrades() public {
        bid(alice, 1_500, 3);
        IMarket.Permit memory permit = signed(Token(address(etk)), 5 * LOT);
        vm.prank(dan);
        (uint256 id, uint32 filled) = market.placeOrderWithPermit(ASK, 1_500, 5, GTC, 16, permit);
        vm.assertEq(filled, 3);
        vm.assertEq(lotsLeft(id), 2);
        vm.assertEq(etk.allowance(dan, address(market)), 0);
    }

    /// @dev Somebody who saw it in the pool may use the permit first: the order must still be placed.
    function test_permit_thatSomebodyElseHasUsedIsNoHindrance() public {
        IMarket.Permit memory p = signed(Token(address(idrs)), 5 * 1_500);
        vm.prank(bob);
        idrs.permit(dan, address(market), p.value, p.deadline, p.v, p.r, p.s);
        vm.prank(dan);
        (uint256 id,) = market.placeOrderWithPermit(BID, 1_500, 5, GTC, 16, p);
        vm.assertEq(lotsLeft(id), 5);
    }

    function test_permit_thatIsWrongLeavesItToTheAllowance() public {
        IMarket.Permit memory p = signed(Token(address(idrs)), 5 * 1_500);
        p.value += 1;
        vm.prank(dan);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        market.placeOrderWithPermit(BID, 1_500, 5, GTC, 16, p);
        vm.prank(dan);
        idrs.approve(address(market), 5 * 1_500);
        vm.prank(dan);
        (uint256 id,) = market.placeOrderWithPermit(BID, 1_500, 5, GTC, 16, p);
        vm.assertEq(lotsLeft(id), 5);
    }

    /// @dev The permit is the caller's own: another's signature moves nothing of its signer.
    function test_permit_ofAnotherIsOfNoUse() public {
        IMarket.Permit memory p = signed(Token(address(idrs)), 5 * 1_500);
        address thief = named("thief");
        vm.prank(thief);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        market.placeOrderWithPermit(BID, 1_500, 5, GTC, 16, p);
        vm.assertEq(idrs.balanceOf(dan), 1e9);
    }

    function test_permit_refusesBadOrdersByName() public {
        IMarket.Permit memory p = signed(Token(address(etk)), 1);
        vm.prank(dan);
        vm.expectRevert(abi.encodeWithSelector(IMarket.UnknownSide.selector, 2));
        market.placeOrderWithPermit(2, 1_500, 5, GTC, 16, p);
        vm.prank(dan);
        vm.expectRevert(IMarket.ZeroLots.selector);
        market.placeOrderWithPermit(ASK, 1_500, 0, GTC, 16, p);
    }

    function odd(address token) private returns (Exchange) {
        return deployMarket(token, address(idrs), LOT);
    }

    function test_falseToken_isAFailure() public {
        FalseToken token = new FalseToken();
        token.give(alice, 1e9);
        Exchange other = odd(address(token));
        vm.prank(alice);
        (uint256 id,) = other.placeOrder(ASK, 1_500, 5, GTC, 16);
        token.lie();
        bytes memory reason = abi.encodeWithSelector(Exchange.SafeERC20FailedOperation.selector, address(token));
        vm.prank(alice);
        vm.expectRevert(reason);
        other.cancelOrder(id);
        vm.prank(alice);
        vm.expectRevert(reason);
        other.placeOrder(ASK, 1_500, 5, GTC, 16);
        vm.startPrank(bob);
        idrs.approve(address(other), 1e9);
        vm.expectRevert(reason);
        other.placeOrder(BID, 1_500, 5, GTC, 16);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(address(other)), 5 * LOT);
        vm.assertEq(idrs.balanceOf(bob), PURSE, "the maker was not paid either");
    }

    function test_silentToken_works() public {
        SilentToken token = new SilentToken();
        token.give(alice, 1e9);
        Exchange other = odd(address(token));
        vm.prank(alice);
        other.placeOrder(ASK, 1_500, 5, GTC, 16);
        vm.startPrank(bob);
        idrs.approve(address(other), 1e9);
        other.placeOrder(BID, 1_500, 5, GTC, 16);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(bob), 5 * LOT);
    }

    function feeToken() private returns (FeeToken token) {
        token = new FeeToken();
        token.give(alice, 1e9);
        token.give(carol, 1e9);
    }

    function refuseAsPaidShort(Exchange other, address trader, uint8 side, uint8 flags, FeeToken token) private {
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(IMarket.PaidShort.selector, address(token)));
        other.placeOrder(side, 1_500, 5, flags, 16);
    }

    function test_feeToken_neverComesToRest() public {
        FeeToken token = feeToken();
        Exchange other = odd(address(token));
        // An order that trades with nobody moves nothing, and so proves nothing.
        vm.prank(alice);
        other.placeOrder(ASK, 1_500, 5, IOC, 16);
        refuseAsPaidShort(other, alice, ASK, GTC, token);
        refuseAsPaidShort(other, alice, ASK, POST_ONLY, token);
        IMarket.Permit memory permit;
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.PaidShort.selector, address(token)));
        other.placeOrderWithPermit(ASK, 1_500, 5, GTC, 16, permit);
        vm.assertEq(token.balanceOf(address(other)), 0);
        // The same token as what is paid with.
        other = deployMarket(address(etk), address(token), LOT);
        refuseAsPaidShort(other, alice, BID, GTC, token);
        vm.assertEq(token.balanceOf(alice), 1e9);
    }

    function test_feeToken_isNeitherSoldNorPaidWith() public {
        FeeToken token = feeToken();
        Exchange other = odd(address(token));
        vm.startPrank(bob);
        idrs.approve(address(other), 1e9);
        (uint256 id,) = other.placeOrder(BID, 1_500, 5, GTC, 16);
        vm.stopPrank();
        refuseAsPaidShort(other, alice, ASK, IOC, token);
        refuseAsPaidShort(other, alice, ASK, GTC, token);
        vm.prank(bob);
        other.cancelOrder(id);
        vm.assertEq(idrs.balanceOf(bob), PURSE, "whoever waited for it has everything back");

        other = deployMarket(address(etk), address(token), LOT);
        vm.startPrank(bob);
        etk.approve(address(other), 1e9);
        other.placeOrder(ASK, 1_500, 1, GTC, 16);
        vm.stopPrank();
        vm.startPrank(dan);
        etk.approve(address(other), 1e9);
        other.placeOrder(ASK, 1_500, 1, GTC, 16);
        vm.stopPrank();
        vm.prank(bob);
        other.placeOrder(ASK, 1_500, 9, GTC, 16);
        // The second payment to bob does not make up for what the first one lacks.
        refuseAsPaidShort(other, alice, BID, IOC, token);
        vm.assertEq(token.balanceOf(bob), 0);
    }

    /// @dev Each token is looked after once: one that begins to charge later is the tokens' fault, and the last pays for it.
    function test_feeToken_thatBeginsToChargeLaterLeavesTheEscrowShort() public {
        FeeToken token = feeToken();
        token.charge(0);
        Exchange other = odd(address(token));
        vm.prank(alice);
        (uint256 first,) = other.placeOrder(ASK, 1_500, 100, GTC, 16);
        token.charge(1);
        vm.prank(carol);
        (uint256 last,) = other.placeOrder(ASK, 1_500, 100, GTC, 16);
        vm.assertEq(token.balanceOf(address(other)), 199 * LOT, "a lot is missing");
        vm.prank(alice);
        other.cancelOrder(first);
        vm.prank(carol);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        other.cancelOrder(last);
        token.give(address(other), LOT);
        vm.prank(carol);
        other.cancelOrder(last);
        vm.assertEq(token.balanceOf(address(other)), 0);
    }

    function reenter(CallingToken token, Exchange other, bytes memory data) private {
        token.callBack(address(other), data);
        vm.prank(alice);
        other.placeOrder(ASK, 1_500, 5, GTC, 16);
        assertRefused(token);
        IMarket.Permit memory permit;
        token.callBack(address(other), data);
        vm.prank(alice);
        other.placeOrderWithPermit(ASK, 1_500, 5, GTC, 16, permit);
        assertRefused(token);
        vm.prank(bob);
        other.placeOrder(BID, 1_500, 5, GTC, 16);
        assertRefused(token);
    }

    function assertRefused(CallingToken token) private view {
        vm.assertFalse(token.entered(), "the token came in again");
        vm.assertTrue(bytes4(token.answer()) == Exchange.ReentrancyGuardReentrantCall.selector, "by the guard");
    }

    function test_callingToken_cannotComeInAgain() public {
        CallingToken token = new CallingToken();
        token.give(alice, 1e9);
        token.give(address(token), 1e9);
        Exchange other = odd(address(token));
        vm.prank(bob);
        idrs.approve(address(other), 1e9);
        IMarket.Permit memory permit;
        uint256[] memory ids = new uint256[](1);
        ids[0] = orderId(0, ASK, 1_500, 0);
        reenter(token, other, abi.encodeCall(IMarket.placeOrder, (ASK, 1_500, 5, GTC, 16)));
        reenter(token, other, abi.encodeCall(IMarket.placeOrderWithPermit, (ASK, 1_500, 5, GTC, 16, permit)));
        reenter(token, other, abi.encodeCall(IMarket.cancelOrder, (ids[0])));
        reenter(token, other, abi.encodeCall(IMarket.cancelOrders, (ids)));
        ids[0] = other.orders(ASK, 1_500, 0, 1)[0].id;
        vm.prank(alice);
        other.cancelOrder(ids[0]);
        assertRefused(token);
    }

    /// @dev Whoever looks while tokens move sees the book as it will be: nothing is paid before all is written.
    function test_callingToken_seesTheBookAlreadyWritten() public {
        CallingToken token = new CallingToken();
        token.give(alice, 1e9);
        Exchange other = odd(address(token));
        vm.prank(alice);
        other.placeOrder(ASK, 1_500, 5, GTC, 16);
        vm.prank(bob);
        idrs.approve(address(other), 1e9);
        token.callBack(address(other), abi.encodeCall(IMarket.bestPrices, ()));
        vm.prank(bob);
        other.placeOrder(BID, 1_500, 7, GTC, 16);
        vm.assertTrue(token.entered(), "a view may be read");
        (uint16 bestBid, uint16 bestAsk) = abi.decode(token.answer(), (uint16, uint16));
        vm.assertEq(bestBid, 1_500);
        vm.assertEq(bestAsk, 0);
    }
}
