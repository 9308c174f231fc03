//! HTTP POST on loopback: the way to the node's desk.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::desk::{Cut, Desk, JSON, MAX_BODY};
use super::socket;

/// Pause after a failed accept, which is usually a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

type Reply = Response<Full<Bytes>>;

/// Serves until `stop` changes or its sender is gone.
pub(super) async fn serve(listener: TcpListener, desk: Desk, stop: watch::Receiver<bool>) {
    let desk = Arc::new(desk);
    let mut stopped = stop.clone();
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if desk.faults.refuses_connection() => reset(&stream),
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, desk.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(target: "sim::node", %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection until the client leaves, a fault cuts it or the node stops.
async fn converse(stream: TcpStream, desk: Arc<Desk>, mut stop: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(target: "sim::node", %error, "cannot switch off delay");
    }
    let stopped = stop.clone();
    let service = service_fn(|request| handle(&desk, &stopped, request));
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let outcome = tokio::select! {
        _ = stop.changed() => return,
        outcome = connection => outcome,
    };
    if let Err(error) = outcome {
        tracing::debug!(target: "sim::node", %error, "a connection ended early");
    }
}

/// Makes the coming close a reset instead of an orderly end.
fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(target: "sim::node", %error, "the refused connection ends orderly");
    }
}

async fn handle(
    desk: &Arc<Desk>,
    stop: &watch::Receiver<bool>,
    mut request: Request<Incoming>,
) -> Result<Reply, Cut> {
    if let Some(opened) = socket::open(desk, stop, &mut request) {
        return Ok(opened);
    }
    let body = match accept(request).await {
        Ok(body) => body,
        Err(refusal) => return Ok(refusal),
    };
    let reply = desk.answer(&body).await?;
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(text(status, reply.kind, reply.body))
}

/// Reads the body of a proper request, or says what is wrong with it.
async fn accept(request: Request<Incoming>) -> Result<Bytes, Reply> {
    if request.method() != Method::POST {
        return Err(text(
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain",
            "method not allowed",
        ));
    }
    let content = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !content
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON))
    {
        // A page in a browser cannot send this type across origins without asking, and is never told yes.
        let complaint = "invalid content type, only application/json is supported";
        return Err(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "text/plain", complaint));
    }
    let too_large = || {
        text(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text/plain",
            "content length too large",
        )
    };
    if request.body().size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    match Limited::new(request.into_body(), MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(text(
            StatusCode::BAD_REQUEST,
            "text/plain",
            "the request ended early",
        )),
    }
}

fn text(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
