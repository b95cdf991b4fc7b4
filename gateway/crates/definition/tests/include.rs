//! `AWS::Include`: files that are parts of a template.

use gateway_definition::limits::INCLUDES_MAX;
use gateway_definition::{Loaded, Options, Source, load};
use std::fs;
use std::path::PathBuf;

/// A directory of its own with what a template includes, gone at the end; also the bucket `parts`.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let process = std::process::id();
        let path = std::env::temp_dir().join(format!("definition-include-{process}-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        for (name, text) in files {
            fs::write(path.join(name), text).expect("a file");
        }
        Self(path)
    }

    fn load(&self, template: &str) -> Loaded {
        self.load_as(template, Options { reads_function_code: true, ..Options::default() })
    }

    fn load_as(&self, template: &str, options: Options) -> Loaded {
        let name = self.0.join("t.yaml").display().to_string();
        let buckets = [("parts".to_owned(), self.0.clone())].into();
        let options = Options { buckets, ..options };
        load(&[Source { name, text: template.to_owned() }], &options)
    }

    /// What was said, without the directory.
    fn said(&self, loaded: &Loaded) -> Vec<String> {
        let place = format!("{}/", self.0.display());
        loaded.diagnostics.iter().map(|said| said.to_string().replace(&place, "")).collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The names of APIs, and the paths of the first one.
fn told(loaded: &Loaded) -> (Vec<String>, Vec<String>) {
    let names = loaded.definitions.apis.iter().map(|api| api.name.clone()).collect();
    let paths = loaded.definitions.apis.first().map_or_else(Vec::new, |api| {
        let mut paths: Vec<_> = api.resources.values().map(|of| of.path.clone()).collect();
        paths.sort();
        paths
    });
    (names, paths)
}

const DOCUMENT: &str = "\
openapi: 3.0.1
info: {title: !Sub '${AWS::StackName}-pets', version: '1'}
paths:
  /pets:
    get:
      responses: {}
      x-amazon-apigateway-integration: {type: mock}
";

#[test]
fn a_body_is_a_file_whose_functions_are_evaluated() {
    let project = Project::new("body", &[("api.yaml", DOCUMENT)]);
    for location in [
        "s3://parts/api.yaml",
        "api.yaml",
        "{Ref: Where}",
        "{'Fn::Sub': 's3://${Bucket}/api.yaml'}",
    ] {
        let loaded = project.load(&format!(
            "Parameters:
  Where: {{Type: String, Default: 's3://parts/api.yaml'}}
  Bucket: {{Type: String, Default: parts}}
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body: {{'Fn::Transform': {{Name: AWS::Include, Parameters: {{Location: {location}}}}}}}
"
        ));
        assert_eq!(project.said(&loaded), [""; 0], "{location}");
        assert_eq!(
            told(&loaded),
            (vec!["t-pets".to_owned()], vec!["/".to_owned(), "/pets".to_owned()])
        );
        assert_eq!(loaded.documents, [project.0.join("api.yaml")]);
    }
}

#[test]
fn an_include_adds_members_to_those_beside_it() {
    let files = [
        (
            "more.json",
            r#"{"Other": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "other"}}}"#,
        ),
        ("top.yaml", "Outputs: {Of: {Value: !Ref Other}}\n"),
    ];
    let project = Project::new("beside", &files);
    let loaded = project.load(
        "Transform: {Name: AWS::Include, Parameters: {Location: s3://parts/top.yaml}}
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: ./more.json}}
",
    );
    assert_eq!(project.said(&loaded), [""; 0]);
    assert_eq!(told(&loaded).0, ["api", "other"]);
    assert_eq!(loaded.definitions.outputs.len(), 1);
}

#[test]
fn what_is_wrong_is_told_where_it_is() {
    let files = [
        ("twice.yaml", "Name: again\n"),
        ("list.yaml", "- a\n"),
        (
            "nested.yaml",
            "Name: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: twice.yaml}}}\n",
        ),
        ("broken.yaml", "Name: [\n"),
    ];
    let project = Project::new("wrong", &files);
    let check = |transform: &str, expect: &[&str]| {
        let loaded = project.load(&format!(
            "Resources:\n  Api:\n    Type: AWS::ApiGateway::RestApi\n    Properties:\n      Name: api\n      Fn::Transform: {transform}\n"
        ));
        assert_eq!(project.said(&loaded), expect, "{transform}");
    };
    let include =
        |location: &str| format!("{{Name: AWS::Include, Parameters: {{Location: {location}}}}}");
    check(
        &include("twice.yaml"),
        &["twice.yaml:1:1: error: Name is there already where this file is included"],
    );
    check(
        &include("list.yaml"),
        &["list.yaml:1:1: error: what is included beside other members must be an object"],
    );
    check(
        &include("nested.yaml"),
        &[
            "nested.yaml:1:25: error: a file that is included cannot include or transform anything itself; it is included at t.yaml:6:22",
        ],
    );
    check(
        &include("gone.yaml"),
        &["t.yaml:6:22: error: No such file or directory (os error 2): gone.yaml"],
    );
    check(
        &include("s3://elsewhere/k"),
        &[
            "t.yaml:6:22: warning: the bucket \"elsewhere\" is not mapped to a directory: s3://elsewhere/k is not read; say where its objects are: --bucket elsewhere=DIRECTORY",
        ],
    );
    check(
        &include("[a]"),
        &[
            "t.yaml:6:22: error: Template error: AWS::Include must have Parameters with a Location, an S3 URI",
        ],
    );
    check(
        "{Name: Mine}",
        &["t.yaml:6:22: error: no transform named Mine: macros are not run here"],
    );
    check(
        "x",
        &[
            "t.yaml:6:22: error: Template error: Fn::Transform must be an object with Name and Parameters",
        ],
    );
    let loaded = project.load(&format!(
        "Resources:\n  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{'Fn::Transform': {}}}}}\n",
        include("broken.yaml")
    ));
    assert!(project.said(&loaded)[0].starts_with("broken.yaml:"), "{:?}", project.said(&loaded));
}

#[test]
fn a_template_from_elsewhere_includes_objects_alone() {
    let project = Project::new("elsewhere", &[("api.yaml", DOCUMENT)]);
    let template = |location: &str| {
        format!(
            "Resources:\n  Api:\n    Type: AWS::ApiGateway::RestApi\n    Properties:\n      Body: {{'Fn::Transform': {{Name: AWS::Include, Parameters: {{Location: {location}}}}}}}\n"
        )
    };
    let objects = [(("b".to_owned(), "k".to_owned()), project.0.join("api.yaml"))];
    let options =
        Options { objects: Some(objects.into()), reads_function_code: true, ..Options::default() };
    let loaded = project.load_as(&template("s3://b/k"), options.clone());
    assert_eq!(told(&loaded).0, ["t-pets"], "{:?}", loaded.diagnostics);
    for (location, expect) in [
        ("api.yaml", "t.yaml:5:31: error: api.yaml must be an S3 URI, s3://bucket/key"),
        (
            "s3://parts/api.yaml",
            "t.yaml:5:31: error: Unable to get the object s3://parts/api.yaml: there is none here",
        ),
        ("/etc/passwd", "t.yaml:5:31: error: /etc/passwd must be an S3 URI, s3://bucket/key"),
    ] {
        let loaded = project.load_as(&template(location), options.clone());
        assert_eq!(project.said(&loaded)[0], expect, "{location}");
    }
}

#[test]
fn includes_are_bounded() {
    let project = Project::new("many", &[("one.yaml", "a")]);
    let include = "{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: one.yaml}}}";
    let list = vec![include; INCLUDES_MAX + 2].join(", ");
    let loaded = project.load(&format!(
        "Resources:\n  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: a}}}}\nMetadata: {{All: [{list}]}}\n"
    ));
    let said = project.said(&loaded);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("error: a template includes at most 256 files"), "{said:?}");
}
