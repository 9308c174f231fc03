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
import {Payments} from "./libraries/Payments.sol";
import {PriceBitmap} from "./libraries/PriceBitmap.sol";
import {Queue} from "./libraries/Queue.sol";
import {Top} from "./libraries/Top.sol";
import {WholeERC20} from "./libraries/WholeERC20.sol";

/// @title The neighbourhood market
/// @dev A *place* is side and price in 17 bits. A *rank* counts the prices of a side from best to worst: among asks it is
/// the price, among bids its complement. A call writes all that it changes before it moves a token.
contract Market is ReentrancyGuardTransient, IMarket {
    using PriceBitmap for PriceBitmap.Bitmap;
    using SafeERC20 for IERC20;
    using WholeERC20 for IERC20;

    uint256 private constant BID = 0;
    uint256 private constant ASK = 1;
    uint256 private constant IMMEDIATE_OR_CANCEL = 1;
    uint256 private constant POST_ONLY = 2;
    uint256 private constant MAX_FILLS = 16;
    uint256 private constant MAX_CANCELS = 16;
    /// @dev So many cancelled lanes are passed over for the price of one fill.
    uint256 private constant SKIPS = 8;

    IERC20 private immutable ETK;
    IERC20 private immutable IDRS;
    uint256 private immutable LOT;

    Top private _top;
    PriceBitmap.Bitmap[2] private _prices;
    Queue[1 << 17] private _queues;
    // Arrays as large as their index, where a mapping would cost a hash for each access.
    uint256[1 << 55] private _lanes;
    address[1 << 32] private _traders;
    mapping(address trader => uint256) private _traderIds;

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
        try IERC20Permit(address(_escrowToken(side)))
            .permit(msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s) {}
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
        // Memory begins as zeros.
        // slither-disable-next-line uninitialized-local
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
            if (_lotsAt(place, queue, i) != 0) ++size;
        }
        found = new Order[](size);
        uint256 n = 0;
        for (uint256 i = first; i < end; ++i) {
            uint256 lots = _lotsAt(place, queue, i);
            if (lots == 0) continue;
            address trader = _traders[Lanes.traderOf(Lanes.read(_lanesAt(place, queue, i), i))];
            found[n++] = Order(OrderId.pack(queue.generation(), place, i), trader, _lots32(lots));
        }
    }

    /// @inheritdoc IMarket
    function lotsLeft(uint256[] calldata ids) external view override returns (uint32[] memory lots) {
        lots = new uint32[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            (,, uint256 sequence, uint256 lanes) = _find(ids[i]);
            lots[i] = _lots32(Lanes.lotsOf(Lanes.read(lanes, sequence)));
        }
    }

    function _placeOrder(uint256 side, uint256 price, uint256 lots, uint256 flags, uint256 maxFills)
        private
        returns (uint256 orderId, uint32 lotsFilled)
    {
        _checkOrder(side, price, lots, flags, maxFills);
        Top before = _top;
        Top top = before;
        uint256 left = lots;
        uint256 gets = 0;
        // Memory begins as zeros.
        // slither-disable-next-line uninitialized-local
        uint256[MAX_FILLS] memory payments;
        if (_crosses(side, price, top)) {
            if (flags == POST_ONLY) revert WouldCross(SafeCast.toUint16(top.best(_opposite(side))));
            (top, left, gets) = _take(payments, top, side, price, lots, maxFills);
            lotsFilled = SafeCast.toUint32(lots - left);
            // What could still trade is dropped: if it rested, the book would be crossed.
            if (_crosses(side, price, top)) left = 0;
        }
        if (flags == IMMEDIATE_OR_CANCEL) left = 0;
        if (left != 0) (top, orderId) = _rest(top, side, price, left);
        bool unproven = !top.proven(side) && (left != 0 || lotsFilled != 0);
        if (unproven) top = top.withProven(side);
        if (Top.unwrap(top) != Top.unwrap(before)) _top = top;
        _settle(payments, side, left * _escrowOfLot(_place(side, price)), gets, unproven);
    }

    /// @dev Trades with the other side from its best price on, until nothing is left, nothing crosses, or enough was
    /// visited. Returns the top of the book, not yet written, the lots left, and the base units that the taker gets.
    function _take(
        uint256[MAX_FILLS] memory payments,
        Top top,
        uint256 side,
        uint256 price,
        uint256 lots,
        uint256 maxFills
    ) private returns (Top, uint256 left, uint256 gets) {
        left = lots;
        uint256 paid = 0;
        // Counted in skips, of which a fill takes eight.
        uint256 steps = maxFills * SKIPS;
        while (left != 0 && steps != 0 && _crosses(side, price, top)) {
            uint256 place = _place(_opposite(side), top.best(_opposite(side)));
            Queue queue = _queues[place];
            uint256 resting = queue.lots();
            (queue, left, steps, paid) = _takeAt(payments, place, queue, left, steps, paid);
            _queues[place] = queue;
            gets += (resting - queue.lots()) * _escrowOfLot(place);
            if (queue.lots() == 0) top = _withoutLevel(top, place);
        }
        return (top, left, gets);
    }

    /// @dev Trades with the orders of one price, first come first served, until it is empty or the lots or steps are used
    /// up. Returns the queue, not yet written, what is left of lots and steps, and how many payments there are now.
    function _takeAt(
        uint256[MAX_FILLS] memory payments,
        uint256 place,
        Queue queue,
        uint256 left,
        uint256 steps,
        uint256 paid
    ) private returns (Queue, uint256, uint256, uint256) {
        uint256 sequence = queue.head();
        uint256 resting = queue.lots();
        uint256 ids = OrderId.pack(queue.generation(), place, 0);
        uint256 lotPays = _sideOf(place) == ASK ? _priceOf(place) : LOT;
        uint256 lanes = _lanesAt(place, queue, sequence);
        // Each subtraction is of the smaller from the larger, and no sequence comes near 2^40.
        unchecked {
            while (true) {
                uint256 lane = Lanes.read(lanes, sequence);
                uint256 open = Lanes.lotsOf(lane);
                if (open == 0) {
                    --steps;
                } else {
                    steps = steps > SKIPS ? steps - SKIPS : 0;
                    address maker = _traders[Lanes.traderOf(lane)];
                    if (maker == msg.sender) {
                        resting -= open;
                        emit OrderCancelled(ids | sequence, _lots32(open));
                    } else {
                        uint256 moved = left < open ? left : open;
                        left -= moved;
                        resting -= moved;
                        paid = Payments.note(payments, paid, maker, moved * lotPays);
                        emit Trade(ids | sequence, maker, msg.sender, _lots32(moved));
                        if (moved != open) {
                            queue = _reduce(place, queue, lanes, sequence, moved);
                            break;
                        }
                    }
                }
                // A lane before the head is never read again, so it need not be written.
                ++sequence;
                if (left == 0 || steps == 0 || resting == 0) break;
                if (Lanes.isFirst(sequence)) lanes = _lanes[Lanes.slotOf(place, sequence)];
            }
        }
        return (resting == 0 ? queue.emptied() : queue.advanced(sequence, resting), left, steps, paid);
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
            uint256 rank = _rank(side, price);
            _prices[side].add(rank);
            uint256 best = top.best(side);
            if (best == 0 || rank < _rank(side, best)) top = top.withBest(side, price);
        }
        uint256 sequence = queue.tail();
        if (sequence == 0) {
            queue = Queue.wrap(Lanes.write(Queue.unwrap(queue), 0, traderId, lots));
        } else {
            uint256 slot = Lanes.slotOf(place, sequence);
            _lanes[slot] = Lanes.write(_lanes[slot], sequence, traderId, lots);
        }
        _queues[place] = queue.pushed(lots);
        id = OrderId.pack(queue.generation(), place, sequence);
        emit OrderPlaced(id, msg.sender, _lots32(lots));
        return (top, id);
    }

    /// @dev Pays the makers out of the taker's pocket, takes the escrow of what rests, and hands over what was bought.
    /// What a token of which nothing is known yet pays first must arrive whole, or it never comes into the book.
    function _settle(uint256[MAX_FILLS] memory payments, uint256 side, uint256 escrow, uint256 gets, bool unproven)
        private
    {
        IERC20 pays = _escrowToken(side);
        uint256 i = 0;
        if (unproven && payments[0] == 0) {
            pays.payWhole(address(this), escrow);
            escrow = 0;
        } else if (unproven) {
            (address first, uint256 due) = Payments.unpack(payments[i++]);
            pays.payWhole(first, due);
        }
        for (; i < MAX_FILLS; ++i) {
            uint256 payment = payments[i];
            if (payment == 0) break;
            (address maker, uint256 amount) = Payments.unpack(payment);
            pays.safeTransferFrom(msg.sender, maker, amount);
        }
        if (escrow != 0) pays.safeTransferFrom(msg.sender, address(this), escrow);
        if (gets != 0) _escrowToken(_opposite(side)).safeTransfer(msg.sender, gets);
    }

    /// @dev Takes an order of the caller out of the book; zero lots when it is not open.
    function _cancel(uint256 id) private returns (uint256 place, uint256 lots) {
        Queue queue;
        uint256 sequence;
        uint256 lanes;
        (place, queue, sequence, lanes) = _find(id);
        uint256 lane = Lanes.read(lanes, sequence);
        lots = Lanes.lotsOf(lane);
        if (lots == 0) return (place, 0);
        if (_traders[Lanes.traderOf(lane)] != msg.sender) revert NotTrader(id, msg.sender);
        uint256 resting = queue.lots() - lots;
        uint256 head = queue.head();
        if (resting == 0) {
            queue = queue.emptied();
            Top top = _top;
            Top topAfter = _withoutLevel(top, place);
            if (Top.unwrap(topAfter) != Top.unwrap(top)) _top = topAfter;
        } else if (sequence == head) {
            queue = queue.advanced(_pastCancelled(place, queue, sequence + 1), resting);
        } else {
            queue = _reduce(place, queue, lanes, sequence, lots).advanced(head, resting);
        }
        _queues[place] = queue;
        emit OrderCancelled(id, _lots32(lots));
    }

    /// @dev The first sequence from `sequence` on that is open, or the one after eight that are not.
    function _pastCancelled(uint256 place, Queue queue, uint256 sequence) private view returns (uint256) {
        for (uint256 i = 0; i < SKIPS; ++i) {
            if (_lotsAt(place, queue, sequence) != 0) break;
            ++sequence;
        }
        return sequence;
    }

    /// @dev The lanes among which an order's is; the first of a generation lies in the queue itself.
    function _lanesAt(uint256 place, Queue queue, uint256 sequence) private view returns (uint256) {
        return sequence == 0 ? Queue.unwrap(queue) : _lanes[Lanes.slotOf(place, sequence)];
    }

    /// @dev What is left of an order from head to before tail.
    function _lotsAt(uint256 place, Queue queue, uint256 sequence) private view returns (uint256) {
        return Lanes.lotsOf(Lanes.read(_lanesAt(place, queue, sequence), sequence));
    }

    /// @dev Takes lots from an order in `lanes`, which are those of `_lanesAt`; the queue is returned, not written.
    function _reduce(uint256 place, Queue queue, uint256 lanes, uint256 sequence, uint256 lots)
        private
        returns (Queue)
    {
        uint256 reduced = Lanes.reduce(lanes, sequence, lots);
        if (sequence == 0) return Queue.wrap(reduced);
        _lanes[Lanes.slotOf(place, sequence)] = reduced;
        return queue;
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

    /// @dev Where an order rests, and the lanes among which its own is; these are zero when it is not open.
    function _find(uint256 id) private view returns (uint256 place, Queue queue, uint256 sequence, uint256 lanes) {
        uint256 generation;
        (generation, place, sequence) = OrderId.unpack(id);
        queue = _queues[place];
        bool known = generation == queue.generation() && sequence >= queue.head() && sequence < queue.tail();
        lanes = known ? _lanesAt(place, queue, sequence) : 0;
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
        uint256 best = top.best(_opposite(side));
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

    function _opposite(uint256 side) private pure returns (uint256) {
        return side == BID ? ASK : BID;
    }

    function _sideOf(uint256 place) private pure returns (uint256) {
        return place >> 16;
    }

    function _priceOf(uint256 place) private pure returns (uint256) {
        return place & type(uint16).max;
    }

    /// @dev Lots of a lane, or of an order that came with 32 bits.
    function _lots32(uint256 lots) private pure returns (uint32) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(lots);
    }

    /// @dev From price to rank, and from rank to price.
    function _rank(uint256 side, uint256 price) private pure returns (uint256) {
        return side == ASK ? price : price ^ type(uint16).max;
    }
}
