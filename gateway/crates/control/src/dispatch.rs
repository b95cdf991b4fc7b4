//! Which service a request is for, who sent it, and who answers.
//!
//! The order is the specification's: the signature's service first, then `X-Amz-Target`, then the form. What is not signed
//! learns no more than that it must be.

use std::path::PathBuf;
use std::sync::Arc;

use gateway_definition::LoadedStack;
use gateway_store::LogStore;
use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};

use crate::credentials::{Credentials, Identity};
use crate::invoke::{self, Invoker};
use crate::metrics::Metrics;
use crate::signature::{self, Claim, LegacyClaim, Payload};
use crate::wire::{self, Protocol};
use crate::{Answer, ApiError, Call, sts};
use crate::{cloudwatch, lambda, logs, s3};

pub(crate) mod account;
pub(crate) mod engine;
mod guard;
pub(crate) mod operations;
pub(crate) mod surroundings;

pub(crate) use guard::Guard;
use operations::Neighbour;

/// What the control plane is told of its surroundings.
#[derive(Clone)]
pub struct Settings {
    /// The account that it stands for.
    pub account_id: String,
    /// The region where a signature names none of use.
    pub region: String,
    /// Names beside `localhost` under which clients may know it; `Host` is compared with them, without port.
    pub hosts: Vec<String>,
    /// The administrator.
    pub credentials: Credentials,
    /// Where buckets, objects and the code of functions are kept. It is made when there is something to keep.
    pub files: PathBuf,
    /// The log groups.
    pub logs: Arc<LogStore>,
    /// The stacks that files are: shown, and never changed.
    pub stacks: FileStacks,
    /// Invokes functions.
    pub invoker: Invoker,
    /// What was counted by the minute.
    pub metrics: Metrics,
    /// What function URLs look like, with `{id}` and `{region}` for theirs.
    pub function_urls: String,
}

/// Asks for the stacks that files are.
pub type FileStacks = Arc<dyn Fn() -> Arc<Vec<LoadedStack>> + Send + Sync>;

/// A call for the engine, and where its answer goes.
pub(crate) struct Job {
    pub(crate) what: What,
    pub(crate) reply: oneshot::Sender<Result<Answer, ApiError>>,
}

/// What the engine does.
pub(crate) enum What {
    /// An operation of API Gateway v1.
    ApiGateway(Box<Call>),
    /// An operation of a service beside it.
    Neighbour(Neighbour, Box<Call>),
    /// All documents, for `gateway backup`.
    Backup,
}

/// A request's head.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Of a target that is a whole URL.
    pub(crate) authority: Option<String>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    fn request(&self) -> signature::Request<'_> {
        let Self { method, path, query, headers, .. } = self;
        signature::Request { method, path, query, headers }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request().header(name)
    }
}

/// A request whose body is worth reading.
#[derive(Debug)]
pub(crate) struct Admitted {
    proof: Proof,
    protocol: Protocol,
}

/// How a sender says who they are.
#[derive(Debug)]
enum Proof {
    /// Signature Version 4.
    V4(Claim),
    /// Signature Version 2, of an object's URL.
    V2(LegacyClaim),
}

impl Admitted {
    /// Whether it is for Amazon S3, whose bodies go to the disk as they come.
    pub(crate) fn is_object(&self) -> bool {
        match &self.proof {
            Proof::V4(claim) => claim.service() == "s3",
            Proof::V2(_) => true,
        }
    }
}

/// Answers requests; shared by all connections.
pub(crate) struct Dispatch {
    settings: Settings,
    guard: Guard,
    jobs: mpsc::Sender<Job>,
    objects: Arc<s3::Store>,
}

impl Dispatch {
    pub(crate) fn new(
        settings: Settings,
        jobs: mpsc::Sender<Job>,
        objects: Arc<s3::Store>,
    ) -> Self {
        let guard = Guard::new(&settings.hosts);
        Self { settings, guard, jobs, objects }
    }

    /// Looks at a head: whether it may come from a page in a browser, and whether anybody known says they sent it.
    pub(crate) fn admit(&self, head: &Head, request_id: &str) -> Result<Admitted, Answer> {
        let protocol = protocol_of(head, None);
        let refused = |error: &ApiError| protocol.error(error, request_id);
        self.guard.check(head).map_err(|error| refused(&error))?;
        let claim = Claim::of(&head.request()).map_err(|error| {
            // Its clients read no other.
            let is_object = signature::is_object(&head.request());
            let protocol = if is_object { Protocol::RestXml } else { protocol };
            protocol.error(&error, request_id)
        })?;
        if let Some(claim) = claim {
            let protocol = protocol_of(head, Some(&claim));
            return Ok(Admitted { proof: Proof::V4(claim), protocol });
        }
        let protocol = Protocol::RestXml;
        let legacy = LegacyClaim::of(&head.request())
            .map_err(|error| protocol.error(&error, request_id))?
            .filter(|_| s3::names_object(head));
        if let Some(claim) = legacy {
            return Ok(Admitted { proof: Proof::V2(claim), protocol });
        }
        let text = "Missing Authentication Token";
        Err(refused(&ApiError::new(403, "MissingAuthenticationTokenException", text)))
    }

    /// Answers a request that was read whole.
    pub(crate) async fn answer(
        &self,
        head: Head,
        admitted: &Admitted,
        body: Vec<u8>,
        request_id: &str,
        unix_ms: u64,
    ) -> Answer {
        let answered = match &admitted.proof {
            Proof::V4(claim) => self.answer_or_fail(head, claim, body, request_id, unix_ms).await,
            Proof::V2(_) => Err(ApiError::bad_request("Signature Version 2 is for objects only")),
        };
        answered.unwrap_or_else(|error| admitted.protocol.error(&error, request_id))
    }

    /// Answers a request for Amazon S3 whose body has not been read.
    pub(crate) async fn answer_object(
        &self,
        head: &Head,
        admitted: &Admitted,
        body: Incoming,
        request_id: &str,
        unix_ms: u64,
    ) -> Result<s3::Reply, Answer> {
        let refused = |error: ApiError| admitted.protocol.error(&error, request_id);
        let mut lifted = None;
        let verified = self.verify_object(head, &admitted.proof, unix_ms, &mut lifted);
        let (region, payload) = verified.map_err(refused)?;
        let head = lifted.as_ref().unwrap_or(head);
        let asked = s3::Asked { account_id: &self.settings.account_id, region, unix_ms };
        s3::answer(&self.objects, head, &payload, body, asked).await.map_err(refused)
    }

    /// The region that a request for Amazon S3 names, and what its body has to be. `lifted` is its head, where fields of it
    /// stood in the query.
    fn verify_object<'r>(
        &'r self,
        head: &Head,
        proof: &'r Proof,
        unix_ms: u64,
        lifted: &mut Option<Head>,
    ) -> Result<(&'r str, Payload), ApiError> {
        let secret = |access_key_id: &str, token: Option<&str>| {
            let (secret, _) = self.settings.credentials.find(access_key_id, token, unix_ms)?;
            Ok(secret)
        };
        match proof {
            Proof::V4(claim) => {
                let payload = signature::verify_head(claim, &head.request(), unix_ms, secret)?;
                let region = Some(claim.region()).filter(|region| !region.is_empty());
                Ok((region.unwrap_or(&self.settings.region), payload))
            }
            Proof::V2(claim) => {
                let fields = signature::fields_in_query(&head.request())?;
                let head = lifted.insert(head.clone());
                head.headers.extend(fields);
                let bucket = s3::host_bucket(head);
                claim.verify(&head.request(), bucket.as_deref(), unix_ms, secret)?;
                Ok((&self.settings.region, Payload::Unsigned))
            }
        }
    }

    async fn answer_or_fail(
        &self,
        head: Head,
        claim: &Claim,
        body: Vec<u8>,
        request_id: &str,
        unix_ms: u64,
    ) -> Result<Answer, ApiError> {
        let mut identity = Identity::Root;
        signature::verify(claim, &head.request(), &body, unix_ms, |access_key_id, token| {
            let (secret, who) = self.settings.credentials.find(access_key_id, token, unix_ms)?;
            identity = who;
            Ok(secret)
        })?;
        let service = claim.service();
        let call = self.call(head, claim, body, request_id, unix_ms)?;
        match service {
            "apigateway" => match call.path.first().map(|first| &**first) {
                Some("v2") => Err(not_implemented(&call, "The API Gateway v2 API")),
                _ => self.ask(What::ApiGateway(Box::new(call))).await,
            },
            "cloudformation" => {
                self.ask(What::Neighbour(Neighbour::CloudFormation, Box::new(call))).await
            }
            "iam" => self.ask(What::Neighbour(Neighbour::Iam, Box::new(call))).await,
            "lambda" => match invoke::target(&call) {
                Some(function) => self.invoke(&call, function).await,
                None => self.ask(What::Neighbour(Neighbour::Lambda, Box::new(call))).await,
            },
            "monitoring" => self.monitor(call).await,
            "logs" => self.logs(call).await,
            "ssm" => self.ask(What::Neighbour(Neighbour::Ssm, Box::new(call))).await,
            "sts" => sts::answer(&call, &identity, &self.settings.credentials),
            "gateway" if call.path == ["backup"] && call.method == "GET" => {
                self.ask(What::Backup).await
            }
            service => Err(not_implemented(&call, service)),
        }
    }

    fn call(
        &self,
        head: Head,
        claim: &Claim,
        body: Vec<u8>,
        request_id: &str,
        unix_ms: u64,
    ) -> Result<Call, ApiError> {
        let path = wire::path(&head.path)?;
        let query = match claim.is_presigned() {
            false => wire::query(&head.query)?,
            true => {
                let mut query = wire::query(&head.query)?;
                query.retain(|(name, _)| !name.starts_with("X-Amz-"));
                query
            }
        };
        let region = match claim.region() {
            "" => self.settings.region.clone(),
            region => region.to_owned(),
        };
        Ok(Call {
            method: head.method,
            path,
            query,
            headers: head.headers,
            body,
            account_id: self.settings.account_id.clone(),
            region,
            request_id: request_id.to_owned(),
            unix_ms,
        })
    }

    /// `Invoke`: beside the engine, which goes on meanwhile.
    async fn invoke(&self, call: &Call, function: &str) -> Result<Answer, ApiError> {
        lambda::check_arn(call, function)?;
        let (name, qualifier) = lambda::name_of(call, function);
        let shown = |name: &str| Call {
            method: "GET".to_owned(),
            path: ["2015-03-31", "functions", name, "configuration"].map(str::to_owned).into(),
            query: Vec::new(),
            body: Vec::new(),
            ..call.clone()
        };
        let ask = async |name: &str| {
            let what = What::Neighbour(Neighbour::Lambda, Box::new(shown(name)));
            self.ask(what).await.map(|answer| invoke::version_of(&answer))
        };
        let known = match &qualifier {
            None => ask(&name).await,
            Some(qualifier) => {
                let of = ask(&format!("{name}:{qualifier}")).await;
                let has_function = of.is_err() && ask(&name).await.is_ok();
                match of {
                    // The function is known, this of it is not.
                    Err(error) if has_function => return Err(error),
                    of => of,
                }
            }
        };
        invoke::invoke(&self.settings.invoker, call, name, known).await
    }

    /// CloudWatch: beside the engine, and beside the thread that everybody is served on.
    async fn monitor(&self, call: Call) -> Result<Answer, ApiError> {
        let metrics = self.settings.metrics.clone();
        let answer = tokio::task::spawn_blocking(move || cloudwatch::answer(&metrics, &call));
        answer.await.unwrap_or_else(|error| {
            tracing::error!(%error, "A question about metrics broke off");
            let text = "The request could not be answered";
            Err(ApiError::new(500, "InternalServiceError", text))
        })
    }

    /// CloudWatch Logs: beside the engine, on a thread that may wait for the disk.
    async fn logs(&self, call: Call) -> Result<Answer, ApiError> {
        let logs = self.settings.logs.clone();
        let answered = tokio::task::spawn_blocking(move || logs::answer(&logs, &call)).await;
        answered.map_err(|error| {
            tracing::error!(%error, "An operation of CloudWatch Logs broke off");
            ApiError::new(500, "InternalFailure", "The operation broke off")
        })?
    }

    async fn ask(&self, what: What) -> Result<Answer, ApiError> {
        let stopping = || {
            let text = "The gateway is stopping";
            ApiError::new(503, "ServiceUnavailableException", text)
        };
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { what, reply }).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }
}

/// The protocol that the sender reads errors in.
fn protocol_of(head: &Head, claim: Option<&Claim>) -> Protocol {
    let is_cbor = head.header("smithy-protocol").is_some_and(|name| name == "rpc-v2-cbor");
    match claim.map(Claim::service) {
        Some("apigateway" | "execute-api" | "lambda" | "xray") => return Protocol::RestJson,
        Some("s3") => return Protocol::RestXml,
        Some("cloudformation" | "sts" | "iam") => return Protocol::Query,
        _ if is_cbor => return Protocol::Cbor,
        Some("monitoring") if head.header("x-amz-target").is_some() => return Protocol::AwsJson10,
        Some("monitoring") => return Protocol::Query,
        _ => {}
    }
    let is_form = head
        .header("content-type")
        .is_some_and(|text| text.starts_with("application/x-www-form-urlencoded"));
    let has_action = head.query.split('&').any(|pair| pair.starts_with("Action="));
    match () {
        () if head.header("x-amz-target").is_some() => Protocol::AwsJson,
        () if is_form || has_action => Protocol::Query,
        () => Protocol::RestJson,
    }
}

/// 501 with the name that the client used.
fn not_implemented(call: &Call, service: &str) -> ApiError {
    let target = call.header("x-amz-target").and_then(|target| target.split('.').nth(1));
    let form = wire::form::Form::of(call).ok();
    let action = form.as_ref().and_then(|form| form.get("Action"));
    match target.or(action) {
        Some(operation) => ApiError::not_implemented(&format!("{operation} of {service}")),
        None => {
            let path = call.path.join("/");
            ApiError::not_implemented(&format!("{} /{path} of {service}", call.method))
        }
    }
}

#[cfg(test)]
mod tests;
