//! Simulated meters on real brokers, heard and commanded as the wallet does it.

#[path = "../../meter/tests/support/mosquitto.rs"]
#[allow(dead_code, reason = "these tests need half of it")]
mod mosquitto;
#[path = "support/wallet.rs"]
mod wallet;

use std::{sync::Arc, time::Duration};

use enerlink_domain::{
    MeterCommand, MicroWh, Sensors,
    device::PayloadFamily,
    reading::{DeviceTime, GridMode},
};
use enerlink_meter::{Channel, Incoming, Message, Subscription};
use enerlink_sim::{
    clock::{ManualClock, SimClock},
    home::{Manners, SimMeter, Totals},
};
use mosquitto::Mosquitto;
use tokio::time::timeout;
use wallet::{MORNING, PATIENCE, Place, Wallet};

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

    wallet.command("r-1", &MeterCommand::ResetSettlement).await;
    let response = wallet.response().await;
    assert_eq!((response.correlation_id.as_str(), response.ok), ("r-1", true));
    let before = response.export_before_reset.expect("the counters");
    assert!(before >= last.export, "{before:?} {last:?}");
    let sensors = wallet.sensors().await;
    let export = sensors.export.expect("export");
    assert!(export.total_energy.expect("total") >= before);
    assert!(export.settlement_energy.expect("settlement") < before);

    wallet
        .command("g-1", &MeterCommand::Grid { mode: GridMode::Off })
        .await;
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
    wallet
        .command("g-1", &MeterCommand::Grid { mode: GridMode::Off })
        .await;
    loop {
        match wallet.message().await {
            Message::Response(response) => panic!("{response:?}"),
            Message::Status(status) if status.grid_mode == Some(GridMode::Off) => break,
            _ => {}
        }
    }
    // A new interval holds from the last beat on.
    let quick = MeterCommand::Intervals {
        sensor_ms: Some(1000),
        heartbeat_ms: None,
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

#[tokio::test]
async fn newer_firmware_speaks_in_envelopes_and_takes_its_own_commands_only() {
    let broker = Mosquitto::open();
    let place = Place::of(&broker);
    let clock = Arc::new(ManualClock::new(MORNING));
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let mut config = place.meter();
    config.home.family = PayloadFamily::Envelope;
    let meter = SimMeter::start(config, clock.clone());
    connected(&meter).await;
    let sensors = wallet.sensors().await;
    assert_eq!(sensors.family, Some(PayloadFamily::Envelope));
    assert_eq!(sensors.meter_id, "METER-001".parse().ok());

    let off = MeterCommand::Grid { mode: GridMode::Off };
    wallet.addressed = "METER-002".parse().ok();
    wallet.command("other", &off).await;
    wallet.addressed = "METER-001".parse().ok();
    let import = MeterCommand::Grid {
        mode: GridMode::Import,
    };
    wallet.command("own", &import).await;
    let response = wallet.response().await;
    assert_eq!((response.correlation_id.as_str(), response.ok), ("own", true));
    assert_eq!(
        meter.snapshot().await.expect("a running meter").mode,
        GridMode::Import
    );
}

#[tokio::test]
async fn a_meter_refuses_or_ignores_when_it_is_told_to() {
    let broker = Mosquitto::open();
    let place = Place::of(&broker);
    let clock = Arc::new(ManualClock::new(MORNING));
    let mut wallet = Wallet::connected(&place, clock.clone()).await;
    let meter = SimMeter::start(place.meter(), clock.clone());
    connected(&meter).await;
    let off = MeterCommand::Grid { mode: GridMode::Off };
    meter.set_manners(Manners::Deaf);
    meter.snapshot().await.expect("a running meter");
    wallet.command("unheard", &off).await;
    meter.set_manners(Manners::Refuses);
    // The deaf one may have heard it before or after; either way nothing is switched.
    wallet.command("refused", &off).await;
    let response = loop {
        let response = wallet.response().await;
        if response.correlation_id == "refused" {
            break response;
        }
    };
    assert_eq!((response.ok, response.error.as_deref()), (false, Some("refused")));
    assert_eq!(
        meter.snapshot().await.expect("a running meter").mode,
        GridMode::Export
    );
    meter.set_manners(Manners::Answers);
    meter.snapshot().await.expect("a running meter");
    wallet.command("obeyed", &off).await;
    assert!(wallet.response().await.ok);
}
