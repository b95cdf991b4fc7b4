//! Resolves the names that shards ask for, on the control thread.
//!
//! What the system says holds: its name servers, its search list and its hosts file, read once at
//! start. A name with a dot is taken as it stands first, and searched for only when DNS says that
//! it does not exist; a server that does not answer is no reason to search.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_integration::resolve::{Found, LookupError};
use gateway_integration::{Answer, Question};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Names that are looked up at a time; the others wait in the queue. Ours.
const LOOKUPS_MAX: usize = 64;

/// How long it is known where names below `localhost` are. Ours: it does not change.
const LOCALHOST_TTL: Duration = Duration::from_secs(3600);

/// How long a server has for an answer. Source: the default of `resolv.conf` is 5 s; ours is
/// shorter, so that a second server is asked within the time that a client waits.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a name may take over all servers and search domains. Ours: shorter than
/// [`gateway_integration::resolve::limits::ANSWER_MAX`].
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(8);

const _: () = assert!(
    LOOKUP_TIMEOUT.as_secs() < gateway_integration::resolve::limits::ANSWER_MAX.as_secs(),
    "a shard hears of a failure before it takes the question for lost"
);

/// Answers questions until every asker is gone. Each question gets exactly one answer.
pub(crate) async fn serve(
    questions: mpsc::Receiver<(usize, Question)>,
    reply: impl Fn(usize, Answer),
) {
    serve_with(system(), questions, reply).await;
}

async fn serve_with(
    resolver: TokioResolver,
    mut questions: mpsc::Receiver<(usize, Question)>,
    reply: impl Fn(usize, Answer),
) {
    let mut lookups = JoinSet::new();
    let mut is_open = true;
    while is_open || !lookups.is_empty() {
        tokio::select! {
            question = questions.recv(), if is_open && lookups.len() < LOOKUPS_MAX => {
                match question {
                    Some((shard, question)) => {
                        let resolver = resolver.clone();
                        lookups.spawn(async move { (shard, answer(&resolver, question).await) });
                    }
                    None => is_open = false,
                }
            }
            Some(done) = lookups.join_next() => match done {
                Ok((shard, answer)) => reply(shard, answer),
                // The shard asks again when it has waited long enough.
                Err(error) => tracing::error!(%error, "A lookup ended without an answer"),
            },
        }
    }
}

async fn answer(resolver: &TokioResolver, question: Question) -> Answer {
    let lookup = tokio::time::timeout(LOOKUP_TIMEOUT, lookup(resolver, &question.host));
    let result = lookup.await.unwrap_or(Err(LookupError::Failed));
    match &result {
        Ok(found) => tracing::debug!(host = %question.host, ?found, "Name resolved"),
        Err(error) => tracing::debug!(host = %question.host, ?error, "Name does not resolve"),
    }
    Answer { host: question.host, result }
}

async fn lookup(resolver: &TokioResolver, host: &Arc<str>) -> Result<Found, LookupError> {
    if is_below_localhost(host) {
        let addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        return Ok(Found { addresses, ttl: LOCALHOST_TTL });
    }
    if host.contains('.') {
        match addresses(resolver, format!("{host}.")).await {
            Err(LookupError::NotFound) => {}
            other => return other,
        }
    }
    addresses(resolver, host.to_string()).await
}

/// RFC 6761 section 6.3: such names are this machine's, and name servers are not asked for them.
fn is_below_localhost(host: &str) -> bool {
    const SUFFIX: &str = ".localhost";
    let host = host.strip_suffix('.').unwrap_or(host);
    let at = host.len().checked_sub(SUFFIX.len());
    at.and_then(|at| host.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(SUFFIX))
}

async fn addresses(resolver: &TokioResolver, name: String) -> Result<Found, LookupError> {
    let found = resolver.lookup_ip(name).await.map_err(|e| kind(&e))?;
    let addresses: Vec<IpAddr> = found.iter().collect();
    let ttl = found.valid_until().saturating_duration_since(Instant::now());
    if addresses.is_empty() { Err(LookupError::NotFound) } else { Ok(Found { addresses, ttl }) }
}

fn kind(error: &NetError) -> LookupError {
    if error.is_no_records_found() { LookupError::NotFound } else { LookupError::Failed }
}

/// The system's resolver. Without a readable `resolv.conf` only the hosts file and `localhost`
/// are known, and a warning says so.
fn system() -> TokioResolver {
    match TokioResolver::builder_tokio().and_then(configured) {
        Ok(resolver) => resolver,
        Err(error) => {
            tracing::warn!(%error, "No name server is configured: see /etc/resolv.conf");
            without_servers()
        }
    }
}

fn without_servers() -> TokioResolver {
    let provider = TokioRuntimeProvider::default();
    configured(TokioResolver::builder_with_config(ResolverConfig::default(), provider))
        .expect("a resolver without servers opens nothing")
}

type Builder = hickory_resolver::ResolverBuilder<TokioRuntimeProvider>;

fn configured(mut builder: Builder) -> Result<TokioResolver, NetError> {
    let options = builder.options_mut();
    options.timeout = SERVER_TIMEOUT;
    options.use_hosts_file = ResolveHosts::Always;
    builder.build()
}

#[cfg(test)]
mod tests;
