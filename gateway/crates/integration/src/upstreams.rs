//! All pools of a shard, and how a connection is made.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use gateway_compile::Endpoint;
use gateway_rt::tls::ClientTls;
use gateway_rt::{Moment, Stream, TcpStream};
use gateway_telemetry::ShardMetrics;

use crate::error::UpstreamError;
use crate::limits::ADDRESSES_MAX;
use crate::pool::{Pool, Upstream};
use crate::resolve::Resolver;

/// Bounds on upstream connections.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamSettings {
    /// Connections of one shard to one endpoint.
    pub connections_max: u32,
    /// Of those, how many may wait unused.
    pub idle_max: usize,
    /// A connection unused for this long is closed.
    pub idle_timeout: Duration,
    /// From the first attempt to connect to the end of the TLS handshake.
    pub connect_timeout: Duration,
}

/// The upstream side of one shard.
pub struct Upstreams {
    settings: UpstreamSettings,
    resolver: Rc<Resolver>,
    /// Trusts the system's authorities, or the operator's.
    tls: ClientTls,
    /// For `insecureSkipVerification`.
    tls_insecure: ClientTls,
    metrics: Arc<ShardMetrics>,
    /// The stages own the pools; a pool that no stage needs any more goes.
    pools: RefCell<HashMap<Endpoint, Weak<Pool>>>,
}

impl Upstreams {
    /// A shard's upstream side, with no connection yet.
    pub fn new(
        settings: UpstreamSettings,
        resolver: Rc<Resolver>,
        tls: ClientTls,
        tls_insecure: ClientTls,
        metrics: Arc<ShardMetrics>,
    ) -> Self {
        let pools = RefCell::default();
        Self { settings, resolver, tls, tls_insecure, metrics, pools }
    }

    /// The shard's resolver, to hand answers to.
    pub fn resolver(&self) -> &Rc<Resolver> {
        &self.resolver
    }

    /// The pool of `endpoint`: the one there is, or a new one.
    pub fn pool(&self, endpoint: &Endpoint) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        if let Some(pool) = pools.get(endpoint).and_then(Weak::upgrade) {
            return pool;
        }
        let pool = Pool::new(endpoint.clone(), self.metrics.clone(), self.settings.idle_max);
        let pool = Rc::new(pool);
        pools.insert(endpoint.clone(), Rc::downgrade(&pool));
        pool
    }

    /// Closes connections that waited too long, and forgets pools that nobody has. Once a second.
    pub fn sweep(&self, now: Moment) {
        self.pools.borrow_mut().retain(|_, pool| match pool.upgrade() {
            Some(pool) => {
                pool.sweep(now, self.settings.idle_timeout);
                true
            }
            None => false,
        });
    }

    /// Makes a connection.
    ///
    /// The addresses of the name are tried in turn, starting with another one each time; all of
    /// it, TLS included, ends after the connect timeout or at `deadline`, whichever is first.
    ///
    /// # Errors
    /// The last attempt's failure.
    pub async fn connect(
        &self,
        pool: &Rc<Pool>,
        deadline: Moment,
    ) -> Result<Upstream, UpstreamError> {
        if pool.reserve(self.settings.connections_max).is_none() {
            return Err(UpstreamError::PoolFull);
        }
        match self.connect_reserved(pool.endpoint(), deadline).await {
            Ok(stream) => Ok(pool.connected(stream)),
            Err(e) => {
                pool.closed();
                Err(e)
            }
        }
    }

    async fn connect_reserved(
        &self,
        endpoint: &Endpoint,
        deadline: Moment,
    ) -> Result<Stream, UpstreamError> {
        let give_up = deadline.min(Moment::now() + self.settings.connect_timeout);
        let left = Duration::from_micros(give_up.micros_since(Moment::now()));
        let resolving = self.resolver.resolve(&endpoint.host, endpoint.port);
        let addresses = gateway_rt::timeout(left, resolving)
            .await
            .and_then(Result::ok)
            .ok_or(UpstreamError::Resolve)?;
        let mut last = UpstreamError::Timeout;
        let count = addresses.len().clamp(1, ADDRESSES_MAX);
        for (index, address) in addresses.iter().take(ADDRESSES_MAX).enumerate() {
            let left = give_up.micros_since(Moment::now());
            if left == 0 {
                break;
            }
            // An address that does not answer must leave time for the others.
            let share = Duration::from_micros(left / (count - index).max(1) as u64);
            match gateway_rt::timeout(share, TcpStream::connect(address)).await {
                Some(Ok(stream)) => return self.secure(endpoint, stream, give_up).await,
                Some(Err(e)) => last = UpstreamError::Connect(e),
                None => last = UpstreamError::Connect(std::io::ErrorKind::TimedOut.into()),
            }
        }
        Err(if Moment::now() >= deadline { UpstreamError::Timeout } else { last })
    }

    async fn secure(
        &self,
        endpoint: &Endpoint,
        stream: TcpStream,
        give_up: Moment,
    ) -> Result<Stream, UpstreamError> {
        if !endpoint.tls {
            return Ok(stream.into());
        }
        let tls = if endpoint.insecure_skip_verification { &self.tls_insecure } else { &self.tls };
        stream.set_deadline(give_up);
        let stream =
            tls.connect(stream, &endpoint.server_name).await.map_err(UpstreamError::Tls)?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}
