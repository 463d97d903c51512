//! The mark that the broken RSA generator of CVE-2017-15361 (ROCA) leaves: its moduli are powers of 65537
//! modulo every small prime (Nemec et al., "The Return of Coppersmith's Attack", section 2.2).

const PRIMES: [u16; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a modulus, big-endian, has the mark. A good one has it by chance in less than 1 of 2^27 cases.
pub(super) fn is_marked(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| is_power_of_65537(remainder(modulus, *prime), *prime))
}

fn remainder(number: &[u8], prime: u16) -> u16 {
    let prime = u32::from(prime);
    let rest = number.iter().fold(0u32, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
    u16::try_from(rest).unwrap_or(0)
}

fn is_power_of_65537(rest: u16, prime: u16) -> bool {
    let (rest, prime) = (u64::from(rest), u64::from(prime));
    let mut power = 1;
    for _ in 0..prime {
        if power == rest {
            return true;
        }
        power = power * 65_537 % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modulus_of_the_broken_shape_is_marked_and_another_is_not() {
        // 65537^k modulo a product of all the primes is one for every k; 1 and 65537 are the smallest.
        assert!(is_marked(&[1]));
        assert!(is_marked(&[1, 0, 1]));
        assert!(!is_marked(&[2]));
        assert!(!is_marked(&[3]), "divided by one of the primes");
        assert_eq!(remainder(&[0x01, 0x00], 7), 256 % 7);
    }
}
