//! A file inside a PDF, for programs. It is found again without the PDF's tables: nothing that a stranger's file says of
//! itself is followed.

use std::iter;

use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};
use pdf_writer::{Filter, Finish as _, Name, Pdf, Ref, Str, TextStr};

/// What the dictionary of an attached file says that it is. It stands in clear unless the whole PDF is encrypted.
const KIND: &[u8] = b"/EmbeddedFile";
/// So many attachments are looked at.
const MOST: usize = 16;

/// A file to attach.
#[derive(Clone, Copy)]
pub(crate) struct Attachment<'a> {
    /// ASCII.
    pub(crate) name: &'a str,
    /// IANA media type.
    pub(crate) media_type: &'a str,
    pub(crate) content: &'a [u8],
}

impl Attachment<'_> {
    /// Writes the file as object `file`, and what readers list as object `listed`.
    pub(crate) fn write(&self, pdf: &mut Pdf, listed: Ref, file: Ref) {
        let packed = compress_to_vec_zlib(self.content, 9);
        let mut stream = pdf.embedded_file(file, &packed);
        stream.subtype(Name(self.media_type.as_bytes()));
        if let Ok(size) = i32::try_from(self.content.len()) {
            stream.params().size(size);
        }
        stream.filter(Filter::FlateDecode);
        stream.finish();
        pdf.file_spec(listed)
            .path(Str(self.name.as_bytes()))
            .unic_file(TextStr(self.name))
            .embedded_file_with_unicode(file);
    }
}

/// The attachments of a PDF that are packed as ours are and unpack to at most `limit` bytes. Whatever stands behind their
/// list, `/EmbeddedFiles`, may be among them.
pub(crate) fn attached(pdf: &[u8], limit: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut rest = pdf;
    let packed = iter::from_fn(move || {
        rest = after(rest, KIND)?;
        rest = after(rest, b"stream")?;
        Some(rest)
    });
    packed.take(MOST).filter_map(move |packed| {
        let packed = packed.strip_prefix(b"\r").unwrap_or(packed);
        // Packed bytes say themselves where they end.
        decompress_to_vec_zlib_with_limit(packed.strip_prefix(b"\n")?, limit).ok()
    })
}

/// What follows the first `mark`.
fn after<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(mark.len()).position(|found| found == mark)?;
    Some(&bytes[at + mark.len()..])
}
