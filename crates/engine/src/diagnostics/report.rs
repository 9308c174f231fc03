//! The figures as a whole, for this process and, through a small file in the profile, for another one: no port is opened.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use enerlink_domain::{
    Clock, DeviceState, Error, UnixMillis,
    view::{Diagnostics, MeterView, Opening, RegisterView},
};
use enerlink_store::Store;
use serde::{Deserialize, Serialize};

use super::Handle;
use crate::{Engine, bus::Bus, config::Access, ledger, metering, meters, storage, task::Task};

/// How often the file is written.
const TURN: Duration = Duration::from_secs(10);
/// The file in the profile.
const FILE: &str = "diagnostics.json";
/// No report is longer: that of some thousand meters.
const LONGEST: u64 = 1 << 24;

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

/// What a process that has a profile has written for those that only read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How its core fared; [`Diagnostics::at`] says when.
    pub diagnostics: Diagnostics,
    meters: Vec<MeterView>,
}

impl Told {
    /// Adds to `meters`, as they are stored, what only a running process knows: whether they are heard, how well they do
    /// and how they stand on chain.
    pub fn add_to(&self, meters: Vec<MeterView>) -> Vec<MeterView> {
        let told = |stored: &MeterView| self.meters.iter().find(|told| told.meter.id == stored.meter.id);
        let add = |stored: MeterView| match told(&stored) {
            Some(told) => added(stored, told),
            None => stored,
        };
        meters.into_iter().map(add).collect()
    }
}

fn added(stored: MeterView, told: &MeterView) -> MeterView {
    let standing = told.registers;
    MeterView {
        registration: told.registration,
        registers: stored.registers.map(|registers| RegisterView {
            watermark: standing.and_then(|told| told.watermark),
            opening: Opening {
                open: standing.map_or(registers.opening.open, |told| told.opening.open),
                ..registers.opening
            },
            ..registers
        }),
        device: DeviceState {
            link: told.device.link.clone(),
            interval_ms: told.device.interval_ms,
            counted: told.device.counted,
            refused: told.device.refused,
            presence: told.device.presence,
            health: told.device.health,
            ..stored.device
        },
        meter: stored.meter,
    }
}

/// Writes the figures for other processes.
pub(crate) struct Report {
    pub(crate) sources: Sources,
    pub(crate) metering: metering::Handle,
    pub(crate) data_dir: PathBuf,
}

impl Report {
    async fn read(&self) -> Result<Told, Error> {
        let diagnostics = self.sources.read().await?;
        let meters: Vec<_> = self.metering.state.borrow().values().cloned().collect();
        let ledger = self.sources.ledger.state.borrow();
        let view = |live| meters::view(live, &ledger);
        Ok(Told {
            diagnostics,
            meters: meters.into_iter().map(view).collect(),
        })
    }
}

impl Task for Report {
    const NAME: &'static str = "diagnostics";

    async fn run(&mut self) -> Result<(), Error> {
        loop {
            let report = self.read().await?;
            // A full disk is told by those who store what matters.
            if let Err(error) = write(&self.data_dir, &report) {
                tracing::debug!(%error, "the diagnostics cannot be written");
            }
            self.sources.clock.sleep(TURN).await;
        }
    }
}

/// Whole or not at all, as far as a reader sees; it need not survive a power cut.
fn write(data_dir: &Path, report: &Told) -> io::Result<()> {
    let draft = data_dir.join(format!("{FILE}.part"));
    crate::files::private(&draft)?.write_all(&serde_json::to_vec(report)?)?;
    fs::rename(&draft, data_dir.join(FILE))
}

fn read(data_dir: &Path) -> Option<Told> {
    let content = crate::files::read(&data_dir.join(FILE), LONGEST).ok()?;
    serde_json::from_slice(&content).ok()
}

impl Engine {
    /// How the core itself fares. One that only reads tells what the process that has the profile has last written.
    pub async fn diagnostics(&self) -> Result<Diagnostics, Error> {
        let told = (self.config().access == Access::ReadOnly)
            .then(|| self.told())
            .flatten();
        match told {
            Some(told) => Ok(told.diagnostics),
            None => self.0.diagnostics.read().await,
        }
    }

    /// What a process that has this profile, or had it last, has written about itself.
    pub fn told(&self) -> Option<Told> {
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
        let diagnostics = figures.read();
        assert_eq!((diagnostics.messages, diagnostics.brokers[0].reconnects), (3, 4));
        let report = Told {
            diagnostics,
            meters: Vec::new(),
        };
        write(home.path(), &report).expect("written");
        assert_eq!(read(home.path()), Some(report));
        fs::write(home.path().join(FILE), "{\"at\":").expect("written");
        assert_eq!(read(home.path()), None, "what is damaged is no report");
    }
}
