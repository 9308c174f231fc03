// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IEnergyConverter} from "../src/interfaces/IEnergyConverter.sol";
import {IETKToken} from "../src/interfaces/IETKToken.sol";
import {IIDRSToken} from "../src/interfaces/IIDRSToken.sol";
import {IMarket} from "../src/interfaces/IMarket.sol";
import {IKeptOwnership} from "../src/interfaces/IKeptOwnership.sol";
import {Exchange, Idrs, Owned, Token} from "./support/Deployed.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title Each external function times each role
/// @dev The functions are read from the artifact, so that one without a row fails the test.
contract RolesTest is Fixture {
    uint256 private constant OWNER = 1 << 0;
    uint256 private constant PENDING = 1 << 1;
    uint256 private constant OPERATOR = 1 << 2;
    uint256 private constant PROSUMER = 1 << 3;
    uint256 private constant NEIGHBOUR = 1 << 4;
    uint256 private constant KEY = 1 << 5;
    uint256 private constant CONVERTER = 1 << 7;
    uint256 private constant RAMP = 1 << 8;
    uint256 private constant EVERYONE = (1 << 10) - 1;
    uint256 private constant NOBODY = 0;

    struct Row {
        uint256 allowed;
        bytes4 refusal;
        bool exists;
    }

    Idrs private idrs;
    address private pending = named("pending owner");
    address private revoked = named("revoked key");
    address private ramp = named("ramp");
    address[10] private roles;
    mapping(bytes4 selector => Row) private rows;
    mapping(bytes4 selector => bytes) private calls;

    function setUp() public override {
        super.setUp();
        idrs = deployIdrs(owner, true);
        roles = [owner, pending, operator, alice, bob, key, revoked, address(converter), ramp, stranger];
        vm.startPrank(owner);
        idrs.setRamp(ramp);
        etk.transferOwnership(pending);
        idrs.transferOwnership(pending);
        converter.transferOwnership(pending);
        vm.stopPrank();
        open(0, 0);
        register("neighbour's", bob, RATED_W);
        vm.startPrank(alice);
        converter.setSettler(METER, revoked);
        converter.setSettler(METER, key);
        idrs.onRamp(1_000);
        idrs.approve(ramp, 10);
        vm.stopPrank();
        correct(1_000, "seed");
    }

    function row(bytes memory data, uint256 allowed, bytes4 refusal) private {
        bytes4 selector = bytes4(data);
        rows[selector] = Row(allowed, refusal, true);
        calls[selector] = data;
    }

    function everyone(bytes memory data) private {
        row(data, EVERYONE, 0);
    }

    function ownershipRows() private {
        bytes4 refusal = Owned.OwnableUnauthorizedAccount.selector;
        everyone(abi.encodeCall(Owned.owner, ()));
        everyone(abi.encodeCall(Owned.pendingOwner, ()));
        row(abi.encodeCall(Owned.transferOwnership, (bob)), OWNER, refusal);
        row(abi.encodeCall(Owned.acceptOwnership, ()), PENDING, refusal);
        row(abi.encodeCall(Owned.renounceOwnership, ()), NOBODY, IKeptOwnership.RenounceRefused.selector);
    }

    /// @dev `spender` is the one role with an allowance of alice's.
    function tokenRows(Token token, address spender, uint256 spenderRole) private {
        vm.prank(alice);
        token.approve(spender, 10);
        everyone(abi.encodeCall(token.name, ()));
        everyone(abi.encodeCall(token.symbol, ()));
        everyone(abi.encodeCall(token.decimals, ()));
        everyone(abi.encodeCall(token.totalSupply, ()));
        everyone(abi.encodeCall(token.balanceOf, (alice)));
        everyone(abi.encodeCall(token.allowance, (alice, bob)));
        everyone(abi.encodeCall(token.nonces, (alice)));
        everyone(abi.encodeCall(token.DOMAIN_SEPARATOR, ()));
        everyone(abi.encodeWithSignature("eip712Domain()"));
        everyone(abi.encodeCall(token.approve, (stranger, 5)));
        everyone(abi.encodeCall(token.transfer, (stranger, 0)));
        row(
            abi.encodeCall(IERC20.transferFrom, (alice, stranger, 10)),
            spenderRole,
            IERC20Errors.ERC20InsufficientAllowance.selector
        );
        everyone(permitOf(token));
    }

    function permitOf(Token token) private view returns (bytes memory) {
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                alice,
                stranger,
                5,
                0,
                time()
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), message));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(uint256(keccak256("alice")), digest);
        return abi.encodeCall(token.permit, (alice, stranger, 5, time(), v, r, s));
    }

    /// @dev Tries every function of the contract as every role, each from the same state.
    function tryAll(address target, string memory name) private {
        string memory artifact = vm.readFile(string.concat("out/", name, ".sol/", name, ".json"));
        string[] memory signatures = vm.parseJsonKeys(artifact, ".methodIdentifiers");
        vm.assertGe(signatures.length, 10, "functions were found");
        for (uint256 i; i < signatures.length; ++i) {
            bytes4 selector = bytes4(keccak256(bytes(signatures[i])));
            vm.assertTrue(rows[selector].exists, string.concat("no row for ", signatures[i]));
            for (uint256 role; role < roles.length; ++role) {
                tryAs(role, target, selector, signatures[i]);
            }
        }
    }

    function tryAs(uint256 role, address target, bytes4 selector, string memory signature) private {
        Row memory expected = rows[selector];
        uint256 state = vm.snapshotState();
        vm.prank(roles[role]);
        (bool ok, bytes memory answer) = target.call(calls[selector]);
        string memory what = string.concat(signature, " as role ", vm.toString(role));
        if (expected.allowed & (1 << role) != 0) {
            vm.assertTrue(ok, string.concat(what, " must work"));
        } else {
            vm.assertFalse(ok, string.concat(what, " must be refused"));
            vm.assertTrue(bytes4(answer) == expected.refusal, string.concat(what, " is refused for another reason"));
        }
        vm.revertToState(state);
    }

    function test_roles_ETKToken() public {
        ownershipRows();
        tokenRows(Token(address(etk)), bob, NEIGHBOUR);
        everyone(abi.encodeCall(IETKToken.converter, ()));
        row(abi.encodeCall(IETKToken.setConverter, (bob)), OWNER, Owned.OwnableUnauthorizedAccount.selector);
        row(abi.encodeCall(IETKToken.mint, (alice, 1)), CONVERTER, IETKToken.NotConverter.selector);
        row(abi.encodeCall(IETKToken.burn, (alice, 1)), CONVERTER, IETKToken.NotConverter.selector);
        tryAll(address(etk), "ETKToken");
    }

    function idrsRows() private {
        ownershipRows();
        tokenRows(Token(address(idrs)), ramp, RAMP);
        everyone(abi.encodeCall(IIDRSToken.openRamp, ()));
        everyone(abi.encodeCall(IIDRSToken.cap, ()));
        everyone(abi.encodeCall(IIDRSToken.ramp, ()));
        row(abi.encodeCall(IIDRSToken.setRamp, (bob)), OWNER, Owned.OwnableUnauthorizedAccount.selector);
        row(abi.encodeCall(IIDRSToken.mint, (alice, 1)), RAMP, IIDRSToken.NotRamp.selector);
        row(abi.encodeCall(IIDRSToken.burn, (alice, 1)), RAMP, IIDRSToken.NotRamp.selector);
        everyone(abi.encodeCall(IIDRSToken.offRamp, (0)));
    }

    function test_roles_IDRSToken_openRamp() public {
        idrsRows();
        everyone(abi.encodeCall(IIDRSToken.onRamp, (1)));
        row(abi.encodeCall(IIDRSToken.closeRamp, ()), OWNER, Owned.OwnableUnauthorizedAccount.selector);
        tryAll(address(idrs), "IDRSToken");
    }

    function test_roles_IDRSToken_closedRamp() public {
        idrsRows();
        vm.prank(owner);
        idrs.closeRamp();
        row(abi.encodeCall(IIDRSToken.onRamp, (1)), RAMP, IIDRSToken.NotRamp.selector);
        // The one role that may close has done so.
        roles[0] = stranger;
        row(abi.encodeCall(IIDRSToken.closeRamp, ()), NOBODY, Owned.OwnableUnauthorizedAccount.selector);
        row(abi.encodeCall(Owned.transferOwnership, (bob)), NOBODY, Owned.OwnableUnauthorizedAccount.selector);
        row(abi.encodeCall(IIDRSToken.setRamp, (bob)), NOBODY, Owned.OwnableUnauthorizedAccount.selector);
        tryAll(address(idrs), "IDRSToken");
    }

    function test_roles_EnergyConverter() public {
        bytes4 notOperator = IEnergyConverter.NotOperator.selector;
        ownershipRows();
        everyone(abi.encodeCall(converter.operator, ()));
        everyone(abi.encodeCall(converter.etkToken, ()));
        everyone(abi.encodeCall(converter.conversionRatio, ()));
        everyone(abi.encodeCall(converter.minSettlementThreshold, ()));
        everyone(abi.encodeCall(converter.calculateEtkAmount, (5)));
        everyone(abi.encodeCall(converter.meter, (METER)));
        row(abi.encodeCall(converter.setOperator, (bob)), OWNER, Owned.OwnableUnauthorizedAccount.selector);
        row(abi.encodeCall(converter.setConversionRatio, (100)), OPERATOR, notOperator);
        row(abi.encodeCall(converter.setMinSettlementThreshold, (1)), OPERATOR, notOperator);
        row(abi.encodeCall(converter.registerMeter, ("new", stranger, 1)), OPERATOR, notOperator);
        row(abi.encodeCall(converter.retireMeter, (METER)), OPERATOR, notOperator);
        row(abi.encodeCall(converter.processEnergySettlement, (METER, alice, 100, "s")), OPERATOR, notOperator);
        row(
            abi.encodeCall(converter.openMeter, ("neighbour's", 1, 1)), NEIGHBOUR, IEnergyConverter.NotProsumer.selector
        );
        row(abi.encodeCall(converter.setSettler, (METER, bob)), PROSUMER, IEnergyConverter.NotProsumer.selector);
        row(
            abi.encodeCall(converter.settleMeter, (METER, 100, 0, "s")),
            PROSUMER | KEY,
            IEnergyConverter.NotSettler.selector
        );
        tryAll(address(converter), "EnergyConverter");
    }

    /// @dev The market has no owner: only an order belongs to somebody.
    function test_roles_Market() public {
        Exchange market = deployMarket(address(etk), address(idrs), 1_000);
        uint256[] memory ids = new uint256[](1);
        vm.startPrank(alice);
        idrs.approve(address(market), 100);
        (ids[0],) = market.placeOrder(0, 100, 1, 0, 1);
        vm.stopPrank();
        for (uint256 i; i < roles.length; ++i) {
            vm.prank(roles[i]);
            idrs.onRamp(100);
            vm.prank(roles[i]);
            idrs.approve(address(market), 100);
        }
        IMarket.Permit memory permit;
        everyone(abi.encodeCall(market.etkToken, ()));
        everyone(abi.encodeCall(market.idrsToken, ()));
        everyone(abi.encodeCall(market.lotSize, ()));
        everyone(abi.encodeCall(market.bestPrices, ()));
        everyone(abi.encodeCall(market.levels, (0, 0, 9)));
        everyone(abi.encodeCall(market.orders, (0, 100, 0, 9)));
        everyone(abi.encodeCall(market.lotsLeft, (ids)));
        everyone(abi.encodeCall(market.placeOrder, (0, 100, 1, 0, 1)));
        everyone(abi.encodeCall(market.placeOrderWithPermit, (0, 100, 1, 0, 1, permit)));
        row(abi.encodeCall(market.cancelOrder, (ids[0])), PROSUMER, IMarket.NotTrader.selector);
        row(abi.encodeCall(market.cancelOrders, (ids)), PROSUMER, IMarket.NotTrader.selector);
        tryAll(address(market), "Market");
    }

    function test_ownership_movesInTwoSteps() public {
        Owned[3] memory all = [Owned(address(etk)), Owned(address(idrs)), Owned(address(converter))];
        for (uint256 i; i < all.length; ++i) {
            vm.assertEq(all[i].owner(), owner);
            vm.assertEq(all[i].pendingOwner(), pending);
            vm.prank(pending);
            all[i].acceptOwnership();
            vm.assertEq(all[i].owner(), pending);
            vm.assertEq(all[i].pendingOwner(), address(0));
            vm.prank(owner);
            vm.expectRevert(abi.encodeWithSelector(Owned.OwnableUnauthorizedAccount.selector, owner));
            all[i].transferOwnership(owner);
        }
    }

    function test_ownership_startsWithSomebody() public {
        bytes memory reason = abi.encodeWithSelector(Owned.OwnableInvalidOwner.selector, address(0));
        this.deployOwned(0, reason);
        this.deployOwned(1, reason);
        this.deployOwned(2, reason);
    }

    function deployOwned(uint256 which, bytes calldata reason) external {
        vm.expectRevert(reason);
        if (which == 0) deployEtk(address(0));
        else if (which == 1) deployIdrs(address(0), true);
        else deployConverter(address(0), address(etk));
    }
}
