//! Why a sheet cannot be printed or read.

use thiserror::Error;

use crate::MAX_VAULT;

/// Why a sheet cannot be printed or read. Images are counted from 1, in the order given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// There is no vault to print.
    #[error("there is nothing to print")]
    Empty,
    /// The vault does not fit on a sheet that anybody would scan.
    #[error("the vault has {bytes} bytes and a sheet holds at most {MAX_VAULT}: use a backup file")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A code that was to be printed does not read back.
    #[error("code {number} cannot be read back, so that nothing is printed")]
    Unreadable {
        /// Which, from 1.
        number: usize,
    },
    /// A file is no PNG or JPEG image.
    #[error("image {image} is not a PNG or JPEG image")]
    NotAnImage {
        /// Which.
        image: usize,
    },
    /// A file or its picture is larger than what is read.
    #[error("image {image} is too large: at most 32 MiB and 64 megapixels")]
    ImageTooLarge {
        /// Which.
        image: usize,
    },
    /// A PDF without the file of a receipt in it.
    #[error(
        "no receipt is attached to the PDF: use the one that EnerLink has written, the JSON file, or images of the codes"
    )]
    NotAttached,
    /// No code of a sheet can be read in any image.
    #[error("no code of a printed sheet can be read in the images")]
    NoCode,
    /// Codes of different sheets lie among the images.
    #[error("image {image} shows a code of the sheet {other}, the others are of {sheet}")]
    AnotherSheet {
        /// Which.
        image: usize,
        /// The sheet of the codes before.
        sheet: String,
        /// The sheet of this one.
        other: String,
    },
    /// The codes are of a format that this program does not know yet.
    #[error("the sheet was made by a newer version of EnerLink")]
    Newer,
    /// Some codes are missing.
    #[error("{} of {of} codes are missing: {}", missing.len(), list(missing))]
    Missing {
        /// Their numbers, ascending, from 1.
        missing: Vec<u32>,
        /// How many codes the sheet has.
        of: u32,
    },
    /// All codes are there, and together they are not what was printed.
    #[error("the codes do not add up to the sheet: one of them is damaged or was changed")]
    Damaged,
}

/// `1, 4 to 7, 9`: a sheet may have hundreds of codes.
fn list(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|before, after| before + 1 == *after);
    let words = runs.map(|run| match run {
        [first, .., last] if run.len() > 2 => format!("{first} to {last}"),
        _ => run.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn missing_codes_are_listed() {
        let error = Error::Missing {
            missing: vec![2, 5, 6, 9, 10, 11, 12],
            of: 12,
        };
        assert_eq!(error.to_string(), "7 of 12 codes are missing: 2, 5, 6, 9 to 12");
    }
}
