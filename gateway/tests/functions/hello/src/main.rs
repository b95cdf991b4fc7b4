//! A `bootstrap` on the official runtime client. Answers a proxy event with a greeting; `?echo` with the event.
#![forbid(unsafe_code)]

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}

async fn hello(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let event = event.payload;
    let body = match event.pointer("/queryStringParameters/echo") {
        Some(_) => event.to_string(),
        None => "Hello from Rust".to_owned(),
    };
    Ok(json!({ "statusCode": 200, "headers": { "Content-Type": "text/plain" }, "body": body }))
}
