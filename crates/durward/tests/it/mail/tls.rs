//! TLS with certificates that are trusted and that are not, and logging in.

use std::path::Path;

use durward_store::testing::{Backend, backends};

use super::{app, done, healthy, post, waiting};
use crate::kit::smtp::{Received, Smtp};

/// A certificate for `localhost` with its key, and the authority that signed it, in files.
struct Certificate {
    directory: tempfile::TempDir,
}

impl Certificate {
    fn new() -> Self {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = rcgen::Issuer::new(params, authority_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf =
            rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), authority.pem()).unwrap();
        std::fs::write(directory.path().join("server.pem"), leaf.pem() + &key.serialize_pem()).unwrap();
        Self { directory }
    }

    fn authority(&self) -> String {
        self.path("ca.pem")
    }

    fn server(&self) -> String {
        self.path("server.pem")
    }

    fn path(&self, name: &str) -> String {
        let path: &Path = self.directory.path();
        path.join(name).to_str().unwrap().to_owned()
    }
}

/// The mail that arrives.
async fn arrives(backend: Backend, server: &Smtp, url: &str, more: &[(&str, &str)]) -> Received {
    let app = app(backend, url, more).await;
    post(&app, "ann@example.com").await;
    let mail = server.mails_to("ann@example.com", 1).await.remove(0);
    done(&app).await;
    mail
}

/// No mail arrives; why not, in the words that are kept.
async fn waits(backend: Backend, server: &Smtp, url: &str, more: &[(&str, &str)], words: &str) {
    let app = app(backend, url, more).await;
    for number in 0..4 {
        post(&app, &format!("reader{number}@example.com")).await;
    }
    healthy(&app, "breaker_mail", "degraded").await;
    assert_eq!(waiting(&app).await, 4, "{words}");
    assert_eq!(server.received().len(), 0, "{words}");
    let said = format!("SELECT COUNT(*) FROM mail_outbox WHERE last_error LIKE '%{words}%'");
    assert!(app.database.count(&said).await > 0, "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_known_and_one_that_is_not() {
    let (certificate, other) = (Certificate::new(), Certificate::new());
    for backend in backends() {
        for implicit in [false, true] {
            let mut options = vec!["--certificate".to_owned(), certificate.server()];
            options.extend(implicit.then(|| "--implicit".to_owned()));
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            let server = Smtp::start(&options).await;
            let url = |host: &str| match implicit {
                true => format!("smtps://{host}:{}", server.port),
                false => format!("smtp://{host}:{}", server.port),
            };
            waits(backend, &server, &url("localhost"), &[], "TLS: %UnknownIssuer").await;
            let wrong = [("DURWARD_MAIL__CA_FILE", &*other.authority())].map(|(name, value)| (name, value.to_owned()));
            waits(backend, &server, &url("localhost"), &[(wrong[0].0, &wrong[0].1)], "TLS: %").await;
            let known = certificate.authority();
            let known = [("DURWARD_MAIL__CA_FILE", known.as_str())];
            // The certificate is another name's.
            waits(backend, &server, &url("127.0.0.1"), &known, "TLS: %").await;
            assert!(arrives(backend, &server, &url("localhost"), &known).await.tls);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls() {
    for backend in backends() {
        let server = Smtp::start(&[]).await;
        let lacks = "STARTTLS: the server does not offer STARTTLS";
        waits(backend, &server, &server.url("tls=required"), &[], lacks).await;
        // A password is not sent for everybody to read because an offer was left out.
        let with_password = format!("smtp://ann:canary-word@localhost:{}?tls=opportunistic", server.port);
        waits(backend, &server, &with_password, &[], lacks).await;
        assert!(!arrives(backend, &server, &server.url("tls=opportunistic"), &[]).await.tls);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opportunistic_tls_is_used_where_it_is_offered() {
    let certificate = Certificate::new();
    let (server_file, authority) = (certificate.server(), certificate.authority());
    let server = Smtp::start(&["--certificate", &server_file]).await;
    let known = [("DURWARD_MAIL__CA_FILE", authority.as_str())];
    assert!(arrives(Backend::Sqlite, &server, &server.url("tls=opportunistic"), &known).await.tls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_and_password() {
    let certificate = Certificate::new();
    let (server_file, authority) = (certificate.server(), certificate.authority());
    let known = [("DURWARD_MAIL__CA_FILE", authority.as_str())];
    for backend in backends() {
        let server = Smtp::start(&["--certificate", &server_file, "--login", "ann@example.com:p@ss/w:rd ü"]).await;
        let url = |login: &str| format!("smtp://{login}@localhost:{}", server.port);
        waits(backend, &server, &url("ann%40example.com:canary-word"), &known, "logging in: 535 %").await;
        let mail = arrives(backend, &server, &url("ann%40example.com:p%40ss%2Fw%3Ard%20%C3%BC"), &known).await;
        assert_eq!((mail.tls, mail.user.as_deref()), (true, Some("ann@example.com")));
    }
}
