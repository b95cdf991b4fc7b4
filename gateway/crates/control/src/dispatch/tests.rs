use super::*;

fn head(headers: &[(&str, &str)], query: &str) -> Head {
    let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    Head {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: query.to_owned(),
        authority: None,
        headers: headers.iter().map(own).collect(),
    }
}

#[test]
fn errors_are_written_in_the_senders_protocol() {
    let signed = |service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=a/20260102/r/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    };
    let check = |headers: &[(&str, &str)], query: &str, expect: Protocol| {
        let head = head(headers, query);
        let claim = Claim::of(&head.request()).expect("complete");
        assert_eq!(protocol_of(&head, claim.as_ref()), expect, "{headers:?} {query}");
    };
    let date = ("x-amz-date", "20260102T030405Z");
    for (service, expect) in [
        ("apigateway", Protocol::RestJson),
        ("sts", Protocol::Query),
        ("s3", Protocol::RestXml),
        ("cloudformation", Protocol::Query),
        ("monitoring", Protocol::Query),
    ] {
        check(&[("authorization", &signed(service)), date], "", expect);
    }
    let target = ("x-amz-target", "Logs_20140328.DescribeLogGroups");
    check(&[("authorization", &signed("logs")), date, target], "", Protocol::AwsJson);
    let target = ("x-amz-target", "GraniteServiceVersion20100801.ListMetrics");
    let cbor = ("smithy-protocol", "rpc-v2-cbor");
    let signed = signed("monitoring");
    check(&[("authorization", &signed), date, target], "", Protocol::AwsJson10);
    check(&[("authorization", &signed), date, cbor], "", Protocol::Cbor);
    check(&[cbor], "", Protocol::Cbor);
    check(
        &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        "",
        Protocol::Query,
    );
    check(&[], "Action=ListStacks&Version=2010-05-15", Protocol::Query);
    check(&[], "", Protocol::RestJson);
}
