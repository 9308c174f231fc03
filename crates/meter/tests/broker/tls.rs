//! TLS: who cannot prove who they are is not spoken to, and nothing is ever said in clear instead.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use enerlink_domain::{Code, Error};
use enerlink_meter::{Incoming, SubscriptionConfig};
use tokio::{io::AsyncReadExt, net::TcpListener, time::timeout};

use crate::{
    mosquitto::{Mosquitto, free_port},
    shipped::{BASE, Shipped, run},
    support::{PATIENCE, Reader, config},
};

/// The broker's certificate once more, for the names and the days in the variables.
const REISSUE: &str = "printf 'subjectAltName=%s\\n' \"$NAMES\" > broker.ext; \
     openssl x509 -req -in broker.csr -CA ca.crt -CAkey ca.key -days \"$DAYS\" -extfile broker.ext -out broker.crt";
/// Another authority, and a certificate for Anna from it.
const STRANGER: &str = "mkdir stranger; cd stranger; \
     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=stranger \
       -keyout ca.key -out ca.crt; \
     printf 'extendedKeyUsage=clientAuth\\n' > ext; \
     openssl x509 -req -in ../anna.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out anna.crt";

/// What two attempts in a row are told, neither of which comes through.
async fn refusal(config: SubscriptionConfig) -> Error {
    let mut reader = Reader::start(config);
    let mut told = None;
    for _ in 0..2 {
        match reader.next().await {
            Incoming::Disconnected(error) => told = Some(error),
            other => panic!("{other:?}"),
        }
    }
    reader.stop().await;
    told.expect("two attempts")
}

#[tokio::test]
async fn a_broker_of_another_authority_is_not_trusted() {
    let shipped = Shipped::with(|directory| run(directory, STRANGER, &[]));
    Reader::start(shipped.wallet("anna", BASE))
        .until_connected()
        .await;
    let mut wallet = shipped.wallet("anna", BASE);
    wallet.ca_pem = Some(shipped.file("stranger/ca.crt"));
    wallet.client_id = "misled".to_owned();
    let error = refusal(wallet.clone()).await;
    assert_eq!(error.code, Code::BrokerUnreachable);
    assert!(
        error
            .message
            .ends_with("its certificate comes from an authority that is not trusted"),
        "{error}"
    );
    // Nor is it by the authorities of this computer.
    wallet.ca_pem = None;
    let error = refusal(wallet).await;
    assert!(
        matches!(error.code, Code::BrokerUnreachable | Code::InvalidInput),
        "{error}"
    );
    assert!(
        !shipped.broker.log().contains("misled"),
        "{}",
        shipped.broker.log()
    );
}

#[tokio::test]
async fn an_expired_certificate_is_not_trusted() {
    let shipped = Shipped::with(|directory| {
        run(directory, REISSUE, &[("NAMES", "IP:127.0.0.1"), ("DAYS", "0")]);
    });
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let error = refusal(shipped.wallet("anna", BASE)).await;
    assert_eq!(error.code, Code::BrokerUnreachable);
    assert!(error.message.ends_with("its certificate has expired"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let shipped = Shipped::with(|directory| {
        run(
            directory,
            REISSUE,
            &[("NAMES", "DNS:broker.example"), ("DAYS", "2")],
        );
    });
    let error = refusal(shipped.wallet("anna", BASE)).await;
    assert_eq!(error.code, Code::BrokerUnreachable);
    assert!(
        error.message.ends_with("its certificate is for another name"),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let shipped = Shipped::with(|directory| run(directory, STRANGER, &[]));
    Reader::start(shipped.certified_wallet()).until_connected().await;

    let mut without = shipped.certified_wallet();
    (without.client_cert_pem, without.client_key_pem) = (None, None);
    let mut foreign = shipped.certified_wallet();
    foreign.client_cert_pem = Some(shipped.file("stranger/anna.crt"));
    for config in [without, foreign] {
        let error = refusal(config).await;
        assert_eq!(error.code, Code::BrokerRefused, "{error}");
        assert!(error.message.contains("asks for a client certificate"), "{error}");
    }
}

#[tokio::test]
async fn files_that_are_no_certificates_are_invalid_and_nothing_is_tried() {
    let shipped = Shipped::start();
    let right = shipped.certified_wallet();
    let text = || Some(b"no certificate".to_vec());
    let with = |change: &dyn Fn(&mut SubscriptionConfig)| {
        let mut config = right.clone();
        change(&mut config);
        config
    };
    for config in [
        with(&|config| config.ca_pem = text()),
        with(&|config| config.client_cert_pem = text()),
        with(&|config| config.client_key_pem = text()),
        with(&|config| config.client_key_pem = None),
        with(&|config| config.client_cert_pem = None),
        with(&|config| config.client_key_pem = Some(shipped.file("METER-001.key"))),
    ] {
        let mut reader = Reader::start(config);
        assert_eq!(reader.error().await.code, Code::InvalidInput);
        assert!(reader.incoming.recv().await.is_none());
    }
}

/// A process that ends with its handle.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_server_that_speaks_only_tls_1_1_is_not_spoken_to() {
    let shipped = Shipped::start();
    let port = free_port();
    let server = Command::new("openssl")
        .args(["s_server", "-quiet", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
        .args(["-cert", "broker.crt", "-key", "broker.key"])
        .args(["-accept", &format!("127.0.0.1:{port}")])
        .current_dir(shipped.broker.directory())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _server = Server(server.expect("openssl"));
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut wallet = shipped.wallet("anna", BASE);
    wallet.broker.port = port;
    let error = refusal(wallet).await;
    assert_eq!(error.code, Code::BrokerUnreachable);
    assert!(
        error.message.contains("no safe connection (TLS 1.2 or newer)"),
        "{error}"
    );
}

#[tokio::test]
async fn the_documented_broker_speaks_tls_1_2_and_newer_only() {
    let shipped = Shipped::start();
    for (port, version, accepted) in [
        (shipped.broker.port, "-tls1_1", false),
        (shipped.certified, "-tls1_1", false),
        (shipped.broker.port, "-tls1_2", true),
        (shipped.broker.port, "-tls1_3", true),
    ] {
        let answer = Command::new("openssl")
            .args(["s_client", version, "-cipher", "DEFAULT@SECLEVEL=0"])
            .args(["-CAfile", "ca.crt", "-connect", &format!("127.0.0.1:{port}")])
            .current_dir(shipped.broker.directory())
            .stdin(Stdio::null())
            .output()
            .expect("openssl");
        assert_eq!(answer.status.success(), accepted, "{version} on {port}");
    }
}

#[tokio::test]
async fn plain_text_where_tls_is_expected_is_told_apart_from_a_broker_that_is_off() {
    let shipped = Shipped::start();
    let mut wallet = shipped.wallet("anna", BASE);
    wallet.broker.tls = false;
    let error = refusal(wallet).await;
    assert!(matches!(
        error.code,
        Code::BrokerUnreachable | Code::BrokerRefused
    ));
    assert!(error.message.contains("want TLS (mqtts)"), "{error}");
}

#[tokio::test]
async fn tls_is_never_given_up_for_plain_text() {
    let plain = Mosquitto::open();
    let mut wallet = config(plain.port);
    wallet.broker.tls = true;
    wallet.broker.username = Some("anna".to_owned());
    wallet.password = Some("the wallet listens".to_owned());
    let error = refusal(wallet.clone()).await;
    assert_eq!(error.code, Code::BrokerUnreachable);
    assert!(
        error.message.contains("does not speak TLS on this port"),
        "{error}"
    );
    assert!(!plain.log().contains("enerlink-test"), "{}", plain.log());

    // What goes over the wire is a TLS handshake each time (RFC 8446, section 5.1: content type 22).
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    wallet.broker.port = listener.local_addr().expect("bound").port();
    let mut reader = Reader::start(wallet);
    for _ in 0..3 {
        let (mut stream, _) = timeout(PATIENCE, listener.accept())
            .await
            .expect("in time")
            .expect("a client");
        let mut said = vec![0; 4096];
        let length = stream.read(&mut said).await.expect("bytes");
        assert_eq!(said[0], 22);
        assert!(
            !said[..length]
                .windows(4)
                .any(|word| word == b"anna" || word == b"MQTT")
        );
        drop(stream);
        assert!(matches!(reader.next().await, Incoming::Disconnected(_)));
    }
}
