//! Slow clients: bodies that trickle, answers that are read a little at a time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::scenario::Pace;

/// A body that goes out `pace.bytes` at a time.
pub(super) struct Trickle {
    left: Bytes,
    pace: Pace,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Trickle {
    pub(super) fn new(body: Bytes, pace: Pace) -> Self {
        Self { left: body, pace, pause: None }
    }
}

impl Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
        }
        let len = self.pace.bytes.min(self.left.len());
        let part = self.left.split_to(len);
        self.pause = Some(Box::pin(sleep(self.pace.every)));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

/// Waits as long as `bytes` take at this pace.
pub(super) async fn take(pace: Pace, bytes: usize) {
    let parts = bytes.div_ceil(pace.bytes);
    sleep(pace.every.saturating_mul(u32::try_from(parts).unwrap_or(u32::MAX))).await;
}
