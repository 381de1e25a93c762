//! When users start and leave: pure functions of elapsed time and counts.
