//! Order: where a message stands in time. Reboot, rollover and straggler are told apart by uptime, receipt and counters.

use std::time::Duration;

use super::{Baseline, Delivery, NOISE, Pair, Registers, Remark, SLACK, Suspicion};
use crate::{MicroWh, reading::DeviceTime};

/// A device that has been up longer than the silence lasted, by more than this, has not rebooted in it.
const REBOOT_SLACK: Duration = Duration::from_secs(30);
/// This many messages of a rising uptime in a row are a reboot, or a counter that was reset, and no stragglers.
const REBOOT_EVIDENCE: u8 = 3;
/// One turn of a 32-bit millisecond counter.
const ROLLOVER: u64 = 1 << 32;
/// A message from before the turn of the uptime, or from before a reboot, is at most this late.
const STRAGGLER: Duration = Duration::from_secs(86_400);

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
                let fresh = self
                    .rebooted_at
                    .is_some_and(|at| message.received_at.since(at) < STRAGGLER);
                let doubtful = fresh && fell(baseline.counters, message.counters);
                self.order_by_uptime((last, now), by_receipt, change, doubtful, delivery)
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
        by_receipt: Duration,
        change: Change,
        doubtful: bool,
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
            // the same energy twice, now and with the next message. A reset lasts.
            if doubtful && (delivery == Delivery::Again || !self.lasts(now)) {
                return Order::Before;
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
        if change == Change::Grown && uptime <= by_receipt + SLACK {
            return rebooted;
        }
        // After a crash the broker repeats a run of messages whose uptime rises: that is no sign of a reboot.
        if delivery == Delivery::Again {
            return Order::Before;
        }
        if self.lasts(now) { rebooted } else { Order::Before }
    }

    /// Whether enough messages in a row, of rising uptime, say the same.
    fn lasts(&mut self, uptime: u32) -> bool {
        let rising = uptime > self.suspicion.uptime && self.suspicion.count > 0;
        let count = if rising { self.suspicion.count + 1 } else { 1 };
        self.suspicion = Suspicion { uptime, count };
        count >= REBOOT_EVIDENCE
    }
}
