//! A simulated meter on a real broker: a home, and the MQTT client of its device.

mod link;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use enerlink_domain::{Clock, MeterId, UnixMillis, device::PayloadFamily, reading::GridMode};
use enerlink_meter::Channel;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Answer, Home, HomeConfig, Totals};
use link::Link;

/// How to build a simulated meter.
pub struct SimMeterConfig {
    /// `mqtt://host:port`.
    pub broker_url: String,
    /// User name, when the broker asks for one.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Before `/sensors`.
    pub base_topic: String,
    /// Names the MQTT client; the id in the payload is the home's.
    pub meter_id: MeterId,
    /// The home behind the meter.
    pub home: HomeConfig,
    /// Weather and habits.
    pub seed: u64,
}

/// What a simulated meter makes of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Carries them out and answers on `{base}/response`.
    Answers,
    /// Carries them out and says nothing; its status shows it.
    Silent,
    /// Carries nothing out and answers that it failed.
    Refuses,
    /// Does as if it had heard nothing.
    Deaf,
}

/// What a simulated meter knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The simulated moment.
    pub at: UnixMillis,
    /// What went through the meter until now, resets ignored.
    pub totals: Totals,
    /// What had gone through it when the last sensors message was written: what a wallet can know.
    pub published: Totals,
    /// The grid switch.
    pub mode: GridMode,
    /// Sensors messages written so far.
    pub readings: u64,
    /// Messages that wait for the broker.
    pub waiting: usize,
    /// Whether the broker is there.
    pub connected: bool,
}

/// What the handle asks of the task.
enum Control {
    Snapshot(oneshot::Sender<Snapshot>),
    Pause,
    Resume,
    Reboot,
    FactoryReset,
    Repeat,
    Late,
    Raw(Channel, Vec<u8>),
    Solar(Option<u32>),
    Load(Option<u32>),
    Mode(GridMode),
    Manners(Manners),
}

/// The handle of a simulated meter; the meter ends when the last clone is dropped. What a handle asks for is done in
/// order; a [`SimMeter::snapshot`] afterwards waits for it.
#[derive(Clone)]
pub struct SimMeter {
    control: mpsc::UnboundedSender<Control>,
    published: watch::Receiver<Totals>,
}

impl SimMeter {
    /// Starts the meter on the current tokio runtime; `clock` is simulated time. A broker that is away is waited for;
    /// an address that is none is logged, and the meter stays unheard.
    pub fn start(mut config: SimMeterConfig, clock: Arc<dyn Clock>) -> Self {
        let (control, controls) = mpsc::unbounded_channel();
        let (published, totals) = watch::channel(Totals::default());
        if config.home.family == PayloadFamily::Envelope {
            config.home.meter_id.get_or_insert(config.meter_id.clone());
        }
        let (link, commands) = Link::start(&config);
        tokio::spawn(Device::new(config, clock, link, published).run(controls, commands));
        Self {
            control,
            published: totals,
        }
    }

    /// What had gone through the meter when its last sensors message was written, resets ignored: what a wallet that
    /// heard everything knows.
    pub fn published_totals(&self) -> Totals {
        *self.published.borrow()
    }

    fn send(&self, control: Control) {
        // The task ends with its last handle and not before, so that there is always a receiver.
        let _ = self.control.send(control);
    }

    /// How it is now. Everything asked before is done by then.
    pub async fn snapshot(&self) -> Option<Snapshot> {
        let (answer, snapshot) = oneshot::channel();
        self.send(Control::Snapshot(answer));
        snapshot.await.ok()
    }

    /// Says nothing more; energy flows on.
    pub fn pause(&self) {
        self.send(Control::Pause);
    }

    /// Speaks again, beginning with a sensors message.
    pub fn resume(&self) {
        self.send(Control::Resume);
    }

    /// The device starts again: uptime 0, counters kept.
    pub fn reboot(&self) {
        self.send(Control::Reboot);
    }

    /// The device starts again as new: uptime and counters 0.
    pub fn factory_reset(&self) {
        self.send(Control::FactoryReset);
    }

    /// Sends the last sensors message once more.
    pub fn publish_duplicate(&self) {
        self.send(Control::Repeat);
    }

    /// Sends the sensors message before the last once more, as if it had been on the way for long.
    pub fn publish_late(&self) {
        self.send(Control::Late);
    }

    /// Sends these bytes, whatever they are.
    pub fn publish_raw(&self, channel: Channel, payload: impl Into<Vec<u8>>) {
        self.send(Control::Raw(channel, payload.into()));
    }

    /// Replaces what the panels could give, in W; `None` gives the weather back.
    pub fn set_solar(&self, watts: Option<u32>) {
        self.send(Control::Solar(watts));
    }

    /// Replaces what the appliances want, in W; `None` gives the habits back.
    pub fn set_load(&self, watts: Option<u32>) {
        self.send(Control::Load(watts));
    }

    /// Changes what it makes of commands from now on.
    pub fn set_manners(&self, manners: Manners) {
        self.send(Control::Manners(manners));
    }

    /// Turns the grid switch by hand.
    pub fn set_mode(&self, mode: GridMode) {
        self.send(Control::Mode(mode));
    }
}

/// Something the device does regularly.
struct Beat {
    interval: Duration,
    due: Duration,
}

impl Beat {
    fn new(interval: Duration, now: Duration) -> Self {
        let interval = interval.max(Duration::from_millis(100));
        Self { interval, due: now }
    }

    /// Whether it is due at `at`; if so, the next one is scheduled.
    fn strikes(&mut self, at: Duration) -> bool {
        let due = self.due <= at;
        if due {
            self.due += self.interval;
        }
        due
    }

    fn set(&mut self, interval: Duration) {
        self.due = self.due.saturating_sub(self.interval) + interval;
        self.interval = interval;
    }
}

/// The private task.
struct Device {
    clock: Arc<dyn Clock>,
    home: Home,
    link: Link,
    manners: Manners,
    /// Simulated time of day at monotonic zero.
    origin: UnixMillis,
    sensors: Beat,
    heartbeat: Beat,
    status: Beat,
    paused: bool,
    /// The last two sensors messages, the newest first.
    said: VecDeque<String>,
    published: watch::Sender<Totals>,
    readings: u64,
}

impl Device {
    fn new(
        config: SimMeterConfig,
        clock: Arc<dyn Clock>,
        link: Link,
        published: watch::Sender<Totals>,
    ) -> Self {
        let now = clock.monotonic();
        let origin = UnixMillis(clock.wall().0 - i64::try_from(now.as_millis()).unwrap_or(0));
        Self {
            sensors: Beat::new(config.home.sensor_interval, now),
            heartbeat: Beat::new(config.home.heartbeat_interval, now),
            status: Beat::new(config.home.status_interval, now),
            manners: if config.home.answers {
                Manners::Answers
            } else {
                Manners::Silent
            },
            home: Home::new(config.home, config.seed, origin.plus(now)),
            clock,
            link,
            origin,
            paused: false,
            said: VecDeque::new(),
            published,
            readings: 0,
        }
    }

    async fn run(
        mut self,
        mut controls: mpsc::UnboundedReceiver<Control>,
        mut commands: mpsc::Receiver<Vec<u8>>,
    ) {
        loop {
            let due = self.sensors.due.min(self.heartbeat.due).min(self.status.due);
            tokio::select! {
                control = controls.recv() => match control {
                    Some(control) => self.control(control),
                    None => return,
                },
                Some(command) = commands.recv() => self.obey(&command),
                () = self.clock.sleep_until(due) => self.beat(due),
            }
        }
    }

    /// Lets the home catch up with the clock.
    fn catch_up(&mut self) {
        let now = self.clock.monotonic();
        // Beats that are due before now are said with the state of their own moment.
        loop {
            let due = self.sensors.due.min(self.heartbeat.due).min(self.status.due);
            if due > now {
                break;
            }
            self.beat(due);
        }
        self.home.step(self.origin.plus(now));
    }

    fn beat(&mut self, at: Duration) {
        self.home.step(self.origin.plus(at));
        let (sensors, heartbeat) = (self.sensors.strikes(at), self.heartbeat.strikes(at));
        let status = self.status.strikes(at);
        if self.paused {
            return;
        }
        if sensors {
            self.say_sensors();
        }
        if heartbeat {
            self.link
                .send(Channel::Heartbeat, self.home.heartbeat_json().into());
        }
        if status {
            self.link.send(Channel::Status, self.home.status_json().into());
        }
    }

    fn say_sensors(&mut self) {
        let text = self.home.sensors_json();
        self.link.send(self.home.sensors_channel(), text.clone().into());
        self.said.truncate(1);
        self.said.push_front(text);
        self.published.send_replace(self.home.totals());
        self.readings += 1;
    }

    fn obey(&mut self, command: &[u8]) {
        self.catch_up();
        let answer = match self.manners {
            Manners::Answers | Manners::Silent => self.home.obey(command),
            Manners::Refuses => Answer::refusal(command),
            Manners::Deaf => return,
        };
        if let Some(interval) = answer.intervals.sensor {
            self.sensors.set(interval);
        }
        if let Some(interval) = answer.intervals.heartbeat {
            self.heartbeat.set(interval);
        }
        if let Some(text) = answer.json().filter(|_| self.manners != Manners::Silent) {
            self.link.send(Channel::Response, text.into());
        }
        // What was switched shows at once, not at the next beat.
        if !self.paused {
            self.link.send(Channel::Status, self.home.status_json().into());
        }
    }

    fn control(&mut self, control: Control) {
        self.catch_up();
        match control {
            Control::Snapshot(answer) => {
                // Whoever asked may have gone.
                let _ = answer.send(self.snapshot());
            }
            Control::Pause => self.paused = true,
            Control::Resume => {
                self.paused = false;
                self.say_sensors();
            }
            Control::Reboot => self.home.reboot(),
            Control::FactoryReset => self.home.factory_reset(),
            Control::Repeat => self.say_again(0),
            Control::Late => self.say_again(1),
            Control::Raw(channel, payload) => self.link.send(channel, payload),
            Control::Solar(watts) => self.home.set_solar(watts),
            Control::Load(watts) => self.home.set_load(watts),
            Control::Mode(mode) => self.home.set_mode(mode),
            Control::Manners(manners) => self.manners = manners,
        }
    }

    fn say_again(&self, age: usize) {
        if let Some(text) = self.said.get(age) {
            self.link.send(self.home.sensors_channel(), text.clone().into());
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (waiting, connected) = self.link.state();
        Snapshot {
            at: self.home.now(),
            totals: self.home.totals(),
            published: *self.published.borrow(),
            mode: self.home.mode(),
            readings: self.readings,
            waiting,
            connected,
        }
    }
}
