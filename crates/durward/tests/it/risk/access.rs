//! From where logins are allowed.

use super::*;
use crate::api::passkeys;
use crate::kit::Authenticator;

const GERMANY_AND_AN_OFFICE: [(&str, &str); 6] = [
    ("DURWARD_ACCESS__ALLOW_COUNTRIES", "de"),
    ("DURWARD_ACCESS__ALLOW_NETWORKS", "203.0.113.200/29"),
    ("DURWARD_ACCESS__DENY_NETWORKS", "198.51.100.66"),
    ("DURWARD_ACCESS__EXEMPT_ROLES", "admin"),
    ("DURWARD_RISK__ENABLED", "false"),
    ("DURWARD_SECOND_FACTOR__TRUST_DEVICE", "off"),
];

with_places! {
    with &GERMANY_AND_AN_OFFICE;

    /// Each address with the right password, and none of it learnt by a wrong one.
    async fn by_password(app, files) {
        app.register("ann").await;
        let table = [
            (HOME, true),
            (PHONE, true),
            (HOTEL, false),
            (THIEF, false),
            ("203.0.113.201", true),
            ("198.51.100.66", false),
            ("::ffff:198.51.100.66", false),
            ("::ffff:198.51.100.7", true),
            // Nobody knows where this is.
            ("192.0.2.99", false),
        ];
        for (address, comes_in) in table {
            let answer = log_in(&at(&app, address), "ann").await;
            if comes_in {
                answer.is(200);
            } else {
                let answer = answer.refused(403, "place_denied");
                assert!(answer.set_cookies().is_empty(), "{address}");
            }
            let wrong = json!({ "email": email("ann"), "password": "not the password at all" });
            at(&app, address).post(LOGIN, wrong).await.refused(401, "invalid_credentials");
        }
        let refused = "SELECT COUNT(*) FROM device_login_attempts WHERE reason = 'place_denied' AND succeeded = FALSE \
                       AND method = 'password'";
        assert_eq!(app.database.count(refused).await, 5);
        let known = "SELECT COUNT(*) FROM device_login_attempts WHERE reason = 'place_denied' AND country = 'BR' \
                     AND place = 'Recife, BR'";
        assert_eq!(app.database.count(known).await, 1);
    }

    /// Nobody is locked out by their own right password.
    async fn it_costs_no_guess(app, files) {
        app.register("ann").await;
        for _ in 0..30 {
            log_in(&at(&app, THIEF), "ann").await.refused(403, "place_denied");
        }
        log_in(&at(&app, HOME), "ann").await.is(200);
    }

    /// An exempt role comes in from everywhere.
    async fn exempt(app, files) {
        app.admin("ann").await;
        app.register("bob").await;
        log_in(&at(&app, THIEF), "ann").await.is(200);
        log_in(&at(&app, THIEF), "bob").await.refused(403, "place_denied");
        // What is on this machine itself is exempt, too.
        log_in(&app.visitor(), "bob").await.is(200);
    }

    /// A passkey opens no other door.
    async fn by_passkey(app, files) {
        let ann = app.user("ann").await;
        let mut key = Authenticator::new();
        passkeys::register(&app, &ann, &mut key).await.is(201);
        passkeys::log_in_as(&app, &at(&app, THIEF), &mut key).await.refused(403, "place_denied");
        passkeys::log_in_as(&app, &at(&app, HOME), &mut key).await.is(200);
        let noted = "SELECT COUNT(*) FROM device_login_attempts WHERE reason = 'place_denied' AND method = 'passkey' \
                     AND user_id IS NOT NULL";
        assert_eq!(app.database.count(noted).await, 1);
    }
}

with_places! {
    with &[
        ("DURWARD_ACCESS__DENY_COUNTRIES", "BR"),
        ("DURWARD_ACCESS__EXEMPT_NETWORKS", "2001:db8:bad:7::/64"),
        ("DURWARD_RISK__ENABLED", "false"),
    ];

    /// With a list of those that are not allowed, an address that nobody knows comes in.
    async fn what_is_not_forbidden(app, files) {
        app.register("ann").await;
        log_in(&at(&app, THIEF), "ann").await.refused(403, "place_denied");
        for address in [HOME, HOTEL, "192.0.2.99", "2001:db8:bad:7::1"] {
            log_in(&at(&app, address), "ann").await.is(200);
        }
    }
}
