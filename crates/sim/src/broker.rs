//! An MQTT broker inside this process, on the loopback, for simulations without any other program.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::{Context, bail};
use rand::{Rng, distr::Alphanumeric};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet};
use rumqttd::{Config, ConnectionSettings, RouterConfig, ServerSettings};
use tracing::warn;

/// The only user.
const USER: &str = "demo";
/// Packets above this many bytes end the connection of whoever sends them.
const PACKET_LIMIT: usize = 256 * 1024;
/// Attempts to find a port that stays free until the broker has it.
const ATTEMPTS: u32 = 5;
/// How long the broker may take to answer its first client.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running broker. rumqttd has no way to be ended: its threads run and its port stays open until the process ends,
/// whatever becomes of this value. It listens on the loopback only and lets in only who knows the password, which is
/// random and never written anywhere.
#[derive(Clone)]
pub struct Broker {
    url: String,
    password: String,
}

impl Broker {
    /// Starts it on a free port and returns when it answers.
    pub async fn start() -> anyhow::Result<Self> {
        for _ in 0..ATTEMPTS {
            let password: String = rand::rng()
                .sample_iter(Alphanumeric)
                .take(32)
                .map(char::from)
                .collect();
            let port = free_port()?;
            let mut broker = rumqttd::Broker::new(config(port, &password));
            std::thread::Builder::new()
                .name("broker".to_owned())
                .spawn(move || {
                    if let Err(error) = broker.start() {
                        warn!(%error, "the embedded broker has ended");
                    }
                })
                .context("cannot start the broker's thread")?;
            if answers(port, &password).await {
                return Ok(Self {
                    url: format!("mqtt://127.0.0.1:{port}"),
                    password,
                });
            }
        }
        bail!("the embedded broker does not answer on any port of the loopback")
    }

    /// `mqtt://127.0.0.1:port`, without user and password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The user name to connect with.
    pub fn username(&self) -> &str {
        USER
    }

    /// The password to connect with.
    pub fn password(&self) -> &str {
        &self.password
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port on the loopback")?;
    Ok(listener.local_addr()?.port())
}

/// Whether our own broker has the port: only it knows the password.
async fn answers(port: u16, password: &str) -> bool {
    let mut options = MqttOptions::new("probe", "127.0.0.1", port);
    options.set_credentials(USER, password);
    let (client, mut events) = AsyncClient::new(options, 4);
    let greeting = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => break,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        let _ = client.disconnect().await;
        while events.poll().await.is_ok() {}
    };
    tokio::time::timeout(PATIENCE, greeting).await.is_ok()
}

fn config(port: u16, password: &str) -> Config {
    let connections = ConnectionSettings {
        connection_timeout_ms: 5_000,
        max_payload_size: PACKET_LIMIT,
        max_inflight_count: 100,
        auth: Some(HashMap::from([(USER.to_owned(), password.to_owned())])),
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings {
        name: "loopback".to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        tls: None,
        next_connection_delay_ms: 1,
        connections,
    };
    Config {
        router: RouterConfig {
            max_connections: 256,
            max_outgoing_packet_count: 200,
            max_segment_size: 1024 * 1024,
            max_segment_count: 10,
            ..RouterConfig::default()
        },
        v4: Some(HashMap::from([("loopback".to_owned(), server)])),
        ..Config::default()
    }
}
