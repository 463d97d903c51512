//! What can go wrong with a mail server, and what follows from it.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::Error;

/// How far it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The connection, with TLS where that comes first, and the greeting.
    Connect,
    /// TLS on a connection that began without.
    StartTls,
    /// User and password.
    LogIn,
    /// The sender's address.
    Sender,
    /// The recipient's address.
    Recipient,
    /// The mail itself.
    Contents,
}

/// What happened there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// The server said no (RFC 5321 section 4.2.1).
    Said {
        /// The reply code.
        code: u16,
        /// Its words, without what may quote an address or the mail.
        words: String,
    },
    /// No connection, or it broke off.
    Network(String),
    /// TLS could not be agreed on.
    Tls(String),
    /// Nothing came for so long.
    Late(Duration),
    /// The server does not have what is needed.
    Lacks(&'static str),
    /// The mail cannot be put on the wire.
    Unusable(String),
}

/// Why a mail was not handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) step: Step,
    pub(crate) what: What,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::StartTls => "STARTTLS",
            Self::LogIn => "logging in",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Contents => "handing in the mail",
        })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.step)?;
        match &self.what {
            What::Said { code, words } if words.is_empty() => write!(f, "{code}"),
            What::Said { code, words } => write!(f, "{code} {words}"),
            What::Network(why) => f.write_str(why),
            What::Tls(why) => write!(f, "TLS: {why}"),
            What::Late(limit) => write!(f, "no answer within {} s", limit.as_secs_f32()),
            What::Lacks(what) => write!(f, "the server does not offer {what}"),
            What::Unusable(why) => f.write_str(why),
        }
    }
}

impl Trouble {
    /// Of the library's error.
    pub(super) fn of(step: Step, error: &Error) -> Self {
        let source = || std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        let what = if let Some(code) = error.status() {
            What::Said { code: code.into(), words: without_quotes(&source()) }
        } else if error.is_tls() || is_of_rustls(error) {
            What::Tls(source())
        } else if error.is_response() {
            // Its words may repeat what came.
            What::Network("the connection ended, or something came that is no SMTP".to_owned())
        } else {
            What::Network(source())
        };
        Self { step, what }
    }

    /// Whether no mail can be handed in at all, for which the breaker opens. Who refuses one recipient or one mail is there.
    pub(super) fn is_failure(&self) -> bool {
        match self.what {
            What::Unusable(_) => false,
            What::Said { code, .. } => {
                // 421: the server is going away (RFC 5321 section 3.8).
                code == 421 || !matches!(self.step, Step::Recipient | Step::Contents)
            }
            What::Lacks(_) => self.step != Step::Recipient,
            What::Network(_) | What::Tls(_) | What::Late(_) => true,
        }
    }

    /// Whether this mail will never be taken: a permanent no to its recipient or to itself.
    pub(super) fn is_final(&self) -> bool {
        match self.what {
            What::Said { code, .. } => code >= 500 && matches!(self.step, Step::Recipient | Step::Contents),
            What::Unusable(_) => true,
            What::Lacks(_) => self.step == Step::Recipient,
            What::Network(_) | What::Tls(_) | What::Late(_) => false,
        }
    }

    /// Whether somebody has to change a setting, here or there, before any mail is taken.
    pub(super) fn needs_an_operator(&self) -> bool {
        match self.what {
            What::Said { code, .. } => code >= 500 && matches!(self.step, Step::LogIn | Step::Sender | Step::StartTls),
            What::Tls(_) => true,
            What::Lacks(_) => self.step != Step::Recipient,
            What::Network(_) | What::Late(_) | What::Unusable(_) => false,
        }
    }

    /// What an operator can do.
    pub(crate) fn cure(&self) -> &'static str {
        match (&self.what, self.step) {
            (What::Tls(_), _) => {
                "write the name in mail.url that stands in the server's certificate; where its authority is your own, name \
                 its certificate's file in mail.ca_file; a server that speaks TLS from the first byte has smtps:// (port 465), \
                 any other smtp:// (port 587)"
            }
            (What::Lacks(_), Step::LogIn) => {
                "take user and password out of mail.url where the server wants none, or use the port and protection at which \
                 it offers to log in"
            }
            (What::Lacks(_), Step::StartTls) => {
                "use smtps:// (port 465) where the server has that; on a network that you trust, ?tls=none"
            }
            (What::Said { .. }, Step::LogIn) => {
                "correct the user and the password in mail.url; characters other than letters and digits are percent-encoded"
            }
            (What::Said { .. }, Step::Sender) => "set mail.from to an address that the server lets this user send from",
            (_, Step::Recipient | Step::Contents) => "see the mail server's log",
            (What::Late(_), _) => {
                "see that the server in mail.url is well, and that its port is the right one: 587 or 465; a firewall that \
                 drops packets looks the same"
            }
            _ => "see that the server in mail.url runs, and that this machine may connect to it",
        }
    }
}

/// An I/O error that is rustls's: the handshake of STARTTLS ends as one.
fn is_of_rustls(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let io = error.downcast_ref::<std::io::Error>();
        if io.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        source = error.source();
    }
    false
}

/// A server's words without what may be an address or a part of the mail: such a word has an `@`, a slash or more letters
/// than words have. What is kept and logged must name nobody and open nothing.
fn without_quotes(words: &str) -> String {
    const LONGEST: usize = 24;
    const MOST: usize = 160;
    let is_plain = |word: &&str| {
        word.chars().count() <= LONGEST && word.chars().all(|c| c.is_ascii_alphanumeric() || ".,:;-'()!".contains(c))
    };
    let mut kept = String::new();
    for word in words.split_whitespace() {
        let word = if is_plain(&word) { word } else { "[…]" };
        if kept.chars().count() + word.len() > MOST {
            break;
        }
        kept.push_str(if kept.is_empty() { "" } else { " " });
        kept.push_str(word);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(step: Step, code: u16) -> Trouble {
        Trouble { step, what: What::Said { code, words: String::new() } }
    }

    #[test]
    fn what_follows_from_a_no() {
        let cases = [
            // step, code, final, counts, needs an operator
            (Step::Connect, 421, false, true, false),
            (Step::Connect, 554, false, true, false),
            (Step::StartTls, 454, false, true, false),
            (Step::LogIn, 535, false, true, true),
            (Step::LogIn, 454, false, true, false),
            (Step::Sender, 550, false, true, true),
            (Step::Sender, 451, false, true, false),
            (Step::Recipient, 550, true, false, false),
            (Step::Recipient, 451, false, false, false),
            (Step::Recipient, 421, false, true, false),
            (Step::Contents, 554, true, false, false),
            (Step::Contents, 452, false, false, false),
        ];
        for (step, code, is_final, counts, needs) in cases {
            let trouble = said(step, code);
            let got = (trouble.is_final(), trouble.is_failure(), trouble.needs_an_operator());
            assert_eq!(got, (is_final, counts, needs), "{trouble}");
        }
    }

    #[test]
    fn a_servers_words_name_nobody() {
        let words = "5.1.1 <ann@example.com>: Recipient address rejected: User unknown in local table; see \
                     https://example.com/x?token=abc or 0123456789012345678901234567890123456789";
        let kept = without_quotes(words);
        assert_eq!(kept, "5.1.1 […] Recipient address rejected: User unknown in local table; see […] or […]");
        assert!(without_quotes(&"word ".repeat(1_000)).chars().count() <= 160);
    }
}
