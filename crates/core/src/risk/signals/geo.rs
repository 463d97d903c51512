//! Distances on the earth.

/// The earth's mean radius in kilometres (IUGG).
const EARTH_KM: f64 = 6_371.009;

/// The great-circle distance between two points in degrees, in kilometres, by the haversine formula, which stays exact for
/// points that are close together.
pub(in crate::risk) fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
    let (latitude, other_latitude) = (one.0.to_radians(), other.0.to_radians());
    let half_latitude = (other_latitude - latitude) / 2.0;
    let half_longitude = (other.1 - one.1).to_radians() / 2.0;
    let chord = half_latitude.sin().powi(2) + latitude.cos() * other_latitude.cos() * half_longitude.sin().powi(2);
    2.0 * EARTH_KM * chord.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_that_are_known() {
        let (berlin, paris, tokyo) = ((52.52, 13.405), (48.8566, 2.3522), (35.6762, 139.6503));
        for (one, other, kilometres) in [
            (berlin, paris, 878.0),
            (berlin, tokyo, 8_919.0),
            (berlin, berlin, 0.0),
            // Over the date line, not around the world.
            ((0.0, 179.5), (0.0, -179.5), 111.0),
            // The other end of the world, and the poles.
            ((0.0, 0.0), (0.0, 180.0), 20_015.0),
            ((90.0, 12.0), (-90.0, 77.0), 20_015.0),
        ] {
            let found = distance(one, other);
            assert!((found - kilometres).abs() <= 1.0 + kilometres / 1_000.0, "{one:?} {other:?}: {found}");
        }
    }
}
