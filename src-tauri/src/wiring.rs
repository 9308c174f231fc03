//! Wiring: which engine the window gets, and where it logs.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use enerlink_domain::Code;
use enerlink_engine::{Access, Config, Engine, Keystore, Parts, SystemClock, harden_process};
use enerlink_sim::demo::{Demo, DemoOptions};
use tauri::Manager as _;
use tracing_appender::rolling;

/// What the command line asked for.
#[derive(Debug, PartialEq, Eq)]
struct Arguments {
    /// The simulated neighbourhood instead of the household's own profile.
    demo: bool,
    /// Where the profile lives, when not in the usual place.
    data_dir: Option<PathBuf>,
    /// The demo's seed.
    seed: u64,
    /// Simulated seconds per second in the demo.
    speed: u32,
}

impl Arguments {
    fn parse(arguments: Vec<String>) -> anyhow::Result<Self> {
        let mut parsed = Self {
            demo: false,
            data_dir: None,
            seed: 1,
            speed: 1,
        };
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "demo" => parsed.demo = true,
                "--data-dir" => parsed.data_dir = Some(value()?.into()),
                "--seed" => parsed.seed = value()?.parse().context("--seed needs a number")?,
                "--speed" => parsed.speed = value()?.parse().context("--speed needs a whole number")?,
                other => {
                    bail!("unknown argument {other}; known are demo, --data-dir D, --seed N and --speed N")
                }
            }
        }
        Ok(parsed)
    }
}

/// What runs behind the window; the demo's neighbourhood ends with it.
struct Running(#[expect(dead_code, reason = "holds the simulated neighbourhood alive")] Option<Demo>);

/// Opens the window and runs until it is closed.
pub fn run(arguments: Vec<String>) -> anyhow::Result<()> {
    let arguments = Arguments::parse(arguments)?;
    harden_process();
    let context = tauri::generate_context!();
    let app = tauri::Builder::default()
        .invoke_handler(crate::handler())
        .setup(move |app| {
            let home = app.path().app_local_data_dir()?;
            let (engine, demo) = tauri::async_runtime::block_on(start(&arguments, &home))?;
            app.manage(engine);
            app.manage(Running(demo));
            Ok(())
        })
        .build(context)?;
    app.run(|app, event| {
        if let tauri::RunEvent::Exit = event {
            tauri::async_runtime::block_on(app.state::<Engine>().stop());
        }
    });
    Ok(())
}

async fn start(arguments: &Arguments, home: &Path) -> anyhow::Result<(Engine, Option<Demo>)> {
    let usual = if arguments.demo {
        home.join("demo")
    } else {
        home.join("profile")
    };
    let data_dir = arguments.data_dir.clone().unwrap_or(usual);
    if arguments.demo && arguments.data_dir.is_none() && data_dir.exists() {
        // The simulated chain is new each time, and nothing of the old one is worth keeping.
        fs::remove_dir_all(&data_dir).context("cannot clear the demo's profile")?;
    }
    fs::create_dir_all(&data_dir)?;
    log_to(&data_dir)?;
    if arguments.demo {
        let options = DemoOptions {
            seed: arguments.seed,
            speed: arguments.speed,
            ..DemoOptions::new(data_dir)
        };
        let demo = Demo::start(options).await?;
        return Ok((demo.engine().clone(), Some(demo)));
    }
    Ok((start_profile(&data_dir).await?, None))
}

/// The household's own profile; when another process has it, this one only reads.
async fn start_profile(data_dir: &Path) -> anyhow::Result<Engine> {
    let mut config = Config::new(data_dir.to_owned());
    config.apply_environment(|name| std::env::var(name).ok())?;
    let parts = || -> anyhow::Result<Parts> {
        Ok(Parts {
            clock: Arc::new(SystemClock::new()),
            keystore: Keystore::open(data_dir)?,
        })
    };
    match Engine::start(config.clone(), parts()?).await {
        Err(error) if error.code == Code::ProfileInUse => {
            config.access = Access::ReadOnly;
            Ok(Engine::start(config, parts()?).await?)
        }
        outcome => Ok(outcome?),
    }
}

/// Logs to daily files in the profile; nothing secret is ever logged.
fn log_to(data_dir: &Path) -> anyhow::Result<()> {
    let logs = data_dir.join("logs");
    // The appender complains on the terminal about a directory that it is about to create.
    fs::create_dir_all(&logs)?;
    let appender = rolling::Builder::new()
        .rotation(rolling::Rotation::DAILY)
        .filename_prefix("enerlink")
        .filename_suffix("log")
        .max_log_files(14)
        .build(logs)?;
    let filter = tracing_subscriber::EnvFilter::try_from_env("ENERLINK_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,rumqttd=off"));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(appender)
        .with_ansi(false)
        .with_env_filter(filter);
    subscriber
        .try_init()
        .map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_closed() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let expected = Arguments {
            demo: true,
            data_dir: None,
            seed: 7,
            speed: 60,
        };
        assert_eq!(
            Arguments::parse(words("demo --seed 7 --speed 60")).expect("valid"),
            expected
        );
        assert!(Arguments::parse(words("demo --seed")).is_err());
        assert!(Arguments::parse(words("--password secret")).is_err());
    }
}
