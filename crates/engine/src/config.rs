//! What an engine is started with: the profile's directory and how settlement behaves by default.

use std::{path::PathBuf, time::Duration};

use enerlink_domain::{Code, Error, WattHours};
pub use enerlink_store::Access;

/// Configuration of one engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The profile: vault, database, sealed secrets, log.
    pub data_dir: PathBuf,
    /// The PostgreSQL database of the profile; the file `enerlink.db` in its directory when absent.
    pub database_url: Option<String>,
    /// Whether this process may write.
    pub access: Access,
    /// When energy is settled.
    pub settling: Settling,
    /// How often the node is asked for news.
    pub chain_poll: Duration,
    /// Whether this profile belongs to the simulated neighbourhood.
    pub demo: bool,
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
            database_url: None,
            access: Access::Exclusive,
            settling: Settling::default(),
            chain_poll: Duration::from_secs(2),
            demo: false,
        }
    }

    /// Whether the profile has a database already, as far as can be told without opening it.
    pub fn has_database(&self) -> bool {
        self.database_url.is_some() || self.database_file().exists()
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.data_dir.join("enerlink.db")
    }

    /// Applies `DATABASE_URL`, `AUTO_SETTLEMENT_ENABLED`, `SETTLEMENT_THRESHOLD_WH`, `EARLY_SETTLEMENT_WH` and
    /// `SETTLEMENT_INTERVAL_MINUTES`, each read through `variable`. A value that cannot be read is an error, not a silent default.
    pub fn apply_environment(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
        if let Some(url) = variable("DATABASE_URL").filter(|url| !url.is_empty()) {
            let known = ["postgres://", "postgresql://"];
            if !known.iter().any(|scheme| url.starts_with(scheme)) {
                return Err(invalid(
                    "DATABASE_URL",
                    "postgres://user@host/database, or not set",
                ));
            }
            self.database_url = Some(url);
        }
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
            "DATABASE_URL" => Some("postgres://db/enerlink".to_owned()),
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
        assert_eq!(config.database_url.as_deref(), Some("postgres://db/enerlink"));
        assert!(config.has_database());
        let refused = config.apply_environment(|_| Some("mysql://db".to_owned()));
        assert_eq!(refused.expect_err("no such database").code, Code::InvalidInput);
        let wrong = config
            .apply_environment(|name| (name != "DATABASE_URL").then(|| "0".to_owned()))
            .expect_err("not a boolean");
        assert_eq!(wrong.code, Code::InvalidInput);
    }
}
