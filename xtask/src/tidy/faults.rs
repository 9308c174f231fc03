//! `docs/faults.md` names tests that exist, and at least one for every fault in it.

use std::collections::BTreeMap;

use super::Finding;

type Files = BTreeMap<String, String>;

const PAGE: &str = "docs/faults.md";

/// Looks at each row of the page's tables: `| id | what must hold | ``file::test`` … |`.
pub(super) fn check(files: &Files) -> Vec<Finding> {
    let Some(page) = files.get(PAGE) else {
        let mend = "list the faults that the project guards against, with their tests";
        return vec![Finding::new(PAGE, 1, "the page is missing", mend)];
    };
    let mut findings = Vec::new();
    for (index, line) in page.lines().enumerate().filter(|(_, line)| is_row(line)) {
        let tests: Vec<_> = line
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(|text| text.split_once("::"))
            .collect();
        if tests.is_empty() {
            let mend = "name the test that tries it";
            findings.push(Finding::new(PAGE, index + 1, "the fault has no test", mend));
        }
        for (file, test) in tests {
            let found = files.get(file).is_some_and(|text| {
                ["fn", "function"]
                    .iter()
                    .any(|word| text.contains(&format!("{word} {test}(")))
            });
            if !found {
                let what = format!("there is no test `{test}` in {file}");
                findings.push(Finding::new(
                    PAGE,
                    index + 1,
                    what,
                    "name the test as it is called now",
                ));
            }
        }
    }
    findings
}

/// A row that begins with a fault's number: a letter and digits.
fn is_row(line: &str) -> bool {
    let id = line
        .strip_prefix("| ")
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or_default();
    let digits = id.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    digits.len() + 1 == id.len() && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_tests_that_exist() {
        let page = "| Fault | Must hold | Tests |\n|---|---|---|\n| K1 | a | `a.rs::works` |\n| K2 | b | none |\n\
                    | E3 | c | `a.rs::gone` `b.rs::works` |\n| K-x | no row | |\n| C1 | d | `c.t.sol::test_it` |\n";
        let files = Files::from([
            (PAGE.to_owned(), page.to_owned()),
            ("a.rs".to_owned(), "fn works() {}".to_owned()),
            ("c.t.sol".to_owned(), "function test_it() public {}".to_owned()),
        ]);
        let places: Vec<_> = check(&files).iter().map(|finding| finding.line).collect();
        assert_eq!(places, [4, 5, 5]);
        assert_eq!(check(&Files::new()).len(), 1);
    }
}
