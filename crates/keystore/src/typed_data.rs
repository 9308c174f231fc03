//! Typed data of EIP-712, strictly: what is signed is all that the JSON says, and nothing that it does not say.

mod json;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::id::keccak256;

use self::json::Json;
use crate::Error;

const DOMAIN: &str = "EIP712Domain";
/// Longer data is not for a person to read.
const MAX_LENGTH: usize = 256 << 10;
/// The fields that a domain may have, and their types.
const DOMAIN_FIELDS: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

/// The digest of the JSON of `eth_signTypedData_v4`, whose domain has to be of `chain_id`.
pub(crate) fn digest_for(json: &str, chain_id: u64) -> Result<[u8; 32], Error> {
    let data = TypedData::parse(json)?;
    match data.chain_id()? {
        Some(found) if found == chain_id => data.digest(),
        Some(found) => Err(Error::WrongChain {
            found,
            expected: chain_id,
        }),
        None => Err(refused("its domain names no chain")),
    }
}

/// The digest whatever chain the domain names: for the cases of others, which name any or none.
#[cfg(test)]
pub(crate) fn digest_of_any_chain(json: &str) -> Result<[u8; 32], Error> {
    TypedData::parse(json)?.digest()
}

fn refused(why: impl Into<String>) -> Error {
    Error::TypedData(why.into())
}

/// A field of a struct.
struct Field {
    name: String,
    kind: String,
}

/// A struct with the hash of its type.
struct Struct {
    fields: Vec<Field>,
    type_hash: [u8; 32],
}

struct TypedData {
    types: BTreeMap<String, Struct>,
    primary: String,
    domain: Json,
    message: Json,
}

impl TypedData {
    fn parse(json: &str) -> Result<Self, Error> {
        if json.len() > MAX_LENGTH {
            return Err(refused("it is too long"));
        }
        let root: Json =
            serde_json::from_str(json).map_err(|_| refused("it is not JSON, or a name is twice in it"))?;
        let Json::Object(mut root) = root else {
            return Err(refused("it is not an object"));
        };
        let mut part = |name: &str| {
            root.remove(name)
                .ok_or_else(|| refused(format!("it has no {name}")))
        };
        let (types, primary, domain, message) = (
            part("types")?,
            part("primaryType")?,
            part("domain")?,
            part("message")?,
        );
        if let Some(name) = root.keys().next() {
            return Err(refused(format!("it has an unknown part {name}")));
        }
        let (Json::Object(types), Json::Text(primary)) = (types, primary) else {
            return Err(refused("types is no object, or primaryType is no text"));
        };
        let types = types
            .into_iter()
            .map(|(name, fields)| Ok((name, fields_of(fields)?)))
            .collect::<Result<BTreeMap<_, _>, Error>>()?;
        check_types(&types)?;
        if primary == DOMAIN || !types.contains_key(&primary) {
            return Err(refused("its primaryType is not one of its types"));
        }
        let hashes: Vec<_> = types
            .keys()
            .map(|name| keccak256(encode_type(&types, name).as_bytes()))
            .collect();
        let types = types
            .into_iter()
            .zip(hashes)
            .map(|((name, fields), type_hash)| (name, Struct { fields, type_hash }))
            .collect();
        Ok(Self {
            types,
            primary,
            domain,
            message,
        })
    }

    /// The chain in the domain, when there is one.
    fn chain_id(&self) -> Result<Option<u64>, Error> {
        let Json::Object(domain) = &self.domain else {
            return Err(refused("its domain is no object"));
        };
        domain.get("chainId").map(value::small).transpose()
    }

    /// `keccak256("\x19\x01" ‖ domainSeparator ‖ hashStruct(message))`.
    fn digest(&self) -> Result<[u8; 32], Error> {
        let mut bytes = vec![0x19, 0x01];
        bytes.extend(self.hash_struct(DOMAIN, &self.domain, "domain")?);
        bytes.extend(self.hash_struct(&self.primary, &self.message, "message")?);
        Ok(keccak256(&bytes))
    }

    /// `path` says where it is, for a person.
    fn hash_struct(&self, name: &str, value: &Json, path: &str) -> Result<[u8; 32], Error> {
        let Struct { fields, type_hash } = &self.types[name];
        let Json::Object(values) = value else {
            return Err(refused(format!("{path} is no object")));
        };
        let mut bytes = type_hash.to_vec();
        for field in fields {
            let path = format!("{path}.{}", field.name);
            let value = values
                .get(&field.name)
                .ok_or_else(|| refused(format!("{path} is missing")))?;
            bytes.extend(self.encode(&field.kind, value, &path)?);
        }
        match values
            .keys()
            .find(|key| fields.iter().all(|field| field.name != **key))
        {
            Some(extra) => Err(refused(format!("{path}.{extra} is in no type"))),
            None => Ok(keccak256(&bytes)),
        }
    }

    /// The 32 bytes that stand for a value in its struct.
    fn encode(&self, kind: &str, value: &Json, path: &str) -> Result<[u8; 32], Error> {
        if let Some((element, length)) = array_of(kind) {
            let Json::Array(values) = value else {
                return Err(refused(format!("{path} is no array")));
            };
            if length.is_some_and(|length| length != values.len()) {
                return Err(refused(format!(
                    "{path} has {} elements, not {kind}",
                    values.len()
                )));
            }
            let mut bytes = Vec::with_capacity(32 * values.len());
            for (at, value) in values.iter().enumerate() {
                bytes.extend(self.encode(element, value, &format!("{path}[{at}]"))?);
            }
            return Ok(keccak256(&bytes));
        }
        if self.types.contains_key(kind) {
            return self.hash_struct(kind, value, path);
        }
        value::encode(kind, value).ok_or_else(|| refused(format!("{path} is no {kind}")))
    }
}

/// `T[]` and `T[n]`: the type of the elements, and how many there have to be.
fn array_of(kind: &str) -> Option<(&str, Option<usize>)> {
    let (element, length) = kind.strip_suffix(']')?.rsplit_once('[')?;
    match length {
        "" => Some((element, None)),
        _ if length.starts_with('0') || !length.bytes().all(|byte| byte.is_ascii_digit()) => None,
        _ => Some((element, Some(length.parse().ok()?))),
    }
}

/// The innermost type of nested arrays.
fn base_of(mut kind: &str) -> &str {
    while let Some((element, _)) = array_of(kind) {
        kind = element;
    }
    kind
}

fn fields_of(fields: Json) -> Result<Vec<Field>, Error> {
    let shape = || refused("a type is a list of fields, each with a name and a type");
    let Json::Array(fields) = fields else {
        return Err(shape());
    };
    fields
        .into_iter()
        .map(|field| {
            let Json::Object(mut field) = field else {
                return Err(shape());
            };
            match (field.remove("name"), field.remove("type"), field.is_empty()) {
                (Some(Json::Text(name)), Some(Json::Text(kind)), true) => Ok(Field { name, kind }),
                _ => Err(shape()),
            }
        })
        .collect()
}

/// Every name is one, none is twice, every type is known, and the domain is one of the standard.
fn check_types(types: &BTreeMap<String, Vec<Field>>) -> Result<(), Error> {
    for (name, fields) in types {
        if !is_name(name) || value::is_elementary(name) || matches!(name.as_str(), "uint" | "int") {
            return Err(refused(format!("{name:?} cannot be the name of a type")));
        }
        let mut seen = BTreeSet::new();
        for field in fields {
            if !is_name(&field.name) || !seen.insert(&field.name) {
                return Err(refused(format!("{name} has a field {:?}", field.name)));
            }
            let base = base_of(&field.kind);
            if base == DOMAIN || !(value::is_elementary(base) || types.contains_key(base)) {
                return Err(refused(format!(
                    "{name}.{} has the type {:?}",
                    field.name, field.kind
                )));
            }
        }
    }
    let domain = types
        .get(DOMAIN)
        .ok_or_else(|| refused(format!("its types have no {DOMAIN}")))?;
    let standard = |field: &Field| DOMAIN_FIELDS.contains(&(field.name.as_str(), field.kind.as_str()));
    if !domain.iter().all(standard) {
        return Err(refused("its domain is not one of EIP-712"));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$');
    text.bytes().next().is_some_and(letter) && text.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}

/// `Name(type field,…)`, followed by the types that it needs, in the order of their names.
fn encode_type(types: &BTreeMap<String, Vec<Field>>, name: &str) -> String {
    let mut needed = BTreeSet::new();
    let mut pending = vec![name];
    while let Some(next) = pending.pop() {
        for field in &types[next] {
            let base = base_of(&field.kind);
            if base != name && types.contains_key(base) && needed.insert(base) {
                pending.push(base);
            }
        }
    }
    let mut text = String::new();
    for name in std::iter::once(name).chain(needed) {
        let fields: Vec<_> = types[name]
            .iter()
            .map(|field| format!("{} {}", field.kind, field.name))
            .collect();
        text += &format!("{name}({})", fields.join(","));
    }
    text
}

#[cfg(test)]
mod tests;
