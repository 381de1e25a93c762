//! What a client offers, what a server may answer, and what holds then (RFC 7692 section 7.1).

use std::fmt;

use super::header::Extension;

/// The extension's name.
pub const EXTENSION: &str = "permessage-deflate";

const SERVER_NO_CONTEXT: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// The largest window, which is meant where none is named: 32 KiB.
const LARGEST_BITS: u8 = 15;

/// How one end compresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// How far it looks back at most, as a power of two: 8 to 15.
    pub window_bits: u8,
    /// Whether a message may look back into those before it.
    pub keeps_context: bool,
}

/// What the two ends have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// How the client compresses.
    pub client: Side,
    /// How the server compresses.
    pub server: Side,
}

/// What a client offers. The client can do with any window of its own, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Whether the client forgets each message when it has compressed it.
    pub client_no_context_takeover: bool,
    /// Whether it demands that of the server.
    pub server_no_context_takeover: bool,
    /// The largest window that the client will use.
    pub client_max_window_bits: Option<u8>,
    /// The largest window that the server may use.
    pub server_max_window_bits: Option<u8>,
}

/// The size of the client's window in an offer or an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// Not spoken of.
    #[default]
    Unnamed,
    /// An offer to use whatever the server would like.
    Any,
    /// 2 to the power of 8 to 15 bytes.
    Bits(u8),
}

/// The parameters of an offer or an answer, each well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parameters {
    /// `server_no_context_takeover`
    pub server_no_context_takeover: bool,
    /// `client_no_context_takeover`
    pub client_no_context_takeover: bool,
    /// `server_max_window_bits`
    pub server_max_window_bits: Option<u8>,
    /// `client_max_window_bits`
    pub client_max_window_bits: Window,
}

/// What is wrong with parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// One that permessage-deflate does not have.
    Unknown {
        /// Its name.
        parameter: String,
    },
    /// One is there twice.
    Twice {
        /// Its name.
        parameter: &'static str,
    },
    /// One has a value that it cannot have, or lacks one.
    Value {
        /// Its name.
        parameter: &'static str,
    },
    /// An answer lacks what the offer demanded.
    Missing {
        /// Its name.
        parameter: &'static str,
    },
    /// An answer has a larger window than the offer allows.
    TooLarge {
        /// Its name.
        parameter: &'static str,
    },
}

impl Parameters {
    /// The parameters of one extension of this name.
    pub fn read(extension: &Extension<'_>) -> Result<Self, Fault> {
        let mut read = Self::default();
        for &(name, value) in &extension.parameters {
            match name {
                SERVER_NO_CONTEXT => flag(&mut read.server_no_context_takeover, SERVER_NO_CONTEXT, value)?,
                CLIENT_NO_CONTEXT => flag(&mut read.client_no_context_takeover, CLIENT_NO_CONTEXT, value)?,
                SERVER_BITS => {
                    once(read.server_max_window_bits.is_none(), SERVER_BITS)?;
                    let bits = value.and_then(window_bits).ok_or(Fault::Value { parameter: SERVER_BITS })?;
                    read.server_max_window_bits = Some(bits);
                }
                CLIENT_BITS => {
                    once(read.client_max_window_bits == Window::Unnamed, CLIENT_BITS)?;
                    read.client_max_window_bits = match value {
                        None => Window::Any,
                        Some(value) => window_bits(value)
                            .map(Window::Bits)
                            .ok_or(Fault::Value { parameter: CLIENT_BITS })?,
                    };
                }
                unknown => return Err(Fault::Unknown { parameter: unknown.to_owned() }),
            }
        }
        Ok(read)
    }
}

fn flag(is_set: &mut bool, parameter: &'static str, value: Option<&str>) -> Result<(), Fault> {
    once(!*is_set, parameter)?;
    *is_set = true;
    if value.is_some() { Err(Fault::Value { parameter }) } else { Ok(()) }
}

fn once(is_first: bool, parameter: &'static str) -> Result<(), Fault> {
    if is_first { Ok(()) } else { Err(Fault::Twice { parameter }) }
}

/// Without leading zeros (RFC 7692 section 7.1.2).
fn window_bits(value: &str) -> Option<u8> {
    (8..=LARGEST_BITS).find(|bits| value == bits.to_string())
}

impl Offer {
    /// Judges a server's answer: what holds from here on.
    pub fn judge(&self, answer: &Parameters) -> Result<Agreed, Fault> {
        if self.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(Fault::Missing { parameter: SERVER_NO_CONTEXT });
        }
        let server_bits = match (self.server_max_window_bits, answer.server_max_window_bits) {
            (Some(_), None) => return Err(Fault::Missing { parameter: SERVER_BITS }),
            (Some(offered), Some(bits)) if bits > offered => {
                return Err(Fault::TooLarge { parameter: SERVER_BITS });
            }
            (_, bits) => bits.unwrap_or(LARGEST_BITS),
        };
        let own_bits = self.client_max_window_bits.unwrap_or(LARGEST_BITS);
        let client_bits = match answer.client_max_window_bits {
            Window::Unnamed => own_bits,
            Window::Any => return Err(Fault::Value { parameter: CLIENT_BITS }),
            // A server may allow more than the client has said that it will use (RFC 7692 section 7.1.2.2).
            Window::Bits(bits) => bits.min(own_bits),
        };
        let client_forgets = self.client_no_context_takeover || answer.client_no_context_takeover;
        Ok(Agreed {
            client: Side { window_bits: client_bits, keeps_context: !client_forgets },
            server: Side { window_bits: server_bits, keeps_context: !answer.server_no_context_takeover },
        })
    }
}

/// As it stands in the header of a request.
impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client_max_window_bits = self.client_max_window_bits.map_or(Window::Any, Window::Bits);
        let Self { client_no_context_takeover, server_no_context_takeover, server_max_window_bits, .. } =
            *self;
        let parameters = Parameters {
            server_no_context_takeover,
            client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
        };
        parameters.fmt(f)
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXTENSION)?;
        if self.server_no_context_takeover {
            write!(f, "; {SERVER_NO_CONTEXT}")?;
        }
        if self.client_no_context_takeover {
            write!(f, "; {CLIENT_NO_CONTEXT}")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; {SERVER_BITS}={bits}")?;
        }
        match self.client_max_window_bits {
            Window::Unnamed => Ok(()),
            Window::Any => write!(f, "; {CLIENT_BITS}"),
            Window::Bits(bits) => write!(f, "; {CLIENT_BITS}={bits}"),
        }
    }
}

/// What a server answers to an offer, and what holds then. The server itself keeps no context, so that what it sends
/// to many it compresses once; the client may keep its own.
pub fn answer(offer: &Parameters) -> (Parameters, Agreed) {
    let (client_max_window_bits, client_bits) = match offer.client_max_window_bits {
        // Not to be answered where it was not offered; and where any will do, so will the largest.
        Window::Unnamed | Window::Any => (Window::Unnamed, LARGEST_BITS),
        Window::Bits(bits) => (Window::Bits(bits), bits),
    };
    let answer = Parameters { server_no_context_takeover: true, client_max_window_bits, ..*offer };
    let server_bits = offer.server_max_window_bits.unwrap_or(LARGEST_BITS);
    let client = Side { window_bits: client_bits, keeps_context: !offer.client_no_context_takeover };
    (answer, Agreed { client, server: Side { window_bits: server_bits, keeps_context: false } })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { parameter } => write!(f, "there is no parameter {parameter:?}"),
            Self::Twice { parameter } => write!(f, "{parameter} is there twice"),
            Self::Value { parameter } => {
                write!(f, "{parameter} has a value that it cannot have, or lacks one")
            }
            Self::Missing { parameter } => write!(f, "{parameter} was demanded and is missing"),
            Self::TooLarge { parameter } => write!(f, "{parameter} is larger than what was offered"),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::super::header::parse;
    use super::*;

    const DEFAULT: Offer = Offer {
        client_no_context_takeover: true,
        server_no_context_takeover: false,
        client_max_window_bits: None,
        server_max_window_bits: None,
    };

    fn read(header: &str) -> Result<Parameters, Fault> {
        let extensions = parse(header).unwrap();
        assert_eq!(extensions[0].name, EXTENSION);
        Parameters::read(&extensions[0])
    }

    fn judged(offer: Offer, parameters: &str) -> Result<Agreed, Fault> {
        read(&format!("permessage-deflate{parameters}")).and_then(|answer| offer.judge(&answer))
    }

    fn side(window_bits: u8, keeps_context: bool) -> Side {
        Side { window_bits, keeps_context }
    }

    /// Every offer of three windows for each end.
    fn offers() -> impl Iterator<Item = Offer> {
        let bits = [None, Some(8), Some(12)];
        (0..4).flat_map(move |flags| {
            bits.into_iter().flat_map(move |client| {
                bits.into_iter().map(move |server| Offer {
                    client_no_context_takeover: flags & 1 != 0,
                    server_no_context_takeover: flags & 2 != 0,
                    client_max_window_bits: client,
                    server_max_window_bits: server,
                })
            })
        })
    }

    #[test]
    fn an_answer_says_what_holds() {
        let agreed = |client, server| Ok(Agreed { client, server });
        assert_eq!(judged(DEFAULT, ""), agreed(side(15, false), side(15, true)));
        let own = Offer { client_no_context_takeover: false, client_max_window_bits: Some(12), ..DEFAULT };
        assert_eq!(judged(own, ""), agreed(side(12, true), side(15, true)));
        assert_eq!(judged(own, "; client_max_window_bits=9"), agreed(side(9, true), side(15, true)));
        assert_eq!(judged(own, "; client_max_window_bits=15"), agreed(side(12, true), side(15, true)));
        // A server may ask for more than the client thought of.
        assert_eq!(
            judged(
                own,
                "; client_no_context_takeover; server_no_context_takeover; server_max_window_bits=\"8\""
            ),
            agreed(side(12, false), side(8, false))
        );
    }

    #[test]
    fn an_answer_that_the_offer_does_not_allow_is_refused() {
        let offer = Offer {
            server_no_context_takeover: true,
            client_max_window_bits: Some(10),
            server_max_window_bits: Some(10),
            ..DEFAULT
        };
        let all = "; server_no_context_takeover; server_max_window_bits=10";
        assert!(judged(offer, all).is_ok());
        for (answer, fault) in [
            ("; server_max_window_bits=10", Fault::Missing { parameter: SERVER_NO_CONTEXT }),
            ("; server_no_context_takeover", Fault::Missing { parameter: SERVER_BITS }),
            (
                "; server_no_context_takeover; server_max_window_bits=11",
                Fault::TooLarge { parameter: SERVER_BITS },
            ),
            (&format!("{all}; client_max_window_bits"), Fault::Value { parameter: CLIENT_BITS }),
        ] {
            assert_eq!(judged(offer, answer), Err(fault), "{answer}");
        }
    }

    #[test]
    fn parameters_are_held_to_their_grammar() {
        for (parameters, fault) in [
            ("; x=1", Fault::Unknown { parameter: "x".to_owned() }),
            ("; Server_max_window_bits=9", Fault::Unknown { parameter: "Server_max_window_bits".to_owned() }),
            (
                "; server_no_context_takeover; server_no_context_takeover",
                Fault::Twice { parameter: SERVER_NO_CONTEXT },
            ),
            ("; client_max_window_bits; client_max_window_bits=9", Fault::Twice { parameter: CLIENT_BITS }),
            ("; server_max_window_bits=9; server_max_window_bits=9", Fault::Twice { parameter: SERVER_BITS }),
            ("; client_no_context_takeover=true", Fault::Value { parameter: CLIENT_NO_CONTEXT }),
            ("; server_max_window_bits", Fault::Value { parameter: SERVER_BITS }),
            ("; server_max_window_bits=7", Fault::Value { parameter: SERVER_BITS }),
            ("; server_max_window_bits=16", Fault::Value { parameter: SERVER_BITS }),
            ("; client_max_window_bits=09", Fault::Value { parameter: CLIENT_BITS }),
            ("; client_max_window_bits=+9", Fault::Value { parameter: CLIENT_BITS }),
        ] {
            assert_eq!(judged(DEFAULT, parameters), Err(fault), "{parameters}");
        }
    }

    #[test]
    fn our_server_answers_every_offer_as_our_client_wants_it() {
        for offer in offers() {
            let parameters = read(&offer.to_string()).unwrap();
            let (answer, agreed) = answer(&parameters);
            assert_eq!(read(&answer.to_string()), Ok(answer));
            assert_eq!(offer.judge(&answer), Ok(agreed), "{offer} answered with {answer}");
        }
    }

    #[test]
    fn an_offer_is_written_as_browsers_write_it() {
        assert_eq!(
            DEFAULT.to_string(),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits"
        );
        let all = Offer {
            client_no_context_takeover: true,
            server_no_context_takeover: true,
            client_max_window_bits: Some(9),
            server_max_window_bits: Some(10),
        };
        assert_eq!(
            all.to_string(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=10; client_max_window_bits=9"
        );
    }
}
