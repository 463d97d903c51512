//! One file in MaxMind's format: GeoLite2, GeoIP2, DB-IP and others are made in it.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::UNIX_EPOCH;

use durward_core::place::Place;
use durward_proto::Timestamp;
use maxminddb::{Reader, geoip2};

/// A city's name is cut to so many characters: it ends up in trails and mails.
const LONGEST_NAME: usize = 80;

/// A database, whole in memory: what is read cannot change under a reader.
pub(crate) struct Database {
    reader: Reader<Vec<u8>>,
}

impl Database {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no database, or holds what contradicts itself.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let wrong = |error: maxminddb::MaxMindDbError| format!("{}: {error}", path.display());
        let reader = Reader::from_source(bytes).map_err(wrong)?;
        reader.verify().map_err(wrong)?;
        Ok(Self { reader })
    }

    /// What kind of database it is, as it says itself: `GeoLite2-City`.
    pub(crate) fn kind(&self) -> String {
        shortened(&self.reader.metadata().database_type)
    }

    /// When it was made.
    pub(crate) fn built_at(&self) -> Timestamp {
        let since = self.reader.metadata().build_time().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Timestamp::from_seconds(since.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0))
    }

    /// The city or country of an address. Also of an address in a database of networks, where none of that is known.
    pub(crate) fn city(&self, ip: IpAddr) -> Option<Place> {
        let found = self.decode::<geoip2::City<'_>>(ip)?;
        // The country that an address is registered in stands in for the one it is in.
        let country = found.country.iso_code.or(found.registered_country.iso_code);
        let place = Place {
            country: country.filter(|code| is_code(code)).map(str::to_owned),
            city: found.city.names.english.map(shortened),
            latitude: found.location.latitude,
            longitude: found.location.longitude,
            network: None,
        };
        (place != Place::default()).then_some(place)
    }

    /// The number of the network that announces an address.
    pub(crate) fn network(&self, ip: IpAddr) -> Option<u32> {
        self.decode::<geoip2::Asn<'_>>(ip)?.autonomous_system_number
    }

    /// A record that is not of the kind that is looked for says nothing.
    fn decode<'a, T: serde::Deserialize<'a>>(&'a self, ip: IpAddr) -> Option<T> {
        self.reader.lookup(ip.to_canonical()).ok()?.decode::<T>().ok()?
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// ISO 3166-1 alpha-2, in capitals.
fn is_code(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect()
}
