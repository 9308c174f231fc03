//! Real servers for whole-app tests: mosquitto, anvil, and the `enerlink` binary, each on a free port of loopback.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each test target uses a part of this"
)]

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

    /// Ends it at once, as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits at most twenty seconds until `done`.
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "waited twenty seconds until {what}");
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
    let program = if Path::new("/usr/sbin/mosquitto").exists() {
        "/usr/sbin/mosquitto"
    } else {
        "mosquitto"
    };
    let mut command = Command::new(program);
    command.arg("-c").arg(path);
    Server::start(command, port, directory)
}

/// A real anvil of chain `chain_id`.
pub fn anvil(chain_id: u64) -> Server {
    anvil_with(chain_id, &[])
}

/// A real anvil with more arguments.
pub fn anvil_with(chain_id: u64, arguments: &[&str]) -> Server {
    let port = free_port();
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
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/node_modules/@foundry-rs");
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
    let mut child = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-q", "1", "-t", topic])
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

/// The `enerlink` binary, ready for arguments.
pub fn enerlink() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enerlink"));
    command
        .env_remove("ENERLINK_DATA_DIR")
        .env("ENERLINK_LOG", "warn");
    command
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

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// A running `enerlink run --json` whose lines are read as they come.
pub struct Running {
    child: Child,
    lines: std::sync::mpsc::Receiver<Value>,
}

impl Running {
    /// Starts `command` and reads its lines.
    pub fn start(mut command: Command) -> Self {
        // A group of its own, so that what strace has started ends with strace.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("started");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line)
                    && sender.send(value).is_err()
                {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line that `wanted` accepts; panics after twenty seconds.
    pub fn wait_for(&self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("waited for {what}: {error}"));
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Whether the process has ended within `limit`.
    pub fn ended_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("a child").is_some() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Whether it ends before it prints a line that `wanted` accepts, or `limit` is over.
    pub fn ends_before(&mut self, limit: Duration, mut wanted: impl FnMut(&Value) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        while let Ok(line) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if wanted(&line) {
                return false;
            }
        }
        self.ended_within(Duration::from_millis(500))
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) {
        let _ = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(
            self.ended_within(Duration::from_secs(10)),
            "enerlink did not stop on SIGTERM"
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}

/// A household with a profile, on a real broker and a real node with the contracts.
pub struct Household {
    pub directory: tempfile::TempDir,
    pub broker: Server,
    pub node: Server,
    /// Counters of the meter, µWh.
    pub export_uwh: u64,
    pub import_uwh: u64,
    uptime_ms: u64,
}

/// The id of the household's meter.
pub const METER: &str = "HOME-001";

impl Household {
    /// Deploys, creates a wallet, adds a meter; registers it and pays for gas when `registered`.
    pub fn new(registered: bool) -> Self {
        // A private chain charges nothing for gas.
        Self::on(
            anvil_with(31337, &["--base-fee", "0", "--gas-price", "0"]),
            registered,
        )
    }

    /// The same on `node`.
    pub fn on(node: Server, registered: bool) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let broker = mosquitto();
        let household = Self {
            directory,
            broker,
            node,
            export_uwh: 1_959_955,
            import_uwh: 4_000,
            uptime_ms: 33_857_692,
        };
        fs::write(household.file("password"), PASSWORD).expect("writable");
        write_operator_key(
            &household.file("operator.json"),
            &household.file("operator-password"),
        );
        household.deploy();
        run(&[
            "--json",
            "wallet",
            "create",
            "--data-dir",
            &household.path("profile"),
            "--password-file",
            &household.path("password"),
        ]);
        household.set_network();
        household.add_meter();
        if registered {
            household.register(10_u128.pow(18));
        }
        household
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    pub fn rpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.node.port)
    }

    fn deploy(&self) {
        run(&[
            "--json",
            "operator",
            "deploy",
            "--rpc",
            &self.rpc_url(),
            "--keystore",
            &self.path("operator.json"),
            "--password-file",
            &self.path("operator-password"),
            "--out",
            &self.path("addresses.json"),
        ]);
    }

    pub fn set_network(&self) {
        run(&[
            "--json",
            "network",
            "set",
            "--data-dir",
            &self.path("profile"),
            "--rpc",
            &self.rpc_url(),
            "--addresses",
            &self.path("addresses.json"),
        ]);
    }

    pub fn add_meter(&self) {
        let broker = format!("mqtt://127.0.0.1:{}", self.broker.port);
        run(&[
            "--json",
            "meter",
            "add",
            "--data-dir",
            &self.path("profile"),
            "--id",
            METER,
            "--broker",
            &broker,
            "--rated-power",
            "5000",
        ]);
    }

    /// Lets the operator take the household's request, and pays `wei` for gas.
    pub fn register(&self, wei: u128) {
        let request = run(&[
            "--json",
            "meter",
            "request",
            "--data-dir",
            &self.path("profile"),
            "--password-file",
            &self.path("password"),
            "--id",
            METER,
        ]);
        fs::write(self.file("request.json"), request[0].to_string()).expect("writable");
        run(&[
            "--json",
            "operator",
            "authorize",
            "--rpc",
            &self.rpc_url(),
            "--keystore",
            &self.path("operator.json"),
            "--password-file",
            &self.path("operator-password"),
            "--addresses",
            &self.path("addresses.json"),
            "--request",
            &self.path("request.json"),
            "--fund",
            &wei.to_string(),
        ]);
    }

    /// Publishes the flat sample of the source documents with the present counters.
    pub fn publish_sensors(&mut self) {
        self.uptime_ms += 5_000;
        let payload = sensors(self.uptime_ms, self.export_uwh, self.import_uwh);
        publish(
            self.broker.port,
            "home/energy-monitor/sensors",
            payload.as_bytes(),
        );
    }

    /// Lets `wh` watt-hours be exported over the time that takes at 4 kW.
    pub fn export(&mut self, wh: u64) {
        self.export_uwh += wh * 1_000_000;
        self.uptime_ms += wh * 900;
        self.publish_sensors();
    }

    /// `enerlink run --json`, ready to be started.
    pub fn run_command(&self) -> Command {
        let mut command = enerlink();
        command
            .args([
                "--json",
                "run",
                "--data-dir",
                &self.path("profile"),
                "--password-file",
                &self.path("password"),
            ])
            .env("SETTLEMENT_INTERVAL_MINUTES", "1440");
        command
    }

    /// The audit of the one meter, against the node.
    pub fn audit(&self) -> Value {
        run(&["--json", "settle", "audit", "--data-dir", &self.path("profile")]).remove(0)
    }

    /// `MeterSettled` events on the chain.
    pub fn settled_events(&self) -> usize {
        let topic = enerlink_domain::Hash32(enerlink_domain::id::keccak256(
            b"MeterSettled(bytes32,uint64,uint64,int64)",
        ));
        let filter = json!([{ "fromBlock": "0x0", "toBlock": "latest", "topics": [topic.to_string()] }]);
        rpc(self.node.port, "eth_getLogs", filter)["result"]
            .as_array()
            .expect("logs")
            .len()
    }
}

/// The flat sample of the source documents with other counters.
pub fn sensors(uptime_ms: u64, export_uwh: u64, import_uwh: u64) -> String {
    let wh = |micro: u64| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    format!(
        r#"{{"timestamp":{uptime_ms},
        "load":{{"power":994.8,"current":240.75,"voltage":4.1212,"daily_energy_wh":10.1163,"total_energy_wh":10.1163,"settlement_energy_wh":10.1163}},
        "solar":{{"power":1275.8,"current":144.47,"voltage":8.813601,"generating":true,"daily_energy_wh":15.23495,"total_energy_wh":15.23495,"settlement_energy_wh":15.23495}},
        "export":{{"power":38.6,"active":true,"current":9.51,"voltage":4.126,"daily_energy_wh":{export},"total_energy_wh":{export},"settlement_energy_wh":{export}}},
        "import":{{"power":0.8,"active":false,"current":0.13,"voltage":5.550399,"daily_energy_wh":{import},"total_energy_wh":{import},"settlement_energy_wh":{import}}},
        "battery":{{"power":152.2,"state":"charging","current":-36.49,"voltage":4.176,"daily_energy_wh":1.793849,"total_energy_wh":1.793849,"settlement_energy_wh":1.793849}}}}"#,
        export = wh(export_uwh),
        import = wh(import_uwh),
    )
}

/// Anvil's first account as a Web3 Secret Storage file, written by the keystore itself.
fn write_operator_key(file: &Path, password_file: &Path) {
    let key = enerlink_domain::id::unhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    let key: [u8; 32] = key.expect("hexadecimal").try_into().expect("32 bytes");
    let account = enerlink_engine::Account::from_bytes(&key).expect("a key");
    let text = account
        .to_v3(&enerlink_engine::Password::from(PASSWORD.to_owned()))
        .expect("encrypted");
    fs::write(file, text).expect("writable");
    fs::write(password_file, PASSWORD).expect("writable");
}
