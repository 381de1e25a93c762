//! Debian's tinyproxy, an HTTP proxy that asks for a password.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{eventually, terminate};

const USER: &str = "ann";
const PASSWORD: &str = "hunter2";

/// It, on a port of its own.
pub(super) struct Tinyproxy {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Tinyproxy {
    /// `None`, said on standard error, where it is not installed.
    pub(super) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "Listen 127.0.0.1\nPort {port}\nTimeout 600\nMaxClients 200\nLogLevel Connect\nLogFile \"{}\"\nBasicAuth {USER} {PASSWORD}\n",
            folder.path().join("log").display()
        );
        std::fs::write(folder.path().join("tinyproxy.conf"), configuration).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(folder.path().join("tinyproxy.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            let _ = writeln!(std::io::stderr(), "skipped: tinyproxy is not installed; bin/test installs it");
            return None;
        };
        let listens = || TcpStream::connect(("127.0.0.1", port)).ok();
        let tinyproxy = Self { child, folder, port };
        eventually(listens).expect("tinyproxy listens");
        Some(tinyproxy)
    }

    /// With the name and the password that it knows.
    pub(super) fn url(&self) -> String {
        self.url_with(PASSWORD)
    }

    pub(super) fn url_with(&self, password: &str) -> String {
        format!("http://{USER}:{password}@127.0.0.1:{}", self.port)
    }

    /// Ends it; the servers that it was asked for a way to, in order.
    pub(super) fn finish(mut self) -> Vec<String> {
        terminate(&mut self.child);
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        let asked = log.lines().filter_map(|line| line.split_once(": CONNECT "));
        asked.map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        terminate(&mut self.child);
    }
}
