//! Why requests are refused before they reach a stage: the closed set of a metric's label.

/// Every reason that the parsers give, and our own.
pub const REFUSAL_REASONS: &[&str] = &[
    "head-timeout",
    // The request line and the target.
    "method-invalid",
    "method-too-long",
    "method-connect",
    "request-line-too-long",
    "request-line-end",
    "request-line-malformed",
    "version-unsupported",
    "target-form",
    "target-asterisk",
    "target-fragment",
    "path-byte",
    "query-byte",
    "percent-encoding",
    "path-nul",
    "dot-segment",
    "path-utf8",
    // The authority.
    "host-missing",
    "host-repeated",
    "host-mismatch",
    "host-empty",
    "host-too-long",
    "host-userinfo",
    "host-invalid",
    "port-invalid",
    // Field lines.
    "bare-lf",
    "bare-cr",
    "obs-fold",
    "field-name-empty",
    "space-before-colon",
    "field-name-invalid",
    "field-value-invalid",
    "fields-too-large",
    "too-many-fields",
    // Framing.
    "content-length-invalid",
    "content-length-repeated",
    "te-and-cl",
    "te-in-http10",
    "te-repeated",
    "te-malformed",
    "transfer-coding-unknown",
    "connection-names-end-to-end",
    "expectation-unknown",
    "chunk-size-invalid",
    "chunk-size-too-long",
    "chunk-bare-lf",
    "chunk-bare-cr",
    "chunk-extension-invalid",
    "chunk-extensions-too-large",
    "chunk-data-end",
    "trailer-invalid",
    "trailers-too-large",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The parsers' own texts, so that a new reason is missed here and not in a dashboard.
    const SOURCES: [&str; 5] = [
        include_str!("../../proto/src/h1/request/error.rs"),
        include_str!("../../proto/src/h1/chunked/error.rs"),
        include_str!("../../proto/src/h1/target.rs"),
        include_str!("../../proto/src/h1/authority.rs"),
        include_str!("../../proto/src/h1/line.rs"),
    ];

    #[test]
    fn every_reason_of_the_parsers_is_listed() {
        let mut count = 0;
        for source in SOURCES {
            let reasons = source.lines().filter_map(|line| {
                let line = line.trim();
                let text = line.strip_prefix("Self::")?.split_once("=> \"")?.1;
                text.strip_suffix("\",")
            });
            for reason in reasons {
                count += 1;
                assert!(REFUSAL_REASONS.contains(&reason), "{reason} is not listed");
            }
        }
        assert_eq!(count + 1, REFUSAL_REASONS.len(), "the list has what no parser says");
    }
}
