//! Who may come in and what they may say and hear, on the broker that is documented for users.

use std::time::Duration;

use enerlink_domain::{Code, reading::Units};
use enerlink_meter::{Channel, Incoming, Message, Route, decode};
use rumqttc::{Event, Packet, QoS};
use tokio::time::timeout;

use crate::{
    shipped::{BASE, OTHER, Shipped},
    support::Reader,
};

/// A sensors message that would be worth money.
const SENSORS: &str =
    r#"{"meterId":"METER-001","export":{"total_energy_wh":1.5},"import":{"total_energy_wh":0}}"#;
/// Long enough for a message that was let through to arrive.
const A_WHILE: Duration = Duration::from_millis(600);

fn route(base: &str, meter: Option<&str>) -> Route {
    Route {
        base_topic: base.to_owned(),
        meter_id: meter.map(|id| id.parse().expect("an id")),
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_refusal_and_a_right_one_is_not() {
    let shipped = Shipped::start();
    let mut wrong = shipped.wallet("anna", BASE);
    wrong.password = Some("somebody else".to_owned());
    let mut nobody = shipped.wallet("anna", BASE);
    (nobody.broker.username, nobody.password) = (None, None);
    for config in [wrong, nobody] {
        let mut reader = Reader::start(config);
        let error = reader.error().await;
        assert_eq!(error.code, Code::BrokerRefused);
        assert!(
            error
                .message
                .contains(&format!("127.0.0.1:{}", shipped.broker.port)),
            "{error}"
        );
        assert!(!error.message.contains("somebody else"), "{error}");
        reader.stop().await;
    }
    Reader::start(shipped.wallet("anna", BASE))
        .until_connected()
        .await;
}

#[tokio::test]
async fn a_meter_is_heard_by_its_own_household_with_password_and_with_certificate() {
    let shipped = Shipped::start();
    for config in [shipped.wallet("anna", BASE), shipped.certified_wallet()] {
        let mut reader = Reader::start(config);
        reader.until_connected().await;
        for channel in Channel::ALL {
            shipped.publish("METER-001", &channel.topic(BASE), "{}").await;
            let packet = reader.packet().await;
            assert_eq!((packet.base_topic.as_str(), packet.channel), (BASE, channel));
            packet.ack.confirm();
        }
        reader.stop().await;
    }
}

#[tokio::test]
async fn another_household_is_subscribed_and_hears_nothing() {
    let shipped = Shipped::start();
    let mut stranger = Reader::start(shipped.wallet("budi", BASE));
    // The broker grants what it will never deliver: only the silence tells.
    stranger.until_connected().await;
    shipped
        .publish("METER-001", &Channel::Sensors.topic(BASE), SENSORS)
        .await;
    let heard = timeout(A_WHILE, stranger.incoming.recv()).await;
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test]
async fn a_denied_publish_looks_fine_and_nobody_hears_it() {
    let shipped = Shipped::start();
    let mut wallet = Reader::start(shipped.wallet("anna", BASE));
    wallet.until_connected().await;
    let (client, mut meter) = shipped.client("METER-002");
    for topic in [
        "enerlink/METER-002/command",
        "enerlink/METER-002/command/METER-002",
    ] {
        client.subscribe(topic, QoS::ExactlyOnce).await.expect("room");
    }
    let mut granted = 0;
    while granted < 2 {
        if let Event::Incoming(Packet::SubAck(_)) = meter.poll().await.expect("a broker") {
            granted += 1;
        }
    }
    // Both ways to somebody else's meter: taken by the broker, never carried out.
    for route in [route(OTHER, None), route(OTHER, Some("METER-002"))] {
        let sent = wallet.subscription.publish(&route, r#"{"grid":"off"}"#).await;
        assert_eq!(sent, Ok(()));
    }
    let heard = timeout(A_WHILE, async {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = meter.poll().await.expect("a broker") {
                return publish;
            }
        }
    });
    assert!(heard.await.is_err(), "somebody else's command arrived");
    // The connection is fine, and the own meter can be reached on it.
    let (client, mut meter) = shipped.client("METER-001");
    client
        .subscribe("enerlink/METER-001/command", QoS::AtLeastOnce)
        .await
        .expect("room");
    loop {
        match meter.poll().await.expect("a broker") {
            Event::Incoming(Packet::SubAck(_)) => {
                let sent = wallet.subscription.publish(&route(BASE, None), "{}").await;
                assert_eq!(sent, Ok(()));
            }
            Event::Incoming(Packet::Publish(publish)) => {
                assert_eq!(publish.topic, "enerlink/METER-001/command");
                break;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn nobody_but_the_meter_speaks_in_its_name() {
    let shipped = Shipped::start();
    let mut wallet = Reader::start(shipped.wallet("anna", BASE));
    wallet.until_connected().await;
    for forger in ["METER-002", "anna", "budi"] {
        for channel in Channel::ALL {
            shipped.publish(forger, &channel.topic(BASE), SENSORS).await;
        }
    }
    let heard = timeout(A_WHILE, wallet.incoming.recv()).await;
    assert!(heard.is_err(), "{heard:?}");

    shipped
        .publish("METER-001", &Channel::Sensors.topic(BASE), SENSORS)
        .await;
    let packet = wallet.packet().await;
    let message = decode(packet.channel, &packet.payload, Units::Milli).expect("a good message");
    assert!(matches!(message, Message::Sensors(_)));
    packet.ack.confirm();
    assert!(!matches!(wallet.incoming.try_recv(), Ok(Incoming::Packet(_))));
}
