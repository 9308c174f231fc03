// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The neighbourhood market: an order book of ETK against IDRS
/// @notice Price-time priority, exact to the base unit, and bounded: no call visits more than 16 resting orders.
/// Amounts are whole lots of ETK, prices are IDRS base units per lot: with a lot of 0.01 kWh a price of 1 is 1 IDRS per kWh.
/// Whoever places a BID buys ETK, whoever places an ASK sells ETK. A resting BID has paid its IDRS, a resting ASK its ETK,
/// into the market; a trade pays both parties at once, at the resting order's price. The market has no owner and no fee.
/// @dev An order id is generation (48 bits), side (1), price (16) and sequence (40), from high to low. A price starts a new
/// generation, in which sequences begin at zero, whenever its last resting order is gone, so that an id is never used twice.
interface IMarket {
    /// @notice One price of one side and what rests there
    /// @param price IDRS base units per lot
    /// @param generation Generation of the orders that rest there
    /// @param head Sequence of the first order that may be open; those before it are filled or cancelled
    /// @param tail Sequence that the next order will have
    /// @param lots Sum of the lots of all open orders
    struct Level {
        uint16 price;
        uint64 generation;
        uint64 head;
        uint64 tail;
        uint64 lots;
    }

    /// @notice One open order
    /// @param id Order id
    /// @param trader Whose it is
    /// @param lots What is left of it
    struct Order {
        uint256 id;
        address trader;
        uint32 lots;
    }

    /// @notice An allowance signed by the caller as EIP-2612 says, of the token that the order pays with
    /// @param value Base units that the market may take
    /// @param deadline Unix seconds until when the signature may be used
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice An order, or what was left of it after trading, rests in the book; side and price are in the id
    event OrderPlaced(uint256 id, address indexed trader, uint32 lots);
    /// @notice `lots` of a resting order were traded at its price. Each trade is with the first open order of the best price.
    event Trade(uint256 makerOrderId, address indexed maker, address indexed taker, uint32 lots);
    /// @notice A resting order was cancelled by its trader, or met another order of its trader
    /// @param lotsLeft What was left of it, whose escrow went back to the trader
    event OrderCancelled(uint256 id, uint32 lotsLeft);

    /// @notice A token is missing, or both are the same
    error BadTokens(address etkToken, address idrsToken);
    /// @notice An order has at least one lot, and a lot at least one base unit
    error ZeroLots();
    /// @notice A price is at least 1
    error ZeroPrice();
    /// @notice The side is neither 0 (BID) nor 1 (ASK)
    error UnknownSide(uint8 side);
    /// @notice The flags are none of 0 (good till cancelled), 1 (immediate or cancel) and 2 (post only)
    error UnknownFlags(uint8 flags);
    /// @notice The number of fills is not between 1 and 16
    error MaxFillsOutOfBounds(uint8 maxFills);
    /// @notice The order must not trade, but the best price of the other side would trade with it
    error WouldCross(uint16 bestPrice);
    /// @notice No open order has this id: it is filled, cancelled, or never was
    error OrderNotOpen(uint256 id);
    /// @notice The order belongs to somebody else
    error NotTrader(uint256 id, address caller);
    /// @notice The first time that this token moved here, less of it arrived than was sent
    error PaidShort(address token);
    /// @notice At most 16 orders are cancelled at once
    error TooManyOrders(uint256 count);

    /// @notice The token that is bought and sold
    function etkToken() external view returns (address);

    /// @notice The token that it is paid with
    function idrsToken() external view returns (address);

    /// @notice ETK base units of one lot
    function lotSize() external view returns (uint256);

    /// @notice The highest price that somebody pays and the lowest that somebody asks; zero for nobody
    function bestPrices() external view returns (uint16 bid, uint16 ask);

    /// @notice Trades with what rests on the other side at `price` or better, and rests what is left
    /// @param side 0 BID: buys ETK; 1 ASK: sells ETK
    /// @param price The worst price, IDRS base units per lot, 1 to 65 535
    /// @param lots Lots, at least one
    /// @param flags 0 good till cancelled; 1 immediate or cancel: never rests; 2 post only: reverts rather than trade
    /// @param maxFills How many resting orders to visit at most, 1 to 16. Eight cancelled orders that are passed over
    /// count as one. What could still trade after so many is not placed and not paid for.
    /// @return orderId Id of the order that rests now; zero when none does
    /// @return lotsFilled Lots that were traded
    /// @dev The caller needs balance and allowance for what is traded, at the makers' prices, and for what rests, at `price`;
    /// nothing else is taken. An own order that is met is cancelled, its escrow paid back, and trading goes on.
    /// Reverts with `UnknownSide`, `ZeroPrice`, `ZeroLots`, `UnknownFlags`, `MaxFillsOutOfBounds`, `WouldCross`, `PaidShort`,
    /// and with what the tokens say.
    function placeOrder(uint8 side, uint16 price, uint32 lots, uint8 flags, uint8 maxFills)
        external
        returns (uint256 orderId, uint32 lotsFilled);

    /// @notice `placeOrder` after using a signed allowance
    /// @dev A permit that fails is ignored, for somebody else may have used it before: then the allowance decides.
    function placeOrderWithPermit(
        uint8 side,
        uint16 price,
        uint32 lots,
        uint8 flags,
        uint8 maxFills,
        Permit calldata permit
    ) external returns (uint256 orderId, uint32 lotsFilled);

    /// @notice Cancels an open order of the caller and pays its escrow back
    /// @dev Reverts with `OrderNotOpen` or `NotTrader`
    function cancelOrder(uint256 id) external;

    /// @notice Cancels up to 16 orders of the caller, passing over those that are not open
    /// @dev Reverts with `TooManyOrders` or `NotTrader`
    function cancelOrders(uint256[] calldata ids) external;

    /// @notice Up to `count` prices of one side at which orders rest, from `fromPrice` on, better prices first
    /// @param fromPrice The first price to look at; zero for the best
    /// @dev Reverts with `UnknownSide`
    function levels(uint8 side, uint16 fromPrice, uint256 count) external view returns (Level[] memory);

    /// @notice The open orders among up to `count` sequences of a price, from `fromSequence` on, those first in line first
    /// @dev Reverts with `UnknownSide`
    function orders(uint8 side, uint16 price, uint64 fromSequence, uint64 count) external view returns (Order[] memory);

    /// @notice What is left of each order; zero for one that is not open
    function lotsLeft(uint256[] calldata ids) external view returns (uint32[] memory);
}
