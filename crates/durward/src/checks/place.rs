//! The check of the databases of places, and of what is decided by them.

use std::path::Path;
use std::time::Duration;

use super::{Outcome, Subject};
use crate::places::Database;

/// Addresses change hands: an older database puts many of them where they no longer are.
const OLD: Duration = Duration::from_secs(90 * 86_400);

pub(super) async fn place(subject: &Subject) -> Outcome {
    let geoip = subject.config().geoip.clone();
    let named = [("geoip.database", geoip.database), ("geoip.asn_database", geoip.asn_database)];
    let named: Vec<_> = named.into_iter().filter_map(|(key, path)| Some((key, path?))).collect();
    if named.is_empty() {
        return Outcome::Good("no database of places: nobody's place is known, and none is needed".to_owned());
    }
    let (mut found, mut old) = (Vec::new(), false);
    for (key, path) in named {
        let database = match read(&path).await {
            Ok(database) => database,
            Err(error) => {
                let cure =
                    format!("set {key} to a file in MaxMind's format (.mmdb) that this user can read, or unset it");
                return Outcome::Bad { found: error, cure };
            }
        };
        let built_at = database.built_at();
        old |= subject.clock().now().since(built_at) > OLD;
        let day = built_at.to_string();
        found.push(format!("{} of {}", database.kind(), day.get(..10).unwrap_or(&day)));
    }
    let found = found.join(", ");
    if old {
        let cure =
            "put a newer file in its place, for example with geoipupdate; it is read without a restart".to_owned();
        return Outcome::Worth { found: format!("{found}: older than 90 days"), cure };
    }
    Outcome::Good(found)
}

/// A large file takes a while to read and to check.
async fn read(path: &Path) -> Result<Database, String> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || Database::open(&path));
    read.await.unwrap_or_else(|error| Err(error.to_string()))
}
