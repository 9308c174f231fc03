//! A real mosquitto on a free port of the loopback, and one-shot clients to talk to it.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use tempfile::TempDir;

/// A running broker; killed when dropped.
pub(crate) struct Mosquitto {
    directory: TempDir,
    /// Where it listens.
    pub(crate) port: u16,
    child: Option<Child>,
}

impl Mosquitto {
    /// Lets everybody in.
    pub(crate) fn open() -> Self {
        Self::with("allow_anonymous true\n", |_| ())
    }

    /// Starts it with `settings` after `prepare` has put files into its directory; `{dir}` in the settings stands for
    /// that directory.
    pub(crate) fn with(settings: &str, prepare: impl FnOnce(&PathBuf)) -> Self {
        let port = free_port();
        Self::configured(port, |path| {
            prepare(path);
            let place = path.display().to_string();
            format!(
                "listener {port} 127.0.0.1\npersistence true\npersistence_location {place}/\n\
                 log_dest file {place}/log\n{}",
                settings.replace("{dir}", &place)
            )
        })
    }

    /// Starts it with the whole configuration that `prepare` returns, and that lets it listen on `port`; `prepare` may
    /// put files into the directory it is given.
    pub(crate) fn configured(port: u16, prepare: impl FnOnce(&PathBuf) -> String) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().to_path_buf();
        // Started as root, it would give that up and could not read the directory.
        let config = format!("user root\n{}", prepare(&path));
        std::fs::write(path.join("mosquitto.conf"), config).expect("a writable directory");
        let mut broker = Self {
            directory,
            port,
            child: None,
        };
        broker.start();
        broker
    }

    /// Starts it, again after a stop, on the same port and with the same state.
    pub(crate) fn start(&mut self) {
        let program = [
            "/usr/sbin/mosquitto",
            "/usr/local/sbin/mosquitto",
            "/opt/homebrew/sbin/mosquitto",
        ];
        let program = program.iter().find(|path| Path::new(path).exists());
        let child = Command::new(program.unwrap_or(&"mosquitto"))
            .arg("-c")
            .arg(self.directory.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need a real broker: install the package `mosquitto` (apt, brew, winget)");
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(
                Instant::now() < deadline,
                "mosquitto does not listen: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a power cut does; nothing is saved.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child that was started here");
            child.wait().expect("a child that was started here");
        }
    }

    /// Ends it in order; sessions are saved.
    #[cfg(unix)]
    pub(crate) fn shut_down(&mut self) {
        if let Some(mut child) = self.child.take() {
            let signalled = Command::new("kill").arg(child.id().to_string()).status();
            assert!(signalled.expect("kill").success());
            child.wait().expect("a child that was started here");
        }
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// A client with a clean session.
    pub(crate) fn client(&self, id: &str) -> (AsyncClient, EventLoop) {
        let mut options = MqttOptions::new(id, "127.0.0.1", self.port);
        options.set_max_packet_size(16 << 20, 16 << 20);
        AsyncClient::new(options, 100)
    }

    /// Publishes one message with quality of service 1 and waits for the broker's acknowledgement.
    pub(crate) async fn publish(&self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) {
        let (client, mut events) = self.client("publisher");
        client
            .publish(topic, QoS::AtLeastOnce, retain, payload)
            .await
            .expect("room for one message");
        loop {
            let event = events.poll().await.expect("a broker that runs");
            if matches!(event, Event::Incoming(Packet::PubAck(_))) {
                break;
            }
        }
        client.disconnect().await.expect("room for one request");
        while events.poll().await.is_ok() {}
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port on which nothing listens.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}
