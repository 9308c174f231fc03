// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {IIDRSToken} from "../src/interfaces/IIDRSToken.sol";
import {Idrs, Token} from "./support/Deployed.sol";
import {TokenProperties} from "./support/TokenProperties.sol";

/// @title IDRS: an ERC-20 with an open ramp that closes once, and a ramp role
contract IDRSTokenTest is TokenProperties {
    uint256 private constant CAP = uint128(type(int128).max);
    address private immutable RAMP = named("ramp");
    Idrs private idrs;

    function deploy() internal override returns (Token) {
        idrs = deployIdrs(owner, true);
        vm.prank(owner);
        idrs.setRamp(RAMP);
        return Token(address(idrs));
    }

    function most() internal pure override returns (uint256) {
        return CAP;
    }

    function give(address to, uint256 amount) internal override {
        vm.prank(RAMP);
        idrs.mint(to, amount);
    }

    function take(address from, uint256 amount) internal override {
        vm.prank(from);
        idrs.offRamp(amount);
    }

    function close() private {
        vm.prank(owner);
        idrs.closeRamp();
    }

    function test_metadata() public view {
        vm.assertEq(idrs.name(), "EnerLink Rupiah Stablecoin");
        vm.assertEq(idrs.symbol(), "IDRS");
        vm.assertEq(idrs.decimals(), 2);
    }

    function testFuzz_onRamp_mintsToTheCaller(address caller, uint256 amount) public {
        vm.assume(caller != address(0));
        amount = within(amount, 0, CAP);
        vm.prank(caller);
        idrs.onRamp(amount);
        vm.assertEq(idrs.balanceOf(caller), amount);
        vm.assertEq(idrs.totalSupply(), amount);
    }

    function test_thereIsNeverMoreThanAWalletCanCount() public {
        give(alice, CAP - 5);
        bytes memory refused = abi.encodeWithSelector(ERC20Capped.ERC20ExceededCap.selector, CAP + 1, CAP);
        vm.prank(bob);
        vm.expectRevert(refused);
        idrs.onRamp(6);
        vm.prank(RAMP);
        vm.expectRevert(refused);
        idrs.mint(bob, 6);
        vm.prank(bob);
        idrs.onRamp(5);
        vm.assertEq(idrs.totalSupply(), CAP);
        // What is there still moves, and what is burned makes room.
        vm.prank(alice);
        idrs.transfer(bob, CAP - 5);
        vm.prank(bob);
        idrs.offRamp(1);
        give(alice, 1);
        vm.assertEq(idrs.totalSupply(), CAP);
    }

    function testFuzz_offRamp_burnsTheCallers(uint256 held, uint256 amount) public {
        held = within(held, 0, CAP);
        vm.prank(alice);
        idrs.onRamp(held);
        if (amount > held) {
            vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, held, amount));
        }
        vm.prank(alice);
        idrs.offRamp(amount);
        vm.assertEq(idrs.totalSupply(), amount > held ? held : held - amount);
    }

    function test_closeRamp_isFinal() public {
        vm.assertTrue(idrs.openRamp(), "open");
        vm.expectEmit(address(idrs));
        emit IIDRSToken.RampClosed();
        close();
        vm.assertFalse(idrs.openRamp(), "closed");
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IIDRSToken.NotRamp.selector, alice));
        idrs.onRamp(1);
        vm.expectRevert(IIDRSToken.RampAlreadyClosed.selector);
        close();
    }

    function test_closedAtDeployment_staysClosed() public {
        idrs = deployIdrs(owner, false);
        vm.assertFalse(idrs.openRamp(), "open");
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IIDRSToken.NotRamp.selector, owner));
        idrs.onRamp(1);
        vm.expectRevert(IIDRSToken.RampAlreadyClosed.selector);
        close();
    }

    function test_offRamp_worksWhenTheRampIsClosed() public {
        give(alice, 500);
        close();
        vm.prank(alice);
        idrs.offRamp(500);
        vm.assertEq(idrs.totalSupply(), 0);
    }

    function test_rampRole_mintsWhenTheRampIsClosed() public {
        close();
        give(alice, 500);
        vm.prank(RAMP);
        idrs.onRamp(70);
        vm.assertEq(idrs.balanceOf(alice), 500);
        vm.assertEq(idrs.balanceOf(RAMP), 70);
    }

    function test_rampRole_burnsWhatTheHolderAllowedAndItsOwn() public {
        give(alice, 500);
        vm.prank(RAMP);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, RAMP, 0, 1));
        idrs.burn(alice, 1);
        vm.prank(alice);
        idrs.approve(RAMP, 300);
        vm.prank(RAMP);
        idrs.burn(alice, 200);
        vm.assertEq(idrs.balanceOf(alice), 300);
        vm.assertEq(idrs.allowance(alice, RAMP), 100);
        give(RAMP, 50);
        vm.prank(RAMP);
        idrs.burn(RAMP, 50);
        vm.assertEq(idrs.totalSupply(), 300);
    }

    function test_setRamp_movesAndEndsTheRole() public {
        close();
        vm.expectEmit(address(idrs));
        emit IIDRSToken.RampChanged(RAMP, bob);
        vm.prank(owner);
        idrs.setRamp(bob);
        vm.assertEq(idrs.ramp(), bob);
        vm.prank(RAMP);
        vm.expectRevert(abi.encodeWithSelector(IIDRSToken.NotRamp.selector, RAMP));
        idrs.mint(alice, 1);
        vm.prank(owner);
        idrs.setRamp(address(0));
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IIDRSToken.NotRamp.selector, bob));
        idrs.mint(alice, 1);
    }
}
