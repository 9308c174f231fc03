//! A QR code as a drawing.

use image::{GrayImage, Luma};
use pdf_writer::Content;
use qrcodegen::{DataTooLong, QrCode, QrCodeEcc, QrSegment, Version};

/// Light modules that the standard wants around a code.
const QUIET: i32 = 4;

/// Pixels of a module in a picture of a code.
const PIXELS: u32 = 4;

/// Any text as a QR code of which 15 % may be lost: its rows from the top, `1` is dark, `0` is light.
/// None when it does not fit into one.
pub fn qr(text: &str) -> Option<Vec<String>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let module = |column, row| if code.get_module(column, row) { '1' } else { '0' };
    let row = |row| (0..code.size()).map(|column| module(column, row)).collect();
    Some((0..code.size()).map(row).collect())
}

/// A QR code (ISO/IEC 18004) of letters and digits, of which 15 % may be lost.
pub(crate) struct Symbol(QrCode);

impl Symbol {
    pub(crate) fn of(text: &str) -> Result<Self, DataTooLong> {
        let segment = QrSegment::make_alphanumeric(text);
        let (smallest, largest) = (Version::MIN, Version::MAX);
        QrCode::encode_segments_advanced(&[segment], QrCodeEcc::Medium, smallest, largest, None, true)
            .map(Self)
    }

    /// The side of one module, in points, when code and margin are `side` points wide.
    pub(crate) fn module(&self, side: f32) -> f32 {
        side / (self.0.size() + 2 * QUIET) as f32
    }

    /// The code with its margin as a picture.
    pub(crate) fn picture(&self) -> GrayImage {
        let side = u32::try_from(self.0.size() + 2 * QUIET).unwrap_or(0) * PIXELS;
        let module = |pixel: u32| (pixel / PIXELS).cast_signed() - QUIET;
        GrayImage::from_fn(side, side, |x, y| {
            let dark = self.0.get_module(module(x), module(y));
            Luma([if dark { 0 } else { u8::MAX }])
        })
    }

    /// Draws it with its margin into the square of `side` points whose lower left corner is (`x`, `y`). One path for all
    /// dark modules: with one each, readers that smooth edges show a light line between neighbours.
    pub(crate) fn draw(&self, content: &mut Content, x: f32, y: f32, side: f32) {
        let size = self.0.size();
        let module = self.module(side);
        content.save_state();
        content.transform([module, 0.0, 0.0, module, x, y]);
        content.set_fill_gray(0.0);
        for row in 0..size {
            let mut column = 0;
            while column < size {
                let run = (column..size)
                    .take_while(|at| self.0.get_module(*at, row))
                    .count() as i32;
                if run > 0 {
                    let bottom = size - 1 - row + QUIET;
                    content.rect((column + QUIET) as f32, bottom as f32, run as f32, 1.0);
                }
                column += run + 1;
            }
        }
        content.fill_nonzero();
        content.restore_state();
    }
}

#[cfg(test)]
mod tests {
    use super::qr;

    #[test]
    fn rows_are_a_square_with_its_three_finders() {
        let rows = qr(r#"{"kind":"enerlink-registration-1","meter_id":"METER-001"}"#).expect("short");
        assert!(rows.iter().all(|row| row.len() == rows.len()));
        let (finder, last) = ("1111111", rows.len() - 1);
        assert!(rows[0].starts_with(finder) && rows[0].ends_with(finder));
        assert!(rows[last].starts_with(finder) && !rows[last].ends_with(finder));
        assert_eq!(qr(&"x".repeat(2400)), None);
    }
}
