//! Energy between moments: the days between them, and what each has passed of its own day.

use std::collections::BTreeMap;

use enerlink_domain::{MeterId, MicroWh, UnixMillis, view::DayEnergy};
use sea_orm::{ConnectionTrait, Statement, sea_query::Value};

use super::{
    WIDTHS,
    rows::{self, MINUTES},
    span,
};
use crate::{
    Read, StoreError,
    record::{self, Record},
};

/// So many edges are asked for in one statement.
const EDGES: usize = 256;

/// The four energies of a [`DayEnergy`] as sums that cannot overflow.
type Sums = [i128; 4];

/// Energy between each edge and the next.
pub(super) async fn between(
    r: &impl Read,
    meter: &MeterId,
    edges: &[UnixMillis],
) -> Result<Vec<DayEnergy>, StoreError> {
    let edges: Vec<UnixMillis> = edges
        .iter()
        .map(|edge| span::clamp(*edge).floor_to(WIDTHS[0]))
        .collect();
    let (Some(first), Some(last)) = (edges.iter().min(), edges.iter().max()) else {
        return Ok(Vec::new());
    };
    let day = WIDTHS[3];
    let days = rows::load(r, meter, day, first.floor_to(day), last.floor_to(day)).await?;
    let mut running = Sums::default();
    // What has flowed since the first edge's midnight, at the end of each day that has a row.
    let ends: BTreeMap<UnixMillis, Sums> = days
        .into_iter()
        .map(|(at, bucket)| {
            running = plus(running, sums(&bucket.energy));
            (at.plus(day), running)
        })
        .collect();
    let passed = passed(r, meter, &edges).await?;
    let at = |edge: &UnixMillis| {
        let midnight = ends.range(..=edge.floor_to(day)).next_back();
        let midnight = midnight.map_or(Sums::default(), |(_, sums)| *sums);
        plus(midnight, passed.get(edge).copied().unwrap_or_default())
    };
    let stretches = edges.iter().zip(edges.iter().skip(1));
    Ok(stretches.map(|(from, to)| energy(at(from), at(to))).collect())
}

/// What each edge has passed of its own day, UTC. Nothing when no minute of it has a row.
async fn passed(
    r: &impl Read,
    meter: &MeterId,
    edges: &[UnixMillis],
) -> Result<BTreeMap<UnixMillis, Sums>, StoreError> {
    let midnight = |edge: &UnixMillis| edge.floor_to(WIDTHS[3]);
    let inside: Vec<&UnixMillis> = edges.iter().filter(|edge| midnight(edge) < **edge).collect();
    let mut found = BTreeMap::new();
    for edges in inside.chunks(EDGES) {
        let backend = r.connection().get_database_backend();
        let numbers = (0..edges.len()).map(|at| format!("(${}, ${})", 2 * at + 2, 2 * at + 3));
        // `$1` and so on are understood by both databases; the planner takes the last row of each stretch by its key.
        let sql = format!(
            "WITH edges (edge, midnight) AS (VALUES {}) \
             SELECT edges.edge AS edge, minutes.* FROM edges JOIN {MINUTES} AS minutes \
             ON minutes.meter_id = $1 AND minutes.received_at = (SELECT max(received_at) FROM {MINUTES} \
             WHERE meter_id = $1 AND received_at >= edges.midnight AND received_at < edges.edge)",
            numbers.collect::<Vec<_>>().join(", ")
        );
        let mut values: Vec<Value> = vec![meter.as_str().into()];
        for edge in edges {
            values.extend([Value::from(edge.0), midnight(edge).0.into()]);
        }
        let rows = r
            .connection()
            .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
        for row in record::records(rows, MINUTES, "received_at") {
            found.insert(UnixMillis(row.int("edge")?), day_sums(&row)?);
        }
    }
    Ok(found)
}

fn day_sums(row: &Record) -> Result<Sums, StoreError> {
    Ok(sums(&rows::decode_day(row)?))
}

fn sums(energy: &DayEnergy) -> Sums {
    [energy.produced, energy.used, energy.exported, energy.imported].map(|energy| i128::from(energy.0))
}

fn plus(one: Sums, other: Sums) -> Sums {
    std::array::from_fn(|at| one[at] + other[at])
}

/// What has flowed between two sums; nothing when they do not go forward, the most when it leaves the range.
fn energy(from: Sums, to: Sums) -> DayEnergy {
    let [produced, used, exported, imported] = std::array::from_fn(|at| {
        let flowed = (to[at] - from[at]).clamp(0, i128::from(MicroWh::MAX.0));
        MicroWh(u64::try_from(flowed).unwrap_or_default())
    });
    DayEnergy {
        produced,
        used,
        exported,
        imported,
    }
}
