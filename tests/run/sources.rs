//! Several addresses to come from: more connections than one address has ports, in a network of the test's own that has
//! few of them.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{Ended, error_count, finish, folder, summary_of};

const USERS: u64 = 300;

const PLAN: &str = r"
target: builtin:echo
load: { users: 300, iterations: 1 }
scenarios: { user: { steps: [connect: {}, barrier: { name: all, within: 10s }] } }
";

/// A shell in a network of its own, whose loopback has a hundred ports for who connects. `None`, said on standard error, where
/// that is not permitted.
fn few_ports(script: &str) -> Option<Command> {
    let network = "ip link set lo up && echo '40000 40099' > /proc/sys/net/ipv4/ip_local_port_range";
    let shell = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "sh", "-c", script]).stdin(Stdio::null());
        command
    };
    let probed = shell(network).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !probed.is_ok_and(|status| status.success()) {
        let _ =
            writeln!(std::io::stderr(), "skipped: `unshare --net` with `ip` is not there or not permitted");
        return None;
    }
    Some(shell(&format!("{network} && {script}")))
}

fn run(before: &str, arguments: &str) -> Option<Ended> {
    let folder = folder(PLAN);
    let mut command =
        few_ports(&format!("{before} exec \"$WSPLAN\" run plan.yaml --format json {arguments}"))?;
    Some(finish(command.current_dir(folder.path()).env("WSPLAN", super::WSPLAN)))
}

#[test]
fn several_addresses_have_more_ports_than_one() {
    let Some(refused) = run("", "") else { return };
    assert_eq!(refused.status.code(), Some(3), "{}", refused.stderr);
    let why = "300 users need a local port each, and there are 100";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);

    let ended = run("", "--source-ip 127.0.0.2-127.0.0.6").unwrap();
    let summary = summary_of(&ended);
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    assert_eq!(summary["connections"]["established"], USERS, "{summary:#}");
    assert_eq!(summary["users"]["peak"], USERS, "{summary:#}");
}

/// Half of the range is kept for others, which nobody could know before the run.
#[test]
fn an_address_without_a_port_left_says_so() {
    let reserved = "echo 40050-40099 > /proc/sys/net/ipv4/ip_local_reserved_ports &&";
    let Some(ended) = run(reserved, "--users 90 --source-ip 127.0.0.2") else { return };
    let summary = summary_of(&ended);
    let established = summary["connections"]["established"].as_u64().unwrap();
    // The server's own port is one of them.
    assert!((48..=50).contains(&established), "{summary:#}");
    assert_eq!(error_count(&summary, "out_of_ports"), 90 - established, "{summary:#}");
    // Those that are connected wait for the others in vain.
    assert_eq!(error_count(&summary, "timeout"), established, "{summary:#}");

    let ended = run(reserved, "--users 90 --source-ip 127.0.0.2,127.0.0.3").unwrap();
    let summary = summary_of(&ended);
    assert_eq!(summary["connections"]["established"], 90, "{summary:#}");
    assert_eq!(summary["errors"], serde_json::json!([]), "{summary:#}");
}
