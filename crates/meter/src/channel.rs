//! The topics below a meter's base topic.

use enerlink_domain::MeterId;

/// A topic on which a meter speaks; the last level below its base topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// `{base}/sensors`: measurements and counters.
    Sensors,
    /// `{base}/data`: the same from newer firmware.
    Data,
    /// `{base}/heartbeat`: health.
    Heartbeat,
    /// `{base}/status`: switches and outputs.
    Status,
    /// `{base}/response`: answers to commands.
    Response,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Sensors,
        Self::Data,
        Self::Heartbeat,
        Self::Status,
        Self::Response,
    ];

    /// The last level of the topic.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensors => "sensors",
            Self::Data => "data",
            Self::Heartbeat => "heartbeat",
            Self::Status => "status",
            Self::Response => "response",
        }
    }

    /// The topic below `base`.
    pub fn topic(self, base: &str) -> String {
        format!("{base}/{}", self.as_str())
    }
}

/// The way of a command to its meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What stands before `/command`.
    pub base_topic: String,
    /// For newer firmware, which listens on `{base}/command/{meterId}` and is spoken to with quality of service 2;
    /// none for `{base}/command` with quality of service 1.
    pub meter_id: Option<MeterId>,
}

impl Route {
    /// The topic.
    pub fn topic(&self) -> String {
        match &self.meter_id {
            None => command_topic(&self.base_topic),
            Some(id) => format!("{}/{id}", command_topic(&self.base_topic)),
        }
    }
}

/// The topic on which a meter listens.
pub(crate) fn command_topic(base: &str) -> String {
    format!("{base}/command")
}

/// Whether `base` can stand before `/sensors`: it names one meter, so it has no wildcard, and it fits a topic name.
pub(crate) fn valid_base(base: &str) -> bool {
    let inside = !base.is_empty() && base.len() <= 512;
    inside
        && !base.starts_with('$')
        && !base
            .chars()
            .any(|letter| letter.is_control() || "+#".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_stand_below_the_base() {
        assert_eq!(
            Channel::Sensors.topic("home/energy-monitor"),
            "home/energy-monitor/sensors"
        );
        let mut route = Route {
            base_topic: "a".to_owned(),
            meter_id: None,
        };
        assert_eq!(route.topic(), "a/command");
        route.meter_id = "METER-001".parse().ok();
        assert_eq!(route.topic(), "a/command/METER-001");
    }

    #[test]
    fn a_base_topic_names_one_meter() {
        assert!(valid_base("home/energy-monitor"));
        for base in ["", "home/+", "#", "$SYS/x", "a\u{0}b", &"x".repeat(513)] {
            assert!(!valid_base(base), "{base:?}");
        }
    }
}
