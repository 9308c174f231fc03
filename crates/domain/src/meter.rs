//! A meter as the wallet knows it: where it is heard, whose it is, how it fares.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Address, Heartbeat, MeterId, Notice, Presence, Sensors, StatusSnapshot, UnixMillis,
    command::{Capabilities, OutputSetting},
    device::{ElectricalProfile, PayloadFamily, UnitsCheck},
    reading::Units,
    register::CounterSource,
    settlement::Watermark,
};

/// Where a broker listens. Its password is not here: it never enters the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerAddress {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// MQTT over TLS (`mqtts`).
    pub tls: bool,
    /// User name, when the broker asks for one.
    pub username: Option<String>,
}

impl BrokerAddress {
    /// Reads `mqtt://[user@]host[:port]` or `mqtts://…`; a password in the text is refused.
    pub fn parse(url: &str) -> Option<Self> {
        let (tls, rest) = match (url.strip_prefix("mqtt://"), url.strip_prefix("mqtts://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return None,
        };
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        if user.is_some_and(|user| user.is_empty() || user.contains(':')) {
            return None;
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (place, if tls { 8883 } else { 1883 }),
        };
        let valid = !host.is_empty() && !host.contains(['/', ' ']);
        valid.then(|| Self {
            host: host.to_owned(),
            port,
            tls,
            username: user.map(str::to_owned),
        })
    }

    /// The reverse of [`BrokerAddress::parse`].
    pub fn url(&self) -> String {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        let user = self
            .username
            .as_ref()
            .map(|user| format!("{user}@"))
            .unwrap_or_default();
        format!("{scheme}://{user}{}:{}", self.host, self.port)
    }
}

/// Bytes of a base topic.
const LONGEST_TOPIC: usize = 200;

/// A base topic as a person types it: without what would make it a filter, and without a slash at its end. One at its
/// beginning belongs to it: `/home` and `home` are two topics.
pub fn base_topic(text: &str) -> Option<String> {
    let topic = text.trim().trim_end_matches('/');
    let fine = !topic.is_empty()
        && topic.len() <= LONGEST_TOPIC
        && !topic.starts_with('$')
        && !topic.contains(['+', '#', '\0']);
    fine.then(|| topic.to_owned())
}

/// A meter as it was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// The id registered on chain.
    pub id: MeterId,
    /// What the household calls it.
    pub name: String,
    /// The account whose tokens it mints and burns.
    pub owner: Address,
    /// Where its messages arrive.
    pub broker: BrokerAddress,
    /// Before `/sensors`, `/heartbeat`, `/status`, `/command`, `/response`.
    pub base_topic: String,
    /// Units of power and current.
    pub units: Units,
    /// The counters that money depends on; fixed when the meter is added, or by its first message.
    pub source: Option<CounterSource>,
    /// The most it can carry in one direction, in W.
    pub rated_power_w: u32,
    /// Whether settlement may go on under a settlement key while the wallet is locked.
    pub settlement_key: bool,
    /// When it was added.
    pub added_at: UnixMillis,
    /// What the electrical side is, once known.
    pub profile: Option<ElectricalProfile>,
    /// How it speaks; told by its first sensors message.
    pub family: Option<PayloadFamily>,
    /// What it can do, as far as seen.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How the household wants its outputs.
    #[serde(default)]
    pub outputs: Vec<OutputSetting>,
    /// Whether `units` agree with the energy counters.
    #[serde(default)]
    pub units_check: UnitsCheck,
    /// Whether the display is reset after each settlement; none is what cannot lose energy.
    pub auto_reset: Option<bool>,
    /// Whether the opening balance is settled too.
    #[serde(default)]
    pub take_opening: bool,
    /// Since when nobody listens to it any more; its history stays.
    pub retired_at: Option<UnixMillis>,
}

impl Meter {
    /// Whether its display is reset after each settlement: as the household wants it, else only where that loses nothing,
    /// because the totals survive it or the meter tells what stood on the counters.
    pub fn resets_display(&self) -> bool {
        let harmless = self.source == Some(CounterSource::Total) || self.capabilities.reports_counters;
        self.auto_reset.unwrap_or(harmless)
    }
}

/// A meter's standing on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Registration {
    /// The chain has not been read yet.
    Unknown,
    /// Not registered: the operator must take the registration request.
    Missing,
    /// Registered to somebody else.
    Foreign {
        /// To whom.
        prosumer: Address,
    },
    /// Retired by the operator.
    Retired,
    /// Registered to the owner, baseline not set yet.
    Registered,
    /// Registered and opened: energy above the registers is owed.
    Open {
        /// Registers last settled.
        watermark: Watermark,
        /// Registers when it was opened.
        baseline: Watermark,
        /// The settlement key, when one is authorised.
        settler: Option<Address>,
    },
}

/// A state of one connection or one device, with the reason a person is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Whether it works.
    pub up: bool,
    /// When it does not: why, as a code.
    pub code: Option<crate::Code>,
    /// When it does not: what happened, as a sentence.
    pub message: Option<String>,
    /// Since when.
    pub since: UnixMillis,
}

impl Link {
    /// A link that works since `since`.
    pub fn up(since: UnixMillis) -> Self {
        Self {
            up: true,
            code: None,
            message: None,
            since,
        }
    }

    /// A link that is down since `since`, because of `error`.
    pub fn down(since: UnixMillis, error: crate::Error) -> Self {
        Self {
            up: false,
            code: Some(error.code),
            message: Some(error.message),
            since,
        }
    }
}

/// What is known of a meter right now: its last messages and how long it has been silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceState {
    /// Which meter.
    pub meter_id: MeterId,
    /// Whether it is heard, and why not.
    pub link: Link,
    /// The last sensors message and when it was received.
    pub sensors: Option<(UnixMillis, Sensors)>,
    /// The last heartbeat and when it was received.
    pub heartbeat: Option<(UnixMillis, Heartbeat)>,
    /// The last status and when it was received.
    pub status: Option<(UnixMillis, StatusSnapshot)>,
    /// The observed interval of sensors messages, in milliseconds.
    pub interval_ms: Option<u64>,
    /// Sensors messages that were counted.
    pub counted: u64,
    /// Messages that were recorded with a reason and not counted.
    pub refused: u64,
    /// Whether it is heard.
    pub presence: Presence,
    /// How often each reason or remark was given since the meter was added: `duplicate`, `rebooted`, `rollover`, ….
    pub tally: BTreeMap<String, u64>,
    /// 0 (does not work) to 100 (nothing to report); none before anything was heard.
    pub health: Option<u8>,
    /// What is wrong with it now.
    pub conditions: Vec<Notice>,
    /// Whether all of it is stored. What is not yet is shown, and nothing rests on it.
    pub stored: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_topic_keeps_the_slash_at_its_beginning() {
        for (text, expected) in [
            ("/home/energy/", Some("/home/energy")),
            (" home/energy ", Some("home/energy")),
            ("", None),
            ("/", None),
            ("home/#", None),
            ("home/+/energy", None),
            ("$SYS", None),
        ] {
            assert_eq!(base_topic(text).as_deref(), expected, "{text}");
        }
        assert_eq!(base_topic(&"x".repeat(LONGEST_TOPIC + 1)), None);
    }

    #[test]
    fn broker_addresses_round_trip() {
        for url in [
            "mqtt://127.0.0.1:1883",
            "mqtts://meter@broker.local:8884",
            "mqtt://[::1]:1883",
        ] {
            assert_eq!(
                BrokerAddress::parse(url).map(|address| address.url()).as_deref(),
                Some(url)
            );
        }
        for url in [
            "http://a",
            "mqtt://",
            "mqtt://user:pass@host",
            "mqtt://a:b",
            "mqtt://a:99999",
        ] {
            assert_eq!(BrokerAddress::parse(url), None, "{url}");
        }
    }
}
