//! Growth: what one counter did between two messages.

use super::{CounterSource, NOISE};
use crate::MicroWh;

/// What one counter did between two messages.
pub(super) struct Growth {
    pub(super) added: MicroWh,
    /// What the next message is compared with.
    pub(super) counter: MicroWh,
    /// It fell, and counts anew.
    pub(super) restarted: bool,
    /// It fell by so little that it means nothing.
    pub(super) noisy: bool,
}

/// One counter of the last counted message and of this one, each with the settlement counter beside it.
pub(super) struct Step {
    pub(super) last: MicroWh,
    pub(super) now: MicroWh,
    pub(super) settlement_last: Option<MicroWh>,
    pub(super) settlement_now: Option<MicroWh>,
}

impl Step {
    /// What `limit` allows to have been added; `None` when the growth is impossible.
    pub(super) fn grow(self, limit: MicroWh, source: CounterSource) -> Option<Growth> {
        let Self { last, now, .. } = self;
        if let Some(added) = now.checked_sub(last) {
            return (added <= limit).then_some(Growth {
                added,
                counter: now,
                restarted: false,
                noisy: false,
            });
        }
        if last.0 - now.0 <= NOISE.0 {
            return Some(Growth {
                added: MicroWh::ZERO,
                counter: last,
                restarted: false,
                noisy: true,
            });
        }
        // The counter restarted: it has shown `now` since then, and the settlement counter, when it went on, shows
        // also what flowed before the restart.
        let recovered = match (source, self.settlement_last, self.settlement_now) {
            (CounterSource::Total, Some(last), Some(now)) => now.checked_sub(last),
            _ => None,
        };
        let plausible = |added: &MicroWh| *added <= limit;
        // One that shows less than has flowed since the restart has restarted as well.
        let added = recovered
            .filter(|added| *added >= now && plausible(added))
            .or(Some(now).filter(plausible))
            .unwrap_or_default();
        Some(Growth {
            added,
            counter: now,
            restarted: true,
            noisy: false,
        })
    }
}
