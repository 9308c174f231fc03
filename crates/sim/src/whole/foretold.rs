//! What the wallet estimates before it settles, at a period's end or by hand, against what is paid then.

use std::{
    collections::BTreeMap,
    ops::AddAssign,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use enerlink_domain::{
    Error, Estimate, Etk, MeterId, NetMicroWh, Settlement, SettlementStage, Trigger, settlement::Watermark,
    view::RegisterView,
};
use enerlink_engine::Engine;
use serde::Serialize;

use super::check::{Court, Paid};

/// How many settlements were compared with their estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Of a person.
    pub by_hand: u64,
    /// Of the end of a period.
    pub at_period_end: u64,
}

impl AddAssign for Compared {
    fn add_assign(&mut self, other: Self) {
        self.by_hand += other.by_hand;
        self.at_period_end += other.at_period_end;
    }
}

/// A settlement, and its estimate.
#[derive(Clone, Debug)]
pub(super) struct Foretold {
    settlement_id: String,
    trigger: Trigger,
    from: Watermark,
    to: Watermark,
    ratio: u64,
    carry: i64,
    etk: Etk,
}

impl Foretold {
    /// What was estimated of `row`; nothing when meter or chain went on meanwhile.
    fn of(
        row: &Settlement,
        registers: &RegisterView,
        ratio: Option<u64>,
        estimate: &Estimate,
    ) -> Option<Self> {
        let basis = row.basis.as_ref()?;
        let whole = Watermark {
            export: registers.export.floor_wh(),
            import: registers.import.floor_wh(),
        };
        let made_from = (basis.export, basis.import, Some(basis.ratio));
        let same = made_from == (registers.export, registers.import, ratio)
            && (Some(row.from), row.to) == (registers.watermark, whole);
        // The registers were looked at a moment beside the estimate.
        let owed = NetMicroWh::between(basis.export, basis.import).0
            - NetMicroWh::between(row.from.export.micro()?, row.from.import.micro()?).0;
        let same = same && (estimate.owed, estimate.pending) == (NetMicroWh(owed), NetMicroWh(0));
        same.then(|| Self {
            settlement_id: row.settlement_id.clone(),
            trigger: row.trigger,
            from: row.from,
            to: row.to,
            ratio: basis.ratio,
            carry: basis.carry,
            etk: estimate.etk_now,
        })
    }

    /// Whether it was paid as things stood when it was estimated.
    fn is(&self, paid: &Paid<'_>) -> bool {
        let Paid {
            event,
            before,
            ratio,
            carry,
        } = paid;
        self.settlement_id == event.settlement_id
            && (self.from, self.to) == (*before, event.registers)
            && (self.ratio, self.carry) == (*ratio, *carry)
    }
}

/// Everything that was estimated of settlements. Clones are the same list.
#[derive(Clone, Default)]
pub(super) struct Prophecies(Arc<Mutex<Vec<Foretold>>>);

impl Prophecies {
    /// Settles by hand, and keeps what was estimated just before.
    pub(super) async fn settle(&self, engine: &Engine, id: MeterId) -> Result<Settlement, Error> {
        let registers = engine.meter(&id)?.registers;
        let ratio = engine.settling_view().ratio;
        let estimate = engine.estimate(&id).await?;
        let row = engine.settle_now(id).await?;
        let foretold = registers.and_then(|registers| Foretold::of(&row, &registers, ratio, &estimate));
        self.list().extend(foretold);
        Ok(row)
    }

    /// Demands that what was estimated was paid, to the unit. Answers how many settlements that was asked of.
    pub(super) fn came_true(&self, court: &mut Court, paid: &[Paid<'_>]) -> Compared {
        let mut compared = Compared::default();
        for paid in paid {
            for foretold in self.list().iter().filter(|foretold| foretold.is(paid)) {
                match foretold.trigger {
                    Trigger::Manual => compared.by_hand += 1,
                    _ => compared.at_period_end += 1,
                }
                court.demand(
                    foretold.etk == paid.event.etk,
                    "what is estimated is what is settled",
                    || format!("{foretold:?} {paid:?}"),
                );
            }
        }
        compared
    }

    fn list(&self) -> MutexGuard<'_, Vec<Foretold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to what one engine tells of its estimates, and compares the last one before a period's end with what is
/// settled then.
pub(super) struct Listener {
    engine: Engine,
    prophecies: Prophecies,
    heard: BTreeMap<MeterId, Heard>,
}

/// The last estimate of a meter, and what was seen when it was heard.
struct Heard {
    ratio: Option<u64>,
    /// With the registers, once the ratio was the same before and after it was made: the chain may have been read in
    /// between.
    estimate: Option<(Estimate, RegisterView)>,
}

impl Listener {
    pub(super) fn new(engine: Engine, prophecies: Prophecies) -> Self {
        Self {
            engine,
            prophecies,
            heard: BTreeMap::new(),
        }
    }

    pub(super) fn hear_estimate(&mut self, estimate: Estimate) {
        let ratio = self.engine.settling_view().ratio;
        let view = self.engine.meter(&estimate.meter_id).ok();
        let registers = view.and_then(|view| view.registers);
        let before = self.heard.get(&estimate.meter_id).map(|heard| heard.ratio);
        let (id, steady) = (estimate.meter_id.clone(), before == Some(ratio));
        let estimate = registers
            .filter(|_| steady)
            .map(|registers| (estimate, registers));
        self.heard.insert(id, Heard { ratio, estimate });
    }

    /// A row is told again whenever it moves on; an estimate is of the first time.
    pub(super) fn hear_settlement(&mut self, row: &Settlement) {
        if (row.trigger, row.stage) != (Trigger::Periodic, SettlementStage::Queued) {
            return;
        }
        let Some(heard) = self.heard.get_mut(&row.meter_id) else {
            return;
        };
        let foretold = heard
            .estimate
            .take()
            .and_then(|(estimate, registers)| Foretold::of(row, &registers, heard.ratio, &estimate));
        self.prophecies.list().extend(foretold);
    }
}
