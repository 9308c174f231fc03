//! The configuration in rumqttc's terms.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{Code, Error};
use rumqttc::{MqttOptions, TlsConfiguration, Transport};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use super::SubscriptionConfig;
use crate::channel;

/// Room for the topic and the header beside a payload.
const OVERHEAD: usize = 70 * 1024;
/// Packets up to this are received so that they can be named, acknowledged and dropped; anything larger ends the
/// connection before it fills the memory.
const CEILING: usize = 4 * 1024 * 1024;

/// The options, or why the configuration cannot be used.
pub(crate) fn build(config: &SubscriptionConfig) -> Result<MqttOptions, Error> {
    let invalid = |message: String| Error::new(Code::InvalidInput, message);
    if config.client_id.is_empty() || config.client_id.len() > 128 {
        return Err(invalid("the MQTT client id has 1 to 128 characters".to_owned()));
    }
    if config.base_topics.is_empty() {
        return Err(invalid("a subscription needs at least one base topic".to_owned()));
    }
    if let Some(base) = config.base_topics.iter().find(|base| !channel::valid_base(base)) {
        return Err(invalid(format!(
            "{base:?} is no base topic: it must not be empty or contain + or #"
        )));
    }
    let broker = &config.broker;
    let mut options = MqttOptions::new(&config.client_id, &broker.host, broker.port);
    let incoming = CEILING.max(config.packet_limit.saturating_add(OVERHEAD));
    options
        .set_clean_session(false)
        .set_manual_acks(true)
        .set_keep_alive(config.keep_alive.max(Duration::from_secs(1)))
        .set_max_packet_size(incoming, config.packet_limit.max(OVERHEAD));
    if let Some(user) = &broker.username {
        options.set_credentials(user, config.password.clone().unwrap_or_default());
    }
    if broker.tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(trust(
            config,
        )?)));
    }
    Ok(options)
}

/// TLS 1.2 or 1.3 with the given certificates, or the system's; there is no way around their verification.
fn trust(config: &SubscriptionConfig) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    let refused = |why: String| {
        Error::new(
            Code::InvalidInput,
            format!("the broker's certificates cannot be used: {why}"),
        )
    };
    if let Some(pem) = &config.ca_pem {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| refused(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| refused(error.to_string()))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err(refused("there are none".to_owned()));
    }
    let identity = identity(config)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?;
    let builder = builder.with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| foreign(&error.to_string()))?,
    };
    Ok(Arc::new(config))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// This client's certificate with its chain, and the key to it.
fn identity(config: &SubscriptionConfig) -> Result<Option<Identity>, Error> {
    let (certificate, key) = match (&config.client_cert_pem, &config.client_key_pem) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(foreign("the certificate and its key come together")),
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| foreign(&error.to_string()))?;
    if chain.is_empty() {
        return Err(foreign("there is no certificate in the file"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| foreign(&error.to_string()))?;
    Ok(Some((chain, key)))
}

fn foreign(why: &str) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("the client certificate cannot be used: {why}"),
    )
}
