//! Whom a TLS client trusts.

use std::fs;
use std::io;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Certificates of the authorities that sign backends' certificates. Starts empty.
#[derive(Clone, Debug)]
pub struct RootStore(RootCertStore);

impl Default for RootStore {
    fn default() -> Self {
        Self::empty()
    }
}

impl RootStore {
    /// Nobody is trusted yet.
    pub fn empty() -> Self {
        Self(RootCertStore::empty())
    }

    /// Adds the system's roots and says how many they were. Reads files: once, at start.
    ///
    /// What cannot be read or parsed is left out, and logged.
    pub fn add_system(&mut self) -> usize {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "A root certificate of the system is left out");
        }
        let (added, ignored) = self.0.add_parsable_certificates(found.certs);
        if ignored > 0 {
            tracing::warn!(ignored, "Root certificates of the system are malformed");
        }
        added
    }

    /// Adds every certificate of a PEM text and says how many they were.
    ///
    /// # Errors
    /// When the text is not PEM, holds no certificate, or one that is no root.
    pub fn add_pem(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut added = 0;
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate = certificate.map_err(invalid)?;
            self.0.add(certificate).map_err(invalid)?;
            added += 1;
        }
        if added == 0 {
            return Err(invalid("the PEM text holds no CERTIFICATE block"));
        }
        Ok(added)
    }

    /// Adds every certificate of a PEM file and says how many they were.
    ///
    /// # Errors
    /// Those of reading the file, and of [`RootStore::add_pem`].
    pub fn add_pem_file(&mut self, path: &Path) -> io::Result<usize> {
        self.add_pem(&fs::read(path)?)
    }

    /// How many roots there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_inner(self) -> RootCertStore {
        self.0
    }
}

fn invalid<E>(error: E) -> io::Error
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    io::Error::new(io::ErrorKind::InvalidData, error)
}
