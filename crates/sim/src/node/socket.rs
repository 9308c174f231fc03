//! WebSocket on loopback, at the same port as HTTP: the other way to the node's desk.

use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::desk::{Desk, MAX_BODY, OK};

/// The answer that opens a WebSocket (RFC 6455, section 4.2.2), where `request` asks for one.
pub(super) fn open(
    desk: &Arc<Desk>,
    stop: &watch::Receiver<bool>,
    request: &mut Request<Incoming>,
) -> Option<Response<Full<Bytes>>> {
    let accept = derive_accept_key(request.headers().get(SEC_WEBSOCKET_KEY)?.as_bytes());
    let upgrade = hyper::upgrade::on(request);
    let (desk, stop) = (desk.clone(), stop.clone());
    tokio::spawn(async move {
        let Ok(stream) = upgrade.await else { return };
        let limits = WebSocketConfig::default().max_message_size(Some(MAX_BODY));
        let stream = TokioIo::new(stream);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(limits)).await;
        if let Err(error) = converse(socket, &desk, stop).await {
            tracing::debug!(target: "sim::node", %error, "a connection ended early");
        }
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&accept).ok()?);
    Some(response)
}

/// Answers one question after the other. What HTTP would say by a status ends the connection here.
async fn converse(
    mut socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    desk: &Desk,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Error> {
    loop {
        let message = tokio::select! {
            _ = stop.changed() => return Ok(()),
            message = socket.next() => message.transpose()?,
        };
        let question = match message {
            Some(Message::Text(text)) => text.as_bytes().to_vec(),
            Some(Message::Binary(bytes)) => bytes.to_vec(),
            Some(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
            Some(Message::Close(_)) | None => return Ok(()),
        };
        let reply = tokio::select! {
            _ = stop.changed() => return Ok(()),
            reply = desk.answer(&question) => reply,
        };
        match reply {
            Ok(reply) if reply.status == OK => socket.send(Message::text(reply.body)).await?,
            _ => return Ok(()),
        }
    }
}
