//! The commands that need no server, as a shell sees them: what goes to which stream, and with which status they end.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use wsplan::diagnostic::Code;

const GOOD: &str = "target: ws://127.0.0.1:9\nvars: { n: 1 }\nscenarios:\n  u:\n    steps:\n      - connect: {}\n      - send: { n: \"{{n}}\" }\n";
const WARNED: &str =
    "target: ws://127.0.0.1:9\nvars: { unused: 1 }\nscenarios:\n  u:\n    steps:\n      - connect: {}\n";
const BROKEN: &str = "target: ws://127.0.0.1:9\nscenarios:\n  u:\n    steps:\n      - conect: {}\n";
const SECRET: &str =
    "target: ws://127.0.0.1:9\nscenarios:\n  u:\n    steps:\n      - connect: \"/{{env.WSPLAN_UNSET}}\"\n";

/// A folder with plans in it, in which commands are run.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn plans() -> Self {
        Self::with(&[
            ("good.yaml", GOOD.as_bytes()),
            ("warned.yaml", WARNED.as_bytes()),
            ("broken.yaml", BROKEN.as_bytes()),
            ("secret.yaml", SECRET.as_bytes()),
        ])
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
        command.args(arguments).current_dir(self.0.path()).env_remove("WSPLAN_UNSET").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }
}

struct Ended {
    status: i32,
    out: String,
    err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

#[test]
fn a_plan_without_mistakes_is_ok() {
    let ended = Folder::plans().run(&["check", "good.yaml"]);
    assert_eq!((ended.status, ended.out.as_str(), ended.err.as_str()), (0, "", "good.yaml: ok\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_not_lost_in_silence() {
    let folder = Folder::plans();
    let to = |arguments: &[&str], path: &str| {
        let stdout = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        Ended::of(folder.command(arguments).stdout(stdout).stderr(Stdio::piped()).output().unwrap())
    };
    for arguments in [
        &["run", "builtin:echo", "--send", "x", "--quiet", "--format", "json"][..],
        &["run", "builtin:echo", "--send", "x", "--quiet"],
        &["run", "builtin:echo", "--send", "x", "--print-plan"],
        &["check", "good.yaml", "--dry-run"],
        &["check", "good.yaml", "--format", "json"],
        &["compile", "good.yaml"],
        &["explain"],
        &["schema"],
    ] {
        let full = to(arguments, "/dev/full");
        assert_eq!(full.status, 3, "{arguments:?}: {}", full.err);
        assert!(full.err.contains("error: cannot write to standard output: "), "{arguments:?}: {}", full.err);
        assert_eq!(to(arguments, "/dev/null").status, 0, "{arguments:?}");
    }
    assert_eq!(to(&["check", "broken.yaml", "--format", "json"], "/dev/full").status, 2);
}

#[test]
fn every_file_is_checked_and_none_hides_the_others() {
    let folder = Folder::plans();
    std::fs::create_dir(folder.0.path().join("folder.yaml")).unwrap();
    std::fs::write(folder.0.path().join("latin.yaml"), b"name: caf\xe9\n").unwrap();
    let ended = folder.run_with_input(
        &[
            "check",
            "good.yaml",
            "broken.yaml",
            "missing.yaml",
            "folder.yaml",
            "latin.yaml",
            "-",
            "warned.yaml",
        ],
        BROKEN,
    );
    assert_eq!((ended.status, ended.out.as_str()), (2, ""));
    for said in [
        "good.yaml: ok",
        "[broken.yaml:5:9]",
        "cannot read `missing.yaml`: there is no such file",
        "cannot read `folder.yaml`: it is a directory",
        "`latin.yaml` is not UTF-8: byte 9 (line 1) is 0xE9",
        "[<stdin>:5:9]",
        "[warned.yaml:2:9]",
        "5 errors, 1 warning in 6 files\n",
    ] {
        assert!(ended.err.contains(said), "{said} is missing:\n{}", ended.err);
    }
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let folder = Folder::plans();
    let large = std::fs::File::create(folder.0.path().join("large.yaml")).unwrap();
    large.set_len(wsplan::plan::source::MAX_BYTES + 1).unwrap();
    let ended = folder.run(&["check", "large.yaml"]);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("error[WSP0002]: `large.yaml` is larger than 8 MiB"), "{}", ended.err);
}

#[test]
fn warnings_fail_a_check_only_where_they_are_denied() {
    let folder = Folder::plans();
    assert_eq!(folder.run(&["check", "warned.yaml"]).status, 0);
    assert_eq!(folder.run(&["check", "good.yaml", "warned.yaml", "--deny-warnings"]).status, 2);
    assert_eq!(folder.run(&["check", "good.yaml", "--deny-warnings"]).status, 0);
}

#[test]
fn json_goes_to_standard_output_with_all_its_fields() {
    let folder = Folder::plans();
    let ended = folder.run(&["check", "broken.yaml", "warned.yaml", "missing.yaml", "--format", "json"]);
    assert_eq!((ended.status, ended.err.as_str()), (2, ""));
    let json = ended.json();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["diagnostics"]);
    let all = json["diagnostics"].as_array().unwrap();
    let keys = [
        "code",
        "severity",
        "message",
        "label",
        "help",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "related",
    ];
    for diagnostic in all {
        assert_eq!(diagnostic.as_object().unwrap().keys().collect::<Vec<_>>(), keys);
    }
    let place = |index: usize| {
        ["code", "severity", "file", "line", "column", "end_line", "end_column"]
            .map(|key| all[index][key].clone())
    };
    assert_eq!(
        place(0),
        ["WSP0201".into(), "error".into(), "broken.yaml".into(), json!(5), json!(9), json!(5), json!(15)]
    );
    assert_eq!(
        place(1),
        ["WSP0403".into(), "warning".into(), "warned.yaml".into(), json!(2), json!(9), json!(2), json!(15)]
    );
    let nowhere = Value::Null;
    assert_eq!(
        place(2),
        [
            "WSP0001".into(),
            "error".into(),
            "missing.yaml".into(),
            nowhere.clone(),
            nowhere.clone(),
            nowhere.clone(),
            nowhere
        ]
    );
    let ended = folder.run(&["check", "good.yaml", "--format", "json"]);
    assert_eq!((ended.status, ended.out.as_str()), (0, "{\"diagnostics\":[]}\n"));
}

#[test]
fn related_places_have_their_lines() {
    let plan =
        "target: ws://127.0.0.1:9\ntarget: ws://127.0.0.1:8\nscenarios: { u: { steps: [connect: {}] } }\n";
    let ended = Folder::plans().run_with_input(&["check", "-", "--format", "json"], plan);
    let related = &ended.json()["diagnostics"][0]["related"];
    assert_eq!(*related, json!([{ "message": "first here", "file": "<stdin>", "line": 1, "column": 1 }]));
}

#[test]
fn what_is_no_terminal_gets_no_colour() {
    let ended = Folder::plans().run(&["check", "broken.yaml"]);
    assert!(!ended.err.contains('\u{1b}'), "{}", ended.err);
}

#[test]
fn more_than_anybody_reads_is_counted() {
    let plan = format!("{BROKEN}{}{}", "      - sned: a\n".repeat(150), "      - log: \"{{nobody}}\"\n");
    let folder = Folder::with(&[("many.yaml", plan.as_bytes())]);
    let ended = folder.run(&["check", "many.yaml"]);
    assert_eq!(ended.err.matches("error[").count(), 100);
    assert!(
        ended
            .err
            .ends_with("and 52 more, which `wsplan check --format json` lists\n152 errors in many.yaml\n"),
        "{}",
        ended.err
    );
    let ended = folder.run(&["check", "many.yaml", "--format", "json"]);
    assert_eq!(ended.json()["diagnostics"].as_array().unwrap().len(), 152);
}

#[test]
fn variables_keep_the_type_they_are_written_in() {
    let folder = Folder::plans();
    for (given, sent) in [
        ("5", "5"),
        ("abc", "\"abc\""),
        ("\"5\"", "\"5\""),
        ("[1,2]", "[1,2]"),
        ("a=b", "\"a=b\""),
        ("", "\"\""),
    ] {
        let ended = folder.run(&["compile", "good.yaml", "--emit", "json", "--var", &format!("n={given}")]);
        assert_eq!(ended.status, 0, "{}", ended.err);
        let states = &ended.json()["scenarios"][0]["states"];
        let literal = states[1]["send"]["template"][0]["literal"].as_str().unwrap().to_owned();
        assert_eq!(literal, format!("{{\"n\":{sent}}}"), "--var n={given}");
    }
}

#[test]
fn a_variable_that_the_plan_lacks_is_refused_for_that_plan() {
    let ended = Folder::plans().run(&["check", "good.yaml", "warned.yaml", "--var", "n=2"]);
    assert_eq!(ended.status, 2);
    assert!(
        ended.err.contains("error[WSP0414]: the plan has no variable `n` (in warned.yaml)"),
        "{}",
        ended.err
    );
    let ended = Folder::plans().run(&["check", "good.yaml", "--var", "n"]);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("NAME=VALUE"), "{}", ended.err);
}

#[test]
fn an_unset_environment_is_a_warning_for_a_check_and_an_error_for_a_run() {
    let folder = Folder::plans();
    let checked = folder.run(&["check", "secret.yaml"]);
    assert_eq!(checked.status, 0);
    assert!(checked.err.contains("warning[WSP0413]"), "{}", checked.err);
    let run = folder.run(&["run", "secret.yaml"]);
    assert_eq!((run.status, run.out.as_str()), (2, ""));
    assert!(run.err.contains("error[WSP0413]"), "{}", run.err);
}

#[test]
fn a_secret_is_emitted_in_no_form() {
    let folder = Folder::plans();
    for form in ["text", "json", "dot", "mermaid"] {
        let mut command = folder.command(&["compile", "secret.yaml", "--emit", form]);
        let ended = Ended::of(command.env("WSPLAN_UNSET", "hunter2").output().unwrap());
        assert_eq!(ended.status, 0, "{}", ended.err);
        assert!(!ended.out.contains("hunter2") && !ended.out.is_empty(), "{form}: {}", ended.out);
    }
}

#[test]
fn a_plan_with_mistakes_is_not_emitted() {
    let ended = Folder::plans().run(&["compile", "broken.yaml"]);
    assert_eq!((ended.status, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("error[WSP0201]"), "{}", ended.err);
}

#[test]
fn every_code_is_explained() {
    let folder = Folder::plans();
    let list = folder.run(&["explain"]);
    assert_eq!((list.status, list.err.as_str()), (0, ""));
    assert_eq!(list.out.lines().count(), Code::all().len());
    for code in Code::all() {
        assert!(list.out.contains(&code.to_string()));
        let ended = folder.run(&["explain", &code.to_string().to_lowercase()]);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""));
        assert!(ended.out.starts_with(&format!("{code}: {}\n", code.title())), "{}", ended.out);
    }
    let ended = folder.run(&["explain", "WSP9999"]);
    assert_eq!((ended.status, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("there is no code `WSP9999`"), "{}", ended.err);
}

#[test]
fn a_dry_run_is_told_beside_the_mistakes_and_changes_no_status() {
    let folder = Folder::plans();
    let arguments =
        ["check", "good.yaml", "warned.yaml", "broken.yaml", "--dry-run", "--users", "3", "--format", "json"];
    let ended = folder.run(&arguments);
    let document: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.status, document["diagnostics"].as_array().unwrap().len()), (2, 2));
    let dry_runs = document["dry_runs"].as_array().unwrap();
    let told: Vec<_> = dry_runs.iter().map(|run| (&run["path"], &run["counts"]["messages.sent"])).collect();
    assert_eq!(told, [(&json!("good.yaml"), &json!(3)), (&json!("warned.yaml"), &json!(0))]);
    assert_eq!(
        dry_runs[0]["steps"],
        json!([{ "name": "send", "place": { "file": "good.yaml", "line": 7 }, "messages": 3, "bytes": 21 }])
    );
    assert_eq!((&dry_runs[0]["needs"]["ports"], &dry_runs[0]["ending"]), (&json!(3), &json!("ended")));

    let ended = folder.run(&["check", "good.yaml", "--dry-run", "--peer", "silent", "--seed", "9"]);
    assert_eq!((ended.status, ended.err.as_str()), (0, "good.yaml: ok\n"));
    assert!(
        ended.out.contains("dry run with seed 9; the server is silent, and 1.00ms away"),
        "{}",
        ended.out
    );
    let odd = "target: ws://127.0.0.1:9\nscenarios:\n  u:\n    steps:\n      - connect: {}\n      - expect: { where: { $.n: { gt: 5, lt: 4 } }, within: 1s }\n";
    let ended = folder.run_with_input(&["check", "-", "--dry-run", "--duration", "30s"], odd);
    for line in [
        "\n  <stdin>:6  15\n    nothing was found that satisfies $.n gt 5 and $.n lt 4\n",
        "what fails  15\n  timeout  15  <stdin>:6\n",
    ] {
        assert!(ended.out.contains(line), "{}", ended.out);
    }
    let spinning = odd.replace(
        "expect: { where: { $.n: { gt: 5, lt: 4 } }, within: 1s }",
        "loop: { times: 1000000000, steps: [{ send: more }] }",
    );
    let ended = folder.run_with_input(&["check", "-", "--dry-run"], &spinning);
    assert_eq!(ended.status, 0);
    assert!(
        ended.out.contains("at <stdin>:6 a user goes on and on without any time passing"),
        "{}",
        ended.out
    );
    let ended = folder.run(&["check", "good.yaml", "--peer", "silent"]);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("--dry-run"), "{}", ended.err);
}
