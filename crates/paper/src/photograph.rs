//! Finding the codes of a sheet in images of it.

use std::{
    collections::{BTreeSet, HashSet},
    io::Cursor,
};

use image::{DynamicImage, GrayImage, ImageError, ImageReader, imageops, imageops::FilterType};
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, common::HybridBinarizer,
    multi::MultipleBarcodeReader as _, qrcode::cpp_port::QrReader,
};

use crate::{
    Error,
    part::{Kind, Part, Parts},
};

/// The largest file that is read, in bytes.
const MAX_FILE: usize = 32 << 20;
/// The largest picture that is decoded, in pixels.
const MAX_PIXELS: u64 = 64_000_000;
/// What decoding it may allocate: 64 megapixels of four times 16 bits.
const MAX_MEMORY: u64 = 512 << 20;
/// The longer side at which codes are looked for, in pixels: large enough for a page full of codes, then smaller, where
/// the grain of the paper and of the camera is gone.
const SIDES: [u32; 3] = [6000, 2400, 1400];

/// Reads the vault from images (PNG, JPEG) of the sheet's codes: in any order, several to an image, twice if need be.
/// Other codes and images without any are passed over.
///
/// # Errors
/// [`Error`] says which image is none, of which sheets the codes are, which ones are missing, and when together they
/// are not what was printed.
pub fn read(images: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    read_kind(Kind::Vault, images)
}

/// The same for codes of any kind.
pub(crate) fn read_kind(kind: Kind, images: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let mut parts = Parts::default();
    for (at, bytes) in images.iter().enumerate() {
        let image = at + 1;
        for text in texts(&decode(bytes, image)?) {
            if let Some(part) = Part::parse(kind, &text)? {
                parts.add(part, image)?;
            }
        }
    }
    parts.join()
}

/// The picture in a file, its size checked before there is memory for it.
fn decode(bytes: &[u8], image: usize) -> Result<GrayImage, Error> {
    if bytes.len() > MAX_FILE {
        return Err(Error::ImageTooLarge { image });
    }
    let reader = || {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(MAX_MEMORY);
        reader.limits(limits);
        Some(reader)
    };
    let refused = |error: ImageError| match error {
        ImageError::Limits(_) => Error::ImageTooLarge { image },
        _ => Error::NotAnImage { image },
    };
    let size = reader().ok_or(Error::NotAnImage { image })?;
    let (width, height) = size.into_dimensions().map_err(refused)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Error::ImageTooLarge { image });
    }
    let picture = reader().ok_or(Error::NotAnImage { image })?;
    picture.decode().map(DynamicImage::into_luma8).map_err(refused)
}

/// What the codes of a picture say, looked for at several sizes.
pub(crate) fn texts(picture: &GrayImage) -> BTreeSet<String> {
    let longer = picture.width().max(picture.height());
    let sides: BTreeSet<u32> = SIDES.iter().map(|side| longer.min(*side)).collect();
    sides
        .into_iter()
        .flat_map(|side| texts_at(picture, side))
        .collect()
}

/// The same at one size.
fn texts_at(picture: &GrayImage, side: u32) -> Vec<String> {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    let scale = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longer)).max(1) as u32;
    let (width, height) = (scale(width), scale(height));
    let pixels = if side < longer {
        imageops::resize(picture, width, height, FilterType::Triangle).into_raw()
    } else {
        picture.as_raw().clone()
    };
    let Ok(source) = Luma8LuminanceSource::new(pixels, width, height) else {
        return Vec::new();
    };
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let hints = DecodeHints {
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        TryHarder: Some(true),
        ..DecodeHints::default()
    };
    let codes = QrReader.decode_multiple_with_hints(&mut bitmap, &hints);
    let codes = codes.unwrap_or_default();
    codes.iter().map(|code| code.getText().to_owned()).collect()
}
