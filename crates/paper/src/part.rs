//! What one code says: a part of the vault, of which sheet, and which part. The format is in `docs/sheet-format.md`.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::{Error, MAX_VAULT, base32};

/// The most bytes of the vault in one code: with them a code has at most version 23, which a photograph of a page still
/// shows clearly.
const PART: usize = 720;
/// The most codes that are believed: what the longest vault makes.
const MAX_PARTS: usize = MAX_VAULT.div_ceil(PART);
const FORMAT: u32 = 1;

/// What the parts are of. The texts of one are passed over by whoever looks for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A vault.
    Vault,
    /// The receipt of a settlement, deflated.
    Receipt,
}

impl Kind {
    fn magic(self) -> &'static str {
        match self {
            Self::Vault => "ENERLINK",
            Self::Receipt => "ENERLINK-RECEIPT",
        }
    }
}

/// Which sheet: the start of the SHA-256 of the vault, which is also what its parts are checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SheetId([u8; 20]);

impl SheetId {
    pub(crate) fn of(vault: &[u8]) -> Self {
        let digest = Sha256::digest(vault);
        let mut id = [0; 20];
        id.copy_from_slice(&digest[..20]);
        Self(id)
    }

    /// The first eight letters, `ABCD-EFGH`: enough for a person to tell sheets apart.
    pub(crate) fn short(self) -> String {
        let text = base32::encode(&self.0[..5]);
        format!("{}-{}", &text[..4], &text[4..])
    }
}

/// What one code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    kind: Kind,
    pub(crate) sheet: SheetId,
    /// Which part, from 1.
    pub(crate) number: usize,
    /// How many parts.
    pub(crate) of: usize,
    /// Bytes of the whole.
    length: usize,
    bytes: Vec<u8>,
}

impl Part {
    /// The text of the code: letters, digits and `/`.
    pub(crate) fn to_text(&self) -> String {
        let sheet = base32::encode(&self.sheet.0);
        let bytes = base32::encode(&self.bytes);
        format!(
            "{}/{FORMAT}/{sheet}/{}/{}/{}/{bytes}",
            self.kind.magic(),
            self.number,
            self.of,
            self.length
        )
    }

    /// Reads the text of a code; `None` when it is another kind of code.
    ///
    /// # Errors
    /// [`Error::Newer`] for a later format.
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Option<Self>, Error> {
        let Some((format, rest)) = text
            .strip_prefix(kind.magic())
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.split_once('/'))
        else {
            return Ok(None);
        };
        match number(format) {
            Some(format) if format > FORMAT as usize => Err(Error::Newer),
            Some(format) if format == FORMAT as usize => Ok(Self::parse_fields(kind, rest)),
            _ => Ok(None),
        }
    }

    fn parse_fields(kind: Kind, text: &str) -> Option<Self> {
        let mut fields = text.split('/');
        let mut next = || fields.next();
        let part = Self {
            kind,
            sheet: SheetId(base32::decode(next()?)?.try_into().ok()?),
            number: number(next()?)?,
            of: number(next()?)?,
            length: number(next()?)?,
            bytes: base32::decode(next()?)?,
        };
        let fits = next().is_none()
            && (1..=MAX_PARTS).contains(&part.of)
            && (1..=part.of).contains(&part.number)
            && (1..=MAX_VAULT).contains(&part.length)
            && (1..=part.length).contains(&part.bytes.len());
        fits.then_some(part)
    }
}

/// A decimal number as we write it: no sign, no leading zero, at most six digits.
fn number(text: &str) -> Option<usize> {
    let plain = text.len() <= 6 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Cuts a vault, or something else, into parts of about the same length.
///
/// # Errors
/// [`Error::Empty`] and [`Error::TooLarge`].
pub(crate) fn split(kind: Kind, vault: &[u8]) -> Result<Vec<Part>, Error> {
    if vault.is_empty() {
        return Err(Error::Empty);
    }
    if vault.len() > MAX_VAULT {
        return Err(Error::TooLarge { bytes: vault.len() });
    }
    let sheet = SheetId::of(vault);
    let size = vault.len().div_ceil(vault.len().div_ceil(PART));
    let of = vault.len().div_ceil(size);
    let parts = vault.chunks(size).enumerate().map(|(at, bytes)| Part {
        kind,
        sheet,
        number: at + 1,
        of,
        length: vault.len(),
        bytes: bytes.to_vec(),
    });
    Ok(parts.collect())
}

/// The parts that were read so far.
#[derive(Default)]
pub(crate) struct Parts {
    /// The first one, with which all others have to agree.
    first: Option<Part>,
    bytes: BTreeMap<usize, Vec<u8>>,
}

impl Parts {
    /// Takes a part; one that is here already changes nothing.
    ///
    /// # Errors
    /// [`Error::AnotherSheet`], with the number of the `image`; [`Error::Damaged`] when parts of the same sheet
    /// contradict each other.
    pub(crate) fn add(&mut self, part: Part, image: usize) -> Result<(), Error> {
        let first = self.first.get_or_insert_with(|| part.clone());
        if first.sheet != part.sheet {
            return Err(Error::AnotherSheet {
                image,
                sheet: first.sheet.short(),
                other: part.sheet.short(),
            });
        }
        if (first.of, first.length) != (part.of, part.length) {
            return Err(Error::Damaged);
        }
        let known = self
            .bytes
            .entry(part.number)
            .or_insert_with(|| part.bytes.clone());
        (*known == part.bytes).then_some(()).ok_or(Error::Damaged)
    }

    /// Puts the vault together.
    ///
    /// # Errors
    /// [`Error::NoCode`], [`Error::Missing`], [`Error::Damaged`].
    pub(crate) fn join(self) -> Result<Vec<u8>, Error> {
        let first = self.first.ok_or(Error::NoCode)?;
        let missing: Vec<u32> = (1..=first.of)
            .filter(|number| !self.bytes.contains_key(number))
            .filter_map(|number| u32::try_from(number).ok())
            .collect();
        if !missing.is_empty() {
            let of = u32::try_from(first.of).unwrap_or(u32::MAX);
            return Err(Error::Missing { missing, of });
        }
        let vault: Vec<u8> = self.bytes.into_values().flatten().collect();
        let whole = vault.len() == first.length && SheetId::of(&vault) == first.sheet;
        whole.then_some(vault).ok_or(Error::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(vault: &[u8]) -> Vec<String> {
        split(Kind::Vault, vault)
            .expect("fits")
            .iter()
            .map(Part::to_text)
            .collect()
    }

    fn join(texts: &[String]) -> Result<Vec<u8>, Error> {
        let mut parts = Parts::default();
        for (at, text) in texts.iter().enumerate() {
            if let Some(part) = Part::parse(Kind::Vault, text)? {
                parts.add(part, at + 1)?;
            }
        }
        parts.join()
    }

    #[test]
    fn the_example_of_the_document() {
        let expected = "ENERLINK/1/BVQDPMBCSYGJX5OK7SH6C6SLL3ZEXT4X/1/1/13/JBSWY3DPFQQHMYLVNR2CC";
        assert_eq!(texts(b"Hello, vault!"), [expected]);
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(split(Kind::Vault, &[]), Err(Error::Empty));
        assert_eq!(
            split(Kind::Vault, &vec![0; MAX_VAULT + 1]),
            Err(Error::TooLarge { bytes: MAX_VAULT + 1 })
        );
        let longest = split(Kind::Vault, &vec![0; MAX_VAULT]).expect("fits");
        assert!(longest.len() <= MAX_PARTS);
        assert!(
            longest.iter().all(|part| part.to_text().len() <= 1248),
            "version 23"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut texts = texts(&vec![7; 5000]);
        assert_eq!(texts.len(), 7);
        texts.remove(4);
        texts.remove(0);
        let missing = vec![1, 5];
        assert_eq!(join(&texts), Err(Error::Missing { missing, of: 7 }));
        assert_eq!(join(&[]), Err(Error::NoCode));
    }

    #[test]
    fn sheets_are_not_mixed() {
        let (one, other) = (texts(&[1; 900]), texts(&[2; 900]));
        let error = join(&[one[0].clone(), other[1].clone()]).expect_err("two sheets");
        let (sheet, other) = (SheetId::of(&[1; 900]).short(), SheetId::of(&[2; 900]).short());
        assert_eq!(
            error,
            Error::AnotherSheet {
                image: 2,
                sheet,
                other
            }
        );
    }

    #[test]
    fn other_codes_are_passed_over() {
        let vault = vec![9; 2000];
        let mut texts = texts(&vault);
        let id = base32::encode(&[1; 20]);
        for other in [
            "https://example.org",
            "ENERLINK",
            "ENERLINK/",
            "ENERLINK/0/AAAA/1/1/1/AA",
            "ENERLINK/1/AAAA/1/1/1/AA",
            &format!("ENERLINK/1/{id}/0/1/1/AA"),
            &format!("ENERLINK/1/{id}/2/1/1/AA"),
            &format!("ENERLINK/1/{id}/1/1/0/AA"),
            &format!("ENERLINK/1/{id}/1/1/1/"),
            &format!("ENERLINK/1/{id}/1/1/1/AAAA"),
            &format!("ENERLINK/1/{id}/1/999999/1/AA"),
            &format!("ENERLINK/1/{id}/1/1/262145/AA"),
            &format!("ENERLINK/1/{id}/+1/1/1/AA"),
            &format!("ENERLINK/1/{id}/01/1/1/AA"),
            &format!("ENERLINK/1/{id}/1/1/1/AA/"),
        ] {
            texts.insert(1, other.to_owned());
        }
        assert_eq!(join(&texts), Ok(vault));
    }

    #[test]
    fn a_receipt_is_no_vault() {
        let parts = split(Kind::Receipt, b"Hello, receipt!").expect("fits");
        let text = parts[0].to_text();
        assert!(text.starts_with("ENERLINK-RECEIPT/1/"), "{text}");
        assert_eq!(Part::parse(Kind::Vault, &text), Ok(None));
        assert_eq!(Part::parse(Kind::Receipt, &text), Ok(Some(parts[0].clone())));
        assert_eq!(Part::parse(Kind::Receipt, &texts(b"Hello, vault!")[0]), Ok(None));
    }

    #[test]
    fn a_later_format_says_so() {
        assert_eq!(Part::parse(Kind::Vault, "ENERLINK/2/whatever"), Err(Error::Newer));
    }

    proptest! {
        #[test]
        fn vaults_come_back_in_any_order(
            vault in prop::collection::vec(any::<u8>(), 1..9000),
            seed: u64,
        ) {
            let mut texts = texts(&vault);
            texts.extend(texts.clone().into_iter().step_by(2));
            let length = texts.len();
            for at in 0..length {
                texts.swap(at, (seed as usize).wrapping_mul(at + 1) % length);
            }
            prop_assert_eq!(join(&texts), Ok(vault));
        }

        #[test]
        fn a_changed_letter_never_passes(
            vault in prop::collection::vec(any::<u8>(), 1..3000),
            at: prop::sample::Index,
            which: prop::sample::Index,
            letter in "[A-Z2-7/]",
        ) {
            let mut texts = texts(&vault);
            let changed = which.index(texts.len());
            let text = &mut texts[changed];
            let at = at.index(text.len());
            text.replace_range(at..=at, &letter);
            let read = join(&texts);
            prop_assert!(read.is_err() || read == Ok(vault), "{read:?}");
        }
    }
}
