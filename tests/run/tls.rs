//! Runs through TLS: handshakes counted and timed, and what is said where a server is not believed.

use super::{Ended, error_count, finish, folder, summary_of, wsplan_run};
use crate::support::certificates::{Authority, Purpose};
use crate::support::scripted::{Action, ScriptedServer, accepting};
use crate::support::terminator::{Greeting, Terminator, Terms};

const USERS: u64 = 12;
const ROUNDS: u64 = 3;

/// Three connections a user, one after the other.
const PLAN: &str = r#"
target: wss://localhost:1
tls: { ca: ca.pem, cert: client.pem, key: client.key }
thresholds:
  - tls.handshakes count == 36
  - connect.tls count == 36
load: { users: 12, iterations: 3 }
scenarios:
  user:
    steps:
      - connect: {}
      - name: ask
        request: { send: { id: "{{correlation_id}}" }, reply: { $.id: "{{correlation_id}}" } }
      - close: {}
"#;

/// A server that asks for a certificate, and the run of a plan against it.
struct Setting {
    server: ScriptedServer,
    front: Terminator,
    folder: tempfile::TempDir,
}

impl Setting {
    fn new(plan: &str) -> Self {
        let authority = Authority::new();
        let leaf = authority.issue(Purpose::Server, &["localhost"]);
        let client = authority.issue(Purpose::Client, &["a client"]);
        let server = ScriptedServer::every(accepting([Action::Echo, Action::Echo, Action::ReadToEnd]));
        let terms = Terms { clients: Some(&authority), ..Terms::new(&leaf) };
        let front = Terminator::start(server.address(), &terms);
        let folder = folder(plan);
        let write = |name: &str, pem: String| std::fs::write(folder.path().join(name), pem).unwrap();
        write("ca.pem", authority.pem());
        write("client.pem", client.pem());
        write("client.key", client.key_pem());
        Self { server, front, folder }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = wsplan_run(self.folder.path());
        finish(command.args(["plan.yaml", "--target", &self.front.url()]).args(arguments))
    }

    fn finish(self) -> Vec<Greeting> {
        self.server.finish();
        self.front.finish()
    }
}

#[test]
fn handshakes_are_timed_and_counted() {
    let setting = Setting::new(PLAN);
    let ended = setting.run(&["--format", "json", "--threads", "1"]);
    let (summary, greetings) = (summary_of(&ended), setting.finish());
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    let handshakes = USERS * ROUNDS;
    assert_eq!(summary["tls"]["handshakes"], handshakes, "{summary:#}");
    assert_eq!(summary["tls"]["insecure"], false);
    let theirs = greetings.iter().filter(|greeting| greeting.is_resumed).count() as u64;
    assert_eq!(summary["tls"]["resumed"], theirs, "{summary:#}");
    // Whoever comes the second time can take up what somebody had the first time.
    assert!(theirs > 0, "{summary:#}");
    assert_eq!(greetings.len() as u64, handshakes);
    assert!(greetings.iter().all(|greeting| greeting.has_certificate));
    assert_eq!(summary["metrics"]["connect.tls"]["count"], handshakes, "{summary:#}");
    assert_eq!(summary["messages"]["received"], handshakes, "{summary:#}");
}

#[test]
fn without_resumption_every_handshake_is_whole() {
    let setting = Setting::new(&PLAN.replace("client.key }", "client.key, resumption: false }"));
    let ended = setting.run(&["--format", "json", "--threads", "1"]);
    let (summary, greetings) = (summary_of(&ended), setting.finish());
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    assert_eq!(summary["tls"]["resumed"], 0, "{summary:#}");
    assert!(greetings.iter().all(|greeting| !greeting.is_resumed));
}

#[test]
fn the_insecure_are_told_first() {
    let setting = Setting::new(PLAN);
    let other = Authority::new();
    std::fs::write(setting.folder.path().join("other.pem"), other.pem()).unwrap();

    let refused = summary_of(&setting.run(&["--format", "json", "--ca", "other.pem", "--iterations", "1"]));
    assert_eq!(error_count(&refused, "tls"), USERS, "{refused:#}");
    let sample = refused["errors"][0]["sample"].as_str().unwrap();
    assert!(sample.ends_with("TLS: the server's certificate is signed by nobody who is trusted"), "{sample}");

    let insecure = setting.run(&["--insecure"]);
    assert!(
        insecure.stdout.starts_with("! insecure: no server's certificate was looked at"),
        "{}",
        insecure.stdout
    );
    assert!(insecure.stdout.contains("36 handshakes"), "{}", insecure.stdout);
    assert_eq!(insecure.status.code(), Some(0), "{}", insecure.stdout);
    let summary = summary_of(&setting.run(&["--insecure", "--format", "json"]));
    assert_eq!(summary["tls"]["insecure"], true);

    let both = setting.run(&["--insecure", "--ca", "other.pem"]);
    assert_eq!(both.status.code(), Some(2), "{}", both.stderr);
    let missing = setting.run(&["--ca", "no-such.pem"]);
    assert_eq!(missing.status.code(), Some(2), "{}", missing.stderr);
    setting.finish();
}

#[test]
fn no_key_is_shown_with_the_program() {
    let setting = Setting::new(PLAN);
    let key = std::fs::read_to_string(setting.folder.path().join("client.key")).unwrap();
    let secret: Vec<_> = key.lines().filter(|line| !line.starts_with('-')).collect();
    for emit in ["text", "json"] {
        let mut command = std::process::Command::new(super::WSPLAN);
        command.current_dir(setting.folder.path()).args(["compile", "plan.yaml", "--emit", emit]);
        let ended = finish(&mut command);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains("ca 1"), "{}", ended.stdout);
        assert!(secret.iter().all(|line| !ended.stdout.contains(line)));
    }
    setting.finish();
}
