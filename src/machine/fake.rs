//! Made-up data: names, addresses, sentences. The lists are those of the `fake` crate, in English; the draws are the
//! user's own, so that a seed gives the same people.

use fake::Fake as _;
use fake::faker::address::raw as address;
use fake::faker::company::raw as company;
use fake::faker::creditcard::raw::CreditCardNumber;
use fake::faker::currency::raw::CurrencyCode;
use fake::faker::filesystem::raw as filesystem;
use fake::faker::internet::raw as internet;
use fake::faker::job::raw as job;
use fake::faker::lorem::raw as lorem;
use fake::faker::name::raw as name;
use fake::faker::phone_number::raw::PhoneNumber;
use fake::locales::EN;
use rand::RngExt as _;
use std::fmt::Write;

use super::scope::Rng;
use crate::program::Value;
use crate::program::helper::Fake;

/// Makes something up.
pub(super) fn make_up(fake: Fake, rng: &mut Rng) -> Value {
    Value::Text(match fake {
        Fake::Latitude => return degrees(90, rng),
        Fake::Longitude => return degrees(180, rng),
        Fake::Bool => return Value::Bool(rng.random()),
        Fake::Name => name::Name(EN).fake_with_rng(rng),
        Fake::FirstName => name::FirstName(EN).fake_with_rng(rng),
        Fake::LastName => name::LastName(EN).fake_with_rng(rng),
        Fake::Username => username('_', rng),
        Fake::Password => internet::Password(EN, 12..21).fake_with_rng(rng),
        Fake::Email => format!("{}@{}", username('.', rng), reserved_domain(rng)),
        Fake::Phone => PhoneNumber(EN).fake_with_rng(rng),
        Fake::Company => company::CompanyName(EN).fake_with_rng(rng),
        Fake::Job => job::Title(EN).fake_with_rng(rng),
        Fake::Street => {
            let street: String = address::StreetName(EN).fake_with_rng(rng);
            format!("{} {street}", rng.random_range(1..10_000))
        }
        Fake::City => address::CityName(EN).fake_with_rng(rng),
        Fake::State => address::StateName(EN).fake_with_rng(rng),
        Fake::Postcode => address::PostCode(EN).fake_with_rng(rng),
        Fake::Country => address::CountryName(EN).fake_with_rng(rng),
        Fake::CountryCode => address::CountryCode(EN).fake_with_rng(rng),
        Fake::Word => lorem::Word(EN).fake_with_rng(rng),
        Fake::Sentence => sentence(rng),
        Fake::Paragraph => {
            let count = rng.random_range(3..=6);
            (0..count).map(|_| sentence(rng)).collect::<Vec<_>>().join(" ")
        }
        Fake::Title => words(2, 4, rng),
        Fake::Phrase => company::CatchPhrase(EN).fake_with_rng(rng),
        Fake::Domain => domain(rng),
        Fake::Url => format!("https://{}/{}", domain(rng), word(rng)),
        Fake::Ipv4 => internet::IPv4(EN).fake_with_rng(rng),
        Fake::Ipv6 => internet::IPv6(EN).fake_with_rng(rng),
        Fake::Mac => internet::MACAddress(EN).fake_with_rng(rng),
        Fake::UserAgent => internet::UserAgent(EN).fake_with_rng(rng),
        Fake::FileName => filesystem::FileName(EN).fake_with_rng(rng),
        Fake::MimeType => filesystem::MimeType(EN).fake_with_rng(rng),
        Fake::Color => format!("#{:06X}", rng.random_range(0..1_u32 << 24)),
        Fake::Currency => CurrencyCode(EN).fake_with_rng(rng),
        Fake::CardNumber => CreditCardNumber(EN).fake_with_rng(rng),
    })
}

/// Up to a limit either way, with six digits behind the point: some centimetres.
fn degrees(limit: i32, rng: &mut Rng) -> Value {
    let micros = rng.random_range(-limit * 1_000_000..=limit * 1_000_000);
    Value::Float(f64::from(micros) / 1e6)
}

fn word(rng: &mut Rng) -> &'static str {
    lorem::Word(EN).fake_with_rng(rng)
}

/// The crate's own usernames are few: thousands of users would share them.
fn username(separator: char, rng: &mut Rng) -> String {
    let first: &str = name::FirstName(EN).fake_with_rng(rng);
    let last: &str = name::LastName(EN).fake_with_rng(rng);
    let letters = |part: &str| part.chars().filter(char::is_ascii_alphabetic).collect::<String>();
    let mut text = format!("{}{separator}{}", letters(first), letters(last));
    text.make_ascii_lowercase();
    write!(text, "{}", rng.random_range(0..10_000)).expect("a string takes everything");
    text
}

/// RFC 2606 section 3: nobody has them.
fn reserved_domain(rng: &mut Rng) -> &'static str {
    ["example.com", "example.net", "example.org"][rng.random_range(0..3)]
}

fn domain(rng: &mut Rng) -> String {
    format!("{}.{}", word(rng), reserved_domain(rng))
}

fn sentence(rng: &mut Rng) -> String {
    words(4, 10, rng) + "."
}

/// So many words, the first with a capital.
fn words(least: usize, most: usize, rng: &mut Rng) -> String {
    let count = rng.random_range(least..=most);
    let mut text = (0..count).map(|_| word(rng)).collect::<Vec<_>>().join(" ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
