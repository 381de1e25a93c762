//! Consumers of snapshots and events: the console, the summary file, the live line.
