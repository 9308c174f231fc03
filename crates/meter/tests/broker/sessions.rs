//! What a session keeps, and what an acknowledgement does.

use std::time::Duration;

use enerlink_domain::{Clock, Code, reading::Units};
use enerlink_meter::{Channel, Incoming, decode};
use rumqttc::{Event, Packet, QoS};

use crate::{
    mosquitto::Mosquitto,
    support::{BASE, Reader, SystemClock, config},
};

#[tokio::test]
async fn a_confirmed_message_is_not_delivered_again() {
    let broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    let before = SystemClock.wall();
    broker.publish("home/energy-monitor/sensors", false, "{}").await;
    let packet = reader.packet().await;
    assert_eq!(
        (packet.base_topic.as_str(), packet.channel),
        (BASE, Channel::Sensors)
    );
    assert_eq!(packet.topic, "home/energy-monitor/sensors");
    assert_eq!((packet.payload.as_slice(), packet.size), (b"{}".as_slice(), 2));
    assert_eq!((packet.retained, packet.duplicate), (false, false));
    assert!(packet.received_at >= before && packet.received_at <= SystemClock.wall());
    packet.ack.confirm();
    reader.stop().await;

    let mut again = Reader::connected(broker.port).await;
    again.silence().await;
    assert!(
        !broker.log().contains("disconnected due to protocol error"),
        "{}",
        broker.log()
    );
}

#[tokio::test]
async fn every_channel_of_every_meter_is_heard_and_told_apart() {
    let broker = Mosquitto::open();
    let mut config = config(broker.port);
    config.base_topics = vec!["a".to_owned(), "a/b".to_owned()];
    let mut reader = Reader::start(config);
    reader.until_connected().await;
    for base in ["a", "a/b"] {
        for channel in Channel::ALL {
            broker.publish(&channel.topic(base), false, "x").await;
            let packet = reader.packet().await;
            assert_eq!((packet.base_topic.as_str(), packet.channel), (base, channel));
            packet.ack.confirm();
        }
    }
    broker.publish("a/command", false, "{}").await;
    broker.publish("c/sensors", false, "{}").await;
    reader.silence().await;
}

#[tokio::test]
async fn an_unconfirmed_message_comes_again_as_a_duplicate() {
    let broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    broker.publish("home/energy-monitor/sensors", false, "once").await;
    let first = reader.packet().await;
    assert!(!first.duplicate);
    drop(first);
    reader.stop().await;

    let mut reader = Reader::start(config(broker.port));
    let second = reader.packet().await;
    assert_eq!(
        (second.payload.as_slice(), second.duplicate),
        (b"once".as_slice(), true)
    );
    second.ack.confirm();
    reader.stop().await;
    Reader::connected(broker.port).await.silence().await;
}

#[tokio::test]
async fn messages_wait_for_an_absent_reader() {
    let broker = Mosquitto::open();
    Reader::connected(broker.port).await.stop().await;
    for number in 0..30 {
        broker
            .publish("home/energy-monitor/sensors", false, format!("{number}"))
            .await;
    }
    let mut reader = Reader::start(config(broker.port));
    for number in 0..30 {
        let packet = reader.packet().await;
        assert_eq!(packet.payload, format!("{number}").into_bytes());
        packet.ack.confirm();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn an_acknowledgement_of_a_former_connection_is_void() {
    let mut broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    broker
        .publish("home/energy-monitor/sensors", false, "first")
        .await;
    let old = reader.packet().await;
    broker.shut_down();
    assert_eq!(reader.error().await.code, Code::BrokerUnreachable);
    broker.start();
    let again = loop {
        if let Incoming::Packet(packet) = reader.next().await {
            break packet;
        }
    };
    assert_eq!(
        (again.payload.as_slice(), again.duplicate),
        (b"first".as_slice(), true)
    );
    old.ack.confirm();
    tokio::time::sleep(Duration::from_millis(300)).await;
    reader.stop().await;

    // Had the old acknowledgement been sent, the broker would have forgotten the message.
    let mut reader = Reader::start(config(broker.port));
    assert_eq!(reader.packet().await.payload, b"first");
}

#[tokio::test]
async fn an_oversized_message_is_cut_and_the_next_one_arrives() {
    let broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    broker
        .publish("home/energy-monitor/sensors", false, vec![b' '; 300 * 1024])
        .await;
    broker.publish("home/energy-monitor/sensors", false, "good").await;
    let packet = reader.packet().await;
    assert_eq!(packet.size, 300 * 1024);
    let refusal = decode(packet.channel, &packet.payload, Units::Milli).expect_err("too large");
    assert_eq!(refusal.reason(), "too_large");
    packet.ack.confirm();
    let packet = reader.packet().await;
    assert_eq!(packet.payload, b"good");
    packet.ack.confirm();
}

#[tokio::test]
async fn a_monstrous_message_costs_one_reconnect_and_no_loop() {
    let broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    broker
        .publish("home/energy-monitor/sensors", false, vec![b' '; 5 << 20])
        .await;
    let error = reader.error().await;
    assert!(error.message.contains("above every limit"), "{error}");
    reader.until_connected().await;
    broker.publish("home/energy-monitor/sensors", false, "good").await;
    let packet = reader.packet().await;
    assert_eq!(packet.payload, b"good");
    packet.ack.confirm();
    reader.silence().await;
    // The session is a persistent one again.
    reader.stop().await;
    broker.publish("home/energy-monitor/sensors", false, "kept").await;
    assert_eq!(Reader::start(config(broker.port)).packet().await.payload, b"kept");
}

#[tokio::test]
async fn retained_messages_are_marked() {
    let broker = Mosquitto::open();
    broker.publish("home/energy-monitor/sensors", true, "old").await;
    let mut reader = Reader::connected(broker.port).await;
    let packet = reader.packet().await;
    assert_eq!(
        (packet.payload.as_slice(), packet.retained),
        (b"old".as_slice(), true)
    );
    packet.ack.confirm();
    broker.publish("home/energy-monitor/sensors", true, "new").await;
    let packet = reader.packet().await;
    assert_eq!(
        (packet.payload.as_slice(), packet.retained),
        (b"new".as_slice(), false)
    );
    packet.ack.confirm();
}

#[tokio::test]
async fn topics_of_removed_meters_are_given_up() {
    let broker = Mosquitto::open();
    let mut both = config(broker.port);
    both.base_topics.push("removed".to_owned());
    let mut reader = Reader::start(both.clone());
    reader.until_connected().await;
    reader.stop().await;

    broker.publish("removed/sensors", false, "1").await;
    let mut reader = Reader::connected(broker.port).await;
    reader.silence().await;
    reader.stop().await;

    // Given up on the broker, not only here: it keeps nothing for that topic any more.
    broker.publish("removed/sensors", false, "2").await;
    let mut reader = Reader::start(both);
    reader.until_connected().await;
    reader.silence().await;
    broker.publish("removed/sensors", false, "3").await;
    assert_eq!(reader.packet().await.payload, b"3");
}

#[tokio::test]
async fn a_slow_reader_loses_nothing() {
    let broker = Mosquitto::open();
    let mut slow = config(broker.port);
    slow.queue = 1;
    let mut reader = Reader::start(slow);
    reader.until_connected().await;
    let (client, mut events) = broker.client("meter");
    tokio::spawn(async move { while events.poll().await.is_ok() {} });
    for number in 0..200 {
        let payload = format!("{number}");
        client
            .publish("home/energy-monitor/sensors", QoS::AtLeastOnce, false, payload)
            .await
            .expect("room");
    }
    for number in 0..200 {
        let packet = reader.packet().await;
        assert_eq!(packet.payload, format!("{number}").into_bytes());
        if number % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        packet.ack.confirm();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn whatever_quality_a_message_was_sent_with_it_comes_again_over_restarts_of_both_until_it_is_confirmed()
{
    let mut broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    for (quality, payload) in [(QoS::AtLeastOnce, "one"), (QoS::ExactlyOnce, "two")] {
        let (client, mut events) = broker.client("meter");
        client
            .publish("home/energy-monitor/sensors", quality, false, payload)
            .await
            .expect("room");
        while !matches!(
            events.poll().await.expect("a broker"),
            Event::Incoming(Packet::PubAck(_) | Packet::PubComp(_))
        ) {}
    }
    for expected in ["one", "two"] {
        // Stored, and then the power went: the acknowledgement was never sent.
        assert_eq!(reader.packet().await.payload, expected.as_bytes());
    }
    reader.stop().await;
    broker.shut_down();
    broker.start();

    let mut reader = Reader::start(config(broker.port));
    for expected in ["one", "two"] {
        let again = reader.packet().await;
        assert_eq!(
            (again.payload.as_slice(), again.duplicate),
            (expected.as_bytes(), true)
        );
        again.ack.confirm();
    }
    reader.stop().await;
    broker.shut_down();
    broker.start();
    Reader::connected(broker.port).await.silence().await;
}
