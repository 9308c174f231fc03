//! The engine: the wallet's use cases and the tasks that run them. The window, the command line, the tests and the
//! simulator all start it with the same call.
//!
//! Each task owns its state and is reached through a cloneable handle; what a task knows is published, not shared.

mod audit;
mod backup;
mod broker_access;
mod bus;
mod checkpoints;
mod choices;
mod commands;
pub mod config;
mod database;
mod diagnostics;
mod estimating;
mod files;
mod guarding;
mod history;
mod ledger;
mod metering;
mod meters;
mod network;
mod notices;
pub mod operator;
mod outbox;
mod preferences;
mod probe;
mod profile;
mod query;
mod retention;
mod rules;
mod settling;
mod storage;
mod system;
mod task;
mod tokens;
mod trading;
mod wallet;
pub mod wires;

use std::sync::Arc;

pub use enerlink_chain::{Addresses, Chain, proof};
use enerlink_domain::{
    Clock, Code, Error,
    view::{NetworkDraft, NetworkView, Preferences},
    wallet::BackupContent,
};
pub use enerlink_keystore::{Account, KdfParams, Keystore, Password, Phrase, harden_process};
use enerlink_store::Store;
use tokio::sync::watch;

pub use self::{
    audit::{TokenSums, VerifyProgress, read_receipt, verify_receipt_with},
    bus::Events,
    config::{Access, Config},
    database::restore_database,
    diagnostics::Told,
    system::SystemClock,
};
use self::{bus::Bus, choices::Choices, network::Network, profile::ProfileLock, rules::Rules, task::Tasks};

/// What an engine is given besides its configuration.
pub struct Parts {
    /// The time it lives in.
    pub clock: Arc<dyn Clock>,
    /// The keys of the profile.
    pub keystore: Keystore,
}

/// A running wallet. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    clock: Arc<dyn Clock>,
    store: Store,
    keystore: Arc<Keystore>,
    bus: Bus,
    network: watch::Sender<Option<Network>>,
    metering: metering::Handle,
    ledger: ledger::Handle,
    settling: settling::Handle,
    outbox: outbox::Handle,
    commands: commands::Handle,
    diagnostics: diagnostics::Sources,
    preferences: watch::Sender<Preferences>,
    /// Rung to end every probe that still listens.
    probes: tokio::sync::Notify,
    autolock: wallet::lock::Handle,
    choices: watch::Sender<Choices>,
    rules: watch::Sender<Rules>,
    guarding: guarding::Handle,
    trading: trading::Handle,
    /// What was restored and nobody has looked at yet.
    held: watch::Sender<Option<BackupContent>>,
    storage: storage::Handle,
    /// What runs, until it is stopped, and what keeps other processes from the profile meanwhile.
    running: tokio::sync::Mutex<Option<(Tasks, ProfileLock)>>,
}

impl Engine {
    /// Opens the profile and starts its tasks. With [`Access::ReadOnly`] nothing runs: what is stored can be read.
    pub async fn start(config: Config, parts: Parts) -> Result<Self, Error> {
        let lock = ProfileLock::take(&config.data_dir, config.access)?;
        let store = database::open(&config).await?;
        let Parts { clock, keystore } = parts;
        let keystore = Arc::new(keystore);
        let bus = Bus::new();
        let storage = storage::Handle::new(Arc::clone(&clock), bus.clone());
        let diagnostics = diagnostics::Handle::new(Arc::clone(&clock));
        let (network, network_reader) = watch::channel(network::load(&store, &config, &keystore).await?);
        let (choices, choice_reader) = watch::channel(Choices::load(&store.reader()).await?);
        let (rules, rule_reader) = watch::channel(Rules::load(&store.reader(), &config).await?);
        let (preferences, preference_reader) =
            watch::channel(enerlink_store::preferences::load(&store.reader()).await?);
        let (held, held_reader) = watch::channel(backup::load(&store.reader()).await?);

        let (command_task, commands, command_metering) = commands::Commands::new(
            Arc::clone(&clock),
            store.clone(),
            bus.clone(),
            diagnostics.clone(),
        );
        let (metering_task, metering, metering_ledger) = metering::Metering::new(metering::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            keystore: Arc::clone(&keystore),
            bus: bus.clone(),
            config: config.clone(),
            rules: rule_reader.clone(),
            commands: commands.clone(),
            diagnostics: diagnostics.clone(),
        })
        .await?;
        let _ = command_metering.set(metering.clone());
        let (ledger_task, ledger) = ledger::Ledger::new(ledger::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            bus: bus.clone(),
            config: config.clone(),
            network: network_reader.clone(),
            metering: metering.clone(),
            keystore: Arc::clone(&keystore),
            diagnostics: diagnostics.clone(),
        });
        let _ = metering_ledger.set(ledger.clone());
        let (outbox_task, outbox) = outbox::Outbox::new(outbox::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            keystore: Arc::clone(&keystore),
            bus: bus.clone(),
            network: network_reader.clone(),
            ledger: ledger.clone(),
            commands: commands.clone(),
            diagnostics: diagnostics.clone(),
            held: held_reader.clone(),
        });
        let (settling_task, settling) = settling::Settling::new(settling::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            keystore: Arc::clone(&keystore),
            bus: bus.clone(),
            rules: rule_reader.clone(),
            network: network_reader.clone(),
            ledger: ledger.clone(),
            metering: metering.clone(),
            outbox: outbox.clone(),
            missing: guarding::Missing::new(store.clone(), bus.clone(), Arc::clone(&clock)),
            held: held_reader,
        });
        let tokens_task = tokens::Tokens::new(tokens::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            keystore: Arc::clone(&keystore),
            bus: bus.clone(),
            network: network.subscribe(),
            ledger: ledger.clone(),
        });
        let (guarding_task, guarding) = guarding::Guarding::new(guarding::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            bus: bus.clone(),
            rules: rules.subscribe(),
            metering: metering.clone(),
            ledger: ledger.clone(),
            commands: commands.clone(),
            chain_poll: config.chain_poll,
        });
        let (trading_task, trading) = trading::Trading::new(trading::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            keystore: Arc::clone(&keystore),
            bus: bus.clone(),
            network: network_reader,
            ledger: ledger.clone(),
        });
        let (autolock_task, autolock) = wallet::lock::Autolock::new(wallet::lock::Parts {
            clock: Arc::clone(&clock),
            store: store.clone(),
            keystore: Arc::clone(&keystore),
            bus: bus.clone(),
            choices: choice_reader,
        });
        let estimator = estimating::Estimator {
            clock: Arc::clone(&clock),
            store: store.clone(),
            keystore: Arc::clone(&keystore),
            bus: bus.clone(),
            rules: rule_reader,
            metering: metering.clone(),
            ledger: ledger.clone(),
        };
        let diagnostics = diagnostics::Sources {
            clock: Arc::clone(&clock),
            store: store.clone(),
            bus: bus.clone(),
            ledger: ledger.clone(),
            storage: storage.clone(),
            figures: diagnostics,
        };
        let report = diagnostics::Report {
            sources: diagnostics.clone(),
            metering: metering.clone(),
            data_dir: config.data_dir.clone(),
        };
        let retention = retention::Retention {
            clock: Arc::clone(&clock),
            store: store.clone(),
            preferences: preference_reader,
            diagnostics: diagnostics.figures.clone(),
        };
        let checkpoints = checkpoints::Checkpoints {
            clock: Arc::clone(&clock),
            store: store.clone(),
        };
        let mut tasks = Tasks::new(config.wires.tasks.clone(), storage.clone());
        if config.access == Access::Exclusive {
            tasks.spawn(command_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(metering_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(ledger_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(outbox_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(settling_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(tokens_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(guarding_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(trading_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(estimator, Arc::clone(&clock), bus.clone());
            tasks.spawn(autolock_task, Arc::clone(&clock), bus.clone());
            tasks.spawn(report, Arc::clone(&clock), bus.clone());
            tasks.spawn(retention, Arc::clone(&clock), bus.clone());
            tasks.spawn(checkpoints, Arc::clone(&clock), bus.clone());
            let storage = storage::Storage {
                handle: storage.clone(),
                store: store.clone(),
                checked: false,
            };
            tasks.spawn(storage, Arc::clone(&clock), bus.clone());
        }
        tracing::info!(data_dir = %config.data_dir.display(), access = ?config.access, "engine started");
        let engine = Self(Arc::new(Inner {
            config,
            clock,
            store,
            keystore,
            bus,
            network,
            metering,
            ledger,
            settling,
            outbox,
            commands,
            diagnostics,
            preferences,
            probes: tokio::sync::Notify::new(),
            autolock,
            choices,
            rules,
            guarding,
            trading,
            held,
            storage,
            running: tokio::sync::Mutex::new(Some((tasks, lock))),
        }));
        if engine.config().access == Access::Exclusive {
            match engine.reconcile().await {
                // What is stored is shown all the same.
                Err(error) if error.code == Code::Storage => engine.0.storage.refused(error),
                outcome => outcome?,
            }
        }
        Ok(engine)
    }

    /// Stops the tasks at their next point of rest, closes the database, whose log is folded into one file that can be
    /// copied as it is, and leaves the profile to whoever starts next, also while handles to this engine are still about.
    /// What is stored is resumed by that start; this engine answers nothing more from the database.
    pub async fn stop(&self) {
        let running = self.0.running.lock().await.take();
        let profile = match running {
            Some((tasks, profile)) => {
                tasks.stop().await;
                Some(profile)
            }
            None => None,
        };
        self.lock_at_exit().await;
        // Everything is committed: without this, the next start folds the log.
        if let Err(error) = self.store().clone().close().await {
            tracing::warn!(%error, "the database was not closed");
        }
        drop(profile);
        tracing::info!("engine stopped");
    }

    /// Listens to what happens from now on.
    pub fn events(&self) -> Events {
        self.0.bus.subscribe()
    }

    /// Takes an addresses file and a node into use, after checking one against the other.
    pub async fn set_network(&self, draft: NetworkDraft) -> Result<NetworkView, Error> {
        self.may_write()?;
        network::set(self, draft).await
    }

    fn may_write(&self) -> Result<(), Error> {
        match self.0.config.access {
            Access::Exclusive => self.0.storage.check(),
            Access::ReadOnly => Err(Error::new(
                Code::ProfileInUse,
                "another process has this profile; this one only reads",
            )),
        }
    }

    fn choices(&self) -> Choices {
        *self.0.choices.borrow()
    }

    /// Reads again what the household has chosen.
    async fn reload_choices(&self) -> Result<(), Error> {
        let choices = Choices::load(&self.store().reader()).await?;
        self.0.choices.send_replace(choices);
        Ok(())
    }

    /// Lets the tasks look again: keys or accounts have changed.
    fn wake_tasks(&self) {
        self.0.outbox.wake();
        self.0.ledger.refresh();
    }

    fn config(&self) -> &Config {
        &self.0.config
    }

    fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn keystore(&self) -> &Arc<Keystore> {
        &self.0.keystore
    }

    fn bus(&self) -> &Bus {
        &self.0.bus
    }

    fn network(&self) -> Option<Network> {
        self.0.network.borrow().clone()
    }

    fn metering(&self) -> &metering::Handle {
        &self.0.metering
    }

    fn ledger(&self) -> &ledger::Handle {
        &self.0.ledger
    }

    fn settling(&self) -> &settling::Handle {
        &self.0.settling
    }

    fn commands(&self) -> &commands::Handle {
        &self.0.commands
    }
}
