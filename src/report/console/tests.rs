use std::fmt::Write;
use std::time::Duration;

use super::super::run::tests::{empty_run, eventful_run};
use super::super::{ErrorRow, Place};
use super::*;
use crate::metrics::watch::{Lateness, Limit, Threads};
use crate::metrics::{Context, ErrorKind, LastFrame, Percentile, Reason};

fn plain(report: &RunReport, width: usize) -> String {
    render(report, Look { width, colour: false })
}

#[test]
fn what_came_before_an_error_stands_below_its_sample_a_line_each() {
    let mut report = eventful_run();
    let frame = |ms, is_out, payload: &str| LastFrame {
        at: Duration::from_millis(ms),
        connection: None,
        is_out,
        is_binary: false,
        bytes: 1400,
        payload: payload.to_owned(),
    };
    let row = report.errors.iter_mut().find(|row| row.kind == ErrorKind::Internal).unwrap();
    row.context = Context {
        user: Some(17),
        last_frames: vec![
            frame(1240, true, "{\"type\":\"say\"}"),
            LastFrame { connection: Some("feed".into()), is_binary: true, ..frame(1310, false, "00 ff…") },
            frame(61_000, false, "\x1b[2J\u{202e}gone\r\n"),
        ],
    };
    let text = plain(&report, 60);
    let start = text.find("  internal").unwrap();
    let end = start + text[start..].find("\n\n").unwrap();
    insta::assert_snapshot!(&text[start..end], @r#"
    internal  1  nowhere in the plan
      user 17 panicked
        the last messages of user 17 before it
          1.24s  > text 1,400 B {"type":"say"}
          1.31s  feed < binary 1,400 B 00 ff…
          1m01s  < text 1,400 B \u{1b}[2J\u{202e}gone\r\n
    "#);
}

#[test]
fn an_eventful_run() {
    insta::assert_snapshot!(plain(&eventful_run(), 100), @r#"
    chat  plans/chat.yaml  ended in 30.2s

    users            1,000 started          998 finished       2 failed      1,000 at once
    connections      1,000 attempted      1,000 established    0 failed          2 closed by peer
    messages        60,012 sent         120,345 received      12 unmatched
                   1,988/s sent         3,988/s received
    bytes          4.20 MB sent         9.10 MB received
                  139 kB/s sent        302 kB/s received

                     count   errors      p50      p90      p95      p99    p99.9      max
    connect.total    1,000        0    900us   1.30ms   1.35ms   1.39ms   1.40ms   1.40ms
    say.rtt         60,000       11   3.27ms   5.30ms   5.55ms   5.75ms   5.80ms   5.80ms
    joined.wait          0        3        -        -        -        -        -        -
    日本.rtt             3        0    1m00s    1m30s    1m30s    1m30s    1m30s    1m30s

              succeeded   failed   success      rate
    connect       1,000        0      100%    33.1/s
    say          60,000       11    99.98%   1,988/s   timeout 9, closed_by_peer(1011) 2
    joined            0        3        0%       0/s   timeout 3
    日本              3        0      100%    0.10/s

    errors  15 of 61,012 operations, 0.02%
      timeout  12
        plans/chat.yaml:31  9
          no message matched `$.re` within 2s; 3 came, the last was {"type":"presence","members":17}
        plans/chat.yaml:44  3
          no message matched within 5s
      closed_by_peer(1011)  2  plans/chat.yaml:31
        going\u{1b}[31m away\r\n
      internal  1  nowhere in the plan
        user 17 panicked

    thresholds
      ✓ say.rtt p99 < 250ms    5.75ms
      ✗ errors rate < 0.01%    0.02%
      ✗ joined.wait p95 < 1s   no value

    the generator used 12.3s of CPU (20.4% of 2 threads) and 64.2 MB of memory
    seed 7
    ✗ failed: 2 of 3 thresholds did not hold
    "#);
}

#[test]
fn compression_has_a_line_where_it_was_offered() {
    let mut report = eventful_run();
    let counts = &mut report.totals.counts;
    counts.deflate_declined = 2;
    let line = |report: &RunReport| {
        let page = plain(report, 120);
        page.lines()
            .find(|line| line.starts_with("deflate "))
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(
        line(&report).unwrap(),
        "deflate 0 connections 2 declined - of bytes sent - of bytes received"
    );
    let counts = &mut report.totals.counts;
    counts.connections_deflated = 998;
    (counts.deflate_bytes_sent, counts.deflate_compressed_sent) = (4_000_000, 1_000_000);
    (counts.deflate_bytes_received, counts.deflate_compressed_received) = (1_000, 7);
    assert_eq!(
        line(&report).unwrap(),
        "deflate 998 connections 2 declined 25.0% of bytes sent 0.70% of bytes received"
    );
    assert_eq!(line(&eventful_run()), None);
}

#[test]
fn the_documented_example_is_a_real_report() {
    let documented = include_str!("../../../docs/figures.md");
    assert!(documented.contains(&format!("```text\n{}```", plain(&eventful_run(), 100))));
}

#[test]
fn an_eventful_run_on_eighty_columns() {
    insta::assert_snapshot!(plain(&eventful_run(), 80), @r#"
    chat  plans/chat.yaml  ended in 30.2s

    users            1,000 started               998 finished       2 failed
                     1,000 at once
    connections      1,000 attempted           1,000 established    0 failed
                         2 closed by peer
    messages        60,012 sent              120,345 received      12 unmatched
                   1,988/s sent              3,988/s received
    bytes          4.20 MB sent              9.10 MB received
                  139 kB/s sent             302 kB/s received

                    count  errors     p50     p90     p95     p99   p99.9     max
    connect.total   1,000       0   900us  1.30ms  1.35ms  1.39ms  1.40ms  1.40ms
    say.rtt        60,000      11  3.27ms  5.30ms  5.55ms  5.75ms  5.80ms  5.80ms
    joined.wait         0       3       -       -       -       -       -       -
    日本.rtt            3       0   1m00s   1m30s   1m30s   1m30s   1m30s   1m30s

              succeeded   failed   success      rate
    connect       1,000        0      100%    33.1/s
    say          60,000       11    99.98%   1,988/s   timeout 9, closed_by_peer(1…
    joined            0        3        0%       0/s   timeout 3
    日本              3        0      100%    0.10/s

    errors  15 of 61,012 operations, 0.02%
      timeout  12
        plans/chat.yaml:31  9
          no message matched `$.re` within 2s; 3 came, the last was
          {"type":"presence","members":17}
        plans/chat.yaml:44  3
          no message matched within 5s
      closed_by_peer(1011)  2  plans/chat.yaml:31
        going\u{1b}[31m away\r\n
      internal  1  nowhere in the plan
        user 17 panicked

    thresholds
      ✓ say.rtt p99 < 250ms    5.75ms
      ✗ errors rate < 0.01%    0.02%
      ✗ joined.wait p95 < 1s   no value

    the generator used 12.3s of CPU (20.4% of 2 threads) and 64.2 MB of memory
    seed 7
    ✗ failed: 2 of 3 thresholds did not hold
    "#);
}

#[test]
fn an_eventful_run_on_a_narrow_terminal() {
    insta::assert_snapshot!(plain(&eventful_run(), 45), @r#"
    chat  plans/chat.yaml  ended in 30.2s

    users            1,000 started
                       998 finished
                         2 failed
                     1,000 at once
    connections      1,000 attempted
                     1,000 established
                         0 failed
                         2 closed by peer
    messages        60,012 sent
                   120,345 received
                        12 unmatched
                   1,988/s sent
                   3,988/s received
    bytes          4.20 MB sent
                   9.10 MB received
                  139 kB/s sent
                  302 kB/s received

                    count     p50     p99     max
    connect.total   1,000   900us  1.39ms  1.40ms
    say.rtt        60,000  3.27ms  5.75ms  5.80ms
    joined.wait         0       -       -       -
    日本.rtt            3   1m00s   1m30s   1m30s

              succeeded   failed   success
    connect       1,000        0      100%
    say          60,000       11    99.98%
    joined            0        3        0%
    日本              3        0      100%

    errors  15 of 61,012 operations, 0.02%
      timeout  12
        plans/chat.yaml:31  9
          no message matched `$.re` within 2s; 3
          came, the last was
          {"type":"presence","members":17}
        plans/chat.yaml:44  3
          no message matched within 5s
      closed_by_peer(1011)  2  plans/chat.yaml:31
        going\u{1b}[31m away\r\n
      internal  1  nowhere in the plan
        user 17 panicked

    thresholds
      ✓ say.rtt p99 < 250ms    5.75ms
      ✗ errors rate < 0.01%    0.02%
      ✗ joined.wait p95 < 1s   no value

    the generator used 12.3s of CPU (20.4% of 2
    threads) and 64.2 MB of memory
    seed 7
    ✗ failed: 2 of 3 thresholds did not hold
    "#);
}

fn with_percentiles(list: &str) -> RunReport {
    RunReport { percentiles: Percentile::parse_list(list).unwrap(), ..eventful_run() }
}

/// The tables of times, which stand between the counts and the errors.
fn tables(report: &RunReport, width: usize) -> String {
    let page = plain(report, width);
    let sections: Vec<_> = page.split("\n\n").filter(|section| section.contains("say.rtt  ")).collect();
    sections.join("\n\n")
}

#[test]
fn percentiles_that_are_asked_for_have_a_column_each() {
    let report = with_percentiles("50,66,75,80,90,95,98,99,100");
    insta::assert_snapshot!(tables(&report, 120), @r"
                     count   errors      p50      p66      p75      p80      p90      p95      p98      p99     p100
    connect.total    1,000        0    900us   1.06ms   1.15ms   1.20ms   1.30ms   1.35ms   1.38ms   1.39ms   1.40ms
    say.rtt         60,000       11   3.27ms   4.03ms   4.50ms   4.78ms   5.30ms   5.55ms   5.70ms   5.75ms   5.80ms
    joined.wait          0        3        -        -        -        -        -        -        -        -        -
    日本.rtt             3        0    1m00s    1m00s    1m30s    1m30s    1m30s    1m30s    1m30s    1m30s    1m30s
    ");
    insta::assert_snapshot!(tables(&report, 80), @r"
                    count  errors     p50     p66     p75     p80     p90     p95
    connect.total   1,000       0   900us  1.06ms  1.15ms  1.20ms  1.30ms  1.35ms
    say.rtt        60,000      11  3.27ms  4.03ms  4.50ms  4.78ms  5.30ms  5.55ms
    joined.wait         0       3       -       -       -       -       -       -
    日本.rtt            3       0   1m00s   1m00s   1m30s   1m30s   1m30s   1m30s

                       p98      p99     p100
    connect.total   1.38ms   1.39ms   1.40ms
    say.rtt         5.70ms   5.75ms   5.80ms
    joined.wait          -        -        -
    日本.rtt         1m30s    1m30s    1m30s
    ");
    insta::assert_snapshot!(tables(&with_percentiles("99.99,1"), 40), @r"
                     count   errors   p99.99
    connect.total    1,000        0   1.40ms
    say.rtt         60,000       11   5.80ms
    joined.wait          0        3        -
    日本.rtt             3        0    1m30s

                       p1      max
    connect.total   410us   1.40ms
    say.rtt         849us   5.80ms
    joined.wait         -        -
    日本.rtt        30.0s    1m30s
    ");
}

#[test]
fn a_run_of_nothing() {
    insta::assert_snapshot!(plain(&empty_run(), 80), @r#"
    nothing  nothing.yaml  ended in 0s

    users           0 started       0 finished      0 failed      0 at once
    connections     0 attempted     0 established   0 failed      0 closed by peer
    messages        0 sent          0 received      0 unmatched
    bytes         0 B sent        0 B received

                    count   p50   p90   p95   p99   p99.9   max
    connect.total       0     -     -     -     -       -     -

    the generator used 0s of CPU and 0 B of memory
    seed 7
    ✓ passed
    "#);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut report = eventful_run();
    report.errors[0].sample = "x".repeat(3000);
    report.plan = "日".repeat(100);
    report.errors[1].place.as_mut().unwrap().file = "long/path/".repeat(20);
    report.errors[2].place.as_mut().unwrap().file = "long/path/".repeat(20);
    for width in 40..140 {
        let asked = with_percentiles("50,66,75,80,90,95,98,99,100");
        for line in plain(&report, width).lines().chain(plain(&asked, width).lines()) {
            assert!(columns(line) <= width, "{width} columns: {line:?}");
            assert_eq!(line, line.trim_end(), "{width} columns");
        }
    }
}

#[test]
fn nothing_from_outside_controls_the_terminal() {
    let mut report = eventful_run();
    report.plan = "\x1b[2Jplan".into();
    report.path = "\x1b[2J\n.yaml".into();
    report.judgement.observed[0].expression = "a\x1b[8mb.rtt p99 < 1s".into();
    for row in &mut report.errors {
        row.sample = "\x1b]0;owned\x07\u{202e}\r".into();
        row.place = Some(Place { file: "\x1b[31m.yaml".into(), line: 1, timer: None });
    }
    let text = plain(&report, 100);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text:?}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = render(&eventful_run(), Look { width: 100, colour: true });
    let mut stripped = coloured.clone();
    for code in [0, 1, 2, 31, 32, 33] {
        stripped = stripped.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(stripped, plain(&eventful_run(), 100));
    assert!(coloured.contains("\x1b[31m✗\x1b[0m") && coloured.contains("\x1b[32m✓\x1b[0m"));
}

#[test]
fn many_places_are_summed_up() {
    let mut report = eventful_run();
    let row = |line| ErrorRow {
        kind: ErrorKind::Timeout,
        count: 10,
        place: Some(Place { file: "a.yaml".into(), line, timer: None }),
        sample: String::new(),
        context: Context::default(),
    };
    report.errors = (1..=3).map(row).collect();
    assert!(!plain(&report, 80).contains("more place"));
    report.errors.push(row(4));
    assert!(plain(&report, 80).contains("    a.yaml:3  10\n    and 10 at 1 more place\n"));
    report.errors.push(row(5));
    assert!(plain(&report, 80).contains("    a.yaml:3  10\n    and 20 at 2 more places\n"));
}

#[test]
fn ever_new_close_codes_are_no_wall_of_text() {
    let mut report = eventful_run();
    let row = |code| ErrorRow {
        kind: ErrorKind::ClosedByPeer { code: Some(code) },
        count: 10,
        place: None,
        sample: String::new(),
        context: Context::default(),
    };
    report.errors = (3000..3500).map(row).collect();
    let text = plain(&report, 80);
    assert!(
        text.contains("  closed_by_peer(3011)  10  nowhere in the plan\n  and 4,880 of 488 more kinds\n"),
        "{text}"
    );
}

#[test]
fn verdicts() {
    let mut text = String::new();
    let mut say = |change: fn(&mut RunReport)| {
        let mut report = eventful_run();
        change(&mut report);
        writeln!(text, "{}", plain(&report, 100).lines().last().unwrap()).unwrap();
    };
    say(|_| {});
    say(|report| {
        report.judgement.observed.clear();
        report.judgement.unspoken_error_count = 15;
    });
    say(|report| report.judgement.unspoken_error_count = 15);
    say(|report| (report.exit_status, report.interrupted) = (130, true));
    say(|report| {
        (report.exit_status, report.interrupted) = (130, true);
        report.judgement.observed.clear();
    });
    say(|report| {
        report.exit_status = 3;
        report.judgement.observed.clear();
    });
    say(|report| {
        (report.exit_status, report.is_setup_failed) = (3, true);
        report.judgement.observed.clear();
    });
    say(|report| report.exit_status = 0);
    insta::assert_snapshot!(text, @r#"
    ✗ failed: 2 of 3 thresholds did not hold
    ✗ failed: no threshold allows 15 of the errors
    ✗ failed: 2 of 3 thresholds did not hold, and no threshold allows 15 of the errors
    ! interrupted: 2 of 3 thresholds did not hold
    ! interrupted
    ✗ not carried out: a part of the generator failed
    ✗ not carried out: the setup failed
    ✓ passed
    "#);
}

/// A run whose generator did not keep up, in every way.
fn saturated_run() -> RunReport {
    let threads =
        Threads { count: 1, of: 2, lasted: Duration::from_secs(12), watched: Duration::from_secs(30) };
    let late = Lateness { p99: Duration::from_millis(12), max: Duration::from_millis(48) };
    let limit = Limit { error_count: 3, limit: Some(1024) };
    let mut report = eventful_run();
    report.generator.reasons = vec![
        Reason::Files(limit),
        Reason::Ports(limit),
        Reason::Cpu(threads),
        Reason::RunQueue(threads),
        Reason::LoopLag(late),
        Reason::Timers(late),
    ];
    report.failed_on = vec!["saturated", "errors"];
    report
}

#[test]
fn a_generator_that_did_not_keep_up_is_told_of_first() {
    let text = plain(&saturated_run(), 80);
    let (first, rest) = text.split_once("\n\n").unwrap();
    insta::assert_snapshot!(first, @r"
    ! the generator was the bottleneck: these figures are not the target's alone
      files      3 connections failed for want of a file descriptor, there are 1,024
      ports      3 connections failed for want of a local port, there are 1,024
      cpu        no rest for 12.0s of 30.0s, 1 of 2 threads
      run_queue  in want of a core for 12.0s of 30.0s, 1 of 2 threads
      loop_lag   users that were ready waited 12.0ms at p99, 48.0ms at most
      timers     fired late by 12.0ms at p99, 48.0ms at most
    ");
    assert!(rest.starts_with("chat  plans/chat.yaml"));
    let verdict = "did not hold, and it was to fail on saturated and on errors\n";
    assert!(plain(&saturated_run(), 120).ends_with(verdict), "{rest}");
    assert!(plain(&saturated_run(), 40).lines().all(|line| columns(line) <= 40));
}

#[test]
fn the_documented_bottleneck_is_a_real_one() {
    let mut report = saturated_run();
    report.generator.reasons.retain(|reason| matches!(reason, Reason::Cpu(_) | Reason::LoopLag(_)));
    let text = plain(&report, 100);
    let (first, _) = text.split_once("\n\n").unwrap();
    assert!(
        include_str!("../../../docs/measuring.md").contains(&format!("```text\n{first}\n```")),
        "{first}"
    );
}
