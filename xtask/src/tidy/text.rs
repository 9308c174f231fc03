//! Checks of single files: first line, unwrap, unfinished code, length, paths of one machine.

use std::collections::BTreeMap;

use super::{
    Finding, line_of,
    source::{Keep, mask, test_lines},
};

type Files = BTreeMap<String, String>;

/// A file above this many lines is more than one idea.
const LONGEST: usize = 500;

/// Words by which code says that it is not finished, in parts: this file is finished.
const UNFINISHED: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Every Rust module begins with a line that says what it is for.
pub(super) fn first_lines(files: &Files) -> Vec<Finding> {
    let undocumented = rust(files).filter(|(_, text)| {
        text.lines().next().is_none_or(|line| {
            line.strip_prefix("//! ")
                .is_none_or(|says| says.trim().is_empty())
        })
    });
    undocumented
        .map(|(file, _)| {
            Finding::new(
                file,
                1,
                "the module does not say what it is for",
                "begin it with a line `//! ` in plain words",
            )
        })
        .collect()
}

/// No `unwrap` and nothing left unfinished outside tests.
pub(super) fn unfinished(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, text) in rust(files).filter(|(file, _)| !is_test_file(file)) {
        let tests = test_lines(text);
        for (index, line) in mask(text, Keep::Code)
            .lines()
            .enumerate()
            .filter(|(index, _)| !tests[*index])
        {
            let rule = [
                (
                    ".unwrap()",
                    "return an error, or `expect` with the invariant that makes it impossible",
                ),
                ("todo!", "write it, or leave it out"),
                ("unimplemented!", "write it, or leave it out"),
                ("dbg!", "remove it, or use `tracing`"),
            ];
            for (word, mend) in rule.into_iter().filter(|(word, _)| has_word(line, word)) {
                findings.push(Finding::new(
                    file,
                    index + 1,
                    format!("`{word}` outside tests"),
                    mend,
                ));
            }
        }
    }
    for (file, text) in files.iter().filter(|(file, _)| is_code(file)) {
        let seen = if file.ends_with(".rs") {
            mask(text, Keep::CodeAndComments)
        } else {
            text.clone()
        };
        for (index, line) in seen.lines().enumerate() {
            for word in UNFINISHED.into_iter().filter(|word| has_word(line, word)) {
                findings.push(Finding::new(
                    file,
                    index + 1,
                    format!("`{word}` in the code"),
                    "do it, or open an issue",
                ));
            }
        }
    }
    findings
}

/// Every test runs: what takes long or needs a display is a test target of its own.
pub(super) fn ignored_tests(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, text) in rust(files) {
        for (index, _) in mask(text, Keep::Code)
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains("#[ignore"))
        {
            let mend = "let it run, or move it to a test target `full_…` with `test = false`";
            findings.push(Finding::new(file, index + 1, "a test that never runs", mend));
        }
    }
    findings
}

/// No code file above the longest length; tests and generated files are free.
pub(super) fn lengths(files: &Files) -> Vec<Finding> {
    let code = files
        .iter()
        .filter(|(file, _)| is_code(file) && !is_test_file(file));
    code.filter(|(_, text)| text.lines().count() > LONGEST)
        .map(|(file, text)| {
            let what = format!("{} lines, more than {LONGEST}", text.lines().count());
            Finding::new(file, LONGEST + 1, what, "split it by noun, one idea a file")
        })
        .collect()
}

/// Nothing names a folder or a document that exists on one developer's machine only.
pub(super) fn private_paths(files: &Files) -> Vec<Finding> {
    let private = [
        concat!("/wo", "rk/"),
        concat!("sha", "red/design"),
        concat!("sha", "red/reference"),
        concat!("sha", "red/domain"),
    ];
    let mut findings = Vec::new();
    for (file, text) in files
        .iter()
        .filter(|(file, _)| !file.ends_with("package-lock.json"))
    {
        for path in private.into_iter().filter(|path| has_word(text, path)) {
            let line = text
                .lines()
                .position(|line| has_word(line, path))
                .map_or(1, |index| index + 1);
            let what = format!("`{path}` is a place outside this repository");
            findings.push(Finding::new(
                file,
                line,
                what,
                "say it without the place, or bring the file in",
            ));
        }
    }
    findings
}

/// Only `ui/src/ipc.rs` touches values of JavaScript.
pub(super) fn javascript_values(files: &Files) -> Vec<Finding> {
    let ui = rust(files).filter(|(file, _)| file.starts_with("ui/") && *file != "ui/src/ipc.rs");
    ui.filter(|(_, text)| has_word(&mask(text, Keep::Code), "JsValue"))
        .map(|(file, text)| {
            let mend = "move the call behind a typed function of ui/src/ipc.rs";
            Finding::new(
                file,
                line_of(&mask(text, Keep::Code), "JsValue"),
                "`JsValue` outside ui/src/ipc.rs",
                mend,
            )
        })
        .collect()
}

fn rust(files: &Files) -> impl Iterator<Item = (&String, &String)> {
    files.iter().filter(|(file, _)| file.ends_with(".rs"))
}

fn is_code(file: &str) -> bool {
    let kinds = [".rs", ".sol", ".js", ".mjs", ".ts", ".css", ".html", ".sh"];
    kinds.iter().any(|kind| file.ends_with(kind))
}

/// Whether a file is there for tests only.
pub(super) fn is_test_file(file: &str) -> bool {
    let mut folders = file.split('/');
    let name = folders.next_back().unwrap_or_default();
    name == "tests.rs"
        || name.ends_with(".t.sol")
        || name.ends_with(".test.mjs")
        || folders.any(|folder| matches!(folder, "tests" | "test" | "benches"))
}

/// Whether `word` stands in `text` without a name going on before or after it.
fn has_word(text: &str, word: &str) -> bool {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        let opens = word.starts_with(|c: char| name(c) || c == '/');
        let closes = word.ends_with(name) && !word.contains('/');
        !(opens && before.is_some_and(name) || closes && after.is_some_and(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(findings: &[Finding]) -> Vec<String> {
        findings
            .iter()
            .map(|finding| format!("{}:{}", finding.file, finding.line))
            .collect()
    }

    fn files<const N: usize>(files: [(&str, &str); N]) -> Files {
        files
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    }

    #[test]
    fn modules_say_what_they_are_for() {
        let files = files([
            ("a.rs", "//! What it is for.\nfn a() {}"),
            ("b.rs", "fn b() {}"),
            ("c.rs", ""),
            ("d.rs", "//!\nfn d() {}"),
            ("e.rs", "#![allow(x)]\n//! Too late."),
            ("tests/f.rs", "use x;"),
            ("g.md", "text"),
        ]);
        assert_eq!(
            places(&first_lines(&files)),
            ["b.rs:1", "c.rs:1", "d.rs:1", "e.rs:1", "tests/f.rs:1"]
        );
    }

    #[test]
    fn unwrap_is_for_tests() {
        let source = "//! x\nfn a() { b().unwrap(); }\n// b().unwrap()\n/// `b().unwrap()`\nconst C: &str = \".unwrap()\";\n\
                      fn d() { b().unwrap_or(1); }\n#[cfg(test)]\nmod tests {\n fn e() { b().unwrap(); }\n}\nfn f() { b().unwrap(); }";
        let files = files([
            ("src/a.rs", source),
            ("tests/a.rs", "x.unwrap();"),
            ("src/tests.rs", "x.unwrap();"),
        ]);
        assert_eq!(places(&unfinished(&files)), ["src/a.rs:2", "src/a.rs:11"]);
    }

    #[test]
    fn unfinished_code_is_found() {
        let (left, macro_) = (UNFINISHED[0], UNFINISHED[0].to_lowercase());
        let source = format!(
            "//! x\nfn a() {{ {macro_}!() }}\nfn b() {{ dbg!(1); }}\n// {left}: later\nconst D: &str = \"{left}\";\nfn {left}S() {{}}"
        );
        let files = files([
            ("a.rs", &*source),
            ("b.sol", &format!("// {left}")),
            ("c.md", left),
        ]);
        assert_eq!(
            places(&unfinished(&files)),
            ["a.rs:2", "a.rs:3", "a.rs:4", "b.sol:1"]
        );
    }

    #[test]
    fn ignored_tests_are_found() {
        let ignored = ["#[ig", "nore = \"slow\"]"].concat();
        let files = files([
            ("tests/a.rs", &*format!("#[test]\n{ignored}\nfn a() {{}}")),
            ("b.rs", &format!("// {ignored}")),
        ]);
        assert_eq!(places(&ignored_tests(&files)), ["tests/a.rs:2"]);
    }

    #[test]
    fn long_files_are_refused() {
        let (long, fits) = ("x\n".repeat(501), "x\n".repeat(500));
        let files = files([
            ("a.rs", &*long),
            ("b.rs", &*fits),
            ("tests/c.rs", &*long),
            ("contracts/test/D.t.sol", &*long),
            ("Cargo.lock", &*long),
            ("contracts/src/E.sol", &*long),
        ]);
        assert_eq!(places(&lengths(&files)), ["a.rs:501", "contracts/src/E.sol:501"]);
    }

    #[test]
    fn places_of_one_machine_are_found() {
        let place = ["/wo", "rk/"].concat();
        let files = files([
            ("a.rs", &*format!("ok\nlet x = \"{place}main\";")),
            (
                "b.md",
                &*format!("see https://example.org/frame{}x and net{place}x", &place[1..]),
            ),
            ("c.md", &["sha", "red/design.md"].concat()),
        ]);
        assert_eq!(places(&private_paths(&files)), ["a.rs:2", "c.md:1"]);
    }

    #[test]
    fn javascript_values_stay_in_one_file() {
        let files = files([
            ("ui/src/ipc.rs", "use wasm_bindgen::JsValue;"),
            ("ui/src/app.rs", "//! x\n// JsValue\nuse wasm_bindgen::JsCast;"),
            ("ui/src/pages/home.rs", "//! x\nuse wasm_bindgen::JsValue;"),
            ("crates/a/src/lib.rs", "JsValue"),
        ]);
        assert_eq!(places(&javascript_values(&files)), ["ui/src/pages/home.rs:2"]);
    }
}
