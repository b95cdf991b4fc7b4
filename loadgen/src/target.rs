//! Where load goes: one URL that the user names, resolved once.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, bail};
use url::{Host, Url};

/// A target as typed, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// As typed, without user information and query.
    pub(crate) text: String,
    /// Its first address, as resolved at the start.
    pub(crate) address: SocketAddr,
    /// All of them, for an engine that picks one itself.
    addresses: Vec<SocketAddr>,
    /// The name to check under TLS.
    pub(crate) tls: Option<String>,
    /// The host as a name, with the port where it is not the scheme's; `None` for an IP address or `localhost`.
    pub(crate) named: Option<String>,
    /// `host[:port]` as `Host` would say it.
    pub(crate) authority: String,
    /// What comes before every path, without a slash at the end.
    pub(crate) base_path: String,
}

impl Target {
    /// Reads `http://HOST[:PORT][/base]` or `https://…` and resolves the host.
    ///
    /// # Errors
    /// When it is no such URL, or nobody knows the host.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let help = "a target is a URL such as http://127.0.0.1:8080";
        let url = Url::parse(text).with_context(|| format!("--target {text}: {help}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("--target {text}: the scheme is {}; {help}", url.scheme());
        }
        if url.query().is_some() || url.fragment().is_some() {
            bail!(
                "--target {text}: a target has no query and no fragment; requests have their own"
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            bail!(
                "--target: a user name and password in the URL are not sent; give headers instead"
            );
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            bail!("--target {text}: there is no host; {help}");
        };
        let addresses: Vec<SocketAddr> = match &host {
            Host::Ipv4(ip) => vec![SocketAddr::from((*ip, port))],
            Host::Ipv6(ip) => vec![SocketAddr::from((*ip, port))],
            Host::Domain(name) => (*name, port)
                .to_socket_addrs()
                .with_context(|| format!("--target {text}: {name} does not resolve"))?
                .collect(),
        };
        let first = addresses.first().copied();
        let address = first.with_context(|| format!("--target {text}: {host} has no address"))?;
        let authority = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        let named = match &host {
            Host::Domain(name) if *name != "localhost" => Some(authority.clone()),
            _ => None,
        };
        Ok(Self {
            text: text.to_owned(),
            address,
            addresses,
            tls: (url.scheme() == "https")
                .then(|| host.to_string().trim_matches(['[', ']']).to_owned()),
            named,
            authority,
            base_path: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Whether what is sent stays on this machine, whichever of the addresses is taken.
    pub(crate) fn is_loopback(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().to_canonical().is_loopback())
    }

    /// What the engine needs of it.
    pub(crate) fn socket(&self) -> loadgen_engine::Target {
        loadgen_engine::Target { address: self.address, tls: self.tls.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_address_host_and_path() {
        let target = Target::parse("http://127.0.0.1:8080/").unwrap();
        assert_eq!(target.address, "127.0.0.1:8080".parse().unwrap());
        assert_eq!((target.tls.clone(), target.named.clone()), (None, None));
        assert_eq!((&*target.authority, &*target.base_path), ("127.0.0.1:8080", ""));
        assert!(target.is_loopback());
        let target = Target::parse("https://[::1]/a/b/").unwrap();
        assert_eq!(target.address, "[::1]:443".parse().unwrap());
        assert_eq!(target.tls.as_deref(), Some("::1"));
        assert_eq!((&*target.authority, &*target.base_path), ("[::1]", "/a/b"));
        assert!(Target::parse("http://[::ffff:127.0.0.1]:1").unwrap().is_loopback());
        assert!(!Target::parse("http://192.0.2.1").unwrap().is_loopback());
        let both = vec![target.address, "192.0.2.1:443".parse().unwrap()];
        assert!(!Target { addresses: both, ..target }.is_loopback(), "a name may mean several");
        let target = Target::parse("http://localhost:81").unwrap();
        assert_eq!((target.named, &*target.authority), (None, "localhost:81"));
    }

    #[test]
    fn what_is_no_target_says_what_one_is() {
        for (text, expected) in [
            ("127.0.0.1:8080", "a target is a URL"),
            ("ftp://127.0.0.1", "the scheme is ftp"),
            ("http://", "a target is a URL"),
            ("http://127.0.0.1/?a=1", "no query"),
            ("http://me:secret@127.0.0.1/", "not sent"),
            ("http://no-such-host.invalid", "does not resolve"),
        ] {
            let error = format!("{:#}", Target::parse(text).unwrap_err());
            assert!(error.contains(expected) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
