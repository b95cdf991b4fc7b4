//! The control plane: AWS's own APIs for what the gateway serves, so that the AWS CLI, boto3 and CloudFormation drive it.
//!
//! A [`Call`] is a request that was read whole, checked for its signature and taken apart; an operation answers it with an
//! [`Answer`] or an [`ApiError`]. What operations create is kept as [`Objects`], and what is deployed goes to the data plane
//! through [`Publish`].
//!
//! **Architecture invariant:** nothing on a request's path waits for this crate.

#![forbid(unsafe_code)]

mod call;
mod error;
mod objects;
mod publish;

pub use call::{Answer, Call};
pub use error::ApiError;
pub use objects::{Change, MemoryObjects, Objects, ObjectsError};
pub use publish::{Publish, Refused};
