//! A payload with line breaks and indents, and not a character of it changed otherwise.

use serde::de::IgnoredAny;

/// JSON one value a line; text that is no JSON as it is. Figures keep every digit that the device sent.
pub(super) fn pretty(text: &str) -> String {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut rest = text.trim().chars().peekable();
    while let Some(letter) = rest.next() {
        if in_string {
            out.push(letter);
            (in_string, escaped) = match letter {
                '"' if !escaped => (false, false),
                '\\' => (true, !escaped),
                _ => (true, false),
            };
            continue;
        }
        match letter {
            '"' => {
                in_string = true;
                out.push(letter);
            }
            '{' | '[' => {
                out.push(letter);
                while rest.peek().is_some_and(|next| next.is_whitespace()) {
                    rest.next();
                }
                let empty = matches!((letter, rest.peek()), ('{', Some('}')) | ('[', Some(']')));
                if empty {
                    out.extend(rest.next());
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ if letter.is_whitespace() => {}
            _ => out.push(letter),
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_is_indented_and_values_are_untouched() {
        let text = r#"{"a":1.0800,"b":{"c":[1, 2],"d":{}},"e":"x, {\"y\": \\"}"#;
        let expected = "{\n  \"a\": 1.0800,\n  \"b\": {\n    \"c\": [\n      1,\n      2\n    ],\n    \"d\": {}\n  },\n  \"e\": \"x, {\\\"y\\\": \\\\\"\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(expected), expected, "what is pretty stays as it is");
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        for text in ["{\"a\":", "<b>x</b>", "", "{a: 1}", "\u{fffd}\u{1}"] {
            assert_eq!(pretty(text), text);
        }
    }
}
