//! What a client's headers look like: a hash over those that stay the same from one request to the next. The address is
//! not among them, so that a device that changes networks stays what it is.

use crate::issue::sha256;

/// The headers, in the order in which they are hashed.
pub const HEADERS: [&str; 5] = ["user-agent", "accept", "accept-language", "accept-encoding", "dnt"];

/// SHA-256 over the headers as `value_of` gives them. Each name and value goes in with its length, and a header that is
/// not there differs from one that is empty.
pub fn fingerprint(value_of: impl Fn(&'static str) -> Option<Vec<u8>>) -> [u8; 32] {
    let mut bytes = b"durward fingerprint v1".to_vec();
    for name in HEADERS {
        put(&mut bytes, name.as_bytes());
        match value_of(name) {
            None => bytes.push(0),
            Some(value) => {
                bytes.push(1);
                put(&mut bytes, &value);
            }
        }
    }
    sha256(&bytes)
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    bytes.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&str, &str)]) -> [u8; 32] {
        fingerprint(|name| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_bytes().to_vec()))
    }

    #[test]
    fn every_header_counts_and_nothing_runs_into_its_neighbour() {
        let hashes = [
            of(&[]),
            of(&[("user-agent", "")]),
            of(&[("user-agent", "a")]),
            of(&[("accept", "a")]),
            of(&[("accept-language", "a")]),
            of(&[("accept-encoding", "a")]),
            of(&[("dnt", "a")]),
            of(&[("user-agent", "a"), ("accept", "")]),
            of(&[("user-agent", "ab"), ("accept", "c")]),
            of(&[("user-agent", "a"), ("accept", "bc")]),
        ];
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..at].contains(hash), "{at}");
        }
        assert_eq!(of(&[("user-agent", "a"), ("x-forwarded-for", "192.0.2.1")]), of(&[("user-agent", "a")]));
    }
}
