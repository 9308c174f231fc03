//! Whether a settlement's row says what its last fact says.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::{
    Error, Settlement, Status, TxStage,
    audit::{Fact, FactKind},
};
use enerlink_store::{Read, Reader, facts, settlements};

/// A settlement may move between two reads: what disagrees is looked at so often before it is believed.
const LOOKS: usize = 3;

/// Compares rows with facts, page by page, and names each settlement once.
pub(super) struct Agreement {
    reader: Reader,
    named: BTreeSet<String>,
}

impl Agreement {
    pub(super) fn new(reader: Reader) -> Self {
        Self {
            reader,
            named: BTreeSet::new(),
        }
    }

    /// What the rows of these facts say against them.
    pub(super) async fn of_facts(&mut self, facts: &[Fact]) -> Result<Vec<String>, Error> {
        let ids: Vec<&str> = facts
            .iter()
            .map(|fact| fact.settlement.settlement_id.as_str())
            .collect();
        let rows: BTreeMap<String, Settlement> = settlements::alive(&self.reader, &ids)
            .await?
            .into_iter()
            .map(|row| (row.settlement_id.clone(), row))
            .collect();
        let suspects = facts
            .iter()
            .filter(|fact| {
                let row = rows.get(&fact.settlement.settlement_id);
                disagreement(row, Some(fact), "").is_some()
            })
            .map(|fact| fact.settlement.settlement_id.clone());
        self.name(suspects.collect()).await
    }

    /// What the facts of these rows say against them.
    pub(super) async fn of_rows(&mut self, rows: &[Settlement]) -> Result<Vec<String>, Error> {
        let ids: Vec<&str> = rows.iter().map(|row| row.settlement_id.as_str()).collect();
        let latest = facts::latest(&self.reader, &ids).await?;
        let suspects = rows
            .iter()
            .filter(|row| disagreement(Some(row), latest.get(&row.settlement_id), "").is_some())
            .map(|row| row.settlement_id.clone());
        self.name(suspects.collect()).await
    }

    /// Looks at suspects one by one.
    async fn name(&mut self, suspects: BTreeSet<String>) -> Result<Vec<String>, Error> {
        let mut problems = Vec::new();
        for id in suspects {
            if let Some(problem) = look(&self.reader, &id).await?
                && self.named.insert(id)
            {
                problems.push(problem);
            }
        }
        Ok(problems)
    }
}

async fn look(reader: &impl Read, id: &str) -> Result<Option<String>, Error> {
    let mut problem = None;
    for _ in 0..LOOKS {
        let row = settlements::alive(reader, &[id]).await?.pop();
        let fact = facts::latest(reader, &[id]).await?.remove(id);
        problem = disagreement(row.as_ref(), fact.as_ref(), id);
        if problem.is_none() {
            break;
        }
    }
    Ok(problem)
}

fn disagreement(row: Option<&Settlement>, fact: Option<&Fact>, id: &str) -> Option<String> {
    let row = row.filter(|row| row.status == Status::Success);
    let fact = fact.filter(|fact| fact.kind == FactKind::Settled);
    match (row, fact) {
        (None, None) => None,
        (Some(row), Some(fact)) if content(row) == content(&fact.settlement) => None,
        (Some(_), Some(fact)) => Some(format!(
            "settlement {id} is not what fact {} says: one of them was changed",
            fact.number
        )),
        (Some(_), None) => Some(format!("settlement {id} is SUCCESS and no fact says so")),
        (None, Some(fact)) => Some(format!(
            "fact {} says that settlement {id} was settled, and no sound row does",
            fact.number
        )),
    }
}

/// What a settlement keeps once it has succeeded: how deep it lies goes on changing.
fn content(settlement: &Settlement) -> Settlement {
    Settlement {
        stage: TxStage::Final,
        confirmations: 0,
        reason: None,
        ..settlement.clone()
    }
}
