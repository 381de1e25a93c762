//! What newcomers read is true: plans on the pages are checked, commands are carried out, links lead somewhere, and the
//! ready-made plans run. How blocks are marked is said in `support::documents`.

mod commands;
mod help;
mod links;
mod pictures;
mod plans;
mod ready_made;
mod wsplan;
