//! How a broker is reached: its password, and the certificates and the key of TLS. They lie in sealed files of this
//! profile, never in the database, and travel in an encrypted backup like every sealed file.

use std::path::Path;

use enerlink_domain::{BrokerAddress, Code, Error, id, view::BrokerDraft};
use enerlink_keystore::Keystore;
use enerlink_meter::{ScanConfig, SubscriptionConfig};
use zeroize::Zeroizing;

use crate::files;

/// The largest file of certificates that is read; a sealed file has an end as well.
const LARGEST_CA: u64 = 512 << 10;
/// The largest certificate chain, or key.
const LARGEST_OWN: u64 = 64 << 10;

/// What a sealed file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Password,
    Ca,
    Certificate,
    Key,
}

impl Part {
    /// The name under which it is sealed for the broker at `address`.
    fn name(self, address: &BrokerAddress) -> String {
        let kind = match self {
            Self::Password => "broker",
            Self::Ca => "broker-ca",
            Self::Certificate => "broker-cert",
            Self::Key => "broker-key",
        };
        let digest = id::keccak256(address.url().as_bytes());
        format!("{kind}/{}", id::hex(&digest[..8]))
    }
}

type Secret = Option<Zeroizing<Vec<u8>>>;

/// Everything that a broker may ask for. What is absent is not used; what is empty was withdrawn.
#[derive(Default)]
pub(crate) struct Access {
    password: Secret,
    ca: Secret,
    certificate: Secret,
    key: Secret,
}

impl Access {
    /// What the household has just given, its files read and checked.
    pub(crate) fn given(draft: &BrokerDraft) -> Result<Self, Error> {
        let pem = |path: &Option<String>, most, part| {
            let read = |path| match path {
                "" => Ok(Zeroizing::default()),
                path => read_pem(Path::new(path), most, part),
            };
            path.as_deref().map(str::trim).map(read).transpose()
        };
        let password = draft.password.as_ref();
        Ok(Self {
            password: password.map(|password| Zeroizing::new(password.as_bytes().to_vec())),
            ca: pem(&draft.ca_file, LARGEST_CA, Part::Ca)?,
            certificate: pem(&draft.client_cert_file, LARGEST_OWN, Part::Certificate)?,
            key: pem(&draft.client_key_file, LARGEST_OWN, Part::Key)?,
        })
    }

    /// What is sealed for the broker at `address`. A file that cannot be opened is left out and logged: the broker says
    /// then what is missing.
    pub(crate) fn sealed(keystore: &Keystore, address: &BrokerAddress) -> Self {
        let open = |part: Part| {
            keystore.open_secret(&part.name(address)).unwrap_or_else(|error| {
                tracing::error!(broker = address.url(), %error, "what the broker asks for cannot be opened");
                None
            })
        };
        Self {
            password: open(Part::Password),
            ca: open(Part::Ca),
            certificate: open(Part::Certificate),
            key: open(Part::Key),
        }
    }

    /// The same, with what is sealed already in the place of what was not given.
    pub(crate) fn or_sealed(self, keystore: &Keystore, address: &BrokerAddress) -> Result<Self, Error> {
        let sealed = Self::sealed(keystore, address);
        let access = Self {
            password: self.password.or(sealed.password),
            ca: self.ca.or(sealed.ca),
            certificate: self.certificate.or(sealed.certificate),
            key: self.key.or(sealed.key),
        };
        if there(&access.certificate) != there(&access.key) {
            let text = "a client certificate and its private key belong together: name both files";
            return Err(Error::new(Code::InvalidInput, text));
        }
        Ok(access)
    }

    /// Seals what there is for the broker at `address`; what is absent stays as it was, what is empty is removed.
    pub(crate) fn seal(&self, keystore: &Keystore, address: &BrokerAddress) -> Result<(), Error> {
        for (part, secret) in [
            (Part::Password, &self.password),
            (Part::Ca, &self.ca),
            (Part::Certificate, &self.certificate),
            (Part::Key, &self.key),
        ] {
            match secret {
                Some(secret) if secret.is_empty() => keystore.remove_secret(&part.name(address))?,
                Some(secret) => keystore.seal_secret(&part.name(address), secret)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Whether nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        let parts = [&self.password, &self.ca, &self.certificate, &self.key];
        parts.into_iter().all(Option::is_none)
    }

    pub(crate) fn configure(self, config: &mut SubscriptionConfig) {
        config.password = text(self.password);
        config.ca_pem = bytes(self.ca);
        config.client_cert_pem = bytes(self.certificate);
        config.client_key_pem = bytes(self.key);
    }

    pub(crate) fn configure_scan(self, config: &mut ScanConfig) {
        config.password = text(self.password);
        config.ca_pem = bytes(self.ca);
        config.client_cert_pem = bytes(self.certificate);
        config.client_key_pem = bytes(self.key);
    }
}

fn there(secret: &Secret) -> bool {
    secret.as_ref().is_some_and(|bytes| !bytes.is_empty())
}

fn text(secret: Secret) -> Option<String> {
    bytes(secret).and_then(|bytes| String::from_utf8(bytes).ok())
}

fn bytes(secret: Secret) -> Option<Vec<u8>> {
    secret
        .filter(|bytes| !bytes.is_empty())
        .map(|bytes| bytes.to_vec())
}

/// A PEM file (RFC 7468) with what is asked for and nothing that does not belong there.
fn read_pem(path: &Path, most: u64, part: Part) -> Result<Zeroizing<Vec<u8>>, Error> {
    let content = files::read(path, most)?;
    let refused = |why: &str| Error::new(Code::InvalidInput, format!("{} {why}", path.display()));
    let text = std::str::from_utf8(&content).map_err(|_| refused("is no PEM file"))?;
    let labels: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
        .collect();
    let closed = |label: &&&str| text.contains(&format!("-----END {label}-----"));
    if labels.is_empty() || labels.iter().filter(closed).count() != labels.len() {
        return Err(refused("is no whole PEM file"));
    }
    let is_key = |label: &&str| label.ends_with("PRIVATE KEY");
    match part {
        Part::Key if labels.iter().any(|label| label.contains("ENCRYPTED")) => Err(refused(
            "is encrypted: give the private key without a password, it is sealed here",
        )),
        Part::Key if labels.iter().filter(|label| is_key(label)).count() == 1 => Ok(content),
        Part::Key => Err(refused("holds no private key, or several")),
        Part::Password | Part::Ca | Part::Certificate if labels.iter().any(is_key) => {
            Err(refused("holds a private key; name a file with certificates only"))
        }
        Part::Password | Part::Ca | Part::Certificate if labels.contains(&"CERTIFICATE") => Ok(content),
        Part::Password | Part::Ca | Part::Certificate => Err(refused("holds no certificate")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(labels: &[&str]) -> String {
        let part = |label: &&str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        labels.iter().map(part).collect()
    }

    #[test]
    fn what_is_absent_stays_sealed_and_what_is_empty_is_withdrawn() {
        let home = tempfile::tempdir().expect("a directory");
        let keystore = Keystore::open(home.path()).expect("a keystore");
        let address = BrokerAddress::parse("mqtts://home@broker").expect("an address");
        let file = |name: &str, label| {
            let path = home.path().join(name);
            std::fs::write(&path, pem(&[label])).expect("written");
            Some(path.display().to_string())
        };
        let (certificate, key) = (file("home.crt", "CERTIFICATE"), file("home.key", "PRIVATE KEY"));
        let give = |draft: BrokerDraft| {
            let access = Access::given(&draft)?.or_sealed(&keystore, &address)?;
            access.seal(&keystore, &address)
        };
        let sealed = || {
            let access = Access::sealed(&keystore, &address);
            [&access.password, &access.certificate, &access.key].map(Option::is_some)
        };
        let whole = BrokerDraft {
            password: Some("secret".to_owned()),
            client_cert_file: certificate,
            client_key_file: key,
            ..BrokerDraft::default()
        };
        give(whole).expect("sealed");
        give(BrokerDraft::default()).expect("nothing to do");
        assert_eq!(sealed(), [true; 3]);
        let without_key = BrokerDraft {
            client_key_file: Some(String::new()),
            ..BrokerDraft::default()
        };
        assert_eq!(
            give(without_key.clone()).expect_err("half a pair").code,
            Code::InvalidInput
        );
        give(BrokerDraft {
            client_cert_file: Some(String::new()),
            ..without_key
        })
        .expect("withdrawn");
        assert_eq!(sealed(), [true, false, false]);
        give(BrokerDraft {
            password: Some(String::new()),
            ..BrokerDraft::default()
        })
        .expect("withdrawn");
        assert_eq!(sealed(), [false; 3]);
    }

    #[test]
    fn files_hold_what_they_are_named_for() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("file.pem");
        let read = |content: &str, part| {
            std::fs::write(&path, content).expect("written");
            read_pem(&path, 4096, part).map(drop).map_err(|error| error.code)
        };
        let (certificate, key) = (pem(&["CERTIFICATE"]), pem(&["PRIVATE KEY"]));
        for (content, part, fine) in [
            (certificate.clone(), Part::Ca, true),
            (pem(&["CERTIFICATE", "CERTIFICATE"]), Part::Certificate, true),
            (key.clone(), Part::Key, true),
            (pem(&["EC PARAMETERS", "EC PRIVATE KEY"]), Part::Key, true),
            (pem(&["RSA PRIVATE KEY"]), Part::Key, true),
            (certificate.clone(), Part::Key, false),
            (key.clone(), Part::Ca, false),
            (pem(&["CERTIFICATE", "PRIVATE KEY"]), Part::Certificate, false),
            (pem(&["ENCRYPTED PRIVATE KEY"]), Part::Key, false),
            (pem(&["PRIVATE KEY", "PRIVATE KEY"]), Part::Key, false),
            (certificate[..30].to_owned(), Part::Ca, false),
            (String::new(), Part::Ca, false),
            ("x".repeat(5000), Part::Ca, false),
        ] {
            let expected = if fine { Ok(()) } else { Err(Code::InvalidInput) };
            assert_eq!(read(&content, part), expected, "{content}");
        }
    }
}
