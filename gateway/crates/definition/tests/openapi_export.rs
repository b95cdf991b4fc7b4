//! Exports as they were recorded at AWS, and documents that come back as they went out.

mod places;
mod recorded;

use gateway_definition::{
    ExportOptions, ExportType, Loaded, Options, Source, export, load, to_yaml,
};
use gateway_model::RestApi;
use places::without_places;
use recorded::matches;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn options(export_type: ExportType, is_whole: bool) -> ExportOptions {
    ExportOptions {
        export_type,
        apigateway: is_whole,
        region: "us-east-1".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        ..ExportOptions::default()
    }
}

fn write(api: &RestApi, options: &ExportOptions) -> String {
    let stage = api.stages.values().next().expect("a stage");
    export(api, stage, options).to_string()
}

#[test]
fn an_export_is_what_aws_exported() {
    let Some(scripts) = recorded::scripts("extended-export-") else { return };
    let mut cases = 0;
    for script in &scripts {
        let mut loaded = None;
        let mut written = Value::Null;
        for step in script.steps() {
            let params = &step["params"];
            match step["call"].as_str() {
                Some("apigateway.ImportRestApi") => {
                    let body = script.body(&params["body"]).expect("a body");
                    loaded = Some(deployed(&body));
                }
                Some("apigateway.GetExport") => {
                    let export_type = match params["exportType"].as_str() {
                        Some("swagger") => ExportType::Swagger,
                        _ => ExportType::Oas30,
                    };
                    let is_whole = params["parameters"]["extensions"] == "apigateway";
                    let loaded = loaded.as_ref().expect("an import comes first");
                    let api = &loaded.definitions.apis[0];
                    let text = write(api, &options(export_type, is_whole));
                    written = serde_json::from_str(&text).expect("an export is JSON");
                }
                _ => {}
            }
            let expect = &step["expect"]["body"];
            if expect.is_object() && step["call"].is_null() {
                cases += 1;
                assert!(matches(expect, &written), "{}\n{expect}\n{written}", script.name);
            }
        }
    }
    assert!(cases >= 8, "only {cases} exports were there");
}

/// An API with a stage that is called local.
fn deployed(body: &str) -> Loaded {
    let template = json!({"Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "local"},
        },
    }});
    let loaded = load(
        &[Source { name: "t.json".to_owned(), text: template.to_string() }],
        &Options::default(),
    );
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    loaded
}

#[track_caller]
fn import(text: &str) -> RestApi {
    let source = Source { name: "pets.yaml".to_owned(), text: text.to_owned() };
    let mut loaded = load(&[source], &Options::default());
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    RestApi::clone(&loaded.definitions.apis.remove(0))
}

/// OpenAPI 3.0 holds all that an API says; Swagger 2.0 has one list of content types for all models and
/// templates of a method, so that the second import is the one that stays.
#[track_caller]
fn check_fixed_point(text: &str) {
    let first = import(text);
    let oas30 = options(ExportType::Oas30, true);
    let written = write(&first, &oas30);
    let second = import(&written);
    pretty_assertions(&without_places(&first), &without_places(&second));
    assert_eq!(written, write(&second, &oas30));
    let stage = second.stages.values().next().expect("a stage");
    let from_yaml = import(&to_yaml(&export(&second, stage, &oas30)));
    pretty_assertions(&without_places(&second), &without_places(&from_yaml));
    let swagger = options(ExportType::Swagger, true);
    let once = write(&import(&write(&first, &swagger)), &swagger);
    assert_eq!(once, write(&import(&once), &swagger));
}

#[track_caller]
fn pretty_assertions(left: &str, right: &str) {
    for (a, b) in left.lines().zip(right.lines()) {
        assert_eq!(a, b, "the first line that differs");
    }
    assert_eq!(left.lines().count(), right.lines().count());
}

#[test]
fn the_example_comes_back_as_it_went_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../config/examples/petstore.yaml");
    check_fixed_point(&std::fs::read_to_string(path).expect("the example is there"));
}

#[test]
fn documents_of_the_suite_come_back_as_they_went_out() {
    let given = std::env::var_os("GATEWAY_CONFORMANCE").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance");
    let folder = given.unwrap_or(beside).join("definitions/openapi");
    if !folder.is_dir() {
        println!("left out: definitions/openapi (no suite here)");
        return;
    }
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name)).expect("a document of the suite is text")
    };
    for name in ["petstore-openapi3", "petstore-swagger2"] {
        let (json, yaml) = (read(&format!("{name}.json")), read(&format!("{name}.yaml")));
        check_fixed_point(&json);
        let (json, yaml) = (import(&json), import(&yaml));
        pretty_assertions(&without_places(&json), &without_places(&yaml));
    }
    // Both documents describe one API, apart from the lists of content types.
    let (new, old) =
        (import(&read("petstore-openapi3.json")), import(&read("petstore-swagger2.json")));
    pretty_assertions(&without_places(&new), &without_places(&old));
}
