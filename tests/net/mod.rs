//! Connections against a server that keeps to its script, however wrong.

mod deflate;
mod handshake;
mod proxy;
mod reading;
mod roundtrip;
mod source;
mod tls;
mod writing;

use wsplan::net::{ConnectFailure, Connection, Network, Options, UpgradeRequest, connect};
use wsplan::program::{Tls, Url};

use crate::support::scripted::ScriptedServer;

/// Connects to `url` as a plain client does.
async fn open(url: &str) -> Result<Connection, ConnectFailure> {
    open_with(url, &UpgradeRequest::default(), &Options::default()).await
}

async fn open_with(
    url: &str,
    request: &UpgradeRequest,
    options: &Options,
) -> Result<Connection, ConnectFailure> {
    let target = Url::parse(url).unwrap();
    let network = Network::new(*options, Tls::default());
    tokio::time::timeout(std::time::Duration::from_secs(20), connect(&target, request, &network, 0))
        .await
        .expect("connecting hung")
}

/// The failure of one connection to `server`, which is finished then.
async fn failure(server: ScriptedServer) -> ConnectFailure {
    let failure = open(&server.url()).await.map(|_| ()).unwrap_err();
    server.finish();
    failure
}
