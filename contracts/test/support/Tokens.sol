// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Tokens that are not as they should be
/// @dev Each moves what it is told to, without asking for an allowance, and then misbehaves.
abstract contract OddToken {
    mapping(address account => uint256) public balanceOf;

    function give(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function move(address from, address to, uint256 amount) internal {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title Answers false, and moves nothing
contract FalseToken is OddToken {
    bool public honest = true;

    function lie() external {
        honest = false;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        if (honest) move(msg.sender, to, amount);
        return honest;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (honest) move(from, to, amount);
        return honest;
    }
}

/// @title Answers nothing at all, as some old tokens do
contract SilentToken is OddToken {
    function transfer(address to, uint256 amount) external {
        move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        move(from, to, amount);
    }
}

/// @title Keeps a part of what it moves, at first a hundredth
contract FeeToken is OddToken {
    uint256 private percent = 1;

    function charge(uint256 percent_) external {
        percent = percent_;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return moveShort(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return moveShort(from, to, amount);
    }

    function moveShort(address from, address to, uint256 amount) private returns (bool) {
        move(from, to, amount);
        balanceOf[to] -= amount * percent / 100;
        return true;
    }
}

/// @title Calls the market while it is paid out or in
contract CallingToken is OddToken {
    address public target;
    bytes public data;
    bytes public answer;
    bool public entered;

    function callBack(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        move(msg.sender, to, amount);
        return call();
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        move(from, to, amount);
        return call();
    }

    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external {
        call();
    }

    function call() private returns (bool) {
        if (target != address(0)) (entered, answer) = target.call(data);
        return true;
    }
}
