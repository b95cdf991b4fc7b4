//! The socket: connections, heads and bodies, each with a bound on its size, its time and its number.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::dispatch::{Dispatch, Head};
use crate::limits::{
    ACCEPT_PAUSE_MS, BODIES_BYTES_MAX, BODY_BYTES_MAX, BODY_SECONDS_MAX, HEAD_BYTES_MAX,
    IDLE_SECONDS_MAX, OBJECT_SECONDS_MAX,
};
use crate::s3::FilePart;
use crate::wire::{base64, uuid};
use crate::{Answer, ApiError};

mod places;

use places::{Heard, Place, Places, Seat, Taken};

/// What is made up, or a part of a file.
type ReplyBody = Either<Full<Bytes>, FilePart>;

/// Milliseconds since 1970.
pub type Clock = fn() -> u64;

/// Serves the control plane's address.
pub struct Server {
    dispatch: Arc<Dispatch>,
    clock: Clock,
    bodies: Arc<Semaphore>,
}

impl Server {
    pub(crate) fn new(dispatch: Dispatch, clock: Clock) -> Self {
        let bodies = Arc::new(Semaphore::new(BODIES_BYTES_MAX / 1024));
        Self { dispatch: Arc::new(dispatch), clock, bodies }
    }

    /// Serves `listener` until `shutdown` is ready; what is being answered then is cut off.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future) {
        let this = Arc::new(self);
        let places = Places::new();
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                _ = &mut shutdown => return,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "Control connection not accepted");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                    continue;
                }
            };
            let seat = tokio::select! {
                _ = &mut shutdown => return,
                seat = places.take() => seat,
            };
            let this = Arc::clone(&this);
            connections.spawn(async move {
                if let Err(error) = this.serve_connection(stream, seat).await {
                    debug!(%peer, %error, "Control connection failed");
                }
            });
        }
    }

    async fn serve_connection(
        self: Arc<Self>,
        stream: TcpStream,
        seat: Seat,
    ) -> Result<(), hyper::Error> {
        // Answers are small and clients wait for each.
        stream.set_nodelay(true).ok();
        let place = Arc::clone(&seat.place);
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let (this, place) = (Arc::clone(&self), Arc::clone(&place));
            async move {
                place.head();
                let response = this.answer(request, &place).await;
                Ok::<_, Infallible>(response.map(|body| Taken::new(body, place)))
            }
        });
        let stream = Heard { stream, place: Arc::clone(&seat.place) };
        let served = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(IDLE_SECONDS_MAX))
            .max_buf_size(HEAD_BYTES_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            served = served => served,
            () = seat.place.over() => Ok(()),
        }
    }

    async fn answer(&self, request: Request<Incoming>, place: &Arc<Place>) -> Response<ReplyBody> {
        let ids = Ids::random();
        let (parts, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        let head = match head_of(&parts) {
            Ok(head) => head,
            Err(error) => return close(ids.respond(plain(&error))),
        };
        let admitted = match self.dispatch.admit(&head, &ids.request_id) {
            Ok(admitted) => admitted,
            // Whoever sends on is not listened to.
            Err(answer) if has_body => return close(ids.respond(answer)),
            Err(answer) => return ids.respond(answer),
        };
        let late = || {
            let text = "The body of the request did not come in time";
            close(ids.respond(plain(&ApiError::new(408, "RequestTimeout", text))))
        };
        if admitted.is_object() {
            // What signs wrongly is answered at once.
            place.answering().await;
            let life = Duration::from_secs(OBJECT_SECONDS_MAX);
            let now = (self.clock)();
            let answered =
                self.dispatch.answer_object(&head, &admitted, body, &ids.request_id, now);
            return match tokio::time::timeout(life, answered).await {
                Ok(Ok(reply)) => {
                    let mut response = ids.respond(reply.answer);
                    add_headers(
                        reply.headers.iter().map(|(name, value)| (&**name, &**value)),
                        &mut response,
                    );
                    match reply.file {
                        Some(file) => response.map(|_| Either::Right(file)),
                        None => response,
                    }
                }
                // What is left of a body that was refused is not listened to.
                Ok(Err(answer)) if has_body => close(ids.respond(answer)),
                Ok(Err(answer)) => ids.respond(answer),
                Err(_) => late(),
            };
        }
        let life = Duration::from_secs(BODY_SECONDS_MAX);
        let (body, _room) = match tokio::time::timeout(life, self.read(body)).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return close(ids.respond(plain(&error))),
            Err(_) => return late(),
        };
        place.answering().await;
        let now = (self.clock)();
        let answer = self.dispatch.answer(head, &admitted, body, &ids.request_id, now).await;
        ids.respond(answer)
    }

    /// The whole body, and the room that it takes.
    async fn read(
        &self,
        body: Incoming,
    ) -> Result<(Vec<u8>, Option<SemaphorePermit<'_>>), ApiError> {
        let hint = body.size_hint();
        let largest = hint.upper().unwrap_or(BODY_BYTES_MAX as u64);
        if largest > BODY_BYTES_MAX as u64 {
            return Err(too_large());
        }
        let room = largest.div_ceil(1024) as u32;
        // The semaphore is never closed.
        let room = self.bodies.acquire_many(room).await.ok();
        let read = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| {
            match error.is::<LengthLimitError>() {
                true => too_large(),
                false => ApiError::bad_request("The body of the request broke off"),
            }
        })?;
        Ok((read.to_bytes().into(), room))
    }
}

fn too_large() -> ApiError {
    let text = format!("A request may have {BODY_BYTES_MAX} bytes");
    ApiError::new(413, "RequestEntityTooLargeException", text)
}

/// Before anything is known of the sender.
fn plain(error: &ApiError) -> Answer {
    crate::wire::Protocol::RestJson.error(error, "")
}

fn head_of(parts: &hyper::http::request::Parts) -> Result<Head, ApiError> {
    let mut headers = Vec::with_capacity(parts.headers.len());
    for (name, value) in &parts.headers {
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| {
            ApiError::bad_request(format!("The header {name} is not text in UTF-8"))
        })?;
        headers.push((name.as_str().to_owned(), value.to_owned()));
    }
    Ok(Head {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authority: parts.uri.authority().map(|authority| authority.as_str().to_owned()),
        headers,
    })
}

fn close(mut response: Response<ReplyBody>) -> Response<ReplyBody> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What a request is called in logs, ours and the client's.
struct Ids {
    request_id: String,
    extended: String,
}

impl Ids {
    /// No secrets: where the system has no randomness they are all the same.
    fn random() -> Self {
        let mut random = [0; 27];
        let _ = getrandom::fill(&mut random);
        let (id, extended) = random.split_at(16);
        let id: [u8; 16] = id.try_into().unwrap_or_default();
        Self { request_id: uuid(id), extended: base64(extended) }
    }

    fn respond(&self, answer: Answer) -> Response<ReplyBody> {
        let mut response = Response::new(Either::Left(Full::new(Bytes::from(answer.body))));
        *response.status_mut() =
            StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(content_type) = answer.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let ids = [("x-amzn-requestid", &self.request_id), ("x-amz-apigw-id", &self.extended)];
        for (name, value) in ids {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        add_headers(answer.headers.iter().map(|(name, value)| (*name, &**value)), &mut response);
        response
    }
}

fn add_headers<'h>(
    pairs: impl Iterator<Item = (&'h str, &'h str)>,
    response: &mut Response<ReplyBody>,
) {
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes());
        // Values are text in UTF-8; a client's own metadata may have letters beyond ASCII.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            response.headers_mut().append(name, value);
        }
    }
}
