//! Opening a profile, and reading what a command must not be given on its line.

use std::{fs, io::Read as _, path::Path, sync::Arc, time::Duration};

use enerlink_domain::{Code, Error};
use enerlink_engine::{Access, Config, Engine, Keystore, Parts, Password, SystemClock};

use crate::{arguments::UnlockArguments, failure::Failure};

/// A file of secrets or requests is never larger.
const LARGEST_FILE: u64 = 1 << 20;

/// Starts the engine on the profile in `data_dir`.
pub(crate) async fn open(data_dir: &Path, access: Access) -> Result<Engine, Failure> {
    let mut config = Config::new(data_dir.to_owned());
    config.access = access;
    config.apply_environment(|name| std::env::var(name).ok())?;
    if access == Access::ReadOnly && !data_dir.join("enerlink.db").exists() {
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

/// Starts the engine, and opens the vault when a password file is given.
pub(crate) async fn open_unlocked(arguments: &UnlockArguments) -> Result<Engine, Failure> {
    let engine = open(&arguments.profile.data_dir, Access::Exclusive).await?;
    if let Some(path) = &arguments.password_file {
        engine.unlock(password(path)?).await?;
    }
    Ok(engine)
}

/// The password in the file at `path`, without its line end.
pub(crate) fn password(path: &Path) -> Result<Password, Failure> {
    let text = text(path)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Password::from(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

/// The text of the file at `path`; `-` is standard input.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(LARGEST_FILE)
            .read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
    Ok(text)
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
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let link = engine.status().chain.link;
    let message = link
        .message
        .unwrap_or_else(|| "the node does not answer".to_owned());
    Err(Error::new(link.code.unwrap_or(Code::NodeUnreachable), message).into())
}
