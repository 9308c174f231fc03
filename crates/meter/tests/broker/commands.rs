//! Commands on their way, and commands that the broker keeps.

use std::time::Duration;

use enerlink_meter::{Incoming, PublishError, Route};
use rumqttc::{Event, QoS};
use tokio::time::timeout;

use crate::{
    mosquitto::Mosquitto,
    support::{BASE, Reader, config, route},
};

#[tokio::test]
async fn commands_arrive_and_are_never_retained() {
    let broker = Mosquitto::open();
    let reader = Reader::connected(broker.port).await;
    let (client, mut meter) = broker.client("meter");
    client
        .subscribe("home/energy-monitor/command", QoS::AtLeastOnce)
        .await
        .expect("room");
    loop {
        match meter.poll().await.expect("a broker") {
            Event::Incoming(rumqttc::Packet::SubAck(_)) => {
                let sent = reader
                    .subscription
                    .publish(&route(BASE), r#"{"grid":"off"}"#)
                    .await;
                assert_eq!(sent, Ok(()));
            }
            Event::Incoming(rumqttc::Packet::Publish(publish)) => {
                assert_eq!(publish.payload.as_ref(), br#"{"grid":"off"}"#);
                assert_eq!(publish.qos, QoS::AtLeastOnce);
                break;
            }
            _ => {}
        }
    }
    // A late subscriber would be given a retained one.
    let (late, mut events) = broker.client("late");
    late.subscribe("home/energy-monitor/command", QoS::AtLeastOnce)
        .await
        .expect("room");
    let kept = timeout(Duration::from_millis(400), async {
        while !matches!(
            events.poll().await.expect("a broker"),
            Event::Incoming(rumqttc::Packet::Publish(_))
        ) {}
    });
    assert!(kept.await.is_err(), "the command was retained");

    let subscription = reader.subscription.clone();
    assert_eq!(
        subscription.publish(&route("home/+"), "{}").await,
        Err(PublishError::Topic)
    );
    assert_eq!(
        subscription.publish(&route(BASE), &"x".repeat(5000)).await,
        Err(PublishError::TooLong)
    );
    reader.stop().await;
    assert_eq!(
        subscription.publish(&route(BASE), "{}").await,
        Err(PublishError::Stopped)
    );
}

#[tokio::test]
async fn newer_firmware_is_sent_its_commands_exactly_once_and_unretained() {
    let broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    let (client, mut meter) = broker.client("meter");
    let topic = "home/energy-monitor/command/METER-001";
    client.subscribe(topic, QoS::ExactlyOnce).await.expect("room");
    let newer = Route {
        meter_id: "METER-001".parse().ok(),
        ..route(BASE)
    };
    loop {
        match meter.poll().await.expect("a broker") {
            Event::Incoming(rumqttc::Packet::SubAck(_)) => {
                let sent = reader.subscription.publish(&newer, r#"{"grid":"off"}"#).await;
                assert_eq!(sent, Ok(()));
            }
            Event::Incoming(rumqttc::Packet::Publish(publish)) => {
                assert_eq!((publish.topic.as_str(), publish.qos), (topic, QoS::ExactlyOnce));
                assert!(!publish.retain);
                break;
            }
            _ => {}
        }
    }
    // Own commands come back from the broker and are nobody's news.
    reader.silence().await;
    reader.stop().await;
    Reader::connected(broker.port).await.silence().await;
}

async fn retained(reader: &mut Reader) -> (String, String, Vec<u8>) {
    loop {
        match reader.next().await {
            Incoming::RetainedCommand {
                base_topic,
                topic,
                payload,
            } => return (base_topic, topic, payload),
            Incoming::Connected => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_command_that_lies_on_the_broker_is_told_until_it_is_taken_away() {
    let broker = Mosquitto::open();
    for topic in [
        "home/energy-monitor/command",
        "home/energy-monitor/command/METER-001",
    ] {
        let found = |payload: &[u8]| (BASE.to_owned(), topic.to_owned(), payload.to_vec());
        broker.publish(topic, true, r#"{"grid":"off"}"#).await;
        for _ in 0..2 {
            let mut reader = Reader::start(config(broker.port));
            assert_eq!(retained(&mut reader).await, found(br#"{"grid":"off"}"#));
            reader.stop().await;
        }
        let mut reader = Reader::start(config(broker.port));
        assert_eq!(retained(&mut reader).await, found(br#"{"grid":"off"}"#));
        broker.publish(topic, true, "").await;
        assert_eq!(retained(&mut reader).await, found(b""));
        reader.stop().await;
        Reader::connected(broker.port).await.silence().await;
    }
    // One that is on its way while this side listens is somebody's command, not a kept one.
    let mut reader = Reader::connected(broker.port).await;
    broker.publish("home/energy-monitor/command", false, "{}").await;
    reader.silence().await;
    reader.stop().await;

    // Nor do commands of others pile up for a wallet that is off.
    broker.publish("home/energy-monitor/command", false, "{}").await;
    let mut reader = Reader::connected(broker.port).await;
    let news = timeout(Duration::from_millis(400), reader.incoming.recv()).await;
    assert!(news.is_err(), "{news:?}");
}
