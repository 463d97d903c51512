//! Databases of places: read, followed, and done without.

use durward_proto::Clock;

use super::*;
use crate::kit::{Site, on_both};

/// How long a new file may take to be read.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until a login from there is seen at this place.
async fn seen_at(app: &App, admin: &Actor, address: &str, place: Value) {
    let wait = async {
        loop {
            log_in(&at(app, address), "ann").await.is(200);
            if last_attempt(admin).await["location"] == place {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{address} is not at {place}"));
}

with_places! {
    with &[("DURWARD_RISK__ENABLED", "false")];

    /// In the list of sessions and in the trail.
    async fn shown(app, files) {
        app.register("ann").await;
        let laptop = at(&app, HOME);
        log_in(&laptop, "ann").await.is(200);
        let sessions = laptop.get("/api/v1/sessions").await.is(200).json();
        assert_eq!(sessions["items"][0]["location"], "Berlin, DE", "{sessions}");
        let count = "SELECT COUNT(*) FROM device_login_attempts WHERE country = 'DE' AND place = 'Berlin, DE'";
        assert_eq!(app.database.count(count).await, 1);
    }

    /// In the overview: what came of the attempts from each place, those with the most first.
    async fn counted(app, files) {
        const PLACES: &str = "/api/v1/admin/overview/places";
        app.register("ann").await;
        let before = app.clock.now();
        app.clock.advance(HOUR);
        let wrong = json!({ "email": email("ann"), "password": "not the password at all" });
        for (address, right, failed) in [(HOME, 2, 1), (PHONE, 1, 0), (HOTEL, 0, 1), (THIEF, 0, 2)] {
            for _ in 0..right {
                log_in(&at(&app, address), "ann").await.is(200);
            }
            for _ in 0..failed {
                at(&app, address).post(LOGIN, wrong.clone()).await.refused(401, "invalid_credentials");
            }
        }
        // From nowhere that is known.
        let admin = app.admin("boss").await;
        let counted = async |query: &str| admin.get(&format!("{PLACES}{query}")).await.is(200).json();
        let place = |country: Option<&str>, location: Option<&str>, succeeded: i64, failed: i64| {
            json!({ "country": country, "location": location, "succeeded": succeeded, "failed": failed })
        };
        let all = json!([
            place(Some("DE"), Some("Berlin, DE"), 3, 1),
            place(Some("BR"), Some("Recife, BR"), 0, 2),
            place(None, None, 1, 0),
            place(Some("FR"), Some("Paris, FR"), 0, 1),
        ]);
        assert_eq!(counted("").await, all);
        let attempts = admin.get("/api/v1/admin/attempts").await.is(200).json();
        let first = attempts["items"].as_array().unwrap().last().unwrap()["at"].as_str().unwrap();
        let now = app.clock.now();
        assert_eq!(counted(&format!("?since={first}&until={now}")).await, all, "from that time on");
        assert_eq!(counted(&format!("?until={first}")).await, json!([]), "before that time");
        assert_eq!(counted(&format!("?until={before}")).await, json!([]));
        app.clock.advance(24 * HOUR);
        assert_eq!(counted("").await, json!([]), "a day is over");
        assert_eq!(counted(&format!("?since={before}")).await, all);
        assert_eq!(counted(&format!("?until={now}")).await, all);
        app.clock.advance(7 * 24 * HOUR);
        let later = app.clock.now();
        let days = |days: u32| later.minus(days * 24 * HOUR);
        assert_eq!(counted(&format!("?since={}&until={later}", days(31))).await, all);
        for query in [
            format!("since={}", days(31)),
            format!("since={}&until={later}", days(32)),
            format!("since={later}&until={later}"),
            format!("since={later}&until={before}"),
            "since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z".to_owned(),
            "since=yesterday".to_owned(),
            "limit=5".to_owned(),
        ] {
            admin.get(&format!("{PLACES}?{query}")).await.refused(422, "validation_failed");
        }
    }

    /// A file that is replaced is read; one that cannot be used leaves the one before in place.
    async fn followed(app, files) {
        let admin = app.admin("boss").await;
        app.register("ann").await;
        seen_at(&app, &admin, HOME, json!("Berlin, DE")).await;
        let moved = mmdb::cities(&[("198.51.100.0/24", "AT", "Graz", 47.07, 15.44)]);
        let beside = files.cities().with_extension("new");
        std::fs::write(&beside, &moved).unwrap();
        std::fs::rename(&beside, files.cities()).unwrap();
        seen_at(&app, &admin, HOME, json!("Graz, AT")).await;
        // Half a file, a file of something else, and none: each for longer than it takes to be looked at.
        for broken in [Some(&moved[..moved.len() / 2]), Some(b"no database".as_slice()), None] {
            match broken {
                Some(bytes) => std::fs::write(files.cities(), bytes).unwrap(),
                None => std::fs::remove_file(files.cities()).unwrap(),
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
            seen_at(&app, &admin, HOME, json!("Graz, AT")).await;
        }
        std::fs::write(files.cities(), mmdb::cities(&CITIES)).unwrap();
        seen_at(&app, &admin, HOME, json!("Berlin, DE")).await;
    }
}

on_both! {
    /// Without a database everything works, and no place is known.
    async fn without(app) {
        let ann = app.user("ann").await;
        let sessions = ann.get("/api/v1/sessions").await.is(200).json();
        assert_eq!(sessions["items"][0]["location"], Value::Null, "{sessions}");
        let count = "SELECT COUNT(*) FROM device_login_attempts WHERE country IS NULL AND place IS NULL";
        assert_eq!(app.database.count(count).await, 1);
    }
}

async fn finding(site: &Site) -> (String, String) {
    let output = site.run(&["doctor", "--json"]).await.code(0);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    let finding = report["checks"].as_array().unwrap().iter().find(|finding| finding["id"] == "place").unwrap().clone();
    let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (word("status"), word("found"))
}

/// What the doctor says of them; what stops a start is in `broken`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_doctor_says() {
    let site = Site::migrated(Backend::Sqlite).await;
    let (status, found) = finding(&site).await;
    assert!(status == "ok" && found.contains("no database of places"), "{status}: {found}");
    let files = Files::new();
    let now = u64::try_from(durward_proto::Clock::now(&*durward_proto::SystemClock::new()).seconds()).unwrap();
    std::fs::write(files.cities(), mmdb::cities_built(now - 86_400, &CITIES)).unwrap();
    let site = site.with("DURWARD_GEOIP__DATABASE", files.cities().to_str().unwrap());
    let (status, found) = finding(&site).await;
    assert!(status == "ok" && found.starts_with("Test-City of 20"), "{status}: {found}");
    std::fs::write(files.cities(), mmdb::cities_built(now - 91 * 86_400, &CITIES)).unwrap();
    let (status, found) = finding(&site).await;
    assert!(status == "degraded" && found.contains("older than 90 days"), "{status}: {found}");
}
