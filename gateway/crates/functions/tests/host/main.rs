//! A host and its environments over real sockets, a file for each kind of behaviour.

mod answers;
mod failures;
mod hostile;
mod pools;
mod world;
