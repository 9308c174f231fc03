//! What the wallet estimates before a person settles by hand, against what is paid then.

use enerlink_domain::{Error, Estimate, Etk, MeterId, Settlement, settlement::Watermark, view::RegisterView};
use enerlink_engine::Engine;

use super::check::{Court, Paid};

/// A settlement by hand, and its estimate.
#[derive(Clone, Debug)]
pub(super) struct Foretold {
    settlement_id: String,
    from: Watermark,
    to: Watermark,
    ratio: u64,
    carry: i64,
    etk: Etk,
}

impl Foretold {
    /// Settles by hand. Answers the row and what was estimated of it; no estimate when meter or chain went on meanwhile.
    pub(super) async fn settle(engine: &Engine, id: MeterId) -> Result<(Settlement, Option<Self>), Error> {
        let registers = engine.meter(&id)?.registers;
        let ratio = engine.settling_view().ratio;
        let estimate = engine.estimate(&id).await?;
        let row = engine.settle_now(id).await?;
        let foretold = registers.and_then(|registers| Self::of(&row, &registers, ratio, &estimate));
        Ok((row, foretold))
    }

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
        same.then(|| Self {
            settlement_id: row.settlement_id.clone(),
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

/// Demands that what was estimated was paid, to the unit. Answers how many settlements that was asked of.
pub(super) fn came_true(court: &mut Court, foretold: &[Foretold], paid: &[Paid<'_>]) -> usize {
    let mut asked = 0;
    for paid in paid {
        for foretold in foretold.iter().filter(|foretold| foretold.is(paid)) {
            asked += 1;
            court.demand(
                foretold.etk == paid.event.etk,
                "what is estimated is what is settled",
                || format!("{foretold:?} {paid:?}"),
            );
        }
    }
    asked
}
