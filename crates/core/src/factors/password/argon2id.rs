//! Argon2id (RFC 9106), as one of two libraries computes it, and the memory that it works in.
//!
//! `argon2-rust` uses what the processor has (AVX-512, AVX2, NEON) and huge pages, and takes half as long; it is young.
//! `argon2` is the one that has been around. Which one is a setting, and whether they agree is looked at at each start.

use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Which library computes Argon2id. Both compute the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Library {
    /// `argon2-rust`.
    #[default]
    Argon2Rust,
    /// `argon2`, of the RustCrypto project.
    Argon2,
}

/// What both libraries have to agree on, before the faster one is trusted on this machine: KiB, passes and lanes. Two
/// passes go all ways that there are in the code, and this little memory takes a fraction of a millisecond.
const TRIAL: (u32, u32, u32) = (64, 2, 1);
/// What it is tried with.
const TRIAL_PASSWORD: &[u8] = b"the same on every machine";
const TRIAL_SALT: &[u8] = b"and for everybody";

impl Library {
    /// This library, or `argon2` where what this one computes here is not the same. Code that is chosen by what the
    /// processor has runs on processors on which nobody has tried it.
    pub(super) fn that_agrees(self) -> Self {
        let tag_of = |library| {
            let (params, mut tag) = (Params::new(TRIAL.0, TRIAL.1, TRIAL.2, None).ok()?, [0; 32]);
            Memory::new(library).fill(TRIAL_PASSWORD, TRIAL_SALT, &params, &mut tag).ok().map(|()| tag)
        };
        self.unless_differs(tag_of(self), tag_of(Self::Argon2))
    }

    fn unless_differs(self, tag: Option<[u8; 32]>, expected: Option<[u8; 32]>) -> Self {
        if tag.is_some() && tag == expected {
            return self;
        }
        tracing::error!(library = ?self, "this library computes other password hashes on this processor; argon2 is used");
        Self::Argon2
    }
}

/// What could not be computed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FillError {
    #[error("{0}")]
    Argon2(argon2::Error),
    #[error("{0}")]
    Argon2Rust(argon2_rust::Error),
}

impl From<argon2::Error> for FillError {
    fn from(error: argon2::Error) -> Self {
        Self::Argon2(error)
    }
}

impl From<argon2_rust::Error> for FillError {
    fn from(error: argon2_rust::Error) -> Self {
        Self::Argon2Rust(error)
    }
}

/// A library with the working memory that a thread keeps: giving 19 MiB back and taking it again costs more than filling
/// it.
pub(super) enum Memory {
    Argon2Rust(Option<argon2_rust::Hasher>),
    Argon2(Vec<Block>),
}

impl Memory {
    /// None yet.
    pub(super) fn new(library: Library) -> Self {
        match library {
            Library::Argon2Rust => Self::Argon2Rust(None),
            Library::Argon2 => Self::Argon2(Vec::new()),
        }
    }

    /// Gives it back.
    pub(super) fn release(&mut self) {
        match self {
            Self::Argon2Rust(arena) => *arena = None,
            Self::Argon2(blocks) => *blocks = Vec::new(),
        }
    }

    /// Whether it has any.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::Argon2Rust(arena) => arena.is_some(),
            Self::Argon2(blocks) => !blocks.is_empty(),
        }
    }

    /// How many KiB it has.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Argon2Rust(arena) => arena.as_ref().map_or(0, argon2_rust::Hasher::reserved_blocks),
            Self::Argon2(blocks) => blocks.len(),
        }
    }

    /// Computes the tag of this password with this salt, as long as `output` is.
    pub(super) fn fill(
        &mut self,
        password: &[u8],
        salt: &[u8],
        params: &Params,
        output: &mut [u8],
    ) -> Result<(), FillError> {
        match self {
            Self::Argon2Rust(arena) => {
                let argon2 = theirs(params, output.len())?;
                let hasher = arena.get_or_insert_with(|| argon2.hasher());
                hasher.set_argon2(argon2);
                Ok(hasher.hash_into(password, salt, output)?)
            }
            Self::Argon2(blocks) => {
                let count = params.block_count();
                if blocks.len() < count {
                    blocks.resize(count, Block::default());
                }
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                let blocks = blocks.get_mut(..count).unwrap_or_default();
                Ok(argon2.hash_password_into_with_memory(password, salt, output, blocks)?)
            }
        }
    }
}

/// The same parameters in `argon2-rust`'s words.
fn theirs(params: &Params, output: usize) -> Result<argon2_rust::Argon2, argon2_rust::Error> {
    use argon2_rust::params::{Memory, TagLen};
    let length = u64::try_from(output).unwrap_or(u64::MAX);
    let params = argon2_rust::Params::builder()
        .memory(Memory::kib(params.m_cost().into()))
        .passes(params.t_cost())
        .lanes(params.p_cost())
        .tag_len(TagLen::bytes(length))
        .build()?;
    Ok(argon2_rust::Argon2::new(argon2_rust::Algorithm::Argon2id, argon2_rust::Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Library; 2] = [Library::Argon2Rust, Library::Argon2];

    /// RFC 9106 section 5.3. It has a secret and associated data, which passwords do without here, so that the libraries
    /// are asked themselves.
    #[test]
    fn both_compute_the_tag_of_the_rfc() {
        let expected = data_encoding::HEXLOWER
            .decode(b"0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
            .unwrap();
        let (password, salt, secret, associated) = ([1; 32], [2; 16], [3; 8], [4; 12]);
        let mut tag = [0; 32];

        let params = Params::new(32, 3, 4, Some(32)).unwrap();
        let hasher = theirs(&params, 32).unwrap();
        hasher.hash_into_with_ad(&password, &salt, &secret, &associated, &mut tag).unwrap();
        assert_eq!(tag.as_slice(), expected);

        let mut params = argon2::ParamsBuilder::new();
        params.m_cost(32).t_cost(3).p_cost(4).data(argon2::AssociatedData::new(&associated).unwrap());
        let params = params.build().unwrap();
        let argon2 = Argon2::new_with_secret(&secret, Algorithm::Argon2id, Version::V0x13, params).unwrap();
        tag.fill(0);
        argon2.hash_password_into(&password, &salt, &mut tag).unwrap();
        assert_eq!(tag.as_slice(), expected);
    }

    #[test]
    fn a_library_that_computes_something_else_is_not_used() {
        assert_eq!(BOTH.map(Library::that_agrees), BOTH);
        let (right, wrong) = (Some([1; 32]), Some([2; 32]));
        assert_eq!(Library::Argon2Rust.unless_differs(right, right), Library::Argon2Rust);
        assert_eq!(Library::Argon2Rust.unless_differs(wrong, right), Library::Argon2);
        assert_eq!(Library::Argon2Rust.unless_differs(None, None), Library::Argon2);
    }

    #[test]
    fn memory_is_kept_from_one_hash_to_the_next_until_it_is_released() {
        for library in BOTH {
            let (mut memory, mut tag) = (Memory::new(library), [0; 32]);
            let mut fill = |memory: &mut Memory, kib| {
                memory.fill(b"password", b"salt and more", &Params::new(kib, 1, 1, None).unwrap(), &mut tag).unwrap();
                memory.size()
            };
            assert_eq!([fill(&mut memory, 64), fill(&mut memory, 128), fill(&mut memory, 32)], [64, 128, 128]);
            memory.release();
            assert_eq!(memory.size(), 0, "{library:?}");
        }
    }

    #[test]
    fn what_cannot_be_computed_is_an_error_of_both() {
        for library in BOTH {
            let (params, mut tag) = (Params::new(64, 1, 1, None).unwrap(), [0; 32]);
            assert!(Memory::new(library).fill(b"password", b"short", &params, &mut tag).is_err(), "{library:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Whatever is hashed, with whatever parameters and however long the tag, also in memory that was used before.
        #[test]
        fn both_compute_the_same(
            hashes in prop::collection::vec((
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(any::<u8>(), 8..64),
                (1u32..5, 1u32..6).prop_flat_map(|(lanes, passes)| (8 * lanes..700, Just(passes), Just(lanes))),
                4usize..200,
            ), 1..4),
        ) {
            let [mut one, mut other] = BOTH.map(Memory::new);
            for (password, salt, (kib, passes, lanes), length) in hashes {
                let params = Params::new(kib, passes, lanes, None).unwrap();
                let (mut tag, mut expected) = (vec![0; length], vec![0; length]);
                one.fill(&password, &salt, &params, &mut tag).unwrap();
                other.fill(&password, &salt, &params, &mut expected).unwrap();
                prop_assert_eq!(tag, expected);
            }
        }
    }

    /// At the cost that passwords have: what is bigger than the processor's caches goes other ways there.
    #[test]
    fn both_compute_the_same_at_full_cost() {
        let params = Params::new(19_456, 2, 1, None).unwrap();
        let [mut one, mut other] = BOTH.map(Memory::new);
        for round in 0..3u8 {
            let (mut tag, mut expected) = ([0; 32], [0; 32]);
            one.fill(&[round; 20], b"sixteen byte sal", &params, &mut tag).unwrap();
            other.fill(&[round; 20], b"sixteen byte sal", &params, &mut expected).unwrap();
            assert_eq!(tag, expected);
        }
    }
}
