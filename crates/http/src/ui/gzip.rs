//! Compression (RFC 1952), for who asks for it.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, header};

/// Whether the client takes gzip (RFC 9110 section 12.5.3): it is named, or everything is, and not with a weight of 0.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let mut everything = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for coding in value.to_str().unwrap_or_default().split(',') {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
            let is_taken = weight.is_some_and(|weight| weight > 0.0);
            match name.trim() {
                gzip if gzip.eq_ignore_ascii_case("gzip") => return is_taken,
                "*" => everything = is_taken,
                _ => {}
            }
        }
    }
    everything
}

/// As small as it gets, for what is compressed once.
pub(super) fn smallest(plain: &[u8]) -> Bytes {
    zip(plain, Compression::best())
}

/// Small enough, for what is compressed each time.
pub(super) fn quick(plain: &[u8]) -> Bytes {
    zip(plain, Compression::new(5))
}

/// Writing into memory does not fail.
fn zip(plain: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), level);
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::io::Read;

    #[test]
    fn who_takes_it() {
        for (value, expected) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("*", true),
            ("br, *;q=0.1", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0, *", false),
            ("*;q=0", false),
            ("br", false),
            ("identity", false),
            ("xgzip", false),
            ("gzip;q=nonsense", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(wanted(&headers), expected, "{value}");
        }
        assert!(!wanted(&HeaderMap::new()));
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let plain = "durward ".repeat(1_000);
        for zipped in [smallest(plain.as_bytes()), quick(plain.as_bytes())] {
            assert!(zipped.len() < 200);
            let mut back = String::new();
            flate2::read::GzDecoder::new(&zipped[..]).read_to_string(&mut back).unwrap();
            assert_eq!(back, plain);
        }
    }
}
