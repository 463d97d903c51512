//! From where logins are tried.

use std::time::Duration;

use durward_proto::Timestamp;
use durward_proto::wire::admin::LoginPlace;
use durward_verify::{ReadOverview, Verified};

use crate::fault::Fault;
use crate::service::Core;

/// How far back it goes when nobody says.
const DAY: Duration = Duration::from_secs(86_400);
/// The longest stretch of time: every attempt of it is read.
const MOST: Duration = Duration::from_secs(31 * 86_400);
/// How many places there are in an answer.
const PLACES: u32 = 100;

/// Which attempts are counted.
#[derive(Debug, Default)]
pub struct PlacesQuery {
    /// From when on; a day before the end when it is not given.
    pub since: Option<Timestamp>,
    /// Until when; now when it is not given.
    pub until: Option<Timestamp>,
}

impl Core {
    /// Counts the login attempts of each place, those with the most first. Attempts from where nobody knows are one place.
    ///
    /// # Errors
    /// `forbidden` without `overview:read`; `validation_failed` for a stretch of more than 31 days, or of none; 503 when the
    /// database is away.
    pub async fn login_places(&self, who: &Verified, asked: &PlacesQuery) -> Result<Vec<LoginPlace>, Fault> {
        let permit = who.permit::<ReadOverview>()?;
        let until = asked.until.unwrap_or_else(|| self.clock.now());
        let since = asked.since.unwrap_or(until.minus(DAY));
        if since >= until {
            return Err(Fault::field("/since", "a time before `until`"));
        }
        if until.since(since) > MOST {
            return Err(Fault::field("/since", "at most 31 days before `until`"));
        }
        let mut read = self.store.any_user(&permit).read().await?;
        // What happens this very moment belongs to it where no end was asked for.
        let rows = read.count_places(since, asked.until, PLACES).await?;
        let place = |row: durward_store::PlaceCountRow| LoginPlace {
            country: row.country,
            location: row.place,
            succeeded: row.succeeded,
            failed: row.failed,
        };
        Ok(rows.into_iter().map(place).collect())
    }
}
