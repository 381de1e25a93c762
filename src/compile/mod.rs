//! Plan to program: name resolution, data-flow lints, lowering. Errors accumulate; it never stops at the first.
