//! A real mosquitto that speaks TLS only, and only to those who show a certificate.

use std::{
    fs,
    process::{Command, Stdio},
};

use super::{Server, free_port, mosquitto_program};

/// An authority, the broker's certificate, and one for the wallet and for the meter each.
const CERTIFICATES: &str = r#"
key() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"; }
sign() { openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out "$1.crt"; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=home -keyout ca.key -out ca.crt
key broker
printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' > ext
sign broker
printf 'extendedKeyUsage=clientAuth\n' > ext
for user in wallet meter; do key $user; sign $user; done
"#;

/// The broker, and the files that its users show.
pub struct Certified {
    pub broker: Server,
    files: tempfile::TempDir,
}

impl Certified {
    pub fn start() -> Self {
        let files = tempfile::tempdir().expect("directory");
        let made = Command::new("sh")
            .args(["-euc", CERTIFICATES])
            .current_dir(files.path())
            .stderr(Stdio::null())
            .status();
        assert!(made.expect("a shell").success(), "openssl makes certificates");
        let directory = tempfile::tempdir().expect("directory");
        let (port, path) = (free_port(), directory.path().join("mosquitto.conf"));
        let place = files.path().display();
        // Started as root it would give its rights away, and with them the way to its files.
        let text = format!(
            "user root\nlistener {port} 127.0.0.1\ncafile {place}/ca.crt\ncertfile {place}/broker.crt\n\
             keyfile {place}/broker.key\nrequire_certificate true\nuse_identity_as_username true\n\
             allow_anonymous false\npersistence false\n"
        );
        fs::write(&path, text).expect("writable");
        let mut command = Command::new(mosquitto_program());
        command.arg("-c").arg(path);
        Self {
            broker: Server::start(command, port, directory),
            files,
        }
    }

    /// `ca.crt`, `wallet.crt`, `wallet.key`, …
    pub fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    pub fn url(&self) -> String {
        format!("mqtts://127.0.0.1:{}", self.broker.port)
    }

    /// Publishes as the meter.
    pub fn publish(&self, topic: &str, payload: &str) {
        let port = self.broker.port.to_string();
        let status = Command::new("mosquitto_pub")
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-q",
                "1",
                "-t",
                topic,
                "-m",
                payload,
            ])
            .args([
                "--cafile",
                &self.path("ca.crt"),
                "--cert",
                &self.path("meter.crt"),
            ])
            .args(["--key", &self.path("meter.key")])
            .status();
        assert!(
            status.expect("mosquitto_pub").success(),
            "mosquitto_pub to {topic}"
        );
    }
}
