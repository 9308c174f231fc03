//! Order: where a message stands in time. Reboot, rollover and straggler are told apart by uptime, receipt and counters.

use std::time::Duration;

use super::{Baseline, Delivery, NOISE, Pair, Registers, Remark, SLACK, Suspicion};
use crate::{MicroWh, UnixMillis, reading::DeviceTime};

/// A device that has been up longer than the silence lasted, by more than this, has not rebooted in it.
const REBOOT_SLACK: Duration = Duration::from_secs(30);
/// This many messages in a row, whose uptime rises and whose counters do not fall, are a reboot, or a counter that was
/// reset, and no stragglers.
const REBOOT_EVIDENCE: u8 = 3;
/// One turn of a 32-bit millisecond counter.
const ROLLOVER: u64 = 1 << 32;
/// A message from before the turn of the uptime, or from before a reboot, is at most this late.
const STRAGGLER: Duration = Duration::from_secs(86_400);

/// Soon after a boot before first contact a message from before that boot is at most this late.
const FIRST_STRAGGLER: Duration = Duration::from_secs(600);

/// Where a message stands in time, compared with the baseline.
pub(super) enum Order {
    /// Later by this much.
    After {
        elapsed: Duration,
        /// What was special about the device's time.
        remark: Option<Remark>,
    },
    /// The same instant by the device's own clock.
    Same,
    /// Earlier.
    Before,
}

/// What the counters did, as far as it tells a reboot from a straggler.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Grown,
    Fallen,
}

impl Change {
    fn between(before: Pair<MicroWh>, after: Pair<MicroWh>) -> Self {
        if before == after {
            Self::None
        } else if after.export >= before.export && after.import >= before.import {
            Self::Grown
        } else {
            Self::Fallen
        }
    }
}

/// Signs that a message may be from before a boot.
#[derive(Clone, Copy)]
struct Doubt {
    /// It shows less than the last one.
    fallen: bool,
    /// The counters began anew not long ago, so that one from before may show more than the last one.
    reset: bool,
    /// The device was heard first soon after it had booted: its counters may have begun anew with that.
    fresh: bool,
}

/// Whether a counter has fallen by more than means nothing.
fn fell(before: Pair<MicroWh>, after: Pair<MicroWh>) -> bool {
    let fell = |before: MicroWh, after: MicroWh| before.0.saturating_sub(after.0) > NOISE.0;
    fell(before.export, after.export) || fell(before.import, after.import)
}

impl Registers {
    pub(super) fn order(&mut self, baseline: &Baseline, message: &Baseline, delivery: Delivery) -> Order {
        let by_receipt = message.received_at.since(baseline.received_at);
        let change = Change::between(baseline.counters, message.counters);
        match (baseline.device_time, message.device_time) {
            (Some(DeviceTime::Uptime(last)), Some(DeviceTime::Uptime(now))) => {
                let within = |limit, at: UnixMillis| message.received_at.since(at) < limit;
                // A clock that was set back beyond the boot tells nothing of how long ago it was.
                let known = self.rebooted_at.is_some_and(|at| message.received_at >= at);
                let booted = |limit| self.rebooted_at.is_some_and(|at| within(limit, at));
                let doubt = Doubt {
                    fallen: self.boot > 0 && booted(STRAGGLER) && fell(baseline.counters, message.counters),
                    reset: self.reset_at.is_some_and(|at| within(STRAGGLER, at)),
                    fresh: self.boot == 0 && known && booted(FIRST_STRAGGLER),
                };
                self.order_by_uptime((last, now), message, by_receipt, change, doubt, delivery)
            }
            (Some(DeviceTime::Unix(last)), Some(DeviceTime::Unix(now))) if now < last => Order::Before,
            (Some(DeviceTime::Unix(last)), Some(DeviceTime::Unix(now))) if now == last => Order::Same,
            // Without a time of the device, only the counters tell a repetition.
            _ if delivery == Delivery::Again && change == Change::None => Order::Same,
            _ if delivery == Delivery::Again && change == Change::Fallen => Order::Before,
            _ => Order::After {
                elapsed: by_receipt,
                remark: None,
            },
        }
    }

    fn order_by_uptime(
        &mut self,
        (last, now): (u32, u32),
        message: &Baseline,
        by_receipt: Duration,
        change: Change,
        doubt: Doubt,
        delivery: Delivery,
    ) -> Order {
        // The same uptime twice is the same message, unless there was time to boot and the counters moved on.
        if now == last && (change == Change::None || by_receipt <= REBOOT_SLACK) {
            return Order::Same;
        }
        let rebooted = Order::After {
            elapsed: by_receipt,
            remark: Some(Remark::Rebooted),
        };
        let uptime = Duration::from_millis(u64::from(now));
        if now > last {
            let elapsed = Duration::from_millis(u64::from(now - last));
            // Seven weeks cannot pass between two receipts that are close: it is from before the uptime turned.
            let behind = Duration::from_millis(ROLLOVER) - elapsed;
            if behind <= STRAGGLER && by_receipt < STRAGGLER && change != Change::Grown {
                return Order::Before;
            }
            // Who was up longer, and shows less, may have spoken before the reboot: to believe in a reset then would count
            // the same energy twice, now and with the next message. A reset lasts. After one, so may who shows more, unless
            // the uptime has kept step with the receipts: of what had flowed before the reset nothing is counted again.
            let doubtful = doubt.fallen || doubt.reset && !in_step(elapsed, by_receipt);
            if doubtful && (delivery == Delivery::Again || !self.lasts(now, message, true)) {
                return Order::Before;
            }
            // First contact may have been the first message after a reset. Who is ahead of the receipts then is from before
            // it, or one of a queue that goes on.
            if !doubtful && doubt.fresh && elapsed > by_receipt + SLACK {
                if delivery == Delivery::Again || !self.lasts(now, message, false) {
                    return Order::Before;
                }
                self.rebooted_at = None;
            }
            // Silence that is longer than the uptime may hide a reboot, after which the uptime has overtaken the last.
            if uptime <= by_receipt + SLACK && by_receipt > elapsed + SLACK {
                return rebooted;
            }
            return Order::After {
                elapsed,
                remark: None,
            };
        }
        let turned = Duration::from_millis(ROLLOVER - u64::from(last) + u64::from(now));
        if turned <= by_receipt + REBOOT_SLACK && turned + REBOOT_SLACK >= by_receipt {
            return Order::After {
                elapsed: turned,
                remark: Some(Remark::Rollover),
            };
        }
        // A reboot fits into the silence, and the counters went on; a straggler has been up longer, or shows no more.
        if change == Change::Grown && uptime <= by_receipt + SLACK && !doubt.reset {
            return rebooted;
        }
        // After a crash the broker repeats a run of messages whose uptime rises: that is no sign of a reboot.
        if delivery == Delivery::Again {
            return Order::Before;
        }
        // Energy that the counters show on top is there, whoever says so first. What fell, or began anew lately, may have
        // flowed before.
        if self.lasts(now, message, change == Change::Fallen || doubt.reset) {
            rebooted
        } else {
            Order::Before
        }
    }

    /// Whether enough messages in a row say the same: their uptime rises, and no counter falls. When it matters that time
    /// has passed, which a burst of stragglers does not show, the uptime has to keep step with the receipts (`in_time`).
    fn lasts(&mut self, uptime: u32, message: &Baseline, in_time: bool) -> bool {
        let last = self.suspicion;
        let passed = uptime.checked_sub(last.uptime).filter(|passed| *passed > 0);
        let passed = passed.map(|passed| Duration::from_millis(passed.into()));
        let by_receipt = message.received_at.since(last.received_at);
        let goes_on = last.count > 0
            && passed.is_some_and(|passed| !in_time || in_step(passed, by_receipt))
            && Change::between(last.counters, message.counters) != Change::Fallen;
        let count = if goes_on { last.count.saturating_add(1) } else { 1 };
        self.suspicion = Suspicion {
            uptime,
            count,
            received_at: message.received_at,
            counters: message.counters,
        };
        count >= REBOOT_EVIDENCE
    }
}

/// Whether as much time has passed by the device's clock as by this computer's.
fn in_step(by_uptime: Duration, by_receipt: Duration) -> bool {
    by_uptime.abs_diff(by_receipt) <= SLACK
}
