//! A device that measures: what its meter reports every second, until it is switched off.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{publish, sensors};

/// Its base topic.
pub(crate) const BASE: &str = "home/energy-monitor";

/// How it publishes a payload on a topic.
type Publish = dyn Fn(&str, &str) + Send + Sync;

/// A device that measures every second, as long as it is on.
pub(crate) struct Device {
    publish: Arc<Publish>,
    off: Arc<AtomicBool>,
    flow: Arc<AtomicI64>,
    measuring: Option<thread::JoinHandle<()>>,
}

impl Device {
    /// A device on the broker at `port`, which exports 0.3 Wh a second.
    pub(crate) fn on(port: u16) -> Self {
        Self::by(move |topic, payload| publish(port, topic, payload.as_bytes()))
    }

    /// The same by another way to a broker.
    pub(crate) fn by(publish: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        let publish: Arc<Publish> = Arc::new(publish);
        let off = Arc::new(AtomicBool::new(false));
        let flow = Arc::new(AtomicI64::new(300_000));
        let measuring = thread::spawn({
            let (publish, off, flow) = (Arc::clone(&publish), Arc::clone(&off), Arc::clone(&flow));
            move || measure(&*publish, &off, &flow)
        });
        let device = Self {
            publish,
            off,
            flow,
            measuring: Some(measuring),
        };
        device.status("export", 0);
        device
    }

    /// From now on so much flows across the grid connection each second, µWh; positive is export.
    pub(crate) fn flows(&self, micro_wh: i64) {
        self.flow.store(micro_wh, Ordering::Relaxed);
    }

    /// Publishes the status of the source documents, with this grid mode and speed of `motor1`.
    pub(crate) fn status(&self, mode: &str, percent: u32) {
        let status = json!({
            "timestamp": 33_860_400,
            "pwm": { "max_pwm": 255, "led_duty": 63 },
            "grid": { "mode": mode, "exporting": mode == "export", "importing": mode == "import" },
            "mqtt": { "attempts": 0, "connected": true },
            "wifi": { "ip": "192.168.1.2", "rssi": -60, "connected": true },
            "motor1": { "duty": 0, "percent": percent, "direction": "forward" },
            "relay": { "pump": false },
            "system": { "free_heap": 225_968 },
        });
        self.says("status", &status);
    }

    /// Publishes on one of its channels.
    pub(crate) fn says(&self, channel: &str, message: &Value) {
        (self.publish)(&format!("{BASE}/{channel}"), &message.to_string());
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.off.store(true, Ordering::Relaxed);
        if let Some(measuring) = self.measuring.take() {
            let _ = measuring.join();
        }
    }
}

/// The flat sample of the source documents every second, with the counters moving as `flow` says.
fn measure(publish: &Publish, off: &AtomicBool, flow: &AtomicI64) {
    let (mut uptime, mut export, mut import) = (33_857_692, 1_959_955, 4_000);
    while !off.load(Ordering::Relaxed) {
        let payload = sensors(uptime, export, import);
        let flow = flow.load(Ordering::Relaxed);
        let payload = if flow < 0 { taking(&payload) } else { payload };
        publish(&format!("{BASE}/sensors"), &payload);
        uptime += 1_000;
        *if flow < 0 { &mut import } else { &mut export } += flow.unsigned_abs();
        thread::sleep(Duration::from_secs(1));
    }
}

/// The sample with the grid the other way round.
fn taking(payload: &str) -> String {
    let change = |payload: String, from: &str, to: &str| {
        assert!(payload.contains(from), "the sample's own {from}");
        payload.replace(from, to)
    };
    let payload = change(
        payload.to_owned(),
        r#""export":{"power":38.6,"active":true"#,
        r#""export":{"power":0.0,"active":false"#,
    );
    change(
        payload,
        r#""import":{"power":0.8,"active":false"#,
        r#""import":{"power":990.1,"active":true"#,
    )
}
