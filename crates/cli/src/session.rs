//! Opening a profile.

use std::{path::Path, sync::Arc, time::Duration};

use enerlink_domain::{
    Code, Error, MeterId, Registration,
    view::{Diagnostics, MeterView},
};
use enerlink_engine::{Access, Config, Engine, Keystore, Parts, SystemClock};

use crate::{arguments::UnlockArguments, failure::Failure, secret::Secret};

/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(100);

fn config(data_dir: &Path) -> Result<Config, Failure> {
    let mut config = Config::new(data_dir.to_owned());
    config.apply_environment(|name| std::env::var(name).ok())?;
    Ok(config)
}

/// Whether there is a profile in `data_dir`.
pub(crate) fn has_profile(data_dir: &Path) -> Result<bool, Failure> {
    Ok(config(data_dir)?.has_database())
}

/// Starts the engine on the profile in `data_dir`.
pub(crate) async fn open(data_dir: &Path, access: Access) -> Result<Engine, Failure> {
    let mut config = config(data_dir)?;
    config.access = access;
    if access == Access::ReadOnly && !config.has_database() {
        return Err(Error::new(
            Code::NoVault,
            format!("there is no profile in {}", data_dir.display()),
        )
        .into());
    }
    let keystore = Keystore::open(data_dir).map_err(Error::from)?;
    let parts = Parts {
        clock: Arc::new(SystemClock::new()),
        keystore,
    };
    Ok(Engine::start(config, parts).await?)
}

/// Starts the engine to read only. An empty directory becomes a profile: there is nothing yet that could be in use.
pub(crate) async fn open_or_create(data_dir: &Path) -> Result<Engine, Failure> {
    let access = if has_profile(data_dir)? {
        Access::ReadOnly
    } else {
        Access::Exclusive
    };
    open(data_dir, access).await
}

/// What a node does not say within this time is shown as not known.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a node has answered in time.
pub(crate) async fn in_time<T>(asked: impl Future<Output = Result<T, Error>>) -> Option<T> {
    tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()
}

/// The meter that is meant: `chosen`, or the first one in use.
pub(crate) fn meter_or_first(engine: &Engine, chosen: Option<MeterId>) -> Result<MeterId, Failure> {
    chosen
        .or_else(|| engine.first_meter())
        .ok_or_else(|| Failure::input("the profile has no meter"))
}

/// The meters of a profile that is only read, with what the process that has the profile, or had it last, said of them;
/// and what it said of itself, with the age of all that in milliseconds.
pub(crate) fn told_meters(engine: &Engine) -> (Vec<MeterView>, Option<(Diagnostics, u64)>) {
    let meters = engine.meters();
    let Some(told) = engine.told() else {
        return (meters, None);
    };
    let age = engine.now().since(told.diagnostics.at).as_millis();
    let age = u64::try_from(age).unwrap_or(u64::MAX);
    (told.add_to(meters), Some((told.diagnostics, age)))
}

/// The meter `id` once its standing on chain was read, or as it is known without that.
pub(crate) async fn meter_on_chain(engine: &Engine, id: &MeterId) -> Result<MeterView, Failure> {
    if wait_for_chain(engine).await.is_ok() {
        for _ in 0..30 {
            if engine.meter(id)?.registration != Registration::Unknown {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(engine.meter(id)?)
}

/// Starts the engine, and opens the vault when a password file is given.
pub(crate) async fn open_unlocked(arguments: &UnlockArguments) -> Result<Engine, Failure> {
    let engine = open(&arguments.profile.data_dir, Access::Exclusive).await?;
    if let Some(path) = &arguments.password_file {
        engine.unlock(Secret::read(path)?.password()).await?;
    }
    Ok(engine)
}

/// Waits until the node has answered, for a command that needs it at once.
pub(crate) async fn wait_for_chain(engine: &Engine) -> Result<(), Failure> {
    for _ in 0..100 {
        let chain = engine.status().chain;
        if chain.link.up {
            return Ok(());
        }
        let hopeless = chain.link.code.is_some_and(|code| code != Code::NodeUnreachable);
        if hopeless {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let link = engine.status().chain.link;
    let message = link
        .message
        .unwrap_or_else(|| "the node does not answer".to_owned());
    Err(Error::new(link.code.unwrap_or(Code::NodeUnreachable), message).into())
}
