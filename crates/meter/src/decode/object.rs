//! A JSON object whose values are still text, and the ways to read one of its fields.

use std::{borrow::Cow, fmt};

use enerlink_domain::{
    MicroWh,
    decimal::{self, ParseDecimalError},
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{DecodeError, MAX_DEPTH};

/// A watt-hour has 10^6 µWh.
pub(super) const WATT_HOURS: i32 = 6;

/// An object and where it stands in the message.
pub(super) struct Object<'a> {
    path: String,
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// Refuses text with more than [`MAX_DEPTH`] brackets within each other. Brackets are counted before the text is
/// known to be JSON, so that no parser ever sees a deep one.
pub(super) fn check_depth(text: &str) -> Result<(), DecodeError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep { limit: MAX_DEPTH });
        }
    }
    Ok(())
}

impl<'a> Object<'a> {
    /// The whole message.
    pub(super) fn parse(text: &'a str) -> Result<Self, DecodeError> {
        let first = text.trim_start().chars().next();
        match first {
            // Anything that is JSON but no object is told apart from what is no JSON at all.
            Some(letter) if letter != '{' => Err(match serde_json::from_str::<&RawValue>(text) {
                Ok(raw) => DecodeError::NotAnObject { found: kind(raw) },
                Err(error) => syntax_error("", text, &error),
            }),
            _ => Self::read("", text),
        }
    }

    fn read(path: &str, text: &'a str) -> Result<Self, DecodeError> {
        let fields: Fields<'a> =
            serde_json::from_str(text).map_err(|error| syntax_error(path, text, &error))?;
        let object = Self {
            path: path.to_owned(),
            fields: fields.0,
        };
        let mut names: Vec<&str> = object.names().collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(DecodeError::Duplicate {
                field: object.at(&clip(pair[0])),
            }),
            None => Ok(object),
        }
    }

    /// The path of the field `name`.
    pub(super) fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The error of a field that has to be there.
    pub(super) fn missing(&self, name: &str) -> DecodeError {
        DecodeError::Missing { field: self.at(name) }
    }

    /// What kind of value stands at `name`, in words; `null` when there is none.
    pub(super) fn kind(&self, name: &str) -> &'static str {
        self.raw(name).map_or("null", kind)
    }

    /// The names of all fields, in the order of the message.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_ref())
    }

    /// The text of a value that is neither missing nor null.
    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.fields.iter().find(|(field, _)| field == name)?;
        (kind(raw) != "null").then_some(*raw)
    }

    fn expect(&self, name: &str, expected: &'static str) -> Result<Option<&'a str>, DecodeError> {
        match self.raw(name) {
            None => Ok(None),
            Some(raw) if kind(raw) == expected => Ok(Some(raw.get())),
            Some(raw) => Err(DecodeError::WrongType {
                field: self.at(name),
                expected,
                found: kind(raw),
            }),
        }
    }

    /// An object within this one.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, DecodeError> {
        let text = self.expect(name, "an object")?;
        text.map(|text| Self::read(&self.at(name), text)).transpose()
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, DecodeError> {
        Ok(self.expect(name, "a boolean")?.map(|text| text == "true"))
    }

    /// A number times 10^`scale`, truncated toward zero, in the range of `T`.
    pub(super) fn scaled<T: TryFrom<i128>>(&self, name: &str, scale: i32) -> Result<Option<T>, DecodeError> {
        let Some(text) = self.expect(name, "a number")? else {
            return Ok(None);
        };
        let value = decimal::parse_scaled(text, scale).map_err(|error| self.not_a_quantity(name, error))?;
        match T::try_from(value) {
            Ok(value) => Ok(Some(value)),
            Err(_) if value < 0 && T::try_from(-1).is_err() => {
                Err(self.not_a_quantity(name, ParseDecimalError::Negative))
            }
            Err(_) => Err(self.not_a_quantity(name, ParseDecimalError::OutOfRange)),
        }
    }

    /// A whole number in the range of `T`; a fraction is cut off.
    pub(super) fn integer<T: TryFrom<i128>>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        self.scaled(name, 0)
    }

    /// A counter in watt-hours.
    pub(super) fn energy(&self, name: &str) -> Result<Option<MicroWh>, DecodeError> {
        self.counter(name, WATT_HOURS)
    }

    /// A counter in a unit of 10^`scale` µWh; digits below 1 µWh are cut off.
    pub(super) fn counter(&self, name: &str, scale: i32) -> Result<Option<MicroWh>, DecodeError> {
        match self.scaled(name, scale)?.map(MicroWh) {
            Some(energy) if energy > MicroWh::MAX => {
                Err(self.not_a_quantity(name, ParseDecimalError::OutOfRange))
            }
            energy => Ok(energy),
        }
    }

    /// A text of at most `limit` bytes.
    pub(super) fn text(&self, name: &str, limit: usize) -> Result<Option<String>, DecodeError> {
        let Some(raw) = self.expect(name, "a string")? else {
            return Ok(None);
        };
        let text: String =
            serde_json::from_str(raw).map_err(|error| syntax_error(&self.at(name), raw, &error))?;
        if text.len() > limit {
            return Err(DecodeError::TooLong {
                field: self.at(name),
                limit,
            });
        }
        Ok(Some(text))
    }

    /// One of the documented `words`.
    pub(super) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, DecodeError> {
        let Some(text) = self.text(name, 64)? else {
            return Ok(None);
        };
        let found = words.iter().find(|(word, _)| *word == text);
        let (_, value) = found.ok_or_else(|| DecodeError::UnknownWord { field: self.at(name) })?;
        Ok(Some(*value))
    }

    fn not_a_quantity(&self, name: &str, error: ParseDecimalError) -> DecodeError {
        let field = self.at(name);
        match error {
            ParseDecimalError::Negative => DecodeError::Negative { field },
            ParseDecimalError::OutOfRange | ParseDecimalError::TooPrecise => {
                DecodeError::OutOfRange { field }
            }
            ParseDecimalError::NotANumber => DecodeError::WrongType {
                field,
                expected: "a number",
                found: "a text that looks like one",
            },
        }
    }
}

/// What kind of JSON value this is, in words.
fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// What the parser found wrong with `text`, which stands at `path` in the message.
fn syntax_error(path: &str, text: &str, error: &serde_json::Error) -> DecodeError {
    if error.is_eof() {
        return DecodeError::Truncated;
    }
    let within = path_before(text, offset(text, error));
    let field = match (path, within.as_str()) {
        ("", "") => "$".to_owned(),
        (path, "") => path.to_owned(),
        ("", within) => within.to_owned(),
        (path, within) => format!("{path}.{within}"),
    };
    DecodeError::NotJson {
        field,
        detail: error.to_string(),
    }
}

/// Where the byte stands at which the parser gave up; it counts lines and columns from 1, columns in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
}

/// The field in which the byte at `end` lies, for text that is JSON up to there.
fn path_before(text: &str, end: usize) -> String {
    let mut open: Vec<String> = Vec::new();
    let (mut string, mut in_string, mut escaped) = (String::new(), false, false);
    for (_, letter) in text.char_indices().take_while(|(at, _)| *at < end) {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => {
                in_string = !in_string;
                if in_string {
                    string.clear();
                }
            }
            _ if in_string => string.push(letter),
            '{' | '[' => open.push(String::new()),
            '}' | ']' => drop(open.pop()),
            ',' => open.last_mut().into_iter().for_each(String::clear),
            ':' => open.last_mut().into_iter().for_each(|name| *name = clip(&string)),
            _ => {}
        }
    }
    open.retain(|name| !name.is_empty());
    open.join(".")
}

/// Field names come from the sender: bounded and printable before they enter a message.
fn clip(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(64)
        .collect()
}

/// All fields of an object, values unread.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((Key(name), raw)) = map.next_entry()? {
            fields.push((name, raw));
        }
        Ok(Fields(fields))
    }
}

/// A field name, borrowed from the message unless it holds escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a field name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}
