//! The subscription against a real mosquitto, and against brokers that misbehave.

#[path = "support/mosquitto.rs"]
mod mosquitto;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use enerlink_domain::{BrokerAddress, Clock, Code, Error, UnixMillis, clock::BoxFuture, reading::Units};
use enerlink_meter::{
    Channel, Incoming, Packet, PublishError, Route, Subscription, SubscriptionConfig, decode,
};
use mosquitto::{Mosquitto, free_port};
use rumqttc::{Event, QoS};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

const BASE: &str = "home/energy-monitor";
const PATIENCE: Duration = Duration::from_secs(20);

struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> UnixMillis {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        UnixMillis(elapsed.as_millis() as i64)
    }

    fn monotonic(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let wait = deadline.saturating_sub(self.monotonic());
        Box::pin(tokio::time::sleep(wait))
    }
}

fn config(port: u16) -> SubscriptionConfig {
    let broker = BrokerAddress::parse(&format!("mqtt://127.0.0.1:{port}")).expect("a url");
    SubscriptionConfig::new(broker, "enerlink-test", vec![BASE.to_owned()])
}

fn route(base: &str) -> Route {
    Route {
        base_topic: base.to_owned(),
        meter_id: None,
    }
}

/// A subscription under test with its receiver.
struct Reader {
    subscription: Subscription,
    incoming: mpsc::Receiver<Incoming>,
}

impl Reader {
    fn start(config: SubscriptionConfig) -> Self {
        let (subscription, incoming) = Subscription::start(config, Arc::new(SystemClock));
        Self {
            subscription,
            incoming,
        }
    }

    async fn connected(port: u16) -> Self {
        let mut reader = Self::start(config(port));
        reader.until_connected().await;
        reader
    }

    async fn next(&mut self) -> Incoming {
        let next = timeout(PATIENCE, self.incoming.recv())
            .await
            .expect("news in time");
        next.expect("a running subscription")
    }

    async fn until_connected(&mut self) {
        while !matches!(self.next().await, Incoming::Connected) {}
    }

    async fn packet(&mut self) -> Packet {
        loop {
            match self.next().await {
                Incoming::Packet(packet) => return packet,
                Incoming::Connected => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn error(&mut self) -> Error {
        loop {
            if let Incoming::Disconnected(error) = self.next().await {
                return error;
            }
        }
    }

    /// Nothing more arrives for a while.
    async fn silence(&mut self) {
        let next = timeout(Duration::from_millis(400), self.incoming.recv()).await;
        assert!(next.is_err(), "unexpected {next:?}");
    }

    /// Stops and waits for the goodbye; messages on the way are dropped unconfirmed.
    async fn stop(mut self) {
        self.subscription.stop();
        timeout(PATIENCE, async { while self.incoming.recv().await.is_some() {} })
            .await
            .expect("an end in time");
    }
}

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
async fn a_killed_broker_is_found_again_and_subscribed_anew() {
    let mut broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    for round in 0..3 {
        broker.kill();
        let error = reader.error().await;
        assert_eq!(error.code, Code::BrokerUnreachable);
        assert!(
            error.message.contains(&format!("127.0.0.1:{}", broker.port)),
            "{error}"
        );
        let refused = reader.subscription.publish(&route(BASE), "{}").await;
        assert_eq!(refused, Err(PublishError::NotConnected));
        broker.start();
        reader.until_connected().await;
        broker
            .publish("home/energy-monitor/status", false, format!("{round}"))
            .await;
        let packet = reader.packet().await;
        assert_eq!(packet.payload, format!("{round}").into_bytes());
        packet.ack.confirm();
    }
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
async fn a_wrong_password_is_a_refusal_and_a_right_one_is_not() {
    let broker = Mosquitto::with("allow_anonymous false\npassword_file {dir}/users\n", |dir| {
        let users = dir.join("users");
        let made = std::process::Command::new("mosquitto_passwd")
            .args(["-b", "-c"])
            .arg(&users)
            .args(["home", "right"])
            .status();
        assert!(made.expect("mosquitto_passwd comes with mosquitto").success());
    });
    let with = |password: &str| {
        let mut config = config(broker.port);
        config.broker.username = Some("home".to_owned());
        config.password = Some(password.to_owned());
        config
    };
    let mut reader = Reader::start(with("wrong"));
    let error = reader.error().await;
    assert_eq!(error.code, Code::BrokerRefused);
    assert!(
        error.message.contains(&format!("127.0.0.1:{}", broker.port)),
        "{error}"
    );
    assert!(!error.message.contains("wrong\""), "{error}");
    reader.stop().await;
    Reader::start(with("right")).until_connected().await;
}

#[tokio::test]
async fn a_missing_broker_is_unreachable() {
    let port = free_port();
    let mut reader = Reader::start(config(port));
    for _ in 0..3 {
        let error = reader.error().await;
        assert_eq!(error.code, Code::BrokerUnreachable);
        assert!(
            error
                .message
                .starts_with(&format!("cannot reach the broker at 127.0.0.1:{port}: ")),
            "{error}"
        );
    }
    reader.stop().await;
}

#[tokio::test]
async fn an_invalid_configuration_is_told_and_ends() {
    for base in ["", "home/+", "#"] {
        let mut invalid = config(1);
        invalid.base_topics = vec![BASE.to_owned(), base.to_owned()];
        let mut reader = Reader::start(invalid);
        assert_eq!(reader.error().await.code, Code::InvalidInput);
        assert!(reader.incoming.recv().await.is_none());
    }
}

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

#[tokio::test]
async fn two_clients_with_one_id_do_not_fight_for_ever() {
    let broker = Mosquitto::open();
    let mut reader = Reader::connected(broker.port).await;
    let (_client, mut rival) = broker.client("enerlink-test");
    let fight = tokio::spawn(async move {
        loop {
            if rival.poll().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let error = loop {
        if let Incoming::TakenOver(error) = reader.next().await {
            break error;
        }
    };
    assert_eq!(error.code, Code::BrokerRefused);
    assert!(error.message.contains("enerlink-test"), "{error}");
    let quiet = timeout(Duration::from_secs(3), reader.incoming.recv()).await;
    assert!(quiet.is_err(), "it goes on fighting: {quiet:?}");
    fight.abort();
}

/// Reads one MQTT packet whose length fits one byte or two, and drops it.
async fn skip_packet(stream: &mut TcpStream) -> u8 {
    let kind = stream.read_u8().await.expect("a packet");
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await.expect("a length");
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await.expect("a whole packet");
    kind
}

/// A broker that lets one client in and answers its subscription with `codes`.
async fn accept(listener: &TcpListener, codes: [u8; 7]) -> TcpStream {
    let (mut stream, _) = listener.accept().await.expect("a client");
    skip_packet(&mut stream).await;
    stream.write_all(&[0x20, 2, 0, 0]).await.expect("a client");
    skip_packet(&mut stream).await;
    let mut answer = vec![0x90, 9, 0, 1];
    answer.extend(codes);
    stream.write_all(&answer).await.expect("a client");
    stream
}

#[tokio::test]
async fn a_half_open_connection_is_noticed_within_one_and_a_half_keep_alives() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut quick = config(listener.local_addr().expect("bound").port());
    quick.keep_alive = Duration::from_secs(2);
    let mut reader = Reader::start(quick);
    let stream = accept(&listener, [1; 7]).await;
    reader.until_connected().await;
    let since = Instant::now();
    let error = reader.error().await;
    assert!(error.message.contains("does not answer any more"), "{error}");
    let waited = since.elapsed();
    assert!(
        waited > Duration::from_millis(2500) && waited < Duration::from_millis(3500),
        "{waited:?}"
    );
    drop(stream);
}

#[tokio::test]
async fn refused_topics_are_named_and_the_others_are_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let mut reader = Reader::start(config(port));
    let mut stream = accept(&listener, [1, 1, 1, 0x80, 1, 0x80, 0x80]).await;
    let error = reader.error().await;
    assert_eq!(error.code, Code::BrokerRefused);
    assert_eq!(
        error.message,
        format!("the broker at 127.0.0.1:{port} refuses the subscription of home/energy-monitor/status")
    );
    let topic = b"home/energy-monitor/sensors";
    let mut publish = vec![0x30, (2 + topic.len() + 2) as u8, 0, topic.len() as u8];
    publish.extend(topic);
    publish.extend(b"{}");
    stream.write_all(&publish).await.expect("a client");
    assert_eq!(reader.packet().await.payload, b"{}");
    drop(stream);
    reader.stop().await;

    // All refused: nothing could be heard, so it goes away and comes back later.
    let mut reader = Reader::start(config(port));
    let refusing = accept(&listener, [0x80; 7]).await;
    assert_eq!(reader.error().await.code, Code::BrokerRefused);
    drop(refusing);
    let _granting = accept(&listener, [1; 7]).await;
    reader.until_connected().await;
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_a_refusal() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut reader = Reader::start(config(listener.local_addr().expect("bound").port()));
    let (mut stream, _) = listener.accept().await.expect("a client");
    skip_packet(&mut stream).await;
    drop(stream);
    let error = reader.error().await;
    assert_eq!(error.code, Code::BrokerRefused, "{error}");
}

/// A certificate authority and a certificate for 127.0.0.1 in `dir`.
fn certify(dir: &std::path::Path) {
    let openssl = |arguments: &[&str]| {
        let made = std::process::Command::new("openssl")
            .current_dir(dir)
            .args(arguments)
            .output();
        let made = made.expect("the TLS test needs the program `openssl`");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let root = [
        "req",
        "-x509",
        "-subj",
        "/CN=test root",
        "-days",
        "2",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ];
    openssl(&[&root[..], &curve[..]].concat());
    let request = [
        "req",
        "-subj",
        "/CN=broker",
        "-keyout",
        "broker.key",
        "-out",
        "broker.csr",
    ];
    openssl(&[&request[..], &curve[..]].concat());
    std::fs::write(
        dir.join("names"),
        "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
    )
    .expect("a directory");
    openssl(&[
        "x509",
        "-req",
        "-in",
        "broker.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "broker.pem",
    ]);
}

#[tokio::test]
async fn tls_connects_with_the_right_authority_only() {
    let settings =
        "allow_anonymous true\ncafile {dir}/ca.pem\ncertfile {dir}/broker.pem\nkeyfile {dir}/broker.key\n";
    let mut authority = Vec::new();
    let broker = Mosquitto::with(settings, |dir| {
        certify(dir);
        authority = std::fs::read(dir.join("ca.pem")).expect("made above");
    });
    let with = |ca_pem: Option<Vec<u8>>| {
        let mut config = config(broker.port);
        config.broker.tls = true;
        config.ca_pem = ca_pem;
        config
    };
    Reader::start(with(Some(authority))).until_connected().await;

    let other = tempfile::tempdir().expect("a directory");
    certify(other.path());
    let other = std::fs::read(other.path().join("ca.pem")).expect("made above");
    let error = Reader::start(with(Some(other))).error().await;
    assert_eq!(error.code, Code::BrokerUnreachable, "{error}");
    assert!(error.message.contains("certificate"), "{error}");

    let error = Reader::start(with(Some(b"no certificate".to_vec())))
        .error()
        .await;
    assert_eq!(error.code, Code::InvalidInput, "{error}");
}
