//! What has to be true: energy is counted once and not invented, settled once, paid as the chain says, and nothing is
//! left on its way.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use enerlink_chain::{MeterOnChain, SettledEvent};
use enerlink_domain::{
    Address, DeviceState, Etk, Hash32, MicroWh, Settlement, Status,
    id::keccak256,
    reading::DeviceTime,
    settlement::{Due, SettlementFilter, Watermark},
};
use enerlink_engine::Engine;
use serde::Serialize;
use serde_json::{Value, json};

use super::{foretold::Compared, lines::Lines, outbox, site::Site, truth::Known, world::World};

/// Rows of one page.
const PAGE: u16 = 200;
const MICRO: u64 = 1_000_000;

/// Something that is not as it has to be.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    /// Which rule.
    pub rule: String,
    /// What was found.
    pub found: String,
}

impl Violation {
    pub(super) fn new(rule: &str, found: impl Into<String>) -> Self {
        Self {
            rule: rule.to_owned(),
            found: found.into(),
        }
    }
}

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Court {
    pub(super) violations: Vec<Violation>,
    pub(super) compared: Compared,
}

impl Court {
    pub(super) fn demand(&mut self, holds: bool, rule: &str, found: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(Violation::new(rule, found()));
        }
    }

    /// Takes over what was found of the meter at `site`.
    fn join(&mut self, site: &Site, own: Self) {
        self.compared += own.compared;
        self.violations
            .extend(own.violations.into_iter().map(|violation| Violation {
                found: format!("{}: {}", site.id, violation.found),
                ..violation
            }));
    }
}

/// What is true at every moment.
pub(super) async fn now(world: &World) -> anyhow::Result<Vec<Violation>> {
    let mut court = Court::default();
    for site in &world.sites {
        let mut own = Court::default();
        let truth = site.device.last().truth;
        let ceiling = (truth.export.0, truth.import.0);
        if let Some(house) = world.alive()
            && let Some(registers) = registers(site, &house.engine)
        {
            own.demand(
                registers.0 <= ceiling.0 && registers.1 <= ceiling.1,
                "no energy is invented",
                || format!("registers {registers:?}, truth {ceiling:?}"),
            );
        }
        if let Some(standing) = world.exact.meter(&world.addresses, &site.id).await? {
            let settled = micro(standing.watermark);
            own.demand(
                settled.0 <= ceiling.0 && settled.1 <= ceiling.1,
                "no energy is settled that did not flow",
                || format!("settled {settled:?}, truth {ceiling:?}"),
            );
        }
        court.join(site, own);
    }
    Ok(court.violations)
}

/// What everything looks like, when nothing is on its way.
pub(super) async fn rest(world: &World) -> anyhow::Result<Option<String>> {
    let Some(house) = world.alive() else {
        return Ok(None);
    };
    if world.todo.unlock || world.todo.furnish || !house.engine.is_settled().await? {
        return Ok(None);
    }
    let pool = world.node.request("txpool_status", json!([])).await?;
    if pool["pending"].as_str() != Some("0x0") || pool["queued"].as_str() != Some("0x0") {
        return Ok(None);
    }
    let mut all = Vec::with_capacity(world.sites.len());
    for site in &world.sites {
        let standing = world.exact.meter(&world.addresses, &site.id).await?;
        let Some(standing) = standing.filter(|standing| standing.opened) else {
            return Ok(None);
        };
        let registers = registers(site, &house.engine);
        all.push(format!("{registers:?} {:?}", standing.watermark));
    }
    Ok(Some(all.join(", ")))
}

/// What is true at the end.
pub(super) async fn end(world: &World) -> anyhow::Result<Court> {
    let mut court = Court {
        violations: now(world).await?,
        ..Court::default()
    };
    let Some(house) = world.alive() else {
        court.demand(false, "the wallet runs", String::new);
        return Ok(court);
    };
    let engine = &house.engine;
    let ratios = ratios(world).await?;
    let mut paid: BTreeMap<Address, i128> = BTreeMap::new();
    for (site, known) in world.sites.iter().zip(world.known()) {
        let mut own = Court::default();
        let etk = meter(&mut own, world, engine, site, &known, &ratios).await?;
        *paid.entry(site.owner).or_default() += etk.0;
        court.join(site, own);
    }
    world.trace.say(format_args!(
        "of settlements were estimated: {:?}",
        court.compared
    ));
    for (owner, paid) in paid {
        tokens(&mut court, world, owner, paid).await?;
    }
    let verified = engine.verify_audit().await?;
    court.demand(verified.ok, "the audit is verified", || {
        format!("{:?}", verified.problems)
    });
    nonces(&mut court, world).await?;
    outbox::agrees(&mut court, world, engine).await?;
    Ok(court)
}

/// What is true of one meter at the end. Answers what its settlements have minted, less what they have burned.
async fn meter(
    court: &mut Court,
    world: &World,
    engine: &Engine,
    site: &Site,
    known: &Known,
    ratios: &BTreeMap<(u64, u64), u64>,
) -> anyhow::Result<Etk> {
    let standing = world.exact.meter(&world.addresses, &site.id).await?;
    let Some(standing) = standing.filter(|standing| standing.opened) else {
        court.demand(false, "the meter is open on chain", String::new);
        return Ok(Etk::default());
    };
    let head = world.exact.head().await?;
    let events = world
        .exact
        .settled_events(&world.addresses, slice::from_ref(&site.id), 0, head.number)
        .await?;
    let paid = chain(court, ratios, &events, &standing);
    court.compared = world.around.prophecies.came_true(court, &paid);
    let etk = Etk(events.iter().map(|event| event.etk.0).sum());
    let owned = events.iter().all(|event| event.prosumer == site.owner);
    court.demand(owned, "each settlement is its owner's", || format!("{events:?}"));
    let rows = rows(site, engine).await?;
    settlements(court, &rows, &events);
    let Some(registers) = registers(site, engine) else {
        court.demand(false, "the meter is heard", String::new);
        return Ok(etk);
    };
    let device = engine.meter(&site.id)?.device;
    energy(court, world, site, known, registers, &device);
    let audit = engine.audit(&site.id).await?;
    court.demand(
        audit.adds_up && (audit.unrecorded.0, audit.pending.0) == (0, 0),
        "accumulated = settled + pending + carried",
        || format!("{audit:?}"),
    );
    let settled: i64 = rows
        .iter()
        .filter(|row| row.status == Status::Success)
        .map(|row| row.energy_wh.0)
        .sum();
    let moved = standing
        .watermark
        .net_since(standing.baseline)
        .unwrap_or_default()
        .0;
    court.demand(
        settled == moved,
        "the rows add up to what the chain has moved",
        || format!("rows {settled} Wh, chain {moved} Wh"),
    );
    // Whatever may be settled is settled.
    let terms = world.exact.terms(&world.addresses).await?;
    let minimum = terms.minimum.max(enerlink_domain::WattHours(100));
    let balance = world.exact.balances(&world.addresses, site.owner).await?.etk;
    let due = standing
        .terms(terms.ratio, minimum, Some(balance), head.timestamp)
        .due(MicroWh(registers.0), MicroWh(registers.1));
    court.demand(
        !matches!(due, Due::Settle { .. }),
        "what is due is settled",
        || format!("{due:?}"),
    );
    Ok(etk)
}

/// The ratios of the chain, by where each came into force: the block, and the place among its logs.
async fn ratios(world: &World) -> anyhow::Result<BTreeMap<(u64, u64), u64>> {
    let topic = Hash32(keccak256(b"ConversionRatioChanged(uint256,uint256)"));
    let filter = json!([{
        "address": world.addresses.converter.to_lower(),
        "fromBlock": "0x0",
        "toBlock": "latest",
        "topics": [topic.to_string()],
    }]);
    let logs = world.node.request("eth_getLogs", filter).await?;
    let number = |text: &Value| {
        let digits = text.as_str().unwrap_or_default().trim_start_matches("0x");
        // Of an event's data the last word, which is small.
        u64::from_str_radix(&digits[digits.len().saturating_sub(16)..], 16)
    };
    let logs = logs.as_array().into_iter().flatten();
    logs.map(|log| {
        let place = (number(&log["blockNumber"])?, number(&log["logIndex"])?);
        Ok((place, number(&log["data"])?))
    })
    .collect()
}

/// A settlement of the chain, and how things stood before it.
#[derive(Debug)]
pub(super) struct Paid<'a> {
    pub(super) event: &'a SettledEvent,
    pub(super) before: Watermark,
    pub(super) ratio: u64,
    pub(super) carry: i64,
}

/// The chain's own arithmetic: registers only rise, every id is used once, every token and the carry follow.
fn chain<'a>(
    court: &mut Court,
    ratios: &BTreeMap<(u64, u64), u64>,
    events: &'a [SettledEvent],
    standing: &MeterOnChain,
) -> Vec<Paid<'a>> {
    let (mut before, mut carry) = (standing.baseline, 0);
    let mut paid = Vec::with_capacity(events.len());
    for event in events {
        let energy = event.registers.net_since(before);
        court.demand(
            event.registers.covers(before) && energy == Some(event.energy),
            "each settlement moves the registers on by what it pays",
            || format!("{before:?} {event:?}"),
        );
        let in_force = ratios.range(..(event.block, event.log_index)).next_back();
        let ratio = in_force.map_or(0, |(_, ratio)| *ratio);
        let (etk, rest) = Etk::from_energy(event.energy, ratio, carry);
        court.demand(
            etk == event.etk,
            "each settlement is paid at the ratio of its moment",
            || format!("ratio {ratio}, carry {carry}: {etk} for {event:?}"),
        );
        paid.push(Paid {
            event,
            before,
            ratio,
            carry,
        });
        (before, carry) = (event.registers, rest);
    }
    court.demand(
        before == standing.watermark,
        "the events lead to the chain's registers",
        || format!("{before:?} {:?}", standing.watermark),
    );
    court.demand(carry == standing.carry, "each token is paid for energy", || {
        format!("carry {carry}, on chain {}", standing.carry)
    });
    let ids: BTreeSet<_> = events.iter().map(|event| &event.settlement_id).collect();
    court.demand(ids.len() == events.len(), "nothing is settled twice", || {
        format!("{} ids of {} settlements", ids.len(), events.len())
    });
    paid
}

/// The tokens of one account are those of all its meters.
async fn tokens(court: &mut Court, world: &World, owner: Address, paid: i128) -> anyhow::Result<()> {
    let totals = world.exact.token_totals(&world.addresses, owner).await?;
    let balance = world.exact.balances(&world.addresses, owner).await?.etk;
    court.demand(
        balance.0 == paid && totals.minted.0 - totals.burned.0 == paid,
        "the tokens are those of the settlements",
        || format!("{owner}: balance {balance}, settlements {paid}, {totals:?}"),
    );
    Ok(())
}

/// Each settlement of the chain stands once in the profile, and nothing else as a success.
fn settlements(court: &mut Court, rows: &[Settlement], events: &[SettledEvent]) {
    let open: Vec<_> = rows.iter().filter(|row| row.status == Status::Pending).collect();
    court.demand(open.is_empty(), "nothing is left on its way", || {
        format!("{open:?}")
    });
    let succeeded: Vec<_> = rows.iter().filter(|row| row.status == Status::Success).collect();
    court.demand(
        succeeded.len() == events.len(),
        "the profile has the settlements of the chain",
        || format!("{} rows, {} events", succeeded.len(), events.len()),
    );
    for event in events {
        let twins = succeeded.iter().filter(|row| {
            row.settlement_id == event.settlement_id
                && (row.to, row.energy_wh, row.etk) == (event.registers, event.energy, event.etk)
                && row.tx == Some(event.tx)
        });
        let twins = twins.count();
        court.demand(
            twins == 1,
            "each settlement of the chain stands once in the profile",
            || {
                let rows: Vec<_> = rows
                    .iter()
                    .filter(|row| row.settlement_id == event.settlement_id)
                    .collect();
                format!("{twins} times: {event:?} {rows:?}")
            },
        );
    }
}

/// The registers are what flowed, but for what nobody can know.
fn energy(
    court: &mut Court,
    world: &World,
    site: &Site,
    known: &Known,
    registers: (u64, u64),
    device: &DeviceState,
) {
    let (least, last) = (known.least(), known.last());
    let newest = site.device.last();
    let heard = last.is_some_and(|last| match world.around.lines {
        Lines::Memory { .. } => last.number + 2 >= newest.number,
        // What came is not known here but from the wallet itself.
        Lines::Sockets(_) => (last.number..=newest.number)
            .filter_map(|number| site.device.reading(number))
            .any(|reading| uptime(device) == Some(reading.uptime)),
    });
    court.demand(heard, "the meter is heard to the end", || {
        format!("{last:?} {newest:?} {device:?}")
    });
    // The last reading may have been noisy.
    court.demand(
        registers.0 + 10_000 >= least.0 && registers.1 + 10_000 >= least.1,
        "no energy is lost",
        || format!("registers {registers:?}, at least {least:?}, {last:?} {device:?}"),
    );
}

/// What the meter's clock showed in the message that the wallet heard last.
fn uptime(device: &DeviceState) -> Option<u32> {
    let (_, sensors) = device.sensors.as_ref()?;
    match sensors.device_time? {
        DeviceTime::Uptime(uptime) => Some(uptime),
        DeviceTime::Unix(_) => None,
    }
}

async fn nonces(court: &mut Court, world: &World) -> anyhow::Result<()> {
    for account in world.accounts().await? {
        let ask = async |tag: &str| -> anyhow::Result<Value> {
            let params = json!([account.to_lower(), tag]);
            Ok(world.node.request("eth_getTransactionCount", params).await?)
        };
        let (latest, pending) = (ask("latest").await?, ask("pending").await?);
        court.demand(latest == pending, "no nonce waits for one before it", || {
            format!("{latest} {pending}")
        });
    }
    Ok(())
}

/// What the registers show, exported and imported.
fn registers(site: &Site, engine: &Engine) -> Option<(u64, u64)> {
    let view = engine.meter(&site.id).ok()?;
    view.registers
        .map(|registers| (registers.export.0, registers.import.0))
}

async fn rows(site: &Site, engine: &Engine) -> anyhow::Result<Vec<Settlement>> {
    let filter = SettlementFilter::of(&site.id);
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let page = engine.settlements(&filter, PAGE, before).await?;
        before = page.next;
        rows.extend(page.rows);
        if before.is_none() {
            return Ok(rows);
        }
    }
}

fn micro(mark: Watermark) -> (u64, u64) {
    (mark.export.0 * MICRO, mark.import.0 * MICRO)
}
