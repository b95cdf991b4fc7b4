//! Who has a place, and who leaves it when all are taken.
//!
//! A connection that waits for a request, or for the rest of one, costs its peer nothing and holds a place for as long as it
//! likes. So when somebody comes and there is no place left, the one that has waited longest goes. Whoever is being answered
//! stays.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::limits::{CONNECTIONS_MAX, HEAD_SECONDS_MAX, IDLE_SECONDS_MAX, PLACE_PAUSE_MS};

/// All places.
pub(super) struct Places {
    permits: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
}

/// Connections that wait, those that have waited longest first.
#[derive(Default)]
struct Waiting {
    next: u64,
    by_turn: BTreeMap<u64, Arc<Place>>,
}

/// Holds a place; it is free when this is dropped.
pub(super) struct Seat {
    pub(super) place: Arc<Place>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.place.leave();
    }
}

/// The place of one connection.
pub(super) struct Place {
    places: Arc<Places>,
    phase: Mutex<Phase>,
    /// Rung when the connection has to go, or to go by another time than before.
    changed: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between two requests.
    Idle { turn: u64, until: Instant },
    /// Before the first request, or a part of a head has come.
    Head { turn: u64, until: Instant },
    /// A head has come, and the body has its own bound.
    Body { turn: u64 },
    /// A request is carried out or answered.
    Answering,
    /// It had to leave.
    Ended,
}

impl Places {
    pub(super) fn new() -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Arc::new(Self { permits, waiting: Mutex::default() })
    }

    /// A place for a connection that has come: it waits for its first head from now on.
    pub(super) async fn take(self: &Arc<Self>) -> Seat {
        let permit = loop {
            if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
                break Some(permit);
            }
            self.end_oldest();
            let freed = Arc::clone(&self.permits).acquire_owned();
            let pause = Duration::from_millis(PLACE_PAUSE_MS);
            if let Ok(permit) = tokio::time::timeout(pause, freed).await {
                // The semaphore is never closed.
                break permit.ok();
            }
        };
        let place = Arc::new(Place {
            places: Arc::clone(self),
            phase: Mutex::new(Phase::Answering),
            changed: Notify::new(),
        });
        let until = after(HEAD_SECONDS_MAX);
        place.enter(|turn| Phase::Head { turn, until });
        Seat { place, _permit: permit }
    }

    /// Ends who has waited longest, if anybody waits.
    fn end_oldest(&self) {
        let oldest = locked(&self.waiting).by_turn.pop_first();
        if let Some((turn, place)) = oldest {
            let mut phase = locked(&place.phase);
            // Otherwise it has just stopped to wait, and another place is found.
            if phase.turn() == Some(turn) {
                *phase = Phase::Ended;
                place.changed.notify_one();
            }
        }
    }
}

impl Phase {
    fn turn(self) -> Option<u64> {
        match self {
            Self::Idle { turn, .. } | Self::Head { turn, .. } | Self::Body { turn } => Some(turn),
            Self::Answering | Self::Ended => None,
        }
    }

    fn until(self) -> Option<Instant> {
        match self {
            Self::Idle { until, .. } | Self::Head { until, .. } => Some(until),
            Self::Body { .. } | Self::Answering | Self::Ended => None,
        }
    }
}

impl Place {
    /// Ready when the connection has to go: it has waited too long, or somebody else needs the place.
    pub(super) async fn over(&self) {
        loop {
            let phase = *locked(&self.phase);
            if phase == Phase::Ended {
                return;
            }
            let until = phase.until();
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {
                    // It may have gone on meanwhile.
                    let mut now = locked(&self.phase);
                    if *now == phase {
                        *now = Phase::Ended;
                    }
                }
            }
        }
    }

    /// A part of something has come.
    fn heard(self: &Arc<Self>) {
        if matches!(*locked(&self.phase), Phase::Idle { .. }) {
            let until = after(HEAD_SECONDS_MAX);
            self.enter(|turn| Phase::Head { turn, until });
        }
    }

    /// A whole head has come.
    pub(super) fn head(self: &Arc<Self>) {
        self.enter(|turn| Phase::Body { turn });
    }

    /// What is needed to answer has come. Not ready any more when the connection has to go: nothing is begun then.
    pub(super) async fn answering(self: &Arc<Self>) {
        if !self.enter(|_| Phase::Answering) {
            std::future::pending::<()>().await;
        }
    }

    /// The answer has been taken.
    fn answered(self: &Arc<Self>) {
        let until = after(IDLE_SECONDS_MAX);
        self.enter(|turn| Phase::Idle { turn, until });
    }

    /// Whether the connection is in that phase now; not when it had to leave.
    fn enter(self: &Arc<Self>, phase: impl FnOnce(u64) -> Phase) -> bool {
        let (mut waiting, mut now) = (locked(&self.places.waiting), locked(&self.phase));
        if *now == Phase::Ended {
            return false;
        }
        if let Some(turn) = now.turn() {
            waiting.by_turn.remove(&turn);
        }
        waiting.next += 1;
        let turn = waiting.next;
        *now = phase(turn);
        if now.turn().is_some() {
            waiting.by_turn.insert(turn, Arc::clone(self));
        }
        if now.until().is_some() {
            self.changed.notify_one();
        }
        true
    }

    /// The connection is no more.
    fn leave(self: &Arc<Self>) {
        let mut waiting = locked(&self.places.waiting);
        *locked(&self.phase) = Phase::Ended;
        waiting.by_turn.retain(|_, place| !Arc::ptr_eq(place, self));
    }
}

fn after(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

/// What is behind it is whole after each statement, also where a thread panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that says when something comes.
pub(super) struct Heard<S> {
    pub(super) stream: S,
    pub(super) place: Arc<Place>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if into.filled().len() > before {
            self.place.heard();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}

/// The body of an answer, of which is known when it has been taken.
pub(super) struct Taken<B> {
    body: B,
    place: Arc<Place>,
}

impl<B> Taken<B> {
    pub(super) fn new(body: B, place: Arc<Place>) -> Self {
        Self { body, place }
    }
}

impl<B> Drop for Taken<B> {
    fn drop(&mut self) {
        self.place.answered();
    }
}

impl<B: Body + Unpin> Body for Taken<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
