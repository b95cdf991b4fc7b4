use super::*;
use crate::request::fake::Fake;

const IDENTIFIED: Fake = Fake {
    body: "",
    path: &[],
    query: &[],
    headers: &[],
    stage_variables: &[("env", "dev")],
    context: &[
        ("requestId", "r-1"),
        ("requestTimeEpoch", "1700000000123"),
        ("identity.sourceIp", "127.0.0.1"),
        ("identity.clientCert.subjectDN", "CN=a"),
        ("identity.clientCert.validity.notAfter", "May"),
        ("error.message", "no"),
    ],
    authorizer: Some(&[("principalId", "me"), ("claims.sub", "s-1"), ("level", "3")]),
};

/// What `$context.PATH` prints; `None` where there is nothing.
fn printed(world: &mut World<'_>, path: &str) -> Option<String> {
    let mut value = Value::Root(Root::Context(Place::Context));
    for name in path.split('.') {
        value = match value {
            Value::Root(root) => root.get(world, name).expect("it reads")?,
            Value::Map(map) => map.get(name)?,
            _ => return None,
        };
    }
    Some(value.to_string())
}

fn keys(world: &mut World<'_>, place: Place) -> Vec<String> {
    let map = map(place, world).expect("every object is a map");
    map.keys().iter().map(ToString::to_string).collect()
}

#[test]
fn variables_and_what_the_authorizer_said_are_found() {
    let mut overrides = Overrides::default();
    let mut world = World::new(&IDENTIFIED, &mut overrides);
    for (path, expected) in [
        ("requestId", Some("r-1")),
        ("identity.sourceIp", Some("127.0.0.1")),
        ("identity.clientCert.subjectDN", Some("CN=a")),
        ("identity.clientCert.validity.notAfter", Some("May")),
        ("authorizer.principalId", Some("me")),
        ("authorizer.claims.sub", Some("s-1")),
        ("error.message", Some("no")),
        ("nope", None),
        ("nope.x", None),
        ("authorizer.nope", None),
        // An object prints nothing.
        ("identity", Some("")),
        ("authorizer", Some("")),
        ("requestOverride.header", Some("")),
    ] {
        assert_eq!(printed(&mut world, path).as_deref(), expected, "{path}");
    }
    let epoch = get(Place::Context, &mut world, "requestTimeEpoch");
    assert!(matches!(epoch, Some(Value::Long(1_700_000_000_123))), "it can be calculated with");
}

#[test]
fn keys_come_in_the_recorded_order() {
    let mut overrides = Overrides::default();
    let bare = Fake::default();
    let mut world = World::new(&bare, &mut overrides);
    // Recorded on API Gateway (mapping templates, the object model of `$context`).
    assert_eq!(
        keys(&mut world, Place::Context).join(" "),
        "resourceId resourcePath httpMethod extendedRequestId requestTime path accountId protocol requestOverride stage \
         domainPrefix requestTimeEpoch requestId identity domainName deploymentId responseOverride apiId"
    );
    assert_eq!(
        keys(&mut world, Place::Identity).join(" "),
        "cognitoIdentityPoolId accountId cognitoIdentityId caller sourceIp principalOrgId accessKey \
         cognitoAuthenticationType cognitoAuthenticationProvider userArn userAgent user"
    );
    assert_eq!(keys(&mut world, Place::RequestOverride), ["path", "header", "querystring"]);
    assert_eq!(keys(&mut world, Place::ResponseOverride), ["header"]);
    assert!(keys(&mut world, Place::Authorizer).is_empty(), "there is none");
}

#[test]
fn what_an_authorizer_adds_is_listed() {
    let mut overrides = Overrides::default();
    let mut world = World::new(&IDENTIFIED, &mut overrides);
    assert!(keys(&mut world, Place::Context).contains(&"authorizer".to_owned()));
    assert!(keys(&mut world, Place::Identity).contains(&"clientCert".to_owned()));
    let mut said = keys(&mut world, Place::Authorizer);
    said.sort();
    assert_eq!(said, ["level", "principalId"]);
    assert_eq!(keys(&mut world, Place::Claims), ["sub"]);
}

#[test]
fn overrides_are_kept_and_read_again() {
    let mut overrides = Overrides::default();
    assert!(overrides.is_empty());
    let bare = Fake::default();
    let mut world = World::new(&bare, &mut overrides);
    // Looking at them writes nothing.
    keys(&mut world, Place::RequestOverride);
    assert!(world.overrides.is_empty());
    set(Place::OverriddenHeader, &mut world, "X-A", Value::from("1"));
    map(Place::OverriddenQuery, &mut world).expect("a map").insert("q", Value::Integer(2));
    set(Place::RequestOverride, &mut world, "mine", Value::from("kept"));
    set(Place::ResponseOverride, &mut world, "status", Value::Integer(444));
    set(Place::OverriddenResponseHeader, &mut world, "X-B", Value::from("3"));
    // What is no override cannot be written.
    set(Place::Context, &mut world, "requestId", Value::from("forged"));
    set(Place::Identity, &mut world, "sourceIp", Value::from("forged"));
    assert_eq!(printed(&mut world, "requestId"), None);

    let mut world = World::new(&bare, &mut overrides);
    assert_eq!(printed(&mut world, "requestOverride.header.X-A").as_deref(), Some("1"));
    assert_eq!(printed(&mut world, "requestOverride.querystring.q").as_deref(), Some("2"));
    assert_eq!(printed(&mut world, "requestOverride.mine").as_deref(), Some("kept"));
    assert_eq!(printed(&mut world, "responseOverride.status").as_deref(), Some("444"));
    assert!(!overrides.is_empty());
    let mut seen = Vec::new();
    overrides.request_headers(|name, value| seen.push(format!("{name}: {value}")));
    overrides.query(|name, value| seen.push(format!("{name}={value}")));
    overrides.response_headers(|name, value| seen.push(format!("{name}: {value}")));
    overrides.path(|name, _| seen.push(name.to_owned()));
    assert_eq!(seen, ["X-A: 1", "q=2", "X-B: 3"]);
    assert_eq!(overrides.status(), Some(444));
}

#[test]
fn a_status_is_an_integer_from_100_to_599_or_ignored() {
    for (value, expected) in [
        (Value::Integer(100), Some(100)),
        (Value::Integer(599), Some(599)),
        (Value::Integer(600), None),
        (Value::Integer(99), None),
        (Value::Integer(-1), None),
        (Value::Long(200), Some(200)),
        (Value::from("404"), Some(404)),
        (Value::from("4O4"), None),
        (Value::Double(200.0), None),
        (Value::Bool(true), None),
    ] {
        let mut overrides = Overrides::default();
        overrides.map(Side::Response, "").insert("status", value.clone());
        assert_eq!(overrides.status(), expected, "{value:?}");
    }
}

#[test]
fn stage_variables_are_a_map() {
    let mut overrides = Overrides::default();
    let mut world = World::new(&IDENTIFIED, &mut overrides);
    let root = Root::named("stageVariables").expect("it exists");
    let value = root.get(&mut world, "env").expect("it reads").expect("it is set");
    assert_eq!(value.to_string(), "dev");
    assert!(root.get(&mut world, "nope").expect("it reads").is_none());
    assert_eq!(root.map(&mut world).expect("a map").len(), 1);
    assert_eq!(Value::Root(root).to_string(), "");
    assert!(Root::named("nope").is_none());
}
