//! A real mosquitto, and real publishers: both sides of a measurement hear the same ones.

use std::{
    fs,
    io::{BufWriter, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

const PATIENCE: Duration = Duration::from_secs(20);
/// mosquitto_pub numbers what is not yet acknowledged with 16 bits, and loses messages when it reads more lines ahead.
const PER_PUBLISHER: usize = 50_000;

/// A broker that ends with this value. It keeps whatever nobody has taken yet, in memory, and does not wait for
/// acknowledgements before it goes on sending.
pub(crate) struct Broker {
    child: Child,
    pub(crate) port: u16,
    _directory: tempfile::TempDir,
}

impl Broker {
    pub(crate) fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("mosquitto.conf");
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n\
             max_inflight_messages 2000\nmax_queued_messages 0\nmax_queued_bytes 0\n"
        );
        fs::write(&path, text)?;
        let usual = Path::new("/usr/sbin/mosquitto");
        let program = if usual.exists() {
            usual
        } else {
            Path::new("mosquitto")
        };
        let mut command = Command::new(program);
        command.arg("-c").arg(path);
        let child = quiet(&mut command)
            .spawn()
            .context("mosquitto is installed by `cargo xtask test`")?;
        let broker = Self {
            child,
            port,
            _directory: directory,
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(Instant::now() < deadline, "mosquitto does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(broker)
    }

    /// Publishes `messages` to `topic` as fast as the broker takes them.
    pub(crate) fn publish_all(&self, topic: &str, messages: impl Iterator<Item = String>) -> Result<()> {
        let mut messages = messages.peekable();
        while messages.peek().is_some() {
            let mut publisher = self.publisher(topic)?;
            for message in messages.by_ref().take(PER_PUBLISHER) {
                publisher.say(&message)?;
            }
            publisher.finish()?;
        }
        Ok(())
    }

    /// A publisher to `topic`, quality of service 1.
    pub(crate) fn publisher(&self, topic: &str) -> Result<Publisher> {
        let mut command = Command::new("mosquitto_pub");
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-q",
            "1",
            "-l",
            "-t",
            topic,
        ]);
        let mut child = quiet(&mut command)
            .stdin(Stdio::piped())
            .spawn()
            .context("mosquitto_pub is installed by `cargo xtask test`")?;
        let lines = child
            .stdin
            .take()
            .map(|lines| BufWriter::with_capacity(1 << 16, lines));
        Ok(Publisher { child, lines })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

/// A running `mosquitto_pub` that sends each line as one message.
pub(crate) struct Publisher {
    child: Child,
    lines: Option<BufWriter<ChildStdin>>,
}

impl Publisher {
    /// Takes a message, to be sent with those before it.
    pub(crate) fn say(&mut self, message: &str) -> Result<()> {
        let lines = self.lines.as_mut().context("open until it is finished")?;
        Ok(writeln!(lines, "{message}")?)
    }

    /// Sends what was taken.
    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self
            .lines
            .as_mut()
            .context("open until it is finished")?
            .flush()?)
    }

    /// Waits until the broker has acknowledged everything.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.lines = None;
        match self.child.wait()?.success() {
            true => Ok(()),
            false => bail!("mosquitto_pub failed"),
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
