//! Backup codes: `07-4KQ2-…`, the code's number and 80 random bits in a form that a person can type.

use durward_proto::{Secret, UserId, random};
use durward_store::{Gate, Write};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::issue::sha256;
use crate::service::Core;

/// How many there are.
const COUNT: u8 = 10;
/// How many characters stand for 80 bits.
const LENGTH: usize = 16;
/// Crockford's base32: no letter in it looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Proof that a backup code of the user was shown, and that it cannot be shown again. Made here alone.
pub(crate) struct BackupShown {
    user: UserId,
}

impl BackupShown {
    pub(crate) fn user_id(&self) -> UserId {
        self.user
    }
}

/// A code as it was typed.
struct Typed {
    number: u8,
    /// Its sixteen characters in the one spelling that is hashed.
    characters: Zeroizing<String>,
}

/// Makes ten new codes in the place of those there were. Only their hashes are kept.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn make(core: &Core, write: &mut Write<Gate>, user: UserId) -> Result<Vec<Secret>, Fault> {
    let codes: Vec<Typed> = (1..=COUNT).map(|number| Typed { number, characters: characters(core) }).collect();
    let hashes: Vec<_> = codes.iter().map(|code| code.hash(user)).collect();
    write.put_backup_codes(user, &hashes, core.clock.now()).await?;
    Ok(codes.iter().map(Typed::shown).collect())
}

/// Checks a code and uses it up, within the transaction that acts on it. None when it is wrong or was used before.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn show(
    core: &Core,
    write: &mut Write<Gate>,
    user: UserId,
    code: &Secret,
) -> Result<Option<BackupShown>, Fault> {
    let Some(typed) = Typed::read(code) else { return Ok(None) };
    let used = write.use_backup_code(user, typed.number, &typed.hash(user), core.clock.now()).await?;
    Ok(used.then_some(BackupShown { user }))
}

/// Sixteen random characters.
fn characters(core: &Core) -> Zeroizing<String> {
    let bytes = Zeroizing::new(random::bytes::<LENGTH>(&*core.random));
    // Each takes five of its byte's bits, so that all 32 are equally likely.
    Zeroizing::new(
        bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).map(|b| char::from(*b)).collect(),
    )
}

impl Typed {
    /// However it was typed: in any case, with spaces or dashes or without, and with the letters that look like digits.
    fn read(text: &Secret) -> Option<Self> {
        let mut known = Zeroizing::new(String::with_capacity(2 + LENGTH));
        for c in text.expose().chars().filter(|c| *c != ' ' && *c != '-') {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            if known.len() > LENGTH + 1 || !c.is_ascii() || !ALPHABET.contains(&(c as u8)) {
                return None;
            }
            known.push(c);
        }
        let (number, characters) = known.split_at_checked(2)?;
        let number = number.parse().ok().filter(|number| (1..=COUNT).contains(number))?;
        (characters.len() == LENGTH).then(|| Self { number, characters: Zeroizing::new(characters.to_owned()) })
    }

    fn shown(&self) -> Secret {
        let groups = self.characters.as_bytes().chunks(4).map(String::from_utf8_lossy);
        Secret::new(groups.fold(format!("{:02}", self.number), |text, group| text + "-" + &group))
    }

    /// What is kept of it. Eighty random bits need no slow hash.
    fn hash(&self, user: UserId) -> [u8; 32] {
        let text = format!("durward backup code v1 {user} {} {}", self.number, self.characters.as_str());
        sha256(Zeroizing::new(text).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: UserId = UserId(7);

    fn read(text: &str) -> Option<Typed> {
        Typed::read(&Secret::new(text))
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = read("07-4KQ2-01Z8-PXYA-BCDE").unwrap();
        assert_eq!(code.shown().expose(), "07-4KQ2-01Z8-PXYA-BCDE");
        for text in
            ["074KQ201Z8PXYABCDE", "07 4kq2 01z8 pxya bcde", "o7-4kq2-oIz8-pxya-bcde", " 07-4kq2-0lz8pxya-bcde "]
        {
            assert_eq!(read(text).map(|code| code.hash(USER)), Some(code.hash(USER)), "{text}");
        }
        for text in [
            "",
            "07",
            "4KQ2-01Z8-PXYA-BCDE",
            "00-4KQ2-01Z8-PXYA-BCDE",
            "11-4KQ2-01Z8-PXYA-BCDE",
            "07-4KQ2-01Z8-PXYA-BCD",
            "07-4KQ2-01Z8-PXYA-BCDEF",
            "07-4KQ2-01Z8-PXYA-BCDU",
            "07_4KQ2_01Z8_PXYA_BCDE",
            "07-4KQ2-01Z8-PXYA-BCD\u{e4}",
            "+7-4KQ2-01Z8-PXYA-BCDE",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_hash_belongs_to_one_user_and_one_number() {
        let (a, b) = (read("07-4KQ2-01Z8-PXYA-BCDE").unwrap(), read("08-4KQ2-01Z8-PXYA-BCDE").unwrap());
        assert_ne!(a.hash(USER), b.hash(USER));
        assert_ne!(a.hash(USER), a.hash(UserId(8)));
    }
}
