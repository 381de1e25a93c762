//! Where users connect: a URL, or an embedded server that the run brings along.

use std::fmt;

use super::{Url, UrlError};

/// Where users connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `ws://127.0.0.1:9001/chat`
    Url(Url),
    /// `[ws://a.example, ws://b.example]`
    Several(Targets),
    /// `builtin:chat?keepalive=1s`
    Builtin(Builtin),
}

/// Servers that can stand in for one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    /// Two at least, as they are written.
    pub urls: Vec<Url>,
    /// In which order a user tries them.
    pub order: TargetOrder,
}

/// In which order a user tries several targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetOrder {
    /// As they are written: everybody begins with the first.
    InOrder,
    /// Each user in an order of its own.
    Random,
}

/// An embedded server and how it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builtin {
    /// One of [`Builtin::NAMES`].
    pub name: String,
    /// Options of the server, as `wsplan serve` knows them, without their dashes: `delay` and `5ms`.
    pub options: Vec<(String, String)>,
}

/// Why a text is not a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetError {
    /// It is not a URL that WebSockets can use.
    Url(UrlError),
    /// There is no such embedded server.
    UnknownBuiltin {
        /// As it was written.
        name: String,
    },
    /// The embedded servers have no such option.
    UnknownOption {
        /// As it was written.
        option: String,
    },
}

impl Builtin {
    /// The embedded servers.
    pub const NAMES: [&'static str; 2] = ["echo", "chat"];
    /// The options that a target may give them.
    pub const OPTIONS: [&'static str; 15] = [
        "delay",
        "jitter",
        "drop",
        "lose",
        "duplicate",
        "reorder",
        "leak",
        "close-after",
        "keepalive",
        "keepalive-timeout",
        "max-message",
        "deflate",
        "password",
        "require-login",
        "seed",
    ];
}

impl TargetOrder {
    /// The word of the plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::InOrder => "in_order",
            Self::Random => "random",
        }
    }
}

impl Target {
    /// Whether any of it is spoken to through TLS.
    pub fn is_secure(&self) -> bool {
        match self {
            Self::Url(url) => url.is_secure(),
            Self::Several(targets) => targets.urls.iter().any(Url::is_secure),
            Self::Builtin(_) => false,
        }
    }

    /// How many there are to connect to.
    pub fn count(&self) -> usize {
        match self {
            Self::Url(_) | Self::Builtin(_) => 1,
            Self::Several(targets) => targets.urls.len(),
        }
    }

    /// Parses `ws://...`, `wss://...`, `http://...`, `https://...`, or `builtin:NAME?option=value&...`.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let Some(builtin) = text.strip_prefix("builtin:") else {
            return Url::parse(text).map(Self::Url).map_err(TargetError::Url);
        };
        let (name, query) = builtin.split_once('?').unwrap_or((builtin, ""));
        if !Builtin::NAMES.contains(&name) {
            return Err(TargetError::UnknownBuiltin { name: name.to_owned() });
        }
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let options = pairs.map(|pair| {
            let (option, value) = pair.split_once('=').unwrap_or((pair, ""));
            if Builtin::OPTIONS.contains(&option) {
                Ok((option.to_owned(), value.to_owned()))
            } else {
                Err(TargetError::UnknownOption { option: option.to_owned() })
            }
        });
        Ok(Self::Builtin(Builtin { name: name.to_owned(), options: options.collect::<Result<_, _>>()? }))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Several(Targets { urls, order }) => {
                f.write_str(order.word())?;
                urls.iter().try_for_each(|url| write!(f, " {url}"))
            }
            Self::Builtin(builtin) => {
                write!(f, "builtin:{}", builtin.name)?;
                for (index, (option, value)) in builtin.options.iter().enumerate() {
                    let separator = if index == 0 { '?' } else { '&' };
                    write!(f, "{separator}{option}={value}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::UnknownBuiltin { name } => write!(f, "there is no embedded server `{name}`"),
            Self::UnknownOption { option } => write!(f, "embedded servers have no option `{option}`"),
        }
    }
}

impl std::error::Error for TargetError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_displays() {
        for text in ["ws://127.0.0.1:9001/chat?x=1", "builtin:echo", "builtin:chat?keepalive=1s&delay=5ms"] {
            assert_eq!(Target::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_nobody_serves() {
        assert_eq!(Target::parse("builtin:chatt"), Err(TargetError::UnknownBuiltin { name: "chatt".into() }));
        assert_eq!(
            Target::parse("builtin:chat?listen=1"),
            Err(TargetError::UnknownOption { option: "listen".into() })
        );
        assert!(matches!(Target::parse("ftp://x"), Err(TargetError::Url(_))));
    }
}
