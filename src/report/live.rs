//! The figures while a run goes on: one line that is drawn over and over on a terminal, and a line every few
//! seconds where there is none.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use super::bar::bar;
use super::paint::{Paint, Tone};
use super::text::columns;
use crate::metrics::search::Progress;
use crate::metrics::{Gauge, Snapshot, Timing, format_count, format_duration, format_rate};

/// How the figures are to be shown.
#[derive(Clone, Copy, Debug)]
pub enum Display {
    /// One line, drawn over at every tick, never wider than the terminal.
    Terminal {
        /// Columns of the terminal.
        width: usize,
        /// Whether to colour it.
        colour: bool,
    },
    /// A line of its own, this often.
    Lines {
        /// The time between two lines.
        every: Duration,
    },
}

/// Rates and percentiles on a terminal are of this much time, so that they can be read before they change.
const TERMINAL_WINDOW: Duration = Duration::from_secs(3);

/// Where in the run a tick is.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Time since the run began.
    pub elapsed: Duration,
    /// Time since the tick before: what the interval's figures are of.
    pub interval: Duration,
    /// How long the run takes, where that is known.
    pub total: Option<Duration>,
    /// How many iterations it has when all users have done theirs, where that is known.
    pub iterations: Option<u64>,
    /// How many users there should be now.
    pub target_users: u64,
    /// How far a search is, where the run is one.
    pub search: Option<Progress>,
}

/// Shows the figures of one run to a writer.
#[derive(Debug)]
pub struct Live<W> {
    writer: W,
    display: Display,
    window: VecDeque<(Duration, Snapshot)>,
    users: Gauge,
    connection_count: u64,
    error_count: u64,
    iteration_count: u64,
    /// Whether it did not fit into the width that the terminal has: it does not come and go with the length of the figures.
    is_bar_out: bool,
    next_line: Duration,
    drawn: bool,
}

impl<W: Write> Live<W> {
    /// Shows nothing until the first tick.
    pub fn new(writer: W, display: Display) -> Self {
        let next_line = match display {
            Display::Terminal { .. } => Duration::ZERO,
            Display::Lines { every } => every,
        };
        Self {
            writer,
            display,
            window: VecDeque::new(),
            users: Gauge::default(),
            connection_count: 0,
            error_count: 0,
            iteration_count: 0,
            is_bar_out: false,
            next_line,
            drawn: false,
        }
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, columns: usize) {
        if let Display::Terminal { width, .. } = &mut self.display
            && *width != columns
        {
            (*width, self.is_bar_out) = (columns, false);
        }
    }

    /// Takes the figures of the interval that has just ended, of all threads together, and shows them if it is
    /// time to.
    pub fn tick(&mut self, interval: Snapshot, moment: Moment) -> io::Result<()> {
        self.users = interval.users;
        self.connection_count += interval.counts.connections_established;
        self.error_count += interval.errors.total();
        self.iteration_count += interval.counts.iterations;
        self.window.push_back((moment.interval, interval));
        self.forget_what_is_past();
        match self.display {
            Display::Terminal { width, colour } => {
                let mut parts = self.parts(moment);
                parts.splice(0..0, self.bar(moment));
                let has_bar = parts[0].is_bar();
                leave_out(&mut parts, width);
                self.is_bar_out |= has_bar && !parts[0].is_bar();
                self.drawn = true;
                // In one write, and over what is there: a line that is taken off first flickers.
                let line = format!("\r{}\x1b[K", line(&parts, Paint { colour }));
                self.writer.write_all(line.as_bytes())?;
            }
            Display::Lines { every } if moment.elapsed >= self.next_line => {
                while self.next_line <= moment.elapsed && !every.is_zero() {
                    self.next_line += every;
                }
                let line = line(&self.parts(moment), Paint { colour: false });
                writeln!(self.writer, "{line}")?;
            }
            Display::Lines { .. } => return Ok(()),
        }
        self.writer.flush()
    }

    /// Takes the line off the terminal, so that something else can be printed; the next tick draws it again.
    pub fn clear(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.drawn) {
            self.writer.write_all(b"\r\x1b[K")?;
            self.writer.flush()?;
        }
        Ok(())
    }

    fn forget_what_is_past(&mut self) {
        let span = match self.display {
            Display::Terminal { .. } => TERMINAL_WINDOW,
            Display::Lines { every } => every,
        };
        let mut held: Duration = self.window.iter().map(|(time, _)| *time).sum();
        while self.window.len() > 1 && held.saturating_sub(self.window[0].0) >= span {
            held -= self.window[0].0;
            self.window.pop_front();
        }
    }

    /// Of the run's time or of its iterations, whichever is nearer to its end.
    fn bar(&self, moment: Moment) -> Option<Part> {
        let of_time = moment.total.map(|total| match total {
            Duration::ZERO => 1.0,
            total => moment.elapsed.as_secs_f64() / total.as_secs_f64(),
        });
        let iterations = moment.iterations.filter(|count| *count > 0);
        let of_iterations = iterations.map(|count| self.iteration_count as f64 / count as f64);
        let share = of_time.into_iter().chain(of_iterations).reduce(f64::max)?;
        let part = Part { least: LEAST, label: "", text: bar(share), tone: Tone::Quiet };
        (!self.is_bar_out).then_some(part)
    }

    fn parts(&self, moment: Moment) -> Vec<Part> {
        let time: Duration = self.window.iter().map(|(time, _)| *time).sum();
        let rate = |of: fn(&Snapshot) -> u64| {
            let count: u64 = self.window.iter().map(|(_, figures)| of(figures)).sum();
            format_rate(if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() })
        };
        let times = self.reply_times();
        let time_at = |percent| times.percentile(percent).map_or_else(|| "-".to_owned(), format_duration);
        let elapsed = match moment.total {
            Some(total) => format!("{} of {}", clock(moment.elapsed), clock(total)),
            None => clock(moment.elapsed),
        };
        let users = format!("{}/{}", format_count(self.users.now), format_count(moment.target_users));
        let errors = if self.error_count == 0 { Tone::Quiet } else { Tone::Bad };
        let part = |least, label, text, tone| Part { least, label, text, tone };
        let mut parts = vec![
            part(0, "", elapsed, Tone::Strong),
            part(1, "users", users, Tone::Plain),
            part(6, "connects", format_count(self.connection_count), Tone::Plain),
            part(4, "out", rate(|figures| figures.counts.messages_sent), Tone::Plain),
            part(3, "in", rate(|figures| figures.counts.messages_received), Tone::Plain),
            part(7, "p50", time_at(50.0), Tone::Plain),
            part(5, "p99", time_at(99.0), Tone::Plain),
            part(2, "errors", format_count(self.error_count), errors),
        ];
        if let Some(search) = moment.search {
            parts.insert(1, part(1, "search", search.to_string(), Tone::Strong));
        }
        parts
    }

    /// What users waited for replies and messages; as long as there are none, for connections.
    fn reply_times(&self) -> Timing {
        let of = |wanted: fn(&str) -> bool| {
            let mut sum = Timing::new();
            let timings = self.window.iter().flat_map(|(_, figures)| figures.timings());
            timings
                .filter(|(name, _)| wanted(name))
                .filter_map(|(_, timing)| timing)
                .for_each(|t| sum.merge(t));
            sum
        };
        let replies = of(|name| matches!(name.rsplit('.').next(), Some("rtt" | "wait")));
        if replies.count() > 0 { replies } else { of(|name| name == "connect.total") }
    }
}

/// A part of the line.
struct Part {
    /// How early it is left out where there is no room; 0 is never.
    least: u8,
    label: &'static str,
    text: String,
    tone: Tone,
}

/// What is left out before everything else.
const LEAST: u8 = 8;

impl Part {
    fn is_bar(&self) -> bool {
        self.least == LEAST
    }

    fn width(&self) -> usize {
        columns(&self.text) + if self.label.is_empty() { 0 } else { self.label.len() + 1 }
    }
}

/// Leaves out what has no room, the less important parts first.
fn leave_out(parts: &mut Vec<Part>, width: usize) {
    let width_of = |parts: &[Part]| parts.iter().map(Part::width).sum::<usize>() + 2 * (parts.len() - 1);
    // The last column stays free: writing it makes some terminals go on to the next line.
    while width_of(parts) >= width && parts.len() > 1 {
        let least = parts.iter().map(|part| part.least).max().unwrap_or(0);
        parts.retain(|part| part.least != least);
    }
}

fn line(parts: &[Part], paint: Paint) -> String {
    let shown = parts.iter().map(|part| {
        let gap = if part.label.is_empty() { "" } else { " " };
        format!("{}{gap}{}", paint.paint(Tone::Quiet, part.label), paint.paint(part.tone, &part.text))
    });
    shown.collect::<Vec<_>>().join("  ")
}

/// Whole seconds: `12s`, `2m05s`, `1h02m05s`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, s) => format!("{h}h{m:02}m{s:02}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::metrics::{ErrorKind, Layout, Recorder, TimerId};

    const SECOND: Duration = Duration::from_secs(1);

    /// One second in which a user came and so much was sent, with replies of so many milliseconds.
    fn second(recorder: &mut Recorder, sent: u64, replies_ms: &[u64]) -> Snapshot {
        recorder.user_started();
        recorder.counts().connections_established += 1;
        recorder.counts().messages_sent += sent;
        recorder.counts().messages_received += 2 * sent;
        for &ms in replies_ms {
            recorder.time(TimerId(1), Duration::from_millis(ms));
        }
        recorder.take()
    }

    fn recorder() -> Recorder {
        Recorder::new(Arc::new(Layout::new(["connect.total", "say.rtt"])))
    }

    fn at(seconds: u32, total: Option<Duration>) -> Moment {
        let elapsed = SECOND * seconds;
        Moment { elapsed, interval: SECOND, total, iterations: None, target_users: 1000, search: None }
    }

    fn written(live: Live<Vec<u8>>) -> String {
        String::from_utf8(live.writer).unwrap()
    }

    #[test]
    fn a_terminal_line_is_drawn_over_the_one_before() {
        let mut recorder = recorder();
        let mut live = Live::new(Vec::new(), Display::Terminal { width: 120, colour: false });
        live.clear().unwrap();
        live.tick(second(&mut recorder, 100, &[]), at(1, Some(SECOND * 90))).unwrap();
        live.tick(second(&mut recorder, 300, &[1, 2, 3]), at(2, Some(SECOND * 90))).unwrap();
        live.clear().unwrap();
        live.clear().unwrap();
        let first = "░░░░░░░░░░   1%  1s of 1m30s  users 1/1,000  connects 1  out 100/s  in 200/s  p50 -  p99 -  errors 0";
        let second = "░░░░░░░░░░   2%  2s of 1m30s  users 2/1,000  connects 2  out 200/s  in 400/s  p50 2.00ms  p99 3.00ms  errors 0";
        assert_eq!(written(live), format!("\r{first}\x1b[K\r{second}\x1b[K\r\x1b[K"));
    }

    #[test]
    fn rates_and_percentiles_are_of_the_last_seconds_and_totals_of_the_run() {
        let mut recorder = recorder();
        let mut live = Live::new(Vec::new(), Display::Terminal { width: 120, colour: false });
        live.tick(second(&mut recorder, 9000, &[500]), at(1, None)).unwrap();
        recorder.error(ErrorKind::Timeout, None, String::new);
        for n in 2..=4 {
            live.tick(second(&mut recorder, 30, &[10]), at(n, None)).unwrap();
        }
        let last = written(live).rsplit('\r').next().unwrap().to_owned();
        assert_eq!(
            last,
            "4s  users 4/1,000  connects 4  out 30.0/s  in 60.0/s  p50 10.0ms  p99 10.0ms  errors 1\x1b[K"
        );
    }

    #[test]
    fn until_there_are_replies_connections_are_what_is_timed() {
        let mut recorder = recorder();
        recorder.time(TimerId(0), Duration::from_millis(7));
        let mut live = Live::new(Vec::new(), Display::Lines { every: SECOND });
        live.tick(recorder.take(), at(1, None)).unwrap();
        assert!(written(live).contains("p50 7.00ms"));
    }

    #[test]
    fn a_narrow_terminal_gets_the_most_important_parts() {
        for (width, expected) in [
            (77, "1s  users 1/1,000  connects 1  out 5.00/s  in 10.0/s  p50 -  p99 -  errors 0"),
            (76, "1s  users 1/1,000  connects 1  out 5.00/s  in 10.0/s  p99 -  errors 0"),
            (50, "1s  users 1/1,000  in 10.0/s  errors 0"),
            (20, "1s  users 1/1,000"),
            (10, "1s"),
            (0, "1s"),
        ] {
            let mut live = Live::new(Vec::new(), Display::Terminal { width: 120, colour: false });
            live.resize(width);
            live.tick(second(&mut recorder(), 5, &[]), at(1, None)).unwrap();
            assert_eq!(written(live), format!("\r{expected}\x1b[K"), "{width} columns");
        }
    }

    /// What the bar says of each of these moments, where it is there; in so many columns.
    fn bars(width: usize, moments: &[(Moment, u64)]) -> Vec<Option<String>> {
        let mut recorder = recorder();
        let mut live = Live::new(Vec::new(), Display::Terminal { width, colour: false });
        for (moment, iterations) in moments {
            recorder.counts().iterations += iterations;
            live.tick(second(&mut recorder, 5, &[]), *moment).unwrap();
        }
        let text = written(live);
        let of_line = |line: &str| line.split_once('%').map(|(bar, _)| bar.to_owned());
        text.split('\r').skip(1).map(of_line).collect()
    }

    #[test]
    fn a_bar_shows_the_share_of_the_time_or_of_the_iterations() {
        let moment = |seconds, total: Option<u32>, iterations| Moment {
            iterations,
            ..at(seconds, total.map(|total| SECOND * total))
        };
        let shown = |moments: &[(Moment, u64)]| bars(120, moments).pop().unwrap();
        let bar = |text: &str| Some(text.to_owned());
        assert_eq!(shown(&[(moment(3, None, None), 0)]), None, "nobody knows");
        assert_eq!(shown(&[(moment(3, Some(10), None), 9)]), bar("███░░░░░░░  30"));
        assert_eq!(shown(&[(moment(3, None, Some(40)), 10)]), bar("██░░░░░░░░  25"));
        let both = moment(3, Some(10), Some(40));
        assert_eq!(shown(&[(both, 10), (both, 10)]), bar("█████░░░░░  50"), "iterations add up");
        assert_eq!(shown(&[(both, 1)]), bar("███░░░░░░░  30"), "the nearer end");
        assert_eq!(shown(&[(moment(30, Some(10), None), 0)]), bar("██████████ 100"), "users are leaving");
        assert_eq!(shown(&[(moment(0, Some(0), Some(0)), 0)]), bar("██████████ 100"));
        assert_eq!(shown(&[(moment(1, None, Some(0)), 0)]), None);
    }

    #[test]
    fn a_bar_is_left_out_first_and_does_not_come_and_go() {
        let moment = |users| Moment { target_users: users, ..at(1, Some(SECOND * 100)) };
        let few = (moment(1), 0);
        let many = (moment(1_000_000_000), 0);
        let full = "░░░░░░░░░░   1%  1s of 1m40s  users 1/1  connects 1  out 5.00/s  in 10.0/s  p50 -  p99 -  errors 0";
        let width = columns(full) + 1;
        let is_there =
            |width, moments: &[_]| bars(width, moments).iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(is_there(width, &[few]), [true]);
        assert_eq!(is_there(width - 1, &[few]), [false]);
        assert_eq!(is_there(width, &[few, many, few, few]), [true, false, false, false]);
        let mut live = Live::new(Vec::new(), Display::Terminal { width: width - 1, colour: false });
        for columns in [width - 1, width] {
            live.resize(columns);
            live.tick(second(&mut recorder(), 5, &[]), few.0).unwrap();
        }
        let without = full.split_once("%  ").unwrap().1;
        let again = full.replace("connects 1", "connects 2");
        assert_eq!(written(live), format!("\r{without}\x1b[K\r{again}\x1b[K"));
    }

    #[test]
    fn lines_have_no_bar() {
        let mut live = Live::new(Vec::new(), Display::Lines { every: SECOND });
        live.tick(second(&mut recorder(), 5, &[]), at(1, Some(SECOND * 2))).unwrap();
        assert!(written(live).starts_with("1s of 2s  users"));
    }

    #[test]
    fn where_there_is_no_terminal_a_line_comes_every_few_seconds() {
        let mut recorder = recorder();
        let mut live = Live::new(Vec::new(), Display::Lines { every: SECOND * 2 });
        for n in 1..=5 {
            live.tick(second(&mut recorder, u64::from(n) * 10, &[]), at(n, None)).unwrap();
        }
        live.clear().unwrap();
        let text = written(live);
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "2s  users 2/1,000  connects 2  out 15.0/s  in 30.0/s  p50 -  p99 -  errors 0",
                "4s  users 4/1,000  connects 4  out 35.0/s  in 70.0/s  p50 -  p99 -  errors 0",
            ]
        );
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn colour_takes_no_room() {
        let draw = |colour| {
            let mut live = Live::new(Vec::new(), Display::Terminal { width: 60, colour });
            live.tick(second(&mut recorder(), 5, &[]), at(1, None)).unwrap();
            written(live)
        };
        let mut stripped = draw(true);
        for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m"] {
            stripped = stripped.replace(code, "");
        }
        assert_ne!(draw(true), draw(false));
        assert_eq!(stripped, draw(false));
    }

    #[test]
    fn clocks() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (65, "1m05s"), (3725, "1h02m05s")] {
            assert_eq!(clock(Duration::from_secs(seconds)), text);
        }
    }
}
