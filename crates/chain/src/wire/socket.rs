//! Questions by WebSocket: a connection carries one at a time and is kept for the next; what went wrong once is thrown away.
//!
//! No subscription is made, so that whatever comes is the answer. The bounds are those of HTTP.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        error::CapacityError,
        handshake::client::Request,
        http::{HeaderValue, header::AUTHORIZATION},
        protocol::WebSocketConfig,
    },
};

use super::{
    Lost, MAX_BODY, Said,
    address::{Address, bad},
};
use crate::{ChainError, error::quoted};

/// Connections that wait for the next question at most.
const IDLE: usize = 4;

type Connection = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) struct Socket {
    request: Request,
    place: (String, u16),
    connector: Connector,
    idle: Mutex<Vec<Connection>>,
    opened: AtomicU64,
}

impl Socket {
    pub(super) fn new(address: &Address) -> Result<Self, ChainError> {
        let url = &address.url;
        let place = url.host().zip(url.port_or_known_default());
        let (host, port) = place.ok_or_else(|| bad("it names no host"))?;
        // An IPv6 address stands in brackets in an address only.
        let host = host.to_string().trim_matches(['[', ']']).to_owned();
        let connector = match url.scheme() {
            "wss" => Connector::Rustls(Arc::new(trust()?)),
            _ => Connector::Plain,
        };
        Ok(Self {
            request: handshake(address)?,
            place: (host, port),
            connector,
            idle: Mutex::default(),
            opened: AtomicU64::new(0),
        })
    }

    /// How many connections were made: behind each new one may stand another node.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::SeqCst)
    }

    pub(super) async fn post(&self, question: String) -> Result<Said, Lost> {
        let mut connection = match self.idle() {
            Some(connection) => connection,
            None => self.connect().await.map_err(lost)?,
        };
        connection.send(Message::text(question)).await.map_err(lost)?;
        let body = answer(&mut connection).await?;
        let mut idle = self.waiting();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(Said {
            body,
            complaint: None,
        })
    }

    /// Throws away the connections that wait.
    pub(super) fn forget(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection on which nothing has happened since its last answer; one on which something has is over, or asks
    /// for an answer to its ping, which costs no more than a new one.
    fn idle(&self) -> Option<Connection> {
        let mut idle = self.waiting();
        loop {
            let mut connection = idle.pop()?;
            if connection.next().now_or_never().is_none() {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let (host, port) = &self.place;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        stream.set_nodelay(true)?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MAX_BODY))
            .max_frame_size(Some(MAX_BODY));
        let (request, connector) = (self.request.clone(), Some(self.connector.clone()));
        let (connection, _) = client_async_tls_with_config(request, stream, Some(limits), connector).await?;
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(connection)
    }
}

async fn answer(connection: &mut Connection) -> Result<Vec<u8>, Lost> {
    loop {
        match connection.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_bytes().to_vec()),
            Some(Ok(Message::Binary(bytes))) => return Ok(bytes.to_vec()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_))) | None => {
                return Err(Lost::Unreachable("the connection was closed".to_owned()));
            }
            Some(Err(error)) => return Err(lost(error)),
        }
    }
}

fn handshake(address: &Address) -> Result<Request, ChainError> {
    let request = address.url.as_str().into_client_request();
    let mut request = request.map_err(|error| bad(&quoted(&error.to_string())))?;
    if let Some(credentials) = &address.credentials {
        let password = credentials.password.as_deref().unwrap_or_default();
        let basic = STANDARD.encode(format!("{}:{password}", credentials.user));
        let mut value = HeaderValue::from_str(&format!("Basic {basic}"))
            .map_err(|_| bad("user or password cannot be sent"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// The authorities that this computer trusts.
fn trust() -> Result<ClientConfig, ChainError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(&error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn lost(error: Error) -> Lost {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Lost::TooLarge,
        error => Lost::Unreachable(quoted(&error.to_string())),
    }
}
