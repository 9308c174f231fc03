//! Where a node is: an address whose user and password are kept apart from what is shown.

use alloy::transports::http::reqwest::Url;

use crate::ChainError;

/// An address that can be used.
pub(super) struct Address {
    /// Without user and password.
    pub(super) url: Url,
    pub(super) credentials: Option<Credentials>,
}

/// A user, and a password where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: Option<String>,
}

impl Address {
    /// Takes `http://`, `https://`, `ws://` and `wss://`, with or without `user:password@`.
    pub(super) fn parse(text: &str) -> Result<Self, ChainError> {
        let mut url = Url::parse(text.trim()).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
            return Err(bad("it must start with http://, https://, ws:// or wss://"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("it names no host"));
        }
        let credentials = take_credentials(&mut url).ok_or_else(|| bad("user or password cannot be read"))?;
        Ok(Self { url, credentials })
    }

    /// Scheme, host and port.
    pub(super) fn place(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

pub(super) fn bad(reason: &str) -> ChainError {
    ChainError::BadUrl {
        reason: reason.into(),
    }
}

/// Moves user and password out of the address. They are percent-encoded there (RFC 3986, section 3.2.1).
fn take_credentials(url: &mut Url) -> Option<Option<Credentials>> {
    let user = unescape(url.username())?;
    let password = match url.password() {
        Some(password) => Some(unescape(password)?),
        None => None,
    };
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let given = !user.is_empty() || password.is_some();
    Some(given.then_some(Credentials { user, password }))
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_nodes_are_taken() {
        for text in [
            "",
            "ftp://x",
            "file:///etc/passwd",
            "localhost:8545",
            "http://",
            "ws://",
        ] {
            assert!(
                matches!(Address::parse(text), Err(ChainError::BadUrl { .. })),
                "{text}"
            );
        }
        for text in [
            "http://x",
            "https://x:8545/v1?key=1",
            "ws://x",
            "wss://[::1]:8546",
        ] {
            assert!(Address::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_password_is_kept_out_of_sight() {
        for scheme in ["http", "ws"] {
            let address = Address::parse(&format!("{scheme}://me:s%40cret@127.0.0.1:9/v1")).expect("url");
            assert_eq!(address.url.as_str(), format!("{scheme}://127.0.0.1:9/v1"));
            assert_eq!(address.place(), format!("{scheme}://127.0.0.1:9"));
            let expected = Credentials {
                user: "me".into(),
                password: Some("s@cret".into()),
            };
            assert_eq!(address.credentials, Some(expected));
        }
        let error = Address::parse("ftp://me:secret@host").err().expect("refused");
        assert!(!error.to_string().contains("secret"));
    }
}
