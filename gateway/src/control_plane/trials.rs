//! Trials: one request of what is not deployed, served by a shard.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_compile::Snapshot;
use gateway_control::{NotTried, Trial, Tried};
use gateway_dataplane::trial::{Caller, Trial as Order, Tried as Said};
use gateway_proto::ChunkLimits;
use gateway_proto::HeadLimits;
use gateway_proto::h1::{ChunkedDecoder, Parsed, ResponseBody, ResponseHead};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::load::Loader;
use crate::shards::Trier;

/// How long a trial may take, in seconds. Source: the longest that an authorizer and an integration may take together on AWS
/// is 39 s, with a margin.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Bytes of an answer that are read. Source: API Gateway quotas, "Payload size", 10 MB, with room for a head and chunks.
const ANSWER_BYTES_MAX: usize = 12 * 1024 * 1024;

/// Compiles what is tried, has a shard serve it, and says what became of it.
pub(super) async fn carry_out(
    loader: Arc<Loader>,
    serving: Option<Arc<Snapshot>>,
    trier: Option<Trier>,
    trial: Trial,
) -> Result<Tried, NotTried> {
    let unavailable = |text: &str| NotTried::Unavailable(text.to_owned());
    let trier = trier.ok_or_else(|| unavailable("the gateway is starting"))?;
    let definitions = trial.definitions.clone();
    let compiling = move || loader.compile_trial(definitions, serving.as_deref());
    let compiled = tokio::task::spawn_blocking(compiling).await;
    let compiled = compiled.map_err(|error| NotTried::Unavailable(error.to_string()))?;
    let snapshot = Arc::new(compiled.map_err(NotTried::Refused)?);
    let failed = |error: io::Error| NotTried::Unavailable(format!("a trial broke off: {error}"));
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
    ours.set_nonblocking(true).map_err(failed)?;
    let ours = UnixStream::from_std(ours).map_err(failed)?;
    let (sender, said) = oneshot::channel();
    let gateway_control::Caller { account_id, user_arn, user, access_key, user_agent } =
        trial.caller.clone();
    let order = Order {
        snapshot,
        stream: theirs,
        caller: Caller { account_id, user_arn, user, access_key, user_agent },
        context: trial.context.clone(),
        path: trial.path.clone(),
        // Nobody waits any more: the client is gone.
        reply: Box::new(move |tried| drop(sender.send(tried))),
    };
    if !trier.try_out(order) {
        return Err(unavailable("the mailbox of a shard is full"));
    }
    let started = Instant::now();
    let exchanged = tokio::time::timeout(TIMEOUT, exchange(ours, &trial));
    let exchanged = exchanged.await.map_err(|_| unavailable("the trial takes too long"))?;
    let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (status, headers, body) = exchanged.map_err(failed)?;
    let said = tokio::time::timeout(TIMEOUT, said).await;
    let said =
        said.ok().and_then(Result::ok).ok_or_else(|| unavailable("the gateway is stopping"))?;
    let Said { lines, decision, authorizer_status, is_failure } = said;
    Ok(Tried {
        status,
        headers,
        body,
        log: lines.into_iter().map(|line| (line.unix_ms, line.text)).collect(),
        is_failure,
        ended_unix_ms: gateway_rt::clock::unix_ms(),
        latency_ms,
        decision,
        authorizer_status,
    })
}

type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// Sends the request and reads the whole answer.
async fn exchange(mut stream: UnixStream, trial: &Trial) -> io::Result<Answer> {
    let mut head = format!("{} {} HTTP/1.1\r\n", trial.method, trial.target);
    for (name, value) in &trial.headers {
        // Writing to a string does not fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "x-amzn-RequestId: {}\r\nConnection: close\r\n", trial.request_id);
    if !trial.body.is_empty() {
        let _ = write!(head, "Content-Length: {}\r\n", trial.body.len());
    }
    head.push_str("\r\n");
    let (mut reader, mut writer) = stream.split();
    let sending = async {
        writer.write_all(head.as_bytes()).await?;
        writer.write_all(&trial.body).await
    };
    let receiving = async {
        let mut bytes = Vec::new();
        let mut limited = (&mut reader).take(ANSWER_BYTES_MAX as u64);
        limited.read_to_end(&mut bytes).await.map(|_| bytes)
    };
    // An answer may come before the request is sent whole.
    let (_, bytes) = tokio::join!(sending, receiving);
    parse(bytes?, trial.method == "HEAD")
}

fn parse(mut bytes: Vec<u8>, is_head: bool) -> io::Result<Answer> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "there is no whole answer");
    let mut head = ResponseHead::new();
    loop {
        match head.parse(&bytes, is_head, &HeadLimits::DEFAULT) {
            Ok(Parsed::Complete) if head.is_interim() => drop(bytes.drain(..head.len)),
            Ok(Parsed::Complete) => break,
            _ => return Err(broken()),
        }
    }
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = head.fields.iter();
    let fields =
        fields.map(|field| (lossy(field.name.of(&bytes)), lossy(field.value.of(&bytes)))).collect();
    let mut body = bytes[head.len..].to_vec();
    match head.body {
        ResponseBody::None => body.clear(),
        ResponseBody::Length(length) if body.len() as u64 >= length => {
            body.truncate(length as usize)
        }
        ResponseBody::Length(_) => return Err(broken()),
        ResponseBody::Chunked => {
            let mut decoder = ChunkedDecoder::new(ChunkLimits::DEFAULT);
            let decoded = decoder.decode_in_place(&mut body).map_err(|_| broken())?;
            body.truncate(decoded.written);
        }
        ResponseBody::UntilClose => {}
    }
    Ok((head.status, fields, body))
}
