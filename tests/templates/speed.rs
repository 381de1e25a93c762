//! A rough figure for one rendering, printed and never judged: `cargo test --release -- --ignored --nocapture one_rendering`.

use std::hint::black_box;
use std::time::Instant;

use super::User;

#[test]
#[ignore = "prints a figure"]
fn one_rendering() {
    const ROUNDS: u32 = 2_000_000;
    let mut user = User::with(&[
        ("correlation_id", "\"5d1c8a52-3f0e-4a07-9d57-0c4f6f0f3c11\""),
        ("loop.index", "7"),
        ("room", "\"lobby\""),
        ("text", "\"the quick brown fox jumps over the lazy dog\""),
    ]);
    for (what, yaml) in [
        (
            "four slots",
            "{ type: say, id: '{{correlation_id}}', n: '{{loop.index}}', room: '{{room}}', text: '{{text}}' }",
        ),
        ("uuid", "{ id: '{{uuid}}' }"),
        ("random_int", "{ n: '{{random_int 1 1000}}' }"),
        ("pick", "{ side: '{{pick \"buy\" \"sell\"}}' }"),
        ("now_iso", "{ at: '{{now_iso}}' }"),
        ("block", "{ text: '{{#if text}}{{text}}{{/if}}' }"),
    ] {
        let template = user.lower_json(yaml);
        let rounds = if what == "block" { ROUNDS / 20 } else { ROUNDS };
        let mut out = Vec::with_capacity(256);
        let mut scope = user.scope();
        let start = Instant::now();
        for _ in 0..rounds {
            out.clear();
            wsplan::machine::render(black_box(&template), &mut scope, &mut out).unwrap();
            black_box(&out);
        }
        let each = start.elapsed() / rounds;
        println!("{what}: {each:?}");
    }
}
