//! The command-line forms on this machine, in mount namespaces of their own: held against util-linux's programs, and against
//! those who want out. Root, or whoever may make user namespaces, can run them.

#[path = "tool/escape.rs"]
mod escape;
#[path = "tool/pivot_root.rs"]
mod pivot_root;
#[path = "tool/root.rs"]
mod root;
#[path = "tool/run.rs"]
mod run;
#[path = "tool/session.rs"]
mod session;
