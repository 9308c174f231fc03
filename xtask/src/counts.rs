//! How many tests passed and which failed, read from what cargo and forge print.

/// The outcome of one step.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failures: Vec<String>,
}

impl Counts {
    /// One check that passed.
    pub(crate) fn one() -> Self {
        Self {
            passed: 1,
            failures: Vec::new(),
        }
    }

    /// One check that failed.
    pub(crate) fn failure(what: impl Into<String>) -> Self {
        Self {
            passed: 0,
            failures: vec![what.into()],
        }
    }

    /// How many failed.
    pub(crate) fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Both outcomes together.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
    }

    /// Reads the output of `cargo test --no-fail-fast`. A test program that ends without its result counts as one failure, and so does a failure that no test explains, such as a compile error.
    pub(crate) fn of_cargo_test(text: &str, succeeded: bool) -> Self {
        let mut counts = Self::default();
        let mut running: Option<String> = None;
        let mut named = 0;
        for line in text.lines().map(plain) {
            let line = line.trim();
            if let Some(name) = program(line) {
                counts.failures.extend(unfinished(running.replace(name)));
                named = 0;
            } else if let Some(rest) = line.strip_prefix("test result: ") {
                counts.passed += number_before(rest, " passed");
                // A test whose child writes to the terminal may have its verdict on a line of its own.
                for _ in named..number_before(rest, " failed") {
                    counts.failures.push(format!(
                        "{}: a test that is named above",
                        running.as_deref().unwrap_or("tests")
                    ));
                }
                running = None;
            } else if let Some(name) = failed_test(line) {
                let program = running.as_deref().unwrap_or("tests");
                counts.failures.push(format!("{program}: {name}"));
                named += 1;
            }
        }
        counts.failures.extend(unfinished(running));
        if !succeeded && counts.failures.is_empty() {
            counts.failures.push(format!("cargo test: {}", first_error(text)));
        }
        counts
    }

    /// Reads the output of the contract tests: forge's suites and node's test runner. Where neither says anything, the exit code is the one test.
    pub(crate) fn of_contracts(text: &str, succeeded: bool) -> Self {
        let mut counts = Self::default();
        for line in text.lines().map(plain) {
            let line = line.trim();
            if line.starts_with("Suite result: ") {
                counts.passed += number_before(line, " passed");
            } else if let Some(number) = line
                .strip_prefix("# pass ")
                .or_else(|| line.strip_prefix("ℹ pass "))
            {
                counts.passed += number.parse::<usize>().unwrap_or(0);
            } else if ["[FAIL", "not ok ", "✖ "]
                .iter()
                .any(|start| line.starts_with(start))
            {
                let failure = format!("contracts: {line}");
                // Both runners list their failures again at the end.
                if !counts.failures.contains(&failure) {
                    counts.failures.push(failure);
                }
            }
        }
        match (succeeded, counts.failures.is_empty()) {
            (true, true) => counts.passed = counts.passed.max(1),
            (false, true) => counts.failures.push(format!("contracts: {}", first_error(text))),
            _ => {}
        }
        counts
    }
}

/// The test program that a line of cargo announces.
fn program(line: &str) -> Option<String> {
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (documentation)"));
    }
    let (sources, path) = line.strip_prefix("Running ")?.rsplit_once(" (")?;
    let file = path.trim_end_matches(')').rsplit(['/', '\\']).next()?;
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    Some(format!("{name} ({})", sources.trim_start_matches("unittests ")))
}

fn failed_test(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.strip_suffix(" - should panic").unwrap_or(name))
}

fn unfinished(program: Option<String>) -> Option<String> {
    program.map(|program| format!("{program}: ended without a result"))
}

/// The number that stands before `word`.
fn number_before(line: &str, word: &str) -> usize {
    let before = line.split(word).next().unwrap_or_default();
    before
        .rsplit(' ')
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

fn first_error(text: &str) -> String {
    let lines = || text.lines().map(plain);
    let error = lines().find(|line| line.trim_start().to_ascii_lowercase().starts_with("error"));
    error
        .or_else(|| lines().rfind(|line| !line.trim().is_empty()))
        .unwrap_or_else(|| "failed without a word".into())
}

/// A line without the colours of a terminal.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
            .get(1..)
            .unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_tests_are_counted() {
        let text = "   Compiling a v0.1.0\n     \u{1b}[1m\u{1b}[32mRunning\u{1b}[0m unittests src/lib.rs (target/debug/deps/enerlink_domain-0a1b2c)\n\n\
            running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d - should panic ... FAILED\n\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
            error: test failed, to rerun pass `-p a --lib`\n\
            \x20    Running tests/ipc.rs (target/debug/deps/ipc-0a1b2c)\n\ntest result: ok. 41 passed; 0 failed; 0 ignored\n\
            \x20  Doc-tests enerlink_domain\n\ntest result: ok. 2 passed; 0 failed; 0 ignored\n";
        let counts = Counts::of_cargo_test(text, false);
        assert_eq!(counts.passed, 44);
        assert_eq!(
            counts.failures,
            [
                "enerlink_domain (src/lib.rs): a::c",
                "enerlink_domain (src/lib.rs): a::d"
            ]
        );
    }

    #[test]
    fn a_program_that_dies_is_a_failure() {
        let text = "     Running tests/a.rs (target/debug/deps/a-0)\nrunning 2 tests\ntest x ... ok\n\
            error: test failed\n     Running tests/b.rs (target/debug/deps/b-0)\ntest result: ok. 1 passed; 0 failed\n";
        let counts = Counts::of_cargo_test(text, false);
        assert_eq!(
            counts,
            Counts {
                passed: 1,
                failures: vec!["a (tests/a.rs): ended without a result".into()]
            }
        );
    }

    #[test]
    fn a_verdict_on_another_line_still_counts() {
        let text = "     Running tests/a.rs (target/debug/deps/a-0)\ntest x ... child says no\nFAILED\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored\n";
        assert_eq!(
            Counts::of_cargo_test(text, false).failures,
            ["a (tests/a.rs): a test that is named above"]
        );
    }

    #[test]
    fn a_compile_error_is_a_failure() {
        let text = "   Compiling a v0.1.0\n\u{1b}[31merror[E0425]\u{1b}[0m: cannot find `x`\nerror: could not compile `a`\n";
        assert_eq!(
            Counts::of_cargo_test(text, false).failures,
            ["cargo test: error[E0425]: cannot find `x`"]
        );
        assert_eq!(Counts::of_cargo_test("", true), Counts::default());
    }

    #[test]
    fn contract_tests_are_counted() {
        let good = "[PASS] test_a() (gas: 1)\nSuite result: ok. 12 passed; 0 failed; 0 skipped; finished in 1s\nSuite result: \u{1b}[32mok\u{1b}[0m. \u{1b}[32m5\u{1b}[0m passed; 0 failed; 0 skipped\nRan 2 test suites in 1s: 17 tests passed, 0 failed, 0 skipped (17 total tests)\n";
        assert_eq!(
            Counts::of_contracts(good, true),
            Counts {
                passed: 17,
                failures: Vec::new()
            }
        );
        let node = "ok 1 - a\nnot ok 2 - b\n# tests 2\n# pass 1\n# fail 1\n";
        let counts = Counts::of_contracts(node, false);
        assert_eq!(
            (counts.passed, counts.failures),
            (1, vec!["contracts: not ok 2 - b".to_owned()])
        );
        let bad = "[PASS] test_a()\n[FAIL: x != y] test_b() (gas: 9)\nSuite result: FAILED. 1 passed; 1 failed; 0 skipped\nFailing tests:\n[FAIL: x != y] test_b() (gas: 9)\n";
        let counts = Counts::of_contracts(bad, false);
        assert_eq!((counts.passed, counts.failures.len()), (1, 1));
        assert_eq!(
            Counts::of_contracts("Error: gas drifted by 2 %", false).failures,
            ["contracts: Error: gas drifted by 2 %"]
        );
        assert_eq!(Counts::of_contracts("nothing to count", true), Counts::one());
    }
}
