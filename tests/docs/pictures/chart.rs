//! Users, or arrivals, over time: as many rows high as there are users, scenarios on top of one another.

use std::fmt::Write;
use std::time::Duration;

use wsplan::load::{Arrivals, Cycles, Lane, Load, Profile, Shape};
use wsplan::quantity::Exact;

use super::{COLUMNS, WIDTH, labels, ticks};

/// How many rows there are for one scenario, and for several on top of one another.
const HEIGHTS: [u64; 2] = [6, 10];

/// What scenarios are drawn with.
const INKS: [char; 4] = ['#', 'o', '.', '+'];

/// The seed of what is drawn by lot.
const SEED: u64 = 1;

/// How many users of each scenario there are in each column.
type Series = Vec<[u64; WIDTH]>;

/// Draws a load, of which all is closed or all is open.
pub(super) fn draw(load: &Load, names: &[&str]) -> String {
    let empty = || vec![[0; WIDTH]; names.len()];
    match &load.lanes()[0].shape {
        Shape::Levels(_) => {
            let (length, below) = length_of(load);
            picture("users", names, &closed(load, length, empty()), &below)
        }
        Shape::Cycles(cycles) => rounds(cycles, &load.lanes()[0], names, empty()),
        Shape::Search(_) => panic!("what a search does is up to the server"),
        Shape::Arrivals(_) => {
            let length = coming(load);
            let what = format!("users that arrive in each {}", Exact(length / COLUMNS));
            picture(&what, names, &open(load, length, empty()), &ticks(length))
        }
    }
}

/// Draws how many of those who arrive are there, each staying so long.
pub(super) fn draw_present(load: &Load, names: &[&str], stay: Duration) -> String {
    let length = coming(load);
    let mut series = vec![[0; WIDTH]; names.len()];
    for lane in load.lanes() {
        for (index, instant) in arrivals_of(lane).instants(SEED).enumerate() {
            let comes = lane.begins + instant;
            for (column, place) in (0..COLUMNS).enumerate() {
                let at = middle(length, place);
                series[lane.mix.scenario_of(index as u64)][column] +=
                    u64::from((comes..comes + stay).contains(&at));
            }
        }
    }
    picture("users", names, &series, &ticks(length))
}

/// How long users arrive.
fn coming(load: &Load) -> Duration {
    let own = |lane: &Lane| arrivals_of(lane).duration.unwrap_or(arrivals_of(lane).coming());
    load.lanes().iter().map(|lane| lane.begins + own(lane)).max().unwrap()
}

/// The time that a column stands for.
fn middle(length: Duration, place: u32) -> Duration {
    length * (2 * place + 1) / (2 * COLUMNS)
}

fn profile_of(lane: &Lane) -> &Profile {
    let Shape::Levels(profile) = &lane.shape else { panic!("{lane:?} is not ruled by the time") };
    profile
}

fn arrivals_of(lane: &Lane) -> &Arrivals {
    let Shape::Arrivals(arrivals) = &lane.shape else { panic!("{lane:?} is not open") };
    arrivals
}

/// How long a picture's time is, and what to write below it. A load whose end is up to its users is shown for as long
/// again as its ramp takes.
fn length_of(load: &Load) -> (Duration, Vec<(usize, String)>) {
    if let Some(length) = load.total_duration() {
        return (length, ticks(length));
    }
    let ramps = load.lanes().iter().map(|lane| lane.begins + profile_of(lane).stages()[0].over);
    let ramp = ramps.max().unwrap();
    let end = (WIDTH - 6, "all have left".to_owned());
    if ramp.is_zero() {
        return (Duration::from_secs(1), vec![(0, "0s".to_owned()), end]);
    }
    (ramp * 2, vec![(0, "0s".to_owned()), (WIDTH / 2, Exact(ramp).to_string()), end])
}

fn closed(load: &Load, length: Duration, mut series: Series) -> Series {
    for lane in load.lanes() {
        for (column, place) in (0..COLUMNS).enumerate() {
            let Some(elapsed) = middle(length, place).checked_sub(lane.begins) else { continue };
            let users = profile_of(lane).target_at(elapsed);
            for (scenario, of_scenario) in series.iter_mut().enumerate() {
                of_scenario[column] += lane.mix.count_of(scenario, users);
            }
        }
    }
    series
}

fn open(load: &Load, length: Duration, mut series: Series) -> Series {
    for lane in load.lanes() {
        for (index, instant) in arrivals_of(lane).instants(SEED).enumerate() {
            let at = (lane.begins + instant).as_nanos() * WIDTH as u128 / length.as_nanos();
            let column = usize::try_from(at).unwrap().min(WIDTH - 1);
            series[lane.mix.scenario_of(index as u64)][column] += 1;
        }
    }
    series
}

/// One block a round: how long each lasts is up to its users.
fn rounds(cycles: &Cycles, lane: &Lane, names: &[&str], mut series: Series) -> String {
    let count = (0..WIDTH).take_while(|round| cycles.users_in(*round).is_some()).count();
    let width = WIDTH / count;
    for (round, column) in (0..count).flat_map(|round| (0..width - 1).map(move |column| (round, column))) {
        let users = cycles.users_in(round).unwrap();
        for (scenario, of_scenario) in series.iter_mut().enumerate() {
            of_scenario[round * width + column] = lane.mix.count_of(scenario, users);
        }
    }
    let below: Vec<_> = (0..count).map(|round| (round * width, format!("round {}", round + 1))).collect();
    picture("users", names, &series, &below)
}

fn picture(what: &str, names: &[&str], series: &Series, below: &[(usize, String)]) -> String {
    let sum = |column: usize| series.iter().map(|of_scenario| of_scenario[column]).sum::<u64>();
    let peak = (0..WIDTH).map(sum).max().unwrap();
    assert!(peak > 0 && series.len() <= INKS.len(), "nothing can be drawn of {series:?}");
    let height = HEIGHTS[usize::from(series.len() > 1)];
    let indent = peak.to_string().len();
    let mut text = format!("{what}\n");
    for row in (0..height).rev() {
        let label = match row + 1 {
            top if top == height => peak.to_string(),
            row if row * 2 == height && peak.is_multiple_of(2) => (peak / 2).to_string(),
            _ => String::new(),
        };
        let line: String = (0..WIDTH).map(|column| ink(series, column, row, (height, peak))).collect();
        writeln!(text, "{}", format!("{label:>indent$} |{line}").trim_end()).unwrap();
    }
    writeln!(text, "{:>indent$} +{}", 0, "-".repeat(WIDTH)).unwrap();
    text += &labels(indent + 2, below);
    if names.len() > 1 {
        let key: Vec<String> = names.iter().zip(INKS).map(|(name, ink)| format!("{ink} {name}")).collect();
        writeln!(text, "{:indent$}  {}", "", key.join("   ")).unwrap();
    }
    text
}

/// What stands in a cell: the scenario that reaches into it first, from below.
fn ink(series: &Series, column: usize, row: u64, (height, peak): (u64, u64)) -> char {
    let total = series.iter().map(|of_scenario| of_scenario[column]).sum::<u64>();
    let mut sum = 0;
    for (of_scenario, ink) in series.iter().zip(INKS) {
        sum += of_scenario[column];
        // Who is there is seen, however few they are.
        let reach = if sum == total {
            (sum * height).div_ceil(peak)
        } else {
            ((2 * sum * height + peak) / (2 * peak)).max(sum.min(1))
        };
        if reach > row {
            return ink;
        }
    }
    ' '
}

#[test]
fn rows_are_parts_of_the_peak_and_nobody_is_left_out() {
    let mut few = [0; WIDTH];
    (few[0], few[1], few[2]) = (1, 300, 600);
    let series = vec![few, [0; WIDTH]];
    let column = |column| (0..6).map(|row| ink(&series, column, row, (6, 600))).collect::<String>();
    assert_eq!([column(0), column(1), column(2), column(3)], ["#     ", "###   ", "######", "      "]);
    let stacked = vec![[100; WIDTH], [200; WIDTH]];
    assert_eq!((0..6).map(|row| ink(&stacked, 0, row, (6, 300))).collect::<String>(), "##oooo");
}
