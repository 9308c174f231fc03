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
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

use super::{
    broker::{Commands, Said},
    dice::Dice,
    faults::{FaultKind, Tally},
    wire,
};
use crate::{
    broker::Broker,
    proxy::{Proxy, Trouble, Way},
};

/// Messages of the devices that wait for the broker at most.
const WAITING: usize = 10_000;
const PACKET: usize = 1 << 20;

/// The network of one household, and its devices' own way to the broker.
pub(super) struct Sockets {
    node: Proxy,
    broker: Proxy,
    calm: Arc<AtomicBool>,
    up: AtomicBool,
    devices: AsyncClient,
    /// User and password.
    access: (String, String),
}

impl Sockets {
    /// Calm lines to the node at `node` and to `broker`, where the devices hear `commands`.
    pub(super) fn open(
        node: &str,
        broker: &Broker,
        speed: u32,
        commands: Commands,
        rates: wire::Rates,
        dice: Dice,
        tally: &Tally,
    ) -> anyhow::Result<Self> {
        let address = BrokerAddress::parse(broker.url()).context("the broker's address")?;
        // Worlds share one broker, and no topic.
        let client_id = commands.topics().next().context("a device")?.replace('/', "-");
        let mut options = MqttOptions::new(client_id, address.host, address.port);
        options.set_max_packet_size(PACKET, PACKET);
        options.set_credentials(broker.username(), broker.password());
        let (devices, events) = AsyncClient::new(options, WAITING);
        tokio::spawn(obey(devices.clone(), events, commands));
        let calm = Arc::new(AtomicBool::new(true));
        let sockets = Self {
            node: Proxy::before(node)?,
            broker: Proxy::to(address.port)?,
            calm: Arc::clone(&calm),
            up: AtomicBool::new(true),
            devices,
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
        Ok(sockets)
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
            .devices
            .try_publish(&said.topic, QoS::AtLeastOnce, retain, payload)
        {
            tracing::warn!(%error, "the devices cannot say more");
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
}

/// The devices' connection, which nothing disturbs.
async fn obey(devices: AsyncClient, mut events: rumqttc::EventLoop, commands: Commands) {
    while !commands.are_over() {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                for topic in commands.topics() {
                    let _ = devices.try_subscribe(topic, QoS::AtLeastOnce);
                }
            }
            Ok(Event::Incoming(Packet::Publish(command))) => {
                commands.hand_over(&command.topic, command.payload.to_vec());
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
