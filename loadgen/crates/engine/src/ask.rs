//! Single requests, one after the other, with their whole answers.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use gateway_proto::h1::ResponseHead;
use gateway_rt::{Moment, Receiver, Sender, mailbox};

use crate::framing::{Malformed, Sink};
use crate::limits::{ANSWER_BODY_BYTES_MAX, JOBS_MAX, SEND_ALONE_BYTES};
use crate::wire::Wire;
use crate::workers::Worker;
use crate::{Answer, EngineError, Failure, Request, Target};

/// Asks a target one thing after the other, on one connection that is kept and made anew when it was closed.
pub struct Client {
    questions: Sender<Question>,
    /// Held for as long as the client is in use.
    _worker: Worker,
}

struct Question {
    request: Request,
    timeout: Duration,
    reply: SyncSender<Result<Answer, Failure>>,
}

/// Sends `requests` one after the other on one connection, each when the one before has its answer.
///
/// An engine that cannot be started is [`Failure::Connect`]; [`Client::new`] says why.
#[must_use]
pub fn ask(
    target: &Target,
    requests: &[Request],
    timeout: Duration,
) -> Vec<Result<Answer, Failure>> {
    match Client::new(target) {
        Ok(client) => requests.iter().map(|request| client.ask(request, timeout)).collect(),
        Err(_) => requests.iter().map(|_| Err(Failure::Connect)).collect(),
    }
}

impl Client {
    /// A client of `target`; it connects with the first question.
    ///
    /// # Errors
    /// [`EngineError::Start`].
    pub fn new(target: &Target) -> Result<Self, EngineError> {
        let worker = Worker::take()?;
        let (questions, inbox) = mailbox(JOBS_MAX).map_err(EngineError::Start)?;
        let target = target.clone();
        worker.run(move || serve(target, inbox));
        Ok(Self { questions, _worker: worker })
    }

    /// Sends `request` and waits for its whole answer.
    ///
    /// # Errors
    /// Why there is none, after `timeout` at the latest; an answer that is too large is [`Failure::Malformed`].
    pub fn ask(&self, request: &Request, timeout: Duration) -> Result<Answer, Failure> {
        let (reply, answer) = sync_channel(1);
        let question = Question { request: request.clone(), timeout, reply };
        self.questions.try_send(question).map_err(|_| Failure::Connect)?;
        answer.recv().unwrap_or(Err(Failure::Closed))
    }
}

/// Answers questions until the client is gone.
async fn serve(target: Target, inbox: Receiver<Question>) {
    let Ok(mut inbox) = inbox.attach() else { return };
    let mut wire = Wire::new(target, Duration::ZERO, 0);
    while let Some(Question { request, timeout, reply }) = inbox.recv().await {
        wire.set_timeout(timeout);
        // Nobody waits for it any more when the client's thread is gone.
        let _ = reply.send(answer(&mut wire, &request).await);
    }
}

async fn answer(wire: &mut Wire, request: &Request) -> Result<Answer, Failure> {
    wire.open(Moment::now()).await?;
    let started = Moment::now();
    wire.arm(started);
    let mut whole = Whole::default();
    let mut bytes = 0;
    let parts = [request.bytes.clone()];
    let ended = if request.bytes.len() <= SEND_ALONE_BYTES {
        wire.send(&parts).await?;
        wire.receive(request.is_head, &mut whole, &mut bytes).await
    } else {
        let socket = wire.socket();
        let receiving = wire.receive(request.is_head, &mut whole, &mut bytes);
        let (ended, is_sent) = Wire::send_beside(socket, &parts, receiving).await;
        if !is_sent {
            wire.close();
        }
        ended
    };
    if wire.has_surplus() {
        wire.close();
    }
    let ended = ended?;
    let Whole { headers, body } = whole;
    Ok(Answer { status: ended.status, headers, body, took_us: ended.at.micros_since(started) })
}

/// Keeps all of an answer.
#[derive(Default)]
struct Whole {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sink for Whole {
    const WANTS_FIELDS: bool = true;

    fn head(&mut self, raw: &[u8], fields: Option<&ResponseHead>) {
        for field in fields.iter().flat_map(|head| &head.fields) {
            let name = String::from_utf8_lossy(field.name.of(raw)).to_ascii_lowercase();
            self.headers.push((name, field.value.of(raw).to_vec()));
        }
    }

    fn body(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        if self.body.len() + piece.len() > ANSWER_BODY_BYTES_MAX {
            return Err(Malformed);
        }
        self.body.extend_from_slice(piece);
        Ok(())
    }
}
