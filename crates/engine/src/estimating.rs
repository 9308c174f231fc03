//! The estimator: a pure function of registers, terms and time, told again with every counted reading.

use std::{sync::Arc, time::Duration};

use enerlink_chain::{ConverterTerms, MeterOnChain};
use enerlink_domain::{
    Clock, Code, Error, Estimate, Etk, Event, FlowState, MicroWatts, MicroWh, NetMicroWh, NetWattHours,
    Readiness, Registration, Settlement, TxKind, TxStage, UnixMillis, choice::SettlingInEffect,
    settlement::Watermark,
};

use enerlink_store::{Store, outbox, settlements};
use tokio::sync::watch;

use crate::{
    bus::Bus,
    ledger::{self, LedgerState},
    metering::{self, MeterLive},
    rules::Rules,
    task::Task,
};

/// Below this the grid is idle: 5 W, or what a device in milli-units measures as noise.
const IDLE: MicroWatts = MicroWatts(1_000_000);

/// What `live` will settle, given what the chain said last. `unfunded` says that the account lacks the coin to bring
/// the meter onto the chain.
pub(crate) fn estimate(
    live: &MeterLive,
    ledger: &LedgerState,
    open: Option<&Settlement>,
    rules: &Rules,
    unfunded: bool,
    now: UnixMillis,
) -> Estimate {
    let effect = rules.of(&live.meter, ledger.minimum());
    let period = rules.period(&live.meter);
    let period_start = now.floor_to(period);
    let period_end = period_start.plus(period);
    let standing = ledger
        .meters
        .get(&live.meter.id)
        .and_then(Option::as_ref)
        .filter(|standing| standing.opened);
    let energy = Energy::of(live, standing, open, period_start);
    let grid_power = live
        .device
        .sensors
        .as_ref()
        .and_then(|(_, sensors)| sensors.grid_power());
    let average_power = average(energy.exported.0 - energy.imported.0, energy.since, now);
    let at_end = projected(energy.owed, average_power, period_end.since(now).as_millis());
    Estimate {
        meter_id: live.meter.id.clone(),
        flow: flow(grid_power),
        grid_power,
        average_power,
        period_start,
        period_end,
        now,
        exported: energy.exported,
        imported: energy.imported,
        carried: NetMicroWh(energy.owed.0 - energy.exported.0 + energy.imported.0),
        owed: energy.owed,
        pending: energy.pending,
        etk_now: tokens(energy.owed.whole_wh(), ledger.terms.as_ref(), standing),
        etk_at_end: tokens(at_end.whole_wh(), ledger.terms.as_ref(), standing),
        minimum: effect.minimum.value,
        readiness: match unfunded {
            true => Readiness::Blocked { code: Code::NoGas },
            false => readiness(live, ledger, open, &effect, at_end),
        },
    }
}

/// Whether the baseline of the meter cannot be paid for.
pub(crate) async fn is_unfunded(
    store: &Store,
    live: &MeterLive,
    ledger: &LedgerState,
) -> Result<bool, Error> {
    if ledger.registration(&live.meter) != Registration::Registered {
        return Ok(false);
    }
    let rows = outbox::unfinished(&store.reader()).await?;
    Ok(rows.iter().any(|row| {
        (row.kind, row.stage) == (TxKind::OpenMeter, TxStage::NoGas)
            && row.meter_id.as_ref() == Some(&live.meter.id)
    }))
}

/// The energies of the settlement card.
struct Energy {
    exported: NetMicroWh,
    imported: NetMicroWh,
    owed: NetMicroWh,
    pending: NetMicroWh,
    /// Since when `exported` and `imported` count.
    since: UnixMillis,
}

impl Energy {
    fn of(
        live: &MeterLive,
        standing: Option<&MeterOnChain>,
        open: Option<&Settlement>,
        period_start: UnixMillis,
    ) -> Self {
        let zero = NetMicroWh::ZERO;
        let Some(registers) = live.registers else {
            return Self {
                exported: zero,
                imported: zero,
                owed: zero,
                pending: zero,
                since: period_start,
            };
        };
        let micro = |mark: Watermark| {
            (
                mark.export.micro().unwrap_or_default(),
                mark.import.micro().unwrap_or_default(),
            )
        };
        // Until the chain has a baseline, energy is owed since first contact.
        let settled = standing.map_or((registers.first.export, registers.first.import), |found| {
            micro(found.watermark)
        });
        let claimed = open.map_or(settled, |open| {
            let to = micro(open.to);
            (to.0.max(settled.0), to.1.max(settled.1))
        });
        let began = live.period.map_or(claimed, |period| {
            (
                period.registers.export.max(claimed.0),
                period.registers.import.max(claimed.1),
            )
        });
        let since = |now: MicroWh, then: MicroWh| NetMicroWh::between(now.max(then), then);
        Self {
            exported: since(registers.export, began.0),
            imported: since(registers.import, began.1),
            owed: NetMicroWh(since(registers.export, claimed.0).0 - since(registers.import, claimed.1).0),
            pending: NetMicroWh(since(claimed.0, settled.0).0 - since(claimed.1, settled.1).0),
            since: live.period.map_or(period_start, |period| period.at),
        }
    }
}

/// Average power of `energy` since `since`; positive is export. Unknown in the first second.
fn average(energy: i64, since: UnixMillis, now: UnixMillis) -> Option<MicroWatts> {
    let millis = i128::try_from(now.since(since).as_millis())
        .ok()
        .filter(|millis| *millis >= 1000)?;
    i64::try_from(i128::from(energy) * 3_600_000 / millis)
        .ok()
        .map(MicroWatts)
}

fn projected(owed: NetMicroWh, average: Option<MicroWatts>, left_millis: u128) -> NetMicroWh {
    let left = i128::try_from(left_millis).unwrap_or(0);
    let more = i128::from(average.unwrap_or_default().0) * left / 3_600_000;
    NetMicroWh(i64::try_from(i128::from(owed.0) + more).unwrap_or(owed.0))
}

fn tokens(energy: NetWattHours, terms: Option<&ConverterTerms>, standing: Option<&MeterOnChain>) -> Etk {
    let carry = standing.map_or(0, |standing| standing.carry);
    terms.map_or(Etk::ZERO, |terms| Etk::from_energy(energy, terms.ratio, carry).0)
}

fn flow(power: Option<MicroWatts>) -> FlowState {
    match power {
        Some(power) if power > IDLE => FlowState::Exporting,
        Some(power) if power.0 < -IDLE.0 => FlowState::Importing,
        Some(_) | None => FlowState::Idle,
    }
}

fn readiness(
    live: &MeterLive,
    ledger: &LedgerState,
    open: Option<&Settlement>,
    effect: &SettlingInEffect,
    at_end: NetMicroWh,
) -> Readiness {
    let blocked = |code| Readiness::Blocked { code };
    if let Some(code) = ledger.chain.link.code.filter(|_| !ledger.chain.link.up) {
        return blocked(code);
    }
    match ledger.registration(&live.meter) {
        Registration::Missing => return blocked(Code::MeterUnregistered),
        Registration::Foreign { .. } | Registration::Retired => return blocked(Code::MeterForeign),
        Registration::Unknown | Registration::Registered | Registration::Open { .. } => {}
    }
    if open.is_some() {
        return Readiness::Settling;
    }
    if !effect.automatic.value {
        return Readiness::Manual;
    }
    let missing = i128::from(effect.minimum.value.0) * 1_000_000 - i128::from(at_end.0).abs();
    if missing > 0 {
        return Readiness::BelowMinimum {
            missing: NetMicroWh(i64::try_from(missing).unwrap_or(i64::MAX)),
        };
    }
    let balance = ledger
        .balances
        .get(&live.meter.owner)
        .map(|balances| balances.etk);
    let standing = ledger.meters.get(&live.meter.id).and_then(Option::as_ref);
    let cost = tokens(at_end.whole_wh(), ledger.terms.as_ref(), standing);
    if balance.is_some_and(|balance| balance.0 + cost.0 < 0) {
        return blocked(Code::InsufficientBalance);
    }
    Readiness::Ready
}

/// Tells a new estimate whenever a meter, the chain or a settlement has moved, at most ten times a second.
pub(crate) struct Estimator {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
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
        loop {
            tokio::select! {
                changed = self.metering.state.changed() => if changed.is_err() { return Ok(()) },
                changed = self.ledger.state.changed() => if changed.is_err() { return Ok(()) },
                changed = self.rules.changed() => if changed.is_err() { return Ok(()) },
            }
            let meters: Vec<MeterLive> = self
                .metering
                .state
                .borrow_and_update()
                .values()
                .cloned()
                .collect();
            let ledger = self.ledger.state.borrow_and_update().clone();
            let rules = self.rules.borrow_and_update().clone();
            for live in meters {
                let open = settlements::open(&self.store.reader(), &live.meter.id).await?;
                let unfunded = is_unfunded(&self.store, &live, &ledger).await?;
                let now = self.clock.wall();
                self.bus.tell(Event::Estimate(estimate(
                    &live,
                    &ledger,
                    open.as_ref(),
                    &rules,
                    unfunded,
                    now,
                )));
            }
            self.clock.sleep(SHORTEST_PAUSE).await;
        }
    }
}
