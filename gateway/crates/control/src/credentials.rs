//! Who may use the control plane: one administrator, and temporary credentials made from theirs.
//!
//! The administrator's are in a file of AWS's own format, so that `AWS_SHARED_CREDENTIALS_FILE` is all that a client needs.
//! Temporary credentials are not kept: the session token says for whom and until when, under a code that only this gateway can
//! make, and the secret is made from it anew each time.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::{constant_time, hmac};

use crate::ApiError;
use crate::limits::CREDENTIALS_FILE_BYTES_MAX;
use crate::wire::hex;

/// Characters of a secret access key. Source: IAM, access keys as AWS makes them.
const SECRET_CHARS: usize = 40;

/// Characters after `AKIA` or `ASIA`. Source: as [`SECRET_CHARS`].
const KEY_ID_CHARS: usize = 16;

const KEY_ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The administrator's access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.access_key_id)
    }
}

/// Why there are no credentials.
#[derive(Debug)]
pub enum CredentialsError {
    /// The file cannot be read or made.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It does not hold an access key.
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system has no randomness.
    Random,
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, .. } => {
                write!(f, "cannot keep the credentials of the control plane in {}", path.display())
            }
            Self::Open { path, mode } => write!(
                f,
                "others may read {0} (mode {mode:04o}); make new credentials by removing it, or chmod 600 {0}",
                path.display()
            ),
            Self::Malformed { path } => write!(
                f,
                "{} has no aws_access_key_id and aws_secret_access_key under [default]; remove it to get new ones",
                path.display()
            ),
            Self::Random => f.write_str("the system has no randomness for credentials"),
        }
    }
}

impl std::error::Error for CredentialsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Open { .. } | Self::Malformed { .. } | Self::Random => None,
        }
    }
}

/// For whom temporary credentials stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The account itself.
    Root,
    /// A role that was assumed, and the name of the session.
    Role {
        /// Its name, without the path.
        role: String,
        /// As `AssumeRole` was told.
        session: String,
    },
}

/// What `AssumeRole` gives away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Temporary {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
}

impl Credentials {
    /// The well-known ones: test, test.
    #[must_use]
    pub fn development() -> Self {
        Self { access_key_id: "test".to_owned(), secret_access_key: "test".to_owned() }
    }

    /// Those of the file, which is made where there is none; whether it was made.
    ///
    /// # Errors
    /// When the file cannot be read or made, or others may read it.
    pub fn at(path: &Path) -> Result<(Self, bool), CredentialsError> {
        match Self::read(path) {
            Err(CredentialsError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                let made = Self::generate()?;
                made.write(path)?;
                Ok((made, true))
            }
            read => Ok((read?, false)),
        }
    }

    /// Those of the file.
    ///
    /// # Errors
    /// As [`Credentials::at`], also when there is no file.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let failed = |source| CredentialsError::Io { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(CredentialsError::Open { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.take(CREDENTIALS_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        parse(&text).ok_or_else(|| CredentialsError::Malformed { path: path.to_owned() })
    }

    /// New ones that nobody can guess.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, CredentialsError> {
        let mut random = [0; KEY_ID_CHARS + SECRET_CHARS];
        getrandom::fill(&mut random).map_err(|_| CredentialsError::Random)?;
        let (id, secret) = random.split_at(KEY_ID_CHARS);
        Ok(Self {
            access_key_id: format!("AKIA{}", spell(id, KEY_ID_ALPHABET)),
            secret_access_key: spell(secret, SECRET_ALPHABET),
        })
    }

    /// Writes them into a file of their own, complete or not at all.
    fn write(&self, path: &Path) -> Result<(), CredentialsError> {
        let failed = |source| CredentialsError::Io { path: path.to_owned(), source };
        let beside = path.with_extension("new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
        let text = format!(
            "# The administrator of this gateway's control plane. Removing this file makes new ones at the next start.\n\
             [default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            self.access_key_id, self.secret_access_key
        );
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)
    }

    /// The access key's id.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Its secret.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The secret of an access key and for whom it stands.
    ///
    /// # Errors
    /// 403 for one that is not ours or has expired.
    pub(crate) fn find(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        unix_ms: u64,
    ) -> Result<(String, Identity), ApiError> {
        match session_token {
            None if access_key_id == self.access_key_id => {
                Ok((self.secret_access_key.clone(), Identity::Root))
            }
            None => Err(unknown()),
            Some(token) => self.of_token(access_key_id, token, unix_ms),
        }
    }

    /// Temporary credentials until a time in seconds since 1970.
    ///
    /// # Errors
    /// 500 when the system has no randomness.
    pub(crate) fn temporary(
        &self,
        identity: &Identity,
        expires_unix_s: u64,
    ) -> Result<Temporary, ApiError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)
            .map_err(|_| ApiError::new(500, "InternalFailure", "the system has no randomness"))?;
        let (role, session) = match identity {
            Identity::Root => ("", ""),
            Identity::Role { role, session } => (&**role, &**session),
        };
        let text = format!("{expires_unix_s}|{role}|{session}|{}", hex(&nonce));
        let code = self.code("session token", &text);
        let session_token = format!("{}{}", hex(code.as_ref()), hex(text.as_bytes()));
        let (access_key_id, secret_access_key) = self.derived(&text);
        Ok(Temporary { access_key_id, secret_access_key, session_token })
    }

    fn of_token(
        &self,
        access_key_id: &str,
        token: &str,
        unix_ms: u64,
    ) -> Result<(String, Identity), ApiError> {
        let (code, text) = token.split_at_checked(64).ok_or_else(unknown)?;
        let text = unhex(text).ok_or_else(unknown)?;
        let text = String::from_utf8(text).map_err(|_| unknown())?;
        let expected = hex(self.code("session token", &text).as_ref());
        constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes())
            .map_err(|_| unknown())?;
        // From here on it is our own text.
        let parts: Vec<&str> = text.split('|').collect();
        let &[expires, role, session, _] = &parts[..] else { return Err(unknown()) };
        let expires: u64 = expires.parse().map_err(|_| unknown())?;
        let (id, secret) = self.derived(&text);
        if id != access_key_id {
            return Err(unknown());
        }
        if expires * 1000 <= unix_ms {
            let text = "The security token included in the request is expired";
            return Err(ApiError::new(403, "ExpiredTokenException", text));
        }
        let identity = match role {
            "" => Identity::Root,
            role => Identity::Role { role: role.to_owned(), session: session.to_owned() },
        };
        Ok((secret, identity))
    }

    /// The access key and the secret that belong to a token's text.
    fn derived(&self, text: &str) -> (String, String) {
        let id = self.code("access key id", text);
        let (first, second) = (self.code("secret 1", text), self.code("secret 2", text));
        let secret: Vec<u8> = first.as_ref().iter().chain(second.as_ref()).copied().collect();
        (
            format!("ASIA{}", spell(&id.as_ref()[..KEY_ID_CHARS], KEY_ID_ALPHABET)),
            spell(&secret[..SECRET_CHARS], SECRET_ALPHABET),
        )
    }

    fn code(&self, purpose: &str, text: &str) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret_access_key.as_bytes());
        hmac::sign(&key, format!("gateway {purpose}|{text}").as_bytes())
    }
}

fn unknown() -> ApiError {
    let text = "The security token included in the request is invalid.";
    ApiError::new(403, "UnrecognizedClientException", text)
}

/// One character for each byte; both alphabets divide 256, so that each character is as likely as the others.
fn spell(bytes: &[u8], alphabet: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// The `[default]` profile of AWS's shared credentials file.
fn parse(text: &str) -> Option<Credentials> {
    let (mut is_default, mut id, mut secret) = (false, None, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_default = line == "[default]";
        } else if is_default && let Some((name, value)) = line.split_once('=') {
            match name.trim() {
                "aws_access_key_id" => id = Some(value.trim().to_owned()),
                "aws_secret_access_key" => secret = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }
    let (access_key_id, secret_access_key) = (id?, secret?);
    let is_complete = !access_key_id.is_empty() && !secret_access_key.is_empty();
    is_complete.then_some(Credentials { access_key_id, secret_access_key })
}

#[cfg(test)]
mod tests;
