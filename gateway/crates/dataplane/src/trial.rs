//! A request that an operator tries: TestInvokeMethod and TestInvokeAuthorizer.
//!
//! A [`Trial`] brings a snapshot of its own, which nothing else reaches: one stage with one method. Its request comes over
//! a pair of sockets and takes the way of every other request, but for what finds its method: the path need not be that of
//! the resource. What it meets is written into a journal.
//!
//! **Architecture invariant:** a trial counts nowhere: its snapshot has no plans, no limits and no access log, and its stage's
//! metrics belong to nobody.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use gateway_compile::{MethodIndex, RequestMethod, Snapshot, StageIndex, StagePlan, Variable};
use gateway_proto::{FieldName, is_name};
use gateway_rt::{Buf, TcpStream};

use crate::connection::{self, Client, Peer};
use crate::exchange::Refusal;
use crate::http::await_body;
use crate::journal::{Journal, Line};
use crate::request::Exchange;
use crate::series::StageSeries;
use crate::shard::{Serving, Shard, ShardStage};

/// Who the client of a trial is. Source: control-plane §10.1.
const SOURCE_IP: &str = "test-invoke-source-ip";
const API_KEY: &str = "test-invoke-api-key";
const API_KEY_ID: &str = "test-invoke-api-key-id";

/// One request to try.
pub struct Trial {
    /// One stage with one method.
    pub snapshot: Arc<Snapshot>,
    /// Where the request comes from, and its answer goes.
    pub stream: UnixStream,
    /// Who tries.
    pub caller: Caller,
    /// Further variables of `$context`, by their names.
    pub context: BTreeMap<String, String>,
    /// The request's path as it was given, for the log.
    pub path: String,
    /// Takes what there is to tell, before the answer's end.
    pub reply: Box<dyn FnOnce(Tried) + Send>,
}

/// Who tries, as `$context.identity` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account_id: String,
    /// The ARN of the identity.
    pub user_arn: String,
    /// The id of the identity.
    pub user: String,
    /// The access key's id.
    pub access_key: String,
    /// `User-Agent` of the call that asks for the trial.
    pub user_agent: String,
}

/// What became of a trial, besides its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// The execution log.
    pub lines: Vec<Line>,
    /// What the authorizer's function said.
    pub decision: Option<Vec<u8>>,
    /// 200 for a decision, or the status that says why there is none; `None` where no authorizer was asked.
    pub authorizer_status: Option<u16>,
    /// Whether the gateway answered by itself.
    pub is_failure: bool,
}

/// What an exchange knows of being a trial.
pub(crate) struct Trying {
    serving: Rc<Serving>,
    caller: Caller,
    context: BTreeMap<String, String>,
    path: String,
}

impl Trying {
    /// What `$context` has of who tries.
    pub(crate) fn value(&self, variable: &Variable) -> Option<&[u8]> {
        if !self.context.is_empty() {
            let name = variable.name();
            if let Some(text) = self.context.get(&name) {
                return Some(text.as_bytes());
            }
        }
        let text = match variable {
            Variable::IdentityApiKey => API_KEY,
            Variable::IdentityApiKeyId => API_KEY_ID,
            Variable::IdentityUserAgent => &self.caller.user_agent,
            Variable::IdentityAccountId => &self.caller.account_id,
            Variable::IdentityCaller | Variable::IdentityUser => &self.caller.user,
            Variable::IdentityUserArn => &self.caller.user_arn,
            _ => return None,
        };
        Some(text.as_bytes())
    }

    /// The id of the access key of who tries.
    pub(crate) fn access_key(&self) -> &[u8] {
        self.caller.access_key.as_bytes()
    }

    /// The one stage.
    pub(crate) fn stage(&self) -> &Rc<ShardStage> {
        self.serving.stage(StageIndex(0))
    }

    pub(crate) fn serving(&self) -> &Rc<Serving> {
        &self.serving
    }
}

/// Starts a trial beside what the shard serves.
pub(crate) fn start(shard: &Rc<Shard>, trial: Trial) {
    let visit = shard.gate.enter_late();
    let shard = shard.clone();
    gateway_rt::spawn(async move {
        let Trial { snapshot, stream, caller, context, path, reply } = trial;
        let serving = serving(&shard, snapshot);
        let trying = Trying { serving, caller, context, path };
        match serve(&shard, stream, trying).await {
            Ok(tried) => reply(tried),
            Err(error) => {
                tracing::error!(%error, "A trial's socket cannot be used");
                reply(Tried::default());
            }
        }
        drop(visit);
    });
}

/// What a trial is served from.
fn serving(shard: &Shard, snapshot: Arc<Snapshot>) -> Rc<Serving> {
    let metrics = snapshot.stages.iter().map(|_| StageSeries::default()).collect();
    let stages = shard.stages(&snapshot, metrics);
    Rc::new(Serving { snapshot, stages, functions: HashMap::new() })
}

async fn serve(shard: &Shard, stream: UnixStream, trying: Trying) -> std::io::Result<Tried> {
    let stream = TcpStream::adopt(OwnedFd::from(stream))?;
    let client = Client { stream: stream.into(), peer: Peer::named(SOURCE_IP) };
    let mut x = Box::<Exchange>::default();
    x.trial = Some(Box::new(trying));
    x.journal = Some(Box::default());
    x.rx = Some(Buf::take());
    // Whatever became of the connection, what there is to tell is in the journal.
    let _ = Box::pin(connection::serve_requests(shard, &client, &mut x)).await;
    let Journal { lines, decision, .. } =
        x.journal.take().map(|journal| *journal).unwrap_or_default();
    let is_failure = x.facts.failure.is_some();
    Ok(Tried { lines, decision, authorizer_status: x.facts.authorizer.status, is_failure })
}

/// Fields that bring the request here and are none of the caller's.
fn is_transport(name: &[u8], known: FieldName) -> bool {
    matches!(known, FieldName::Host | FieldName::ContentLength | FieldName::Connection)
        || (name.len() == 16 && is_name(name, b"x-amzn-requestid"))
}

/// Hides what brought the request here.
pub(crate) fn begin(x: &mut Exchange) {
    let mut fields = std::mem::take(&mut x.head.fields);
    fields.retain(|field| !is_transport(x.text(field.name), field.known));
    x.head.fields = fields;
    bare_braces(x);
}

/// Puts braces back that came encoded: a resource's own path is tried as it is, and no client's request has them.
fn bare_braces(x: &mut Exchange) {
    let path = x.head.target.path;
    let Some(rx) = &mut x.rx else { return };
    let bytes = &mut rx.filled_mut()[path.start as usize..path.end as usize];
    let (mut from, mut to) = (0, 0);
    while from < bytes.len() {
        let brace = match bytes.get(from..from + 3) {
            Some(b"%7B") => Some(b'{'),
            Some(b"%7D") => Some(b'}'),
            _ => None,
        };
        bytes[to] = brace.unwrap_or(bytes[from]);
        from += if brace.is_some() { 3 } else { 1 };
        to += 1;
    }
    // It has only become shorter.
    x.head.target.path.end = path.start + to as u32;
}

/// The method to try, and what the request looks like to it. A path that is not the resource's gives no parameters.
pub(crate) async fn find_method(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &StagePlan,
) -> Result<MethodIndex, Refusal> {
    if !x.body.is_whole() {
        await_body(shard, client, x).await?;
    }
    let mut params = std::mem::take(&mut x.params);
    let path = x.text(x.head.target.path);
    let found = match x.facts.method {
        RequestMethod::Other => None,
        method => stage.routes.find(path, method, &mut params),
    };
    if found.is_none() {
        params = Default::default();
    }
    x.params = params;
    x.facts.plan = Some(MethodIndex(0));
    let shown = x.trial.as_ref().map_or_else(String::new, |trial| trial.path.clone());
    x.note_method_request(stage.method(MethodIndex(0)), &shown);
    Ok(MethodIndex(0))
}
