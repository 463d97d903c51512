//! Time-based one-time passwords: RFC 6238 over RFC 4226, with SHA-1, six digits and steps of 30 seconds, which is what
//! every authenticator app understands.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use durward_proto::{Random, Secret, Timestamp, UserId, random};
use durward_store::{Gate, Write};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::sealing::About;
use crate::service::Core;

/// RFC 6238 section 5.2.
const STEP_SECONDS: i64 = 30;
/// How many steps before and after the present one are accepted: for clocks that differ, and for slow typing (RFC 6238
/// section 5.2).
const SLACK: i64 = 1;

/// A secret that a user's authenticator app and the server share: 160 bits, as RFC 4226 section 4 recommends.
pub struct TotpSecret(Zeroizing<[u8; 20]>);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret")
    }
}

impl TotpSecret {
    /// A new one.
    pub(crate) fn new(random: &dyn Random) -> Self {
        Self(Zeroizing::new(random::bytes(random)))
    }

    /// From base32 (RFC 4648 section 6), as [`Self::base32`] gives it. None for anything else.
    pub fn from_base32(text: &str) -> Option<Self> {
        Self::from_bytes(&Zeroizing::new(BASE32_NOPAD.decode(text.as_bytes()).ok()?))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// To type into an app: base32 without padding.
    pub fn base32(&self) -> Secret {
        Secret::new(BASE32_NOPAD.encode(&*self.0))
    }

    /// To open on a phone: the key URI that authenticator apps read. `account` is shown under `issuer`.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> Secret {
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, account, secret) = (escaped(issuer), escaped(account), self.base32());
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECONDS}",
            secret.expose()
        ))
    }

    /// The code that holds at `now`.
    pub fn code_at(&self, now: Timestamp) -> Secret {
        self.code(step_at(now))
    }

    /// The code of one step: RFC 4226 section 5.3.
    fn code(&self, step: i64) -> Secret {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &*self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or(0) & 0xf);
        let truncated = tag.iter().skip(offset).take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        Secret::new(format!("{:06}", (truncated & 0x7fff_ffff) % 1_000_000))
    }

    /// The step whose code this is: one of the accepted ones at `now`, and after the step `last`. Which of them it was,
    /// and how much of it was right, does not show in the time that this takes.
    pub(crate) fn step_of(&self, code: &Secret, now: Timestamp, last: i64) -> Option<i64> {
        let code = digits(code)?;
        let present = step_at(now);
        let mut found = None;
        for step in present - SLACK..=present + SLACK {
            let holds: bool = self.code(step).expose().as_bytes().ct_eq(code.expose().as_bytes()).into();
            if holds && step > last && found.is_none() {
                found = Some(step);
            }
        }
        found
    }

    /// Seals it for this user.
    pub(crate) fn seal(&self, core: &Core, user: UserId) -> Result<Vec<u8>, Fault> {
        core.sealer.seal(About { what: "totp", whose: &user.to_string() }, &*self.0)
    }

    /// Opens what was sealed for this user.
    ///
    /// # Errors
    /// `unavailable` when it does not open: an operator has to look.
    pub(crate) fn open(core: &Core, user: UserId, sealed: &[u8]) -> Result<Self, Fault> {
        let plain = core.sealer.open(About { what: "totp", whose: &user.to_string() }, sealed)?;
        Self::from_bytes(&plain).ok_or_else(|| Fault::unavailable("a sealed totp has another length"))
    }
}

/// A key URI as a picture to scan: an SVG document.
///
/// # Errors
/// `validation_failed` when it is too long for a picture, which no address and no issuer of sane length is.
pub(crate) fn qr_svg(uri: &Secret) -> Result<Secret, Fault> {
    let code = QrCode::with_error_correction_level(uri.expose().as_bytes(), EcLevel::M);
    let code = code.map_err(|_| Fault::field("/email", "is too long for a QR code"))?;
    Ok(Secret::new(code.render::<svg::Color<'_>>().min_dimensions(200, 200).build()))
}

/// Proof that a code of the user's authenticator app was shown, and that it cannot be shown again. Made here alone.
pub(crate) struct TotpShown {
    user: UserId,
}

impl TotpShown {
    pub(crate) fn user_id(&self) -> UserId {
        self.user
    }
}

/// Checks a code and uses it up, within the transaction that acts on it. None when it is wrong, was used before, or TOTP
/// is off.
///
/// # Errors
/// 503 when the database is away, or the secret cannot be opened.
pub(crate) async fn show(
    core: &Core,
    write: &mut Write<Gate>,
    user: UserId,
    code: &Secret,
) -> Result<Option<TotpShown>, Fault> {
    let Some(row) = write.totp(user).await? else { return Ok(None) };
    let Some(sealed) = row.totp_sealed else { return Ok(None) };
    let secret = TotpSecret::open(core, user, &sealed)?;
    let Some(step) = secret.step_of(code, core.clock.now(), row.totp_last_step) else { return Ok(None) };
    Ok(write.use_totp_step(user, &sealed, step).await?.then_some(TotpShown { user }))
}

/// Checks the first code of the secret that an enrolment gave out, and turns TOTP on. None when it is wrong, or TOTP is
/// on by now.
///
/// # Errors
/// As [`show`].
pub(crate) async fn show_first(
    core: &Core,
    write: &mut Write<Gate>,
    user: UserId,
    sealed: &[u8],
    code: &Secret,
) -> Result<Option<TotpShown>, Fault> {
    let (secret, now) = (TotpSecret::open(core, user, sealed)?, core.clock.now());
    let Some(step) = secret.step_of(code, now, 0) else { return Ok(None) };
    write.ensure_factor_row(user, core.new_handle(), now).await?;
    Ok(write.enable_totp(user, sealed, step, now).await?.then_some(TotpShown { user }))
}

fn step_at(now: Timestamp) -> i64 {
    now.seconds().div_euclid(STEP_SECONDS)
}

/// Six digits; apps show them with a space in the middle.
fn digits(text: &Secret) -> Option<Secret> {
    let digits: String = text.expose().chars().filter(|c| *c != ' ').collect();
    let six = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
    six.then(|| Secret::new(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of both RFCs.
    fn published() -> TotpSecret {
        TotpSecret(Zeroizing::new(*b"12345678901234567890"))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn code(text: &str) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn rfc_4226_appendix_d() {
        let table =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (counter, expected) in (0..).zip(table) {
            assert_eq!(published().code(counter).expose(), expected, "counter {counter}");
        }
    }

    #[test]
    fn rfc_6238_appendix_b() {
        // The table has eight digits; a code of six is their end (RFC 4226 section 5.3 takes the same number modulo).
        let table = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (seconds, eight) in table {
            assert_eq!(published().code_at(at(seconds)).expose(), &eight[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_holds_one_step_longer_and_earlier_and_no_more() {
        let secret = published();
        // A step begins at 1,000,000,020.
        let shown = secret.code_at(at(1_000_000_020));
        let step = 1_000_000_020 / 30;
        let accepted = |seconds| secret.step_of(&shown, at(seconds), 0);
        for (seconds, outcome) in [
            (1_000_000_020 - 31, None),
            (1_000_000_020 - 30, Some(step)),
            (1_000_000_020, Some(step)),
            (1_000_000_020 + 59, Some(step)),
            (1_000_000_020 + 60, None),
        ] {
            assert_eq!(accepted(seconds), outcome, "{seconds}");
        }
    }

    #[test]
    fn a_step_that_was_used_does_not_come_back() {
        let secret = published();
        let (now, step) = (at(1_000_000_020), 1_000_000_020 / 30);
        let (before, present, next) = (secret.code(step - 1), secret.code(step), secret.code(step + 1));
        assert_eq!(secret.step_of(&before, now, step - 2), Some(step - 1));
        assert_eq!(secret.step_of(&before, now, step - 1), None);
        assert_eq!(secret.step_of(&before, now, step), None, "nor one before it");
        assert_eq!(secret.step_of(&present, now, step), None);
        assert_eq!(secret.step_of(&next, now, step), Some(step + 1));
    }

    #[test]
    fn six_digits_and_spaces_and_nothing_else() {
        let secret = published();
        let holds = |text: &str| secret.step_of(&code(text), at(59), 0).is_some();
        for text in ["287082", "287 082", " 2 8 7 0 8 2 "] {
            assert!(holds(text), "{text:?}");
        }
        for text in ["", "28708", "2870820", "94287082", "287-082", "28708২", "+87082", "287082\n", "287083"] {
            assert!(!holds(text), "{text:?}");
        }
    }

    #[test]
    fn the_secret_as_text_and_as_a_key_uri() {
        let secret = published();
        assert_eq!(secret.base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(*TotpSecret::from_base32(secret.base32().expose()).unwrap().0, *secret.0);
        assert!(TotpSecret::from_base32("GEZDGNBV").is_none() && TotpSecret::from_base32("not base32").is_none());
        let uri = secret.uri("Ann & Co: x", "ann+1@example.com");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/Ann%20%26%20Co%3A%20x:ann%2B1%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Ann%20%26%20Co%3A%20x&algorithm=SHA1&digits=6&period=30"
        );
        assert!(qr_svg(&uri).unwrap().expose().contains("<svg"));
        assert!(qr_svg(&Secret::new("x".repeat(4_000))).is_err());
    }
}
