//! Where an address is, as far as a database of places knows.

use std::fmt;
use std::net::IpAddr;

/// Where an address is. Whatever is not known is none; nothing of it is proof of anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// ISO 3166-1 alpha-2, in capitals.
    pub country: Option<String>,
    /// The city's English name.
    pub city: Option<String>,
    /// Degrees north, -90 to 90.
    pub latitude: Option<f64>,
    /// Degrees east, -180 to 180.
    pub longitude: Option<f64>,
    /// The number of the autonomous system (RFC 6793) that announces the address.
    pub network: Option<u32>,
}

/// Who knows where addresses are.
pub trait Places: fmt::Debug + Send + Sync {
    /// Where this address is. Quick: it is asked within requests.
    fn find(&self, ip: IpAddr) -> Option<Place>;
}

/// Who knows nothing, where no database is configured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Places for Nowhere {
    fn find(&self, _ip: IpAddr) -> Option<Place> {
        None
    }
}

impl Place {
    /// For people: `Berlin, DE`. None when neither the city nor the country is known.
    pub fn text(&self) -> Option<String> {
        match (&self.city, &self.country) {
            (Some(city), Some(country)) => Some(format!("{city}, {country}")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }

    /// Latitude and longitude in degrees, where both are known and are numbers of this earth.
    pub fn coordinates(&self) -> Option<(f64, f64)> {
        let (latitude, longitude) = (self.latitude?, self.longitude?);
        ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)).then_some((latitude, longitude))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said() {
        let place = |city: Option<&str>, country: Option<&str>| Place {
            city: city.map(str::to_owned),
            country: country.map(str::to_owned),
            ..Place::default()
        };
        assert_eq!(place(Some("Berlin"), Some("DE")).text().as_deref(), Some("Berlin, DE"));
        assert_eq!(place(None, Some("DE")).text().as_deref(), Some("DE"));
        assert_eq!(place(None, None).text(), None);
    }

    #[test]
    fn only_places_of_this_earth() {
        let at = |latitude, longitude| Place { latitude, longitude, ..Place::default() }.coordinates();
        assert_eq!(at(Some(52.5), Some(13.4)), Some((52.5, 13.4)));
        assert_eq!(at(Some(52.5), None), None);
        assert_eq!(at(Some(91.0), Some(0.0)), None);
        assert_eq!(at(Some(f64::NAN), Some(0.0)), None);
    }
}
