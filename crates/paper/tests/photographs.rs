//! A sheet is read from photographs: turned, leaning, unevenly lit, grainy, packed as JPEG.

mod support;

use enerlink_paper::{Language, read};
use image::{GrayImage, ImageFormat, Luma};
use support::{file, household, print, sheet, vault};

/// How a picture was taken.
#[derive(Clone, Copy, Debug)]
struct Shot {
    /// Pixels of the picture's width; its height is 4/3 of that.
    width: u32,
    /// Degrees.
    turned: f32,
    /// How much narrower the page's far edge is, as a part of its near one.
    lean: f32,
    /// How much darker the darkest corner is, of 255.
    shadow: f32,
    /// The largest error of a pixel, of 255.
    grain: u8,
    format: ImageFormat,
}

/// A handy camera: 5 megapixels, held nearly straight.
const PLAIN: Shot = Shot {
    width: 2000,
    turned: 0.0,
    lean: 0.0,
    shadow: 0.0,
    grain: 8,
    format: ImageFormat::Jpeg,
};

/// Takes a picture of a page that lies on a table.
fn take(page: &GrayImage, shot: Shot) -> Vec<u8> {
    let (width, height) = (shot.width, shot.width * 4 / 3);
    let random = vault(1 << 16);
    let (sin, cos) = shot.turned.to_radians().sin_cos();
    // The page fills most of the picture, however it is turned.
    let (w, h) = (page.width() as f32, page.height() as f32);
    let across = (w * cos.abs() + h * sin.abs()) / width as f32;
    let along = (w * sin.abs() + h * cos.abs()) / height as f32;
    let scale = across.max(along) * 1.06;
    let picture = GrayImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 - width as f32 / 2.0, y as f32 - height as f32 / 2.0);
        // The upper edge is farther away: there a pixel covers more of the page.
        let depth = 1.0 - shot.lean * v / height as f32;
        let (u, v) = (u * scale * depth, v * scale * depth);
        let (px, py) = (u * cos + v * sin + w / 2.0, v * cos - u * sin + h / 2.0);
        let light = 1.0 - shot.shadow / 255.0 * (x as f32 / width as f32) * (y as f32 / height as f32);
        let grain = i32::from(random[(x.wrapping_mul(31) ^ y.wrapping_mul(517)) as usize % random.len()]);
        let grain = (grain - 128) * i32::from(shot.grain) / 128;
        let value = (20.0 + 0.86 * sample(page, px, py)) * light;
        Luma([(value as i32 + grain).clamp(0, 255) as u8])
    });
    file(&picture, shot.format)
}

/// The page's colour at a point, between its pixels; the table beyond its edges is grey.
fn sample(page: &GrayImage, x: f32, y: f32) -> f32 {
    let at = |x: f32, y: f32| {
        let inside = x >= 0.0 && y >= 0.0 && x < page.width() as f32 && y < page.height() as f32;
        if inside {
            f32::from(page.get_pixel(x as u32, y as u32).0[0])
        } else {
            120.0
        }
    };
    let (left, top) = (x.floor(), y.floor());
    let (right, low) = (x - left, y - top);
    let upper = at(left, top) * (1.0 - right) + at(left + 1.0, top) * right;
    let lower = at(left, top + 1.0) * (1.0 - right) + at(left + 1.0, top + 1.0) * right;
    upper * (1.0 - low) + lower * low
}

#[test]
fn a_page_of_codes_is_read_from_one_photograph() {
    let vault = vault(4200);
    let document = sheet(&vault, &household(), Language::Indonesian);
    let pages = print(&document.bytes, 200.0);
    assert_eq!((document.codes, pages.len()), (6, 2));
    for shot in [
        PLAIN,
        Shot { width: 1600, ..PLAIN },
        Shot { turned: 3.5, ..PLAIN },
        Shot {
            turned: 90.0,
            ..PLAIN
        },
        Shot {
            turned: 180.0,
            shadow: 90.0,
            ..PLAIN
        },
        Shot {
            turned: 217.0,
            width: 3024,
            ..PLAIN
        },
        Shot { lean: 0.12, ..PLAIN },
        Shot {
            lean: 0.12,
            turned: -8.0,
            shadow: 70.0,
            grain: 20,
            ..PLAIN
        },
        Shot { grain: 60, ..PLAIN },
        Shot {
            shadow: 120.0,
            format: ImageFormat::Png,
            ..PLAIN
        },
    ] {
        let photograph = take(&pages[1], shot);
        let read = read(&[photograph]).unwrap_or_else(|error| panic!("{shot:?}: {error}"));
        assert!(read == vault, "{shot:?}");
    }
}

#[test]
fn pages_are_read_from_any_number_of_photographs() {
    let vault = vault(9000);
    let document = sheet(&vault, &household(), Language::English);
    let pages = print(&document.bytes, 200.0);
    assert_eq!((document.codes, pages.len()), (13, 4));
    let shots = [
        (
            3,
            Shot {
                turned: 181.0,
                ..PLAIN
            },
        ),
        (0, PLAIN),
        (1, Shot { lean: 0.1, ..PLAIN }),
        (
            2,
            Shot {
                shadow: 80.0,
                ..PLAIN
            },
        ),
        (
            1,
            Shot {
                turned: -90.0,
                ..PLAIN
            },
        ),
    ];
    let images: Vec<Vec<u8>> = shots
        .iter()
        .map(|(page, shot)| take(&pages[*page], *shot))
        .collect();
    assert!(read(&images).expect("read") == vault);
}
