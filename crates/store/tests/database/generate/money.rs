//! Settlements and transactions, as wide as their types allow.

use std::num::NonZeroU16;

use enerlink_domain::{
    Etk, Idrs, MicroWh, NetWattHours, Settlement, Status, Trigger, TxDetail, TxKind, TxStage, Wei,
    market::{Lots, OrderFlags, OrderId, Pair, Price, Side},
    settlement::{Basis, Watermark},
    token::{Amount, Ramp, Token},
    transaction::Units,
};
use enerlink_store::{NewOutbox, OutboxRow};
use proptest::{collection::vec, option::of, prelude::*, sample::select};

use super::{address, hash, id, meter_id, number, time, watt_hours};

pub(crate) fn settlement() -> impl Strategy<Value = Settlement> {
    let mark = || (watt_hours(), watt_hours()).prop_map(|(export, import)| Watermark { export, import });
    (
        ("[^\\x00]{1,80}", address()),
        (
            select(vec![Status::Pending, Status::Success, Status::Failed]),
            select(TxStage::ALL.to_vec()),
            select(vec![
                Trigger::Periodic,
                Trigger::Manual,
                Trigger::Threshold,
                Trigger::Adopted,
            ]),
        ),
        (mark(), mark(), any::<i64>(), any::<i64>()),
        (of(hash()), of(number()), number(), of("[^\\x00]{0,80}")),
        (time(), of(time())),
        of(basis()),
    )
        .prop_map(|(names, words, energy, chain, times, basis)| Settlement {
            settlement_id: names.0,
            meter_id: meter_id(),
            prosumer: names.1,
            status: words.0,
            stage: words.1,
            trigger: words.2,
            from: energy.0,
            to: energy.1,
            energy_wh: NetWattHours(energy.2),
            // Twice the range of 64 bits: amounts are text in the database.
            etk: Etk(i128::from(energy.3) * 2),
            tx: chain.0,
            block: chain.1,
            confirmations: chain.2,
            reason: chain.3,
            created_at: times.0,
            settled_at: times.1,
            basis,
        })
}

fn basis() -> impl Strategy<Value = Basis> {
    (
        (number(), number(), number()),
        any::<(u32, u32, i64)>(),
        (of(time()), of(time())),
    )
        .prop_map(|(sizes, (epoch, epochs_crossed, carry), (from, to))| Basis {
            export: MicroWh(sizes.0),
            import: MicroWh(sizes.1),
            epoch,
            epochs_crossed,
            from,
            to,
            ratio: sizes.2,
            carry,
            before: None,
        })
}

fn order_id() -> impl Strategy<Value = OrderId> {
    let place = (any::<bool>(), any::<NonZeroU16>());
    (0..OrderId::GENERATIONS, place, 0..OrderId::SEQUENCES).prop_map(
        |(generation, (bid, price), sequence)| {
            let side = if bid { Side::Bid } else { Side::Ask };
            let price = Price::new(price.get()).expect("not zero");
            OrderId::new(generation, side, price, sequence).expect("in range")
        },
    )
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

/// Whatever a transaction may do, over the whole range of amounts.
pub(crate) fn detail() -> impl Strategy<Value = TxDetail> {
    let amount = prop_oneof![
        any::<i128>().prop_map(|units| Amount::Etk(Etk(units))),
        any::<i128>().prop_map(|units| Amount::Idrs(Idrs(units))),
        any::<u128>().prop_map(|wei| Amount::Coin(Wei(wei))),
    ];
    let flags = select(OrderFlags::ALL.to_vec());
    let pair = (1..=1_000_000_000_000_i128, 1..=1_000_000_000_u64)
        .prop_map(|(lot, ratio)| Pair::new(Etk(lot), ratio).expect("in range"));
    let token = || select(Token::ALL.to_vec());
    prop_oneof![
        (order_id(), any::<u32>(), flags, of(any::<u64>()), of(pair)).prop_map(
            |(order, lots, flags, permit, pair)| {
                TxDetail::Place {
                    side: order.side(),
                    price: order.price(),
                    lots: Lots(lots),
                    flags,
                    permit,
                    pair,
                }
            }
        ),
        vec(order_id(), 0..17).prop_map(|orders| TxDetail::Cancel { orders }),
        (token(), address(), any::<u128>()).prop_map(|(token, spender, amount)| TxDetail::Approve {
            token,
            spender,
            amount: Units(amount),
        }),
        (amount, address()).prop_map(|(amount, to)| TxDetail::Send { amount, to }),
        (any::<bool>(), any::<i128>()).prop_map(|(on, amount)| TxDetail::Ramp {
            way: if on { Ramp::On } else { Ramp::Off },
            amount: Idrs(amount),
        }),
        (token(), address()).prop_map(|(token, spender)| TxDetail::Revoke { token, spender }),
    ]
}

/// A row as `new` was queued, moved on to anything that a row can be.
pub(crate) fn outbox() -> impl Strategy<Value = (NewOutbox, OutboxRow)> {
    let kinds = vec![
        TxKind::OpenMeter,
        TxKind::SetSettler,
        TxKind::SettleMeter,
        TxKind::PlaceOrder,
        TxKind::SendToken,
        TxKind::SendCoin,
        TxKind::OnRamp,
        TxKind::OffRamp,
        TxKind::Revoke,
    ];
    let new = (
        (
            address(),
            "[^\\x00]{0,40}",
            select(kinds),
            of(id()),
            of("[^\\x00]{0,80}"),
        ),
        (number(), address(), bytes(), time()),
        of(detail()),
    )
        .prop_map(|(head, tail, detail)| NewOutbox {
            account: head.0,
            signer: head.1,
            kind: head.2,
            meter_id: head.3,
            settlement_id: head.4,
            detail,
            chain_id: tail.0,
            to: tail.1,
            input: tail.2,
            created_at: tail.3,
        });
    let fees = (of(number()), of(number()), of(any::<u128>()), of(any::<u128>()));
    let chain = (
        of(bytes()),
        of(hash()),
        select(TxStage::ALL.to_vec()),
        of((number(), hash())),
    );
    let life = (
        (any::<u32>(), any::<u32>(), any::<bool>()),
        of((any::<i64>(), any::<i128>())),
        (of(any::<bool>()), of(number()), of(time())),
        of((of(order_id()), any::<u32>().prop_map(Lots))),
    );
    let rest = (number(), of("[^\\x00]{0,80}"), time());
    (new, fees, chain, rest, life).prop_map(|(new, fees, chain, rest, life)| {
        let row = OutboxRow {
            id: 0,
            account: new.account,
            signer: new.signer.clone(),
            kind: new.kind,
            meter_id: new.meter_id.clone(),
            settlement_id: new.settlement_id.clone(),
            detail: new.detail.clone(),
            chain_id: new.chain_id,
            to: new.to,
            input: new.input.clone(),
            nonce: fees.0,
            gas_limit: fees.1,
            max_fee: fees.2.map(Wei),
            priority_fee: fees.3.map(Wei),
            raw: chain.0,
            hash: chain.1,
            versions: life.0.0,
            raises: life.0.1,
            cancelling: life.0.2,
            simulated: life.1.map(|(energy, etk)| (NetWattHours(energy), Etk(etk))),
            simulated_order: life.3,
            as_simulated: life.2.0,
            unknown_since: life.2.1,
            confirmed_at: life.2.2,
            stage: chain.2,
            block: chain.3,
            confirmations: rest.0,
            reason: rest.1,
            created_at: new.created_at,
            updated_at: rest.2,
        };
        (new, row)
    })
}
