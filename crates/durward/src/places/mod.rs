//! Where addresses are, by the databases that `geoip.database` and `geoip.asn_database` name.

mod database;
mod follow;

use std::net::IpAddr;
use std::sync::Arc;

use durward_core::place::{Nowhere, Place, Places};

use crate::config::Config;
pub(crate) use database::Database;
use follow::Followed;

/// Who knows where addresses are; nobody where no database is configured. The files are looked at again and again from now
/// on, until this goes.
///
/// # Errors
/// When a file that is configured cannot be read.
pub(crate) fn places(config: &Config) -> Result<Arc<dyn Places>, String> {
    let geoip = &config.geoip;
    if geoip.database.is_none() && geoip.asn_database.is_none() {
        return Ok(Arc::new(Nowhere));
    }
    let open = |path: &Option<std::path::PathBuf>| path.as_deref().map(Followed::open).transpose();
    Ok(Arc::new(Databases { cities: open(&geoip.database)?, networks: open(&geoip.asn_database)? }))
}

/// What of a place is where.
#[derive(Debug)]
struct Databases {
    cities: Option<Arc<Followed>>,
    networks: Option<Arc<Followed>>,
}

impl Places for Databases {
    fn find(&self, ip: IpAddr) -> Option<Place> {
        let city = self.cities.as_ref().and_then(|followed| followed.current().city(ip));
        let network = self.networks.as_ref().and_then(|followed| followed.current().network(ip));
        match (city, network) {
            (None, None) => None,
            (city, network) => {
                let city = city.unwrap_or_default();
                Some(Place { network: network.or(city.network), ..city })
            }
        }
    }
}
