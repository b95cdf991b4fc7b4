//! Mapping templates as API Gateway runs them: the language of Apache Velocity 1.7 in AWS's configuration, `$input`,
//! `$util`, `$context`, `$stageVariables`, and JSONPath in Jayway's dialect.
//!
//! A [`Template`] is parsed once, when its API is compiled, and rendered for each request with [`Template::render`].
//! What it may ask about the request comes through [`Request`]; what it changes is in [`Overrides`]. Nothing here does
//! I/O or asks the time, and everything is bounded by [`Limits`].

#![forbid(unsafe_code)]

mod context;
mod error;
mod input;
pub mod json;
pub mod jsonpath;
mod lexer;
mod limits;
mod methods;
mod overrides;
mod parser;
mod program;
mod regex;
mod render;
mod request;
mod template;
mod trace;
mod util;
mod value;
mod world;

pub use context::Place;
pub use error::{Reason, RenderError, SyntaxError};
pub use limits::{Limits, TEMPLATE_BYTES_MAX};
pub use methods::{Defined, Object, Scope};
pub use overrides::Overrides;
pub use request::Request;
pub use template::Template;
pub use trace::{Step, Trace};
pub use value::{Items, List, ListKind, Map, Text, Value};
pub use world::{Root, World};
