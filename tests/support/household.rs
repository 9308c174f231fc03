//! A household on real servers: broker, node with contracts, wallet, meter.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use super::{
    Listens, PASSWORD, Running, Server, anvil_with, enerlink, mosquitto, publish, rpc, run, run_failing,
};

/// A household with a profile, on a real broker and a real node with the contracts.
pub struct Household<N = Server> {
    pub directory: tempfile::TempDir,
    pub broker: Server,
    pub node: N,
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
}

impl<N: Listens> Household<N> {
    /// The same on `node`.
    pub fn on(node: N, registered: bool) -> Self {
        let household = Self::bare(node);
        household.set_network();
        household.add_meter(&[]);
        if registered {
            household.register(10_u128.pow(18));
        }
        household
    }

    /// A wallet that knows of no network and no meter, although there are contracts on `node`.
    pub fn bare(node: N) -> Self {
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
        household
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    pub fn rpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.node.port())
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

    /// Adds the meter, with further arguments.
    pub fn add_meter(&self, more: &[&str]) {
        let broker = format!("mqtt://127.0.0.1:{}", self.broker.port);
        let arguments = [
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
            "100000",
        ];
        run(&[&arguments, more].concat());
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

    /// Lets `wh` watt-hours be imported, likewise.
    pub fn import(&mut self, wh: u64) {
        self.import_uwh += wh * 1_000_000;
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

    /// Runs until the meter is open and may be settled by its key.
    pub fn started(&mut self) -> Running {
        let mut command = self.run_command();
        command.env("EARLY_SETTLEMENT_WH", "100");
        let running = Running::start(command);
        running.wait_for("the start", |line| line["event"] == "started");
        self.publish_sensors();
        running.wait_for("the settlement key", |line| {
            line["event"] == "registration" && line["registration"]["settler"].is_string()
        });
        running
    }

    /// Exports `wh` watt-hours and settles them; answers the settlement.
    pub fn earn(&mut self, wh: u64) -> Value {
        let running = self.started();
        self.export(wh);
        let settled = running.wait_for("a settlement", |line| {
            line["event"] == "settlement" && line["status"] == "SUCCESS"
        });
        running.stop();
        settled
    }

    /// A command that must succeed, with its JSON lines.
    pub fn said(&self, words: &[&str]) -> Vec<Value> {
        run(&[&["--json"], words, &["--data-dir", &self.path("profile")]].concat())
    }

    /// The same with the password.
    pub fn told(&self, words: &[&str]) -> Value {
        self.said(&[words, &["--password-file", &self.path("password")]].concat())
            .remove(0)
    }

    /// The error of a command with the password that must fail.
    pub fn refused(&self, words: &[&str]) -> Value {
        let (profile, password) = (self.path("profile"), self.path("password"));
        let rest = ["--data-dir", &profile, "--password-file", &password];
        run_failing(&[&["--json"], words, &rest].concat())
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
        rpc(self.node.port(), "eth_getLogs", filter)["result"]
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
