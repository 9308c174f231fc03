//! The average power across the grid connection, from counters: what a device calls power decides nothing about money.

use std::{collections::VecDeque, time::Duration};

use crate::{MicroWatts, NetMicroWh, UnixMillis, reading::DeviceTime};

/// The average is over so much time, or over the last two messages when they are further apart.
const SPAN_MS: u64 = 60_000;
/// More messages than this within the span add nothing.
const MOST: usize = 64;

/// The net counter of a meter over the last minute.
#[derive(Clone, Debug, Default)]
pub struct Average {
    /// Milliseconds since the first message, and the counter then.
    samples: VecDeque<(u64, NetMicroWh)>,
    last: Option<(UnixMillis, Option<DeviceTime>)>,
}

impl Average {
    /// Notes that the counter stood at `net` in the message that was received at `at`. The device's own clock counts
    /// where it has one, because what was queued during an outage arrives at once. The same message twice is once.
    pub fn observe(&mut self, at: UnixMillis, device: Option<DeviceTime>, net: NetMicroWh) {
        let Some((last_at, last_device)) = self.last else {
            self.last = Some((at, device));
            self.samples.push_back((0, net));
            return;
        };
        let gap = gap((last_at, last_device), (at, device));
        let Some(gap) = u64::try_from(gap.as_millis()).ok().filter(|gap| *gap > 0) else {
            return;
        };
        self.last = Some((at, device));
        let now = self
            .samples
            .back()
            .map_or(0, |(then, _)| then.saturating_add(gap));
        self.samples.push_back((now, net));
        // The second oldest, if it is old enough, makes the oldest superfluous.
        while self.samples.len() > MOST
            || self.samples.len() > 2 && self.samples.get(1).is_some_and(|(then, _)| now - then >= SPAN_MS)
        {
            self.samples.pop_front();
        }
    }

    /// The average; positive is export. None before the second message.
    pub fn power(&self) -> Option<MicroWatts> {
        Self::between(*self.samples.front()?, *self.samples.back()?)
    }

    /// The same between the last two messages.
    pub fn latest(&self) -> Option<MicroWatts> {
        let before = self.samples.len().checked_sub(2)?;
        Self::between(*self.samples.get(before)?, *self.samples.back()?)
    }

    fn between(first: (u64, NetMicroWh), last: (u64, NetMicroWh)) -> Option<MicroWatts> {
        let millis = i128::from(last.0 - first.0);
        if millis == 0 {
            return None;
        }
        let energy = i128::from(last.1.0) - i128::from(first.1.0);
        i64::try_from(energy * 3_600_000 / millis).ok().map(MicroWatts)
    }
}

fn gap(last: (UnixMillis, Option<DeviceTime>), now: (UnixMillis, Option<DeviceTime>)) -> Duration {
    let by_device = match (last.1, now.1) {
        (Some(DeviceTime::Uptime(last)), Some(DeviceTime::Uptime(now))) => {
            now.checked_sub(last).map(u64::from).map(Duration::from_millis)
        }
        _ => None,
    };
    by_device.unwrap_or_else(|| now.0.since(last.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(average: &mut Average, at: i64, uptime: Option<u32>, net: i64) {
        average.observe(UnixMillis(at), uptime.map(DeviceTime::Uptime), NetMicroWh(net));
    }

    #[test]
    fn one_message_is_no_power_and_the_same_one_twice_is_one() {
        let mut average = Average::default();
        said(&mut average, 0, Some(10), 5);
        said(&mut average, 0, Some(10), 5);
        assert_eq!(average.power(), None);
    }

    #[test]
    fn it_is_the_last_minute_and_the_sign_is_the_grids() {
        let mut average = Average::default();
        // 1 W is 1 µWh in 3.6 ms: exported for ten minutes, then imported for one.
        let mut net = 0;
        for second in 0..600 {
            said(&mut average, second * 1000, None, net);
            net += 1_000_000_000 / 3600;
        }
        assert_eq!(average.power().map(|power| power.0 / 1_000_000), Some(999));
        for second in 600..661 {
            said(&mut average, second * 1000, None, net);
            net -= 2_000_000_000 / 3600;
        }
        assert_eq!(average.power().map(|power| power.0 / 1_000_000), Some(-1999));
    }

    #[test]
    fn the_last_two_messages_tell_what_flows_now() {
        let mut average = Average::default();
        said(&mut average, 0, Some(0), 0);
        assert_eq!(average.latest(), None);
        said(&mut average, 1, Some(1_800), -1_000_000);
        assert_eq!(average.latest(), Some(MicroWatts(-2_000_000_000)));
        said(&mut average, 2, Some(3_600), -1_000_000);
        assert_eq!(average.latest(), Some(MicroWatts(0)), "it has stopped");
        assert_eq!(average.power(), Some(MicroWatts(-1_000_000_000)));
    }

    #[test]
    fn what_was_queued_counts_by_the_devices_clock() {
        let mut average = Average::default();
        said(&mut average, 0, Some(0), 0);
        // An hour in one second of arrival: 100 Wh are 100 W and not 360 kW.
        said(&mut average, 1, Some(1_800_000), -50_000_000);
        said(&mut average, 2, Some(3_600_000), -100_000_000);
        assert_eq!(average.power(), Some(MicroWatts(-100_000_000)));
    }

    #[test]
    fn a_device_that_started_anew_counts_by_the_receipt() {
        let mut average = Average::default();
        said(&mut average, 0, Some(50_000), 0);
        said(&mut average, 3_600_000, Some(100), -7_000_000);
        assert_eq!(average.power(), Some(MicroWatts(-7_000_000)));
    }
}
