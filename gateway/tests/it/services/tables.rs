//! DynamoDB.

use serde_json::{Value, json};

use super::moto::Moto;
use super::{get, post, serve};

#[test]
fn items_are_put_and_queried() {
    let Some(moto) = Moto::start() else { return };
    let call = |action: &str, body: Value| {
        moto.json("dynamodb", &format!("DynamoDB_20120810.{action}"), &body)
    };
    let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    call(
        "CreateTable",
        json!({
            "TableName": "notes",
            "KeySchema": [key("owner", "HASH"), key("id", "RANGE")],
            "AttributeDefinitions": [attribute("owner"), attribute("id")],
            "BillingMode": "PAY_PER_REQUEST",
        }),
    );
    let gateway = serve(&moto.url());
    let mut ids = Vec::new();
    for title in ["tea \"Earl Grey\"", "bread"] {
        let note = json!({ "table": "notes", "owner": "ann", "title": title });
        let (status, answer) = post(&gateway, "/s/items", &note);
        assert_eq!(status, 200, "{answer}");
        ids.push(answer["id"].clone());
        let key = json!({ "owner": { "S": "ann" }, "id": { "S": answer["id"] } });
        let item = call("GetItem", json!({ "TableName": "notes", "Key": key }));
        assert_eq!(item["Item"]["title"]["S"], json!(title));
    }
    assert_ne!(ids[0], ids[1]);
    let (status, answer) = get(&gateway, "/s/items/ann?table=notes");
    assert_eq!((status, &answer["count"]), (200, &json!(2)), "{answer}");
    assert_eq!(
        get(&gateway, "/s/items/bob?table=notes"),
        (200, json!({ "count": 0, "titles": [] }))
    );

    // The table is not there: the service's error, by its status and in its words.
    let note = json!({ "table": "nothing", "owner": "ann", "title": "x" });
    let (status, answer) = post(&gateway, "/s/items", &note);
    assert_eq!((status, answer), (404, json!({ "error": "ResourceNotFoundException" })));
}
