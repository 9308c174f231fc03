//! The estimator: a pure function of registers, terms and time, told again with every counted reading.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_domain::{
    Address, Clock, Code, Error, Estimate, Etk, Event, FlowState, MeterId, MicroWh, NetMicroWh, Registration,
    Settlement, TxKind, TxStage, UnixMillis,
    choice::SettlingInEffect,
    estimate::{Circumstances, Owing},
    register::Pair,
    settlement::{Due, Terms, Watermark},
};
use enerlink_keystore::{Keystore, Signer};
use enerlink_store::{Store, outbox, settlements};
use tokio::sync::watch;

use crate::{
    bus::Bus,
    ledger::{self, LedgerState},
    metering::{self, MeterLive, MeteringState},
    rules::Rules,
    task::Task,
};

/// What stands between a meter and its settlement, besides what meter and chain say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Situation {
    /// The settlement that is on its way.
    pub(crate) open: Option<Settlement>,
    /// What the account's settlements that are on their way will burn, all meters together; a positive amount.
    pub(crate) burning: Etk,
    /// The account lacks the coin to bring the meter onto the chain.
    pub(crate) unfunded: bool,
    /// Nobody can sign a settlement: the wallet is locked, and the meter has no settlement key that the chain knows.
    pub(crate) locked: bool,
}

/// How every meter stands.
pub(crate) async fn situations(
    store: &Store,
    keystore: &Keystore,
    meters: &MeteringState,
    ledger: &LedgerState,
) -> Result<BTreeMap<MeterId, Situation>, Error> {
    let reader = store.reader();
    let mut situations: BTreeMap<MeterId, Situation> = BTreeMap::new();
    let mut burning: BTreeMap<Address, i128> = BTreeMap::new();
    let mut all_open = settlements::open_by_meter(&reader).await?;
    for (id, live) in meters {
        let open = all_open.remove(id);
        *burning.entry(live.meter.owner).or_default() -= open.as_ref().map_or(0, |open| open.etk.0.min(0));
        let situation = Situation {
            open,
            locked: !can_settle(keystore, live, ledger),
            ..Situation::default()
        };
        situations.insert(id.clone(), situation);
    }
    let waiting = |live: &MeterLive| ledger.registration(&live.meter) == Registration::Registered;
    let unfinished = match meters.values().any(waiting) {
        true => outbox::unfinished(&reader).await?,
        false => Vec::new(),
    };
    for (id, situation) in &mut situations {
        let live = &meters[id];
        situation.burning = Etk(burning.get(&live.meter.owner).copied().unwrap_or_default());
        situation.unfunded = waiting(live)
            && unfinished.iter().any(|row| {
                (row.kind, row.stage) == (TxKind::OpenMeter, TxStage::NoGas)
                    && row.meter_id.as_ref() == Some(id)
            });
    }
    Ok(situations)
}

/// What `live` will settle, given what the chain said last.
pub(crate) fn estimate(
    live: &MeterLive,
    ledger: &LedgerState,
    situation: &Situation,
    rules: &Rules,
    now: UnixMillis,
) -> Estimate {
    let effect = rules.of(&live.meter, ledger.minimum());
    let period = rules.period(&live.meter);
    let period_start = now.floor_to(period);
    let period_end = period_start.plus(period);
    let open = situation.open.as_ref();
    let owing = owing(live, ledger, situation, &effect, period_start);
    let figures = |ratio| {
        let terms = Terms { ratio, ..owing.terms };
        Owing { terms, ..owing }.less(open).figures(now, period_end)
    };
    // What can be settled and paid is the chain's business, whatever the environment wants to see.
    let real = figures(owing.terms.ratio);
    let shown = rules.estimate_ratio().map_or(real, |named| figures(named.value));
    let circumstances = Circumstances {
        barred: barred(live, ledger, situation),
        open: open.is_some(),
        automatic: effect.automatic.value,
        // What is signed already needs nobody any more.
        locked: situation.locked && open.is_none_or(|open| open.tx.is_none()),
    };
    // Until the chain has a baseline and was compared with the registers, nothing is settled.
    let is_open = matches!(ledger.registration(&live.meter), Registration::Open { .. });
    let unknown = (!is_open || live.compared().is_none()).then_some(Code::NothingToSettle);
    let grid_power = live
        .device
        .sensors
        .as_ref()
        .and_then(|(_, sensors)| sensors.grid_power());
    Estimate {
        meter_id: live.meter.id.clone(),
        flow: FlowState::of(grid_power),
        grid_power,
        average_power: shown.average_power,
        period_start,
        period_end,
        now,
        exported: shown.exported,
        imported: shown.imported,
        carried: NetMicroWh(shown.owed.0 - shown.exported.0 + shown.imported.0),
        owed: shown.owed,
        pending: shown.pending,
        etk_now: shown.etk_now,
        etk_at_end: shown.etk_at_end,
        minimum: effect.minimum.value,
        readiness: circumstances.readiness(real.due_at_end),
        obstacle: circumstances.obstacle(real.due_now).or(unknown),
        short: match real.due_at_end {
            // What burns already is not missing for this one.
            Due::InsufficientEtk { missing } => Some(missing.min(Etk(-real.etk_at_end.0))),
            Due::Settle { .. } | Due::BelowMinimum { .. } | Due::BucketFull => None,
        },
    }
}

/// Whether somebody can sign a settlement of `live`: the settlement key that the chain knows, or the owner.
fn can_settle(keystore: &Keystore, live: &MeterLive, ledger: &LedgerState) -> bool {
    let standing = ledger.meters.get(&live.meter.id).and_then(Option::as_ref);
    let settler = standing.and_then(|standing| standing.settler);
    let by_key = live.meter.settlement_key
        && settler.is_some()
        && keystore.settlement_key(&live.meter.id).ok().flatten() == settler;
    by_key || keystore.can_sign(&Signer::Wallet(live.meter.owner))
}

/// The registers of `live` beside the chain's. Until the chain has a baseline, energy is owed since first contact.
fn owing(
    live: &MeterLive,
    ledger: &LedgerState,
    situation: &Situation,
    effect: &SettlingInEffect,
    period_start: UnixMillis,
) -> Owing {
    let standing = ledger
        .meters
        .get(&live.meter.id)
        .and_then(Option::as_ref)
        .filter(|standing| standing.opened);
    let whole = |pair: Pair<MicroWh>| Watermark {
        export: pair.export.floor_wh(),
        import: pair.import.floor_wh(),
    };
    let first = live
        .registers
        .map(|registers| whole(registers.first))
        .unwrap_or_default();
    let balances = ledger.balances.get(&live.meter.owner);
    let free = balances.map(|balances| Etk(balances.etk.0 - situation.burning.0));
    let (ratio, minimum) = (ledger.terms.map_or(0, |terms| terms.ratio), effect.minimum.value);
    let terms = match standing {
        Some(standing) => standing.terms(ratio, minimum, free, ledger.time()),
        None => Terms {
            watermark: first,
            minimum,
            ratio,
            carry: 0,
            balance: free,
            bucket: None,
        },
    };
    let registers = live.registers.map(|registers| Pair {
        export: registers.export,
        import: registers.import,
    });
    let registers = registers.unwrap_or_default();
    let (since, at_start) = match live.period {
        Some(period) if period.at == period_start => (period.at, period.registers),
        // Nothing was heard in this period.
        _ => (period_start, registers),
    };
    Owing {
        registers,
        settled: terms.watermark,
        terms,
        since,
        at_start,
    }
}

/// What keeps `live` from settling, however much it is owed.
fn barred(live: &MeterLive, ledger: &LedgerState, situation: &Situation) -> Option<Code> {
    if situation.unfunded {
        return Some(Code::NoGas);
    }
    if let Some(code) = ledger.chain.link.code.filter(|_| !ledger.chain.link.up) {
        return Some(code);
    }
    match ledger.registration(&live.meter) {
        Registration::Missing => Some(Code::MeterUnregistered),
        Registration::Foreign { .. } | Registration::Retired => Some(Code::MeterForeign),
        Registration::Unknown | Registration::Registered | Registration::Open { .. } => None,
    }
}

/// Tells a new estimate whenever a meter, the chain or a settlement has moved, at most ten times a second.
pub(crate) struct Estimator {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) bus: Bus,
    pub(crate) rules: watch::Receiver<Rules>,
    pub(crate) metering: metering::Handle,
    pub(crate) ledger: ledger::Handle,
}

/// Estimates are for eyes: more often than this is wasted.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

impl Task for Estimator {
    const NAME: &'static str = "estimator";

    async fn run(&mut self) -> Result<(), Error> {
        let mut events = self.bus.subscribe();
        loop {
            tokio::select! {
                biased;
                event = events.next() => match event {
                    // Whether anybody can sign has changed.
                    Some(Event::Vault { .. } | Event::Lagged { .. }) => {}
                    Some(_) => continue,
                    None => return Ok(()),
                },
                changed = self.metering.state.changed() => if changed.is_err() { return Ok(()) },
                changed = self.ledger.state.changed() => if changed.is_err() { return Ok(()) },
                changed = self.rules.changed() => if changed.is_err() { return Ok(()) },
            }
            let meters = self.metering.state.borrow_and_update().clone();
            let ledger = self.ledger.state.borrow_and_update().clone();
            let rules = self.rules.borrow_and_update().clone();
            let situations = situations(&self.store, &self.keystore, &meters, &ledger).await?;
            for (live, situation) in meters.values().zip(situations.values()) {
                let told = estimate(live, &ledger, situation, &rules, self.clock.wall());
                self.bus.tell(Event::Estimate(told));
            }
            self.clock.sleep(SHORTEST_PAUSE).await;
        }
    }
}
