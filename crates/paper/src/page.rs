//! Pages of A4: a pen that goes down the page, and the file that comes of it.

use chrono::{DateTime, Datelike as _, Timelike as _};
use enerlink_domain::UnixMillis;
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::{Content, Date, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::{
    attachment::Attachment,
    text::{Font, encode},
};

/// A4, in points of 1/72 inch.
pub(crate) const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
/// 20 mm on every side: every printer reaches there.
pub(crate) const MARGIN: f32 = 56.7;
/// The printed width.
pub(crate) const MEASURE: f32 = WIDTH - 2.0 * MARGIN;
const FOOT: f32 = 34.0;
/// From one line to the next, in sizes.
const LEADING: f32 = 1.45;

pub(crate) const INK: f32 = 0.1;
pub(crate) const PALE: f32 = 0.42;
const FAINT: f32 = 0.8;
const SHADE: f32 = 0.955;

/// How letters look.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) font: Font,
    /// Points.
    pub(crate) size: f32,
    /// 0 is black, 1 is white.
    pub(crate) gray: f32,
}

/// The pages so far, and how high the pen stands on the last one.
pub(crate) struct Pages {
    contents: Vec<Content>,
    y: f32,
}

/// What the file says of itself.
pub(crate) struct Imprint<'a> {
    pub(crate) title: &'a str,
    pub(crate) language: &'a str,
    pub(crate) created_at: UnixMillis,
    /// A file for programs that goes along.
    pub(crate) attachment: Option<Attachment<'a>>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let mut pages = Self {
            contents: Vec::new(),
            y: 0.0,
        };
        pages.turn();
        pages
    }

    /// How many pages there are.
    pub(crate) fn count(&self) -> usize {
        self.contents.len()
    }

    /// Begins a new page.
    pub(crate) fn turn(&mut self) {
        self.contents.push(Content::new());
        self.y = HEIGHT - MARGIN;
    }

    /// Begins a new page unless `height` points are left on this one.
    pub(crate) fn keep(&mut self, height: f32) {
        if self.y - height < MARGIN {
            self.turn();
        }
    }

    /// Goes down by `points`.
    pub(crate) fn skip(&mut self, points: f32) {
        self.y -= points;
    }

    /// Writes one line below the pen, its left end at `x`, and leaves the pen where it was.
    pub(crate) fn beside(&mut self, x: f32, style: Style, text: &str) {
        let baseline = self.y - style.size;
        write(self.content(), x, baseline, style, text);
    }

    /// Writes `text` below the pen, in lines of at most `width` points.
    pub(crate) fn text(&mut self, x: f32, width: f32, style: Style, text: &str) {
        let leading = style.size * LEADING;
        for line in style.font.wrap(text, style.size, width) {
            self.keep(leading);
            self.beside(x, style, &line);
            self.skip(leading);
        }
    }

    /// How high [`Pages::text`] will be.
    pub(crate) fn height(width: f32, style: Style, text: &str) -> f32 {
        style.font.wrap(text, style.size, width).len() as f32 * style.size * LEADING
    }

    /// A hairline over the whole measure.
    pub(crate) fn rule(&mut self) {
        let y = self.y;
        let content = self.content();
        content.set_stroke_gray(FAINT).set_line_width(0.6);
        content.move_to(MARGIN, y).line_to(WIDTH - MARGIN, y).stroke();
    }

    /// A shaded box of `height` points below the pen, with a dark edge at the left; the pen stays at its top.
    pub(crate) fn shade(&mut self, height: f32) {
        let bottom = self.y - height;
        let content = self.content();
        content
            .set_fill_gray(SHADE)
            .rect(MARGIN, bottom, MEASURE, height)
            .fill_nonzero();
        content
            .set_fill_gray(INK)
            .rect(MARGIN, bottom, 2.4, height)
            .fill_nonzero();
    }

    /// Draws something of `height` points below the pen: `draw` gets the page and the height of its lower edge.
    pub(crate) fn draw(&mut self, height: f32, draw: impl FnOnce(&mut Content, f32)) {
        let bottom = self.y - height;
        draw(self.content(), bottom);
    }

    fn content(&mut self) -> &mut Content {
        self.contents
            .last_mut()
            .expect("a sheet begins with its first page")
    }

    /// The file. Each page's foot is what `foot` says of its number, left and right.
    pub(crate) fn finish(mut self, imprint: &Imprint<'_>, foot: impl Fn(usize) -> [String; 2]) -> Vec<u8> {
        let style = Style {
            font: Font::Plain,
            size: 8.0,
            gray: PALE,
        };
        for (at, content) in self.contents.iter_mut().enumerate() {
            let [left, right] = foot(at + 1);
            write(content, MARGIN, FOOT, style, &left);
            let end = WIDTH - MARGIN - style.font.width(&right, style.size);
            write(content, end, FOOT, style, &right);
        }
        assemble(self.contents, imprint)
    }
}

/// Writes one line on `content`.
pub(crate) fn write(content: &mut Content, x: f32, baseline: f32, style: Style, text: &str) {
    content.begin_text();
    content.set_fill_gray(style.gray);
    content.set_font(Name(style.font.resource()), style.size);
    content.next_line(x, baseline);
    content.show(Str(&encode(text)));
    content.end_text();
}

fn assemble(contents: Vec<Content>, imprint: &Imprint<'_>) -> Vec<u8> {
    let mut last = 0;
    let mut next = || {
        last += 1;
        Ref::new(last)
    };
    let (catalog, tree, info) = (next(), next(), next());
    let fonts = Font::ALL.map(|font| (font, next()));
    let attachment = imprint.attachment.map(|attachment| (attachment, next(), next()));
    let mut pdf = Pdf::new();
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(imprint.language));
    root.viewer_preferences().display_doc_title(true);
    if let Some((attachment, listed, _)) = attachment {
        let name = Str(attachment.name.as_bytes());
        root.names().embedded_files().names().insert(name, listed);
    }
    root.finish();
    if let Some((attachment, listed, file)) = attachment {
        attachment.write(&mut pdf, listed, file);
    }
    for (font, id) in fonts {
        let mut written = pdf.type1_font(id);
        written.base_font(Name(font.name()));
        written.encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let mut kids = Vec::with_capacity(contents.len());
    for content in contents {
        let (page, stream) = (next(), next());
        kids.push(page);
        let mut written = pdf.page(page);
        written
            .parent(tree)
            .contents(stream)
            .media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT));
        let mut resources = written.resources();
        let mut names = resources.fonts();
        for (font, id) in fonts {
            names.pair(Name(font.resource()), id);
        }
        names.finish();
        resources.finish();
        written.finish();
        let packed = compress_to_vec_zlib(&content.finish(), 7);
        pdf.stream(stream, &packed).filter(Filter::FlateDecode);
    }
    let count = i32::try_from(kids.len()).expect("what is printed is bounded, and so are its pages");
    pdf.pages(tree).kids(kids).count(count);
    let mut written = pdf.document_info(info);
    written
        .title(TextStr(imprint.title))
        .producer(TextStr("EnerLink Wallet"));
    if let Some(date) = date(imprint.created_at) {
        written.creation_date(date);
    }
    written.finish();
    pdf.finish()
}

fn date(at: UnixMillis) -> Option<Date> {
    let moment = DateTime::from_timestamp_millis(at.0)?;
    let date = Date::new(u16::try_from(moment.year()).ok()?)
        .month(u8::try_from(moment.month()).ok()?)
        .day(u8::try_from(moment.day()).ok()?)
        .hour(u8::try_from(moment.hour()).ok()?)
        .minute(u8::try_from(moment.minute()).ok()?)
        .second(u8::try_from(moment.second()).ok()?);
    Some(date.utc_offset_hour(0).utc_offset_minute(0))
}
