//! A server without pages.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_none() {
    let app = app(&[("DURWARD_PAGES__ENABLED", "false"), ("DURWARD_PAGES__LOGO", "/nowhere.svg")]).await;
    for (path, ..) in PAGES {
        browser(&app).get(path).await.refused(404, "not_found");
    }
    for path in ["/ui/brand.css", "/ui/icon.svg", "/ui/logo", "/service-worker.js", "/nothing"] {
        browser(&app).get(path).await.refused(404, "not_found");
    }
    let form = [("email", "ann@example.com"), ("password", "tangerine sunrise over Oslo")];
    by_form(&app).post_form("/login", &form).await.refused(404, "not_found");
    let front = browser(&app).get("/").await.is(302);
    assert_eq!(front.header("location"), Some("/docs"));
    browser(&app).get("/docs").await.is(200);
}
