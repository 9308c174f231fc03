//! Real servers for whole-app tests: mosquitto, anvil, and the `enerlink` binary, each on a free port of loopback.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "each test target uses a part of this"
)]

mod certified;
mod household;
mod markers;
mod profile;
mod running;
mod sockets;
mod street;

pub use certified::Certified;
pub use household::{Household, METER, sensors};
pub use markers::{Marker, Watched, latin};
pub use profile::{Profile, TEST_ACCOUNTS, TEST_PHRASE, addresses, gather};
pub use running::{Running, end_group};
pub use sockets::Sockets;
pub use street::{Simulated, Street};

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How long anything may take before a test gives up. Generous: a shared machine may stand still for a while.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The password of every wallet in these tests.
pub const PASSWORD: &str = "correct horse battery staple 42";

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .expect("loopback")
        .local_addr()
        .expect("bound")
        .port()
}

/// A process that ends with the test.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    _directory: tempfile::TempDir,
}

/// What listens on a port of loopback.
pub trait Listens {
    /// The port.
    fn port(&self) -> u16;
}

impl Listens for Server {
    fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(mut command: Command, port: u16, directory: tempfile::TempDir) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot start {command:?}: {error}; `cargo xtask test` installs what the tests need")
        });
        let server = Self {
            child,
            port,
            _directory: directory,
        };
        wait_until("the server listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        server
    }

    /// Lets it answer nobody, and keep what it knows.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`Server::pause`].
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success());
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits at most a minute until `done`.
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited a minute until {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A real mosquitto that anybody on loopback may use.
pub fn mosquitto() -> Server {
    mosquitto_at(free_port())
}

/// A real mosquitto on `port`.
pub fn mosquitto_at(port: u16) -> Server {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("mosquitto.conf");
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 100000\n"
    );
    fs::write(&path, text).expect("writable");
    let mut command = Command::new(mosquitto_program());
    command.arg("-c").arg(path);
    Server::start(command, port, directory)
}

/// A real mosquitto that only lets these users in, each with a password.
pub fn mosquitto_with_passwords(users: &[(&str, &str)]) -> Server {
    let directory = tempfile::tempdir().expect("directory");
    let (port, passwords) = (free_port(), directory.path().join("passwords"));
    fs::write(&passwords, "").expect("writable");
    for (user, password) in users {
        let added = Command::new("mosquitto_passwd")
            .arg("-b")
            .arg(&passwords)
            .args([user, password])
            .status();
        assert!(added.expect("mosquitto_passwd comes with mosquitto").success());
    }
    let path = directory.path().join("mosquitto.conf");
    // Started as root it would give its rights away, and with them the way to its files.
    let text = format!(
        "user root\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\npersistence false\n",
        passwords.display()
    );
    fs::write(&path, text).expect("writable");
    let mut command = Command::new(mosquitto_program());
    command.arg("-c").arg(path);
    Server::start(command, port, directory)
}

fn mosquitto_program() -> &'static str {
    if Path::new("/usr/sbin/mosquitto").exists() {
        "/usr/sbin/mosquitto"
    } else {
        "mosquitto"
    }
}

/// A real anvil of chain `chain_id`.
pub fn anvil(chain_id: u64) -> Server {
    anvil_with(chain_id, &[])
}

/// A real anvil with more arguments.
pub fn anvil_with(chain_id: u64, arguments: &[&str]) -> Server {
    anvil_at(free_port(), chain_id, arguments)
}

/// The same on `port`.
pub fn anvil_at(port: u16, chain_id: u64, arguments: &[&str]) -> Server {
    let mut command = Command::new(anvil_program());
    command
        .args([
            "--port",
            &port.to_string(),
            "--chain-id",
            &chain_id.to_string(),
            "--silent",
        ])
        .args(arguments);
    Server::start(command, port, tempfile::tempdir().expect("directory"))
}

fn anvil_program() -> PathBuf {
    // Tests of the root package and of crates/cli share this file.
    let modules = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|directory| directory.join("contracts/node_modules/@foundry-rs"))
        .find(|modules| modules.exists())
        .unwrap_or_default();
    let platform = format!(
        "anvil-{}-{}",
        std::env::consts::OS,
        if cfg!(target_arch = "x86_64") {
            "amd64"
        } else {
            "arm64"
        }
    );
    let bundled = modules.join(platform).join("bin/anvil");
    if bundled.exists() {
        bundled
    } else {
        PathBuf::from("anvil")
    }
}

/// A JSON-RPC call to the node on `port`.
pub fn rpc(port: u16, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the node listens");
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("answered");
    let json = text.split_once("\r\n\r\n").expect("a body").1;
    let start = json.find('{').expect("an object");
    let end = json.rfind('}').expect("an object");
    serde_json::from_str(&json[start..=end]).expect("JSON")
}

/// Publishes `payload` with a real mosquitto_pub, QoS 1.
pub fn publish(port: u16, topic: &str, payload: &[u8]) {
    publish_as(port, ("", ""), topic, payload);
}

/// The same as a user with a password; without a name as nobody.
pub fn publish_as(port: u16, who: (&str, &str), topic: &str, payload: &[u8]) {
    let mut child = mosquitto_client("mosquitto_pub", port, who)
        .args(["-t", topic])
        .arg(if payload.is_empty() { "-n" } else { "-s" })
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub is installed by `cargo xtask test`");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(payload)
        .expect("written");
    assert!(child.wait().expect("ended").success(), "mosquitto_pub to {topic}");
}

fn mosquitto_client(program: &str, port: u16, (user, password): (&str, &str)) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-q", "1"]);
    if !user.is_empty() {
        command.args(["-u", user, "-P", password]);
    }
    command
}

/// Somebody who hears what is said on a topic, by a real mosquitto_sub.
pub struct Bystander {
    child: Child,
    heard: std::sync::Mutex<std::sync::mpsc::Receiver<Value>>,
}

impl Bystander {
    /// Listens; what is said from now on is heard.
    pub fn listen(port: u16, who: (&str, &str), topic: &str) -> Self {
        let ready = format!("{topic}/ready");
        let mut child = mosquitto_client("mosquitto_sub", port, who)
            .args(["-t", topic, "-t", &ready])
            .stdout(Stdio::piped())
            .spawn()
            .expect("mosquitto_sub is installed by `cargo xtask test`");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, heard) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::Null);
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        // It is subscribed once it hears what is said on the side.
        wait_until("mosquitto_sub listens", || {
            publish_as(port, who, &ready, b"\"ready\"");
            heard.recv_timeout(Duration::from_millis(200)).is_ok()
        });
        while heard.recv_timeout(Duration::from_millis(50)).is_ok() {}
        Self {
            child,
            heard: std::sync::Mutex::new(heard),
        }
    }

    /// The next message; panics after a minute.
    pub fn next(&self) -> Value {
        let heard = self.heard.lock().expect("unharmed");
        heard.recv_timeout(PATIENCE).expect("nothing was said")
    }

    /// Whether nothing was said that nobody has asked for yet.
    pub fn is_silent(&self) -> bool {
        self.heard.lock().expect("unharmed").try_recv().is_err()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `enerlink` binary, ready for arguments.
pub fn enerlink() -> Command {
    let mut command = Command::new(enerlink_program());
    command
        .env_remove("ENERLINK_DATA_DIR")
        .env("ENERLINK_LOG", "warn");
    command
}

/// Cargo tells the tests of its own package where it is; for those of the window it lies beside the app.
fn enerlink_program() -> PathBuf {
    option_env!("CARGO_BIN_EXE_enerlink").map_or_else(
        || {
            let app = std::env::var("ENERLINK_APP").expect("run by `cargo xtask e2e`");
            Path::new(&app).with_file_name(format!("enerlink{}", std::env::consts::EXE_SUFFIX))
        },
        PathBuf::from,
    )
}

/// Runs `enerlink` to its end and answers its JSON lines; panics when it fails.
pub fn run(arguments: &[&str]) -> Vec<Value> {
    let output = enerlink().args(arguments).output().expect("started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    lines(&output)
}

/// Runs `enerlink`, which must fail, and answers the error object.
pub fn run_failing(arguments: &[&str]) -> Value {
    let output = enerlink().args(arguments).output().expect("started");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?} must fail: {text}");
    let error = lines(&output).pop().expect("an error object")["error"].clone();
    for field in ["code", "message", "next_step"] {
        assert!(
            error[field].as_str().is_some_and(|text| text.len() > 3),
            "{field} of {error}"
        );
    }
    error
}

/// Sends a confirmed command to the meter of a profile; whether it was done, and its end or the error.
pub fn meter_command(profile: &str, words: &[&str]) -> (bool, Value) {
    let line = [
        "--json",
        "meter",
        "command",
        "--id",
        METER,
        "--yes",
        "--data-dir",
        profile,
    ];
    let output = enerlink().args(line).args(words).output().expect("started");
    let first = lines(&output).into_iter().next();
    (
        output.status.success(),
        first.unwrap_or_else(|| panic!("{output:?}")),
    )
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}
