//! Amounts, prices and energies are whole numbers: no floating-point number in the core, and in the window only where
//! something is drawn or timed.

use std::collections::BTreeMap;

use super::{
    Finding,
    source::{Keep, mask, test_lines},
    text::is_test_file,
};

/// Where everything is counted exactly.
const EXACT: [&str; 7] = [
    "crates/chain/",
    "crates/cli/",
    "crates/domain/",
    "crates/engine/",
    "crates/ipc/",
    "crates/store/",
    "ui/src/",
];

/// A file, or with a `/` at its end a folder, that may use floats, and for what.
const EXEMPT: [(&str, &str); 11] = [
    ("ui/src/clock.rs", "the pace of a simulated clock"),
    ("ui/src/components/chart/", "pixels of a canvas"),
    ("ui/src/components/power_flow.rs", "width and pace of drawn lines"),
    ("ui/src/components/ring.rs", "the arc of a drawn ring"),
    (
        "ui/src/components/settlement_card.rs",
        "the share of time that the ring shows",
    ),
    ("ui/src/feed.rs", "how long to wait by a simulated clock"),
    ("ui/src/ipc.rs", "numbers as JavaScript has them"),
    ("ui/src/pages/energy/chart.rs", "how far a button zooms"),
    ("ui/src/pages/meter/add/listening.rs", "how far a progress bar is"),
    ("ui/src/pages/quiz.rs", "random places, as the browser draws them"),
    ("ui/src/prefs/contrast.rs", "light of colours"),
];

/// Looks for floats, and for exemptions that nobody uses any more.
pub(super) fn check(files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = [false; EXEMPT.len()];
    let exact = files.iter().filter(|(file, _)| {
        file.ends_with(".rs") && !is_test_file(file) && EXACT.iter().any(|place| file.starts_with(place))
    });
    for (file, text) in exact {
        let tests = test_lines(text);
        let exemption = EXEMPT
            .iter()
            .position(|(place, _)| file == place || place.ends_with('/') && file.starts_with(place));
        for (index, line) in mask(text, Keep::Code).lines().enumerate() {
            let Some(float) = float(line).filter(|_| !tests[index]) else {
                continue;
            };
            if let Some(at) = exemption {
                used[at] = true;
                break;
            }
            let mend = "count in whole units, or name the file in xtask/src/tidy/floats.rs if it only draws";
            findings.push(Finding::new(
                file,
                index + 1,
                format!("a floating-point number, `{float}`"),
                mend,
            ));
        }
    }
    for ((place, reason), _) in EXEMPT.iter().zip(used).filter(|(_, used)| !used) {
        let what = format!("{place} may use floats for {reason}, and does not");
        findings.push(Finding::new(
            "xtask/src/tidy/floats.rs",
            1,
            what,
            "take it off the list",
        ));
    }
    findings
}

/// The first float of a line: a type, also at the end of a name such as `as_f64`, or a number with a point.
fn float(line: &str) -> Option<&str> {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    let typed = ["f32", "f64"].into_iter().find(|word| {
        line.match_indices(word).any(|(start, _)| {
            let opens = !line[..start].ends_with(char::is_alphabetic);
            opens && !line[start + word.len()..].starts_with(name)
        })
    });
    let number = || {
        line.match_indices('.').find_map(|(point, _)| {
            let whole = line[..point].trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
            // A field of a field is no number: `pair.0.1`.
            let opens = whole.len() < point && !whole.ends_with(|c| name(c) || c == '.');
            let rest = &line[point + 1..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            (opens && digits > 0).then(|| &line[whole.len()..point + 1 + digits])
        })
    };
    typed.or_else(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_found_in_code_only() {
        let cases = [
            ("let price: f64 = x;", Some("f64")),
            ("let x = value.as_f64();", Some("f64")),
            ("f(1_f32)", Some("f32")),
            ("let x = 1.5 * y;", Some("1.5")),
            ("let x = [0.25];", Some("0.25")),
            ("let x = pair.0.1 + list[0].1;", None),
            ("for i in 0..10 { 1.max(i); }", None),
            ("let buf64 = f64x; let f640 = 1;", None),
        ];
        for (line, expected) in cases {
            assert_eq!(float(line), expected, "{line}");
        }
    }

    #[test]
    fn floats_stay_where_something_is_drawn() {
        let mut files: BTreeMap<String, String> = EXEMPT
            .iter()
            .map(|(place, _)| {
                let file = if place.ends_with('/') {
                    format!("{place}draw.rs")
                } else {
                    (*place).to_owned()
                };
                (file, "fn draw(x: f64) {}".to_owned())
            })
            .collect();
        assert_eq!(check(&files), []);
        for (file, text) in [
            (
                "crates/domain/src/idrs.rs",
                "// f64\nconst C: &str = \"f64 1.5\";\nfn a(x: f64) {}\n#[cfg(test)]\nconst ODDS: f64 = 0.1;",
            ),
            ("crates/domain/src/tests.rs", "fn a(x: f64) {}"),
            ("crates/sim/src/sun.rs", "fn a(x: f64) {}"),
            ("ui/src/pages/market/ticket.rs", "fn a() { b(1.5) }"),
        ] {
            files.insert(file.into(), text.into());
        }
        files.insert("ui/src/clock.rs".into(), "fn a() {}".into());
        let found: Vec<_> = check(&files)
            .into_iter()
            .map(|finding| format!("{}:{}", finding.file, finding.line))
            .collect();
        assert_eq!(
            found,
            [
                "crates/domain/src/idrs.rs:3",
                "ui/src/pages/market/ticket.rs:1",
                "xtask/src/tidy/floats.rs:1"
            ]
        );
    }
}
