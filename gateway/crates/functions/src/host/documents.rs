//! Error documents that Lambda makes up for a function that did not answer.

use std::time::Duration;

use crate::limits::RESPONSE_BYTES_MAX;
use crate::supervisor::Exit;

/// What is said when a function took longer than it may.
pub(crate) fn timed_out(limit: Duration) -> String {
    format!("Task timed out after {:.2} seconds", limit.as_secs_f64())
}

/// What is said when a function's process ended before it answered. The words for signals are those of Go's standard
/// library, which Lambda uses.
pub(crate) fn exited(exit: Exit) -> String {
    match exit {
        Exit::Status(0) => "Runtime exited without providing a reason".to_owned(),
        Exit::Status(status) => format!("Runtime exited with error: exit status {status}"),
        Exit::Signal(signal) => format!("Runtime exited with error: signal: {}", name(signal)),
    }
}

/// What is said of a result that is too large.
pub(crate) fn too_large(bytes: u64) -> String {
    format!(
        "Response payload size ({bytes} bytes) exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
    )
}

/// A document whose message names the request.
pub(crate) fn of_request(error_type: &str, request_id: &[u8; 36], message: &str) -> Vec<u8> {
    let id = String::from_utf8_lossy(request_id);
    document(error_type, &format!("RequestId: {id} Error: {message}"))
}

/// `{"errorType":…,"errorMessage":…}`
pub(crate) fn document(error_type: &str, message: &str) -> Vec<u8> {
    let mut out = String::from("{\"errorType\":");
    quote(error_type, &mut out);
    out.push_str(",\"errorMessage\":");
    quote(message, &mut out);
    out.push('}');
    out.into_bytes()
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: Vec<u8>, expect: &str) {
        assert_eq!(String::from_utf8(document).expect("UTF-8"), expect);
    }

    #[test]
    fn documents_read_like_lambdas() {
        let id = b"8476a536-e9f4-11e8-9739-2dfe598c3fcd";
        check(
            of_request("Sandbox.Timedout", id, &timed_out(Duration::from_secs(3))),
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: Task timed out after 3.00 seconds"}"#,
        );
        check(
            of_request("Runtime.ExitError", id, &exited(Exit::Status(1))),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: Runtime exited with error: exit status 1"}"#,
        );
        assert_eq!(exited(Exit::Status(0)), "Runtime exited without providing a reason");
        assert_eq!(exited(Exit::Signal(9)), "Runtime exited with error: signal: killed");
        assert_eq!(exited(Exit::Signal(64)), "Runtime exited with error: signal: signal 64");
    }

    #[test]
    fn what_a_runtime_names_is_quoted() {
        check(
            document("a\"b\\c\u{1}", "é\n"),
            r#"{"errorType":"a\"b\\c\u0001","errorMessage":"é\n"}"#,
        );
    }
}
