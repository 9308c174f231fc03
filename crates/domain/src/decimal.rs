//! Exact decimals: the text of a JSON number to a scaled integer, without a float in between.

use thiserror::Error;

/// Why a text is not the number that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseDecimalError {
    /// Not a number as JSON (RFC 8259, section 6) writes it.
    #[error("not a number")]
    NotANumber,
    /// A number that cannot be a quantity here, such as `1e400`.
    #[error("the number is out of range")]
    OutOfRange,
    /// Less than zero where only a magnitude makes sense.
    #[error("the number is negative")]
    Negative,
    /// More decimals than there are of the unit.
    #[error("the number has too many decimals")]
    TooPrecise,
}

/// Digits that a mantissa may have; a longer text is an attack, not a measurement.
const MAX_LENGTH: usize = 64;

/// `text` times 10^`scale` as an integer, truncated toward zero. `text` is a number as JSON writes it
/// (`-1.25e-3`).
pub fn parse_scaled(text: &str, scale: i32) -> Result<i128, ParseDecimalError> {
    if text.len() > MAX_LENGTH {
        return Err(ParseDecimalError::OutOfRange);
    }
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = split_exponent(rest)?;
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return Err(ParseDecimalError::NotANumber),
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || leading_zero || !digits(whole) || !digits(fraction) {
        return Err(ParseDecimalError::NotANumber);
    }
    let value = number_of(whole, fraction)?;
    let shift = exponent + scale - fraction.len() as i32;
    let value = shift_decimal(value, shift)?;
    Ok(if negative { -value } else { value })
}

/// Millionths as a decimal, without zeros at its end.
pub fn millionths(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, rest) = (value.unsigned_abs() / 1_000_000, value.unsigned_abs() % 1_000_000);
    let text = format!("{sign}{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `text` times 10^`scale`, exactly, for what a person types: digits, and a point with further digits where there are
/// any. No sign, no exponent, no white space, no zero in front, and no decimal that would be cut off, not even a zero.
pub fn parse_exact(text: &str, scale: u32) -> Result<i128, ParseDecimalError> {
    if text.starts_with('-') {
        parse_scaled(text, 0)?;
        return Err(ParseDecimalError::Negative);
    }
    if text.contains(['e', 'E']) {
        return Err(ParseDecimalError::NotANumber);
    }
    let value = parse_scaled(
        text,
        i32::try_from(scale).map_err(|_| ParseDecimalError::OutOfRange)?,
    )?;
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    match u32::try_from(decimals) {
        Ok(decimals) if decimals <= scale => Ok(value),
        _ => Err(ParseDecimalError::TooPrecise),
    }
}

/// The digits of both texts as one number.
fn number_of(whole: &str, fraction: &str) -> Result<i128, ParseDecimalError> {
    let digits = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0');
    // Nearly all: 18 digits fit into 64 bits, which is several times as fast.
    if whole.len() + fraction.len() <= 18 {
        return Ok(digits
            .fold(0_i64, |value, digit| value * 10 + i64::from(digit))
            .into());
    }
    let mut digits = digits;
    digits
        .try_fold(0_i128, |value, digit| {
            value.checked_mul(10)?.checked_add(i128::from(digit))
        })
        .ok_or(ParseDecimalError::OutOfRange)
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn split_exponent(text: &str) -> Result<(&str, i32), ParseDecimalError> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Ok((text, 0));
    };
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned.is_empty() || !digits(unsigned) {
        return Err(ParseDecimalError::NotANumber);
    }
    let exponent: i32 = exponent.parse().map_err(|_| ParseDecimalError::OutOfRange)?;
    if exponent.abs() > 400 {
        Err(ParseDecimalError::OutOfRange)
    } else {
        Ok((mantissa, exponent))
    }
}

fn shift_decimal(value: i128, shift: i32) -> Result<i128, ParseDecimalError> {
    if value == 0 {
        return Ok(0);
    }
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    match (shift >= 0, power) {
        (true, Some(power)) => value.checked_mul(power).ok_or(ParseDecimalError::OutOfRange),
        (true, None) => Err(ParseDecimalError::OutOfRange),
        (false, Some(power)) => Ok(value / power),
        (false, None) => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn millionths_are_written_exactly() {
        for (value, text) in [
            (0, "0"),
            (1, "0.000001"),
            (-12_500_000, "-12.5"),
            (10_000_000, "10"),
        ] {
            assert_eq!(millionths(value), text);
        }
    }

    #[test]
    fn numbers_scale_exactly() {
        for (text, scale, expected) in [
            ("0", 6, Ok(0)),
            ("15.23495", 6, Ok(15_234_950)),
            ("994.8", 3, Ok(994_800)),
            ("-36.49", 3, Ok(-36_490)),
            ("8.813601", 6, Ok(8_813_601)),
            ("1.5e3", 0, Ok(1500)),
            ("15E-1", 1, Ok(15)),
            ("0.0000009", 6, Ok(0)),
            ("-0.0000019", 6, Ok(-1)),
            ("1e400", 6, Err(ParseDecimalError::OutOfRange)),
            ("1e9999999999", 6, Err(ParseDecimalError::OutOfRange)),
            ("NaN", 6, Err(ParseDecimalError::NotANumber)),
            ("01", 6, Err(ParseDecimalError::NotANumber)),
            ("1.", 6, Err(ParseDecimalError::NotANumber)),
            (".5", 6, Err(ParseDecimalError::NotANumber)),
            ("", 6, Err(ParseDecimalError::NotANumber)),
            ("1,5", 6, Err(ParseDecimalError::NotANumber)),
            ("--1", 6, Err(ParseDecimalError::NotANumber)),
        ] {
            assert_eq!(parse_scaled(text, scale), expected, "{text}");
        }
    }

    #[test]
    fn what_is_typed_is_taken_exactly_or_refused() {
        for (text, scale, expected) in [
            ("0", 2, Ok(0)),
            ("1.5", 2, Ok(150)),
            ("1.50", 2, Ok(150)),
            ("0.01", 2, Ok(1)),
            ("0.001", 2, Err(ParseDecimalError::TooPrecise)),
            ("1.500", 2, Err(ParseDecimalError::TooPrecise)),
            ("1.5", 0, Err(ParseDecimalError::TooPrecise)),
            ("1,5", 2, Err(ParseDecimalError::NotANumber)),
            ("1e3", 2, Err(ParseDecimalError::NotANumber)),
            ("1E3", 2, Err(ParseDecimalError::NotANumber)),
            (" 1", 2, Err(ParseDecimalError::NotANumber)),
            ("1 ", 2, Err(ParseDecimalError::NotANumber)),
            ("+1", 2, Err(ParseDecimalError::NotANumber)),
            ("-1", 2, Err(ParseDecimalError::Negative)),
            ("-x", 2, Err(ParseDecimalError::NotANumber)),
            ("01", 2, Err(ParseDecimalError::NotANumber)),
            ("1.", 2, Err(ParseDecimalError::NotANumber)),
            (".5", 2, Err(ParseDecimalError::NotANumber)),
            ("", 2, Err(ParseDecimalError::NotANumber)),
            ("0x10", 2, Err(ParseDecimalError::NotANumber)),
            ("\u{661}", 2, Err(ParseDecimalError::NotANumber)),
            // 2^127 - 1 hundredths, and one more; then 2^128 and 2^256.
            ("1701411834604692317316873037158841057.27", 2, Ok(i128::MAX)),
            (
                "1701411834604692317316873037158841057.28",
                2,
                Err(ParseDecimalError::OutOfRange),
            ),
            (
                "340282366920938463463374607431768211456",
                2,
                Err(ParseDecimalError::OutOfRange),
            ),
            (
                "115792089237316195423570985008687907853269984665640564039457584007913129639936",
                2,
                Err(ParseDecimalError::OutOfRange),
            ),
            ("1.000000000000000001", 18, Ok(1_000_000_000_000_000_001)),
        ] {
            assert_eq!(parse_exact(text, scale), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn two_decimals_round_trip(value in 0_i128..=i128::MAX) {
            let text = format!("{}.{:02}", value / 100, value % 100);
            prop_assert_eq!(parse_exact(&text, 2), Ok(value));
        }

        #[test]
        fn what_is_taken_is_written_in_digits_and_one_point(text in "[-+0-9eE., ]{0,12}") {
            if let Ok(value) = parse_exact(&text, 2) {
                let (whole, fraction) = text.split_once('.').unwrap_or((text.as_str(), "0"));
                let fraction = format!("{fraction:0<2}");
                prop_assert_eq!(format!("{}{}", whole, fraction).parse::<i128>(), Ok(value));
            }
        }

        #[test]
        fn six_decimals_round_trip(value in 0_i64..i64::MAX) {
            let text = format!("{}.{:06}", value / 1_000_000, value % 1_000_000);
            prop_assert_eq!(parse_scaled(&text, 6), Ok(i128::from(value)));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}", scale in -6..9_i32) {
            let _ = parse_scaled(&text, scale);
            let _ = parse_exact(&text, scale.unsigned_abs());
        }
    }
}
