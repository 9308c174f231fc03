//! The figures as a whole, for this process and, through a small file in the profile, for another one: no port is opened.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use enerlink_domain::{Clock, Error, UnixMillis, view::Diagnostics};
use enerlink_store::Store;

use super::Handle;
use crate::{Engine, bus::Bus, config::Access, ledger, storage, task::Task};

/// How often the file is written.
const TURN: Duration = Duration::from_secs(10);
/// The file in the profile.
const FILE: &str = "diagnostics.json";
/// No report is longer.
const LONGEST: u64 = 1 << 20;

/// Where the figures come from.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) ledger: ledger::Handle,
    pub(crate) storage: storage::Handle,
    pub(crate) figures: Handle,
}

impl Sources {
    async fn read(&self) -> Result<Diagnostics, Error> {
        let head = self.ledger.state.borrow().head;
        let mined = head.and_then(|head| i64::try_from(head.timestamp.saturating_mul(1000)).ok());
        let age = mined.map(|mined| self.clock.wall().since(UnixMillis(mined)));
        Ok(Diagnostics {
            events: u32::try_from(self.bus.waiting()).unwrap_or(u32::MAX),
            block_age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            database_bytes: self.store.size().await?,
            storage: self.storage.link(),
            ..self.figures.read()
        })
    }
}

/// Writes the figures for other processes.
pub(crate) struct Report {
    pub(crate) sources: Sources,
    pub(crate) data_dir: PathBuf,
}

impl Task for Report {
    const NAME: &'static str = "diagnostics";

    async fn run(&mut self) -> Result<(), Error> {
        loop {
            let report = self.sources.read().await?;
            // A full disk is told by those who store what matters.
            if let Err(error) = write(&self.data_dir, &report) {
                tracing::debug!(%error, "the diagnostics cannot be written");
            }
            self.sources.clock.sleep(TURN).await;
        }
    }
}

/// Whole or not at all, as far as a reader sees; it need not survive a power cut.
fn write(data_dir: &Path, report: &Diagnostics) -> io::Result<()> {
    let draft = data_dir.join(format!("{FILE}.part"));
    crate::files::private(&draft)?.write_all(&serde_json::to_vec(report)?)?;
    fs::rename(&draft, data_dir.join(FILE))
}

fn read(data_dir: &Path) -> Option<Diagnostics> {
    let content = crate::files::read(&data_dir.join(FILE), LONGEST).ok()?;
    serde_json::from_slice(&content).ok()
}

impl Engine {
    /// How the core itself fares. One that only reads tells what the process that has the profile has last written.
    pub async fn diagnostics(&self) -> Result<Diagnostics, Error> {
        let told = (self.config().access == Access::ReadOnly)
            .then(|| self.told_diagnostics())
            .flatten();
        match told {
            Some(told) => Ok(told),
            None => self.0.diagnostics.read().await,
        }
    }

    /// What a process that has this profile, or had it last, has written about itself; [`Diagnostics::at`] says when.
    pub fn told_diagnostics(&self) -> Option<Diagnostics> {
        read(&self.config().data_dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_reads_what_was_written() {
        let home = tempfile::tempdir().expect("a directory");
        assert_eq!(read(home.path()), None);
        let clock: Arc<dyn Clock> = Arc::new(crate::SystemClock::new());
        let figures = Handle::new(clock);
        figures.committed(3, Duration::from_millis(2));
        figures.broker("mqtt://localhost:1883", true, 4);
        let report = figures.read();
        assert_eq!((report.messages, report.brokers[0].reconnects), (3, 4));
        write(home.path(), &report).expect("written");
        assert_eq!(read(home.path()), Some(report));
        fs::write(home.path().join(FILE), "{\"at\":").expect("written");
        assert_eq!(read(home.path()), None, "what is damaged is no report");
    }
}
