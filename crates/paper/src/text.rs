//! Text in the fonts that every PDF reader has: which bytes a letter is, how wide it is, where a line ends.

/// A font that every reader has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Font {
    /// Helvetica.
    Plain,
    /// Helvetica-Bold.
    Bold,
    /// Courier.
    Fixed,
}

impl Font {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Bold, Self::Fixed];

    /// Its name in the PDF standard.
    pub(crate) fn name(self) -> &'static [u8] {
        match self {
            Self::Plain => b"Helvetica",
            Self::Bold => b"Helvetica-Bold",
            Self::Fixed => b"Courier",
        }
    }

    /// Its name on our pages.
    pub(crate) fn resource(self) -> &'static [u8] {
        match self {
            Self::Plain => b"F1",
            Self::Bold => b"F2",
            Self::Fixed => b"F3",
        }
    }

    /// How wide `text` is at `size` points, in points.
    pub(crate) fn width(self, text: &str, size: f32) -> f32 {
        let thousandths: u32 = encode(text).into_iter().map(|byte| self.advance(byte)).sum();
        thousandths as f32 * size / 1000.0
    }

    /// Adobe's metrics of the printable ASCII; a letter beyond counts as a wide one, so that a line ends a little early.
    fn advance(self, byte: u8) -> u32 {
        let widths = match self {
            Self::Plain => &PLAIN,
            Self::Bold => &BOLD,
            Self::Fixed => return 600,
        };
        let at = usize::from(byte).checked_sub(32);
        at.and_then(|at| widths.get(at))
            .map_or(722, |width| u32::from(*width))
    }

    /// Breaks `text` into lines of at most `width` points, at spaces where there are any.
    pub(crate) fn wrap(self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let joined = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&joined, size) <= width {
                line = joined;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                let longer = format!("{line}{letter}");
                if self.width(&longer, size) > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        lines.push(line);
        lines
    }
}

/// Bytes of the Windows code page 1252 ("WinAnsi"); letters that it lacks become `?`.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    text.chars().map(byte).collect()
}

fn byte(letter: char) -> u8 {
    match u8::try_from(letter) {
        Ok(byte @ (b' '..=b'~' | 0xa1..=0xff)) => byte,
        Ok(0xa0) => b' ',
        _ => BEYOND
            .iter()
            .find(|(known, _)| *known == letter)
            .map_or(b'?', |(_, byte)| *byte),
    }
}

/// Where the code page differs from Latin-1.
const BEYOND: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];

/// Widths of `' '..='~'` in thousandths of the size.
#[rustfmt::skip]
const PLAIN: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

#[rustfmt::skip]
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_the_fonts_lack_become_question_marks() {
        assert_eq!(encode("Rumah 1"), b"Rumah 1");
        assert_eq!(encode("Zoë’s — €"), b"Zo\xeb\x92s \x97 \x80");
        assert_eq!(encode("家 ☀ \u{7}\u{85}"), b"? ? ??");
    }

    #[test]
    fn lines_fit() {
        let text =
            "A sentence of some words, and one_word_that_is_longer_than_the_whole_line_can_be, at last";
        for width in [10.0, 60.0, 120.0, 1000.0] {
            let lines = Font::Plain.wrap(text, 10.0, width);
            assert!(
                lines
                    .iter()
                    .all(|line| Font::Plain.width(line, 10.0) <= width.max(10.0)),
                "{lines:?}"
            );
            let letters = |text: &str| text.replace(' ', "");
            assert_eq!(letters(&lines.concat()), letters(text));
        }
    }

    #[test]
    fn widths_are_those_of_the_metrics() {
        assert_eq!(
            Font::Plain.width("Hello", 1000.0),
            722.0 + 556.0 + 222.0 + 222.0 + 556.0
        );
        assert_eq!(Font::Bold.width("i~", 1000.0), 278.0 + 584.0);
        assert_eq!(Font::Fixed.width("0x", 10.0), 12.0);
    }
}
