//! A broker with the way in, and the wallet's end of it.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{
    BrokerAddress, Clock, MeterCommand, MeterId, Sensors, UnixMillis,
    reading::{Response, StatusSnapshot, Units},
};
use enerlink_meter::{Incoming, Message, Route, Subscription, SubscriptionConfig, decode, encode};
use enerlink_sim::{
    broker::Broker,
    home::{HomeConfig, SimMeterConfig},
};
use tokio::{sync::mpsc, time::timeout};

use crate::mosquitto::Mosquitto;

/// 2025-11-02T09:00:00Z.
pub(crate) const MORNING: UnixMillis = UnixMillis(1_762_074_000_000);
pub(crate) const BASE: &str = "home/energy-monitor";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A broker's address with the way in.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
}

impl Place {
    pub(crate) async fn embedded() -> Self {
        let broker = Broker::start().await.expect("an embedded broker");
        Self {
            url: broker.url().to_owned(),
            username: Some(broker.username().to_owned()),
            password: Some(broker.password().to_owned()),
        }
    }

    pub(crate) fn of(broker: &Mosquitto) -> Self {
        Self {
            url: format!("mqtt://127.0.0.1:{}", broker.port),
            username: None,
            password: None,
        }
    }

    pub(crate) fn meter(&self) -> SimMeterConfig {
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

    pub(crate) fn subscription(&self) -> SubscriptionConfig {
        let mut broker = BrokerAddress::parse(&self.url).expect("a url");
        broker.username = self.username.clone();
        let mut config = SubscriptionConfig::new(broker, "wallet", vec![BASE.to_owned()]);
        config.password = self.password.clone();
        config
    }
}

/// The wallet's end.
pub(crate) struct Wallet {
    pub(crate) subscription: Subscription,
    pub(crate) incoming: mpsc::Receiver<Incoming>,
    /// The meter that commands are addressed to, for newer firmware.
    pub(crate) addressed: Option<MeterId>,
}

impl Wallet {
    pub(crate) async fn connected(place: &Place, clock: Arc<dyn Clock>) -> Self {
        let (subscription, incoming) = Subscription::start(place.subscription(), clock);
        let mut wallet = Self {
            subscription,
            incoming,
            addressed: None,
        };
        while !matches!(wallet.next().await, Incoming::Connected) {}
        wallet
    }

    pub(crate) async fn next(&mut self) -> Incoming {
        let next = timeout(PATIENCE, self.incoming.recv())
            .await
            .expect("news in time");
        next.expect("a running subscription")
    }

    /// The next message of any channel, confirmed.
    pub(crate) async fn message(&mut self) -> Message {
        loop {
            if let Incoming::Packet(packet) = self.next().await {
                let message = decode(packet.channel, &packet.payload, Units::Milli).expect("a good message");
                assert!(!packet.retained);
                packet.ack.confirm();
                return message;
            }
        }
    }

    pub(crate) async fn sensors(&mut self) -> Sensors {
        loop {
            if let Message::Sensors(sensors) = self.message().await {
                return sensors;
            }
        }
    }

    pub(crate) async fn status(&mut self) -> StatusSnapshot {
        loop {
            if let Message::Status(status) = self.message().await {
                return status;
            }
        }
    }

    pub(crate) async fn response(&mut self) -> Response {
        loop {
            if let Message::Response(response) = self.message().await {
                return response;
            }
        }
    }

    pub(crate) async fn command(&self, id: &str, command: &MeterCommand) {
        let route = Route {
            base_topic: BASE.to_owned(),
            meter_id: self.addressed.clone(),
        };
        let sent = self
            .subscription
            .publish(&route, &encode(command, id, MORNING))
            .await;
        assert_eq!(sent, Ok(()));
    }
}
