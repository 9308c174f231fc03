//! Rows as comma-separated values (RFC 4180).

/// Writes rows of fields, each line ended by CR LF.
pub(crate) fn write(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    rows.into_iter()
        .map(|row| {
            let fields: Vec<String> = row.iter().map(|field| quoted(field)).collect();
            fields.join(",") + "\r\n"
        })
        .collect()
}

/// A field as it stands in a line. A spreadsheet takes `=`, `+`, `-` and `@` for the beginning of a formula, and
/// names may come from elsewhere: an apostrophe in front keeps them text.
fn quoted(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
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
        ] {
            assert_eq!(quoted(field), expected, "{field:?}");
        }
        assert_eq!(write([vec!["a".into(), "b".into()], vec![]]), "a,b\r\n\r\n");
    }
}
