//! Every definition of the conformance suite loads: no errors, and warnings only for features that
//! are not served yet, for API keys without a value, and for buckets that are nowhere.

use gateway_definition::{Options, Source, load};
use std::path::{Path, PathBuf};

/// What CloudFormation would refuse of the suite's templates, which are the transform's own tests.
const MISTAKES: [(&str, &str); 3] = [
    ("api_with_any_method_in_swagger", "names neither a function"),
    ("api_with_any_method_in_swagger", "dependencies [Stage]"),
    ("api_with_canary_setting", "unknown property \"StageVariablesOverrides\""),
];

#[test]
fn every_definition_of_the_suite_loads_without_errors() {
    let root = suite();
    if !root.is_dir() {
        println!("left out: definitions/cdk, definitions/openapi, definitions/sam (no suite here)");
        return;
    }
    let mut cases = 0;
    for folder in ["cdk", "openapi", "sam"] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(root.join(folder))
            .expect("the suite has this folder")
            .map(|entry| entry.expect("the folder can be listed").path())
            .filter(|path| {
                let extension = path.extension().and_then(|e| e.to_str());
                matches!(extension, Some("json" | "yaml"))
            })
            .collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a definition is text");
            let mut options = Options::default();
            if text.contains("Ref: EndpointConfig") || text.contains("\"Ref\": \"EndpointConfig\"")
            {
                // Its parameter has no default.
                options.parameters.insert("EndpointConfig".to_owned(), "REGIONAL".to_owned());
            }
            check(&file, text, &options);
            cases += 1;
        }
    }
    assert!(cases >= 69, "only {cases} definitions were there");
}

#[track_caller]
fn check(file: &Path, text: String, options: &Options) {
    let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
    let is_cdk = name.starts_with("rest-");
    let loaded = load(&[Source { name: name.clone(), text }], options);
    for diagnostic in &loaded.diagnostics {
        let text = diagnostic.to_string();
        if MISTAKES.iter().any(|(file, mistake)| name.starts_with(file) && text.contains(mistake)) {
            continue;
        }
        assert!(!diagnostic.is_error(), "{text}");
        let is_expected = [
            "not served yet",
            "has no Value",
            "is not mapped to a directory",
            "means nothing here",
        ]
        .iter()
        .any(|expected| text.contains(expected));
        assert!(is_expected, "a warning about something else: {text}");
    }
    if is_cdk {
        let [api] = loaded.definitions.apis.as_slice() else { panic!("{name}: one API") };
        assert!(api.resources.len() > 1, "{name}");
        assert!(!api.stages.is_empty(), "{name}");
        assert!(api.resources.values().any(|r| !r.methods.is_empty()), "{name}");
        let output = loaded.definitions.outputs.iter().find(|o| o.key.contains("Endpoint"));
        let host = format!("https://{}.execute-api.us-east-1.amazonaws.com/", api.id);
        assert!(output.is_some_and(|o| o.value.starts_with(&host)), "{name}: {output:?}");
    }
}

fn suite() -> PathBuf {
    let given = std::env::var_os("GATEWAY_CONFORMANCE").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance");
    given.unwrap_or(beside).join("definitions")
}
