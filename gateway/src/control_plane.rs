//! The control plane within this process: its store, its credentials, its socket, and its way to the shards.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use gateway_control::Account;
use gateway_control::metrics::Metrics;
use gateway_control::{Credentials, Engine, Objects, Server};
use gateway_model::Definitions;
use gateway_store::LogStore;
use tokio::net::TcpListener;

use crate::load::Loader;
use crate::settings::Settings;

mod credentials;
mod files;
mod invocations;
mod objects;
mod publisher;
mod trials;

pub(crate) use invocations::Invocations;
pub(crate) use objects::DiskObjects;
use publisher::Publisher;
pub(crate) use publisher::{Orders, Served};

/// The administrator's credentials in the state directory.
pub(crate) const CREDENTIALS_NAME: &str = "credentials";

/// A control plane that is ready to serve.
pub(crate) struct ControlPlane {
    address: SocketAddr,
    server: Server,
    engine: Engine<Account, Box<dyn Objects>, Publisher>,
    credentials: credentials::Kept,
    files: files::Kept,
}

impl ControlPlane {
    /// Opens what is stored and finds the credentials; the orders are the control loop's. Nothing when there is to be no
    /// control plane.
    ///
    /// # Errors
    /// When the store is another process's or damaged, or there are no credentials to be had.
    pub(crate) fn open(
        settings: &Settings,
        loader: &Arc<Loader>,
        served: &Served,
        functions: &Invocations,
        metrics: Option<&Metrics>,
        logs: &Arc<LogStore>,
    ) -> Result<(Option<Self>, Orders)> {
        let (publisher, orders) = Publisher::new(loader.clone(), served.clone());
        let (Some(address), Some(metrics)) = (settings.control.address.0, metrics) else {
            return Ok((None, orders));
        };
        let objects: Box<dyn Objects> = match &settings.state.directory {
            Some(directory) => Box::new(DiskObjects::open(directory)?),
            None => Box::new(gateway_control::MemoryObjects::default()),
        };
        let credentials = credentials::Kept::find(settings)?;
        let files = files::Kept::find(settings)?;
        let told = gateway_control::Settings {
            account_id: settings.aws.account_id.clone(),
            region: settings.aws.region.clone(),
            hosts: settings.control.hosts.clone(),
            credentials: credentials.credentials.clone(),
            files: files.path().to_owned(),
            logs: logs.clone(),
            stacks: Arc::new({
                let loader = loader.clone();
                move || loader.stacks()
            }),
            metrics: metrics.clone(),
            invoker: Arc::new({
                let functions = functions.clone();
                move |invocation| functions.invoke(invocation)
            }),
            function_urls: settings.function_urls(),
        };
        let (server, engine) =
            gateway_control::start(told, objects, publisher, gateway_rt::clock::unix_ms)?;
        Ok((Some(Self { address, server, engine, credentials, files }), orders))
    }

    /// What was deployed before this process.
    pub(crate) fn definitions(&mut self) -> Definitions {
        self.engine.definitions()
    }

    /// Serves from now on; says where.
    ///
    /// # Errors
    /// Names the address that cannot be bound.
    pub(crate) async fn serve(self) -> Result<SocketAddr> {
        let Self { address, server, engine, credentials, files } = self;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address} for the control plane (--control ADDR, or --control none)")
        })?;
        let bound = listener.local_addr().context("a bound socket has an address")?;
        if credentials.is_development {
            tracing::warn!(
                "Control plane on http://{bound} with the well-known credentials test/test (--dev)"
            );
        } else if let Some(path) = &credentials.path {
            tracing::info!(credentials = %path.display(), "Control plane on http://{bound}");
        }
        tokio::spawn(async move {
            // Files of one process go with its server.
            let _kept = (credentials, files);
            server.serve(listener, std::future::pending::<()>()).await;
        });
        tokio::spawn(engine.run());
        Ok(bound)
    }
}

/// The file of credentials of a state directory.
pub(crate) fn credentials_path(directory: &Path) -> PathBuf {
    directory.join(CREDENTIALS_NAME)
}

/// The administrator of the gateway whose state directory this is.
///
/// # Errors
/// When there is none.
pub(crate) fn administrator(directory: &Path) -> Result<Credentials> {
    Ok(Credentials::read(&credentials_path(directory))?)
}
