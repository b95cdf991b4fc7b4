//! Mapping templates: what parsing and rendering cost.

use std::borrow::Cow;
use std::hint::black_box;

use anyhow::{Result, ensure};
use gateway_vtl::{Limits, Overrides, Request, Template};

use crate::cases::Case;

/// Twenty lines as applications have them: nodes of the body, a condition, a loop, escapes.
const TEMPLATE: &str = r#"#set($order = $input.path('$'))
{
  "orderId": "$util.escapeJavaScript($order.id)",
  "stage": "$context.stage",
  "requestId": "$context.requestId",
  "caller": "$context.identity.sourceIp",
  "customer": {
    "name": "$util.escapeJavaScript($order.customer.name)",
    "mail": "$order.customer.email",
    "discount": #if($order.customer.vip == true)10#{else}0#end
  },
  "total": $order.total,
  "lines": [
#foreach($item in $order.items)
    {"sku": "$item.sku", "count": $item.quantity, "label": "$item.name"}#if($foreach.hasNext),#end

#end
  ],
  "source": $input.json('$.items[0]')
}
"#;

/// 1 KiB of JSON.
pub(crate) fn order() -> String {
    let item = |n: usize| {
        format!(r#"{{"sku":"sku-{n:04}","name":"Item number {n:02}","quantity":{n},"price":9.75}}"#)
    };
    let items: Vec<String> = (10..23).map(item).collect();
    let customer = r#"{"name":"Ada Lovelace","email":"ada@example.com","vip":true}"#;
    format!(
        r#"{{"id":"a1b2c3d4","customer":{customer},"total":129.5,"currency":"EUR","items":[{}]}}"#,
        items.join(",")
    )
}

struct Order(String);

impl Request for Order {
    fn body(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn path_parameters(&self, _: &mut dyn FnMut(&str, &str)) {}

    fn query_parameters(&self, _: &mut dyn FnMut(&str, &str)) {}

    fn headers(&self, each: &mut dyn FnMut(&str, &str)) {
        each("Content-Type", "application/json");
    }

    fn stage_variables(&self, _: &mut dyn FnMut(&str, &str)) {}

    fn context(&self, path: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match path {
            "stage" => "prod",
            "requestId" => "7d1c2f66-2b4e-4f0e-9d3f-1f2a3b4c5d6e",
            "identity.sourceIp" => "192.0.2.1",
            _ => return None,
        }))
    }

    fn authorizer(&self, _: &mut dyn FnMut(&str, &str)) -> bool {
        false
    }
}

/// Parsing and rendering.
///
/// # Errors
/// When the template does not parse, or renders something else.
pub(crate) fn cases() -> Result<Vec<Case>> {
    let template = Template::parse(TEMPLATE)?;
    let (order, limits) = (Order(order()), Limits::default());
    ensure!((1000..1100).contains(&order.0.len()), "the body has 1 KiB");
    let mut out = String::new();
    template.render(&order, &mut Overrides::default(), &limits, &mut out)?;
    ensure!(out.contains("\"sku\": \"sku-0022\", \"count\": 22"), "the template renders:\n{out}");
    Ok(vec![
        Case::new("vtl/parse/order", || {
            let template = Template::parse(black_box(TEMPLATE));
            assert!(template.is_ok());
        }),
        Case::new("vtl/render/order", move || {
            out.clear();
            let result = template.render(&order, &mut Overrides::default(), &limits, &mut out);
            assert!(black_box(result).is_ok());
        }),
    ])
}
