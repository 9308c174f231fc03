//! The private task of a subscription: one loop over connections, and within each one loop over events.

use std::{
    mem,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use enerlink_domain::Clock;
use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, Outgoing, Publish, QoS, Request, SubAck};
use tokio::sync::{mpsc, watch};
use tracing::{debug, info, warn};

use super::{
    Ack, COMMAND_LIMIT, Incoming, Line, Packet, SubscriptionConfig,
    backoff::{self, Retry},
    failure::Failure,
    options,
    packet::Token,
    rival::{Lookout, Sight},
    topics::{Purpose, Topics},
};
use crate::Channel;

/// Requests that may wait in rumqttc: every acknowledgement that one connection can owe (packet ids have 16 bits), and
/// room for commands. The queue grows as needed; it is never allocated at this size.
const REQUESTS: usize = 65_535 + 1024;
/// How long a goodbye may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// A command for a meter.
pub(super) struct Outbound {
    pub(super) topic: String,
    /// With quality of service 2 instead of 1.
    pub(super) exactly_once: bool,
    pub(super) payload: String,
}

/// The state of the task.
pub(super) struct Connection {
    config: SubscriptionConfig,
    clock: Arc<dyn Clock>,
    incoming: mpsc::Sender<Incoming>,
    line: Arc<Line>,
    acks: mpsc::UnboundedReceiver<Token>,
    acks_sender: mpsc::UnboundedSender<Token>,
    topics: Topics,
    /// Which connection this is; acknowledgements of any other are void.
    number: u64,
    retry: Retry,
    /// There while this client seems to be thrown out.
    lookout: Option<Lookout>,
    /// The broker has let this subscription in before.
    known: bool,
}

/// How a connection ended.
enum End {
    /// By us: stop, the last handle, or the reader is gone.
    Stopped,
    /// The session was thrown away, as intended.
    Discarded,
    /// By the other side or the network.
    Failed(Failure),
}

/// Becomes ready when the subscription is stopped or its last handle is dropped.
pub(super) async fn stop_of(stopped: &mut watch::Receiver<bool>) {
    // An error means that all handles are gone, which is a stop too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

impl Connection {
    pub(super) fn new(
        config: SubscriptionConfig,
        clock: Arc<dyn Clock>,
        incoming: mpsc::Sender<Incoming>,
        line: Arc<Line>,
    ) -> Self {
        let (acks_sender, acks) = mpsc::unbounded_channel();
        let topics = Topics::of(&config.base_topics);
        Self {
            config,
            clock,
            incoming,
            line,
            acks,
            acks_sender,
            topics,
            number: 0,
            retry: Retry::default(),
            lookout: None,
            known: false,
        }
    }

    /// Connects again and again until it is stopped.
    pub(super) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Outbound>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let options = match options::build(&self.config) {
            Ok(options) => options,
            Err(error) => {
                let _ = self.incoming.send(Incoming::Disconnected(error)).await;
                return;
            }
        };
        let (client, mut events) = AsyncClient::new(options, REQUESTS);
        events
            .network_options
            .set_connection_timeout(10)
            .set_tcp_nodelay(true);
        loop {
            events.mqtt_options.set_clean_session(self.retry.discard);
            let since = Instant::now();
            let end = self.live(&client, &mut events, &mut commands, &mut stopped).await;
            self.line.connected.store(false, Ordering::Release);
            match end {
                End::Stopped => return self.leave(&client, &mut events).await,
                End::Discarded => {
                    self.leave(&client, &mut events).await;
                    events.clean();
                    events.state.events.clear();
                }
                End::Failed(failure) => {
                    events.clean();
                    // A command that the broker has not taken is not kept for later; the second half of one that it has
                    // taken is.
                    events
                        .pending
                        .retain(|request| matches!(request, Request::PubRel(_)));
                    if self
                        .recover(failure, since, &mut events, &mut stopped)
                        .await
                        .is_none()
                    {
                        return;
                    }
                }
            }
            self.number += 1;
            while let Ok(command) = commands.try_recv() {
                debug!(topic = command.topic, "command dropped with the connection");
            }
        }
    }

    /// One connection, from the attempt to its end.
    async fn live(
        &mut self,
        client: &AsyncClient,
        events: &mut EventLoop,
        commands: &mut mpsc::Receiver<Outbound>,
        stopped: &mut watch::Receiver<bool>,
    ) -> End {
        let patience = self.config.keep_alive.max(Duration::from_secs(1)) / 2;
        let mut accepted = false;
        let mut pong: Option<enerlink_domain::clock::BoxFuture<'static, ()>> = None;
        loop {
            let event = {
                // Polled to its end: a cancelled poll could lose a packet that rumqttc has half handled.
                let mut poll = pin!(events.poll());
                loop {
                    tokio::select! {
                        biased;
                        () = stop_of(stopped) => return End::Stopped,
                        () = self.incoming.closed() => return End::Stopped,
                        Some(token) = self.acks.recv() => self.acknowledge(client, token),
                        Some(command) = commands.recv(), if accepted => send(client, command),
                        event = &mut poll => break event,
                        () = async { if let Some(pong) = &mut pong { pong.await } }, if pong.is_some() => {
                            return End::Failed(Failure::silent(&self.place()));
                        }
                    }
                }
            };
            match event {
                Ok(Event::Outgoing(Outgoing::PingReq)) => pong = Some(Box::pin(backoff::pause(patience))),
                Ok(Event::Outgoing(_)) => {}
                Ok(Event::Incoming(packet)) => {
                    pong = None;
                    let end = match packet {
                        rumqttc::Packet::ConnAck(_) if self.retry.discard => Some(End::Discarded),
                        rumqttc::Packet::ConnAck(_) => {
                            accepted = true;
                            if mem::replace(&mut self.known, true) {
                                self.line.reconnects.fetch_add(1, Ordering::Relaxed);
                            }
                            self.subscribe(client);
                            None
                        }
                        rumqttc::Packet::SubAck(answer) => self.subscribed(&answer, stopped).await,
                        rumqttc::Packet::Publish(publish) => self.deliver(client, publish, stopped).await,
                        _ => None,
                    };
                    if let Some(end) = end {
                        return end;
                    }
                }
                Err(error) => return End::Failed(Failure::of(&error, &self.place(), accepted)),
            }
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.config.broker.host, self.config.broker.port)
    }

    fn acknowledge(&self, client: &AsyncClient, token: Token) {
        if token.connection != self.number {
            debug!("acknowledgement of a former connection dropped");
        } else if client.try_ack(&token.publish()).is_err() {
            warn!("acknowledgement dropped, the message will come again");
        }
    }

    fn subscribe(&self, client: &AsyncClient) {
        if client.try_subscribe_many(self.topics.filters()).is_err() {
            warn!("the subscription could not be requested");
        }
    }

    /// Takes the broker's answer to the subscription. Topics that are refused are told; the others go on being heard.
    async fn subscribed(&mut self, answer: &SubAck, stopped: &mut watch::Receiver<bool>) -> Option<End> {
        let refused = self.topics.refused(answer);
        if !refused.is_empty() {
            let failure = Failure::unsubscribed(&self.place(), &refused);
            if refused.len() == self.topics.heard() {
                return Some(End::Failed(failure));
            }
            self.line.connected.store(true, Ordering::Release);
            return self.tell(Incoming::Disconnected(failure.error), stopped).await;
        }
        info!(broker = self.place(), topics = self.topics.heard(), "subscribed");
        self.retry.succeeded();
        self.line.connected.store(true, Ordering::Release);
        self.tell(Incoming::Connected, stopped).await
    }

    /// Hands a message to the reader, waiting for room: what is not read from the network is held back by the broker.
    async fn deliver(
        &mut self,
        client: &AsyncClient,
        publish: Publish,
        stopped: &mut watch::Receiver<bool>,
    ) -> Option<End> {
        if let Some(news) = self.news(&publish) {
            return self.tell(news, stopped).await;
        }
        let _ = client.try_ack(&publish);
        if self.topics.route(&publish.topic).is_none() {
            // A persistent session remembers topics of meters that were removed since.
            info!(
                topic = publish.topic,
                "unsubscribing from a topic that is no longer wanted"
            );
            let _ = client.try_unsubscribe(&publish.topic);
        }
        None
    }

    /// What the reader is told about a message; nothing about a command on its way, our own among them.
    fn news(&self, publish: &Publish) -> Option<Incoming> {
        let (base, purpose) = self.topics.route(&publish.topic)?;
        let base = base.to_owned();
        match purpose {
            Purpose::Hear(channel) => Some(Incoming::Packet(self.packet(base, channel, publish))),
            Purpose::WatchCommands if publish.retain || publish.payload.is_empty() => {
                let kept = publish.payload.len().min(COMMAND_LIMIT);
                Some(Incoming::RetainedCommand {
                    base_topic: base,
                    topic: publish.topic.clone(),
                    payload: publish.payload[..kept].to_vec(),
                })
            }
            Purpose::WatchCommands => None,
        }
    }

    fn packet(&self, base: String, channel: Channel, publish: &Publish) -> Packet {
        let ack = Ack::new(self.acks_sender.clone(), self.number, publish);
        let mut packet = Packet::new(base, channel, publish, self.config.packet_limit, ack);
        packet.received_at = self.clock.wall();
        packet
    }

    async fn tell(&self, news: Incoming, stopped: &mut watch::Receiver<bool>) -> Option<End> {
        tokio::select! {
            biased;
            () = stop_of(stopped) => Some(End::Stopped),
            sent = self.incoming.send(news) => sent.is_err().then_some(End::Stopped),
        }
    }

    /// After a connection that failed: hands on what it had still received, tells the reader, waits. `None` when
    /// stopped meanwhile.
    async fn recover(
        &mut self,
        failure: Failure,
        since: Instant,
        events: &mut EventLoop,
        stopped: &mut watch::Receiver<bool>,
    ) -> Option<()> {
        // rumqttc keeps them and would hand them out within the next connection, where their ids mean other messages.
        for event in mem::take(&mut events.state.events) {
            let Event::Incoming(rumqttc::Packet::Publish(publish)) = event else {
                continue;
            };
            if let Some(news) = self.news(&publish)
                && self.tell(news, stopped).await.is_some()
            {
                return None;
            }
        }
        self.number += 1;
        let verdict = self.retry.failed(failure.kind, since.elapsed());
        let wait_ms = verdict.wait.as_millis() as u64;
        warn!(code = ?failure.error.code, wait_ms, "{}", failure.error.message);
        if self
            .tell(Incoming::Disconnected(failure.error), stopped)
            .await
            .is_some()
        {
            return None;
        }
        let sight = match &self.lookout {
            Some(lookout) if verdict.suspicious => tokio::select! {
                () = stop_of(stopped) => return None,
                sight = lookout.look() => sight,
            },
            _ => Sight::Nothing,
        };
        match sight {
            Sight::Nothing => self.wait(verdict.wait, stopped).await?,
            Sight::Unwelcome => self.wait(backoff::LONGEST, stopped).await?,
            Sight::Stays => {
                let error = Failure::thrown_out(&self.place(), &self.config.client_id);
                warn!(code = ?error.code, "{}", error.message);
                self.lookout = None;
                if self.tell(Incoming::TakenOver(error), stopped).await.is_some() {
                    return None;
                }
                self.wait(backoff::TRUCE, stopped).await?;
            }
        }
        self.lookout = if verdict.suspicious {
            Lookout::post(&self.config)
        } else {
            None
        };
        Some(())
    }

    /// Waits; `None` when stopped meanwhile.
    async fn wait(&self, wait: Duration, stopped: &mut watch::Receiver<bool>) -> Option<()> {
        tokio::select! {
            () = stop_of(stopped) => None,
            () = self.incoming.closed() => None,
            () = backoff::pause(wait) => Some(()),
        }
    }

    /// Says goodbye, after the acknowledgements that were given before.
    async fn leave(&mut self, client: &AsyncClient, events: &mut EventLoop) {
        self.retry.discard = false;
        if events.network.is_none() {
            return;
        }
        while let Ok(token) = self.acks.try_recv() {
            self.acknowledge(client, token);
        }
        if client.try_disconnect().is_err() {
            return;
        }
        let farewell = async {
            loop {
                match events.poll().await {
                    Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(ConnectionError::RequestsDone) => break,
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        };
        tokio::select! {
            () = farewell => {}
            () = backoff::pause(FAREWELL) => {}
        }
    }
}

fn send(client: &AsyncClient, command: Outbound) {
    let qos = if command.exactly_once {
        QoS::ExactlyOnce
    } else {
        QoS::AtLeastOnce
    };
    if client
        .try_publish(&command.topic, qos, false, command.payload)
        .is_err()
    {
        warn!(
            topic = command.topic,
            "command dropped, the connection is congested"
        );
    }
}
