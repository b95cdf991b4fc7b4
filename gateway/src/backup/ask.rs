//! Asking a running gateway for its documents.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use gateway_auth::sigv4::{
    self, Credentials as Signer, PathForm, Request, Scope, SigningKeys, write_authorization,
};
use gateway_control::Credentials;

/// How long the gateway may be silent. Ours.
const TIMEOUT: Duration = Duration::from_secs(60);

/// All documents, as the control plane of the gateway at `address` has them for the first of these credentials that it knows.
pub(super) fn documents(address: SocketAddr, credentials: &[Credentials]) -> Result<Vec<u8>> {
    let mut refused = String::new();
    for credentials in credentials {
        let (status, body) = ask(address, credentials)?;
        match &*status {
            "200" => return Ok(body),
            "401" | "403" => refused = answered(&status, &body),
            _ => bail!(answered(&status, &body)),
        }
    }
    bail!(refused)
}

fn answered(status: &str, body: &[u8]) -> String {
    format!("the gateway answered {status}: {}", String::from_utf8_lossy(body))
}

/// One question: the status and the body of its answer.
fn ask(address: SocketAddr, credentials: &Credentials) -> Result<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).with_context(|| {
        format!(
            "a gateway uses the directory; its control plane is not on {address} (--control ADDR)"
        )
    })?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(&request(address, credentials)?)?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).context("the gateway did not answer")?;
    let end = response.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.context("the gateway's answer is not HTTP")?;
    let head = String::from_utf8_lossy(&response[..end]).into_owned();
    let body = response.split_off(end + 4);
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok((status, body))
}

fn request(address: SocketAddr, credentials: &Credentials) -> Result<Vec<u8>> {
    let host = address.to_string();
    let now = gateway_control::signature::timestamp(gateway_rt::clock::unix_ms());
    let headers: [(&[u8], &[u8]); 2] =
        [(b"host", host.as_bytes()), (b"x-amz-date", now.as_bytes())];
    let hash = sigv4::payload_hash(b"");
    let signed = Request {
        method: b"GET",
        path: b"/backup",
        path_form: PathForm::Normalized,
        query: b"",
        headers: &headers,
        payload_hash: &hash,
    };
    let signer = Signer {
        access_key_id: credentials.access_key_id().to_owned(),
        secret_access_key: credentials.secret_access_key().to_owned(),
        session_token: None,
    };
    ensure!(now.len() == 16, "the clock is beyond the year 9999");
    let mut timestamp = [0; 16];
    timestamp.copy_from_slice(now.as_bytes());
    let scope = Scope { timestamp, region: "local", service: "gateway" };
    let mut out =
        format!("GET /backup HTTP/1.1\r\nHost: {host}\r\nX-Amz-Date: {now}\r\nConnection: close\r\nAuthorization: ")
            .into_bytes();
    write_authorization(&signer, &mut SigningKeys::default(), &scope, &signed, &mut out);
    out.extend_from_slice(b"\r\n\r\n");
    Ok(out)
}
