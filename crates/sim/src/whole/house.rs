//! A simulated process: the real engine on a profile, which can die at any point and be started again.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use enerlink_chain::Chain;
use enerlink_domain::{Code, Error, Event};
use enerlink_engine::{
    Config, Engine, KdfParams, Keystore, Parts, Password,
    wires::{Lockstep, Wires},
};
use tokio::{runtime::Handle, task::JoinHandle};

use super::{
    broker::Acknowledged,
    clock::WorldTime,
    crew::Crew,
    foretold::{Listener, Prophecies},
    fuse::{Fuse, Point},
    lines::Lines,
    trace::Trace,
};

/// How often an engine asks the node for news.
const POLL: Duration = Duration::from_secs(15);
const PASSWORD: &str = "correct horse battery staple 42";

/// The password of every vault here.
pub(super) fn password() -> Password {
    Password::from(PASSWORD.to_owned())
}

/// What every process of one world shares.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) time: WorldTime,
    pub(super) lines: Lines,
    pub(super) trace: Trace,
    /// Where the threads of databases live.
    pub(super) driver: Handle,
    pub(super) kdf: KdfParams,
    pub(super) period: Duration,
    pub(super) prophecies: Prophecies,
}

/// A running process.
pub(super) struct House {
    pub(super) engine: Engine,
    pub(super) fuse: Fuse,
    crew: JoinHandle<()>,
    /// Who listens to it.
    ears: JoinHandle<()>,
}

impl House {
    /// Starts a process called `name` on the profile in `directory`.
    pub(super) async fn start(
        around: &Surroundings,
        name: &'static str,
        directory: &Path,
        acknowledged: Acknowledged,
    ) -> Result<Self, Error> {
        around.trace.say(format_args!("{name} starts"));
        let fuse = Fuse::default();
        let crew = Crew::new(fuse.clone());
        let mut config = Config::new(directory.to_owned());
        config.chain_poll = POLL;
        config.settling.period = around.period;
        if let Lines::Memory { net, broker } = &around.lines {
            config.chain = Some(Chain::over(net.endpoint(name, fuse.clone())));
            config.wires.broker = Some(broker.source(fuse.clone(), acknowledged));
        }
        config.wires = Wires {
            broker: config.wires.broker,
            store: Some(lockstep(around.driver.clone(), &fuse)),
            tasks: Some(crew.spawner()),
        };
        let keystore = Keystore::open_with(directory, around.kdf)?;
        let parts = Parts {
            clock: around.time.computer(),
            keystore,
        };
        // One task to the runtime: it would be told to let others go first, and its own tasks would then be asked for ever.
        let crew = tokio::spawn(tokio::task::coop::unconstrained(crew));
        let started = tokio::select! {
            biased;
            () = fuse.blown() => Err(dead()),
            started = Engine::start(config, parts) => started,
        };
        let engine = match started {
            Ok(engine) => engine,
            Err(error) => {
                crew.abort();
                let _ = crew.await;
                return Err(error);
            }
        };
        let listener = Listener::new(engine.clone(), around.prophecies.clone());
        let ears = tokio::spawn(tell(name, engine.events(), listener, around.trace.clone()));
        Ok(Self {
            engine,
            fuse,
            crew,
            ears,
        })
    }

    /// Lets a person do something, unless the process dies meanwhile.
    pub(super) async fn with<T>(
        &self,
        act: impl AsyncFnOnce(&Engine) -> Result<T, Error>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.fuse.blown() => Err(dead()),
            done = act(&self.engine) => done,
        }
    }

    /// The process dies in the middle of whatever it does.
    pub(super) async fn die(self) {
        self.fuse.blow();
        for task in [self.crew, self.ears] {
            task.abort();
            let _ = task.await;
        }
    }

    /// The process is asked to stop, and stops.
    pub(super) async fn stop(self) {
        let stopped = self
            .with(async |engine| {
                engine.stop().await;
                Ok(())
            })
            .await;
        drop(stopped);
        self.die().await;
    }
}

/// A database whose commits are points of `fuse`.
pub(super) fn lockstep(driver: Handle, fuse: &Fuse) -> Lockstep {
    let fuse = fuse.clone();
    Lockstep::new(
        driver,
        Arc::new(move || {
            let fuse = fuse.clone();
            Box::pin(async move { fuse.pass(Point::Commit).await })
        }),
    )
}

fn dead() -> Error {
    Error::new(Code::Internal, "the process is dead")
}

/// Writes what an engine tells into the trace, without anything that is drawn at random.
async fn tell(name: &'static str, mut events: enerlink_engine::Events, mut listener: Listener, trace: Trace) {
    while let Some(event) = events.next().await {
        match event {
            Event::Estimate(estimate) => listener.hear_estimate(estimate),
            Event::Settlement(row) => {
                listener.hear_settlement(&row);
                trace.say(format_args!(
                    "{name}: settlement {} {} {:?}",
                    row.settlement_id,
                    row.status.as_str(),
                    row.stage
                ));
            }
            Event::Transaction(tx) => trace.say(format_args!(
                "{name}: transaction {} {} {:?} nonce {:?}",
                tx.id,
                tx.kind.as_str(),
                tx.stage,
                tx.nonce
            )),
            Event::Registration { registration, .. } => {
                let word = format!("{registration:?}");
                let word = word.split(' ').next().unwrap_or_default();
                trace.say(format_args!("{name}: registration {word}"));
            }
            Event::TaskFailed { task, error } => {
                trace.say(format_args!("{name}: task {task} failed: {error}"));
            }
            Event::Lagged { missed } => trace.say(format_args!("{name}: {missed} events missed")),
            _ => {}
        }
    }
}

/// Copies what a process has stored.
pub(super) fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target: PathBuf = to.join(&name);
        if !wanted(&name.to_string_lossy()) {
            continue;
        }
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target)?;
            copy(&entry.path(), &target, &|_| true)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Whether `name` is a file of the database.
pub(super) fn is_database(name: &str) -> bool {
    name.starts_with("enerlink.db")
}
