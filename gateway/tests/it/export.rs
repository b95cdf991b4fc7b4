//! `gateway export`, at the front door.

use std::process::{Command, Output};

use crate::support::in_package;

fn export(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gateway")).arg("export").args(args).output().unwrap()
}

fn written(args: &[&str]) -> String {
    let output = export(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn example() -> String {
    in_package("../config/examples/petstore.yaml").display().to_string()
}

#[test]
fn an_export_with_all_extensions_is_the_same_api_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("petstore.yaml");
    let path_text = path.display().to_string();
    let whole = ["--extensions", "apigateway"];
    let first = written(&[&[example().as_str()], &whole[..]].concat());
    std::fs::write(&path, &first).unwrap();
    assert_eq!(written(&[&[path_text.as_str()], &whole[..]].concat()), first);
    let yaml = written(&[&[path_text.as_str(), "--yaml"], &whole[..]].concat());
    assert!(yaml.starts_with("openapi: \"3.0.1\"\n"), "{yaml}");
    std::fs::write(&path, &yaml).unwrap();
    assert_eq!(written(&[&[path_text.as_str()], &whole[..]].concat()), first);
}

#[test]
fn an_export_has_what_was_asked_for() {
    let plain: serde_json::Value = serde_json::from_str(&written(&[&example()])).unwrap();
    assert_eq!(plain["servers"][0]["variables"]["basePath"]["default"], "test");
    assert!(plain["paths"]["/pets"]["get"]["x-amazon-apigateway-integration"].is_null());
    let text = written(&[&example(), "--format", "swagger", "--extensions", "integrations"]);
    let swagger: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(swagger["host"], "petstore.execute-api.us-east-1.amazonaws.com");
    assert_eq!(swagger["paths"]["/pets"]["get"]["x-amazon-apigateway-integration"]["type"], "http");
}

#[test]
fn what_is_not_there_is_told() {
    let output = export(&[&example(), "--api", "petshop"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(said, "error: no API is called \"petshop\"; there are petstore (PetStore)\n");
    let output = export(&[&example(), "--stage", "prod"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(said, "error: the API PetStore has no stage \"prod\"; it has test\n");
}
