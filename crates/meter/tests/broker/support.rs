//! A subscription under test with its reader, and a broker that is only a script.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use enerlink_domain::{BrokerAddress, Clock, Error, UnixMillis, clock::BoxFuture};
use enerlink_meter::{Incoming, Packet, Route, Subscription, SubscriptionConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

pub(crate) const BASE: &str = "home/energy-monitor";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct SystemClock;

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

pub(crate) fn config(port: u16) -> SubscriptionConfig {
    let broker = BrokerAddress::parse(&format!("mqtt://127.0.0.1:{port}")).expect("a url");
    SubscriptionConfig::new(broker, "enerlink-test", vec![BASE.to_owned()])
}

pub(crate) fn route(base: &str) -> Route {
    Route {
        base_topic: base.to_owned(),
        meter_id: None,
    }
}

/// A subscription under test with its receiver.
pub(crate) struct Reader {
    pub(crate) subscription: Subscription,
    pub(crate) incoming: mpsc::Receiver<Incoming>,
}

impl Reader {
    pub(crate) fn start(config: SubscriptionConfig) -> Self {
        let (subscription, incoming) = Subscription::start(config, Arc::new(SystemClock));
        Self {
            subscription,
            incoming,
        }
    }

    pub(crate) async fn connected(port: u16) -> Self {
        let mut reader = Self::start(config(port));
        reader.until_connected().await;
        reader
    }

    pub(crate) async fn next(&mut self) -> Incoming {
        let next = timeout(PATIENCE, self.incoming.recv())
            .await
            .expect("news in time");
        next.expect("a running subscription")
    }

    pub(crate) async fn until_connected(&mut self) {
        while !matches!(self.next().await, Incoming::Connected) {}
    }

    pub(crate) async fn packet(&mut self) -> Packet {
        loop {
            match self.next().await {
                Incoming::Packet(packet) => return packet,
                Incoming::Connected => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn error(&mut self) -> Error {
        loop {
            if let Incoming::Disconnected(error) = self.next().await {
                return error;
            }
        }
    }

    /// Nothing more arrives for a while.
    pub(crate) async fn silence(&mut self) {
        let next = timeout(Duration::from_millis(400), self.incoming.recv()).await;
        assert!(next.is_err(), "unexpected {next:?}");
    }

    /// Stops and waits for the goodbye; messages on the way are dropped unconfirmed.
    pub(crate) async fn stop(mut self) {
        self.subscription.stop();
        timeout(PATIENCE, async { while self.incoming.recv().await.is_some() {} })
            .await
            .expect("an end in time");
    }
}

/// Reads one MQTT packet whose length fits one byte or two, and drops it.
pub(crate) async fn skip_packet(stream: &mut TcpStream) -> u8 {
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
pub(crate) async fn accept(listener: &TcpListener, codes: [u8; 7]) -> TcpStream {
    let (mut stream, _) = listener.accept().await.expect("a client");
    skip_packet(&mut stream).await;
    stream.write_all(&[0x20, 2, 0, 0]).await.expect("a client");
    skip_packet(&mut stream).await;
    let mut answer = vec![0x90, 9, 0, 1];
    answer.extend(codes);
    stream.write_all(&answer).await.expect("a client");
    stream
}
