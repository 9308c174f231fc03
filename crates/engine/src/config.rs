//! What an engine is started with: the profile's directory and how settlement behaves by default.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use enerlink_chain::Chain;
use enerlink_domain::{
    Code, Error, WattHours,
    choice::{EnvFile, Given},
};
pub use enerlink_store::Access;

use crate::{files, wires::Wires};

/// Nobody writes more settings than this, in bytes.
const LONGEST_ENV_FILE: u64 = 1 << 16;

/// Configuration of one engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The profile: vault, database, sealed secrets, log.
    pub data_dir: PathBuf,
    /// The PostgreSQL database of the profile; the file `enerlink.db` in its directory when absent.
    pub database_url: Option<String>,
    /// Whether this process may write.
    pub access: Access,
    /// When energy is settled, where nobody has chosen.
    pub settling: Settling,
    /// What the environment says of settling; it rules over what was chosen.
    pub environment: Given,
    /// What the file `.env` of the profile says; the environment rules over it.
    pub env_file: Given,
    /// How often the node is asked for news.
    pub chain_poll: Duration,
    /// The chain, where it is reached without a socket; otherwise the stored addresses lead to it.
    pub chain: Option<Chain>,
    /// Whether this profile belongs to the simulated neighbourhood.
    pub demo: bool,
    /// What stands in for the outside world in a simulation.
    pub wires: Wires,
}

/// When energy is settled, where nobody has chosen.
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
            environment: Given::default(),
            env_file: Given::default(),
            chain_poll: Duration::from_secs(2),
            chain: None,
            demo: false,
            wires: Wires::default(),
        }
    }

    /// Whether the profile has a database already, as far as can be told without opening it.
    pub fn has_database(&self) -> bool {
        self.database_url.is_some() || self.database_file().exists()
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.data_dir.join("enerlink.db")
    }

    /// Applies the variables of `.env.example`, each read through `variable`, else from the file `.env` in the profile's
    /// directory. A value that cannot be read is an error, not a silent default.
    pub fn apply_environment(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
        let path = self.data_dir.join(".env");
        let shown = path.display();
        let file = read_file(&path)?;
        self.environment = Given::read(&variable).map_err(|bad| invalid(bad.to_string()))?;
        self.env_file = Given::read(|name| file.get(name).map(str::to_owned)).map_err(|bad| {
            invalid(format!(
                "{shown}, line {}: {bad}",
                file.line(bad.name).unwrap_or(0)
            ))
        })?;
        let set = |url: &String| !url.is_empty();
        let named = variable("DATABASE_URL").filter(set);
        let written = || file.get("DATABASE_URL").map(str::to_owned).filter(set);
        if let Some(url) = named.or_else(written) {
            let known = ["postgres://", "postgresql://"];
            if !known.iter().any(|scheme| url.starts_with(scheme)) {
                let text = "DATABASE_URL must be postgres://user@host/database, or not set";
                return Err(invalid(text.to_owned()));
            }
            self.database_url = Some(url);
        }
        Ok(())
    }
}

/// The file that stands for the environment; there need not be one.
fn read_file(path: &Path) -> Result<EnvFile, Error> {
    if !path.exists() {
        return Ok(EnvFile::default());
    }
    let bytes = files::read(path, LONGEST_ENV_FILE)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|error| invalid(format!("{}: {error}", path.display())))?;
    EnvFile::parse(text).map_err(|bad| invalid(format!("{}, {bad}", path.display())))
}

fn invalid(text: String) -> Error {
    Error::new(Code::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::choice::SettlingChoice;

    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn the_environment_is_read_or_says_why_not() {
        let mut config = Config::new(PathBuf::from("nowhere"));
        let given = |name: &str| match name {
            "AUTO_SETTLEMENT_ENABLED" => Some("false".to_owned()),
            "DATABASE_URL" => Some("postgres://db/enerlink".to_owned()),
            _ => None,
        };
        config.apply_environment(given).expect("valid");
        assert_eq!(config.environment.choice.automatic, Some(false));
        assert_eq!(config.database_url.as_deref(), Some("postgres://db/enerlink"));
        assert!(config.has_database());
        let refused =
            config.apply_environment(|name| (name == "DATABASE_URL").then(|| "mysql://db".to_owned()));
        assert_eq!(refused.expect_err("no such database").code, Code::InvalidInput);
        let wrong = config
            .apply_environment(|name| (name != "DATABASE_URL").then(|| "0".to_owned()))
            .expect_err("not a boolean");
        assert_eq!(wrong.code, Code::InvalidInput);
    }

    #[test]
    fn a_file_in_the_profile_stands_for_the_environment() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |text: &str| std::fs::write(directory.path().join(".env"), text).expect("written");
        let mut config = Config::new(directory.path().to_owned());
        write("# here\nSETTLEMENT_INTERVAL_MINUTES=15\nSOMETHING=else\nDATABASE_URL='postgres://file/db'\n");
        config.apply_environment(nothing).expect("valid");
        let fifteen = SettlingChoice {
            period_minutes: Some(15),
            ..SettlingChoice::default()
        };
        assert_eq!(
            (config.env_file.choice, config.environment),
            (fifteen, Given::default())
        );
        assert_eq!(config.database_url.as_deref(), Some("postgres://file/db"));
        config
            .apply_environment(|name| (name == "DATABASE_URL").then(|| "postgres://own/db".to_owned()))
            .expect("valid");
        assert_eq!(config.database_url.as_deref(), Some("postgres://own/db"));
        for (text, named) in [
            (
                "A=1\nSETTLEMENT_INTERVAL_MINUTES=soon",
                "line 2: SETTLEMENT_INTERVAL_MINUTES",
            ),
            (
                "A=1\n\nDATABASE_URL='postgres://user:secret@db",
                "line 3: a quote",
            ),
        ] {
            write(text);
            let refused = config.apply_environment(nothing).expect_err("refused");
            assert_eq!(refused.code, Code::InvalidInput);
            assert!(refused.message.contains(named), "{refused}");
            assert!(!refused.message.contains("secret"), "{refused}");
        }
    }
}
