//! Answers in the protocol of their requests.

use crate::signature::iso;
use crate::wire::cbor::{self, Value};
use crate::wire::{Protocol, xml};
use crate::{Answer, Call};

const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

pub(super) fn write(protocol: Protocol, operation: &str, document: &Value, call: &Call) -> Answer {
    match protocol {
        Protocol::Cbor => cbor::answer(200, document),
        Protocol::AwsJson10 => {
            let mut answer = Answer::json(200, &to_json(document));
            answer.content_type = Some("application/x-amz-json-1.0");
            answer
        }
        _ => {
            let mut result = String::new();
            if let Value::Map(members) = document {
                members.iter().for_each(|(name, value)| element(name, value, &mut result));
            }
            xml::answer(NAMESPACE, operation, &result, &call.request_id)
        }
    }
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Time(seconds) if seconds.fract() == 0.0 => (*seconds as u64).into(),
        Value::Time(seconds) => (*seconds).into(),
        Value::List(values) => values.iter().map(to_json).collect(),
        Value::Map(members) | Value::Table(members) => {
            members.iter().map(|(name, value)| (name.clone(), to_json(value))).collect()
        }
    }
}

fn element(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(value) => xml::write_element(name, &value.to_string(), out),
        Value::Number(value) => xml::write_element(name, &format!("{value:?}"), out),
        Value::Text(text) => xml::write_element(name, text, out),
        Value::Time(seconds) => {
            xml::write_element(name, &iso((seconds * 1000.0) as u64), out);
        }
        Value::List(values) => {
            out.push_str(&format!("<{name}>"));
            values.iter().for_each(|value| element("member", value, out));
            out.push_str(&format!("</{name}>"));
        }
        Value::Map(members) => {
            out.push_str(&format!("<{name}>"));
            members.iter().for_each(|(name, value)| element(name, value, out));
            out.push_str(&format!("</{name}>"));
        }
        Value::Table(entries) => {
            out.push_str(&format!("<{name}>"));
            for (key, value) in entries {
                out.push_str("<entry>");
                xml::write_element("key", key, out);
                element("value", value, out);
                out.push_str("</entry>");
            }
            out.push_str(&format!("</{name}>"));
        }
    }
}
