//! Settlements that change in one transaction: read together, changed in memory, written together with their sums.

use std::collections::BTreeMap;

use enerlink_domain::Settlement;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use super::{TABLE, encode, fetch};
use crate::{
    Read, StoreError, Tx, record, seal, settled,
    totals::{self, Change},
};

/// Ids that one statement names at most.
const AT_ONCE: usize = 512;

/// Settlements by their ids, as they are and as they are to be. What is not written is forgotten.
pub struct Changes(BTreeMap<String, Changing>);

struct Changing {
    /// The number of the row.
    id: i64,
    stored: Settlement,
    now: Settlement,
}

impl Changes {
    /// The newest settlement of each of these ids that has one.
    pub async fn load(r: &impl Read, ids: &[&str]) -> Result<Self, StoreError> {
        let mut all = BTreeMap::new();
        for ids in ids.chunks(AT_ONCE) {
            let newest = Query::select()
                .expr(Expr::col("id").max())
                .from(TABLE)
                .and_where(Expr::col("settlement_id").is_in(record::any_of(ids.iter().copied())))
                .group_by_col("settlement_id")
                .take();
            let query = record::select(TABLE)
                .and_where(Expr::col("id").in_subquery(newest))
                .take();
            all.extend(fetch(r, &query).await?.into_iter().map(|(id, stored)| {
                let changing = Changing {
                    id,
                    now: stored.clone(),
                    stored,
                };
                (changing.stored.settlement_id.clone(), changing)
            }));
        }
        Ok(Self(all))
    }

    /// The settlement of this id, as it is to be.
    pub fn get(&self, settlement_id: &str) -> Option<&Settlement> {
        self.0.get(settlement_id).map(|changing| &changing.now)
    }

    /// Changes the settlement of this id; [`StoreError::Missing`] when none was there.
    pub fn set(&mut self, settlement: Settlement) -> Result<(), StoreError> {
        match self.0.get_mut(&settlement.settlement_id) {
            Some(changing) => {
                changing.now = settlement;
                Ok(())
            }
            None => Err(StoreError::Missing {
                table: TABLE,
                key: settlement.settlement_id,
            }),
        }
    }

    /// Writes what has changed, and brings the sums of their meters to it.
    pub async fn write(&mut self, tx: &Tx) -> Result<(), StoreError> {
        let mut changed: Vec<&mut Changing> = self.0.values_mut().collect();
        changed.retain(|changing| changing.now != changing.stored);
        let rows = changed.iter().map(|changing| {
            let row = encode(changing.id, &changing.now)?;
            Ok((changing.id, seal::seal(TABLE, row)))
        });
        record::update_all(tx, TABLE, rows.collect::<Result<_, StoreError>>()?).await?;
        let changes = changed.iter().map(|changing| Change {
            before: Some(&changing.stored),
            after: &changing.now,
        });
        let changes: Vec<_> = changes.collect();
        totals::replace(tx, &changes).await?;
        settled::replace(tx, &changes).await?;
        for changing in changed {
            changing.stored = changing.now.clone();
        }
        Ok(())
    }
}
