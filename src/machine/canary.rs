//! Canaries: a token a user, which a plan puts where nobody else should ever see it, and which is looked for in every
//! message. The check digits tell a token of this run from what only looks like one, whoever made it up.

use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use rand::{Rng as _, SeedableRng};
use rand_xoshiro::SplitMix64;

use super::io::{FailureKind, Output};
use super::message::Payload;
use super::phase::Phase;
use super::user::User;
use crate::program::Value;

/// What every token begins with. A token has letters, digits and `-` only, so that neither JSON nor a URL escapes it.
const PREFIX: &str = "wscanary-";
/// How many hexadecimal digits it ends with.
const CHECK_DIGITS: usize = 8;

static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));

/// Whose a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    user: u64,
    /// How many users had the number before.
    generation: u32,
}

impl User {
    /// The token, where the plan uses it, into its slot.
    pub(super) fn write_canary(&mut self) {
        if let Some(slot) = self.setting.program.canary {
            let token = self.own().token(self.setting.seed);
            self.set(slot, Value::Text(token));
        }
    }

    /// Reports a message that holds another user's token; whoever takes the message, it takes its way.
    pub(super) fn look_for_canaries(&mut self, payload: Payload<'_>, out: &mut impl Output) {
        let (own, seed) = (self.own(), self.setting.seed);
        if self.phase != Phase::Done
            && let Some(other) = owners(payload.bytes(), seed).find(|owner| *owner != own)
        {
            let leak = Leak { own, other, seed, payload };
            self.report(FailureKind::Leak, self.place(), &leak, out);
        }
    }

    fn own(&self) -> Owner {
        let (user, generation) = self.identity();
        Owner { user, generation }
    }
}

impl Owner {
    fn token(self, seed: u64) -> String {
        let Self { user, generation } = self;
        format!("{PREFIX}{user}-{generation}-{:0CHECK_DIGITS$x}", self.check(seed))
    }

    /// Differs from run to run and from user to user.
    fn check(self, seed: u64) -> u32 {
        let person = self.user.wrapping_add(u64::from(self.generation) << 40);
        let mixed = mix(mix(seed).wrapping_add(person));
        u32::try_from(mixed >> 32).unwrap_or(u32::MAX)
    }

    /// The owner of the token that begins behind a prefix, where a whole one stands there.
    fn behind_prefix(bytes: &[u8], seed: u64) -> Option<Self> {
        let (user, rest) = number(bytes)?;
        let (generation, rest) = number(rest)?;
        let owner = Self { user, generation: u32::try_from(generation).ok()? };
        let check = rest.get(..CHECK_DIGITS)?;
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let check = check.iter().all(is_digit).then(|| std::str::from_utf8(check).ok()).flatten()?;
        (u32::from_str_radix(check, 16) == Ok(owner.check(seed))).then_some(owner)
    }
}

/// `7`, or `7.1` of the second user that has this number.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            0 => write!(f, "{}", self.user),
            generation => write!(f, "{}.{generation}", self.user),
        }
    }
}

/// The owners of all whole tokens in a message, in order.
fn owners(bytes: &[u8], seed: u64) -> impl Iterator<Item = Owner> {
    let starts = FINDER.find_iter(bytes).map(|at| at + PREFIX.len());
    starts.filter_map(move |start| Owner::behind_prefix(&bytes[start..], seed))
}

/// A decimal number as it is written without more digits than it needs, and what stands behind the `-` that ends it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(length);
    if length > 1 && digits[0] == b'0' {
        return None;
    }
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, rest.strip_prefix(b"-")?))
}

/// A number of which every bit depends on every bit of the value.
fn mix(value: u64) -> u64 {
    SplitMix64::seed_from_u64(value).next_u64()
}

/// A message that came to the wrong user.
struct Leak<'m> {
    own: Owner,
    other: Owner,
    seed: u64,
    payload: Payload<'m>,
}

impl fmt::Display for Leak<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own, other, seed, payload } = self;
        write!(f, "user {own} got a message with the canary of user {other}")?;
        let mut further = Vec::new();
        for owner in owners(payload.bytes(), *seed) {
            if owner != *own && owner != *other && !further.contains(&owner) {
                further.push(owner);
            }
        }
        match further.len() {
            0 => {}
            1 => f.write_str(" and of one more user")?,
            count => write!(f, " and of {count} more users")?,
        }
        write!(f, ": {payload}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: u64 = 7;

    fn owner(user: u64, generation: u32) -> Owner {
        Owner { user, generation }
    }

    fn found(bytes: &[u8]) -> Vec<Owner> {
        owners(bytes, SEED).collect()
    }

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        let (one, two) = (owner(12, 0), owner(3, 4));
        let text = format!("x{}{}{}9", one.token(SEED), PREFIX, two.token(SEED));
        assert_eq!(found(text.as_bytes()), [one, two]);
        let binary = [&[0xff, 0xfe], one.token(SEED).as_bytes(), &[0xff]].concat();
        assert_eq!(found(&binary), [one]);
    }

    #[test]
    fn what_only_looks_like_a_token_is_none() {
        let token = owner(12, 0).token(SEED);
        let cut = |length: usize| token[..length].to_owned();
        let mut changed = token.clone().into_bytes();
        *changed.last_mut().unwrap() ^= 1;
        let cases = [
            PREFIX.to_owned(),
            cut(token.len() - 1),
            cut(PREFIX.len() + 3),
            token.to_uppercase(),
            token.replace("-12-", "-13-"),
            token.replace("-12-", "-012-"),
            token.replace("-0-", "-1-"),
            token.replace("-12-", "--"),
            token.replace("-12-", "-99999999999999999999-"),
            String::from_utf8(changed).unwrap(),
            owner(12, 0).token(SEED + 1),
        ];
        for case in cases {
            assert_eq!(found(case.as_bytes()), [], "{case}");
        }
    }

    #[test]
    fn what_is_said_names_both_and_counts_the_others() {
        let tokens = |owners: &[Owner]| owners.iter().map(|o| o.token(SEED)).collect::<String>();
        let said = |text: &str| {
            let leak =
                Leak { own: owner(1, 0), other: owner(2, 1), seed: SEED, payload: Payload::Text(text) };
            leak.to_string().split(": ").next().unwrap().to_owned()
        };
        let two = [owner(2, 1), owner(1, 0), owner(2, 1)];
        assert_eq!(said(&tokens(&two)), "user 1 got a message with the canary of user 2.1");
        let three = [owner(2, 1), owner(3, 0), owner(3, 0)];
        assert!(said(&tokens(&three)).ends_with("of user 2.1 and of one more user"));
        let four = [owner(2, 1), owner(3, 0), owner(4, 0), owner(2, 0)];
        assert!(said(&tokens(&four)).ends_with("of user 2.1 and of 3 more users"));
    }

    proptest! {
        #[test]
        fn whose_it_is_can_be_read_from_a_token(user: u64, generation: u32, seed: u64, around: Vec<u8>) {
            let owner = owner(user, generation);
            let message = [&around, owner.token(seed).as_bytes(), &around].concat();
            prop_assert_eq!(owners(&message, seed).collect::<Vec<_>>(), [owner]);
        }

        #[test]
        fn users_have_different_tokens_that_nothing_escapes(a: u64, b: u64, seed: u64) {
            let token = owner(a, 0).token(seed);
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            prop_assert_eq!(a == b, token == owner(b, 0).token(seed));
        }
    }
}
