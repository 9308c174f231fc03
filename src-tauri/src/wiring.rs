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
    App, AppHandle, Manager, Runtime,
    async_runtime::{JoinHandle, block_on, spawn},
};
use tokio::sync::oneshot;
use tracing_appender::rolling;

use crate::{
    arguments::Arguments,
    clipboard::Pasted,
    dialog::Dialogs,
    doorbell::{self, Door, Doorbell},
    login::Login,
    manners::{self, Manners},
    notify::Desktop,
    page, presence,
    switch::Switch,
    tray, window,
};

/// What runs behind the window; the demo's neighbourhood ends with it.
struct Running(#[expect(dead_code, reason = "holds the simulated neighbourhood alive")] Option<Demo>);

/// The bell at the door of the profile, when it hangs.
struct Bell(Option<JoinHandle<()>>);

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
        .on_window_event(manners::on_window_event)
        .setup(move |app| Ok(set_up(app, &given)?))
        .build(context)?;
    app.run(move |app, event| match event {
        tauri::RunEvent::Exit => {
            if let Some(bell) = &app.state::<Bell>().0 {
                bell.abort();
            }
            block_on(app.state::<Engine>().stop());
            app.state::<Pasted>().forget_now();
            if let Some(demo) = app.state::<Switch>().asked() {
                start_next(app, &arguments.switched(demo));
            }
        }
        // A click on the icon in the dock.
        #[cfg(target_os = "macos")]
        tauri::RunEvent::Reopen { .. } => window::show(app),
        _ => {}
    });
    Ok(())
}

/// Says in a dialog why the program cannot start: Windows and macOS start it without a terminal. Linux has one, or a log.
pub fn tell_failure(error: &anyhow::Error) {
    #[cfg(not(target_os = "linux"))]
    rfd::MessageDialog::new()
        .set_level(rfd::MessageLevel::Error)
        .set_title(tray::NAME)
        .set_description(format!("EnerLink cannot start: {error:#}"))
        .show();
    #[cfg(target_os = "linux")]
    let _ = error;
}

/// Starts the engine, then everything that speaks with it.
fn set_up(app: &mut App, given: &Arguments) -> anyhow::Result<()> {
    let place = Place::of(given, &app.path().app_local_data_dir()?)?;
    // One profile has one bell, whichever way leads to it.
    let door = fs::canonicalize(&place.data_dir)?;
    let bell = match block_on(doorbell::knock(&door, !given.hidden)) {
        Door::Ours(bell) => Ok(bell),
        // Nothing was started yet, and the other window is in front.
        Door::Answered => std::process::exit(0),
        Door::Silent(error) => Err(error),
    };
    let (engine, demo) = block_on(start(given, &place))?;
    let login = tauri::process::current_binary(&app.env()).map_or_else(
        |_| Ok(Login::none()),
        |program| {
            let config = app.path().config_dir()?;
            anyhow::Ok(Login::new(&config, &program, &given.switched(false)))
        },
    )?;
    manage(app, engine.clone(), Dialogs::native(app.handle().clone()), login);
    app.manage(Running(demo));
    window::open(app, &place.window, given.hidden)?;
    app.manage(Bell(hang_up(app.handle(), bell)));
    let (manners, acting) = (app.state::<Manners>(), app.handle().clone());
    let way = manners.connect(move |act| manners::act(&acting, act));
    tray::start(app.handle(), way);
    spawn(window::stay_reachable(app.handle().clone(), manners.tray()));
    spawn(presence::watch(presence::Buses::default(), move |reason| {
        engine.lock(reason);
    }));
    spawn(end_when_asked(app.handle().clone()));
    Ok(())
}

/// Lets later starts of this profile bring the window to the front. Without a bell they open one that only reads.
fn hang_up(app: &AppHandle, bell: std::io::Result<Doorbell>) -> Option<JoinHandle<()>> {
    let app = app.clone();
    match bell {
        Ok(bell) => Some(spawn(bell.answer(async move |show| {
            let (sender, done) = oneshot::channel();
            let handle = app.clone();
            // While the program ends nobody gets an answer.
            let asked = app.run_on_main_thread(move || {
                if show {
                    window::show(&handle);
                }
                let _ = sender.send(());
            });
            if asked.is_err() || done.await.is_err() {
                std::future::pending::<()>().await;
            }
        }))),
        Err(error) => {
            tracing::warn!(%error, "later starts cannot find this window");
            None
        }
    }
}

/// Gives the commands of `app` what they work with.
pub fn manage<R: Runtime>(app: &impl Manager<R>, engine: Engine, dialogs: Dialogs, login: Login) {
    app.manage(engine);
    app.manage(dialogs);
    app.manage(login);
    app.manage(Desktop::default());
    app.manage(Manners::default());
    app.manage(Pasted::default());
    app.manage(Switch::default());
}

async fn end_when_asked(app: AppHandle) {
    let switch = app.state::<Switch>().inner().clone();
    let manners = app.state::<Manners>();
    tokio::select! {
        () = switch.wait() => {}
        () = manners.over() => {}
    }
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

/// Where a profile lives.
struct Place {
    /// The profile.
    data_dir: PathBuf,
    /// Whether it is the demo's usual place, which is cleared at each start.
    fleeting: bool,
    /// Where its window was.
    window: PathBuf,
}

impl Place {
    fn of(arguments: &Arguments, home: &Path) -> anyhow::Result<Self> {
        let usual = home.join(if arguments.demo { "demo" } else { "profile" });
        let fleeting = arguments.demo && arguments.data_dir.is_none();
        let data_dir = arguments.data_dir.clone().unwrap_or(usual);
        fs::create_dir_all(&data_dir)?;
        let data_dir = std::path::absolute(data_dir)?;
        let window = if fleeting {
            home.join("demo-window.json")
        } else {
            data_dir.join("window.json")
        };
        Ok(Self {
            data_dir,
            fleeting,
            window,
        })
    }
}

async fn start(arguments: &Arguments, place: &Place) -> anyhow::Result<(Engine, Option<Demo>)> {
    let data_dir = place.data_dir.clone();
    if place.fleeting {
        // The simulated chain is new each time, and nothing of the old one is worth keeping.
        fs::remove_dir_all(&data_dir).context("cannot clear the demo's profile")?;
        fs::create_dir_all(&data_dir)?;
    }
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
