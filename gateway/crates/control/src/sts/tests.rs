use super::*;

fn call(form: &str) -> Call {
    Call {
        method: "POST".to_owned(),
        path: Vec::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: form.as_bytes().to_vec(),
        account_id: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        request_id: "id-1".to_owned(),
        unix_ms: 1_440_938_160_000,
    }
}

fn ask(form: &str, identity: &Identity) -> Result<String, ApiError> {
    let answer = answer(&call(form), identity, &Credentials::development())?;
    assert_eq!((answer.status, answer.content_type), (200, Some("text/xml")));
    Ok(String::from_utf8(answer.body).expect("text"))
}

fn within<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("<{name}>")).expect(name);
    rest.split_once(&format!("</{name}>")).expect(name).0
}

#[test]
fn the_administrator_is_the_account() {
    let text =
        ask("Action=GetCallerIdentity&Version=2011-06-15", &Identity::Root).expect("an answer");
    assert_eq!(
        text,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::123456789012:root</Arn><UserId>123456789012</UserId><Account>123456789012</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    );
}

#[test]
fn a_role_is_assumed_and_then_is_the_caller() {
    let form = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2Fdeploy&RoleSessionName=s-1";
    let text = ask(form, &Identity::Root).expect("an answer");
    assert_eq!(within(&text, "Expiration"), "2015-08-30T13:36:00Z");
    let arn = within(&text, "Arn");
    assert_eq!(arn, "arn:aws:sts::123456789012:assumed-role/deploy/s-1");
    let (key, token) = (within(&text, "AccessKeyId"), within(&text, "SessionToken"));
    let found = Credentials::development().find(key, Some(token), 1_440_938_160_000);
    let (secret, identity) = found.expect("it is ours");
    assert_eq!(secret, within(&text, "SecretAccessKey"));
    let text = ask("Action=GetCallerIdentity", &identity).expect("an answer");
    assert_eq!(within(&text, "Arn"), arn);
    let refused = ask("Action=GetSessionToken", &identity).expect_err("a session");
    assert_eq!(refused.code, "AccessDenied");
}

#[test]
fn a_session_token_lives_as_long_as_asked() {
    let text =
        ask("Action=GetSessionToken&DurationSeconds=900", &Identity::Root).expect("an answer");
    assert_eq!(within(&text, "Expiration"), "2015-08-30T12:51:00Z");
    let text = ask("Action=GetSessionToken", &Identity::Root).expect("an answer");
    assert_eq!(within(&text, "Expiration"), "2015-08-31T00:36:00Z");
}

#[test]
fn wrong_parameters_are_named() {
    let role = "Action=AssumeRole&RoleArn=arn:aws:iam::1:role/r";
    for (form, code, part) in [
        ("Action=AssumeRole&RoleSessionName=abc", "ValidationError", "'roleArn'"),
        (role, "ValidationError", "'roleSessionName'"),
        (&format!("{role}&RoleSessionName=a"), "ValidationError", "'roleSessionName'"),
        (
            &format!("{role}&RoleSessionName=ab&DurationSeconds=899"),
            "ValidationError",
            "equal to 900",
        ),
        (
            &format!("{role}&RoleSessionName=ab&DurationSeconds=43201"),
            "ValidationError",
            "equal to 43200",
        ),
        (&format!("{role}&RoleSessionName=ab&DurationSeconds=x"), "MalformedInput", "'x'"),
        ("Action=AssumeRole&RoleArn=r&RoleSessionName=ab", "ValidationError", "r is invalid"),
        ("Action=GetFederationToken", "NotImplementedException", "GetFederationToken"),
        ("Action=Nonsense&Version=1", "InvalidAction", "Nonsense"),
        ("Version=1", "MissingAction", ""),
    ] {
        let error = ask(form, &Identity::Root).expect_err(form);
        assert!(error.code == code && error.message.contains(part), "{form}: {error}");
    }
}
