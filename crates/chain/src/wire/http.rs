//! Questions by HTTP: one POST each; no proxy, no redirect, no decompression, so that the bytes counted are the bytes sent.

use std::error::Error as _;

use alloy::transports::http::reqwest::{self, Client, Response, StatusCode, header, redirect::Policy};

use super::{
    Lost, MAX_BODY, Said,
    address::{Address, bad},
};
use crate::{ChainError, error::quoted};

pub(super) struct Http {
    client: Client,
    address: Address,
}

impl Http {
    pub(super) fn new(address: Address) -> Result<Self, ChainError> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .map_err(|error| bad(&innermost(error)))?;
        Ok(Self { client, address })
    }

    pub(super) async fn post(&self, question: String) -> Result<Said, Lost> {
        let mut post = self
            .client
            .post(self.address.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(question);
        if let Some(credentials) = &self.address.credentials {
            post = post.basic_auth(&credentials.user, credentials.password.as_ref());
        }
        let response = post.send().await.map_err(lost)?;
        let status = response.status();
        if status.is_success() {
            let body = read(response).await?;
            return Ok(Said {
                body,
                complaint: None,
            });
        }
        let complaint = format!("HTTP status {status}");
        // Some nodes put their JSON-RPC error under an HTTP error; too many requests is never about the question.
        match read(response).await {
            Ok(body) if status != StatusCode::TOO_MANY_REQUESTS => Ok(Said {
                body,
                complaint: Some(complaint),
            }),
            _ => Err(Lost::Unreachable(complaint)),
        }
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Lost> {
    let announced = response.content_length().unwrap_or_default();
    if announced > MAX_BODY as u64 {
        return Err(Lost::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Lost::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn lost(error: reqwest::Error) -> Lost {
    Lost::Unreachable(innermost(error))
}

/// The last cause, which says what happened; the outer ones repeat the address.
fn innermost(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    quoted(&text)
}
