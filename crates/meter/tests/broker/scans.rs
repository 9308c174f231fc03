//! What a scan finds before a meter is added.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use enerlink_domain::{BrokerAddress, Code};
use enerlink_meter::{Channel, Heard, ScanConfig, scan};

use crate::{
    mosquitto::{Mosquitto, free_port},
    shipped::{BASE, OTHER, Shipped},
    support::{PATIENCE, SystemClock},
};

fn config(port: u16, base: Option<&str>, patience: Duration) -> ScanConfig {
    ScanConfig {
        broker: BrokerAddress::parse(&format!("mqtt://127.0.0.1:{port}")).expect("a url"),
        password: None,
        ca_pem: None,
        client_cert_pem: None,
        client_key_pem: None,
        base_topic: base.map(str::to_owned),
        patience,
    }
}

fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock)
}

/// Waits until the scan has been let in and has had time to subscribe.
async fn listening(broker: &Mosquitto) {
    let deadline = Instant::now() + PATIENCE;
    while !broker.log().contains("as enerlink-scan") {
        assert!(Instant::now() < deadline, "{}", broker.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
}

fn names(heard: &[Heard]) -> Vec<&str> {
    heard.iter().map(|heard| heard.base_topic.as_str()).collect()
}

#[tokio::test]
async fn every_meter_of_a_broker_is_found_with_what_it_said() {
    let broker = Mosquitto::open();
    broker.publish("old/house/sensors", true, "kept").await;
    broker
        .publish("old/house/command", true, r#"{"grid":"off"}"#)
        .await;
    let scanning = tokio::spawn(scan(config(broker.port, None, Duration::from_secs(4)), clock()));
    listening(&broker).await;
    for (topic, payload) in [
        ("home/energy-monitor/sensors", "1"),
        ("home/energy-monitor/sensors", "2"),
        ("home/energy-monitor/status", "3"),
        ("plant/METER-001/data", "4"),
        ("plant/METER-001/command/METER-001", "not kept"),
        ("television/volume", "5"),
    ] {
        broker.publish(topic, false, payload).await;
    }
    let scan = scanning.await.expect("no panic").expect("a broker");
    assert_eq!(
        names(&scan.heard),
        ["home/energy-monitor", "old/house", "plant/METER-001"]
    );
    assert_eq!(scan.others, 1);
    let [home, old, plant] = scan.heard.as_slice() else {
        panic!("{scan:?}");
    };
    let said: Vec<(Channel, &[u8], bool)> = home
        .packets
        .iter()
        .map(|packet| (packet.channel, packet.payload.as_slice(), packet.retained))
        .collect();
    assert_eq!(
        said,
        [
            (Channel::Sensors, b"1".as_slice(), false),
            (Channel::Sensors, b"2".as_slice(), false),
            (Channel::Status, b"3".as_slice(), false),
        ]
    );
    assert_eq!((home.messages, home.retained_command), (3, false));
    assert!(old.packets[0].retained && old.retained_command);
    assert_eq!(
        (plant.packets[0].channel, plant.retained_command),
        (Channel::Data, false)
    );
    // It has left nothing behind on the broker.
    assert!(!broker.log().contains("protocol error"), "{}", broker.log());
}

#[tokio::test]
async fn one_meter_is_waited_for_until_it_is_understood_and_no_longer() {
    let broker = Mosquitto::open();
    broker.publish("home/energy-monitor/status", true, "{}").await;
    let since = Instant::now();
    let base = Some("home/energy-monitor");
    let scanning = tokio::spawn(scan(config(broker.port, base, Duration::from_secs(15)), clock()));
    while !scanning.is_finished() {
        broker.publish("home/energy-monitor/sensors", false, "{}").await;
        broker.publish("another/sensors", false, "{}").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let scan = scanning.await.expect("no panic").expect("a broker");
    assert_eq!(names(&scan.heard), ["home/energy-monitor"]);
    assert!(since.elapsed() >= Duration::from_secs(3) && since.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn on_the_documented_broker_a_household_finds_its_own_meters_only() {
    let shipped = Shipped::start();
    let wallet = shipped.wallet("anna", BASE);
    let config = ScanConfig {
        broker: wallet.broker,
        password: wallet.password,
        ca_pem: wallet.ca_pem,
        ..config(0, None, Duration::from_secs(4))
    };
    let mut wrong = config.clone();
    wrong.password = Some("guessed".to_owned());
    assert_eq!(
        scan(wrong, clock()).await.expect_err("refused").code,
        Code::BrokerRefused
    );
    let mut unknown = config.clone();
    unknown.ca_pem = Some(shipped.file("anna.crt"));
    let error = scan(unknown, clock()).await.expect_err("not trusted");
    assert_eq!(error.code, Code::BrokerUnreachable, "{error}");

    let scanning = tokio::spawn(scan(config, clock()));
    listening(&shipped.broker).await;
    shipped
        .publish("METER-001", &Channel::Sensors.topic(BASE), "{}")
        .await;
    shipped
        .publish("METER-002", &Channel::Sensors.topic(OTHER), "{}")
        .await;
    let scan = scanning.await.expect("no panic").expect("a broker");
    assert_eq!(names(&scan.heard), [BASE]);
}

#[tokio::test]
async fn a_scan_without_a_broker_says_so_and_a_silent_broker_is_no_error() {
    let patience = Duration::from_secs(1);
    let error = scan(config(free_port(), None, patience), clock()).await;
    assert_eq!(error.expect_err("nobody listens").code, Code::BrokerUnreachable);
    let error = scan(config(1, Some("home/+"), patience), clock()).await;
    assert_eq!(error.expect_err("no base topic").code, Code::InvalidInput);
    // Somebody listens and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let error = scan(config(port, None, patience), clock()).await;
    assert_eq!(error.expect_err("no answer").code, Code::BrokerUnreachable);

    let broker = Mosquitto::open();
    let scan = scan(config(broker.port, None, patience), clock())
        .await
        .expect("a broker");
    assert!(scan.heard.is_empty() && scan.others == 0);
}
