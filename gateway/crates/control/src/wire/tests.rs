use super::*;

#[track_caller]
fn check(raw: &str, expect: Result<&[&str], &str>) {
    let found = path(raw).map_err(|error| error.code);
    let expect = expect.map(|path| path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
    assert_eq!(found, expect, "{raw}");
}

#[test]
fn paths_are_split_before_they_are_decoded() {
    let arn = "arn:aws:apigateway:us-east-1::/restapis/abc";
    check("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fabc", Ok(&["tags", arn]));
    check("/restapis/a/stages/%24default", Ok(&["restapis", "a", "stages", "$default"]));
    check(
        "/domainnames/d/basepathmappings/%28none%29/",
        Ok(&["domainnames", "d", "basepathmappings", "(none)"]),
    );
    check("/a+b", Ok(&["a+b"]));
    check("/", Ok(&[]));
    check("/a//b", Ok(&["a", "", "b"]));
}

#[test]
fn what_is_no_path_is_refused() {
    check("*", Err("BadRequestException"));
    check("/a/../..", Err("BadRequestException"));
    for raw in ["/%", "/%1", "/%zz", "/%ff"] {
        check(raw, Err("MalformedQueryString"));
    }
}

#[test]
fn queries_keep_their_order_and_repeated_names() {
    let found = query("tagKeys=a&mode=im%20port&tagKeys=b+c&flag&").expect("a query");
    let expect = [("tagKeys", "a"), ("mode", "im port"), ("tagKeys", "b c"), ("flag", "")];
    assert_eq!(found, expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn base64_is_that_of_rfc_4648() {
    let expect = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
    for (text, encoded) in expect {
        assert_eq!(base64(text.as_bytes()), encoded);
    }
}

#[test]
fn a_uuid_is_of_version_four() {
    assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

#[test]
fn every_protocol_says_what_is_wrong_its_own_way() {
    let error = ApiError::new(403, "InvalidSignatureException", "a < b");
    let text = |protocol: Protocol| {
        let answer = protocol.error(&error, "id-1");
        (answer.content_type, String::from_utf8_lossy(&answer.body).into_owned(), answer.headers)
    };
    let name = vec![("x-amzn-ErrorType", error.code.to_owned())];
    let json = r#"{"message":"a < b"}"#.to_owned();
    assert_eq!(text(Protocol::RestJson), (Some("application/json"), json, name.clone()));
    let json = r#"{"__type":"InvalidSignatureException","message":"a < b"}"#.to_owned();
    assert_eq!(text(Protocol::AwsJson), (Some("application/x-amz-json-1.1"), json, name));
    let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>a &lt; b</Message>\
               </Error><RequestId>id-1</RequestId></ErrorResponse>";
    assert_eq!(text(Protocol::Query), (Some("text/xml"), xml.to_owned(), Vec::new()));
    let (kind, body, headers) = text(Protocol::Cbor);
    assert_eq!((kind, headers.len()), (Some("application/cbor"), 2));
    assert!(
        headers.contains(&("x-amzn-query-error", "InvalidSignatureException;Sender".to_owned()))
    );
    assert!(body.contains("InvalidSignatureException") && body.contains("a < b"));
}

#[test]
fn no_answer_in_xml_holds_what_xml_cannot() {
    let all: String =
        (0..=0x20_u8).map(char::from).chain("a<&>\"\u{7f}\u{fffe}\u{ffff}".chars()).collect();
    let error = ApiError::new(400, "ValidationError", all);
    for protocol in [Protocol::Query, Protocol::RestXml] {
        let text = String::from_utf8(protocol.error(&error, "id\0").body).expect("text");
        let raw =
            text.chars().filter(|c| (*c < ' ' && *c != '\t' && *c != '\n') || *c > '\u{fffd}');
        assert_eq!(raw.count(), 0, "{text:?}");
        assert!(text.contains("&#xD;") && text.contains("a&lt;&amp;&gt;"), "{text:?}");
        assert!(text.contains("<RequestId>id\u{fffd}</RequestId>"), "{text:?}");
    }
}
