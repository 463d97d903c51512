//! What an operator makes the pages look like: name, logo, colour, style sheet.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::PageRules;

/// The most bytes of a logo or a style sheet.
const LARGEST: u64 = 512 * 1024;
/// PNG specification section 5.2.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The look of the pages.
#[derive(Debug)]
pub(super) struct Brand {
    pub(super) name: String,
    pub(super) logo: Option<Logo>,
    /// What is served as `/ui/brand.css`.
    pub(super) css: Bytes,
}

/// A picture with its type.
#[derive(Debug)]
pub(super) struct Logo {
    pub(super) bytes: Bytes,
    pub(super) content_type: &'static str,
}

impl Brand {
    /// Reads the files that the rules name, and says what is wrong with them.
    pub(super) fn read(rules: &PageRules, wrong: &mut Vec<String>) -> Self {
        let logo = rules.logo.as_deref().and_then(|path| {
            let outcome = read(path).and_then(|bytes| Ok(Logo { content_type: logo_type(path, &bytes)?, bytes }));
            outcome.map_err(|error| wrong.push(format!("pages.logo: {}: {error}", path.display()))).ok()
        });
        let sheet = rules.stylesheet.as_deref().and_then(|path| {
            let outcome = read(path).and_then(|bytes| match std::str::from_utf8(&bytes) {
                Ok(_) => Ok(bytes),
                Err(_) => Err("not UTF-8".to_owned()),
            });
            outcome.map_err(|error| wrong.push(format!("pages.stylesheet: {}: {error}", path.display()))).ok()
        });
        Self { name: rules.name.clone(), css: css(rules.accent.as_deref(), &sheet.unwrap_or_default()), logo }
    }
}

fn read(path: &Path) -> Result<Bytes, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("{size} bytes, more than {LARGEST}"));
    }
    fs::read(path).map(Bytes::from).map_err(|error| error.to_string())
}

/// By the extension, which what is in it has to agree with.
fn logo_type(path: &Path, bytes: &[u8]) -> Result<&'static str, String> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "svg" if std::str::from_utf8(bytes).is_ok_and(|text| text.contains("<svg")) => Ok("image/svg+xml"),
        "png" if bytes.starts_with(PNG) => Ok("image/png"),
        "svg" | "png" => Err(format!("what is in it is no {extension} picture")),
        _ => Err("neither .svg nor .png".to_owned()),
    }
}

/// The accent as custom properties, and then the operator's own rules.
fn css(accent: Option<&str>, sheet: &[u8]) -> Bytes {
    let mut css = accent.and_then(Colour::parse).map(|colour| colour.css()).unwrap_or_default().into_bytes();
    css.extend_from_slice(sheet);
    css.into()
}

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Colour([u8; 3]);

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// What stands on the accent is black or white, whichever is easier to read. Text in the accent is darkened on light
    /// ground and lightened on dark ground until it can be read (WCAG 2.2, success criterion 1.4.3).
    fn css(self) -> String {
        let (light, dark) = (self.readable_on(Self::LIGHT, Self::BLACK), self.readable_on(Self::DARK, Self::WHITE));
        format!(
            ":root{{--accent:{};--on-accent:{};--accent-text:light-dark({},{})}}\n",
            self.hex(),
            self.contrasting().hex(),
            light.hex(),
            dark.hex()
        )
    }

    const BLACK: Self = Self([0; 3]);
    const WHITE: Self = Self([255; 3]);
    /// The ground of each theme on which text is hardest to read, and a little beyond (`web/src/styles/tokens.css`).
    const LIGHT: Self = Self([0xe8, 0xea, 0xf0]);
    const DARK: Self = Self([0x2a, 0x2f, 0x3a]);

    fn readable_on(self, ground: Self, towards: Self) -> Self {
        let steps = (0..=20).map(|step| self.mixed(towards, f64::from(step) / 20.0));
        steps.into_iter().find(|colour| colour.contrast(ground) >= 4.5).unwrap_or(towards)
    }

    fn contrasting(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }

    fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |(a, b): (u8, u8)| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        Self([mix((a, d)), mix((b, e)), mix((c, f))])
    }

    /// WCAG 2.2, "contrast ratio".
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_accent_is_it_can_be_read() {
        for text in ["#000000", "#ffffff", "#ffee00", "#0a5cff", "#777777", "#00FF00", "#123456", "#ff00ff"] {
            let colour = Colour::parse(text).unwrap();
            assert!(colour.contrast(colour.contrasting()) >= 4.5, "{text}");
            for (ground, towards) in [(Colour::LIGHT, Colour::BLACK), (Colour::DARK, Colour::WHITE)] {
                let accent = colour.readable_on(ground, towards);
                assert!(accent.contrast(ground) >= 4.5, "{text} {accent:?}");
            }
        }
        for text in ["", "#", "red", "#fff", "#1234567", "#12345g", "123456", "#ééé"] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn the_own_rules_come_last() {
        let sheet = String::from_utf8(css(Some("#0a5cff"), b"h1{color:red}").to_vec()).unwrap();
        assert!(sheet.starts_with(":root{--accent:#") && sheet.ends_with("\nh1{color:red}"), "{sheet}");
        assert_eq!(css(None, b""), "");
    }

    #[test]
    fn a_logo_is_what_its_name_says() {
        let svg = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>";
        assert_eq!(logo_type(Path::new("a/logo.SVG"), svg), Ok("image/svg+xml"));
        assert_eq!(logo_type(Path::new("logo.png"), b"\x89PNG\r\n\x1a\nrest"), Ok("image/png"));
        for (name, bytes) in [
            ("logo.png", &svg[..]),
            ("logo.svg", PNG),
            ("logo.svg", b"<html>"),
            ("logo.html", svg),
            ("logo", svg),
            ("logo.svg.exe", svg),
        ] {
            assert!(logo_type(Path::new(name), bytes).is_err(), "{name}");
        }
    }
}
