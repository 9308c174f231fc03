//! Running sums over settlements with SUCCESS, kept in the transaction that changes one.

use enerlink_domain::{Etk, MeterId, NetWattHours, Settlement, Status, view::Totals};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, signed},
    seal,
};

const TABLE: &str = "settlement_totals";
const KEY: &str = "meter_id";

/// What is summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Settlements and tokens.
    pub(crate) totals: Totals,
    /// Net energy settled; positive is export.
    pub(crate) energy: NetWattHours,
}

/// The sums of a meter; zero before its first success.
pub(crate) async fn load(r: &impl Read, meter: &MeterId) -> Result<Sums, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).eq(meter.as_str()))
        .take();
    let Some(row) = record::fetch_one(r, TABLE, KEY, &query).await? else {
        return Ok(Sums::default());
    };
    let etk = |text: &str| text.parse().ok().map(Etk);
    let sums = Sums {
        totals: Totals {
            settlements: row.number("settlements")?,
            minted: row.parse("minted", etk)?,
            burned: row.parse("burned", etk)?,
        },
        energy: NetWattHours(row.int("energy_wh")?),
    };
    seal::check(TABLE, &row, &encode(meter, &sums)?)?;
    Ok(sums)
}

/// Takes `before` out of the sums and `after` in, as far as they count.
pub(crate) async fn replace(
    tx: &Tx,
    meter: &MeterId,
    before: Option<&Settlement>,
    after: Option<&Settlement>,
) -> Result<(), StoreError> {
    let share = |settlement: Option<&Settlement>| match settlement {
        Some(settlement) if settlement.status == Status::Success => share(settlement),
        _ => Some(Sums::default()),
    };
    let out_of_range = StoreError::Range {
        what: "the sum of settlements",
    };
    let (Some(before), Some(after)) = (share(before), share(after)) else {
        return Err(out_of_range);
    };
    if before == after {
        return Ok(());
    }
    let old = load(tx, meter).await?;
    let sums = minus(old, before).and_then(|sums| plus(sums, after));
    let row = seal::seal(TABLE, encode(meter, &sums.ok_or(out_of_range)?)?);
    record::upsert(tx, TABLE, &[KEY], vec![row]).await
}

/// What one settlement adds.
pub(crate) fn share(settlement: &Settlement) -> Option<Sums> {
    let etk = settlement.etk;
    Some(Sums {
        totals: Totals {
            settlements: 1,
            minted: etk.max(Etk::ZERO),
            burned: Etk::ZERO.checked_sub(etk.min(Etk::ZERO))?,
        },
        energy: settlement.energy_wh,
    })
}

fn plus(sums: Sums, share: Sums) -> Option<Sums> {
    Some(Sums {
        totals: add(sums.totals, share.totals)?,
        energy: sums.energy.checked_add(share.energy)?,
    })
}

fn minus(sums: Sums, share: Sums) -> Option<Sums> {
    Some(Sums {
        totals: subtract(sums.totals, share.totals)?,
        energy: sums.energy.checked_sub(share.energy)?,
    })
}

/// Both; none when they leave their range.
pub(crate) fn add(old: Totals, more: Totals) -> Option<Totals> {
    Some(Totals {
        settlements: old.settlements.checked_add(more.settlements)?,
        minted: old.minted.checked_add(more.minted)?,
        burned: old.burned.checked_add(more.burned)?,
    })
}

/// `old` without `less`; none when it is not in it.
pub(crate) fn subtract(old: Totals, less: Totals) -> Option<Totals> {
    Some(Totals {
        settlements: old.settlements.checked_sub(less.settlements)?,
        minted: old.minted.checked_sub(less.minted)?,
        burned: old.burned.checked_sub(less.burned)?,
    })
}

fn encode(meter: &MeterId, sums: &Sums) -> Result<Fields, StoreError> {
    let count = signed(sums.totals.settlements, "the number of settlements")?;
    Ok(Fields::default()
        .text(KEY, meter.as_str())
        .int("settlements", count)
        .int("energy_wh", sums.energy.0)
        .text("minted", sums.totals.minted.0.to_string())
        .text("burned", sums.totals.burned.0.to_string()))
}
