//! What an engine is started with: the profile's directory and how settlement behaves by default.

use std::{path::PathBuf, time::Duration};

use enerlink_domain::{Code, Error, WattHours};

/// Configuration of one engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The profile: vault, database, sealed secrets, log.
    pub data_dir: PathBuf,
    /// Whether this process may write.
    pub access: Access,
    /// When energy is settled.
    pub settling: Settling,
    /// How often the node is asked for news.
    pub chain_poll: Duration,
    /// Whether this profile belongs to the simulated neighbourhood.
    pub demo: bool,
}

/// Whether a process has the profile for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The one process that runs the tasks.
    Exclusive,
    /// Reads what is stored; runs nothing.
    ReadOnly,
}

/// When energy is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settling {
    /// Whether a period's end settles by itself.
    pub automatic: bool,
    /// Periods are aligned to the wall clock.
    pub period: Duration,
    /// The local minimum; the contract's counts when it is larger.
    pub minimum: WattHours,
    /// Settle before the period's end when this much is owed; off when absent.
    pub early: Option<WattHours>,
}

impl Default for Settling {
    fn default() -> Self {
        Self {
            automatic: true,
            period: Duration::from_secs(300),
            minimum: WattHours(100),
            early: None,
        }
    }
}

impl Config {
    /// The defaults for a profile in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            access: Access::Exclusive,
            settling: Settling::default(),
            chain_poll: Duration::from_secs(2),
            demo: false,
        }
    }

    /// Applies `AUTO_SETTLEMENT_ENABLED`, `SETTLEMENT_THRESHOLD_WH`, `EARLY_SETTLEMENT_WH` and
    /// `SETTLEMENT_INTERVAL_MINUTES`, each read through `variable`. A value that cannot be read is an error, not a silent default.
    pub fn apply_environment(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
        if let Some(text) = variable("AUTO_SETTLEMENT_ENABLED") {
            self.settling.automatic = text
                .parse()
                .map_err(|_| invalid("AUTO_SETTLEMENT_ENABLED", "true or false"))?;
        }
        if let Some(text) = variable("SETTLEMENT_THRESHOLD_WH") {
            let minimum = text
                .parse()
                .map_err(|_| invalid("SETTLEMENT_THRESHOLD_WH", "whole watt-hours"))?;
            self.settling.minimum = WattHours(minimum);
        }
        if let Some(text) = variable("EARLY_SETTLEMENT_WH") {
            let early = text
                .parse()
                .map_err(|_| invalid("EARLY_SETTLEMENT_WH", "whole watt-hours"))?;
            self.settling.early = Some(WattHours(early));
        }
        if let Some(text) = variable("SETTLEMENT_INTERVAL_MINUTES") {
            let minutes: u64 = text
                .parse()
                .ok()
                .filter(|minutes| (1..=1440).contains(minutes))
                .ok_or_else(|| invalid("SETTLEMENT_INTERVAL_MINUTES", "whole minutes from 1 to 1440"))?;
            self.settling.period = Duration::from_secs(minutes * 60);
        }
        Ok(())
    }
}

fn invalid(name: &str, wanted: &str) -> Error {
    Error::new(Code::InvalidInput, format!("{name} must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_overrides_the_defaults_or_says_why_not() {
        let mut config = Config::new(PathBuf::new());
        let given = |name: &str| match name {
            "AUTO_SETTLEMENT_ENABLED" => Some("false".to_owned()),
            "SETTLEMENT_THRESHOLD_WH" | "EARLY_SETTLEMENT_WH" => Some("250".to_owned()),
            _ => None,
        };
        config.apply_environment(given).expect("valid");
        let expected = Settling {
            automatic: false,
            period: Duration::from_secs(300),
            minimum: WattHours(250),
            early: Some(WattHours(250)),
        };
        assert_eq!(config.settling, expected);
        let wrong = config
            .apply_environment(|_| Some("0".to_owned()))
            .expect_err("not a boolean");
        assert_eq!(wrong.code, Code::InvalidInput);
    }
}
