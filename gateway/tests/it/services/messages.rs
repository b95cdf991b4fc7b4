//! Messages on their way: SQS, SNS, Kinesis, EventBridge.

use serde_json::{Value, json};

use super::moto::Moto;
use super::{ask, post, serve};

/// The message that waits in a queue.
#[track_caller]
fn received(moto: &Moto, queue: &str) -> Option<String> {
    let url = format!("{}/123456789012/{queue}", moto.url());
    let answer = moto.json("sqs", "AmazonSQS.ReceiveMessage", &json!({ "QueueUrl": url }));
    answer["Messages"][0]["Body"].as_str().map(str::to_owned)
}

#[track_caller]
fn queue(moto: &Moto, name: &str) {
    moto.json("sqs", "AmazonSQS.CreateQueue", &json!({ "QueueName": name }));
}

#[test]
fn a_form_sends_a_message_to_sqs() {
    let Some(moto) = Moto::start() else { return };
    queue(&moto, "orders");
    let gateway = serve(&moto.url());
    let order = json!({ "order": 1, "note": "50% & + = ü" });
    assert_eq!(post(&gateway, "/s/queues/orders", &order), (200, json!({ "accepted": true })));
    let body = received(&moto, "orders").unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), order);
    assert_eq!(received(&moto, "orders"), None);
    // What the service refuses is told by its status.
    let refused = ask(&gateway, "POST", "/s/queues/nobody", &[], b"{}");
    assert_eq!((refused.status, refused.text()), (404, r#"{"accepted": false}"#));
    assert!(refused.header("X-Service-Type").is_some_and(|kind| kind.starts_with("text/xml")));
    assert_eq!(
        ask(&gateway, "POST", "/s/queues/orders", &["Content-Type: text/xml"], b"<a/>").status,
        415
    );
    assert_eq!(received(&moto, "orders"), None);
}

#[test]
fn json_sends_a_message_to_sqs() {
    let Some(moto) = Moto::start() else { return };
    queue(&moto, "orders");
    let gateway = serve(&moto.url());
    let order = json!({ "queue": "orders", "message": "hello \"you\"" });
    let (status, answer) = post(&gateway, "/s/messages", &order);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["id"].as_str().unwrap().len(), 36);
    assert_eq!(received(&moto, "orders").as_deref(), Some("hello \"you\""));
    let (status, answer) = post(&gateway, "/s/messages", &json!({ "queue": "no", "message": "" }));
    assert_eq!(status, 404, "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("QueueDoesNotExist"), "{answer}");
}

#[test]
fn an_action_of_sns_has_its_parameters_in_the_query() {
    let Some(moto) = Moto::start() else { return };
    moto.form("sns", "Action=CreateTopic&Name=news");
    queue(&moto, "reader");
    moto.form(
        "sns",
        "Action=Subscribe&TopicArn=arn:aws:sns:us-east-1:123456789012:news&Protocol=sqs&\
         Endpoint=arn:aws:sqs:us-east-1:123456789012:reader",
    );
    let gateway = serve(&moto.url());
    let text = "50% off & more: ünder €10";
    let published = post(&gateway, "/s/topics/news?subject=a%26b", &json!({ "text": text }));
    assert_eq!(published, (200, json!({ "accepted": true })));
    let envelope: Value = serde_json::from_str(&received(&moto, "reader").unwrap()).unwrap();
    assert_eq!((&envelope["Message"], &envelope["Subject"]), (&json!(text), &json!("a&b")));
    let refused = post(&gateway, "/s/topics/nobody", &json!({ "text": "x" }));
    assert_eq!(refused, (404, json!({ "accepted": false })));
}

#[test]
fn kinesis_gets_a_record() {
    let Some(moto) = Moto::start() else { return };
    let call = |action: &str, body: Value| {
        moto.json("kinesis", &format!("Kinesis_20131202.{action}"), &body)
    };
    call("CreateStream", json!({ "StreamName": "clicks", "ShardCount": 1 }));
    let gateway = serve(&moto.url());
    let click = json!({ "x": 1 });
    let (status, answer) = post(&gateway, "/s/records/clicks", &click);
    assert_eq!((status, &answer), (200, &json!({ "shard": "shardId-000000000000" })));
    let iterator = call(
        "GetShardIterator",
        json!({
            "StreamName": "clicks", "ShardId": answer["shard"], "ShardIteratorType": "TRIM_HORIZON",
        }),
    );
    let records = call("GetRecords", json!({ "ShardIterator": iterator["ShardIterator"] }));
    assert_eq!(records["Records"][0]["Data"], json!("eyJ4IjoxfQ=="));
    let (status, answer) = post(&gateway, "/s/records/nothing", &click);
    assert_eq!((status, answer), (404, json!({ "error": "ResourceNotFoundException" })));
}

#[test]
fn event_bridge_gets_an_event_named_by_an_override() {
    let Some(moto) = Moto::start() else { return };
    let call =
        |action: &str, body: Value| moto.json("events", &format!("AWSEvents.{action}"), &body);
    queue(&moto, "events");
    let pattern = json!({ "source": ["orders"] }).to_string();
    call("PutRule", json!({ "Name": "all", "EventPattern": pattern }));
    let arn = "arn:aws:sqs:us-east-1:123456789012:events";
    call("PutTargets", json!({ "Rule": "all", "Targets": [{ "Id": "q", "Arn": arn }] }));
    let gateway = serve(&moto.url());
    let detail = json!({ "order": 7, "by": "o'neill \"x\"" });
    let (status, answer) = post(&gateway, "/s/events?type=placed&bus=default", &detail);
    assert_eq!((status, answer), (200, json!({ "failed": 0 })));
    let event: Value = serde_json::from_str(&received(&moto, "events").unwrap()).unwrap();
    assert_eq!((&event["detail-type"], &event["detail"]), (&json!("placed"), &detail));
    // An entry without a type is refused within an answer of 200.
    let refused = post(&gateway, "/s/events?bus=default", &detail);
    assert_eq!(refused, (502, json!({ "failed": 1 })));
}
