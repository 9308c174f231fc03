//! Whether somebody is at the computer, told to the core now and then: its idle lock starts anew.

/// No more often than this, in milliseconds.
const PAUSE: i64 = 15_000;

/// When the core was told last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    told: Option<i64>,
}

impl Presence {
    /// Somebody moved at `now` (Unix milliseconds); whether the core is to be told. A clock that was set back tells too.
    pub(crate) fn seen(&mut self, now: i64) -> bool {
        let due = self
            .told
            .is_none_or(|told| !(0..PAUSE).contains(&now.saturating_sub(told)));
        if due {
            self.told = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_is_told_at_once_and_then_every_fifteen_seconds() {
        let mut presence = Presence::default();
        for (now, expected) in [
            (1_000, true),
            (1_001, false),
            (15_999, false),
            (16_000, true),
            (20_000, false),
            (31_000, true),
            (5_000, true),
        ] {
            assert_eq!(presence.seen(now), expected, "{now}");
        }
    }
}
