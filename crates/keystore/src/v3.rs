//! Web3 Secret Storage of version 3: the key file of geth, eth-account, ethers and others.

use aes::cipher::{KeyIvInit, StreamCipher};
use enerlink_domain::{
    Address,
    id::{hex, keccak256, unhex},
};
use pbkdf2::pbkdf2_hmac;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    Account, Error, Password,
    random::{self, Random},
};

/// The cost that geth calls standard: 256 MiB.
pub(crate) const STANDARD_LOG_N: u8 = 18;
/// Some programs have dropped the zeros at the left of a key. One key in 2^24 begins with more than two of them: a file
/// that is shorter still is cut, not short.
const SHORTEST_KEY: usize = 30;
/// A key file has some 500 characters.
const MAX_LENGTH: usize = 64 << 10;
/// Bounds of what a file may ask for: 512 MiB, and about ten times the work of the standard cost.
const MAX_SCRYPT_MEMORY: u128 = 512 << 20;
const MAX_SCRYPT_WORK: u128 = 5 << 29;
const MAX_PBKDF2_ROUNDS: u64 = 10_000_000;

#[derive(Deserialize)]
struct KeyFile {
    version: u64,
    #[serde(alias = "Crypto")]
    crypto: Crypto,
    address: Option<String>,
}

#[derive(Deserialize)]
struct Crypto {
    cipher: String,
    ciphertext: String,
    cipherparams: CipherParams,
    kdf: String,
    kdfparams: Value,
    mac: String,
}

#[derive(Deserialize)]
struct CipherParams {
    iv: String,
}

#[derive(Deserialize)]
struct ScryptParams {
    n: u64,
    r: u64,
    p: u64,
    dklen: u64,
    salt: String,
}

#[derive(Deserialize)]
struct Pbkdf2Params {
    c: u64,
    prf: String,
    dklen: u64,
    salt: String,
}

/// What a key file holds.
pub(crate) struct Decoded {
    pub(crate) account: Account,
    /// Whether the file names the address itself.
    pub(crate) address_claimed: bool,
    /// Whether it held fewer than 32 bytes, which were filled with zeros at the left.
    pub(crate) padded: bool,
}

/// Reads a key file. Everything that can be refused without the password is refused before a key is derived.
pub(crate) fn decode(json: &str, password: &Password) -> Result<Decoded, Error> {
    let file = parse(json)?;
    let crypto = &file.crypto;
    let claimed = file.address.as_deref().map(parse_address).transpose()?;
    let iv: [u8; 16] = parse_hex(&crypto.cipherparams.iv, "its iv is not 16 bytes")?;
    let cipher_text = unhex(&crypto.ciphertext)
        .filter(|bytes| (SHORTEST_KEY..=32).contains(&bytes.len()))
        .ok_or(Error::KeyFile("its ciphertext is not 32 bytes"))?;
    let mac: [u8; 32] = parse_hex(&crypto.mac, "its mac is not 32 bytes")?;
    let derived = match crypto.kdf.as_str() {
        "scrypt" => derive_scrypt(&crypto.kdfparams, password)?,
        "pbkdf2" => derive_pbkdf2(&crypto.kdfparams, password)?,
        _ => return Err(Error::KeyFile("its key derivation is neither scrypt nor pbkdf2")),
    };
    if !equal(&mac, &mac_of(&derived, &cipher_text)) {
        return Err(Error::WrongPassword);
    }
    let mut secret = Zeroizing::new([0; 32]);
    let tail = &mut secret[32 - cipher_text.len()..];
    tail.copy_from_slice(&cipher_text);
    apply_cipher(&derived, &iv, tail);
    let account = Account::from_bytes(&secret)?;
    match claimed {
        Some(claimed) if claimed != account.address() => Err(Error::AddressMismatch {
            claimed,
            found: account.address(),
        }),
        _ => Ok(Decoded {
            account,
            address_claimed: claimed.is_some(),
            padded: cipher_text.len() < 32,
        }),
    }
}

/// Writes a key file with scrypt n=2^`log_n` r=8 p=1.
pub(crate) fn encode(
    account: &Account,
    password: &Password,
    log_n: u8,
    random: Random,
) -> Result<String, Error> {
    let salt: [u8; 32] = random::array(random)?;
    let iv: [u8; 16] = random::array(random)?;
    let derived = scrypt(password, &salt, log_n, 8, 1)?;
    let mut cipher_text = account.secret_bytes();
    apply_cipher(&derived, &iv, &mut *cipher_text);
    let file = json!({
        "version": 3,
        "id": uuid(random::array(random)?),
        "address": hex(&account.address().0),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": { "iv": hex(&iv) },
            "ciphertext": hex(&*cipher_text),
            "kdf": "scrypt",
            "kdfparams": { "dklen": 32, "n": 1_u64 << log_n, "r": 8, "p": 1, "salt": hex(&salt) },
            "mac": hex(&mac_of(&derived, &*cipher_text)),
        },
    });
    Ok(file.to_string())
}

fn parse(json: &str) -> Result<KeyFile, Error> {
    if json.len() > MAX_LENGTH {
        return Err(Error::KeyFile("it is too long"));
    }
    let file: KeyFile =
        serde_json::from_str(json).map_err(|_| Error::KeyFile("it is not JSON of Web3 Secret Storage"))?;
    if file.version != 3 {
        return Err(Error::KeyFile("its version is not 3"));
    }
    if file.crypto.cipher != "aes-128-ctr" {
        return Err(Error::KeyFile("its cipher is not aes-128-ctr"));
    }
    Ok(file)
}

fn derive_scrypt(params: &Value, password: &Password) -> Result<Zeroizing<[u8; 32]>, Error> {
    let refused = Error::KeyFile("its scrypt parameters are not accepted");
    let Ok(params) = ScryptParams::deserialize(params) else {
        return Err(refused);
    };
    let (n, r, p) = (u128::from(params.n), u128::from(params.r), u128::from(params.p));
    let memory = 128 * n.saturating_mul(r);
    let accepted = params.n.is_power_of_two()
        && params.n > 1
        && r > 0
        && p > 0
        && params.dklen == 32
        && memory <= MAX_SCRYPT_MEMORY
        && memory.saturating_mul(p) <= MAX_SCRYPT_WORK;
    let bounded = (
        u8::try_from(params.n.trailing_zeros()),
        u32::try_from(r),
        u32::try_from(p),
    );
    let (true, (Ok(log_n), Ok(r), Ok(p)), Some(salt)) = (accepted, bounded, unhex(&params.salt)) else {
        return Err(refused);
    };
    scrypt(password, &salt, log_n, r, p)
}

fn scrypt(password: &Password, salt: &[u8], log_n: u8, r: u32, p: u32) -> Result<Zeroizing<[u8; 32]>, Error> {
    let refused = |_| Error::KeyFile("its scrypt parameters are not accepted");
    let params = scrypt::Params::new(log_n, r, p).map_err(refused)?;
    let mut derived = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.as_bytes(), salt, &params, &mut *derived)
        .map_err(|_| Error::KeyFile("its scrypt parameters are not accepted"))?;
    Ok(derived)
}

fn derive_pbkdf2(params: &Value, password: &Password) -> Result<Zeroizing<[u8; 32]>, Error> {
    let refused = Error::KeyFile("its pbkdf2 parameters are not accepted");
    let Ok(params) = Pbkdf2Params::deserialize(params) else {
        return Err(refused);
    };
    let accepted =
        (1..=MAX_PBKDF2_ROUNDS).contains(&params.c) && params.prf == "hmac-sha256" && params.dklen == 32;
    let (true, Ok(rounds), Some(salt)) = (accepted, u32::try_from(params.c), unhex(&params.salt)) else {
        return Err(refused);
    };
    let mut derived = Zeroizing::new([0; 32]);
    pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, rounds, &mut *derived);
    Ok(derived)
}

/// Encrypts or decrypts in place with AES-128-CTR under the first half of the derived key.
fn apply_cipher(derived: &[u8; 32], iv: &[u8; 16], bytes: &mut [u8]) {
    let mut key = Zeroizing::new([0; 16]);
    key.copy_from_slice(&derived[..16]);
    ctr::Ctr128BE::<aes::Aes128>::new((&*key).into(), iv.into()).apply_keystream(bytes);
}

/// Keccak-256 of the second half of the derived key and the cipher text.
fn mac_of(derived: &[u8; 32], cipher_text: &[u8]) -> [u8; 32] {
    let mut input = Zeroizing::new(Vec::with_capacity(16 + cipher_text.len()));
    input.extend(&derived[16..]);
    input.extend(cipher_text);
    keccak256(&input)
}

/// Takes the same time wherever the difference is.
fn equal(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.iter()
        .zip(right)
        .fold(0, |sum, (left, right)| sum | (left ^ right))
        == 0
}

fn parse_hex<const N: usize>(text: &str, refusal: &'static str) -> Result<[u8; N], Error> {
    unhex(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(Error::KeyFile(refusal))
}

fn parse_address(text: &str) -> Result<Address, Error> {
    parse_hex(&text.to_lowercase(), "its address is not 20 bytes").map(Address)
}

/// A random UUID of version 4 (RFC 9562).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests;
