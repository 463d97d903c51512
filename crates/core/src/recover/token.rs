//! What stands in a mailed link: 256 random bits, kept as a hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::{Code, Problem, Random, Secret, random};
use zeroize::ZeroizeOnDrop;

use crate::fault::Fault;
use crate::issue::sha256;

/// A token, as the reader of the mail has it.
#[derive(ZeroizeOnDrop)]
pub(crate) struct MailedToken([u8; 32]);

impl MailedToken {
    /// A new one.
    pub(crate) fn new(random: &dyn Random) -> Self {
        Self(random::bytes(random))
    }

    /// From its text: 43 characters of base64url (RFC 4648 section 5) without padding, in their one spelling.
    ///
    /// # Errors
    /// `link_invalid` when it is none.
    pub(crate) fn parse(text: &Secret) -> Result<Self, Fault> {
        let bytes = URL_SAFE_NO_PAD.decode(text.expose()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(link_invalid)
    }

    /// What the database keeps of it: SHA-256, since 256 random bits need no slower hash.
    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// The link to a page that uses it. It stands behind `#`, so that it reaches neither a server's log nor a `Referer`.
    pub(crate) fn link(&self, page: &str) -> Secret {
        Secret::new(format!("{page}#token={}", URL_SAFE_NO_PAD.encode(self.0)))
    }
}

/// The one answer to a token that does not work, whyever that is.
pub(crate) fn link_invalid() -> Fault {
    let detail = "This link was used, is too old, or a newer mail took its place. Please ask for another mail.";
    Fault::of(Problem::new(Code::LinkInvalid).detail(detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_verify::SystemRandom;

    #[test]
    fn a_link_carries_the_token_where_servers_do_not_see_it() {
        let token = MailedToken::new(&SystemRandom);
        let link = token.link("https://app.example.com/reset");
        let (page, text) = link.expose().split_once("#token=").unwrap();
        assert_eq!((page, text.len()), ("https://app.example.com/reset", 43));
        assert_eq!(MailedToken::parse(&Secret::new(text)).unwrap().hash(), token.hash());
        for wrong in ["", "x", &text[1..], &format!("{text}="), &format!("{text}A"), &format!(" {text}")] {
            let fault = MailedToken::parse(&Secret::new(wrong)).err().unwrap();
            assert_eq!(fault.code(), Code::LinkInvalid, "{wrong}");
        }
    }
}
