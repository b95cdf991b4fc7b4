//! Formats to choose by name: the four of the API Gateway console, and ours.

/// Common Log Format, as the console offers it.
pub const CLF: &str = r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#;

/// JSON, as the console offers it.
pub const JSON: &str = r#"{ "requestId":"$context.requestId", "extendedRequestId":"$context.extendedRequestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength" }"#;

/// XML, as the console offers it.
pub const XML: &str = r#"<request id="$context.requestId"> <extendedRequestId>$context.extendedRequestId</extendedRequestId> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#;

/// CSV, as the console offers it.
pub const CSV: &str = "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId";

/// Our default: [`JSON`] with what one asks next, why it failed and where the time went.
pub const DEFAULT: &str = r#"{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","time":"$context.requestTimeEpoch","ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","host":"$context.domainName","apiId":"$context.apiId","stage":"$context.stage","httpMethod":"$context.httpMethod","path":"$context.path","resourcePath":"$context.resourcePath","protocol":"$context.protocol","status":"$context.status","responseLength":"$context.responseLength","responseLatency":"$context.responseLatency","integrationStatus":"$context.integration.status","integrationLatency":"$context.integration.latency","integrationError":"$context.integration.error","error":"$context.error.message","errorType":"$context.error.responseType"}"#;

/// Every preset with the name by which a configuration chooses it.
pub const ALL: [(&str, &str); 5] =
    [("clf", CLF), ("json", JSON), ("xml", XML), ("csv", CSV), ("default", DEFAULT)];

/// The preset of this name (`clf`, `json`, `xml`, `csv`, `default`).
pub fn by_name(name: &str) -> Option<&'static str> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, format)| *format)
}
