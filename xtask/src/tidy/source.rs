//! Rust source seen without its comments or strings, and which of its lines are tests.

/// What of a source stays; the rest becomes blanks, so that lines and columns keep their place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Code,
    CodeAndStrings,
    CodeAndComments,
}

/// `source` with everything but what `keep` says turned into blanks.
pub(super) fn mask(source: &str, keep: Keep) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, stays) = match token(&chars, at) {
            Token::Comment(end) => (end, keep == Keep::CodeAndComments),
            Token::Literal(end) => (end, keep == Keep::CodeAndStrings),
            Token::Code => (at + 1, true),
        };
        out.extend(
            chars[at..end]
                .iter()
                .map(|&c| if stays || c == '\n' { c } else { ' ' }),
        );
        at = end;
    }
    out
}

/// For each line, whether it belongs to an item that is compiled for tests only.
pub(super) fn test_lines(source: &str) -> Vec<bool> {
    let code = mask(source, Keep::Code);
    let mut tests = vec![false; code.lines().count()];
    if code.contains("#![cfg(test)]") {
        tests.fill(true);
        return tests;
    }
    let mut from = 0;
    while let Some(start) = code[from..].find("#[").map(|found| from + found) {
        let attribute_end = matching(&code, start + 1, '[', ']').unwrap_or(code.len());
        from = attribute_end;
        if is_test(&code[start..attribute_end]) {
            let end = item_end(&code, attribute_end);
            let first = code[..start].matches('\n').count();
            let last = code[..end]
                .matches('\n')
                .count()
                .min(tests.len().saturating_sub(1));
            tests[first..=last].fill(true);
            from = end;
        }
    }
    tests
}

/// The byte after the bracket that closes the one at `open`.
pub(super) fn matching(code: &str, open: usize, left: char, right: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, c) in code[open..].char_indices() {
        if c == left {
            depth += 1;
        } else if c == right {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(open + index + c.len_utf8());
            }
        }
    }
    None
}

enum Token {
    Comment(usize),
    Literal(usize),
    Code,
}

/// What begins at `at`, with its end.
fn token(chars: &[char], at: usize) -> Token {
    let next = |step: usize| chars.get(at + step).copied();
    match (chars[at], next(1)) {
        ('/', Some('/')) => Token::Comment(line_end(chars, at)),
        ('/', Some('*')) => Token::Comment(block_comment_end(chars, at)),
        ('"', _) => Token::Literal(quoted_end(chars, at, '"')),
        ('\'', Some('\\')) => Token::Literal(quoted_end(chars, at, '\'')),
        ('\'', Some(_)) if next(2) == Some('\'') => Token::Literal(at + 3),
        ('r', Some('"' | '#')) if starts_literal(chars, at) => {
            raw_string_end(chars, at).map_or(Token::Code, Token::Literal)
        }
        _ => Token::Code,
    }
}

/// An `r` begins a raw string unless it ends a name; `br` and `cr` begin one too.
fn starts_literal(chars: &[char], at: usize) -> bool {
    let name = |c: &char| c.is_alphanumeric() || *c == '_';
    match at.checked_sub(1).map(|before| &chars[before]) {
        Some('b' | 'c') => at < 2 || !name(&chars[at - 2]),
        Some(c) => !name(c),
        None => true,
    }
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..]
        .iter()
        .position(|&c| c == '\n')
        .map_or(chars.len(), |step| at + step)
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut index = at;
    while index < chars.len() {
        match (chars[index], chars.get(index + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                index += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                index += 2;
                if depth == 0 {
                    return index;
                }
            }
            _ => index += 1,
        }
    }
    chars.len()
}

fn quoted_end(chars: &[char], at: usize, quote: char) -> usize {
    let mut index = at + 1;
    while index < chars.len() {
        match chars[index] {
            '\\' => index += 2,
            c if c == quote => return index + 1,
            _ => index += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let start = at + 1 + hashes;
    if chars.get(start) != Some(&'"') {
        return None;
    }
    let closes = |index: usize| {
        chars[index] == '"'
            && chars[index + 1..]
                .iter()
                .take(hashes)
                .filter(|&&c| c == '#')
                .count()
                == hashes
    };
    let end = (start + 1..chars.len()).find(|&index| closes(index));
    Some(end.map_or(chars.len(), |index| index + 1 + hashes))
}

fn is_test(attribute: &str) -> bool {
    let words: Vec<&str> = attribute
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let guards = words.contains(&"cfg") && words.contains(&"test") && !words.contains(&"not");
    guards || attribute == "#[test]" || attribute.ends_with("::test]")
}

/// The end of the item that follows an attribute: its closing brace, or its semicolon.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_i32;
    for (index, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return matching(code, from + index, '{', '}').unwrap_or(code.len()),
            ';' if depth == 0 => return from + index + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked() {
        let cases = [
            ("a(); // b()\nc();", "a();       \nc();"),
            ("a(/* b /* c */ d */ e)", "a(                  e)"),
            (r#"a("b \" c", d)"#, "a(        , d)"),
            ("a(r#\"b \" c\"#, d)", "a(          , d)"),
            ("a(br\"b\\\", d)", "a(b     , d)"),
            ("a('\"', '\\'', b)", "a(   ,     , b)"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("for r in 0..2 { r; }", "for r in 0..2 { r; }"),
            ("r#type + var#x", "r#type + var#x"),
        ];
        for (source, expected) in cases {
            assert_eq!(mask(source, Keep::Code), expected, "{source}");
        }
    }

    #[test]
    fn strings_or_comments_can_stay() {
        let source = "a(\"b\"); // c";
        assert_eq!(mask(source, Keep::CodeAndStrings), "a(\"b\");     ");
        assert_eq!(mask(source, Keep::CodeAndComments), "a(   ); // c");
    }

    #[test]
    fn test_items_are_found() {
        let cases = [
            (
                "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}",
                "-tttt-",
            ),
            ("#[test]\nfn a() {\n}\nfn b() {}", "ttt-"),
            ("#[tokio::test]\nasync fn a() {\n}\nfn b() {}", "ttt-"),
            ("#[cfg(all(test, unix))]\nuse a::{b, c};\nfn d() {}", "tt-"),
            ("#[cfg(test)]\nmod tests;\nfn d() {}", "tt-"),
            ("#[cfg(not(test))]\nfn a() {\n}", "---"),
            ("#[derive(Debug)]\nstruct A {\n}", "---"),
            ("// #[cfg(test)]\nfn a() {}", "--"),
            ("#[cfg(test)]\nconst A: [u8; 2] = [1, 2];\nfn b() {}", "tt-"),
        ];
        for (source, expected) in cases {
            let marks: String = test_lines(source)
                .iter()
                .map(|&test| if test { 't' } else { '-' })
                .collect();
            assert_eq!(marks, expected, "{source}");
        }
    }
}
