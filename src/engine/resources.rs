//! What the process and its machine have open, as the system counts it.

use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit};

use super::preflight::port_range;
use crate::metrics::Resources;

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks now and then, and keeps the peaks.
pub(super) struct Lookout {
    seen: Resources,
    source_count: u64,
    next: Instant,
}

impl Lookout {
    /// Of a process whose connections come from so many addresses.
    pub(super) fn new(source_count: usize) -> Self {
        let source_count = source_count.max(1) as u64;
        Self { seen: look(source_count), source_count, next: Instant::now() + LOOK_EVERY }
    }

    /// Looks, where the last look is long enough ago.
    pub(super) fn glance(&mut self) {
        let now = Instant::now();
        if now >= self.next {
            self.seen.see(look(self.source_count));
            self.next = now + LOOK_EVERY;
        }
    }

    pub(super) fn seen(&self) -> Resources {
        self.seen
    }
}

fn look(source_count: u64) -> Resources {
    Resources {
        files_peak: open_files(),
        files_limit: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft),
        sockets_peak: tcp_sockets(),
        ports_available: port_range()
            .map(|(first, last)| (u64::from(last.saturating_sub(first)) + 1) * source_count),
    }
}

/// How many file descriptors this process has open. Since 6.2 Linux says so without listing them.
fn open_files() -> Option<u64> {
    const FOLDER: &str = "/proc/self/fd";
    match std::fs::metadata(FOLDER).ok()?.len() {
        // The folder being read is one of them.
        0 => std::fs::read_dir(FOLDER).ok().map(|files| (files.count() as u64).saturating_sub(1)),
        count => Some(count),
    }
}

/// TCP sockets of this network namespace: in use, and in `TIME_WAIT`.
fn tcp_sockets() -> Option<u64> {
    let of = |path: &str| std::fs::read_to_string(path).ok().as_deref().and_then(counted);
    // Those in TIME_WAIT stand in the first file, of both families.
    Some(of("/proc/net/sockstat")? + of("/proc/net/sockstat6").unwrap_or(0))
}

/// The sum of `inuse` and `tw` in the line of TCP.
fn counted(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:").or(line.strip_prefix("TCP6:")))?;
    let words: Vec<_> = line.split_whitespace().collect();
    let figure = |pair: &[&str]| ["inuse", "tw"].contains(&pair[0]).then(|| pair[1].parse::<u64>().ok())?;
    Some(words.chunks_exact(2).filter_map(figure).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_in_use_and_waiting_are_counted() {
        let text = "sockets: used 160\nTCP: inuse 12 orphan 3 tw 40 alloc 8 mem 1\nUDP: inuse 7 mem 0\n";
        assert_eq!(counted(text), Some(52));
        assert_eq!(counted("TCP6: inuse 5\nUDP6: inuse 9\n"), Some(5));
        assert_eq!(counted("UDP: inuse 7 mem 0\n"), None);
        assert_eq!(counted(""), None);
    }

    #[test]
    fn one_more_file_is_one_more() {
        // Other tests open and close files meanwhile; so many they do not close.
        const MANY: usize = 300;
        let before = open_files().unwrap();
        let files: Vec<_> = (0..MANY).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        assert!(open_files().unwrap() >= before.saturating_sub(100) + MANY as u64);
        drop(files);
    }

    #[test]
    fn peaks_are_kept() {
        let mut lookout = Lookout::new(0);
        lookout.next = Instant::now();
        lookout.glance();
        assert!(lookout.next > Instant::now());
        assert!(lookout.seen().files_peak <= lookout.seen().files_limit);
    }
}
