//! The same seed is the same run, whatever the number of threads: what each user sends, as the server received it.

use std::collections::BTreeMap;

use super::{finish, folder, wsplan_run};
use crate::support::frames::{close, text};
use crate::support::scripted::{Action, ScriptedServer, Transcript, accepting};

/// Two kinds of users by weight, that draw values, pauses and picks, in steps and in reactions.
const PLAN: &str = r#"
target: ws://127.0.0.1:1
load: { users: 8, iterations: 3 }
scenarios:
  drawing:
    weight: 3
    always:
      - when: { text: ask }
        send: 'reaction {{random_int 1 1000000000}} {{pick "a" "b" "c"}}'
    steps:
      - connect: "/{{user.id}}/{{user.iteration}}/drawing"
      - loop:
          every: 2ms
          times: 2
          steps:
            - think: { between: [0ms, 2ms] }
            - send: 'step {{loop.index}} {{random_int 1 1000000000}} {{pick "a" "b" "c"}}'
      - think: { exponential: { mean: 1ms } }
      - send: "step {{uuid}} {{random_string 20}} {{random_float 0 1}} {{correlation_id}}"
      - think: { normal: { mean: 1ms, stddev: 1ms } }
      - send: "step {{random_float 1 2}} {{random_string 8}}"
      - close: {}
  other:
    steps:
      - connect: "/{{user.id}}/{{user.iteration}}/other"
      - send: "step {{random_int 1 1000000000}} {{uuid}}"
      - send: step
      - send: step
      - send: step
      - close: {}
"#;

/// What came over one connection: the steps' messages in order, then the reactions', which may come anywhere between.
type Sent = (Vec<String>, Vec<String>);

/// What each connection sent, by its path, which says whose it was and in which iteration.
fn run(seed: &str, threads: &str) -> BTreeMap<String, Sent> {
    let folder = folder(PLAN);
    let ask = || Action::Write(text("ask"));
    let close = Action::Write(close(1000, b""));
    let script = accepting([ask(), Action::ReadFrames(2), ask(), Action::ReadToClose, close, Action::Close]);
    let server = ScriptedServer::every(script);
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--seed", seed, "--threads", threads, "--target", &server.url()]);
    let ended = finish(&mut command);
    assert_eq!(ended.status.code(), Some(0), "{}{}", ended.stdout, ended.stderr);
    server.finish().iter().map(sent).collect()
}

fn sent(transcript: &Transcript) -> (String, Sent) {
    let path = transcript.request.split(' ').nth(1).unwrap().to_owned();
    let texts = transcript.frames.iter().filter(|frame| frame.first == 0x81);
    let texts = texts.map(|frame| String::from_utf8(frame.payload.clone()).unwrap());
    (path, texts.partition(|text| text.starts_with("step")))
}

#[test]
fn fixes_what_each_user_sends_whatever_the_threads() {
    let one = run("7", "1");
    assert_eq!(one.len(), 8 * 3, "{:?}", one.keys());
    assert_eq!(one.keys().filter(|path| path.ends_with("other")).count(), 2 * 3);
    assert!(one.values().all(|(steps, _)| steps.len() == 4), "{one:#?}");
    for threads in ["2", "3"] {
        let again = run("7", threads);
        assert_eq!(again.len(), one.len(), "{threads} threads");
        for (path, (steps, reactions)) in &again {
            assert_eq!(steps, &one[path].0, "{threads} threads, {path}");
            // How many come before the end depends on the machine; what they say does not.
            let both = reactions.iter().zip(&one[path].1);
            assert!(both.clone().all(|(here, there)| here == there), "{threads} threads, {path}");
        }
    }
    let other = run("8", "2");
    assert!(one.iter().all(|(path, (steps, _))| other.get(path).is_some_and(|other| other.0 != *steps)));
}
