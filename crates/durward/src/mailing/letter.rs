//! What of a mail stands on the wire.

use std::time::{Duration, UNIX_EPOCH};

use durward_core::mail::Message;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::config;

/// A mail with its envelope.
pub(super) struct Letter {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// The mail as text and as HTML (RFC 2046 section 5.1.4). Its `Message-ID` is the same for every try, so that whoever gets it
/// twice can see that.
///
/// # Errors
/// When no mail can be made of it, such as an address that the wire cannot carry.
pub(super) fn letter(message: Message, from: &config::Mailbox) -> Result<Letter, String> {
    // The library's words may quote the address.
    let unusable = |what: &str| format!("{what} cannot be written as mail has it");
    let sender = from.address.as_str().parse().map_err(|_| unusable("the sender's address"))?;
    let recipient = message.to.parse().map_err(|_| unusable("the recipient's address"))?;
    let domain = from.address.as_str().rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let micros = u64::try_from(message.written_at.micros()).unwrap_or_default();
    let header = |name: &'static str, value: &str| {
        HeaderName::new_from_ascii(name.to_owned()).map(|name| HeaderValue::new(name, value.to_owned()))
    };
    let mut builder = lettre::Message::builder()
        .from(Mailbox::new(from.name.clone(), sender))
        .to(Mailbox::new(None, recipient))
        .subject(message.subject)
        .message_id(Some(format!("<{}@{domain}>", message.id)))
        .date(UNIX_EPOCH + Duration::from_micros(micros));
    // RFC 3834 section 5: so that no autoresponder answers.
    let extra = [header("Auto-Submitted", "auto-generated"), header("Content-Language", &message.language)];
    for header in extra {
        builder = builder.raw_header(header.map_err(|_| unusable("a header"))?);
    }
    let parts = MultiPart::alternative_plain_html(message.text, message.html);
    let mail = builder.multipart(parts).map_err(|_| unusable("the mail"))?;
    Ok(Letter { envelope: mail.envelope().clone(), bytes: mail.formatted() })
}

#[cfg(test)]
mod tests {
    use durward_proto::{MailId, Timestamp};
    use durward_verify::SystemRandom;

    use super::*;

    fn message(to: &str, subject: &str) -> Message {
        let at = Timestamp::from_seconds(1_767_323_045);
        Message {
            id: MailId::new(at, &SystemRandom),
            kind: "reset_password",
            to: to.to_owned(),
            language: "en".to_owned(),
            subject: subject.to_owned(),
            text: "Hello,\n\nüber\n.\nend\n".to_owned(),
            html: "<p>Hello</p>".to_owned(),
            written_at: at,
        }
    }

    fn from(name: Option<&str>) -> config::Mailbox {
        config::Mailbox { name: name.map(str::to_owned), address: "no-reply@example.com".parse().unwrap() }
    }

    #[test]
    fn two_parts_and_the_headers_of_a_machine() {
        let message = message("ann@example.com", "Grüße");
        let id = message.id;
        let text = String::from_utf8(letter(message, &from(Some("Dürward, Inc."))).unwrap().bytes).unwrap();
        assert!(text.is_ascii(), "{text}");
        for header in [
            "To: ann@example.com\r\n",
            "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Language: en\r\n",
            "MIME-Version: 1.0\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
            "Subject: =?utf-8?",
            &format!("Message-ID: <{id}@example.com>\r\n"),
        ] {
            assert!(text.contains(header), "{header} in\n{text}");
        }
    }

    #[test]
    fn no_value_can_write_a_header() {
        for subject in ["Hi\r\nBcc: eve@evil.example", "Hi\nBcc: eve@evil.example", "Hi\rBcc: eve@evil.example"] {
            let letter = letter(message("ann@example.com", subject), &from(None)).unwrap();
            let text = String::from_utf8(letter.bytes).unwrap();
            let headers = text.split("\r\n\r\n").next().unwrap();
            assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
            assert_eq!(letter.envelope.to().len(), 1);
        }
        for to in ["ann@example.com\r\nBcc: eve@evil.example", "ann@example.com, eve@evil.example", "ann", ""] {
            let refused = letter(message(to, "Hi"), &from(None)).err().unwrap();
            assert!(!refused.contains('@') && !refused.contains("eve"), "{refused}");
        }
    }
}
