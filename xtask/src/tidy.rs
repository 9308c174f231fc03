//! Tidy: what the compiler does not check and a reviewer should not have to.

mod abi;
mod capability;
mod direction;
mod faults;
mod floats;
mod knowledge;
mod licences;
mod source;
mod text;
mod window;

use std::fmt;

use anyhow::{Result, bail};

use crate::workspace::{self, Metadata};

/// One thing that is wrong, where, and how to mend it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    what: String,
    mend: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            what: what.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.file, self.line, self.what, self.mend)
    }
}

/// Runs every check, prints each finding, and fails if there is one.
pub(crate) fn run() -> Result<()> {
    let files = workspace::files()?;
    let metadata = Metadata::read()?;
    let checks = [
        (
            "dependency direction",
            direction::check(&metadata.packages, &files),
        ),
        ("who may know what", knowledge::check(&metadata.packages, &files)),
        ("module docs", text::first_lines(&files)),
        ("unwrap and unfinished code", text::unfinished(&files)),
        ("tests that never run", text::ignored_tests(&files)),
        ("file length", text::lengths(&files)),
        ("paths of one machine", text::private_paths(&files)),
        (
            "test targets",
            direction::test_targets(&metadata.packages, &files),
        ),
        ("window configuration", window::check(&files)),
        ("window rights", capability::check(&files)),
        ("faults and their tests", faults::check(&files)),
        ("exact numbers", floats::check(&files)),
        ("licences of the parts", licences::check(&files)),
        ("contract ABI", abi::check()),
    ];
    let mut count = 0;
    for (name, findings) in &checks {
        eprintln!(
            "  tidy: {name}: {}",
            if findings.is_empty() {
                "ok".into()
            } else {
                findings.len().to_string()
            }
        );
        for finding in findings {
            eprintln!("    {finding}");
        }
        count += findings.len();
    }
    match count {
        0 => Ok(()),
        1 => bail!("tidy found one thing to mend"),
        _ => bail!("tidy found {count} things to mend"),
    }
}

/// The number of the first line that contains `needle`, or 1.
fn line_of(text: &str, needle: &str) -> usize {
    text.lines()
        .position(|line| line.contains(needle))
        .map_or(1, |index| index + 1)
}
