//! Why a connection ended, for the next attempt and for a person.

use std::{
    error::Error as Cause,
    io::{self, ErrorKind},
};

use enerlink_domain::{Code, Error};
use rumqttc::{ConnectReturnCode, ConnectionError, StateError, mqttbytes};
use rustls::{AlertDescription, CertificateError};

/// What the next attempt has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No connection came about.
    Unreachable,
    /// The broker said no.
    Refused,
    /// The broker closed a connection that it had accepted.
    Closed,
    /// A connection that worked was lost on the way.
    Lost,
    /// A packet above the ceiling: in the same session the broker would send it again for ever.
    Oversized,
}

/// An ended connection.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) error: Error,
}

impl Failure {
    fn new(kind: Kind, message: String) -> Self {
        let code = match kind {
            Kind::Refused => Code::BrokerRefused,
            Kind::Unreachable | Kind::Closed | Kind::Lost | Kind::Oversized => Code::BrokerUnreachable,
        };
        Self {
            kind,
            error: Error::new(code, message),
        }
    }

    /// `error` of a connection to `place` (host and port) that was, or was not yet, `accepted` by the broker.
    pub(crate) fn of(error: &ConnectionError, place: &str, accepted: bool) -> Self {
        match error {
            ConnectionError::ConnectionRefused(ConnectReturnCode::ServiceUnavailable) => Self::new(
                Kind::Unreachable,
                format!("the broker at {place} is not available"),
            ),
            ConnectionError::ConnectionRefused(code) => Self::new(
                Kind::Refused,
                format!("the broker at {place} refuses the connection: {}", refusal(*code)),
            ),
            ConnectionError::MqttState(StateError::Deserialization(
                mqttbytes::Error::PayloadSizeLimitExceeded(size),
            )) => Self::new(
                Kind::Oversized,
                format!(
                    "the broker at {place} sent a packet of {size} bytes, above every limit; it was dropped with \
                         the messages queued behind it"
                ),
            ),
            _ if !accepted && let Some(tls) = tls_cause(error) => Self::untrusted(tls, place),
            _ if accepted => Self::new(
                if closed(error) { Kind::Closed } else { Kind::Lost },
                format!("the connection to the broker at {place} was lost: {error}"),
            ),
            ConnectionError::MqttState(StateError::ConnectionAborted) => Self::new(
                Kind::Refused,
                format!(
                    "the broker at {place} closed the connection without an answer, as some do with a wrong user or password, or \
                     where they want TLS (mqtts)"
                ),
            ),
            ConnectionError::NetworkTimeout => Self::late(place),
            ConnectionError::Tls(error) => Self::new(
                Kind::Unreachable,
                format!("the broker at {place} does not speak TLS on this port, or broke it off: {error}"),
            ),
            error if closed(error) => Self::new(
                Kind::Unreachable,
                format!(
                    "the broker at {place} broke the connection off before it answered; it may want TLS (mqtts) on this \
                     port"
                ),
            ),
            ConnectionError::Io(error) => Self::new(
                Kind::Unreachable,
                format!("cannot reach the broker at {place}: {error}"),
            ),
            other => Self::new(
                Kind::Unreachable,
                format!("no connection with the broker at {place}: {other}"),
            ),
        }
    }

    /// Whoever answers at `place` and this client could not agree to trust each other; nothing was said in clear.
    fn untrusted(error: &rustls::Error, place: &str) -> Self {
        match error {
            rustls::Error::InvalidCertificate(why) => Self::new(
                Kind::Unreachable,
                format!(
                    "the broker at {place} cannot prove that it is the right one: {}",
                    doubt(why)
                ),
            ),
            rustls::Error::AlertReceived(
                alert @ (AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
                | AlertDescription::DecryptError),
            ) => Self::new(
                Kind::Refused,
                format!(
                    "the broker at {place} asks for a client certificate and does not accept ours, or there is none: \
                     {alert:?}"
                ),
            ),
            other => Self::new(
                Kind::Unreachable,
                format!("no safe connection (TLS 1.2 or newer) with the broker at {place}: {other}"),
            ),
        }
    }

    /// A probe that was not answered.
    pub(super) fn silent(place: &str) -> Self {
        Self::new(
            Kind::Lost,
            format!("the broker at {place} does not answer any more"),
        )
    }

    /// Subscriptions that the broker does not grant.
    pub(super) fn unsubscribed(place: &str, topics: &[&str]) -> Self {
        let shown: Vec<&str> = topics.iter().take(4).copied().collect();
        Self::new(
            Kind::Refused,
            format!(
                "the broker at {place} refuses the subscription of {}",
                shown.join(", ")
            ),
        )
    }

    /// The broker throws this client out right after it has let it in, and lets others stay.
    pub(super) fn thrown_out(place: &str, client_id: &str) -> Error {
        Error::new(
            Code::ClientIdTaken,
            format!(
                "another program, perhaps with a copy of this profile, uses the same client id, {client_id}, at the broker \
                 {place}; each of the two throws the other out until one of them is ended"
            ),
        )
    }

    /// A scan of all topics that the broker does not allow.
    pub(crate) fn unscanned(place: &str, topic: &str) -> Self {
        Self::new(
            Kind::Refused,
            format!("the broker at {place} does not let this user hear {topic}"),
        )
    }

    /// No answer within the time for a scan.
    pub(crate) fn late(place: &str) -> Self {
        Self::new(
            Kind::Unreachable,
            format!("the broker at {place} does not answer in time"),
        )
    }
}

/// The TLS error behind `error`, when there is one.
fn tls_cause(error: &ConnectionError) -> Option<&rustls::Error> {
    let mut next: Option<&(dyn Cause + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref() {
            return Some(tls);
        }
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

/// What is wrong with a broker's certificate.
fn doubt(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "its certificate comes from an authority that is not trusted".to_owned()
        }
        other => format!("its certificate is not valid: {other}"),
    }
}

/// Whether the other side ended the connection, in order or abruptly; silence and local trouble do not count.
fn closed(error: &ConnectionError) -> bool {
    let io = match error {
        ConnectionError::MqttState(StateError::ConnectionAborted) => return true,
        ConnectionError::MqttState(StateError::Io(io))
        | ConnectionError::MqttState(StateError::Deserialization(mqttbytes::Error::Io(io)))
        | ConnectionError::Io(io) => io,
        _ => return false,
    };
    matches!(
        io.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}

fn refusal(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::BadUserNamePassword => "wrong user or password",
        ConnectReturnCode::NotAuthorized => "not authorised",
        ConnectReturnCode::BadClientId => "it does not accept the client id",
        ConnectReturnCode::RefusedProtocolVersion => "it does not speak MQTT 3.1.1",
        ConnectReturnCode::Success | ConnectReturnCode::ServiceUnavailable => "without a reason",
    }
}
