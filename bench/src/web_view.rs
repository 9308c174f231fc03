//! The wallet's web view under WebDriver, on a screen that nobody sees.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Room for a chart of 1600 pixels with all that stands around it.
const SIZE: (u32, u32) = (2000, 1100);
/// How long anything but a measurement may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A virtual screen; it ends with this value.
pub(crate) struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    pub(crate) fn open() -> Result<Self> {
        let (width, height) = SIZE;
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp"])
            .args(["-screen", "0", &format!("{width}x{height}x24")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("`cargo xtask bench` installs Xvfb")?;
        let output = server.stdout.take().context("piped")?;
        let number = BufReader::new(output).lines().next();
        let number = number.context("the virtual screen does not open")??;
        Ok(Self {
            server,
            display: format!(":{number}"),
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A window of the app.
pub(crate) struct WebView<'a> {
    runtime: &'a Runtime,
    client: Client,
    driver: Child,
    _data: tempfile::TempDir,
}

impl<'a> WebView<'a> {
    /// Opens the app on the profile in `directory`.
    pub(crate) fn open(runtime: &'a Runtime, screen: &Screen, directory: &Path) -> Result<Self> {
        let app = env::var("ENERLINK_APP").context("`cargo xtask bench` builds the app")?;
        let data = tempfile::tempdir()?;
        let [port, native] = [free_port()?, free_port()?];
        // A session bus of its own: nobody answers there, and nobody is disturbed.
        let mut driver = Command::new("dbus-run-session")
            .args(["--", "tauri-driver", "--port", &port.to_string()])
            .args(["--native-port", &native.to_string()])
            .env("DISPLAY", &screen.display)
            .env("GDK_BACKEND", "x11")
            .env("XDG_DATA_HOME", data.path().join("data"))
            .env("XDG_CACHE_HOME", data.path().join("cache"))
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("`cargo xtask bench` installs tauri-driver")?;
        let arguments = ["--data-dir".to_owned(), directory.display().to_string()];
        let wanted = json!({ "tauri:options": { "application": app, "args": arguments } });
        let client = match runtime.block_on(connect(port, &wanted)) {
            Ok(client) => client,
            Err(error) => {
                end(&mut driver);
                return Err(error);
            }
        };
        let view = Self {
            runtime,
            client,
            driver,
            _data: data,
        };
        let (width, height) = SIZE;
        runtime.block_on(view.client.set_window_rect(0, 0, width, height))?;
        Ok(view)
    }

    /// Shows another page in the same web view.
    pub(crate) fn go(&self, url: &str) -> Result<()> {
        Ok(self.runtime.block_on(self.client.goto(url))?)
    }

    /// What the body of a function answers.
    pub(crate) fn run(&self, script: &str) -> Result<Value> {
        let answer = self.client.execute(script, vec![]);
        self.runtime
            .block_on(answer)
            .with_context(|| format!("in the web view: {script}"))
    }

    /// The same of an asynchronous one, which hands its answer to its last argument.
    pub(crate) fn run_to_end(&self, script: &str, argument: Value) -> Result<Value> {
        let answer = self.client.execute_async(script, vec![argument]);
        Ok(self.runtime.block_on(answer)?)
    }

    /// Lets scripts run for so long.
    pub(crate) fn allow(&self, longest: Duration) -> Result<()> {
        let timeouts = fantoccini::wd::TimeoutConfiguration::new(Some(longest), Some(PATIENCE), None);
        Ok(self.runtime.block_on(self.client.update_timeouts(timeouts))?)
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&self, expression: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.run(&format!("return Boolean({expression})"))? != json!(true) {
            if Instant::now() > deadline {
                let seen = self.runtime.block_on(self.client.screenshot());
                let file = env::temp_dir().join("enerlink-bench.png");
                let kept = seen.is_ok_and(|seen| fs::write(&file, seen).is_ok());
                let kept = if kept {
                    file.display().to_string()
                } else {
                    String::new()
                };
                bail!("the web view never shows {expression}; {kept}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Presses a button of the app, once it is there.
    pub(crate) fn click(&self, id: &str) -> Result<()> {
        let button = format!("document.querySelector(\"[data-testid='{id}']:not(:disabled)\")");
        self.wait(&button)?;
        self.run(&format!("{button}.click()")).map(drop)
    }
}

impl Drop for WebView<'_> {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.client.clone().close());
        end(&mut self.driver);
    }
}

/// Ends the driver and what it has started.
fn end(driver: &mut Child) {
    let group = format!("-{}", driver.id());
    let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
    let _ = driver.wait();
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn connect(port: u16, wanted: &Value) -> Result<Client> {
    let wanted = wanted.as_object().context("an object")?.clone();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let built = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        match built {
            Ok(client) => return Ok(client),
            Err(error) if Instant::now() > deadline => return Err(error).context("the window does not open"),
            Err(_) => tokio::time::sleep(Duration::from_millis(150)).await,
        }
    }
}
