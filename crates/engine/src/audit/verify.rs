//! The verification: every hash again, the facts against the rows, the rows against the node, the sums of all of them.

use std::{collections::BTreeMap, slice};

use enerlink_chain::SettledEvent;
use enerlink_domain::{
    Error, Etk, Hash32, Meter, MeterId, NetMicroWh, NetWattHours, Settlement, Status, TxHash, WattHours,
    audit::{AuditSums, Fact, FactKind, Verification},
    quantity::MICRO,
    settlement::Watermark,
    view::Totals,
};
use enerlink_store::{cursors, facts, meters, registers, rollups, settlements};

use super::agreement::Agreement;
use crate::{Engine, ledger, network, network::Network};

/// Rows that are in memory at once.
const CHUNK: u32 = 500;
/// More problems than a person reads are only counted.
const MOST_PROBLEMS: usize = 100;

/// How far a verification has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Facts whose hashes were computed again.
    pub facts: u64,
    /// Settlements that were compared with the node.
    pub settlements: u64,
}

impl Engine {
    /// Checks the chain of facts, the sums, and every settlement against the node.
    pub async fn verify_audit(&self) -> Result<Verification, Error> {
        self.verify_audit_telling(|_| ()).await
    }

    /// The same, telling after each page how far it has come. The time grows with the settlements, the memory does not.
    pub async fn verify_audit_telling(
        &self,
        told: impl FnMut(VerifyProgress) + Send,
    ) -> Result<Verification, Error> {
        let network = self.network().ok_or_else(network::missing)?;
        // What another chain says proves nothing.
        network.chain.verify(&network.addresses).await?;
        let mut run = Run {
            engine: self,
            network,
            agreement: Agreement::new(self.store().reader()),
            told,
            progress: VerifyProgress::default(),
            place: 0,
            previous: Some(Hash32::default()),
            head: Hash32::default(),
            sums: BTreeMap::new(),
            problems: Vec::new(),
            untold: 0,
        };
        run.facts().await?;
        let meters = meters::list(&self.store().reader()).await?;
        for meter in &meters {
            run.totals(&meter.id).await?;
        }
        let mut sums = Vec::new();
        for meter in &meters {
            sums.push(run.meter(meter).await?);
        }
        if run.untold > 0 {
            run.problems.push(format!("and {} more", run.untold));
        }
        Ok(Verification {
            ok: run.problems.is_empty(),
            settlements: run.progress.settlements,
            facts: run.progress.facts,
            head: run.head,
            sums,
            problems: run.problems,
        })
    }
}

/// What the facts of a meter add up to.
#[derive(Clone, Copy, Default)]
struct Sums {
    settlements: i128,
    energy: i128,
    minted: i128,
    burned: i128,
}

impl Sums {
    fn add(&mut self, fact: &Fact) {
        let sign = match fact.kind {
            FactKind::Settled => 1,
            FactKind::Reversed => -1,
        };
        let Settlement { energy_wh, etk, .. } = &fact.settlement;
        self.settlements += sign;
        self.energy += sign * i128::from(energy_wh.0);
        let (minted, burned) = (etk.0.max(0), -etk.0.min(0));
        self.minted = self.minted.saturating_add(sign * minted);
        self.burned = self.burned.saturating_add(sign * burned);
    }

    fn are(&self, totals: &Totals, energy: NetWattHours) -> bool {
        self.settlements == i128::from(totals.settlements)
            && self.energy == i128::from(energy.0)
            && (Etk(self.minted), Etk(self.burned)) == (totals.minted, totals.burned)
    }
}

/// What is known on the way along the chain of facts.
struct Run<'a, F> {
    engine: &'a Engine,
    network: Network,
    agreement: Agreement,
    told: F,
    progress: VerifyProgress,
    /// The number of the last fact that was read.
    place: u64,
    /// Its hash, when it is known.
    previous: Option<Hash32>,
    /// The hash of the last fact that is sound.
    head: Hash32,
    sums: BTreeMap<MeterId, Sums>,
    problems: Vec<String>,
    untold: u64,
}

impl<F: FnMut(VerifyProgress)> Run<'_, F> {
    fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(text);
        } else {
            self.untold += 1;
        }
    }

    fn problems(&mut self, texts: Vec<String>) {
        texts.into_iter().for_each(|text| self.problem(text));
    }

    /// Follows the chain of facts from where it was left to its end.
    async fn facts(&mut self) -> Result<(), Error> {
        let reader = self.engine.store().reader();
        loop {
            let links = facts::after(&reader, self.place, CHUNK).await?;
            if links.is_empty() {
                return Ok(());
            }
            let mut sound = Vec::with_capacity(links.len());
            for link in links {
                let expected = self.place + 1;
                if link.number != expected {
                    self.problem(format!("fact {expected} is missing: {} follows", link.number));
                    self.previous = None;
                }
                self.place = link.number;
                self.progress.facts += 1;
                let Some(fact) = link.fact else {
                    self.problem(format!("fact {} is not what was written", link.number));
                    self.previous = None;
                    continue;
                };
                if self.previous.is_some_and(|previous| previous != fact.previous) {
                    self.problem(format!("fact {} does not follow the one before it", link.number));
                }
                self.previous = Some(fact.hash);
                self.head = fact.hash;
                let meter = fact.settlement.meter_id.clone();
                self.sums.entry(meter).or_default().add(&fact);
                sound.push(fact);
            }
            let problems = self.agreement.of_facts(&sound).await?;
            self.problems(problems);
            (self.told)(self.progress);
        }
    }

    /// Compares what the facts add up to with the sums that are kept. Facts that were written meanwhile are read first.
    async fn totals(&mut self, meter: &MeterId) -> Result<(), Error> {
        let reader = self.engine.store().reader();
        for last in [false, true] {
            self.facts().await?;
            let totals = settlements::totals(&reader, meter).await?;
            let energy = settlements::settled_wh(&reader, meter).await?;
            let sums = self.sums.get(meter).copied().unwrap_or_default();
            if sums.are(&totals, energy) {
                return Ok(());
            }
            if last {
                self.problem(format!(
                    "the facts of {meter} add up to {} settlements and {} Wh, the sums say {} and {}",
                    sums.settlements, sums.energy, totals.settlements, energy.0
                ));
            }
        }
        Ok(())
    }

    /// Compares the rows of a meter with the node's events, a stretch of blocks at a time, and adds it up.
    async fn meter(&mut self, meter: &Meter) -> Result<AuditSums, Error> {
        let reader = self.engine.store().reader();
        let Network { chain, addresses } = self.network.clone();
        let head = chain.head().await?.number;
        let baseline = chain.meter(&addresses, &meter.id).await?;
        let baseline = baseline.map(|standing| standing.baseline).unwrap_or_default();
        // Up to there every event has been taken over; what is younger will be.
        let adopted = cursors::get(&reader, addresses.chain_id, &ledger::cursor(&meter.id)).await?;
        let adopted = adopted.map(|(block, _)| block);
        let mut follows = Following::new(baseline);
        let mut unrecorded = 0;
        let mut from = 0;
        loop {
            let rows = settlements::in_blocks_after(&reader, &meter.id, before(from), CHUNK).await?;
            let full = rows.len() == CHUNK as usize;
            let last = rows.last().map_or(0, |(place, _)| place.0);
            // A full page may have cut its last block in two.
            let to = if full {
                last.saturating_sub(1).max(from)
            } else {
                head.max(last)
            };
            let events = chain
                .settled_events(&addresses, slice::from_ref(&meter.id), from, to)
                .await?;
            for event in &events {
                if !follows.on(event) {
                    let block = event.block;
                    self.problem(format!(
                        "the node's settlement of {} in block {block} does not follow the one before",
                        meter.id
                    ));
                }
            }
            let rows = rows.into_iter().filter(|((block, _), _)| *block <= to);
            let left = self.rows(rows, events).await?;
            unrecorded += self.events(meter, adopted, left).await?;
            (self.told)(self.progress);
            if !full {
                break;
            }
            from = to + 1;
        }
        let sums = self.engine.audit(&meter.id).await?;
        if !sums.adds_up {
            self.problem(format!(
                "{} does not add up: accumulated {} µWh, settled {}, pending {}, carried {}",
                meter.id, sums.accumulated.0, sums.settled.0, sums.pending.0, sums.carried.0
            ));
        }
        self.registers(&meter.id).await?;
        // A settlement that came while this was read is in one of them only.
        let settled = follows.settled();
        if Some(sums.settled) == settled && sums.unrecorded.0 != unrecorded * MICRO as i64 {
            self.problem(format!(
                "{} has {} µWh on chain that are in no row; the node's events say {unrecorded} Wh",
                meter.id, sums.unrecorded.0
            ));
        }
        Ok(sums)
    }

    /// Compares what the registers have counted with what the readings have added, which is kept day by day.
    async fn registers(&mut self, meter: &MeterId) -> Result<(), Error> {
        let reader = self.engine.store().reader();
        let counted = async || {
            let registers = registers::load(&reader, meter).await?;
            Ok::<_, Error>(registers.and_then(|registers| registers.counted()))
        };
        let before = counted().await?;
        let added = rollups::total(&reader, meter).await?;
        // Both only grow: what came meanwhile lies between.
        let (Some(before), Some(after)) = (before, counted().await?) else {
            return Ok(());
        };
        let export = before.export..=after.export;
        let import = before.import..=after.import;
        if !export.contains(&added.exported) || !import.contains(&added.imported) {
            self.problem(format!(
                "the registers of {meter} have counted {} µWh of export and {} of import, its readings {} and {}",
                after.export.0, after.import.0, added.exported.0, added.imported.0
            ));
        }
        Ok(())
    }

    /// Finds each row's event, and each row's fact. Answers the events that are left.
    async fn rows(
        &mut self,
        rows: impl Iterator<Item = ((u64, i64), Option<Settlement>)>,
        events: Vec<SettledEvent>,
    ) -> Result<Vec<SettledEvent>, Error> {
        let mut events: BTreeMap<_, _> = events.into_iter().map(|event| (key(&event), event)).collect();
        let mut succeeded = Vec::new();
        for ((block, id), row) in rows {
            let Some(row) = row else {
                self.problem(format!(
                    "row {id} of settlements, in block {block}, is not what was written"
                ));
                continue;
            };
            if row.status != Status::Success {
                continue;
            }
            self.progress.settlements += 1;
            let found = row
                .tx
                .and_then(|tx| events.remove(&(tx, row.to.export, row.to.import)));
            match found {
                None => self.problem(format!(
                    "settlement {} is not in the node's block {block}",
                    row.settlement_id
                )),
                Some(event) if !is_of(&row, &event) => self.problem(format!(
                    "settlement {} says something else than the node's event",
                    row.settlement_id
                )),
                Some(_) => {}
            }
            succeeded.push(row);
        }
        let problems = self.agreement.of_rows(&succeeded).await?;
        self.problems(problems);
        Ok(events.into_values().collect())
    }

    /// Judges events that have no row: those that are being confirmed or are still to be taken over are none. Answers
    /// the energy of the latter.
    async fn events(
        &mut self,
        meter: &Meter,
        adopted: Option<u64>,
        left: Vec<SettledEvent>,
    ) -> Result<i64, Error> {
        let mut unrecorded = 0;
        for event in left {
            // One that is being confirmed has its row, and may have succeeded since the rows were read.
            let reader = self.engine.store().reader();
            let rows = settlements::alive(&reader, &[event.settlement_id.as_str()]).await?;
            if rows.iter().any(|row| row.to == event.registers) {
                continue;
            }
            if adopted.is_some_and(|block| event.block <= block) {
                self.problem(format!(
                    "the node has a settlement of {} in block {}, transaction {}, and no row says so",
                    meter.id, event.block, event.tx
                ));
            }
            unrecorded += event.energy.0;
        }
        Ok(unrecorded)
    }
}

/// The place before every row of block `from`.
fn before(from: u64) -> (u64, i64) {
    from.checked_sub(1).map_or((0, -1), |block| (block, i64::MAX))
}

fn key(event: &SettledEvent) -> (TxHash, WattHours, WattHours) {
    (event.tx, event.registers.export, event.registers.import)
}

fn is_of(row: &Settlement, event: &SettledEvent) -> bool {
    row.block == Some(event.block)
        && row.meter_id == event.meter_id
        && row.prosumer == event.prosumer
        && row.energy_wh == event.energy
        && row.etk == event.etk
        && row.settlement_id == event.settlement_id.replace('\0', "\u{fffd}")
}

/// The registers on chain, from one event to the next.
struct Following {
    baseline: Watermark,
    at: Watermark,
}

impl Following {
    fn new(baseline: Watermark) -> Self {
        Self {
            baseline,
            at: baseline,
        }
    }

    /// Whether the event moves the registers from where the one before left them, by what it says.
    fn on(&mut self, event: &SettledEvent) -> bool {
        let before = std::mem::replace(&mut self.at, event.registers);
        event.registers.covers(before) && event.registers.net_since(before) == Some(event.energy)
    }

    /// Net energy since the baseline.
    fn settled(&self) -> Option<NetMicroWh> {
        let energy = self.at.net_since(self.baseline)?;
        energy.0.checked_mul(MICRO as i64).map(NetMicroWh)
    }
}
