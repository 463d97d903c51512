//! What an operator makes of the pages.

use std::collections::BTreeMap;

use durward::config::{Config, Inputs, Purpose};

use super::*;
use crate::kit::process::run;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn name_logo_colour_style_sheet_and_texts() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (logo, sheet) = (file("logo.svg", SVG.as_bytes()), file("own.css", b"h1{letter-spacing:0}"));
    file("texts/en.json", br#"{"common": {"sign_in": "Enter <the> \"house\""}}"#);
    file("texts/fr.json", r#"{"server": {"language": "Français"}, "common": {"sign_in": "Se connecter"}}"#.as_bytes());
    let texts = directory.path().join("texts").display().to_string();
    let app = app(&[
        ("DURWARD_PAGES__NAME", "Ann & <b>Lee</b>"),
        ("DURWARD_PAGES__LOGO", &logo),
        ("DURWARD_PAGES__ACCENT", "#C02040"),
        ("DURWARD_PAGES__STYLESHEET", &sheet),
        ("DURWARD_PAGES__TEXTS", &texts),
        ("DURWARD_PAGES__AFTER_LOGIN", "/chat"),
    ])
    .await;
    let page = is_page(browser(&app).get("/login").await, 200);
    assert!(
        page.0.contains("<title>Enter") || page.0.contains("<title>Sign in · Ann &amp; &lt;b&gt;Lee"),
        "{}",
        page.0
    );
    assert!(page.0.contains("<h1>Enter &lt;the&gt; &quot;house&quot;</h1>"), "{}", page.0);
    assert_eq!(page.values("<img", "src"), ["/ui/logo"]);
    let boot = page.boot();
    assert_eq!(boot["brand"], serde_json::json!({"name": "Ann & <b>Lee</b>", "logo": true}));
    assert_eq!(
        (&boot["texts"]["common"]["sign_in"], &boot["afterLogin"]),
        (&"Enter <the> \"house\"".into(), &"/chat".into())
    );
    assert_eq!(boot["languages"].as_array().unwrap().len(), 3);

    let french = is_page(browser(&app).with("accept-language", "fr-CA").get("/login").await, 200);
    assert!(french.0.contains("<html lang=\"fr\"") && french.0.contains("<h1>Se connecter</h1>"), "{}", french.0);
    let theirs = french.boot();
    assert_eq!(theirs["languages"][2], serde_json::json!({"code": "fr", "name": "Français"}));
    // What an added language does not have is English.
    assert_eq!(theirs["texts"]["common"]["save"], boot["texts"]["common"]["save"]);

    let css = browser(&app).get("/ui/brand.css").await.is(200).text();
    assert!(css.starts_with(":root{--accent:#c02040;--on-accent:#ffffff;"), "{css}");
    assert!(css.ends_with("h1{letter-spacing:0}"), "{css}");
    assert_eq!(page.loads().iter().rfind(|path| path.ends_with(".css")).unwrap(), "/ui/brand.css");

    // Opened by itself, the picture's script does not run.
    let picture = browser(&app).get("/ui/logo").await.is(200);
    assert_eq!((picture.header("content-type"), picture.text().as_str()), (Some("image/svg+xml"), SVG));
    let policy = picture.header("content-security-policy").unwrap();
    assert_eq!(policy, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_png_is_served_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logo.PNG");
    std::fs::write(&path, PNG).unwrap();
    let app = app(&[("DURWARD_PAGES__LOGO", path.to_str().unwrap())]).await;
    let picture = browser(&app).get("/ui/logo").await.is(200);
    assert_eq!((picture.header("content-type"), &picture.body[..]), (Some("image/png"), PNG));
    browser(&app).get("/ui/icon.svg").await.is(200);
}

/// Each is refused at the start, with the setting and the file in words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_used_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name).display().to_string();
    for (name, text) in [
        ("page.html", &b"<svg>"[..]),
        ("not.png", b"GIF89a"),
        ("not.css", b"\xff\xfe"),
        ("areas/en.json", br#"{"comon": {}}"#),
        ("keys/de.json", br#"{"common": {"sign_inn": "x"}}"#),
        ("names/english.json", b"{}"),
        ("json/en.json", b"[]"),
    ] {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let table: [(&str, String, &[&str]); 14] = [
        ("LOGO", place("nothing.svg"), &["pages.logo", "nothing.svg"]),
        ("LOGO", place("page.html"), &["pages.logo", "page.html", "neither .svg nor .png"]),
        ("LOGO", place("not.png"), &["pages.logo", "not.png"]),
        ("ACCENT", "blue".to_owned(), &["pages.accent", "#2f5bd7"]),
        ("ACCENT", "#12".to_owned(), &["pages.accent"]),
        ("STYLESHEET", place("nothing.css"), &["pages.stylesheet", "nothing.css"]),
        ("STYLESHEET", place("not.css"), &["pages.stylesheet", "not.css", "UTF-8"]),
        ("TEXTS", place("nothing"), &["pages.texts", "nothing"]),
        ("TEXTS", place("areas"), &["pages.texts", "en.json", "\"comon\"", "\"common\""]),
        ("TEXTS", place("keys"), &["pages.texts", "de.json", "\"sign_inn\"", "\"sign_in\""]),
        ("TEXTS", place("names"), &["pages.texts", "english.json", "de.json"]),
        ("LANGUAGE", "fr".to_owned(), &["pages.language", "\"fr\"", "de, en"]),
        ("AFTER_LOGIN", "https://evil.example/".to_owned(), &["pages.after_login", "evil.example"]),
        ("AFTER_LOGIN", "//evil.example".to_owned(), &["pages.after_login", "evil.example"]),
    ];
    let all = table.into_iter().chain([("TEXTS", place("json"), &["pages.texts", "en.json", "area"][..])]);
    for (name, value, says) in all {
        let settings = [
            ("ENVIRONMENT", "test"),
            ("DURWARD_SERVER__LISTEN", "127.0.0.1:0"),
            (&format!("DURWARD_PAGES__{name}"), value.as_str()),
        ];
        let own = tempfile::tempdir().unwrap();
        let output = run(own.path(), &["serve"], &settings, "").await;
        assert_eq!(output.code, 2, "{name}={value}: {output:?}");
        for word in says {
            assert!(output.stderr.contains(word), "{name}={value} says {word:?} nowhere: {}", output.stderr);
        }
    }
}

/// Where they are turned off nobody looks at what they would be made of.
#[test]
fn the_settings_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let inputs = |accent: &str| Inputs {
        purpose: Purpose::Dev,
        file: None,
        directory: directory.path().to_owned(),
        environment: BTreeMap::from([("DURWARD_PAGES__ACCENT".to_owned(), accent.into())]),
        secrets_dir: directory.path().join("secrets"),
        cores: 2,
    };
    let accent = |text: &str| Config::load(&inputs(text)).unwrap().config.pages.accent.map(|accent| accent.to_string());
    assert_eq!(accent(" #AABBCC "), Some("#aabbcc".to_owned()));
    assert_eq!(accent("off"), None);
}
