//! Early settlement: before the period's end, as soon as enough is owed.

use std::time::Duration;

use enerlink_domain::{Code, Meter, Registration, Status, Trigger, WattHours, settlement::Watermark};
use enerlink_store::settlements;

use super::Settling;

/// The last early settlement of a meter.
pub(super) struct Early {
    /// When it was tried.
    at: Duration,
    /// Its row; none when it was refused.
    id: Option<String>,
}

/// What could not be settled early is not tried again before this time: it is asked of the chain.
const PAUSE: Duration = Duration::from_secs(30);

impl Settling {
    /// Settles meters that owe at least their early amount, where they have one.
    pub(super) async fn settle_early(&mut self) {
        let mut due = Vec::new();
        for meter in self.meters() {
            if self.owes_enough(&meter) && !self.tried_lately(&meter).await {
                due.push(meter);
            }
        }
        let at = self.parts.clock.monotonic();
        let settled = self.settle(&due, Trigger::Threshold).await;
        for (meter, settled) in due.into_iter().zip(settled) {
            let id = match settled {
                Ok(row) => {
                    tracing::info!(meter = %meter.id, id = row.settlement_id, wh = row.energy_wh.0, "settlement queued early");
                    Some(row.settlement_id)
                }
                Err(error) if error.code == Code::SettlementPending => continue,
                Err(error) => {
                    tracing::info!(meter = %meter.id, code = ?error.code, reason = %error, "not settled early");
                    None
                }
            };
            self.early.insert(meter.id, Early { at, id });
        }
    }

    fn owes_enough(&self, meter: &Meter) -> bool {
        let ledger = self.parts.ledger.state.borrow();
        let effect = self.parts.rules.borrow().of(meter, ledger.minimum());
        let early = effect.early.value;
        if early == WattHours::ZERO || !effect.automatic.value {
            return false;
        }
        let metering = self.parts.metering.state.borrow();
        let registers = metering.get(&meter.id).and_then(|live| live.compared());
        let (Some(registers), Registration::Open { watermark, .. }) = (registers, ledger.registration(meter))
        else {
            return false;
        };
        let shown = Watermark {
            export: registers.export.floor_wh(),
            import: registers.import.floor_wh(),
        };
        let owed = shown.net_since(watermark).unwrap_or_default().magnitude();
        owed >= early.max(effect.minimum.value)
    }

    /// Whether the last early settlement of `meter` was refused a moment ago, or has failed on its way in this period:
    /// then it waits.
    async fn tried_lately(&self, meter: &Meter) -> bool {
        let Some(Early { at, id }) = self.early.get(&meter.id) else {
            return false;
        };
        let passed = self.parts.clock.monotonic().saturating_sub(*at);
        let Some(id) = id else { return passed < PAUSE };
        let row = settlements::get(&self.parts.store.reader(), id)
            .await
            .ok()
            .flatten();
        passed < self.parts.rules.borrow().period(meter)
            && row.is_some_and(|row| row.status == Status::Failed)
    }
}
