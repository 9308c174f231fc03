//! `.env`: lines `NAME=value`, as many tools write them. Nothing is substituted and nothing is guessed.
//!
//! A value stands bare (up to a `#` after a space), between single quotes (as it is) or between double quotes (where `\\`,
//! `\"`, `\n` and `\t` mean what they mean elsewhere). `export` before a name, empty lines and lines that begin with `#`
//! mean nothing.

use std::collections::BTreeMap;

use thiserror::Error;

/// The variables of a file, each with its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvFile(BTreeMap<String, (String, usize)>);

/// A line that is not understood. It does not say what stands there, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {wrong}")]
pub struct BadLine {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub wrong: &'static str,
}

impl EnvFile {
    /// Reads the whole text, or says which line is wrong.
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let mut found = BTreeMap::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, content) in (1..).zip(text.lines()) {
            let bad = |wrong| BadLine { line, wrong };
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (name, rest) = content.split_once('=').ok_or(bad("NAME=value is wanted"))?;
            let name = name.strip_prefix("export ").unwrap_or(name).trim();
            if !is_name(name) {
                return Err(bad("a name has letters, digits and underscores"));
            }
            let value = value(rest).map_err(bad)?;
            if found.insert(name.to_owned(), (value, line)).is_some() {
                return Err(bad("the same name stands above"));
            }
        }
        Ok(Self(found))
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(value, _)| value.as_str())
    }

    /// The line of `name`, from 1.
    pub fn line(&self, name: &str) -> Option<usize> {
        self.0.get(name).map(|(_, line)| *line)
    }
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(letter) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn value(text: &str) -> Result<String, &'static str> {
    const OPEN: &str = "a quote is not closed";
    let (value, rest) = if let Some(quoted) = text.trim_start().strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'').ok_or(OPEN)?;
        (value.to_owned(), rest)
    } else if let Some(quoted) = text.trim_start().strip_prefix('"') {
        let mut value = String::new();
        let mut letters = quoted.chars();
        loop {
            match letters.next().ok_or(OPEN)? {
                '"' => break,
                '\\' => value.push(match letters.next().ok_or(OPEN)? {
                    'n' => '\n',
                    't' => '\t',
                    same @ ('"' | '\\' | '$') => same,
                    _ => return Err("an escape that is not known"),
                }),
                letter => value.push(letter),
            }
        }
        (value, letters.as_str())
    } else {
        return bare(text);
    };
    match rest.trim_start() {
        "" => Ok(value),
        comment if comment.starts_with('#') && rest.starts_with([' ', '\t']) => Ok(value),
        _ => Err("something follows the quotes"),
    }
}

fn bare(text: &str) -> Result<String, &'static str> {
    let comment = text
        .char_indices()
        .find(|(at, letter)| *letter == '#' && text[..*at].ends_with([' ', '\t']));
    let value = comment.map_or(text, |(at, _)| &text[..at]).trim();
    if value.contains(['\'', '"']) {
        return Err("quotes belong around the whole value");
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read_as_many_tools_write_them() {
        let text = "\u{feff}# settings\r\n\r\nA=1\nexport B = two words  # why\nC='#3 $x'\nD=\"a\\\"b\\n\" # x\n\
                    E=\nF=a#b\n  G=\t7\nunknown_2= # later";
        let file = EnvFile::parse(text).expect("well written");
        for (name, value, line) in [
            ("A", "1", 3),
            ("B", "two words", 4),
            ("C", "#3 $x", 5),
            ("D", "a\"b\n", 6),
            ("F", "a#b", 8),
            ("G", "7", 9),
        ] {
            assert_eq!(
                (file.get(name), file.line(name)),
                (Some(value), Some(line)),
                "{name}"
            );
        }
        assert_eq!((file.get("E"), file.get("unknown_2")), (Some(""), Some("")));
        assert_eq!(file.get("H"), None);
    }

    #[test]
    fn a_line_that_is_not_understood_is_named_without_its_content() {
        for (text, line) in [
            ("A=1\nsecret", 2),
            ("1A=x", 1),
            ("A B=x", 1),
            ("=x", 1),
            ("\nA='open", 2),
            ("A=\"open", 1),
            ("A=\"x\\", 1),
            ("A=\"\\q\"", 1),
            ("A='x'y", 1),
            ("A='x'#y", 1),
            ("A=x'y'", 1),
            ("A=1\n#\nA=2", 3),
        ] {
            let bad = EnvFile::parse(text).expect_err(text);
            assert_eq!(bad.line, line, "{text}");
            assert!(!bad.to_string().contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[A=\"'\\\\# \n$é\t]{0,60}") {
            let _ = EnvFile::parse(&text);
        }

        #[test]
        fn what_is_quoted_comes_back(value in "[^\u{0}-\u{1f}\u{7f}\u{85}\u{2028}\u{2029}]{0,40}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let file = EnvFile::parse(&format!("A=\"{escaped}\"")).expect("quoted");
            prop_assert_eq!(file.get("A"), Some(value.as_str()));
        }
    }
}
