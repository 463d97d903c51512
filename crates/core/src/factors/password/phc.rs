//! The PHC string that a hash of Argon2id (RFC 9106) is kept as.

use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use argon2::{Params, Version};
use subtle::ConstantTimeEq;

use super::argon2id::{FillError, Memory};

/// The hash's length in bytes.
const OUTPUT: usize = 32;

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum HashError {
    #[error("the hash in the database is not a PHC string of Argon2id")]
    NotPhc,
    #[error("argon2: {0}")]
    Argon2(#[from] FillError),
}

/// Hashes a password with a salt into a PHC string.
pub(super) fn hash(password: &[u8], salt: [u8; 16], params: &Params, memory: &mut Memory) -> Result<String, HashError> {
    let mut output = [0u8; OUTPUT];
    memory.fill(password, &salt, params, &mut output)?;
    let phc = PasswordHash {
        algorithm: Ident::new("argon2id").map_err(|_| HashError::NotPhc)?,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|_| HashError::NotPhc)?,
        salt: Some(Salt::new(&salt).map_err(|_| HashError::NotPhc)?),
        hash: Some(Output::new(&output).map_err(|_| HashError::NotPhc)?),
    };
    Ok(phc.to_string())
}

/// Whether this is the password that was hashed.
pub(super) fn verify(password: &[u8], kept: &str, memory: &mut Memory) -> Result<bool, HashError> {
    let phc = parse(kept)?;
    let params = Params::try_from(&phc).map_err(|_| HashError::NotPhc)?;
    let (Some(salt), Some(hash)) = (&phc.salt, &phc.hash) else { return Err(HashError::NotPhc) };
    let mut output = vec![0u8; hash.len()];
    memory.fill(password, salt.as_ref(), &params, &mut output)?;
    Ok(output.ct_eq(hash.as_ref()).into())
}

/// The cost that a kept hash was made with: memory in KiB, iterations, lanes.
pub(super) fn cost(kept: &str) -> Option<(u32, u32, u32)> {
    let params = Params::try_from(&parse(kept).ok()?).ok()?;
    Some((params.m_cost(), params.t_cost(), params.p_cost()))
}

fn parse(kept: &str) -> Result<PasswordHash, HashError> {
    let phc = PasswordHash::new(kept).map_err(|_| HashError::NotPhc)?;
    let version = phc.version.unwrap_or(0x13);
    if phc.algorithm.as_str() == "argon2id" && version == 0x13 { Ok(phc) } else { Err(HashError::NotPhc) }
}

#[cfg(test)]
mod tests {
    use super::super::argon2id::Library;
    use super::*;

    #[test]
    fn what_was_hashed_verifies_and_nothing_else() {
        let (mut memory, params) = (Memory::new(Library::default()), Params::new(64, 1, 1, Some(OUTPUT)).unwrap());
        let kept = hash(b"right", [7; 16], &params, &mut memory).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{kept}");
        assert!(verify(b"right", &kept, &mut memory).unwrap());
        assert!(!verify(b"wrong", &kept, &mut memory).unwrap());
        assert_eq!(cost(&kept), Some((64, 1, 1)));
        for bad in ["", "x", "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAA", "$2b$12$abcdefghijklmnopqrstuv"] {
            assert!(verify(b"right", bad, &mut memory).is_err(), "{bad}");
        }
    }

    /// A hash made by the reference implementation's command line (`argon2 somesalt -id -t 2 -m 16 -p 1`).
    #[test]
    fn agrees_with_the_reference_implementation() {
        let kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for library in [Library::Argon2Rust, Library::Argon2] {
            assert!(verify(b"password", kept, &mut Memory::new(library)).unwrap());
        }
    }
}
