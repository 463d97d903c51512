//! What gets into mails, and what does not.

use std::path::Path;

use durward_proto::{MailId, Random, Secret, Timestamp};

use super::courier::Message;
use super::kind::{KINDS, MailKind};
use super::templates::{Templates, Written};

const AT: Timestamp = Timestamp::from_seconds(1_767_323_045);

struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn templates(directory: Option<&Path>) -> Result<Templates, Vec<String>> {
    Templates::new("Ann & Söhne", "https://auth.example.com", "en", directory).map_err(|bad| bad.0)
}

fn written(templates: &Templates, values: &MailKind, name: Option<&str>, language: Option<&str>) -> Message {
    let (id, until) = (MailId::new(AT, &Sevens), AT.plus(std::time::Duration::from_secs(3_600)));
    templates.write(&Written { id, to: "ann@example.com", name, language, values, at: AT, until }).unwrap()
}

fn reset() -> MailKind {
    MailKind::ResetPassword { link: Secret::new("https://auth.example.com/reset-password#token=abc_-123") }
}

#[test]
fn every_kind_has_its_mail_in_both_languages() {
    let templates = templates(None).unwrap();
    let samples = MailKind::samples();
    for kind in KINDS {
        let values =
            samples.iter().find(|values| values.word() == kind).unwrap_or_else(|| panic!("no sample of {kind}"));
        let (english, german) =
            (written(&templates, values, None, None), written(&templates, values, None, Some("de-AT")));
        assert_eq!((english.language.as_str(), german.language.as_str()), ("en", "de"));
        assert_ne!((english.subject, english.text), (german.subject, german.text), "{kind}");
    }
    assert_eq!(samples.iter().filter(|values| !KINDS.contains(&values.word())).count(), 0);
}

#[test]
fn a_mail_says_what_it_is_for_and_how_long_its_link_works() {
    let templates = templates(None).unwrap();
    let mail = written(&templates, &reset(), Some("Ann"), Some("fr, de;q=0.5"));
    assert_eq!(mail.subject, "Neues Passwort für Ann & Söhne");
    assert!(mail.text.starts_with("Guten Tag Ann,\n\n"), "{}", mail.text);
    assert!(mail.text.contains("\n\n    https://auth.example.com/reset-password#token=abc_-123\n\n"), "{}", mail.text);
    assert!(mail.text.contains("1 Stunde lang: bis 2026-01-02 04:04 UTC"), "{}", mail.text);
    assert!(mail.html.contains("Ann &amp; Söhne") && !mail.html.contains("Ann & "), "{}", mail.html);
    assert!(
        mail.html.contains(r##"<a href="https:&#x2f;&#x2f;auth.example.com&#x2f;reset-password#token=abc_-123">"##)
    );
    assert!(!format!("{mail:?}").contains("token") && !format!("{mail:?}").contains("ann@"), "{mail:?}");
    assert!(!format!("{:?}", reset()).contains("token"));
}

/// None of these may write a header, a tag, a template or an advertisement into somebody's mail.
#[test]
fn hostile_names_and_devices_say_nothing() {
    let templates = templates(None).unwrap();
    for hostile in [
        "Ann\r\nBcc: eve@evil.example",
        "<img src=x onerror=alert(1)>",
        "\"><script>alert(1)</script>",
        "{{ link }}{{ 7*7 }}{% include \"en/_bye.txt\" %}",
        "You won, see evil.example",
        "\u{202e}elpmaxe.live",
        "\0\u{8}",
    ] {
        let device = MailKind::NewDevice {
            device: Some(format!("{hostile} Firefox/1 Linux")),
            ip: "192.0.2.7".to_owned(),
            at: AT,
        };
        for values in [reset(), device] {
            let (mail, plain) =
                (written(&templates, &values, Some(hostile), None), written(&templates, &values, None, None));
            assert_eq!(
                (&mail.subject, &mail.text, &mail.html),
                (&plain.subject, &plain.text, &plain.html),
                "{hostile}"
            );
            for part in [&mail.subject, &mail.text, &mail.html] {
                for mark in ["evil", "eve@", "49", "alert", "<img", "\r", "\u{202e}"] {
                    assert!(!part.contains(mark), "{mark} of {hostile:?} in {part}");
                }
            }
            assert!(!mail.subject.contains('\n'));
        }
    }
}

/// A new address is shown as it is: `Email` lets no control character in, and HTML is escaped.
#[test]
fn values_are_escaped_in_html_and_are_no_templates() {
    let templates = templates(None).unwrap();
    let new_email = "{{7*7}}'&`|@example.com".to_owned();
    let mail = written(&templates, &MailKind::EmailChanged { new_email: new_email.clone() }, None, None);
    assert!(mail.text.contains(&new_email), "{}", mail.text);
    assert!(mail.html.contains("{{7*7}}&#x27;&amp;`|@example.com"), "{}", mail.html);
}

#[test]
fn an_operators_directory_replaces_files_and_adds_languages() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "en/reset_password.subject.txt", "Forgot?\n{{ site }}\n");
    put(directory.path(), "en/_bye.txt", "Yours, the team");
    put(directory.path(), "fr/reset_password.subject.txt", "Mot de passe");
    put(directory.path(), "fr/reset_password.txt", "Bonjour{% if name %} {{ name }}{% endif %}\n{{ link }}");
    put(directory.path(), "fr/reset_password.html", "<p>{{ site }} {{ link }}</p>");
    put(directory.path(), "README", "not a language");
    let templates = templates(Some(directory.path())).unwrap();
    let mail = written(&templates, &reset(), None, None);
    assert_eq!(mail.subject, "Forgot? Ann & Söhne");
    assert!(mail.text.ends_with("\n\nYours, the team\n"), "{}", mail.text);
    let french = written(&templates, &reset(), Some("Zoë"), Some("fr-CA"));
    assert_eq!((french.subject.as_str(), french.language.as_str()), ("Mot de passe", "fr"));
    assert!(french.text.starts_with("Bonjour Zoë\nhttps://"), "{}", french.text);
    // What a language lacks comes in the default language.
    assert_eq!(written(&templates, &MailKind::AlreadyRegistered, None, Some("fr")).language, "en");
    assert_eq!(written(&templates, &MailKind::AlreadyRegistered, None, Some("fr, de;q=0.1")).language, "de");
}

#[test]
fn what_is_wrong_with_templates_is_said_all_at_once_by_file_and_line() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "en/reset_password.txt", "one\ntwo {{ link }\n");
    put(directory.path(), "en/verify_email.txt", "Hello\n\n{{ lnik }}\n");
    put(directory.path(), "en/confirm_old_address.html", "<p>no way to confirm</p>");
    put(directory.path(), "en/reset_pasword.txt", "x");
    put(directory.path(), "fr/new_device.txt", "x");
    put(directory.path(), "german/new_device.txt", "x");
    let wrong = templates(Some(directory.path())).unwrap_err().join("\n");
    for words in [
        "en/reset_password.txt:2: syntax error",
        "en/reset_pasword.txt is no template",
        "fr/new_device.subject.txt is missing",
        "fr/new_device.html is missing",
        "german is no language",
    ] {
        assert!(wrong.contains(words), "{words} in:\n{wrong}");
    }
    // What can be tried only when all of them can be read.
    std::fs::remove_dir_all(directory.path().join("german")).unwrap();
    for name in ["en/reset_password.txt", "en/reset_pasword.txt", "fr/new_device.txt"] {
        std::fs::remove_file(directory.path().join(name)).unwrap();
    }
    let wrong = templates(Some(directory.path())).unwrap_err().join("\n");
    assert!(wrong.contains("en/verify_email.txt:3: undefined value"), "{wrong}");
    assert!(wrong.contains("en/confirm_old_address.html does not hold {{ link }}"), "{wrong}");
    assert!(templates(Some(Path::new("/nowhere/at/all"))).unwrap_err().join("").contains("/nowhere/at/all"));
    let unknown = Templates::new("x", "https://x.example", "fr", None).unwrap_err().to_string();
    assert!(unknown.contains("mail.language") && unknown.contains("de, en"), "{unknown}");
}

fn put(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
