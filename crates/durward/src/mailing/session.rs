//! One connection to a mail server, step by step, so that each failure is known by where it happened.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};

use super::letter::Letter;
use super::trouble::{Step, Trouble, What};
use crate::config::{self, MailTls, MailUrl, Mailbox};

/// How long the server may take to say goodbye. Nobody waits for it.
const GOODBYE: Duration = Duration::from_secs(5);

/// A mail server.
pub(crate) struct Server {
    url: MailUrl,
    from: Mailbox,
    /// The name in the connection's first word (RFC 5321 section 4.1.1.1).
    hello: ClientId,
    /// None where TLS is not used.
    tls: Option<TlsParameters>,
    connect_timeout: Duration,
    timeout: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.url)
    }
}

impl Server {
    /// The server of the configuration. `name` is this machine's, as the world knows it.
    ///
    /// # Errors
    /// When `mail.ca_file` cannot be used.
    pub(super) fn new(url: MailUrl, from: Mailbox, name: &str, settings: &config::Mail) -> Result<Self, String> {
        let hello = match name.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
            Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
            Err(_) => ClientId::Domain(name.to_owned()),
        };
        let tls = match url.tls {
            MailTls::None => None,
            _ => Some(tls(&url.host, settings.ca_file.as_deref())?),
        };
        let (connect_timeout, timeout) = (settings.connect_timeout, settings.timeout);
        Ok(Self { url, from, hello, tls, connect_timeout, timeout })
    }

    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Hands one mail in, within the time that is configured.
    ///
    /// # Errors
    /// Where it ended and why.
    pub(super) async fn hand_in(&self, letter: &Letter) -> Result<(), Trouble> {
        let mut step = Step::Connect;
        let hand_in = async {
            let mut connection = self.open(&mut step).await?;
            self.name_sender(&mut connection, letter, &mut step).await?;
            for recipient in letter.envelope.to() {
                self.name_recipient(&mut connection, recipient, &mut step).await?;
            }
            step = Step::Contents;
            say(&mut connection, Data, step).await?;
            connection.message(&letter.bytes).await.map_err(|error| Trouble::of(Step::Contents, &error))?;
            Ok(connection)
        };
        let connection = tokio::time::timeout(self.timeout, hand_in).await;
        let connection = connection.unwrap_or(Err(Trouble { step, what: What::Late(self.timeout) }))?;
        leave(connection);
        Ok(())
    }

    /// Goes as far as one can without a mail: connection, TLS, login, sender.
    ///
    /// # Errors
    /// Where it ended and why.
    pub(crate) async fn try_out(&self, limit: Duration) -> Result<String, Trouble> {
        let mut step = Step::Connect;
        let limit = limit.min(self.timeout);
        let try_out = async {
            let mut connection = self.open(&mut step).await?;
            step = Step::Sender;
            let sender = self.sender()?;
            say(&mut connection, Mail::new(Some(sender), Vec::new()), step).await?;
            Ok(connection)
        };
        let connection = tokio::time::timeout(limit, try_out).await;
        let connection = connection.unwrap_or(Err(Trouble { step, what: What::Late(limit) }))?;
        let protection = if connection.is_encrypted() { "TLS" } else { "no TLS" };
        let login = self.url.user.as_ref().map_or("nobody", |_| "the user of mail.url");
        let found = format!("{}, with {protection}, as {login}, from {}", self.url, self.from.address);
        leave(connection);
        Ok(found)
    }

    /// A connection on which mails can be handed in.
    async fn open(&self, step: &mut Step) -> Result<AsyncSmtpConnection, Trouble> {
        let (host, port) = (self.url.host.trim_matches(['[', ']']), self.url.port);
        let implicit = self.tls.clone().filter(|_| self.url.tls == MailTls::Implicit);
        let connect =
            AsyncSmtpConnection::connect_tokio1((host, port), Some(self.connect_timeout), &self.hello, implicit, None);
        let mut connection = connect.await.map_err(|error| Trouble::of(Step::Connect, &error))?;
        *step = Step::StartTls;
        if let (Some(tls), MailTls::Required | MailTls::Opportunistic) = (&self.tls, self.url.tls) {
            if connection.can_starttls() {
                let start = connection.starttls(tls.clone(), &self.hello);
                start.await.map_err(|error| Trouble::of(Step::StartTls, &error))?;
            } else if self.url.tls == MailTls::Required || self.url.password.is_some() {
                // Whoever stands in between can leave the offer out: a password is not risked for that.
                return Err(Trouble { step: Step::StartTls, what: What::Lacks("STARTTLS") });
            }
        }
        *step = Step::LogIn;
        if let Some(user) = &self.url.user {
            let password = self.url.password.as_ref().map_or("", |password| password.expose());
            let credentials = Credentials::new(user.clone(), password.to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            if connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
                let what = What::Lacks("to log in with a password (AUTH PLAIN or LOGIN)");
                return Err(Trouble { step: Step::LogIn, what });
            }
            let log_in = connection.auth(&mechanisms, &credentials);
            log_in.await.map_err(|error| Trouble::of(Step::LogIn, &error))?;
        }
        Ok(connection)
    }

    async fn name_sender(
        &self,
        connection: &mut AsyncSmtpConnection,
        letter: &Letter,
        step: &mut Step,
    ) -> Result<(), Trouble> {
        *step = Step::Sender;
        let mut parameters = Vec::new();
        if letter.envelope.to().iter().any(|address| !is_ascii(address)) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let what = What::Lacks("addresses with letters beyond ASCII (SMTPUTF8, RFC 6531)");
                return Err(Trouble { step: Step::Recipient, what });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !letter.bytes.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        say(connection, Mail::new(Some(self.sender()?), parameters), *step).await
    }

    async fn name_recipient(
        &self,
        connection: &mut AsyncSmtpConnection,
        recipient: &Address,
        step: &mut Step,
    ) -> Result<(), Trouble> {
        *step = Step::Recipient;
        say(connection, Rcpt::new(recipient.clone(), Vec::new()), *step).await
    }

    fn sender(&self) -> Result<Address, Trouble> {
        let unusable = |_| Trouble { step: Step::Sender, what: What::Unusable("mail.from is no address".to_owned()) };
        self.from.address.as_str().parse().map_err(unusable)
    }
}

fn is_ascii(address: &Address) -> bool {
    let text: &str = address.as_ref();
    text.is_ascii()
}

async fn say<C: fmt::Display>(connection: &mut AsyncSmtpConnection, command: C, step: Step) -> Result<(), Trouble> {
    connection.command(command).await.map(drop).map_err(|error| Trouble::of(step, &error))
}

/// Says goodbye without waiting for it: what there was to do is done.
fn leave(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move {
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
    });
}

/// The authorities of the system; Mozilla's where it has none, as in an image with nothing but the program; and those of
/// the file.
fn tls(host: &str, ca_file: Option<&std::path::Path>) -> Result<TlsParameters, String> {
    let has_some = !rustls_native_certs::load_native_certs().certs.is_empty();
    let store = if has_some { CertificateStore::Default } else { CertificateStore::WebpkiRoots };
    let mut builder = TlsParameters::builder(host.trim_matches(['[', ']']).to_owned()).certificate_store(store);
    if let Some(path) = ca_file {
        let wrong = |error: &dyn fmt::Display| format!("mail.ca_file {}: {error}", path.display());
        let pem = std::fs::read(path).map_err(|error| wrong(&error))?;
        if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
            return Err(wrong(&"no certificate is in it"));
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| wrong(&error))?);
    }
    builder.build_rustls().map_err(|error| format!("mail.ca_file: {error}"))
}
