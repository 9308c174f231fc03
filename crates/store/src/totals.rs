//! Running sums over settlements with SUCCESS, kept in the transaction that changes one.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::{Etk, MeterId, NetWattHours, Settlement, Status, view::Totals};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
    seal,
};

const TABLE: &str = "settlement_totals";
const KEY: &str = "meter_id";

/// A settlement that changes, or is new.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    /// As it was stored.
    pub(crate) before: Option<&'a Settlement>,
    /// As it is stored now, of the same meter.
    pub(crate) after: &'a Settlement,
}

impl<'a> Change<'a> {
    /// A settlement that is new.
    pub(crate) fn new(after: &'a Settlement) -> Self {
        Self { before: None, after }
    }
}

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
    let sums = load_all(r, &BTreeSet::from([meter])).await?;
    Ok(sums.into_values().next().unwrap_or_default())
}

/// The sums of these meters; nothing of one before its first success.
async fn load_all(r: &impl Read, meters: &BTreeSet<&MeterId>) -> Result<BTreeMap<MeterId, Sums>, StoreError> {
    let meters = meters.iter().map(|meter| meter.as_str());
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).is_in(record::any_of(meters)))
        .take();
    let rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    rows.iter().map(decode).collect()
}

/// Takes out of the sums what was and in what is, as far as it counts.
pub(crate) async fn replace(tx: &Tx, changes: &[Change<'_>]) -> Result<(), StoreError> {
    let out_of_range = || StoreError::Range {
        what: "the sum of settlements",
    };
    let share = |settlement: Option<&Settlement>| match settlement {
        Some(settlement) if settlement.status == Status::Success => share(settlement),
        _ => Some(Sums::default()),
    };
    let mut due = Vec::new();
    for change in changes {
        let (before, after) = share(change.before)
            .zip(share(Some(change.after)))
            .ok_or_else(out_of_range)?;
        if before != after {
            due.push((&change.after.meter_id, before, after));
        }
    }
    if due.is_empty() {
        return Ok(());
    }
    let mut sums = load_all(tx, &due.iter().map(|(meter, ..)| *meter).collect()).await?;
    for (meter, before, after) in due {
        let sums = sums.entry(meter.clone()).or_default();
        let changed = minus(*sums, before).and_then(|sums| plus(sums, after));
        *sums = changed.ok_or_else(out_of_range)?;
    }
    let rows = sums
        .iter()
        .map(|(meter, sums)| Ok(seal::seal(TABLE, encode(meter, sums)?)))
        .collect::<Result<_, StoreError>>()?;
    record::upsert(tx, TABLE, &[KEY], rows).await
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

fn decode(row: &Record) -> Result<(MeterId, Sums), StoreError> {
    let etk = |text: &str| text.parse().ok().map(Etk);
    let meter = row.parse(KEY, |text| text.parse().ok())?;
    let sums = Sums {
        totals: Totals {
            settlements: row.number("settlements")?,
            minted: row.parse("minted", etk)?,
            burned: row.parse("burned", etk)?,
        },
        energy: NetWattHours(row.int("energy_wh")?),
    };
    seal::check(TABLE, row, &encode(&meter, &sums)?)?;
    Ok((meter, sums))
}
