//! The colours of the style sheet, held against the surfaces that they stand on (WCAG 2.2, 1.4.3 and 1.4.11).

use std::collections::BTreeMap;

const TOKENS: &str = include_str!("../../style/tokens.css");

const DARK: &str = ":root";
const LIGHT: &str = ":root[data-theme=\"light\"]";
const SAFE: &str = ":root[data-palette=\"safe\"]";
const SAFE_LIGHT: &str = ":root[data-palette=\"safe\"][data-theme=\"light\"]";

/// Each look, by the rules that it is made of, in their order.
const LOOKS: [&[&str]; 4] = [
    &[DARK],
    &[DARK, LIGHT],
    &[DARK, SAFE],
    &[DARK, LIGHT, SAFE, SAFE_LIGHT],
];
const SURFACES: [&str; 3] = ["bg", "surface", "raised"];
/// Colours that words are written in.
const WORDS: [&str; 11] = [
    "text", "text-2", "text-3", "accent", "warn", "bad", "good", "import", "export", "bid", "ask",
];
/// Colours of lines, bars and dots.
const LINES: [&str; 5] = ["solar", "home", "battery", "import", "export"];
/// Colours of buttons, each with what is written on it.
const BUTTONS: [(&str, &str); 3] = [("accent", "accent-ink"), ("bid", "side-ink"), ("ask", "side-ink")];

type Colours = BTreeMap<&'static str, [f64; 3]>;

/// The six-digit colours of a rule.
fn rule(selector: &str) -> Colours {
    let (_, rest) = TOKENS
        .split_once(&format!("\n{selector} {{"))
        .unwrap_or_else(|| panic!("{selector} is in the style sheet"));
    let body = rest.split('}').next().unwrap_or_default();
    let lines = body.split(';').filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(':')?;
        Some((name, channels(value.trim())?))
    });
    lines.collect()
}

/// Linear light of each channel.
fn channels(text: &str) -> Option<[f64; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let channel = |at: usize| {
        let value = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
        let value = f64::from(value) / 255.0;
        Some(if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        })
    };
    Some([channel(0)?, channel(2)?, channel(4)?])
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let light = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    let (one, other) = (light(one), light(other));
    one.max(other) / one.min(other)
}

#[test]
fn words_are_read_and_lines_are_seen_in_every_look() {
    let mut weak = Vec::new();
    for look in LOOKS {
        let colours: Colours = look.iter().flat_map(|selector| rule(selector)).collect();
        let on_surfaces = |names: &'static [&'static str]| {
            names
                .iter()
                .flat_map(|name| SURFACES.map(|surface| (*name, surface)))
        };
        let words = on_surfaces(&WORDS).chain(BUTTONS).map(|pair| (pair, 4.5));
        let lines = on_surfaces(&LINES).map(|pair| (pair, 3.0));
        for ((one, other), least) in words.chain(lines) {
            let found = contrast(colours[one], colours[other]);
            if found < least {
                weak.push(format!("{look:?}: {one} on {other}: {found:.2}"));
            }
        }
    }
    assert!(weak.is_empty(), "{}", weak.join("\n"));
}

#[test]
fn the_safe_colours_replace_every_pair_of_red_and_green() {
    for selector in [SAFE, SAFE_LIGHT] {
        let colours = rule(selector);
        for (one, other) in [("import", "export"), ("ask", "bid"), ("bad", "good")] {
            // What differs in blue is told apart by those who do not tell red from green.
            let [warm, cold] = [colours[one], colours[other]].map(|[_, _, blue]| blue);
            assert!(cold > 3.0 * warm, "{selector}: {one} and {other}");
        }
    }
}
