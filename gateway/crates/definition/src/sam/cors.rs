//! `Cors`: an `OPTIONS` operation that answers what browsers ask before.

use super::Api;
use super::build::{Edit, Maker};
use crate::node::{Kind, Node};

/// The verbs that `any` stands for.
const VERBS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// What preflights are answered with.
struct Cors {
    origin: Node,
    methods: Option<Node>,
    headers: Option<Node>,
    max_age: Option<Node>,
    allows_credentials: bool,
}

impl Cors {
    /// An origin, or an object; an expression is an origin.
    fn read(node: &Node) -> Option<Self> {
        if node.as_map().is_none() || node.call().is_some() {
            return Some(Self {
                origin: node.clone(),
                methods: None,
                headers: None,
                max_age: None,
                allows_credentials: false,
            });
        }
        let member = |name: &str| node.member(name).cloned();
        let credentials = node.member("AllowCredentials").and_then(Node::scalar_text);
        Some(Self {
            origin: member("AllowOrigin")?,
            methods: member("AllowMethods"),
            headers: member("AllowHeaders"),
            max_age: member("MaxAge"),
            allows_credentials: credentials.as_deref() == Some("true"),
        })
    }

    fn operation(&self, verbs: &[&str], is_oas3: bool) -> Node {
        let maker = Maker(&self.origin.place);
        let methods = match &self.methods {
            Some(methods) => methods.clone(),
            None => maker.text(format!("'{}'", verbs.join(","))),
        };
        let mut headers = vec![("Allow-Origin", self.origin.clone()), ("Allow-Methods", methods)];
        headers.extend(self.headers.clone().map(|headers| ("Allow-Headers", headers)));
        headers.extend(self.max_age.clone().map(|age| ("Max-Age", age)));
        if self.allows_credentials {
            headers.push(("Allow-Credentials", maker.text("'true'")));
        }
        let (mut declared, mut mapped) = (maker.map([]), maker.map([]));
        for (name, value) in headers {
            let name = format!("Access-Control-{name}");
            let kind = maker.map([("type", maker.text("string"))]);
            let kind = if is_oas3 { maker.map([("schema", kind)]) } else { kind };
            declared.put(&name, kind);
            mapped.put(&format!("method.response.header.{name}"), value);
        }
        let json = |text: &str| maker.map([("application/json", maker.text(text))]);
        let answer = maker.map([
            ("statusCode", maker.text("200")),
            ("responseParameters", mapped),
            ("responseTemplates", json("{}\n")),
        ]);
        let integration = maker.map([
            ("type", maker.text("mock")),
            ("requestTemplates", json("{\n  \"statusCode\" : 200\n}\n")),
            ("responses", maker.map([("default", answer)])),
        ]);
        let response = maker.map([
            ("description", maker.text("Default response for CORS method")),
            ("headers", declared),
        ]);
        let mut operation = maker.map([
            ("summary", maker.text("CORS support")),
            ("responses", maker.map([("200", response)])),
            ("x-amazon-apigateway-integration", integration),
        ]);
        if !is_oas3 {
            let types = maker.list(vec![maker.text("application/json")]);
            operation.put("consumes", types.clone());
            operation.put("produces", types);
        }
        operation
    }
}

impl Api {
    /// Adds preflights to all paths that have none.
    pub(super) fn apply_cors(&mut self) {
        let Some(cors) = self.properties.member("Cors").and_then(Cors::read) else { return };
        let is_oas3 = self.is_oas3;
        let Some(paths) = self.body.as_mut().and_then(|body| body.child("paths")) else { return };
        let Kind::Map(items) = &mut paths.kind else { return };
        for (_, item) in items {
            if item.as_map().is_none() || item.call().is_some() || item.member("options").is_some()
            {
                continue;
            }
            let is_any = item.member("x-amazon-apigateway-any-method").is_some();
            let has =
                |verb: &str| verb == "OPTIONS" || item.member(&verb.to_ascii_lowercase()).is_some();
            let verbs: Vec<&str> =
                VERBS.iter().copied().filter(|verb| is_any || has(verb)).collect();
            item.put("options", cors.operation(&verbs, is_oas3));
        }
    }
}
