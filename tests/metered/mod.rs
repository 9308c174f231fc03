//! Meters on a real broker behind a proxy, a wallet that hears them, and what must be in its database afterwards.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "each test target uses a part of this"
)]

mod flaps;
mod flood;

pub use enerlink_sim::proxy::Proxy;
pub use flaps::flap;
pub use flood::flood;

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Child, Command, Stdio},
};

use enerlink_domain::{
    Address, BrokerAddress, Meter, MeterId, UnixMillis, Verdict,
    command::Capabilities,
    device::UnitsCheck,
    reading::{DeviceTime, Units},
};
use enerlink_store::{Store, readings, registers};

use crate::support::{Running, Server, enerlink, mosquitto, sensors, wait_until};

/// Each message is five seconds of 90 kW later than the one before, on a meter that may carry 100 kW.
const STEP_MS: u64 = 5_000;
const STEP_UWH: u64 = 125_000_000;
const RATED_POWER_W: u32 = 100_000;
const FIRST_UWH: u64 = 1_000_000_000;

/// A profile that has meters, and no wallet: counting needs none.
pub struct Meters {
    pub directory: tempfile::TempDir,
    pub broker: Server,
    pub proxy: Proxy,
    /// How many messages each meter has sent.
    said: Vec<u64>,
}

impl Meters {
    /// So many meters; every other one reports settlement counters only, whose lost differences nothing replaces.
    pub fn new(count: usize) -> Self {
        let broker = mosquitto();
        let proxy = Proxy::to(broker.port).expect("loopback");
        let meters = Self {
            directory: tempfile::tempdir().expect("directory"),
            broker,
            proxy,
            said: vec![0; count],
        };
        wait(async {
            let store = meters.store().await;
            let tx = store.begin().await.expect("begun");
            for number in 0..count {
                let meter = meter(number, meters.proxy.port());
                enerlink_store::meters::insert(&tx, &meter).await.expect("added");
            }
            tx.commit().await.expect("committed");
            store.close().await.expect("closed");
        });
        meters
    }

    async fn store(&self) -> Store {
        let path = self.directory.path().join("profile/enerlink.db");
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("writable");
        Store::open(&path).await.expect("a database")
    }

    /// `enerlink run`, subscribed.
    pub fn listen(&self) -> Running {
        let mut command = enerlink();
        let profile = self.directory.path().join("profile").display().to_string();
        command.args(["--json", "run", "--data-dir", &profile]);
        let running = Running::start(command);
        running.wait_for("the start", |line| line["event"] == "started");
        running
    }

    /// Starts the wallet and waits until it has heard each meter once.
    pub fn listen_to_all(&mut self) -> Running {
        let running = self.listen();
        // Before the broker knows the session it keeps nothing for it.
        wait_until("the wallet is subscribed", || self.proxy.client_id().is_some());
        std::thread::sleep(std::time::Duration::from_millis(500));
        for meter in 0..self.said.len() {
            self.say(meter, 1);
        }
        self.hear_all(&running);
        running
    }

    /// The next message of a meter, on one line.
    pub fn next(&mut self, meter: usize) -> String {
        let count = &mut self.said[meter];
        let export = FIRST_UWH + *count * STEP_UWH;
        let text = sensors(1_000_000 + *count * STEP_MS, export, 4_000).replace('\n', "");
        *count += 1;
        if meter % 2 == 1 {
            text.replace("\"total_energy_wh\"", "\"unknown_wh\"")
        } else {
            text
        }
    }

    /// Sends the next messages of a meter to the broker itself, and waits until it has them.
    pub fn say(&mut self, meter: usize, count: usize) {
        let mut publisher = self.publisher(meter);
        for _ in 0..count {
            let line = self.next(meter);
            publisher.send(&line);
        }
        publisher.finish();
    }

    /// A client of the broker that sends for a meter.
    pub fn publisher(&self, meter: usize) -> Publisher {
        let child = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &self.broker.port.to_string()])
            .args(["-q", "1", "-l", "-t", &format!("m{meter}/sensors")])
            .stdin(Stdio::piped())
            .spawn()
            .expect("mosquitto_pub is installed by `cargo xtask test`");
        Publisher(child)
    }

    /// Waits until the wallet has told of the last message of each meter.
    pub fn hear_all(&self, running: &Running) {
        let mut missing: BTreeSet<usize> = (0..self.said.len()).collect();
        running.wait_for("every last message", |line| {
            for (meter, said) in self.said.iter().enumerate() {
                let last = (FIRST_UWH + (said - 1) * STEP_UWH).to_string();
                if line["event"] == "device"
                    && line["meter_id"] == id(meter)
                    && line["sensors"][1]["export"]["settlement_energy"] == last
                {
                    missing.remove(&meter);
                }
            }
            missing.is_empty()
        });
    }

    /// Rows of a meter that count, each of another moment of the device.
    pub fn counted(&self, meter: usize) -> usize {
        let meter = meter_id(meter);
        let rows = wait(async {
            let store = self.store().await;
            let range = (UnixMillis(0), UnixMillis(i64::MAX));
            let rows = readings::range(&store.reader(), &meter, range.0, range.1, u32::MAX).await;
            store.close().await.expect("closed");
            rows.expect("readings")
        });
        let counted = rows
            .iter()
            .filter(|row| !matches!(row.verdict, Verdict::Refused { .. }));
        let moments: Vec<Option<DeviceTime>> = counted.map(|row| row.sensors.device_time).collect();
        let distinct: BTreeSet<String> = moments.iter().map(|moment| format!("{moment:?}")).collect();
        assert_eq!(distinct.len(), moments.len(), "{meter}: a message counts once");
        moments.len()
    }

    /// Checks that all energy is in the registers, to the micro-watt-hour; with `every`, that each message counts too.
    pub fn check(&self, every: bool) {
        for (meter, said) in self.said.iter().enumerate() {
            let counted = self.counted(meter);
            if every {
                assert_eq!(counted as u64, *said, "{}: each message is a row", id(meter));
            }
            let register = wait(async {
                let store = self.store().await;
                let found = registers::load(&store.reader(), &meter_id(meter)).await;
                store.close().await.expect("closed");
                found.expect("readable").expect("heard")
            });
            let grown = (said - 1) * STEP_UWH;
            let start = if meter % 2 == 1 { 0 } else { FIRST_UWH };
            assert_eq!(
                register.export.0,
                start + grown,
                "{}: all energy counts",
                id(meter)
            );
            assert_eq!(register.epoch, 0, "{}: no counter has begun anew", id(meter));
        }
    }

    /// Messages that all meters have sent.
    pub fn said(&self) -> u64 {
        self.said.iter().sum()
    }
}

/// A running `mosquitto_pub`: a line is a message.
pub struct Publisher(Child);

impl Publisher {
    pub fn send(&mut self, line: &str) {
        let input = self.0.stdin.as_mut().expect("piped");
        writeln!(input, "{line}").expect("mosquitto_pub reads");
    }

    /// Waits until the broker has everything.
    pub fn finish(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("ended").success(), "mosquitto_pub");
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

fn id(number: usize) -> String {
    format!("M{number}")
}

fn meter_id(number: usize) -> MeterId {
    id(number).parse().expect("a meter id")
}

fn meter(number: usize, port: u16) -> Meter {
    Meter {
        id: meter_id(number),
        name: id(number),
        owner: Address([7; 20]),
        broker: BrokerAddress::parse(&format!("mqtt://127.0.0.1:{port}")).expect("an address"),
        base_topic: format!("m{number}"),
        units: Units::Milli,
        source: None,
        rated_power_w: RATED_POWER_W,
        settlement_key: false,
        added_at: UnixMillis(1),
        profile: None,
        family: None,
        capabilities: Capabilities::default(),
        outputs: Vec::new(),
        units_check: UnitsCheck::default(),
        auto_reset: None,
        take_opening: false,
        retired_at: None,
    }
}
