//! One shape for every mistake that can be pointed at: code, severity, message, labelled spans, help.
