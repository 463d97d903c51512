//! Pages of other origins do not get as far as the upgrade.

use super::{CHAT, ready};
use crate::kit::on_both;

on_both! {
    /// An origin that is not listed is refused with 403, whatever the credential.
    async fn a_foreign_origin_is_refused(app) {
        let ann = app.user("ann").await;
        let (bearer, _) = app.bearer("ann").await;
        let foreign = ["https://evil.example", "null", "http://localhost:8001", "https://localhost:8000", "http://localhost:8000/", ""];
        for origin in foreign {
            assert_eq!(ann.copy().with("origin", origin).try_socket(CHAT).await.err(), Some(403), "{origin}");
            assert_eq!(bearer.copy().with("origin", origin).try_socket(CHAT).await.err(), Some(403), "{origin}");
            assert_eq!(app.visitor().with("origin", origin).try_socket(CHAT).await.err(), Some(403), "{origin}");
        }
        let two = ann.copy().with_another("origin", "https://evil.example");
        assert_eq!(two.try_socket(CHAT).await.err(), Some(403));
        ready(&ann).await;
    }

    /// A browser's cookies come with a handshake from any page, so that one that does not say its page is refused.
    async fn a_cookie_needs_an_origin(app) {
        let ann = app.user("ann").await;
        assert_eq!(ann.copy().without_origin().try_socket(CHAT).await.err(), Some(403));
        let referer = format!("{}/chat", app.origin);
        let named = ann.copy().without_origin().with("referer", &referer);
        assert_eq!(named.try_socket(CHAT).await.err(), Some(403), "a Referer is no Origin");
        // An app that is no browser has none, and sends its token in a header.
        let (bearer, _) = app.bearer("ann").await;
        ready(&bearer).await;
    }

    /// Without `Origin`, `Referer` and Fetch Metadata count.
    async fn a_foreign_referer_is_refused(app) {
        app.register("ann").await;
        let (bearer, _) = app.bearer("ann").await;
        for (name, value) in [("referer", "https://evil.example/x"), ("sec-fetch-site", "cross-site")] {
            assert_eq!(bearer.copy().with(name, value).try_socket(CHAT).await.err(), Some(403), "{name}");
        }
        ready(&bearer.copy().with("referer", &format!("{}/x", app.origin))).await;
    }

    /// What is no WebSocket handshake is answered as an ordinary request: as a problem.
    async fn an_ordinary_request_is_refused(app) {
        let ann = app.user("ann").await;
        ann.get(CHAT).await.refused(400, "bad_request");
        ann.copy().with("origin", "https://evil.example").get(CHAT).await.refused(403, "origin_denied");
    }
}

on_both! {
    with &[("CORS_ALLOWED_ORIGINS", "https://chat.example,http://localhost:3000")];

    /// The origins of the configuration may open sockets.
    async fn listed_origins_are_let_in(app) {
        let ann = app.user("ann").await;
        for origin in ["https://chat.example", "http://localhost:3000", &app.origin] {
            ready(&ann.copy().with("origin", origin)).await;
        }
        for origin in ["https://chat.example.evil.example", "http://chat.example", "http://localhost:3001"] {
            assert_eq!(ann.copy().with("origin", origin).try_socket(CHAT).await.err(), Some(403), "{origin}");
        }
    }
}
