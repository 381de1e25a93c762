//! One virtual user, sans-IO: no socket, no clock, no randomness that was not handed in.
