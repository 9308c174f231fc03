//! Connections that end, never come about, or die in silence.

use std::time::{Duration, Instant};

use enerlink_domain::Code;
use enerlink_meter::PublishError;
use tokio::{
    io::AsyncWriteExt,
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::{
    mosquitto::{Mosquitto, free_port},
    support::{BASE, Reader, accept, config, route, skip_packet},
};

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
        waited > Duration::from_millis(2500) && waited < Duration::from_millis(4500),
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

/// Forwards to a broker, and can leave its connections hanging: open, and dead.
struct Wire {
    port: u16,
    /// Connections of an earlier number are dead.
    age: watch::Sender<u64>,
}

impl Wire {
    async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (age, ages) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", broker)).await.expect("a broker");
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(forward(near_in, far_out, ages.clone()));
                tokio::spawn(forward(far_in, near_out, ages.clone()));
            }
        });
        Self { port, age }
    }

    fn cut(&self) {
        self.age.send_modify(|age| *age += 1);
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut ages: watch::Receiver<u64>) {
    let born = *ages.borrow();
    let died = async { ages.wait_for(|age| *age != born).await.is_ok() };
    tokio::select! {
        _ = tokio::io::copy(&mut from, &mut to) => return,
        _ = died => {}
    }
    // Neither side is told.
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_dead_wire_is_noticed_and_the_session_goes_on_without_a_double() {
    let broker = Mosquitto::open();
    let wire = Wire::to(broker.port).await;
    let mut quick = config(wire.port);
    quick.keep_alive = Duration::from_secs(2);
    let mut reader = Reader::start(quick);
    reader.until_connected().await;
    broker
        .publish("home/energy-monitor/sensors", false, "before")
        .await;
    let before = reader.packet().await;
    assert_eq!(before.payload, b"before");
    before.ack.confirm();
    // The acknowledgement reaches the broker before the wire dies.
    tokio::time::sleep(Duration::from_millis(200)).await;

    wire.cut();
    let since = Instant::now();
    broker
        .publish("home/energy-monitor/sensors", false, "meanwhile")
        .await;
    let error = reader.error().await;
    assert!(error.message.contains("does not answer any more"), "{error}");
    assert!(
        since.elapsed() < Duration::from_millis(4500),
        "{:?}",
        since.elapsed()
    );

    let meanwhile = reader.packet().await;
    assert_eq!(meanwhile.payload, b"meanwhile");
    meanwhile.ack.confirm();
    broker
        .publish("home/energy-monitor/sensors", false, "after")
        .await;
    let after = reader.packet().await;
    assert_eq!(after.payload, b"after");
    after.ack.confirm();
    reader.silence().await;
    assert_eq!(reader.subscription.reconnects(), 1);
    assert!(
        broker.log().contains("already connected, closing old connection"),
        "{}",
        broker.log()
    );
}
