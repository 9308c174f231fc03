//! Rows as comma-separated values (RFC 4180).

/// Writes rows of fields, each line ended by CR LF.
pub fn write(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    rows.into_iter()
        .map(|row| {
            let fields: Vec<String> = row.iter().map(|field| quoted(field)).collect();
            fields.join(",") + "\r\n"
        })
        .collect()
}

/// A field as it stands in a line. A spreadsheet takes `=`, `+`, `-` and `@` for the beginning of a formula, and
/// texts may come from elsewhere: an apostrophe in front keeps them text. A negative number is no formula.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(field);
    let field = if formula {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if field.contains(['"', ',', ';', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

/// Whether `field` is a plain decimal such as `-12.5`.
fn is_number(field: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let magnitude = field.strip_prefix('-').unwrap_or(field);
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    digits(whole) && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_from_a_spreadsheet_as_they_were() {
        for (field, expected) in [
            ("", ""),
            ("Rumah", "Rumah"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("@x,y", "\"'@x,y\""),
            ("-12.5", "-12.5"),
            ("-12", "-12"),
            ("-1+cmd", "'-1+cmd"),
            ("-", "'-"),
            ("-.5", "'-.5"),
        ] {
            assert_eq!(quoted(field), expected, "{field:?}");
        }
        assert_eq!(write([vec!["a".into(), "b".into()], vec![]]), "a,b\r\n\r\n");
    }
}
