//! Embedded servers as targets: what the check lets through, the server takes; what it does not take is refused before
//! one is started.

use std::process::{Command, Stdio};

use crate::support::compiling::compile_text;

const OPTIONS: &[(&str, &[&str], &[&str])] = &[
    ("delay", &["5ms", "0", "1m30s", "0.5s", "1d"], &["", "5", "5 ms", "9999999h", "-1s"]),
    ("jitter", &["2ms"], &["fast"]),
    ("keepalive", &["1s", "0"], &["1"]),
    ("keepalive-timeout", &["10s"], &["never"]),
    ("drop", &["0.1%", "100%", "0%"], &["0.1", "101%", "nan%", "%"]),
    ("lose", &["0.1%", "100%"], &["0.1", "101%"]),
    ("duplicate", &["0.1%"], &["twice"]),
    ("reorder", &["100%"], &["1"]),
    ("leak", &["100%", "0%"], &["-1%"]),
    ("max-message", &["64KiB", "1MB", "16MiB", "100B"], &["100", "1kb", ""]),
    ("close-after", &["100"], &["0", "some"]),
    ("deflate", &["true", "false"], &["", "1", "yes"]),
    ("password", &["secret", "a b"], &[""]),
    ("require-login", &["true", "false"], &["1", "yes"]),
    ("seed", &["0", "7"], &["-1", "x"]),
];

fn mistakes(target: &str) -> Vec<String> {
    let plan = format!("target: '{target}'\nscenarios: {{ u: {{ steps: [connect: {{}}] }} }}");
    compile_text(&plan).diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

/// Whether a server started like this comes up; it ends at once, because its standard input does.
fn serves(option: &str, value: &str) -> bool {
    let flag = format!("--{option}={value}");
    let arguments = ["serve", "chat", "--listen", "127.0.0.1:0", "--until-stdin-closes", &flag];
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap().success()
}

#[test]
fn options_that_are_let_through_are_taken() {
    for (option, right, _) in OPTIONS {
        for value in *right {
            assert_eq!(mistakes(&format!("builtin:chat?{option}={value}")), [""; 0]);
            assert!(serves(option, value), "--{option}={value}");
        }
    }
}

#[test]
fn options_that_would_not_be_taken_are_refused() {
    for (option, _, wrong) in OPTIONS {
        for value in *wrong {
            let target = format!("builtin:chat?{option}={value}");
            let found = mistakes(&target);
            let expected = format!("WSP0306 `{target}` is not a target: `{option}` takes ");
            assert!(found.len() == 1 && found[0].starts_with(&expected), "{found:?}");
        }
    }
    let echo = mistakes("builtin:echo?keepalive=1s");
    assert_eq!(
        echo,
        ["WSP0306 `builtin:echo?keepalive=1s` is not a target: the echo server has no `keepalive`"]
    );
}

#[test]
fn every_option_is_tried_here() {
    let mut tried: Vec<&str> = OPTIONS.iter().map(|(option, ..)| *option).collect();
    let mut known = wsplan::program::Builtin::OPTIONS;
    tried.sort_unstable();
    known.sort_unstable();
    assert_eq!(tried, known);
}
