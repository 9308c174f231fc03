//! The broker that is documented for users: its own files, its own commands, only places and ports replaced.

use std::{path::Path, process::Command, sync::Arc};

use enerlink_domain::BrokerAddress;
use enerlink_meter::SubscriptionConfig;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, Transport};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::mosquitto::{Mosquitto, free_port};

const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mosquitto");
/// The base topic of the documented meter.
pub(crate) const BASE: &str = "enerlink/METER-001";
/// The base topic of a meter in another household.
pub(crate) const OTHER: &str = "enerlink/METER-002";
/// Passwords, by user.
const PASSWORDS: [(&str, &str); 4] = [
    ("METER-001", "the meter says so"),
    ("anna", "the wallet listens"),
    ("METER-002", "another meter"),
    ("budi", "another wallet"),
];

/// A running broker with the documented files.
pub(crate) struct Shipped {
    /// Its port for passwords.
    pub(crate) broker: Mosquitto,
    /// Its port for client certificates.
    pub(crate) certified: u16,
}

impl Shipped {
    pub(crate) fn start() -> Self {
        Self::with(|_| ())
    }

    /// Starts it after `change` was made to the directory with its files.
    pub(crate) fn with(change: impl FnOnce(&Path)) -> Self {
        let (port, certified) = (free_port(), free_port());
        let broker = Mosquitto::configured(port, |directory| {
            run_documented_commands(directory);
            add_the_other_household(directory);
            std::fs::copy(format!("{DOCUMENTS}/acl"), directory.join("acl"))
                .expect("a documented access list");
            change(directory);
            let place = directory.display().to_string();
            let mut text = document("mosquitto.conf");
            for (from, to) in [
                ("/etc/mosquitto/enerlink", place.clone()),
                ("/var/lib/mosquitto/", format!("{place}/")),
                ("/var/log/mosquitto/mosquitto.log", format!("{place}/log")),
                ("listener 8883\n", format!("listener {port} 127.0.0.1\n")),
                ("listener 8884\n", format!("listener {certified} 127.0.0.1\n")),
            ] {
                assert!(text.contains(from), "mosquitto.conf has no {from:?}");
                text = text.replace(from, &to);
            }
            text
        });
        Self { broker, certified }
    }

    /// A file in the broker's directory.
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.broker.directory().join(name)).expect("a file that was made")
    }

    /// The wallet of a household, with its password.
    pub(crate) fn wallet(&self, user: &str, base: &str) -> SubscriptionConfig {
        let url = format!("mqtts://{user}@127.0.0.1:{}", self.broker.port);
        let broker = BrokerAddress::parse(&url).expect("a url");
        let mut config = SubscriptionConfig::new(broker, format!("wallet-{user}"), vec![base.to_owned()]);
        config.password = Some(password(user));
        config.ca_pem = Some(self.file("ca.crt"));
        config
    }

    /// The wallet of Anna, with her certificate.
    pub(crate) fn certified_wallet(&self) -> SubscriptionConfig {
        let mut config = self.wallet("anna", BASE);
        config.broker.port = self.certified;
        config.broker.username = None;
        config.password = None;
        config.client_cert_pem = Some(self.file("anna.crt"));
        config.client_key_pem = Some(self.file("anna.key"));
        config
    }

    /// A plain client with the password of `user`.
    pub(crate) fn client(&self, user: &str) -> (AsyncClient, EventLoop) {
        let mut options = MqttOptions::new(format!("device-{user}"), "127.0.0.1", self.broker.port);
        options.set_credentials(user, password(user));
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(&self.file("ca.crt")).expect("a certificate");
        roots.add(authority).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        options.set_transport(Transport::tls_with_config(tls.into()));
        AsyncClient::new(options, 100)
    }

    /// Publishes as `user` and waits until the broker says that it has the message.
    pub(crate) async fn publish(&self, user: &str, topic: &str, payload: &str) {
        let (client, mut events) = self.client(user);
        client
            .publish(topic, QoS::AtLeastOnce, false, payload)
            .await
            .expect("room");
        while !matches!(
            events.poll().await.expect("a broker that runs"),
            Event::Incoming(Packet::PubAck(_))
        ) {}
        client.disconnect().await.expect("room");
        while events.poll().await.is_ok() {}
    }
}

fn password(user: &str) -> String {
    let known = PASSWORDS.iter().find(|(name, _)| *name == user);
    known.map(|(_, password)| (*password).to_owned()).expect("a user")
}

fn document(name: &str) -> String {
    std::fs::read_to_string(format!("{DOCUMENTS}/{name}")).expect("a documented file")
}

/// Runs what the guide says under `sh`, in `directory`.
fn run_documented_commands(directory: &Path) {
    let guide = document("README.md");
    let blocks: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 4, "authority, broker, clients, passwords");
    let variables = [
        ("BROKER_NAME", "localhost"),
        ("BROKER_IP", "127.0.0.1"),
        ("METER_PASSWORD", PASSWORDS[0].1),
        ("WALLET_PASSWORD", PASSWORDS[1].1),
    ];
    run(directory, &format!("set -e\n{}", blocks.concat()), &variables);
}

/// A second household has passwords of its own.
fn add_the_other_household(directory: &Path) {
    for (user, password) in &PASSWORDS[2..] {
        let script = r#"mosquitto_passwd -b passwords "$NAME" "$WORD""#;
        run(directory, script, &[("NAME", user), ("WORD", password)]);
    }
}

/// Runs a script in `directory`; it has to succeed.
pub(crate) fn run(directory: &Path, script: &str, variables: &[(&str, &str)]) {
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(directory)
        .envs(variables.iter().copied())
        .output()
        .expect("these tests need a shell, and the programs `openssl` and `mosquitto_passwd`");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{said}");
}
