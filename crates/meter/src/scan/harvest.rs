//! Messages of a scan, sorted by base topic and bounded in number and size.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use enerlink_domain::UnixMillis;
use rumqttc::Publish;

use super::{Heard, HeardPacket, Scan};
use crate::{Channel, MAX_PAYLOAD};

/// Base topics that are remembered.
const BASES: usize = 200;
/// Payloads of all of them together, in bytes.
const BYTES: usize = 16 * 1024 * 1024;
/// Between the first and the last sensors message, for a comparison of power with energy.
const SPAN: Duration = Duration::from_secs(3);

/// What was heard so far.
#[derive(Default)]
pub(super) struct Harvest {
    bases: BTreeMap<String, Base>,
    others: u32,
    bytes: usize,
}

/// Below one base topic.
#[derive(Default)]
struct Base {
    messages: u32,
    kept: VecDeque<HeardPacket>,
    retained_command: bool,
}

impl Base {
    fn of(&self, channels: &[Channel]) -> impl Iterator<Item = &HeardPacket> {
        self.kept
            .iter()
            .filter(move |packet| channels.contains(&packet.channel))
    }

    fn measures(&self) -> bool {
        self.of(&[Channel::Sensors, Channel::Data]).next().is_some()
    }

    /// Makes room for one more message on `channel`; how many bytes that has freed.
    fn make_room(&mut self, channel: Channel) -> usize {
        if self.of(&[channel]).count() < most(channel) {
            return 0;
        }
        let oldest = self.kept.iter().position(|packet| packet.channel == channel);
        let gone = oldest.and_then(|oldest| self.kept.remove(oldest));
        gone.map_or(0, |packet| packet.payload.len())
    }
}

/// Messages that are kept of a channel. Several meters may share a base topic and differ by the id in the payload.
fn most(channel: Channel) -> usize {
    match channel {
        Channel::Sensors | Channel::Data => 32,
        Channel::Heartbeat | Channel::Status | Channel::Response => 8,
    }
}

impl Harvest {
    /// Whether nothing of a meter was heard.
    pub(super) fn is_empty(&self) -> bool {
        self.bases.is_empty()
    }

    /// Sorts a message in.
    pub(super) fn take(&mut self, publish: &Publish, now: UnixMillis) {
        if let Some(base) = commanded(&publish.topic) {
            if publish.retain && self.admit(base, false) {
                self.bases.entry(base.to_owned()).or_default().retained_command = true;
            }
            return;
        }
        let found = publish.topic.rsplit_once('/').and_then(|(base, last)| {
            let channel = Channel::ALL
                .into_iter()
                .find(|channel| channel.as_str() == last)?;
            (!base.is_empty()).then_some((base, channel))
        });
        let measures = |channel| matches!(channel, Channel::Sensors | Channel::Data);
        let Some((base, channel)) = found.filter(|(base, channel)| self.admit(base, measures(*channel)))
        else {
            self.others = self.others.saturating_add(1);
            return;
        };
        let kept = publish.payload.len().min(MAX_PAYLOAD + 1);
        while measures(channel) && self.bytes + kept > BYTES && self.give_way() {}
        let heard = self.bases.entry(base.to_owned()).or_default();
        heard.messages = heard.messages.saturating_add(1);
        self.bytes -= heard.make_room(channel);
        if self.bytes + kept <= BYTES {
            self.bytes += kept;
            heard.kept.push_back(HeardPacket {
                channel,
                payload: publish.payload[..kept].to_vec(),
                retained: publish.retain,
                received_at: now,
            });
        }
    }

    /// Whether there is room for `base`. Many things have a status and few measure: of the others one gives way.
    fn admit(&mut self, base: &str, measures: bool) -> bool {
        if self.bases.contains_key(base) || self.bases.len() < BASES {
            return true;
        }
        measures && self.give_way()
    }

    /// Forgets one of those that do not measure.
    fn give_way(&mut self) -> bool {
        let idle = self.bases.iter().find(|(_, heard)| !heard.measures());
        let Some(gone) = idle
            .map(|(name, _)| name.clone())
            .and_then(|name| self.bases.remove(&name))
        else {
            return false;
        };
        let bytes: usize = gone.kept.iter().map(|packet| packet.payload.len()).sum();
        self.bytes -= bytes;
        self.others = self.others.saturating_add(gone.messages);
        true
    }

    /// Whether the meter at `base` has said enough to be understood.
    pub(super) fn understands(&self, base: &str) -> bool {
        self.bases.get(base).is_some_and(|heard| {
            let mut fresh = heard
                .of(&[Channel::Sensors, Channel::Data])
                .filter(|packet| !packet.retained);
            let first = fresh.next().map(|packet| packet.received_at);
            let last = fresh.last().map(|packet| packet.received_at);
            let spans = matches!((first, last), (Some(first), Some(last)) if last.since(first) >= SPAN);
            spans && heard.of(&[Channel::Status]).next().is_some()
        })
    }

    /// Everything, those that measure first.
    pub(super) fn gather(self) -> Scan {
        let mut heard: Vec<(bool, Heard)> = self
            .bases
            .into_iter()
            .map(|(base_topic, base)| {
                let measures = base.measures();
                let heard = Heard {
                    base_topic,
                    messages: base.messages,
                    packets: base.kept.into(),
                    retained_command: base.retained_command,
                };
                (measures, heard)
            })
            .collect();
        heard.sort_by_key(|(measures, _)| !measures);
        Scan {
            heard: heard.into_iter().map(|(_, heard)| heard).collect(),
            others: self.others,
        }
    }
}

/// The base topic before `/command` or `/command/{meterId}`.
fn commanded(topic: &str) -> Option<&str> {
    let base = topic.strip_suffix("/command").or_else(|| {
        let (above, _) = topic.rsplit_once('/')?;
        above.strip_suffix("/command")
    });
    base.filter(|base| !base.is_empty())
}

#[cfg(test)]
mod tests {
    use rumqttc::QoS;

    use super::*;

    fn publish(topic: &str, payload: &[u8], retain: bool) -> Publish {
        let mut publish = Publish::new(topic, QoS::AtMostOnce, payload);
        publish.retain = retain;
        publish
    }

    fn take(harvest: &mut Harvest, topic: &str, payload: &[u8], at: i64) {
        harvest.take(&publish(topic, payload, false), UnixMillis(at));
    }

    #[test]
    fn messages_are_sorted_by_their_base_topic() {
        let mut harvest = Harvest::default();
        for topic in [
            "a/b/sensors",
            "a/b/status",
            "a/data",
            "/sensors",
            "sensors",
            "a/b/c",
            "x/status",
        ] {
            take(&mut harvest, topic, b"{}", 0);
        }
        harvest.take(&publish("a/command/M-1", b"{}", true), UnixMillis(0));
        harvest.take(&publish("a/b/command", b"{}", false), UnixMillis(0));
        let scan = harvest.gather();
        let seen: Vec<(&str, u32, bool)> = scan
            .heard
            .iter()
            .map(|heard| (heard.base_topic.as_str(), heard.messages, heard.retained_command))
            .collect();
        assert_eq!(seen, [("a", 1, true), ("a/b", 2, false), ("x", 1, false)]);
        assert_eq!(scan.others, 3);
    }

    #[test]
    fn number_and_size_are_bounded_and_those_that_measure_stay() {
        let mut harvest = Harvest::default();
        let large = vec![b' '; 2 * MAX_PAYLOAD];
        for number in 0..1000 {
            take(&mut harvest, &format!("thing/{}/status", number % 500), &large, 0);
        }
        for number in 0..1000 {
            take(
                &mut harvest,
                "meter/sensors",
                format!("{number}").as_bytes(),
                number,
            );
        }
        let bytes: usize = harvest
            .bases
            .values()
            .flat_map(|base| base.kept.iter().map(|packet| packet.payload.len()))
            .sum();
        assert_eq!(bytes, harvest.bytes);
        assert!(bytes <= BYTES && harvest.bases.len() == BASES);
        let scan = harvest.gather();
        let meter = &scan.heard[0];
        assert_eq!((meter.base_topic.as_str(), meter.messages), ("meter", 1000));
        assert_eq!(meter.packets.len(), 32);
        assert_eq!(meter.packets[31].payload, b"999");
        assert_eq!(
            scan.heard.iter().map(|heard| heard.messages).sum::<u32>() + scan.others,
            2000
        );
    }

    #[test]
    fn a_meter_is_understood_after_three_seconds_and_a_status() {
        let mut harvest = Harvest::default();
        take(&mut harvest, "m/sensors", b"{}", 0);
        take(&mut harvest, "m/status", b"{}", 100);
        assert!(!harvest.understands("m"));
        take(&mut harvest, "m/sensors", b"{}", 2_999);
        assert!(!harvest.understands("m"));
        take(&mut harvest, "m/data", b"{}", 3_000);
        assert!(harvest.understands("m") && !harvest.understands("n"));
    }
}
