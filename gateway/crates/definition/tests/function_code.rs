//! Code of functions on this machine: found beside its definition, watched, and missed where it is not.

use gateway_definition::{Loaded, Options, Source, load};
use gateway_model::{Function, FunctionCode};
use std::fs;
use std::path::{Path, PathBuf};

/// A directory of its own with a template and a function's code, gone at the end.
struct Project(PathBuf);

impl Project {
    fn new(name: &str) -> Self {
        let process = std::process::id();
        let path = std::env::temp_dir().join(format!("definition-code-{process}-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("src")).expect("a directory");
        fs::write(path.join("src/index.py"), "1").expect("a file");
        Self(path)
    }

    fn load(&self, function: &str) -> Loaded {
        let name = self.0.join("t.yaml").display().to_string();
        let text = format!("Resources:\n  F: {{{function}}}\n");
        let options = Options { reads_function_code: true, ..Options::default() };
        load(&[Source { name, text }], &options)
    }

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

fn lambda(code: &str) -> String {
    let properties = format!("Runtime: python3.12, Handler: index.handler, Code: {code}");
    format!("Type: AWS::Lambda::Function, Properties: {{{properties}}}")
}

#[track_caller]
fn path(loaded: &Loaded) -> (&Path, u64) {
    let [Function { code: FunctionCode::Path { path, fingerprint, .. }, .. }] =
        loaded.definitions.functions.as_slice()
    else {
        panic!("no path: {:?}", loaded.diagnostics)
    };
    assert_eq!(loaded.diagnostics, []);
    (path, *fingerprint)
}

#[test]
fn a_path_is_relative_to_its_definition_and_absolute_afterwards() {
    let project = Project::new("relative");
    let by_code = project.load(&lambda("src"));
    assert_eq!(path(&by_code).0, project.0.join("src"));
    let sam = "Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, Handler: index.h, CodeUri: src/}";
    assert_eq!(path(&project.load(sam)).0, project.0.join("src/"));
    let metadata = ", Metadata: {\"aws:asset:path\": src, \"aws:asset:property\": Code}";
    let cdk = format!("{}{metadata}", lambda("{S3Bucket: b, S3Key: k.zip}"));
    assert_eq!(path(&project.load(&cdk)).0, project.0.join("src"));
    assert_eq!(path(&project.load(&cdk)).1, path(&by_code).1);
}

#[test]
fn a_changed_file_changes_the_function() {
    let project = Project::new("changed");
    let first = project.load(&lambda("./src"));
    assert_eq!(project.load(&lambda("./src")).definitions, first.definitions);
    fs::write(project.0.join("src/index.py"), "22").expect("a file");
    let second = project.load(&lambda("./src"));
    assert_ne!(path(&first).1, path(&second).1);
}

#[test]
fn code_that_is_not_there_is_an_error_and_says_where_it_was_sought() {
    let project = Project::new("missing");
    let loaded = project.load(&lambda("./gone"));
    assert!(loaded.has_errors());
    let column = 3 + "F: {".len() + lambda("").len() - 1;
    let expect = format!(
        "t.yaml:2:{column}: error: function code \"./gone\": there is no such directory or zip file: gone; \
         name a directory or a zip file, relative to the definition's directory"
    );
    assert_eq!(project.said(&loaded), [expect]);
    let loaded = project.load(&lambda("src/index.py"));
    assert!(
        project.said(&loaded)[0].contains("it is neither a directory nor a zip file: src/index.py")
    );
}

#[test]
fn an_asset_that_is_not_there_may_be_in_its_bucket() {
    let project = Project::new("asset");
    let metadata = ", Metadata: {\"aws:asset:path\": asset.gone, \"aws:asset:property\": Code}";
    let loaded = project.load(&format!("{}{metadata}", lambda("{S3Bucket: b, S3Key: k.zip}")));
    assert!(!loaded.has_errors());
    let said = project.said(&loaded);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("function code elsewhere is not served yet: s3://b/k.zip"),
        "{said:?}"
    );
    assert!(said[1].contains("\"asset.gone\" of function code is not there"), "{said:?}");
}
