//! Debian's nginx, which ends TLS: before pages of its own, and before a WebSocket server.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{eventually, terminate};
use crate::support::certificates::{Authority, Purpose};

/// It, on two ports of its own, with a certificate for `localhost`: HTTP/2 on the first, none on the second.
pub(super) struct Nginx {
    child: Child,
    /// Where its files are, and `ca.pem` for those who are to believe it.
    pub(super) folder: TempDir,
    pub(super) ports: [u16; 2],
}

impl Nginx {
    /// `None`, said on standard error, where it is not installed. `/ws` on both ports leads to the `backend`, a host and a
    /// port.
    pub(super) fn start(backend: Option<&str>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let leaf = authority.issue(Purpose::Server, &["localhost"]);
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", &authority.pem());
        write("leaf.pem", &leaf.pem());
        write("leaf.key", &leaf.key_pem());
        let ports = [(); 2]
            .map(|()| TcpListener::bind("127.0.0.1:0").unwrap())
            .map(|it| it.local_addr().unwrap().port());
        write("nginx.conf", &configuration(folder.path(), ports, backend));
        let mut command = Command::new("nginx");
        command.arg("-c").arg(folder.path().join("nginx.conf")).arg("-p").arg(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            let _ = writeln!(std::io::stderr(), "skipped: nginx is not installed; bin/test installs it");
            return None;
        };
        let nginx = Self { child, folder, ports };
        let listens = || TcpStream::connect(("127.0.0.1", ports[1])).ok();
        eventually(listens).expect("nginx listens");
        Some(nginx)
    }
}

fn configuration(folder: &Path, [first, second]: [u16; 2], backend: Option<&str>) -> String {
    let folder = folder.display();
    let sockets = backend.map_or(String::new(), |backend| {
        format!(
            "location /ws {{
                proxy_pass http://{backend}; proxy_http_version 1.1;
                proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
            }}"
        )
    });
    format!(
        "daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
            uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
            server {{
                listen 127.0.0.1:{first} ssl http2;
                listen 127.0.0.1:{second} ssl;
                ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key;
                add_header Set-Cookie 'sid=s1; Path=/; Secure';
                location /go {{ return 307 /who?gone; }}
                location / {{ return 200 '$request_method $server_protocol $http_cookie $host $content_length $request_uri'; }}
                {sockets}
            }}
        }}"
    )
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master takes its worker along on SIGTERM, and not when it is killed.
        terminate(&mut self.child);
    }
}
