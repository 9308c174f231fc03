// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IETKToken} from "../src/interfaces/IETKToken.sol";
import {IKeptOwnership} from "../src/interfaces/IKeptOwnership.sol";
import {Etk, Token} from "./support/Deployed.sol";
import {TokenProperties} from "./support/TokenProperties.sol";

/// @title ETK: an ERC-20 that its converter alone mints and burns
contract ETKTokenTest is TokenProperties {
    address private immutable CONVERTER = named("converter");
    Etk private etk;

    function deploy() internal override returns (Token) {
        etk = deployEtk(owner);
        vm.prank(owner);
        etk.setConverter(CONVERTER);
        return Token(address(etk));
    }

    function most() internal pure override returns (uint256) {
        return type(uint256).max;
    }

    function give(address to, uint256 amount) internal override {
        vm.prank(CONVERTER);
        etk.mint(to, amount);
    }

    function take(address from, uint256 amount) internal override {
        vm.prank(CONVERTER);
        etk.burn(from, amount);
    }

    function test_metadata() public view {
        vm.assertEq(etk.name(), "EnerLink Energy Token");
        vm.assertEq(etk.symbol(), "ETK");
        vm.assertEq(etk.decimals(), 2);
    }

    function test_constructor_namesNoConverter() public {
        vm.assertEq(deployEtk(owner).converter(), address(0));
    }

    function test_setConverter_movesTheRole() public {
        vm.expectEmit(address(etk));
        emit IETKToken.ConverterChanged(CONVERTER, bob);
        vm.prank(owner);
        etk.setConverter(bob);
        vm.assertEq(etk.converter(), bob);
        vm.prank(CONVERTER);
        vm.expectRevert(abi.encodeWithSelector(IETKToken.NotConverter.selector, CONVERTER));
        etk.mint(alice, 1);
        vm.prank(bob);
        etk.mint(alice, 1);
    }

    function test_setConverter_refusesNobody() public {
        vm.prank(owner);
        vm.expectRevert(IKeptOwnership.ZeroAddress.selector);
        etk.setConverter(address(0));
    }
}
