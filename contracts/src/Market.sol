// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {OrderId} from "./libraries/OrderId.sol";
import {PriceBitmap} from "./libraries/PriceBitmap.sol";
import {Queue} from "./libraries/Queue.sol";
import {Top} from "./libraries/Top.sol";

/// @title The neighbourhood market
/// @dev A *place* is side and price in 17 bits. A *rank* counts the prices of a side from best to worst: among asks it is
/// the price, among bids its complement. A call writes all that it changes before it moves a token.
contract Market is ReentrancyGuardTransient, IMarket {
    using PriceBitmap for PriceBitmap.Bitmap;
    using SafeERC20 for IERC20;

    uint256 private constant BID = 0;
    uint256 private constant ASK = 1;
    uint256 private constant IMMEDIATE_OR_CANCEL = 1;
    uint256 private constant POST_ONLY = 2;
    uint256 private constant MAX_FILLS = 16;
    uint256 private constant MAX_CANCELS = 16;
    /// @dev So many cancelled lanes are passed over for the price of one fill.
    uint256 private constant SKIPS = 8;

    /// @dev What an order pays and gets once the book is written.
    struct Deal {
        uint256 filled;
        // Base units of the token that it gets: from those it traded with, and from own orders that it met.
        uint256 gets;
        // The first `payments` entries. Fills of one maker that follow each other are one payment.
        uint256 payments;
        address[] makers;
        uint256[] amounts;
    }

    IERC20 private immutable ETK;
    IERC20 private immutable IDRS;
    uint256 private immutable LOT;

    Top private _top;
    PriceBitmap.Bitmap[2] private _prices;
    Queue[1 << 17] private _queues;
    mapping(uint256 slot => uint256 lanes) private _lanes;
    mapping(address trader => uint256) private _traderIds;
    mapping(uint256 traderId => address) private _traders;

    /// @param etkToken_ The token that is bought and sold
    /// @param idrsToken_ The token that it is paid with
    /// @param lotSize_ ETK base units of one lot
    constructor(address etkToken_, address idrsToken_, uint64 lotSize_) {
        if (etkToken_ == idrsToken_ || etkToken_.code.length == 0 || idrsToken_.code.length == 0) {
            revert BadTokens(etkToken_, idrsToken_);
        }
        if (lotSize_ == 0) revert ZeroLots();
        ETK = IERC20(etkToken_);
        IDRS = IERC20(idrsToken_);
        LOT = lotSize_;
    }

    /// @inheritdoc IMarket
    function placeOrder(uint8 side, uint16 price, uint32 lots, uint8 flags, uint8 maxFills)
        external
        override
        nonReentrant
        returns (uint256 orderId, uint32 lotsFilled)
    {
        return _placeOrder(side, price, lots, flags, maxFills);
    }

    /// @inheritdoc IMarket
    function placeOrderWithPermit(
        uint8 side,
        uint16 price,
        uint32 lots,
        uint8 flags,
        uint8 maxFills,
        Permit calldata permit
    ) external override nonReentrant returns (uint256 orderId, uint32 lotsFilled) {
        try IERC20Permit(address(_escrowToken(side))).permit(
            msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s
        ) {}
            catch {}
        return _placeOrder(side, price, lots, flags, maxFills);
    }

    /// @inheritdoc IMarket
    function cancelOrder(uint256 id) external override nonReentrant {
        (uint256 place, uint256 lots) = _cancel(id);
        if (lots == 0) revert OrderNotOpen(id);
        _escrowToken(_sideOf(place)).safeTransfer(msg.sender, lots * _escrowOfLot(place));
    }

    /// @inheritdoc IMarket
    function cancelOrders(uint256[] calldata ids) external override nonReentrant {
        if (ids.length > MAX_CANCELS) revert TooManyOrders(ids.length);
        uint256[2] memory escrows;
        for (uint256 i = 0; i < ids.length; ++i) {
            (uint256 place, uint256 lots) = _cancel(ids[i]);
            escrows[_sideOf(place)] += lots * _escrowOfLot(place);
        }
        if (escrows[BID] != 0) IDRS.safeTransfer(msg.sender, escrows[BID]);
        if (escrows[ASK] != 0) ETK.safeTransfer(msg.sender, escrows[ASK]);
    }

    /// @inheritdoc IMarket
    function etkToken() external view override returns (address) {
        return address(ETK);
    }

    /// @inheritdoc IMarket
    function idrsToken() external view override returns (address) {
        return address(IDRS);
    }

    /// @inheritdoc IMarket
    function lotSize() external view override returns (uint256) {
        return LOT;
    }

    /// @inheritdoc IMarket
    function bestPrices() external view override returns (uint16 bid, uint16 ask) {
        Top top = _top;
        return (SafeCast.toUint16(top.best(BID)), SafeCast.toUint16(top.best(ASK)));
    }

    /// @inheritdoc IMarket
    function levels(uint8 side, uint16 fromPrice, uint256 count) external view override returns (Level[] memory found) {
        _checkSide(side);
        uint256 first = fromPrice == 0 ? 0 : _rank(side, fromPrice);
        uint256 size = 0;
        uint256 rank = _prices[side].next(first);
        for (; rank != PriceBitmap.NONE && size < count; ++size) {
            rank = _prices[side].next(rank + 1);
        }
        found = new Level[](size);
        rank = first;
        for (uint256 i = 0; i < size; ++i) {
            rank = _prices[side].next(rank);
            found[i] = _level(side, _rank(side, rank));
            ++rank;
        }
    }

    /// @inheritdoc IMarket
    function orders(uint8 side, uint16 price, uint64 fromSequence, uint64 count)
        external
        view
        override
        returns (Order[] memory found)
    {
        _checkSide(side);
        uint256 place = _place(side, price);
        Queue queue = _queues[place];
        uint256 first = Math.max(fromSequence, queue.head());
        uint256 end = Math.min(queue.tail(), first + count);
        uint256 size = 0;
        for (uint256 i = first; i < end; ++i) {
            (, uint256 lots) = Lanes.read(_lanes[Lanes.slotOf(place, i)], i);
            if (lots != 0) ++size;
        }
        found = new Order[](size);
        uint256 n = 0;
        for (uint256 i = first; i < end; ++i) {
            (uint256 trader, uint256 lots) = Lanes.read(_lanes[Lanes.slotOf(place, i)], i);
            if (lots == 0) continue;
            uint256 id = OrderId.pack(queue.generation(), place, i);
            found[n++] = Order({id: id, trader: _traders[trader], lots: SafeCast.toUint32(lots)});
        }
    }

    /// @inheritdoc IMarket
    function lotsLeft(uint256[] calldata ids) external view override returns (uint32[] memory lots) {
        lots = new uint32[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            (,, uint256 left) = _find(ids[i]);
            lots[i] = SafeCast.toUint32(left);
        }
    }

    function _placeOrder(uint256 side, uint256 price, uint256 lots, uint256 flags, uint256 maxFills)
        private
        returns (uint256 orderId, uint32 lotsFilled)
    {
        _checkOrder(side, price, lots, flags, maxFills);
        Top before = _top;
        Top top = before;
        Deal memory deal;
        uint256 left = lots;
        if (_crosses(side, price, top)) {
            if (flags == POST_ONLY) revert WouldCross(SafeCast.toUint16(top.best(side ^ 1)));
            (top, left) = _take(deal, top, side, price, lots, maxFills);
        }
        // What could still trade is dropped: if it rested, the book would be crossed.
        if (flags == IMMEDIATE_OR_CANCEL || _crosses(side, price, top)) left = 0;
        if (left != 0) (top, orderId) = _rest(top, side, price, left);
        if (Top.unwrap(top) != Top.unwrap(before)) _top = top;
        _settle(deal, side, left * _escrowOfLot(_place(side, price)));
        lotsFilled = SafeCast.toUint32(deal.filled);
    }

    /// @dev Trades with the other side from its best price on, until nothing is left, it does not cross any more, or enough
    /// was visited. Returns the top of the book afterwards, which is not yet written, and the lots left.
    function _take(Deal memory deal, Top top, uint256 side, uint256 price, uint256 lots, uint256 maxFills)
        private
        returns (Top, uint256 left)
    {
        deal.makers = new address[](maxFills);
        deal.amounts = new uint256[](maxFills);
        left = lots;
        // Counted in skips: a fill costs eight.
        uint256 steps = maxFills * SKIPS;
        while (left != 0 && steps != 0 && _crosses(side, price, top)) {
            uint256 place = _place(side ^ 1, top.best(side ^ 1));
            bool emptied = false;
            (left, steps, emptied) = _takeAt(deal, place, left, steps);
            if (emptied) top = _withoutLevel(top, place);
        }
        return (top, left);
    }

    /// @dev Trades with the orders of one price, first come first served. Either the price is empty afterwards, or the
    /// lots or the steps are used up.
    function _takeAt(Deal memory deal, uint256 place, uint256 lots, uint256 steps)
        private
        returns (uint256 left, uint256 stepsLeft, bool emptied)
    {
        Queue queue = _queues[place];
        uint256 sequence = queue.head();
        uint256 resting = queue.lots();
        uint256 slot = 0;
        uint256 lanes = 0;
        (left, stepsLeft) = (lots, steps);
        while (left != 0 && stepsLeft != 0 && resting != 0) {
            if (slot != Lanes.slotOf(place, sequence)) {
                slot = Lanes.slotOf(place, sequence);
                lanes = _lanes[slot];
            }
            (uint256 traderId, uint256 open) = Lanes.read(lanes, sequence);
            if (open == 0) {
                ++sequence;
                --stepsLeft;
                continue;
            }
            stepsLeft = Math.saturatingSub(stepsLeft, SKIPS);
            address maker = _traders[traderId];
            uint256 id = OrderId.pack(queue.generation(), place, sequence);
            uint256 moved = open;
            if (maker == msg.sender) {
                emit OrderCancelled(id, SafeCast.toUint32(open));
            } else {
                moved = Math.min(left, open);
                left -= moved;
                _book(deal, maker, place, moved);
                emit Trade(id, maker, msg.sender, SafeCast.toUint32(moved));
            }
            deal.gets += moved * _escrowOfLot(place);
            resting -= moved;
            // A lane before the head is never read again, so it need not be written.
            if (moved == open) ++sequence;
            else _lanes[slot] = Lanes.reduce(lanes, sequence, moved);
        }
        emptied = resting == 0;
        _queues[place] = emptied ? queue.emptied() : queue.advanced(sequence, resting);
    }

    /// @dev Notes a trade with `maker` and what is to be paid for it.
    function _book(Deal memory deal, address maker, uint256 place, uint256 lots) private view {
        uint256 amount = lots * (_sideOf(place) == ASK ? _priceOf(place) : LOT);
        uint256 n = deal.payments;
        deal.filled += lots;
        if (n != 0 && deal.makers[n - 1] == maker) {
            deal.amounts[n - 1] += amount;
        } else {
            deal.makers[n] = maker;
            deal.amounts[n] = amount;
            deal.payments = n + 1;
        }
    }

    /// @dev Puts an order at the end of its queue.
    function _rest(Top top, uint256 side, uint256 price, uint256 lots) private returns (Top, uint256 id) {
        uint256 traderId = _traderIds[msg.sender];
        if (traderId == 0) {
            top = top.withTrader();
            traderId = SafeCast.toUint32(top.traders());
            _traderIds[msg.sender] = traderId;
            _traders[traderId] = msg.sender;
        }
        uint256 place = _place(side, price);
        Queue queue = _queues[place];
        if (queue.lots() == 0) {
            _prices[side].add(_rank(side, price));
            uint256 best = top.best(side);
            if (best == 0 || _rank(side, price) < _rank(side, best)) top = top.withBest(side, price);
        }
        uint256 sequence = queue.tail();
        uint256 slot = Lanes.slotOf(place, sequence);
        _lanes[slot] = Lanes.write(_lanes[slot], sequence, traderId, lots);
        _queues[place] = queue.pushed(lots);
        id = OrderId.pack(queue.generation(), place, sequence);
        emit OrderPlaced(id, msg.sender, SafeCast.toUint32(lots));
        return (top, id);
    }

    /// @dev Pays the makers out of the taker's pocket, takes the escrow of what rests, and hands over what was bought.
    function _settle(Deal memory deal, uint256 side, uint256 escrow) private {
        IERC20 pays = _escrowToken(side);
        for (uint256 i = 0; i < deal.payments; ++i) {
            pays.safeTransferFrom(msg.sender, deal.makers[i], deal.amounts[i]);
        }
        if (escrow != 0) pays.safeTransferFrom(msg.sender, address(this), escrow);
        if (deal.gets != 0) _escrowToken(side ^ 1).safeTransfer(msg.sender, deal.gets);
    }

    /// @dev Takes an order of the caller out of the book; zero lots when it is not open.
    function _cancel(uint256 id) private returns (uint256 place, uint256 lots) {
        uint256 traderId;
        (place, traderId, lots) = _find(id);
        if (lots == 0) return (place, 0);
        if (_traders[traderId] != msg.sender) revert NotTrader(id, msg.sender);
        (,, uint256 sequence) = OrderId.unpack(id);
        Queue queue = _queues[place];
        uint256 resting = queue.lots() - lots;
        if (resting == 0) {
            _queues[place] = queue.emptied();
            Top top = _top;
            Top after_ = _withoutLevel(top, place);
            if (Top.unwrap(after_) != Top.unwrap(top)) _top = after_;
        } else if (sequence == queue.head()) {
            _queues[place] = queue.advanced(_pastCancelled(place, sequence + 1), resting);
        } else {
            uint256 slot = Lanes.slotOf(place, sequence);
            _lanes[slot] = Lanes.reduce(_lanes[slot], sequence, lots);
            _queues[place] = queue.advanced(queue.head(), resting);
        }
        emit OrderCancelled(id, SafeCast.toUint32(lots));
    }

    /// @dev The first sequence from `sequence` on that is open, or the one after eight that are not.
    function _pastCancelled(uint256 place, uint256 sequence) private view returns (uint256) {
        for (uint256 i = 0; i < SKIPS; ++i) {
            (, uint256 lots) = Lanes.read(_lanes[Lanes.slotOf(place, sequence)], sequence);
            if (lots != 0) break;
            ++sequence;
        }
        return sequence;
    }

    /// @dev Takes a price that is empty now out of use; if it was the best of its side, the next one is.
    function _withoutLevel(Top top, uint256 place) private returns (Top) {
        (uint256 side, uint256 price) = (_sideOf(place), _priceOf(place));
        uint256 rank = _rank(side, price);
        _prices[side].remove(rank);
        if (price != top.best(side)) return top;
        rank = _prices[side].next(rank);
        return top.withBest(side, rank == PriceBitmap.NONE ? 0 : _rank(side, rank));
    }

    /// @dev Where an order rests, whose it is, and what is left of it: zero lots when it is not open.
    function _find(uint256 id) private view returns (uint256 place, uint256 traderId, uint256 lots) {
        uint256 generation;
        uint256 sequence;
        (generation, place, sequence) = OrderId.unpack(id);
        Queue queue = _queues[place];
        if (generation != queue.generation() || sequence < queue.head() || sequence >= queue.tail()) {
            return (place, 0, 0);
        }
        (traderId, lots) = Lanes.read(_lanes[Lanes.slotOf(place, sequence)], sequence);
    }

    function _level(uint256 side, uint256 price) private view returns (Level memory) {
        Queue queue = _queues[_place(side, price)];
        return Level({
            price: SafeCast.toUint16(price),
            generation: SafeCast.toUint64(queue.generation()),
            head: SafeCast.toUint64(queue.head()),
            tail: SafeCast.toUint64(queue.tail()),
            lots: SafeCast.toUint64(queue.lots())
        });
    }

    /// @dev The token in which orders of a side pay.
    function _escrowToken(uint256 side) private view returns (IERC20) {
        return side == BID ? IDRS : ETK;
    }

    /// @dev What a resting order has paid for each of its lots.
    function _escrowOfLot(uint256 place) private view returns (uint256) {
        return _sideOf(place) == BID ? _priceOf(place) : LOT;
    }

    /// @dev Whether an order would trade with the best price of the other side.
    function _crosses(uint256 side, uint256 price, Top top) private pure returns (bool) {
        uint256 best = top.best(side ^ 1);
        return best != 0 && (side == BID ? best <= price : best >= price);
    }

    function _checkOrder(uint256 side, uint256 price, uint256 lots, uint256 flags, uint256 maxFills) private pure {
        _checkSide(side);
        if (price == 0) revert ZeroPrice();
        if (lots == 0) revert ZeroLots();
        if (flags > POST_ONLY) revert UnknownFlags(SafeCast.toUint8(flags));
        if (maxFills == 0 || maxFills > MAX_FILLS) revert MaxFillsOutOfBounds(SafeCast.toUint8(maxFills));
    }

    function _checkSide(uint256 side) private pure {
        if (side > ASK) revert UnknownSide(SafeCast.toUint8(side));
    }

    function _place(uint256 side, uint256 price) private pure returns (uint256) {
        return side << 16 | price;
    }

    function _sideOf(uint256 place) private pure returns (uint256) {
        return place >> 16;
    }

    function _priceOf(uint256 place) private pure returns (uint256) {
        return place & type(uint16).max;
    }

    /// @dev From price to rank, and from rank to price.
    function _rank(uint256 side, uint256 price) private pure returns (uint256) {
        return side == ASK ? price : price ^ type(uint16).max;
    }
}
