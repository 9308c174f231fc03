//! What a profile can know of the energy: the readings that it has acknowledged, and what nobody can tell it any more.

use std::time::Duration;

use enerlink_domain::UnixMillis;

use super::{device::Reading, world::RATED_POWER_W};

/// A fall of a counter by at most this much, in µWh, means nothing to the wallet.
const NOISE: u64 = 10_000;
/// So many readings of a lower uptime, one after the other, are a reboot.
const RUN: u8 = 3;
/// So much may receipts differ from the device's time.
const SLACK: Duration = Duration::from_secs(2);
/// A reading from before the boot before first contact is at most this late.
const FIRST_STRAGGLER: Duration = Duration::from_secs(600);

/// What reached one database. When the database is an older one again, so is this.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    last: Option<Reading>,
    /// When the last reading was received that was no part of a run, by the computer's clock.
    received_at: UnixMillis,
    /// Exported and imported µWh that nobody can know: those between the last reading before a reset and that reset, and
    /// what of a [`Run`] cannot be told.
    lost: (u64, u64),
    run: Option<Run>,
    doubt: Option<Doubt>,
    /// A reset was seen: what does not keep step with the receipts may be from before.
    reset: bool,
    /// When the meter had booted that was heard first. Soon after it a reading that is ahead of the receipts may be from
    /// before that boot.
    fresh: Option<UnixMillis>,
}

/// Readings that may be stragglers, and are not believed before enough have come. Their uptime is lower and the time between
/// the receipts does not explain it, because the computer's clock was set back in between; or they come after a
/// reset, and do not keep step with the receipts.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    /// The last reading that was believed.
    before: Reading,
    evidence: Evidence,
}

/// How many readings have come, one after the other, whose uptime has risen, and has kept step with the receipts where
/// that matters.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    length: u8,
    uptime: u32,
    received_at: UnixMillis,
}

/// Readings after a reset, of which none is believed before enough have come.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// What the counters showed before the reset.
    before: (u64, u64),
    /// What they show since.
    shown: (u64, u64),
    evidence: Evidence,
    /// One of them came twice: before the process died it may have been the last one that was needed.
    doubtful: bool,
}

impl Known {
    /// Everything until `reading`, which is the last: counters that never were reset say all.
    pub(super) fn by_last(last: Option<Reading>) -> Self {
        Self {
            last,
            ..Self::default()
        }
    }

    /// The database has taken `reading` in, or had it already; `again` when it was delivered more than once.
    pub(super) fn take(&mut self, reading: Reading, received_at: UnixMillis, again: bool) {
        let Some(last) = self.last else {
            // What was before the last reset is not on any counter.
            self.lost = (reading.reset_at.export.0, reading.reset_at.import.0);
            (self.last, self.received_at) = (Some(reading), received_at);
            self.fresh = Some(UnixMillis(received_at.0 - i64::from(reading.uptime)));
            return;
        };
        // A clock that was set back: time counts from there.
        if self.received_at.since(received_at) > SLACK {
            self.received_at = received_at;
        }
        if reading.number <= last.number {
            // Late: the uptimes of the run do not rise any more, and it begins anew.
            if let Some(run) = &mut self.run {
                let evidence = Evidence {
                    length: 1,
                    uptime: reading.uptime,
                    received_at,
                };
                (run.evidence, run.doubtful) = (evidence, true);
            }
            if let Some(doubt) = &mut self.doubt {
                doubt.evidence = Evidence::default();
            }
            return;
        }
        if reading.epoch != last.epoch {
            let last = self.doubt.take().map_or(last, |doubt| doubt.before);
            let (unproven, before) = self
                .run
                .map_or(((0, 0), last.counters()), |run| (run.shown, run.before));
            self.lost.0 += reading.reset_at.export.0 - last.truth.export.0 + unproven.0;
            self.lost.1 += reading.reset_at.import.0 - last.truth.import.0 + unproven.1;
            self.run = Some(Run {
                before,
                shown: (0, 0),
                evidence: Evidence::default(),
                doubtful: false,
            });
        }
        let believed = match &mut self.run {
            Some(run) => {
                let believed = run.take(reading, received_at, self.reset, again);
                if believed {
                    self.reset |= run.evidence.is_enough();
                    self.fresh = None;
                    let unknown = run.unknown(received_at.since(self.received_at));
                    self.lost.0 += unknown.0;
                    self.lost.1 += unknown.1;
                }
                believed
            }
            None => self.is_believed(last, reading, received_at, again),
        };
        if believed {
            (self.run, self.doubt, self.received_at) = (None, None, received_at);
        }
        self.last = Some(reading);
    }

    /// Whether `reading`, of the same counters as `last`, is no straggler for all that can be known.
    fn is_believed(&mut self, last: Reading, reading: Reading, received_at: UnixMillis, again: bool) -> bool {
        let silence = received_at.since(self.received_at);
        let before = self.doubt.map_or(last, |doubt| doubt.before);
        let passed = reading.uptime.checked_sub(before.uptime);
        let passed = passed.map(|passed| Duration::from_millis(passed.into()));
        let straight = match passed {
            Some(passed) if self.reset => passed.abs_diff(silence) <= SLACK,
            Some(passed) => {
                let fresh = |at| received_at >= at && received_at.since(at) < FIRST_STRAGGLER;
                passed <= silence + SLACK || !self.fresh.is_some_and(fresh)
            }
            None => !self.reset && Duration::from_millis(reading.uptime.into()) <= silence + SLACK,
        };
        if self.doubt.is_none() && straight {
            return true;
        }
        let doubt = self.doubt.get_or_insert(Doubt {
            before,
            evidence: Evidence::default(),
        });
        doubt.evidence.take(reading, received_at, self.reset, again);
        let enough = doubt.evidence.is_enough();
        self.fresh = self.fresh.filter(|_| !enough);
        let limit = energy_limit(passed.map_or(silence, |passed| silence.min(passed)));
        let (before, now) = (before.truth, reading.truth);
        (straight || enough)
            && now.export.0 - before.export.0 <= limit
            && now.import.0 - before.import.0 <= limit
    }

    /// The last reading that it took.
    pub(super) fn last(&self) -> Option<Reading> {
        self.last
    }

    /// The least that the registers must show, exported and imported, in µWh.
    pub(super) fn least(&self) -> (u64, u64) {
        let believed = self.doubt.map(|doubt| doubt.before).or(self.last);
        let truth = believed.map(|reading| reading.truth).unwrap_or_default();
        let unproven = self.run.map_or((0, 0), |run| run.shown);
        (
            truth.export.0.saturating_sub(self.lost.0 + unproven.0),
            truth.import.0.saturating_sub(self.lost.1 + unproven.1),
        )
    }
}

impl Evidence {
    /// What is delivered again is none; whatever does not rise, or is out of step where it has to be `in_time`, begins anew.
    fn take(&mut self, reading: Reading, received_at: UnixMillis, in_time: bool, again: bool) {
        if again {
            return;
        }
        let passed = reading.uptime.checked_sub(self.uptime);
        let passed = passed.map(|passed| Duration::from_millis(passed.into()));
        let silence = received_at.since(self.received_at);
        if passed.is_none_or(|passed| in_time && passed.abs_diff(silence) > SLACK) {
            self.length = 0;
        }
        self.length = self.length.saturating_add(1);
        (self.uptime, self.received_at) = (reading.uptime, received_at);
    }

    fn is_enough(self) -> bool {
        self.length >= RUN
    }
}

impl Run {
    /// Whether the reset is believed with `reading`. It has to last, or else a message from before a reboot would count the
    /// same energy twice. Counters that have passed what they showed before are believed at once, when none was reset
    /// before: they have not fallen, as far as anybody can tell.
    fn take(&mut self, reading: Reading, received_at: UnixMillis, reset: bool, again: bool) -> bool {
        self.shown = reading.counters();
        self.doubtful |= again;
        self.evidence.take(reading, received_at, true, again);
        let passed = self.shown.0 >= self.before.0 && self.shown.1 >= self.before.1;
        passed && !reset || self.evidence.is_enough()
    }

    /// What cannot be known of the energy since the reset, which is believed now, so long by the receipts after the
    /// last reading before it. The same messages may come from another meter that was put in its place, whose counters
    /// do not begin at nothing: all that bounds them is the time that has passed, which a queued burst does not show. What
    /// they show beyond that is a new beginning, and is not counted. A counter that has passed what it showed before hides
    /// so much.
    fn unknown(&self, elapsed: Duration) -> (u64, u64) {
        let limit = energy_limit(elapsed);
        let of = |before: u64, shown: u64| match shown {
            _ if self.doubtful => shown.max(before),
            _ if shown + NOISE >= before => before,
            _ if shown > limit => shown,
            _ => 0,
        };
        (of(self.before.0, self.shown.0), of(self.before.1, self.shown.1))
    }
}

/// The most that can flow in this time, in µWh.
fn energy_limit(elapsed: Duration) -> u64 {
    let millis = u64::try_from((elapsed + SLACK).as_millis()).unwrap_or(u64::MAX);
    u64::from(RATED_POWER_W)
        .saturating_mul(millis)
        .saturating_mul(1000)
        / 3600
}
