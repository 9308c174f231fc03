//! The outbox against the chain: every row has come to its end, and every nonce that was used has one row that says so.

use std::collections::BTreeSet;

use enerlink_domain::{Status, Transaction, TxStage};
use enerlink_engine::Engine;
use serde_json::{Value, json};

use super::{check::Court, faults::FaultKind, world::World};

/// Rows of one page.
const PAGE: u16 = 200;

/// A transaction of the household in a block.
#[derive(Debug)]
struct Mined {
    hash: String,
    nonce: u64,
    succeeded: bool,
}

impl Mined {
    /// Whether `stage` is the end that this came to.
    fn ends_as(&self, stage: TxStage, cancelling: bool) -> bool {
        match (self.succeeded, cancelling) {
            (_, true) => stage == TxStage::Replaced,
            (true, false) => stage.status() == Status::Success,
            (false, false) => stage == TxStage::Failed,
        }
    }
}

/// Compares every stored row with every block.
pub(super) async fn agrees(court: &mut Court, world: &World, engine: &Engine) -> anyhow::Result<()> {
    let rows = rows(engine).await?;
    let open: Vec<_> = rows
        .iter()
        .filter(|row| row.stage.status() == Status::Pending)
        .collect();
    court.demand(open.is_empty(), "every transaction comes to its end", || {
        format!("{open:?}")
    });
    let mined = mined(world, &rows).await?;
    for tx in &mined {
        let of_it: Vec<_> = rows
            .iter()
            .filter(|row| row.hash.is_some_and(|hash| hash.to_string() == tx.hash))
            .collect();
        // What another copy has sent, or this one before its database was lost, has no row here.
        let known = match of_it.as_slice() {
            [] => has_strangers(world),
            [row] => row.nonce == Some(tx.nonce) && tx.ends_as(row.stage, row.cancelling),
            _ => false,
        };
        court.demand(known, "each used nonce has one row that says so", || {
            format!("{tx:?} {of_it:?}")
        });
    }
    for row in rows.iter().filter(|row| row.stage.status() == Status::Success) {
        let stands = row
            .hash
            .is_some_and(|hash| mined.iter().any(|tx| tx.hash == hash.to_string()));
        court.demand(stands, "what has succeeded is in a block", || format!("{row:?}"));
    }
    Ok(())
}

/// Whether the household's keys have signed what this profile cannot know of.
fn has_strangers(world: &World) -> bool {
    let counts = world.tally.counts();
    [
        FaultKind::SecondCopy,
        FaultKind::DatabaseRestored,
        FaultKind::EmptyProfile,
    ]
    .iter()
    .any(|kind| counts.contains_key(kind))
}

async fn rows(engine: &Engine) -> anyhow::Result<Vec<Transaction>> {
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let page = engine.transactions(PAGE, before).await?;
        before = page.next;
        rows.extend(page.rows);
        if before.is_none() {
            return Ok(rows);
        }
    }
}

/// What the blocks have of the household's accounts.
async fn mined(world: &World, rows: &[Transaction]) -> anyhow::Result<Vec<Mined>> {
    let accounts: BTreeSet<_> = rows.iter().map(|row| row.from).chain(world.owners()).collect();
    let own = |from: &Value| {
        from.as_str()
            .is_some_and(|from| accounts.iter().any(|account| account.to_lower() == from))
    };
    let mut mined = Vec::new();
    for number in 0..=world.node.block_number().await? {
        let params = json!([format!("0x{number:x}"), true]);
        let block = world.node.request("eth_getBlockByNumber", params).await?;
        for tx in block["transactions"].as_array().into_iter().flatten() {
            let (hash, nonce) = (&tx["hash"], tx["nonce"].as_str().unwrap_or_default());
            if !own(&tx["from"]) {
                continue;
            }
            let receipt = world
                .node
                .request("eth_getTransactionReceipt", json!([hash]))
                .await?;
            mined.push(Mined {
                hash: hash.as_str().unwrap_or_default().to_owned(),
                nonce: u64::from_str_radix(nonce.trim_start_matches("0x"), 16)?,
                succeeded: receipt["status"] == "0x1",
            });
        }
    }
    Ok(mined)
}
