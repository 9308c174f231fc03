//! Wiring: which engine the window gets, and where it logs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use anyhow::Context as _;
use enerlink_domain::Code;
use enerlink_engine::{Access, Config, Engine, Keystore, Parts, SystemClock, harden_process};
use enerlink_sim::demo::{Demo, DemoOptions};
use tauri::{
    AppHandle, Manager, Runtime,
    async_runtime::{block_on, spawn},
};
use tracing_appender::rolling;

use crate::{
    arguments::Arguments, clipboard::Pasted, dialog::Dialogs, notify::Desktop, page, presence, switch::Switch,
};

/// What runs behind the window; the demo's neighbourhood ends with it.
struct Running(#[expect(dead_code, reason = "holds the simulated neighbourhood alive")] Option<Demo>);

/// Opens the window and runs until it is closed.
pub fn run(arguments: Vec<String>) -> anyhow::Result<()> {
    let arguments = Arguments::parse(arguments)?;
    #[cfg(target_os = "linux")]
    crate::web_view::steady()?;
    harden_process();
    let context = tauri::generate_context!();
    let given = arguments.clone();
    let app = tauri::Builder::default()
        .plugin(page::guard())
        .invoke_handler(crate::handler())
        .setup(move |app| {
            let home = app.path().app_local_data_dir()?;
            let (engine, demo) = block_on(start(&given, &home))?;
            manage(app, engine.clone(), Dialogs::native(app.handle().clone()));
            app.manage(Running(demo));
            spawn(presence::watch(presence::Buses::default(), move |reason| {
                engine.lock(reason);
            }));
            spawn(end_when_asked(app.handle().clone()));
            Ok(())
        })
        .build(context)?;
    app.run(move |app, event| {
        if let tauri::RunEvent::Exit = event {
            block_on(app.state::<Engine>().stop());
            app.state::<Pasted>().forget_now();
            if let Some(demo) = app.state::<Switch>().asked() {
                start_next(app, &arguments.switched(demo));
            }
        }
    });
    Ok(())
}

/// Gives the commands of `app` what they work with.
pub fn manage<R: Runtime>(app: &impl Manager<R>, engine: Engine, dialogs: Dialogs) {
    app.manage(engine);
    app.manage(dialogs);
    app.manage(Desktop::default());
    app.manage(Pasted::default());
    app.manage(Switch::default());
}

async fn end_when_asked(app: AppHandle) {
    let switch = app.state::<Switch>().inner().clone();
    switch.wait().await;
    app.exit(0);
}

/// Starts this program again, as its last act: the engine has stopped.
fn start_next(app: &AppHandle, arguments: &[PathBuf]) {
    let started = tauri::process::current_binary(&app.env())
        .and_then(|program| Command::new(program).args(arguments).spawn());
    if let Err(error) = started {
        tracing::error!(%error, "the other profile cannot be opened");
    }
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
        outcome => outcome.map_err(|error| anyhow::anyhow!("{error}. {}", error.code.next_step())),
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
