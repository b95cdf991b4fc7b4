//! `FunctionUrlConfig` of functions: the URL, and leave to call it.
//!
//! Source: what the public translator makes of it.

use super::FUNCTION;
use super::build::{Edit, Maker};
use crate::node::{Key, Node};

/// What the transform makes of all functions that have one.
pub(super) fn made(root: &Node) -> Vec<(String, Node)> {
    let resources = root.member("Resources").map_or(&[][..], Node::members);
    let globals = root.member("Globals").and_then(|globals| globals.member("Function"));
    let is_function =
        |resource: &Node| resource.member("Type").and_then(Node::as_str) == Some(FUNCTION);
    let functions = resources.iter().filter(|(_, resource)| is_function(resource));
    functions.flat_map(|(key, resource)| of(key, resource, globals)).collect()
}

fn of(key: &Key, resource: &Node, globals: Option<&Node>) -> Vec<(String, Node)> {
    let own = resource.member("Properties");
    let property = |name: &str| {
        let own = own.and_then(|properties| properties.member(name));
        own.or_else(|| globals.and_then(|globals| globals.member(name)))
    };
    let Some(config) = property("FunctionUrlConfig").filter(|config| config.as_map().is_some())
    else {
        return Vec::new();
    };
    let maker = Maker(&key.place);
    let alias = property("AutoPublishAlias");
    let target = || match alias {
        None => maker.reference(&key.text),
        Some(_) => maker.reference(&format!("{}.Alias", key.text)),
    };
    let mut properties = maker.map([("TargetFunctionArn", maker.reference(&key.text))]);
    properties.put_some("Qualifier", alias);
    for name in ["AuthType", "Cors", "InvokeMode"] {
        properties.put_some(name, config.member(name));
    }
    let url = maker.resource("AWS::Lambda::Url", properties);
    let mut made = vec![(format!("{}Url", key.text), url)];
    if config.member("AuthType").and_then(Node::as_str) == Some("NONE") {
        let through_url = maker.map([
            ("Action", maker.text("lambda:InvokeFunctionUrl")),
            ("FunctionName", target()),
            ("FunctionUrlAuthType", maker.text("NONE")),
            ("Principal", maker.text("*")),
        ]);
        let function = maker.map([
            ("Action", maker.text("lambda:InvokeFunction")),
            ("FunctionName", target()),
            ("InvokedViaFunctionUrl", maker.boolean(true)),
            ("Principal", maker.text("*")),
        ]);
        for (suffix, properties) in
            [("UrlPublicPermissions", through_url), ("URLInvokeAllowPublicAccess", function)]
        {
            let permission = maker.resource("AWS::Lambda::Permission", properties);
            made.push((format!("{}{suffix}", key.text), permission));
        }
    }
    for (_, node) in &mut made {
        node.put_some("Condition", resource.member("Condition"));
    }
    made
}
