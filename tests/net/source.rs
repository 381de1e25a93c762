//! Where connections come from, and addresses of both families.

use std::net::IpAddr;

use tokio::net::TcpListener;
use tokio::sync::watch;
use wsplan::net::{ConnectFailureKind, Network, Options, SourceAddresses, UpgradeRequest, connect};
use wsplan::program::{Tls, Url};

use crate::support::scripted::{Action, ScriptedServer, accepting, converse};

fn network(sources: &[&str]) -> Network {
    let texts: Vec<_> = sources.iter().map(|&text| text.to_owned()).collect();
    Network::new(Options::default(), Tls::default()).from(SourceAddresses::parse(&texts).unwrap())
}

#[tokio::test]
async fn users_take_turns() {
    let server = ScriptedServer::every(accepting([Action::Stall]));
    let (target, network) = (Url::parse(&server.url()).unwrap(), network(&["127.0.0.2-127.0.0.4", "::1"]));
    let mut seen = Vec::new();
    let mut open = Vec::new();
    for user in [0, 1, 2, 3, 1, u64::MAX] {
        let connection = connect(&target, &UpgradeRequest::default(), &network, user).await.unwrap();
        assert!(connection.local.port() > 0);
        seen.push(connection.local.ip().to_string());
        open.push(connection);
    }
    assert_eq!(seen, ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.2", "127.0.0.3", "127.0.0.2"]);
    drop(open);
    server.finish();
}

#[tokio::test]
async fn an_address_of_the_other_family_reaches_nobody() {
    let server = ScriptedServer::every(accepting([]));
    let target = Url::parse(&server.url()).unwrap();
    let outcome = connect(&target, &UpgradeRequest::default(), &network(&["::1"]), 0).await;
    assert_eq!(outcome.map(|_| ()).unwrap_err().kind, ConnectFailureKind::Unreachable);
    server.finish();
}

/// Where this machine has IPv6 at all.
#[tokio::test]
async fn an_ipv6_target_is_connected_to() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        (converse(stream, accepting([Action::ReadToEnd]), stopped).await, peer)
    });
    let target = Url::parse(&format!("ws://{address}/chat")).unwrap();
    let connection =
        connect(&target, &UpgradeRequest::default(), &network(&["127.0.0.2", "::1"]), 7).await.unwrap();
    assert_eq!(connection.remote, address);
    drop(connection);
    let (transcript, peer) = serving.await.unwrap();
    assert_eq!(peer.ip(), "::1".parse::<IpAddr>().unwrap());
    assert!(transcript.request.contains(&format!("host: {address}\r\n")), "{}", transcript.request);
}
