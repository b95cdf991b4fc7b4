//! What a render costs: a template of twenty lines over a body of 1 KiB, many times over.
//!
//! `cargo run --release --example render_cost` prints times; under `valgrind --tool=callgrind` with the argument `1` it renders
//! once, and the difference between two counts (`1` and `1001`) is what a thousand renders execute.

use std::borrow::Cow;
use std::time::Instant;

use gateway_vtl::{Limits, Overrides, Request, Template};

/// The gateway's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TEMPLATE: &str = r#"#set($root = $input.path('$'))
#set($count = 0)
{
  "request": "$context.requestId",
  "method": "$context.httpMethod",
  "user": "$util.escapeJavaScript($root.user.name)",
  "email": "$root.user.email.toLowerCase()",
#if($root.user.active == true && $root.items.size() > 0)
  "items": [
#foreach($item in $root.items)
#set($count = $count + $item.quantity)
    {"sku": "$item.sku", "price": $item.price, "index": $foreach.index}#if($foreach.hasNext),#end

#end
  ],
#else
  "items": [],
#end
  "count": $count,
  "address": $input.json('$.user.address')
}
"#;

struct Post {
    body: String,
}

impl Request for Post {
    fn body(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.body)
    }

    fn path_parameters(&self, _: &mut dyn FnMut(&str, &str)) {}

    fn query_parameters(&self, _: &mut dyn FnMut(&str, &str)) {}

    fn headers(&self, _: &mut dyn FnMut(&str, &str)) {}

    fn stage_variables(&self, _: &mut dyn FnMut(&str, &str)) {}

    fn context(&self, path: &str) -> Option<Cow<'_, str>> {
        match path {
            "requestId" => Some("c6af9ac6-7b61-11e6-9a41-93e8deadbeef".into()),
            "httpMethod" => Some("POST".into()),
            _ => None,
        }
    }

    fn authorizer(&self, _: &mut dyn FnMut(&str, &str)) -> bool {
        false
    }
}

/// A body of about 1 KiB.
fn body() -> String {
    let items: Vec<String> = (0..8)
        .map(|index| format!(r#"{{"sku":"SKU-{index:05}","price":{index}9.95,"quantity":{},"tags":["a","b"],"note":"item"}}"#, index + 1))
        .collect();
    format!(
        r#"{{"user":{{"name":"Ada Lovelace","email":"Ada@Example.com","active":true,"address":{{"street":"12 St James's Square","city":"London","code":"SW1Y 4JH"}}}},"items":[{}],"comment":"{}"}}"#,
        items.join(","),
        "x".repeat(180)
    )
}

fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000u32);
    let request = Post { body: body() };
    let start = Instant::now();
    let template = Template::parse(TEMPLATE).expect("the template is one");
    let parsing = start.elapsed();
    let (mut out, limits) = (String::new(), Limits::default());
    let start = Instant::now();
    for _ in 0..count {
        out.clear();
        template
            .render(&request, &mut Overrides::default(), &limits, &mut out)
            .expect("it renders");
    }
    let each = start.elapsed() / count.max(1);
    println!(
        "body {} bytes, output {} bytes, parsing {parsing:?}, rendering {each:?}",
        request.body.len(),
        out.len()
    );
}
