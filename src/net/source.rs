//! Addresses of this machine that connections come from, so that one generator has the ports of several.
//!
//! A connection is told from others by both ends' addresses and ports, and towards one server a source address has only
//! as many ports as the system's range: some 28,000. With several addresses each has that many, provided that the port is
//! chosen when the connection is made, which is when the server is known, and not when the socket is bound.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use tokio::net::{TcpSocket, TcpStream};

/// More addresses than this are a mistake.
const MAX_COUNT: u128 = 65_536;

/// The addresses that users come from, taken in turns; none: whichever the system likes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceAddresses {
    v4: Vec<IpAddr>,
    v6: Vec<IpAddr>,
}

/// Why a text names no addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// Neither an address, nor two with a dash, nor a network.
    NotAnAddress {
        /// As it was written.
        text: String,
    },
    /// The second is before the first, or of the other family.
    Backwards {
        /// As it was written.
        text: String,
    },
    /// More than 65,536 in all.
    TooMany,
}

impl SourceAddresses {
    /// Parses addresses (`127.0.0.2`, `::1`), ranges (`127.0.0.2-127.0.0.9`) and networks (`10.0.0.0/28`), of which the hosts are
    /// meant.
    pub fn parse(texts: &[String]) -> Result<Self, SourceError> {
        let mut sources = Self::default();
        for text in texts {
            sources.add(text.trim())?;
        }
        Ok(sources)
    }

    fn add(&mut self, text: &str) -> Result<(), SourceError> {
        let not_an_address = || SourceError::NotAnAddress { text: text.to_owned() };
        let address = |text: &str| text.trim().parse::<IpAddr>().map_err(|_| not_an_address());
        let (first, last) = if let Some((first, last)) = text.split_once('-') {
            (address(first)?, address(last)?)
        } else if text.contains('/') {
            let network: IpNet = text.parse().map_err(|_| not_an_address())?;
            return self.extend(network.hosts());
        } else {
            (address(text)?, address(text)?)
        };
        let backwards = || SourceError::Backwards { text: text.to_owned() };
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
                self.extend((first.to_bits()..=last.to_bits()).map(|bits| Ipv4Addr::from_bits(bits).into()))
            }
            (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
                self.extend((first.to_bits()..=last.to_bits()).map(|bits| Ipv6Addr::from_bits(bits).into()))
            }
            _ => Err(backwards()),
        }
    }

    fn extend(&mut self, addresses: impl Iterator<Item = IpAddr>) -> Result<(), SourceError> {
        for address in addresses {
            let family = if address.is_ipv4() { &mut self.v4 } else { &mut self.v6 };
            family.push(address);
            if (self.v4.len() + self.v6.len()) as u128 > MAX_COUNT {
                return Err(SourceError::TooMany);
            }
        }
        Ok(())
    }

    /// How many there are towards a server: of the family that has the fewer, where both are there.
    pub fn count(&self) -> usize {
        match (self.v4.len(), self.v6.len()) {
            (0, count) | (count, 0) => count,
            (v4, v6) => v4.min(v6),
        }
    }

    /// The first that is none of this machine's, and why.
    pub fn check(&self) -> Result<(), (IpAddr, io::Error)> {
        for address in self.v4.iter().chain(&self.v6) {
            // A port is not needed for that, and a listener would take one.
            std::net::UdpSocket::bind(SocketAddr::new(*address, 0)).map_err(|error| (*address, error))?;
        }
        Ok(())
    }

    /// Opens a connection from the address whose turn it is for this user.
    pub(super) async fn connect(&self, user: u64, remote: SocketAddr) -> io::Result<TcpStream> {
        let family = if remote.is_ipv4() { &self.v4 } else { &self.v6 };
        if family.is_empty() {
            if self.v4.is_empty() && self.v6.is_empty() {
                return TcpStream::connect(remote).await;
            }
            return Err(io::Error::new(io::ErrorKind::NetworkUnreachable, "no source of its family"));
        }
        let turn = usize::try_from(user % family.len() as u64).unwrap_or(0);
        let socket = if remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        choose_port_late(&socket)?;
        socket.bind(SocketAddr::new(family[turn], 0))?;
        socket.connect(remote).await
    }
}

/// `IP_BIND_ADDRESS_NO_PORT`: with it a port may be in use towards another server, or from another address.
#[cfg(target_os = "linux")]
fn choose_port_late(socket: &TcpSocket) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};
    setsockopt(socket, sockopt::IpBindAddressNoPort, &true).map_err(io::Error::from)
}

/// Other systems have no such option.
#[cfg(not(target_os = "linux"))]
fn choose_port_late(_: &TcpSocket) -> io::Result<()> {
    Ok(())
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAddress { text } => write!(
                f,
                "{text:?} is no address: 127.0.0.2, 127.0.0.2-127.0.0.9 and 10.0.0.0/28 are possible, and ::1"
            ),
            Self::Backwards { text } => write!(f, "{text:?} does not lead from one address up to another"),
            Self::TooMany => write!(f, "these are more than {MAX_COUNT} addresses"),
        }
    }
}

impl std::error::Error for SourceError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<SourceAddresses, SourceError> {
        SourceAddresses::parse(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn addresses_ranges_and_networks_are_taken_apart() {
        let sources = parse(&["127.0.0.254-127.0.1.1", "10.0.0.0/30", "::1", "192.168.0.7"]).unwrap();
        let v4 =
            ["127.0.0.254", "127.0.0.255", "127.0.1.0", "127.0.1.1", "10.0.0.1", "10.0.0.2", "192.168.0.7"];
        assert_eq!(sources.v4, v4.map(|text| text.parse::<IpAddr>().unwrap()));
        assert_eq!(sources.v6, [IpAddr::from(Ipv6Addr::LOCALHOST)]);
        assert_eq!(sources.count(), 1);
        assert_eq!(parse(&["10.0.0.0/28"]).unwrap().count(), 14);
        assert_eq!(parse(&[]), Ok(SourceAddresses::default()));
    }

    #[test]
    fn what_names_none_says_why() {
        for text in ["", "localhost", "127.0.0", "127.0.0.1-", "10.0.0.0/33", "1.2.3.4:80"] {
            assert_eq!(parse(&[text]), Err(SourceError::NotAnAddress { text: text.to_owned() }), "{text}");
        }
        for text in ["127.0.0.9-127.0.0.2", "127.0.0.1-::1"] {
            assert_eq!(parse(&[text]), Err(SourceError::Backwards { text: text.to_owned() }), "{text}");
        }
        for text in ["10.0.0.0/8", "::/0", "::-ffff::"] {
            assert_eq!(parse(&[text]), Err(SourceError::TooMany), "{text}");
        }
    }

    #[test]
    fn an_address_of_somebody_else_is_found() {
        assert!(parse(&["127.0.0.1-127.0.0.9"]).unwrap().check().is_ok());
        // For documentation only (RFC 5737): nobody has it.
        let (address, _) = parse(&["127.0.0.1", "192.0.2.1"]).unwrap().check().unwrap_err();
        assert_eq!(address.to_string(), "192.0.2.1");
    }
}
