//! The IR: states, transitions, templates, matchers and slots, and the line of the plan each came from.
