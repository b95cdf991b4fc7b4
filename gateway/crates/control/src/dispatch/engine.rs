//! One after the other: operations on the state, their documents on the disk, their stages on the data plane.
//!
//! Calls that came while others were being stored go together: one transaction, one sync, one publishing. A call is answered
//! when all of its batch is on the disk, also one that only reads, since it may have read what the batch wrote. What the data
//! plane refuses is found by doing the batch over, call by call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use gateway_model::{Definitions, Diagnostic};
use tokio::sync::mpsc;

use super::operations::{Effect, Operations};
use super::surroundings::Surroundings;
use super::{Job, What};
use crate::limits::BATCH_CALLS_MAX;
use crate::{Answer, ApiError, Change, Objects, ObjectsError, Publish, Question, Refused};

mod backup;

/// Owns what operations change. [`Engine::run`] is the one writer.
pub struct Engine<S, O, P> {
    jobs: mpsc::Receiver<Job>,
    state: S,
    /// Whether the state holds what is not stored, because the store could not be read again after a failure.
    is_ahead: bool,
    /// Elsewhere only while it is at work.
    objects: Option<O>,
    publish: P,
    /// What files defined when the state was last told, and since when it is shown.
    files: Option<(Arc<Definitions>, u64)>,
    surroundings: Option<Surroundings>,
}

type Answered = Result<Answer, ApiError>;

/// What a client gets.
enum Reply {
    Now(Answered),
    /// What the data plane says.
    Asked(Question),
}

/// What became of a batch.
enum Outcome {
    Done(Vec<Reply>),
    /// The data plane does not take it; nothing has changed.
    Refused(Vec<Diagnostic>),
}

/// What a batch's operations have done in memory.
#[derive(Default)]
struct Batch {
    answers: Vec<Answered>,
    /// Which of them wrote, and must not say so when it is not stored.
    wrote: Vec<bool>,
    changes: Vec<Change>,
    publishes: bool,
    flushes: Vec<Effect>,
    /// By the index of the call.
    questions: BTreeMap<usize, Question>,
}

impl<S: Operations, O: Objects + 'static, P: Publish> Engine<S, O, P> {
    pub(crate) fn new(jobs: mpsc::Receiver<Job>, state: S, objects: O, publish: P) -> Self {
        Self {
            jobs,
            state,
            is_ahead: false,
            objects: Some(objects),
            publish,
            surroundings: None,
            files: None,
        }
    }

    /// Tells the state, now and whenever it is loaded anew, of its surroundings.
    pub(crate) fn settled(mut self, surroundings: Surroundings) -> Self {
        self.state.settle(&surroundings);
        self.surroundings = Some(surroundings);
        self
    }

    /// What is deployed at the start.
    pub fn definitions(&mut self) -> Definitions {
        self.state.definitions()
    }

    /// Carries out calls until nobody can send any more.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.jobs.recv_many(&mut batch, BATCH_CALLS_MAX).await > 0 {
            let (whats, replies): (Vec<_>, Vec<_>) =
                batch.drain(..).map(|job| (job.what, job.reply)).unzip();
            let answers = self.carry_out(&whats).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                match answer {
                    // The client may have gone.
                    Reply::Now(answer) => drop(reply.send(answer)),
                    Reply::Asked(question) => {
                        let answer = question.ask(&mut self.publish);
                        tokio::spawn(async move { reply.send(answer.await) });
                    }
                }
            }
        }
    }

    async fn carry_out(&mut self, batch: &[What]) -> Vec<Reply> {
        match self.attempt(batch, None).await {
            Outcome::Done(answers) => answers,
            Outcome::Refused(diagnostics) if batch.len() == 1 => {
                self.fail(batch, diagnostics).await
            }
            Outcome::Refused(_) => {
                let mut answers = Vec::with_capacity(batch.len());
                for what in batch {
                    let alone = std::slice::from_ref(what);
                    match self.attempt(alone, None).await {
                        Outcome::Done(done) => answers.extend(done),
                        Outcome::Refused(diagnostics) => {
                            answers.extend(self.fail(alone, diagnostics).await);
                        }
                    }
                }
                answers
            }
        }
    }

    /// The answer of a call whose change the data plane does not take: an error, or what a service makes of it.
    async fn fail(&mut self, alone: &[What], diagnostics: Vec<Diagnostic>) -> Vec<Reply> {
        if let [What::Neighbour(..)] = alone
            && let Outcome::Done(answers) = self.attempt(alone, Some(&diagnostics)).await
        {
            return answers;
        }
        vec![Reply::Now(Err(refused(&diagnostics)))]
    }

    async fn attempt(&mut self, whats: &[What], refused: Option<&[Diagnostic]>) -> Outcome {
        if self.is_ahead {
            self.reload().await;
        }
        self.show_files();
        if self.is_ahead {
            return Outcome::Done(whats.iter().map(|_| Reply::Now(Err(unstored()))).collect());
        }
        let Batch { mut answers, wrote, changes, publishes, flushes, mut questions } =
            self.operate(whats, refused);
        if publishes
            && let Err(Refused(diagnostics)) = self.publish.publish(&self.state.definitions()).await
        {
            self.reload().await;
            return Outcome::Refused(diagnostics);
        }
        match self.store(changes).await {
            Ok(()) => flushes.into_iter().for_each(|flush| self.flush(flush)),
            Err(error) => {
                tracing::error!(%error, "Changes of the control plane were not stored");
                self.reload().await;
                if publishes && self.publish.publish(&self.state.definitions()).await.is_err() {
                    tracing::error!("What was stored before is not served");
                }
                for (answer, _) in answers.iter_mut().zip(wrote).filter(|(_, wrote)| *wrote) {
                    *answer = Err(unstored());
                }
            }
        }
        for (answer, what) in answers.iter_mut().zip(whats) {
            if matches!(what, What::Backup) {
                *answer = self.backup().await;
            }
        }
        let replies = answers.into_iter().enumerate().map(|(index, answer)| {
            match questions.remove(&index).filter(|_| answer.is_ok()) {
                Some(question) => Reply::Asked(question),
                None => Reply::Now(answer),
            }
        });
        Outcome::Done(replies.collect())
    }

    /// Tells the state what files define, when that is news to it.
    fn show_files(&mut self) {
        let files = self.publish.files();
        if self.files.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, &files)) {
            return;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let unix_s = now.map_or(0, |since| since.as_secs());
        self.state.show_files(&files, unix_s);
        self.files = Some((files, unix_s));
    }

    /// Carries out a batch in memory.
    fn operate(&mut self, whats: &[What], refused: Option<&[Diagnostic]>) -> Batch {
        let mut batch = Batch::default();
        for what in whats {
            let mut wrote = false;
            let done = match what {
                What::ApiGateway(call) => Some(self.state.answer(call)),
                What::Neighbour(service, call) => {
                    Some(self.state.answer_neighbour(*service, call, refused))
                }
                // Made when all is stored.
                What::Backup => None,
            };
            let answer = done.map_or_else(
                || Ok(Answer::empty(200)),
                |done| {
                    let done = done?;
                    wrote = !done.changes.is_empty();
                    batch.changes.extend(done.changes);
                    match done.effect {
                        Some(Effect::Publish) => batch.publishes = true,
                        Some(Effect::Ask(question)) => {
                            batch.questions.insert(batch.answers.len(), question);
                        }
                        Some(flush) => batch.flushes.push(flush),
                        None => {}
                    }
                    Ok(done.answer)
                },
            );
            batch.answers.push(answer);
            batch.wrote.push(wrote);
        }
        batch
    }

    fn flush(&mut self, flush: Effect) {
        match flush {
            Effect::Publish | Effect::Ask(_) => {}
            Effect::FlushCache { api_id, stage } => self.publish.flush_cache(&api_id, &stage),
            Effect::FlushAuthorizers { api_id, stage } => {
                self.publish.flush_authorizers(&api_id, &stage);
            }
        }
    }

    /// One transaction, on the disk when this returns.
    async fn store(&mut self, changes: Vec<Change>) -> Result<(), ObjectsError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.with_objects(move |objects| {
            objects.commit(&changes)?;
            objects.sync()
        })
        .await
    }

    /// Takes the state as it is stored.
    async fn reload(&mut self) {
        let documents = self.with_objects(Objects::all).await;
        let state =
            documents.map_err(|error| error.to_string()).and_then(|documents| S::load(&documents));
        self.is_ahead = state.is_err();
        match state {
            Ok(state) => {
                self.state = state;
                if let Some(surroundings) = &self.surroundings {
                    self.state.settle(surroundings);
                }
                // Once stacks know what they have made.
                if let Some((files, unix_s)) = &self.files {
                    self.state.show_files(files, *unix_s);
                }
            }
            Err(error) => tracing::error!(%error, "What the control plane stored cannot be read"),
        }
    }

    /// Beside the control thread, which goes on answering.
    async fn with_objects<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut O) -> Result<T, ObjectsError> + Send + 'static,
    ) -> Result<T, ObjectsError> {
        let gone = || ObjectsError("an earlier failure took the store away".to_owned());
        let mut objects = self.objects.take().ok_or_else(gone)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&mut objects);
            (objects, result)
        });
        let (objects, result) = done.await.map_err(|error| ObjectsError(error.to_string()))?;
        self.objects = Some(objects);
        result
    }
}

fn unstored() -> ApiError {
    let text = "The change could not be stored; the gateway's log says why";
    ApiError::new(503, "ServiceUnavailableException", text)
}

/// What does not compile is the client's to change.
fn refused(diagnostics: &[Diagnostic]) -> ApiError {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    let texts: Vec<_> = errors.map(|diagnostic| diagnostic.text.clone()).collect();
    ApiError::bad_request(format!("This cannot be served: {}", texts.join("; ")))
}

#[cfg(test)]
mod tests;
