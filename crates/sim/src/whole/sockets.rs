//! Sockets: a real broker and a node behind HTTP, each behind a proxy that cuts, delays and swallows. What was on its
//! way is decided by two kernels' buffers, so that no run is like another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use enerlink_domain::{BrokerAddress, view::BrokerDraft};
use enerlink_meter::Route;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::sync::mpsc;

use super::{
    broker::Said,
    dice::Dice,
    faults::{FaultKind, Tally},
    wire,
};
use crate::{
    broker::Broker,
    proxy::{Proxy, Trouble, Way},
};

/// Messages of a device that wait for the broker at most.
const WAITING: usize = 10_000;
const PACKET: usize = 1 << 20;

/// The network of one household, and its device's own way to the broker.
pub(super) struct Sockets {
    node: Proxy,
    broker: Proxy,
    calm: Arc<AtomicBool>,
    up: AtomicBool,
    device: AsyncClient,
    base_topic: String,
    /// User and password.
    access: (String, String),
}

impl Sockets {
    /// Calm lines to the node at `node` and to `broker`; the receiver gets the device's commands.
    pub(super) fn open(
        seed: u64,
        node: &str,
        broker: &Broker,
        speed: u32,
        rates: wire::Rates,
        dice: Dice,
        tally: &Tally,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Vec<u8>>)> {
        let address = BrokerAddress::parse(broker.url()).context("the broker's address")?;
        let base_topic = format!("world-{seed}/energy-monitor");
        let mut options = MqttOptions::new(format!("device-{seed}"), address.host, address.port);
        options.set_max_packet_size(PACKET, PACKET);
        options.set_credentials(broker.username(), broker.password());
        let (device, events) = AsyncClient::new(options, WAITING);
        let (heard, commands) = mpsc::unbounded_channel();
        let route = Route {
            base_topic: base_topic.clone(),
            meter_id: None,
        };
        tokio::spawn(obey(device.clone(), events, route.topic(), heard));
        let calm = Arc::new(AtomicBool::new(true));
        let sockets = Self {
            node: Proxy::before(node)?,
            broker: Proxy::to(address.port)?,
            calm: Arc::clone(&calm),
            up: AtomicBool::new(true),
            device,
            base_topic,
            access: (broker.username().to_owned(), broker.password().to_owned()),
        };
        let proxies = [
            (&sockets.node, FaultKind::QuestionLost),
            (&sockets.broker, FaultKind::BrokerDown),
        ];
        for (number, (proxy, lost)) in proxies.into_iter().enumerate() {
            let mut dice = dice.fork(number as u64);
            let (calm, tally) = (Arc::clone(&calm), tally.clone());
            proxy.trouble(move |way, _| match calm.load(Ordering::Relaxed) {
                true => Trouble::None,
                false => draw(&mut dice, rates, way, lost, speed, &tally),
            });
        }
        Ok((sockets, commands))
    }

    pub(super) fn set_calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
    }

    pub(super) fn set_node_up(&self, up: bool) {
        match up {
            true => self.node.mend(),
            false => self.node.cut(),
        }
    }

    pub(super) fn set_broker_up(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
        match up {
            true => self.broker.mend(),
            false => self.broker.cut(),
        }
    }

    pub(super) fn broker_is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// Hands a message to the broker; `retain` has it kept for who comes later.
    pub(super) fn publish(&self, said: &Said, retain: bool) {
        let payload = said.payload.clone();
        if let Err(error) = self
            .device
            .try_publish(&said.topic, QoS::AtLeastOnce, retain, payload)
        {
            tracing::warn!(%error, "the device cannot say more");
        }
    }

    pub(super) fn node_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.node.port())
    }

    pub(super) fn broker_draft(&self) -> BrokerDraft {
        let (user, password) = &self.access;
        BrokerDraft {
            url: format!("mqtt://{user}@127.0.0.1:{}", self.broker.port()),
            password: Some(password.clone()),
            ..BrokerDraft::default()
        }
    }

    pub(super) fn base_topic(&self) -> &str {
        &self.base_topic
    }
}

/// The device's connection, which nothing disturbs.
async fn obey(
    device: AsyncClient,
    mut events: rumqttc::EventLoop,
    topic: String,
    heard: mpsc::UnboundedSender<Vec<u8>>,
) {
    while !heard.is_closed() {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let _ = device.try_subscribe(&topic, QoS::AtLeastOnce);
            }
            Ok(Event::Incoming(Packet::Publish(command))) => {
                let _ = heard.send(command.payload.to_vec());
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// What becomes of some bytes.
fn draw(
    dice: &mut Dice,
    rates: wire::Rates,
    way: Way,
    lost: FaultKind,
    speed: u32,
    tally: &Tally,
) -> Trouble {
    let (roll, late) = (dice.pick(0..1000), dice.millis(500..30_000) / speed);
    let (cut, kind) = match (way, lost) {
        (Way::Back, FaultKind::QuestionLost) => (rates.answer_lost, FaultKind::AnswerLost),
        _ => (rates.lost, lost),
    };
    if roll < cut {
        tally.count(kind);
        return Trouble::Cut;
    }
    if roll < cut + rates.delayed {
        if lost == FaultKind::QuestionLost {
            tally.count(FaultKind::QuestionDelayed);
        }
        return Trouble::Late(late);
    }
    Trouble::None
}
