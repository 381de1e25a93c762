//! Counters, HDR histograms, snapshots that merge without loss, thresholds.
