//! `docs/faults.md` has every fault once, and names tests that exist, at least one for each.

use std::collections::BTreeMap;

use super::Finding;

type Files = BTreeMap<String, String>;

const PAGE: &str = "docs/faults.md";

/// The last number of each letter: keys, the window, Ethereum, the meter, the database, the contracts, everything at once.
const LAST: [(char, u32); 7] = [
    ('K', 28),
    ('T', 10),
    ('E', 20),
    ('M', 15),
    ('D', 8),
    ('C', 13),
    ('X', 1),
];

/// Looks at each row of the page's tables: `| id | what must hold | ``file::test`` … |`.
pub(super) fn check(files: &Files) -> Vec<Finding> {
    let Some(page) = files.get(PAGE) else {
        let mend = "list the faults that the project guards against, with their tests";
        return vec![Finding::new(PAGE, 1, "the page is missing", mend)];
    };
    let mut findings = numbering(page);
    for (index, line) in page
        .lines()
        .enumerate()
        .filter(|(_, line)| number(line).is_some())
    {
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

/// Every number of every letter has one row, and no other has any.
fn numbering(page: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut missing: Vec<(char, u32)> = LAST
        .iter()
        .flat_map(|&(letter, last)| (1..=last).map(move |number| (letter, number)))
        .collect();
    for (index, line) in page.lines().enumerate() {
        let Some(fault) = number(line) else { continue };
        match missing.iter().position(|other| *other == fault) {
            Some(at) => {
                missing.remove(at);
            }
            None => {
                let what = format!("{}{} stands here again, or is no fault", fault.0, fault.1);
                let mend = "keep one row for each, and count on in xtask/src/tidy/faults.rs";
                findings.push(Finding::new(PAGE, index + 1, what, mend));
            }
        }
    }
    findings.extend(missing.iter().map(|(letter, number)| {
        let mend = "write its row, with the test that tries it";
        Finding::new(PAGE, 1, format!("{letter}{number} has no row"), mend)
    }));
    findings
}

/// The fault of a row, which begins with its letter and number.
fn number(line: &str) -> Option<(char, u32)> {
    let id = line.strip_prefix("| ")?.split(' ').next()?;
    let mut rest = id.chars();
    let letter = rest.next().filter(char::is_ascii_uppercase)?;
    let digits = rest.as_str();
    let plain = !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain
        .then(|| digits.parse().ok())
        .flatten()
        .map(|number| (letter, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(page: String) -> Files {
        Files::from([
            (PAGE.to_owned(), page),
            ("a.rs".to_owned(), "fn works() {}".to_owned()),
            ("c.t.sol".to_owned(), "function test_it() public {}".to_owned()),
        ])
    }

    /// A page in which every fault has its row.
    fn complete() -> String {
        let ids = LAST
            .iter()
            .flat_map(|&(letter, last)| (1..=last).map(move |number| format!("{letter}{number}")));
        let rows = ids.map(|id| format!("| {id} | holds | `a.rs::works` |\n"));
        std::iter::once("| Fault | What must hold | Tests |\n|---|---|---|\n| K-x | no row | |\n".to_owned())
            .chain(rows)
            .collect()
    }

    fn whats(page: String) -> Vec<String> {
        check(&files(page))
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn rows_name_tests_that_exist() {
        assert_eq!(whats(complete()), [""; 0]);
        let page = complete()
            .replace("| K2 | holds | `a.rs::works` |", "| K2 | holds | none |")
            .replace(
                "| E3 | holds | `a.rs::works` |",
                "| E3 | holds | `a.rs::gone` `b.rs::works` |",
            )
            .replace(
                "| C1 | holds | `a.rs::works` |",
                "| C1 | holds | `c.t.sol::test_it` |",
            );
        assert_eq!(
            whats(page),
            [
                "the fault has no test",
                "there is no test `gone` in a.rs",
                "there is no test `works` in b.rs"
            ]
        );
        assert_eq!(check(&Files::new()).len(), 1);
    }

    #[test]
    fn every_fault_has_one_row() {
        let page = complete()
            .replace("| C4 |", "| C5 |")
            .replace("| D8 |", "| D9 |")
            .replace("| X1 |", "| X01 |");
        assert_eq!(
            whats(page),
            [
                "D9 stands here again, or is no fault",
                "C5 stands here again, or is no fault",
                "D8 has no row",
                "C4 has no row",
                "X1 has no row"
            ]
        );
    }
}
