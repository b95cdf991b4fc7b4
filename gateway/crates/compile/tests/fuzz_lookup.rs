//! Look-ups with bytes from a network: hosts, paths, content types.

use gateway_compile::routes::RoutesBuilder;
use gateway_compile::{HostTable, MethodIndex, PathParams, RequestMethod};
use gateway_model::{HttpMethod, PathPart};

#[test]
fn route_and_host() {
    let mut builder = RoutesBuilder::new();
    let (a, p) = (PathPart::Literal("a".to_owned()), PathPart::Parameter("p".to_owned()));
    let x = PathPart::Greedy("x".to_owned());
    for (at, parts) in
        [vec![&a], vec![&a, &p], vec![&p, &a], vec![&p, &x], vec![]].iter().enumerate()
    {
        builder.add(parts, [(HttpMethod::Any, MethodIndex(at as u32))]).expect("no conflict");
    }
    let routes = builder.build();
    let hosts = HostTable::default();
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut params = PathParams::default();
        if routes.find(bytes, RequestMethod::Get, &mut params).is_some() {
            for at in 0..params.count() as u8 {
                let value = params.value(bytes, at).expect("a span in range");
                assert!(!value.is_empty());
            }
        }
        assert_eq!(hosts.resolve(bytes, bytes), None);
    });
}
