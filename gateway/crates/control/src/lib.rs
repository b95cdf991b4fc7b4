//! The control plane: AWS's own APIs for what the gateway serves, so that the AWS CLI, boto3 and CloudFormation drive it.
//!
//! A [`Call`] is a request that was read whole, checked for its signature and taken apart; an operation answers it with an
//! [`Answer`] or an [`ApiError`]. What operations create is kept as [`Objects`], and what is deployed goes to the data plane
//! through [`Publish`]. [`start`] puts the parts together: a [`Server`] that reads requests and an [`Engine`] that carries
//! them out one after the other.
//!
//! **Architecture invariant:** nothing on a request's path waits for this crate.

#![forbid(unsafe_code)]

pub mod apigateway;
pub mod backup;
pub mod cloudwatch;
pub mod limits;
pub mod logs;
pub mod metrics;
pub mod signature;

mod call;
mod cloudformation;
mod credentials;
mod dispatch;
mod error;
mod iam;
mod invoke;
mod lambda;
mod objects;
mod publish;
mod question;
mod s3;
mod server;
mod ssm;
mod sts;
mod wire;

pub use call::{Answer, Call};
pub use credentials::{Credentials, CredentialsError};
pub use dispatch::account::Account;
pub use dispatch::engine::Engine;
pub use dispatch::operations::{Done, Effect, Neighbour, Operations};
pub use dispatch::surroundings::Surroundings;
pub use dispatch::{FileStacks, Settings};
pub use error::ApiError;
pub use invoke::{Invocation, Invoked, Invoker, Invoking, NotInvoked};
pub use objects::{Change, MemoryObjects, Objects, ObjectsError};
pub use publish::{Publish, Refused};
pub use question::{Caller, NotTried, Pending, Question, Trial, Tried};
pub use server::{Clock, Server};

use std::sync::Arc;

use dispatch::Dispatch;
use limits::CALLS_MAX;

/// Makes the two halves of a control plane from what is stored. Both run until they are dropped.
///
/// # Errors
/// When the store or a document in it cannot be read.
pub fn start<S: Operations, O: Objects + 'static, P: Publish>(
    settings: Settings,
    mut objects: O,
    publish: P,
    clock: Clock,
) -> Result<(Server, Engine<S, O, P>), ObjectsError> {
    let state = S::load(&objects.all()?).map_err(ObjectsError)?;
    let (sender, jobs) = tokio::sync::mpsc::channel(CALLS_MAX);
    let files = s3::Store::open(settings.files.join("s3"));
    let files = Arc::new(files.map_err(|error| {
        ObjectsError(format!("{}: {error}", settings.files.join("s3").display()))
    })?);
    let surroundings = Surroundings::new(&settings, files.clone());
    let server = Server::new(Dispatch::new(settings, sender, files), clock);
    Ok((server, Engine::new(jobs, state, objects, publish).settled(surroundings)))
}
