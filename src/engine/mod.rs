//! Drives machines over the network: threads, timers, start and drain, events to metrics.
