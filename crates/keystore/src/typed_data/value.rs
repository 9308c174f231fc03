//! The elementary types of EIP-712, each as 32 bytes.

use alloy_primitives::U256;
use enerlink_domain::{
    Address,
    id::{keccak256, unhex},
};

use super::{Json, refused};
use crate::Error;

/// Whether it is a type without parts. `uint` and `int` are not: their aliases would give another hash.
pub(super) fn is_elementary(kind: &str) -> bool {
    matches!(kind, "bool" | "address" | "string" | "bytes")
        || bits(kind, "uint").is_some()
        || bits(kind, "int").is_some()
        || fixed_bytes(kind).is_some()
}

/// The 32 bytes of a value, nothing when it is not of the type.
pub(super) fn encode(kind: &str, value: &Json) -> Option<[u8; 32]> {
    match (kind, value) {
        ("bool", Json::Bool(value)) => Some(U256::from(u8::from(*value)).to_be_bytes()),
        ("string", Json::Text(text)) => Some(keccak256(text.as_bytes())),
        ("bytes", Json::Text(text)) => prefixed(text).map(|bytes| keccak256(&bytes)),
        ("address", Json::Text(text)) => {
            let address: Address = text.parse().ok()?;
            Some(U256::from_be_slice(&address.0).to_be_bytes())
        }
        _ => encode_number(kind, value).or_else(|| encode_bytes(kind, value)),
    }
}

/// A number of at most 64 bits.
pub(super) fn small(value: &Json) -> Result<u64, Error> {
    number(value)
        .filter(|(negative, _)| !negative)
        .and_then(|(_, magnitude)| u64::try_from(magnitude).ok())
        .ok_or_else(|| refused("its chain id is no number of 64 bits"))
}

fn encode_number(kind: &str, value: &Json) -> Option<[u8; 32]> {
    let (negative, magnitude) = number(value)?;
    if let Some(bits) = bits(kind, "uint") {
        return (!negative && magnitude.bit_len() <= bits).then(|| magnitude.to_be_bytes());
    }
    let half = U256::from(1) << (bits(kind, "int")? - 1);
    if negative {
        (magnitude <= half).then(|| magnitude.wrapping_neg().to_be_bytes())
    } else {
        (magnitude < half).then(|| magnitude.to_be_bytes())
    }
}

fn encode_bytes(kind: &str, value: &Json) -> Option<[u8; 32]> {
    let (length, Json::Text(text)) = (fixed_bytes(kind)?, value) else {
        return None;
    };
    let bytes = prefixed(text).filter(|bytes| bytes.len() == length)?;
    let mut padded = [0; 32];
    padded[..length].copy_from_slice(&bytes);
    Some(padded)
}

/// A JSON integer, or a text of decimal digits, or of hexadecimal ones after `0x`: whether it is negative, and how far
/// it is from zero. Minus zero is none.
fn number(value: &Json) -> Option<(bool, U256)> {
    let (Json::Number(text) | Json::Text(text)) = value else {
        return None;
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.as_str()),
    };
    let (digits, radix) = match digits.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    let well_formed = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    let magnitude = U256::from_str_radix(well_formed.then_some(digits)?, radix.into()).ok()?;
    (!negative || !magnitude.is_zero()).then_some((negative, magnitude))
}

/// `0x` and an even number of digits.
fn prefixed(text: &str) -> Option<Vec<u8>> {
    text.starts_with("0x").then(|| unhex(text))?
}

/// The width of `uint8` to `uint256` and `int8` to `int256`.
fn bits(kind: &str, name: &str) -> Option<usize> {
    let width = decimal(kind.strip_prefix(name)?)?;
    (width % 8 == 0 && (8..=256).contains(&width)).then_some(width)
}

/// The length of `bytes1` to `bytes32`.
fn fixed_bytes(kind: &str) -> Option<usize> {
    decimal(kind.strip_prefix("bytes")?).filter(|length| (1..=32).contains(length))
}

/// Digits without a zero at the left.
fn decimal(text: &str) -> Option<usize> {
    (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
