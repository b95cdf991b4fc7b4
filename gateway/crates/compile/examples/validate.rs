//! What validating a body of 1 KiB costs: `cargo run --release -p gateway-compile --example validate`.

#[path = "../tests/models/mod.rs"]
mod models;

use std::hint::black_box;
use std::time::Instant;

const SCHEMA: &str = r#"{"type":"object","required":["id","name","items"],"additionalProperties":false,"properties":{
  "id":{"type":"string","pattern":"^[0-9a-f-]{36}$"},"name":{"type":"string","minLength":1,"maxLength":64},
  "email":{"type":"string","format":"email"},"total":{"type":"number","minimum":0},
  "state":{"enum":["new","paid","sent"]},"items":{"type":"array","minItems":1,"maxItems":100,"items":{
  "type":"object","required":["sku","count"],"properties":{"sku":{"type":"string"},"count":{"type":"integer","minimum":1},
  "price":{"type":"number"},"tags":{"type":"array","items":{"type":"string"}}}}}}}"#;

fn main() {
    let item = |n: usize| {
        format!(
            r#"{{"sku":"sku-{n:04}","count":{n},"price":{n}.25,"tags":["red","large","sale"]}}"#
        )
    };
    let items: Vec<String> = (1..13).map(item).collect();
    let body = format!(
        r#"{{"id":"123e4567-e89b-12d3-a456-426614174000","name":"Ada","email":"ada@example.com","total":12.5,"state":"new","items":[{}]}}"#,
        items.join(",")
    );
    let schema = models::schema(SCHEMA);
    assert!(schema.accepts(body.as_bytes()), "{}", schema.problems(body.as_bytes()));
    let mut best = u128::MAX;
    for _ in 0..20 {
        let started = Instant::now();
        for _ in 0..1_000 {
            black_box(schema.accepts(black_box(body.as_bytes())));
        }
        best = best.min(started.elapsed().as_nanos() / 1_000);
    }
    println!("{} bytes: {best} ns", body.len());
}
