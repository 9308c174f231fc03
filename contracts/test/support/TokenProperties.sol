// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Cheats} from "./Cheats.sol";
import {Token} from "./Deployed.sol";

/// @title What ERC-20 and EIP-2612 promise, for any token that can be given and taken
abstract contract TokenProperties is Cheats {
    uint256 internal constant ALICE_KEY = uint256(keccak256("alice"));
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    error ERC2612ExpiredSignature(uint256 deadline);
    error ERC2612InvalidSigner(address signer, address owner);

    Token internal token;
    address internal owner = named("owner");
    address internal alice = named("alice");
    address internal bob = named("bob");
    address internal carol = named("carol");

    function deploy() internal virtual returns (Token);
    /// @notice The most that there can be
    function most() internal pure virtual returns (uint256);
    function give(address to, uint256 amount) internal virtual;
    function take(address from, uint256 amount) internal virtual;

    function setUp() public virtual {
        vm.warp(1_760_000_000);
        token = deploy();
    }

    function transfer(address from, address to, uint256 amount) private {
        vm.prank(from);
        vm.assertTrue(token.transfer(to, amount), "transfer answers true");
    }

    function transferFrom(address from, address to, uint256 amount) private {
        vm.prank(bob);
        vm.assertTrue(token.transferFrom(from, to, amount), "transferFrom answers true");
    }

    function approve(uint256 amount) private {
        vm.prank(alice);
        vm.assertTrue(token.approve(bob, amount), "approve answers true");
    }

    function testFuzz_mint_raisesBalanceAndSupply(uint256 amount) public {
        amount = within(amount, 0, most());
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(0), alice, amount);
        give(alice, amount);
        vm.assertEq(token.balanceOf(alice), amount);
        vm.assertEq(token.totalSupply(), amount);
    }

    function testFuzz_mint_refusesASupplyAboveTheRange(uint256 first, uint256 second) public {
        first = within(first, 1, most());
        second = within(second, most() - first + 1, type(uint256).max);
        give(alice, first);
        this.giveOutside(bob, second, true);
        vm.assertEq(token.totalSupply(), first);
    }

    function giveOutside(address to, uint256 amount, bool refused) external {
        if (refused) vm.expectRevert();
        give(to, amount);
    }

    function test_mint_refusesNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        give(address(0), 1);
    }

    function testFuzz_burn_lowersBalanceAndSupply(uint256 held, uint256 amount) public {
        held = within(held, 0, most());
        amount = within(amount, 0, held);
        give(alice, held);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(alice, address(0), amount);
        take(alice, amount);
        vm.assertEq(token.balanceOf(alice), held - amount);
        vm.assertEq(token.totalSupply(), held - amount);
    }

    function testFuzz_burn_refusesAboveTheBalance(uint256 held, uint256 amount) public {
        held = within(held, 0, most() - 1);
        amount = within(amount, held + 1, type(uint256).max);
        give(alice, held);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, held, amount));
        take(alice, amount);
    }

    function testFuzz_transfer_movesAndKeepsTheSupply(uint256 held, uint256 amount) public {
        held = within(held, 0, most());
        amount = within(amount, 0, held);
        give(alice, held);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(alice, bob, amount);
        transfer(alice, bob, amount);
        vm.assertEq(token.balanceOf(alice), held - amount);
        vm.assertEq(token.balanceOf(bob), amount);
        vm.assertEq(token.totalSupply(), held);
    }

    function testFuzz_transfer_toOneselfChangesNothing(uint256 held, uint256 amount) public {
        held = within(held, 0, most());
        amount = within(amount, 0, held);
        give(alice, held);
        transfer(alice, alice, amount);
        vm.assertEq(token.balanceOf(alice), held);
        vm.assertEq(token.totalSupply(), held);
    }

    function testFuzz_transfer_refusesAboveTheBalance(uint256 held, uint256 amount) public {
        held = within(held, 0, most() - 1);
        amount = within(amount, held + 1, type(uint256).max);
        give(alice, held);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, held, amount));
        token.transfer(bob, amount);
    }

    function testFuzz_transfer_refusesNobody(uint256 amount) public {
        amount = within(amount, 0, most());
        give(alice, amount);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        token.transfer(address(0), amount);
    }

    function testFuzz_approve_replacesTheAllowance(uint256 first, uint256 second) public {
        approve(first);
        vm.expectEmit(address(token));
        emit IERC20.Approval(alice, bob, second);
        approve(second);
        vm.assertEq(token.allowance(alice, bob), second);
        vm.assertEq(token.allowance(bob, alice), 0);
    }

    function test_approve_refusesNobody() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidSpender.selector, address(0)));
        token.approve(address(0), 1);
    }

    function testFuzz_transferFrom_spendsTheAllowance(uint256 held, uint256 allowed, uint256 amount) public {
        held = within(held, 0, most());
        allowed = within(allowed, 0, type(uint256).max - 1);
        amount = within(amount, 0, held < allowed ? held : allowed);
        give(alice, held);
        approve(allowed);
        transferFrom(alice, carol, amount);
        vm.assertEq(token.balanceOf(alice), held - amount);
        vm.assertEq(token.balanceOf(carol), amount);
        vm.assertEq(token.allowance(alice, bob), allowed - amount);
    }

    function testFuzz_transferFrom_keepsAnUnlimitedAllowance(uint256 amount) public {
        amount = within(amount, 0, most());
        give(alice, amount);
        approve(type(uint256).max);
        transferFrom(alice, carol, amount);
        vm.assertEq(token.allowance(alice, bob), type(uint256).max);
    }

    function testFuzz_transferFrom_refusesAboveTheAllowance(uint256 allowed, uint256 amount) public {
        allowed = within(allowed, 0, most() - 1);
        amount = within(amount, allowed + 1, type(uint256).max);
        give(alice, most());
        approve(allowed);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, bob, allowed, amount));
        token.transferFrom(alice, carol, amount);
    }

    function testFuzz_transferFrom_refusesAboveTheBalance(uint256 held, uint256 amount) public {
        held = within(held, 0, most() - 1);
        amount = within(amount, held + 1, type(uint256).max);
        give(alice, held);
        approve(type(uint256).max);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, held, amount));
        token.transferFrom(alice, carol, amount);
    }

    function digest(uint256 value, uint256 nonce, uint256 deadline, uint256 chainId, address verifier)
        private
        view
        returns (bytes32)
    {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN, keccak256(bytes(token.name())), keccak256("1"), chainId, verifier));
        bytes32 message = keccak256(abi.encode(PERMIT, alice, bob, value, nonce, deadline));
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function refusePermit(uint256 value, uint256 deadline, bytes32 signed) private {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, signed);
        vm.expectPartialRevert(ERC2612InvalidSigner.selector);
        token.permit(alice, bob, value, deadline, v, r, s);
        vm.assertEq(token.allowance(alice, bob), 0);
    }

    function testFuzz_permit_setsTheAllowanceOnce(uint256 value, uint256 deadline, address relay) public {
        vm.assume(relay != address(0));
        deadline = within(deadline, time(), type(uint256).max);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, digest(value, 0, deadline, block.chainid, address(token)));
        vm.prank(relay);
        token.permit(alice, bob, value, deadline, v, r, s);
        vm.assertEq(token.allowance(alice, bob), value);
        vm.assertEq(token.nonces(alice), 1);
        vm.expectPartialRevert(ERC2612InvalidSigner.selector);
        token.permit(alice, bob, value, deadline, v, r, s);
    }

    function test_permit_refusesAnExpiredOne() public {
        uint256 deadline = time() - 1;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, digest(5, 0, deadline, block.chainid, address(token)));
        vm.expectRevert(abi.encodeWithSelector(ERC2612ExpiredSignature.selector, deadline));
        token.permit(alice, bob, 5, deadline, v, r, s);
    }

    function test_permit_refusesOtherChainContractNonceAndValue() public {
        uint256 deadline = time() + 60;
        refusePermit(5, deadline, digest(5, 0, deadline, block.chainid + 1, address(token)));
        refusePermit(5, deadline, digest(5, 0, deadline, block.chainid, address(this)));
        refusePermit(5, deadline, digest(5, 1, deadline, block.chainid, address(token)));
        refusePermit(6, deadline, digest(5, 0, deadline, block.chainid, address(token)));
        refusePermit(5, deadline + 1, digest(5, 0, deadline, block.chainid, address(token)));
    }

    function test_permit_refusesAnotherSignerAndAMalleatedSignature() public {
        uint256 deadline = time() + 60;
        bytes32 signed = digest(5, 0, deadline, block.chainid, address(token));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY + 1, signed);
        vm.expectPartialRevert(ERC2612InvalidSigner.selector);
        token.permit(alice, bob, 5, deadline, v, r, s);
        (v, r, s) = vm.sign(ALICE_KEY, signed);
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        vm.expectRevert();
        token.permit(alice, bob, 5, deadline, v == 27 ? 28 : 27, r, bytes32(order - uint256(s)));
        token.permit(alice, bob, 5, deadline, v, r, s);
        vm.assertEq(token.allowance(alice, bob), 5);
    }

    function test_domainSeparator_isTheStandardsOwn() public view {
        bytes32 expected = keccak256(
            abi.encode(DOMAIN, keccak256(bytes(token.name())), keccak256("1"), block.chainid, address(token))
        );
        vm.assertEq(token.DOMAIN_SEPARATOR(), expected);
    }
}
