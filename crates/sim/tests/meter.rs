//! Simulated meters on real brokers, heard and commanded as the wallet does it.

#[path = "../../meter/tests/support/mosquitto.rs"]
#[allow(dead_code, reason = "these tests need half of it")]
mod mosquitto;

use std::{sync::Arc, time::Duration};

use enerlink_domain::{
    BrokerAddress, Clock, MicroWh, Sensors, UnixMillis,
    reading::{DeviceTime, GridMode, Response, StatusSnapshot, Units},
};
use enerlink_meter::{Channel, DeviceCommand, Incoming, Message, Subscription, SubscriptionConfig, decode};
use enerlink_sim::{
    broker::Broker,
    clock::{ManualClock, SimClock},
    home::{HomeConfig, SimMeter, SimMeterConfig, Totals},
};
use mosquitto::Mosquitto;
use tokio::{sync::mpsc, time::timeout};

/// 2025-11-02T09:00:00Z.
const MORNING: UnixMillis = UnixMillis(1_762_074_000_000);
const BASE: &str = "home/energy-monitor";
const PATIENCE: Duration = Duration::from_secs(20);

/// A broker's address with the way in.
#[derive(Clone)]
struct Place {
    url: String,
    username: Option<String>,
    password: Option<String>,
}

impl Place {
    async fn embedded() -> Self {
        let broker = Broker::start().await.expect("an embedded broker");
        Self {
            url: broker.url().to_owned(),
            username: Some(broker.username().to_owned()),
            password: Some(broker.password().to_owned()),
        }
    }

    fn of(broker: &Mosquitto) -> Self {
        Self {
            url: format!("mqtt://127.0.0.1:{}", broker.port),
            username: None,
            password: None,
        }
    }

    fn meter(&self) -> SimMeterConfig {
        SimMeterConfig {
            broker_url: self.url.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
            base_topic: BASE.to_owned(),
            meter_id: "METER-001".parse().expect("an id"),
            home: HomeConfig::default(),
            seed: 42,
        }
    }

    fn subscription(&self) -> SubscriptionConfig {
        let mut broker = BrokerAddress::parse(&self.url).expect("a url");
        broker.username = self.username.clone();
        let mut config = SubscriptionConfig::new(broker, "wallet", vec![BASE.to_owned()]);
        config.password = self.password.clone();
        config
    }
}

/// The wallet's end.
struct Wallet {
    subscription: Subscription,
    incoming: mpsc::Receiver<Incoming>,
}

impl Wallet {
    async fn connected(place: &Place, clock: Arc<dyn Clock>) -> Self {
        let (subscription, incoming) = Subscription::start(place.subscription(), clock);
        let mut wallet = Self {
            subscription,
            incoming,
        };
        while !matches!(wallet.next().await, Incoming::Connected) {}
        wallet
    }

    async fn next(&mut self) -> Incoming {
        let next = timeout(PATIENCE, self.incoming.recv())
            .await
            .expect("news in time");
        next.expect("a running subscription")
    }

    /// The next message of any channel, confirmed.
    async fn message(&mut self) -> Message {
        loop {
            if let Incoming::Packet(packet) = self.next().await {
                let message = decode(packet.channel, &packet.payload, Units::Milli).expect("a good message");
                assert!(!packet.retained);
                packet.ack.confirm();
                return message;
            }
        }
    }

    async fn sensors(&mut self) -> Sensors {
        loop {
            if let Message::Sensors(sensors) = self.message().await {
                return sensors;
            }
        }
    }

    async fn status(&mut self) -> StatusSnapshot {
        loop {
            if let Message::Status(status) = self.message().await {
                return status;
            }
        }
    }

    async fn response(&mut self) -> Response {
        loop {
            if let Message::Response(response) = self.message().await {
                return response;
            }
        }
    }

    async fn command(&self, id: &str, command: &DeviceCommand) {
        let sent = self
            .subscription
            .publish(BASE, &command.encode(id, MORNING))
            .await;
        assert_eq!(sent, Ok(()));
    }
}

fn totals(sensors: &Sensors) -> Totals {
    let counter = |subsystem: Option<enerlink_domain::Subsystem>| {
        subsystem.and_then(|it| it.total_energy).expect("a total")
    };
    Totals {
        export: counter(sensors.export),
        import: counter(sensors.import),
    }
}

/// Waits until everything asked of the meter is done.
async fn done(meter: &SimMeter) {
    meter.snapshot().await.expect("a running meter");
}

async fn connected(meter: &SimMeter) {
    let up = async {
        while !meter.snapshot().await.expect("a running meter").connected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, up).await.expect("a connection in time");
}

/// A whole conversation, on either broker.
async fn converse(place: Place) {
    let clock = Arc::new(SimClock::new(MORNING, 60));
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let meter = SimMeter::start(place.meter(), clock.clone());
    let (mut heard, mut last) = ([false; 3], Totals::default());
    while heard != [true; 3] || last.export < MicroWh(20_000_000) {
        match wallet.message().await {
            Message::Sensors(sensors) => {
                let now = totals(&sensors);
                assert!(
                    now.export >= last.export && now.import >= last.import,
                    "{now:?} after {last:?}"
                );
                (heard[0], last) = (true, now);
            }
            Message::Heartbeat(_) => heard[1] = true,
            Message::Status(status) => {
                assert_eq!(status.grid_mode, Some(GridMode::Export));
                heard[2] = true;
            }
            Message::Response(response) => panic!("nobody asked: {response:?}"),
        }
    }

    wallet.command("r-1", &DeviceCommand::ResetSettlement).await;
    let response = wallet.response().await;
    assert_eq!((response.correlation_id.as_str(), response.ok), ("r-1", true));
    let before = response.export_before_reset.expect("the counters");
    assert!(before >= last.export, "{before:?} {last:?}");
    let sensors = wallet.sensors().await;
    let export = sensors.export.expect("export");
    assert!(export.total_energy.expect("total") >= before);
    assert!(export.settlement_energy.expect("settlement") < before);

    wallet.command("g-1", &DeviceCommand::Grid(GridMode::Off)).await;
    assert!(wallet.response().await.ok);
    assert_eq!(wallet.status().await.grid_mode, Some(GridMode::Off));
    let snapshot = meter.snapshot().await.expect("a running meter");
    assert_eq!(snapshot.mode, GridMode::Off);
    assert!(snapshot.readings > 3 && snapshot.at > MORNING);
}

#[tokio::test]
async fn the_embedded_broker_carries_a_conversation() {
    converse(Place::embedded().await).await;
}

#[tokio::test]
async fn mosquitto_carries_a_conversation() {
    let broker = Mosquitto::open();
    converse(Place::of(&broker)).await;
}

#[tokio::test]
async fn the_embedded_broker_lets_nobody_in_without_the_password() {
    let place = Place::embedded().await;
    for password in [None, Some("wrong".to_owned())] {
        let mut config = place.subscription();
        if password.is_none() {
            config.broker.username = None;
        }
        config.password = password;
        let (_subscription, mut incoming) = Subscription::start(config, Arc::new(SimClock::new(MORNING, 1)));
        match timeout(PATIENCE, incoming.recv()).await.expect("in time") {
            Some(Incoming::Disconnected(error)) => {
                assert_eq!(error.code, enerlink_domain::Code::BrokerRefused, "{error}")
            }
            other => panic!("{other:?}"),
        }
    }
}

/// On the embedded broker too, a message that is not confirmed is kept for the wallet's next connection.
#[tokio::test]
async fn the_embedded_broker_keeps_what_is_not_confirmed() {
    let place = Place::embedded().await;
    let clock = Arc::new(ManualClock::new(MORNING));
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let meter = SimMeter::start(place.meter(), clock.clone());
    let first = loop {
        if let Incoming::Packet(packet) = wallet.next().await {
            break packet;
        }
    };
    let payload = first.payload.clone();
    drop(first);
    wallet.subscription.stop();
    while wallet.incoming.recv().await.is_some() {}
    meter.pause();
    let (_subscription, mut incoming) = Subscription::start(place.subscription(), clock);
    let again = async {
        loop {
            match incoming.recv().await {
                Some(Incoming::Packet(packet)) if packet.payload == payload => break,
                Some(_) => {}
                None => panic!("the subscription ended"),
            }
        }
    };
    timeout(PATIENCE, again).await.expect("the message again");
}

#[tokio::test]
async fn what_the_wallet_hears_is_what_went_through_the_meter() {
    let broker = Mosquitto::open();
    let place = Place::of(&broker);
    let clock = Arc::new(ManualClock::new(MORNING));
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let meter = SimMeter::start(place.meter(), clock.clone());
    assert_eq!(totals(&wallet.sensors().await), Totals::default());
    for _ in 0..20 {
        clock.advance(Duration::from_secs(5));
        let heard = totals(&wallet.sensors().await);
        let snapshot = meter.snapshot().await.expect("a running meter");
        assert_eq!(heard, snapshot.totals);
        assert_eq!(heard, snapshot.published);
    }
    // Between two messages energy flows that nobody has heard of yet.
    clock.advance(Duration::from_secs(4));
    let snapshot = meter.snapshot().await.expect("a running meter");
    assert!(snapshot.totals.export > snapshot.published.export);
}

#[tokio::test]
async fn a_meter_that_was_cut_off_delivers_every_reading_in_order() {
    let mut broker = Mosquitto::open();
    let place = Place::of(&broker);
    let clock = Arc::new(ManualClock::new(MORNING));
    let meter = SimMeter::start(place.meter(), clock.clone());
    connected(&meter).await;
    broker.kill();
    // One advance for all: the device catches up beat by beat.
    clock.advance(Duration::from_secs(600));
    let away = loop {
        let away = meter.snapshot().await.expect("a running meter");
        if !away.connected && away.waiting >= 120 {
            break away;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    broker.start();
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let mut uptimes = Vec::new();
    let last = loop {
        let sensors = wallet.sensors().await;
        let Some(DeviceTime::Uptime(uptime)) = sensors.device_time else {
            panic!("{sensors:?}")
        };
        uptimes.push(uptime);
        if uptime == 600_000 {
            break totals(&sensors);
        }
    };
    // The subscription may have come after the first of them.
    let expected: Vec<u32> = (0..=120)
        .map(|beat| beat * 5_000)
        .filter(|uptime| *uptime >= uptimes[0])
        .collect();
    assert_eq!(uptimes, expected);
    assert_eq!(last, away.totals);
}

#[tokio::test]
async fn a_hand_on_the_meter_makes_every_kind_of_trouble() {
    let broker = Mosquitto::open();
    let place = Place::of(&broker);
    let clock = Arc::new(ManualClock::new(MORNING));
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let meter = SimMeter::start(place.meter(), clock.clone());
    let first = wallet.sensors().await;
    clock.advance(Duration::from_secs(5));
    let second = wallet.sensors().await;
    assert_ne!(first, second);
    meter.publish_duplicate();
    assert_eq!(wallet.sensors().await, second);
    meter.publish_late();
    assert_eq!(wallet.sensors().await, first);

    meter.pause();
    done(&meter).await;
    clock.advance(Duration::from_secs(60));
    let quiet = meter.snapshot().await.expect("a running meter");
    assert_eq!((quiet.readings, quiet.published), (2, totals(&second)));
    meter.resume();
    assert_eq!(totals(&wallet.sensors().await), quiet.totals);

    meter.reboot();
    done(&meter).await;
    clock.advance(Duration::from_secs(5));
    let rebooted = wallet.sensors().await;
    assert_eq!(rebooted.device_time, Some(DeviceTime::Uptime(5_000)));
    assert!(totals(&rebooted).export > quiet.totals.export);

    meter.factory_reset();
    done(&meter).await;
    clock.advance(Duration::from_secs(5));
    let reset = wallet.sensors().await;
    let after = meter.snapshot().await.expect("a running meter").totals;
    assert!(totals(&reset).export < totals(&rebooted).export && after.export > totals(&rebooted).export);

    meter.set_solar(Some(0));
    meter.set_load(Some(3000));
    done(&meter).await;
    clock.advance(Duration::from_secs(5));
    let importing = wallet.sensors().await;
    assert_eq!(importing.import.expect("import").active, Some(true));
    meter.set_mode(GridMode::Off);
    done(&meter).await;
    clock.advance(Duration::from_secs(5));
    assert_eq!(wallet.sensors().await.import.expect("import").active, Some(false));
    meter.publish_raw(Channel::Sensors, "garbage");
    let raw = loop {
        if let Incoming::Packet(packet) = wallet.next().await {
            if packet.channel == Channel::Sensors {
                break packet;
            }
            packet.ack.confirm();
        }
    };
    assert_eq!(raw.payload, b"garbage");
}

#[tokio::test]
async fn firmware_that_does_not_answer_still_obeys() {
    let broker = Mosquitto::open();
    let place = Place::of(&broker);
    let clock = Arc::new(ManualClock::new(MORNING));
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let mut config = place.meter();
    config.home.answers = false;
    let meter = SimMeter::start(config, clock.clone());
    connected(&meter).await;
    wallet.command("g-1", &DeviceCommand::Grid(GridMode::Off)).await;
    loop {
        match wallet.message().await {
            Message::Response(response) => panic!("{response:?}"),
            Message::Status(status) if status.grid_mode == Some(GridMode::Off) => break,
            _ => {}
        }
    }
    // A new interval holds from the last beat on.
    let quick = DeviceCommand::Intervals {
        sensor: Some(Duration::from_secs(1)),
        heartbeat: None,
    };
    wallet.command("i-1", &quick).await;
    wallet.status().await;
    let before = meter.snapshot().await.expect("a running meter").readings;
    clock.advance(Duration::from_secs(10));
    let after = meter.snapshot().await.expect("a running meter").readings;
    assert_eq!(after - before, 10);
}

#[tokio::test]
async fn a_meter_without_a_broker_counts_on_unheard() {
    for url in ["http://127.0.0.1", "mqtts://127.0.0.1"] {
        let place = Place {
            url: url.to_owned(),
            username: None,
            password: None,
        };
        let clock = Arc::new(ManualClock::new(MORNING));
        let meter = SimMeter::start(place.meter(), clock.clone());
        clock.advance(Duration::from_secs(60));
        let snapshot = meter.snapshot().await.expect("a running meter");
        assert!(!snapshot.connected && snapshot.totals.export > MicroWh(0));
        assert_eq!(meter.published_totals(), snapshot.totals);
    }
}
