//! The tools that people deploy with, as they come from their registries, run against the control plane.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::client::{Control, ControlGateway as _};
use crate::support::{Client, Gateway};

/// A directory with the surroundings of somebody who uses AWS: a home without configuration, a place for files.
pub(super) struct Desk {
    directory: tempfile::TempDir,
    url: String,
}

impl Desk {
    pub(super) fn at(gateway: &Gateway) -> Self {
        Self::of(gateway.control_addr())
    }

    pub(super) fn of(control: SocketAddr) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), url: format!("http://{control}") }
    }

    /// Where files of this test are.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where AWS is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Writes a file; says where.
    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a tool as its user would, but that AWS is here.
    pub(super) fn run(&self, tool: &Path, args: &[&str]) -> Output {
        self.command(tool, args)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .output()
            .unwrap()
    }

    /// The same with the credentials of a state directory.
    pub(super) fn run_as(&self, tool: &Path, args: &[&str], state: &Path) -> Output {
        self.command(tool, args)
            .env("AWS_SHARED_CREDENTIALS_FILE", state.join("credentials"))
            .output()
            .unwrap()
    }

    fn command(&self, tool: &Path, args: &[&str]) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut search: OsString = tool.parent().unwrap().into();
        search.push(":");
        search.push(path);
        let mut command = Command::new(tool);
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .envs([
                ("AWS_ENDPOINT_URL", self.url.as_str()),
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("AWS_PAGER", ""),
                ("LANG", "C.UTF-8"),
                ("SAM_CLI_TELEMETRY", "0"),
                ("CDK_DISABLE_CLI_TELEMETRY", "true"),
                ("NO_COLOR", "1"),
                ("CI", "true"),
            ])
            .env("PATH", search)
            .env("HOME", self.path());
        command
    }
}

/// What a tool said when it had to succeed.
#[track_caller]
pub(super) fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.trim_end().to_owned()
}

/// What a tool said when it had to fail.
#[track_caller]
pub(super) fn failed(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success(), "{out}\n{err}");
    format!("{out}{err}")
}

/// `aws` of PyPI's awscli.
pub(super) fn aws() -> Option<PathBuf> {
    found("GATEWAY_TEST_VENV", "bin/aws")
}

/// `aws` of version 2, on the search path; version 1 has no `logs tail`.
pub(super) fn aws2() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_2 = |program: &PathBuf| {
        let output = Command::new(program).arg("--version").output();
        output.is_ok_and(|output| output.stdout.starts_with(b"aws-cli/2."))
    };
    let found = std::env::split_paths(&path).map(|of| of.join("aws")).find(is_2);
    if found.is_none() {
        eprintln!("left out: no AWS CLI of version 2 on the search path; scripts/test installs it");
    }
    found
}

/// `sam` of PyPI's aws-sam-cli.
pub(super) fn sam() -> Option<PathBuf> {
    found("GATEWAY_TEST_TOOLS", "sam/bin/sam")
}

/// `cdk` of npm's aws-cdk.
pub(super) fn cdk() -> Option<PathBuf> {
    found("GATEWAY_TEST_TOOLS", "cdk/node_modules/.bin/cdk")
}

/// A tool, or nothing, said aloud, where `scripts/test` has not installed it.
fn found(variable: &str, name: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(|root| PathBuf::from(root).join(name));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        eprintln!("left out: ${variable}/{name} is not there; scripts/test installs it");
    }
    path
}

/// A directory of the tests, copied to where a tool may write beside it.
fn copy(desk: &Desk, name: &str) -> String {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control").join(name);
    let mut waiting = vec![from.clone()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let below = path.strip_prefix(&from).unwrap().to_str().unwrap();
            desk.write(&format!("{name}/{below}"), std::fs::read(&path).unwrap());
        }
    }
    desk.path().join(name).to_str().unwrap().to_owned()
}

/// An output of a stack.
#[track_caller]
fn output(control: &mut Control, stack: &str) -> String {
    let form = format!("Version=2010-05-15&Action=DescribeStacks&StackName={stack}");
    let answer = control.form("cloudformation", &form);
    let text = answer.text();
    let value = text.split("<OutputValue>").nth(1).and_then(|rest| rest.split('<').next());
    value.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[track_caller]
fn answers(gateway: &Gateway, path: &str, expect: &str) {
    let answer = Client::get(gateway.addr(), path);
    assert_eq!((answer.status, answer.text()), (200, expect), "{path}");
}

#[test]
fn sam_deploys_and_deletes_a_template() {
    let Some(sam) = sam() else { return };
    let gateway = super::dev(&[]);
    let desk = Desk::at(&gateway);
    let template = format!("{}/template.yaml", copy(&desk, "sam"));
    let deploy =
        ["deploy", "--template-file", &template, "--stack-name", "sam-hello", "--resolve-s3"];
    let deploy = [
        &deploy[..],
        &["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--region", "us-east-1"],
    ]
    .concat();
    let told = said(&desk.run(&sam, &deploy));
    assert!(told.contains("Successfully created/updated stack - sam-hello in us-east-1"), "{told}");
    let mut control = Control::dev(gateway.control_addr());
    let path = format!("/_aws/execute-api/{}/Prod/hello", output(&mut control, "sam-hello"));
    answers(&gateway, &path, "Hello from SAM");
    // Other code is another artifact.
    desk.write(
        "sam/hello/app.py",
        "def handler(event, context):\n    return {'statusCode': 200, 'body': 'changed'}\n",
    );
    said(&desk.run(&sam, &deploy));
    answers(&gateway, &path, "changed");
    let again = said(&desk.run(&sam, &[&deploy[..], &["--no-fail-on-empty-changeset"]].concat()));
    assert!(again.contains("No changes to deploy"), "{again}");
    said(&desk.run(
        &sam,
        &["delete", "--stack-name", "sam-hello", "--no-prompts", "--region", "us-east-1"],
    ));
    assert_eq!(Client::get(gateway.addr(), &path).status, 403);
}

#[test]
fn aws_cloudformation_packages_what_sam_would() {
    let Some(aws) = aws() else { return };
    let gateway = super::dev(&[]);
    let desk = Desk::at(&gateway);
    let template = format!("{}/template.yaml", copy(&desk, "sam"));
    said(&desk.run(&aws, &["s3", "mb", "s3://artifacts"]));
    let package =
        ["cloudformation", "package", "--template-file", &template, "--s3-bucket", "artifacts"];
    said(&desk.run(&aws, &[&package[..], &["--output-template-file", "packaged.yaml"]].concat()));
    let deploy = ["cloudformation", "deploy", "--stack-name", "packaged", "--template-file"];
    let unpackaged = failed(
        &desk.run(&aws, &[&deploy[..], &[&template, "--capabilities", "CAPABILITY_IAM"]].concat()),
    );
    assert!(unpackaged.contains("Failed to create/update the stack"), "{unpackaged}");
    said(&desk.run(&aws, &["cloudformation", "delete-stack", "--stack-name", "packaged"]));
    said(&desk.run(
        &aws,
        &[&deploy[..], &["packaged.yaml", "--capabilities", "CAPABILITY_IAM"]].concat(),
    ));
    let mut control = Control::dev(gateway.control_addr());
    let path = format!("/_aws/execute-api/{}/Prod/hello", output(&mut control, "packaged"));
    answers(&gateway, &path, "Hello from SAM");
    // A template in a bucket, and the artifact gone from it: the stack has its own copy.
    said(&desk.run(&aws, &["s3", "rb", "--force", "s3://artifacts"]));
    answers(&gateway, &path, "Hello from SAM");
}

#[test]
fn aws_cloudformation_packages_what_a_template_includes() {
    let Some(aws) = aws() else { return };
    let gateway = super::dev(&[]);
    let desk = Desk::at(&gateway);
    let document = |says: &str| {
        format!(
            r##"
openapi: 3.0.1
info: {{title: {{Fn::Sub: "${{AWS::StackName}}"}}, version: "1"}}
paths:
  /hello:
    get:
      responses: {{"200": {{description: ok}}}}
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {{application/json: '{{"statusCode": 200}}'}}
        responses: {{default: {{statusCode: "200", responseTemplates: {{application/json: {says}}}}}}}
"##
        )
    };
    desk.write("api.yaml", document("included"));
    desk.write(
        "template.yaml",
        "
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        Fn::Transform: {Name: AWS::Include, Parameters: {Location: ./api.yaml}}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    Properties: {RestApiId: !Ref Api, StageName: prod}
Outputs: {Api: {Value: !Ref Api}}
",
    );
    said(&desk.run(&aws, &["s3", "mb", "s3://artifacts"]));
    let package = [
        "cloudformation",
        "package",
        "--template-file",
        "template.yaml",
        "--s3-bucket",
        "artifacts",
    ];
    let package = [&package[..], &["--output-template-file", "packaged.yaml"]].concat();
    let deploy = [
        "cloudformation",
        "deploy",
        "--stack-name",
        "including",
        "--template-file",
        "packaged.yaml",
    ];
    said(&desk.run(&aws, &package));
    said(&desk.run(&aws, &deploy));
    let mut control = Control::dev(gateway.control_addr());
    let path = format!("/_aws/execute-api/{}/prod/hello", output(&mut control, "including"));
    answers(&gateway, &path, "included");
    desk.write("api.yaml", document("changed"));
    said(&desk.run(&aws, &package));
    said(&desk.run(&aws, &deploy));
    answers(&gateway, &path, "changed");
    // The stack has its own copy.
    said(&desk.run(&aws, &["s3", "rb", "--force", "s3://artifacts"]));
    answers(&gateway, &path, "changed");
}

#[test]
fn cdk_bootstraps_deploys_and_destroys_a_synthesised_app() {
    let Some(cdk) = cdk() else { return };
    let gateway = super::dev(&[]);
    let desk = Desk::at(&gateway);
    let app = copy(&desk, "cdk");
    // An account that nobody has bootstrapped is as one that somebody has.
    let deploy = ["deploy", "--app", &app, "--require-approval", "never"];
    said(&desk.run(&cdk, &deploy));
    let mut control = Control::dev(gateway.control_addr());
    let path = format!("/_aws/execute-api/{}/prod/", output(&mut control, "Shop"));
    answers(&gateway, &path, "Hello from the CDK");
    said(&desk.run(&cdk, &["bootstrap", "aws://000000000000/us-east-1"]));
    said(&desk.run(&cdk, &deploy));
    answers(&gateway, &path, "Hello from the CDK");
    said(&desk.run(&cdk, &["destroy", "--force", "--app", &app]));
    assert_eq!(Client::get(gateway.addr(), &path).status, 403);
}
