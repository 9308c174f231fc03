//! A new user at the command line: an empty profile, a broker with passwords, and `mosquitto_pub` for the device.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{
    Bystander, PASSWORD, Running, Server, enerlink, meter_command, mosquitto_with_passwords, publish_as, run,
    run_failing, sensors,
};

/// The base topic of the device.
pub(crate) const BASE: &str = "home/energy-monitor";

/// A profile directory that is empty, a broker with two users, and their password files.
pub(crate) struct Beginner {
    directory: tempfile::TempDir,
    pub(crate) broker: Server,
}

impl Beginner {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let file = |name: &str, text: &str| {
            fs::write(directory.path().join(name), text).expect("writable");
        };
        file("password", PASSWORD);
        file("mqtt", "wallet secret\n");
        file("wrong", "guessed\n");
        let broker = mosquitto_with_passwords(&[("wallet", "wallet secret"), ("meter", "meter secret")]);
        Self { directory, broker }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    pub(crate) fn profile(&self) -> String {
        self.path("profile")
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://wallet@127.0.0.1:{}", self.broker.port)
    }

    /// `enerlink --json WORDS --data-dir …`, which must succeed.
    pub(crate) fn run(&self, words: &[&str]) -> Vec<Value> {
        let profile = self.profile();
        run(&[&["--json"], words, &["--data-dir", &profile]].concat())
    }

    pub(crate) fn refused(&self, words: &[&str]) -> Value {
        let profile = self.profile();
        run_failing(&[&["--json"], words, &["--data-dir", &profile]].concat())
    }

    pub(crate) fn say(&self, channel: &str, payload: &str) {
        publish_as(
            self.broker.port,
            ("meter", "meter secret"),
            &format!("{BASE}/{channel}"),
            payload.as_bytes(),
        );
    }

    fn bystander(&self, topic: &str) -> Bystander {
        Bystander::listen(self.broker.port, ("meter", "meter secret"), topic)
    }

    /// Sends a command while somebody plays the device; answers the command's end, or the error.
    pub(crate) fn command(&self, words: &[&str], device: impl FnOnce(&Value) + Send) -> (bool, Value) {
        let commands = self.bystander(&format!("{BASE}/command"));
        thread::scope(|scope| {
            scope.spawn(|| device(&commands.next()));
            self.command_alone(words)
        })
    }

    /// Sends a command that nobody hears of.
    pub(crate) fn command_alone(&self, words: &[&str]) -> (bool, Value) {
        meter_command(&self.profile(), words)
    }

    /// Lets the wallet listen for as long as `device` speaks.
    pub(crate) fn listen(&self, device: impl FnOnce(&Running)) {
        let mut command = enerlink();
        command.args(["--json", "run", "--data-dir", &self.profile()]);
        let running = Running::start(command);
        running.wait_for("the start", |line| line["event"] == "started");
        device(&running);
        running.stop();
    }
}

/// What a device with a pump, a motor and a lamp reports.
pub(crate) fn status(pump: bool, mode: &str) -> String {
    json!({
        "timestamp": 33_860_400,
        "grid": { "mode": mode, "exporting": mode == "export", "importing": mode == "import" },
        "relay": { "pump": pump },
        "motor1": { "duty": 0, "max_pwm": 1023, "percent": 0, "direction": "forward" },
        "pwm": { "max_pwm": 255, "led_duty": 0 },
        "wifi": { "connected": true, "rssi": -60 },
        "mqtt": { "connected": true, "attempts": 0 },
    })
    .to_string()
}

/// Says sensors messages of one meter, five seconds of its own time apart, until the wallet has counted `wh`.
pub(crate) fn exported(beginner: &Beginner, running: &Running, wh: u64) {
    let mut uptime = 33_857_692;
    let mut export = 1_000_000;
    let heard = AtomicBool::new(false);
    thread::scope(|scope| {
        // What is said before the wallet has subscribed is lost.
        scope.spawn(|| {
            for _ in 0..60 {
                if heard.load(Ordering::Relaxed) {
                    break;
                }
                beginner.say("sensors", &sensors(uptime, export, 4_000));
                thread::sleep(Duration::from_secs(1));
            }
        });
        running.wait_for("the first reading", |line| {
            line["event"] == "device" && !line["sensors"].is_null()
        });
        heard.store(true, Ordering::Relaxed);
    });
    for _ in 0..wh {
        uptime += 5_000;
        export += 1_000_000;
        beginner.say("sensors", &sensors(uptime, export, 4_000));
    }
    running.wait_for("the last reading", |line| {
        line["event"] == "device"
            && line["sensors"][1]["export"]["total_energy"] == Value::String(export.to_string())
    });
}
