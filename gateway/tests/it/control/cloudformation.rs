//! AWS CloudFormation with the AWS CLI: stacks are made, changed, rolled back and deleted, and their APIs are live.

use std::path::Path;

use super::client::{Control, ControlGateway as _};
use super::dev;
use super::tools::{Desk, aws, failed, said};
use crate::support::{Client, Gateway};

const ORDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/orders.yaml");
const LIMITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/limits.yaml");
const FUNCTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/functions.yaml");

/// A template whose API answers `GET /` with a status.
fn template(status: &str) -> String {
    include_str!("cloudformation.yaml").replace("204", status)
}

fn status(gateway: &Gateway, path: &str) -> u16 {
    Client::get(gateway.addr(), path).status
}

#[test]
fn aws_cloudformation_deploys_the_examples() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let run = |args: &[&str]| desk.run(&aws, args);
    let deploy = ["cloudformation", "deploy", "--stack-name", "orders", "--template-file", ORDERS];
    said(&run(&[
        &deploy[..],
        &["--tags", "team=a", "--parameter-overrides", "BackendUrl=http://127.0.0.1:9"],
    ]
    .concat()));
    assert_eq!(status(&gateway, "/_aws/execute-api/orders/prod/health"), 200);
    let query = [
        "cloudformation",
        "describe-stacks",
        "--stack-name",
        "orders",
        "--output",
        "text",
        "--query",
    ];
    let shown = said(&run(&[
        &query[..],
        &["Stacks[0].[StackStatus,Parameters[0].ParameterValue,Tags[0].Value]"],
    ]
    .concat()));
    assert_eq!(shown, "CREATE_COMPLETE\thttp://127.0.0.1:9\ta");
    // A second time nothing has changed, and the tool says so.
    let same = ["--tags", "team=a", "--no-fail-on-empty-changeset"];
    let again = said(&run(&[&deploy[..], &same].concat()));
    assert!(again.contains("No changes to deploy"), "{again}");
    // The tool names its change sets by the second, and the one that had no changes stays.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    said(&run(
        &[&deploy[..], &["--parameter-overrides", "BackendUrl=http://127.0.0.1:10"]].concat()
    ));
    let shown =
        said(&run(
            &[&query[..], &["Stacks[0].[StackStatus,Parameters[0].ParameterValue]"]].concat()
        ));
    assert_eq!(shown, "UPDATE_COMPLETE\thttp://127.0.0.1:10");
    said(&run(&["cloudformation", "deploy", "--stack-name", "limits", "--template-file", LIMITS]));
    let functions =
        ["cloudformation", "deploy", "--stack-name", "functions", "--template-file", FUNCTIONS];
    let refused = failed(&run(&functions));
    assert!(refused.contains("Requires capabilities : [CAPABILITY_IAM]"), "{refused}");
    said(&run(&[&functions[..], &["--capabilities", "CAPABILITY_IAM"]].concat()));
    let hello = Client::get(gateway.addr(), "/_aws/execute-api/functions/dev/hello?name=you");
    assert_eq!((hello.status, hello.text()), (200, "Hello, you!\n"));
    said(&run(&["cloudformation", "delete-stack", "--stack-name", "orders"]));
    said(&run(&["cloudformation", "wait", "stack-delete-complete", "--stack-name", "orders"]));
    assert_eq!(status(&gateway, "/_aws/execute-api/orders/prod/health"), 403);
    let gone = failed(&run(&query[..6]));
    assert!(gone.contains("Stack with id orders does not exist"), "{gone}");
}

#[test]
fn what_fails_rolls_back_and_what_served_goes_on() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let run = |args: &[&str]| desk.run(&aws, args);
    let file = |name: &str, text: String| format!("file://{}", desk.write(name, text));
    let stack = |what: &'static str, body: &str| {
        run(&["cloudformation", what, "--stack-name", "mock", "--template-body", body])
    };
    let shown = |query: &str| {
        let args = [
            "cloudformation",
            "describe-stacks",
            "--stack-name",
            "mock",
            "--output",
            "text",
            "--query",
            query,
        ];
        said(&run(&args))
    };
    let reasons = |name: &str| {
        let query = format!("StackEvents[?ResourceStatus=='{name}'].ResourceStatusReason");
        let args = [
            "cloudformation",
            "describe-stack-events",
            "--stack-name",
            "mock",
            "--output",
            "text",
            "--query",
            &query,
        ];
        said(&run(&args))
    };
    let good = file("good.yaml", template("204"));
    // What no resource can be made of: the resource is to blame, and the reason is where.
    let bad = file("bad.yaml", template("204").replace("HttpMethod: GET", "HttpMethod: FETCH"));
    said(&stack("create-stack", &bad));
    assert_eq!(shown("Stacks[0].StackStatus"), "ROLLBACK_COMPLETE");
    let reason = reasons("CREATE_FAILED");
    assert!(
        reason.contains("Invalid HttpMethod specified.") && reason.contains("(line 14, column 19)"),
        "{reason}"
    );
    let refused = failed(&stack("update-stack", &good));
    assert!(refused.contains("is in ROLLBACK_COMPLETE state and can not be updated."), "{refused}");
    said(&run(&["cloudformation", "delete-stack", "--stack-name", "mock"]));
    said(&stack("create-stack", &good));
    said(&run(&["cloudformation", "wait", "stack-create-complete", "--stack-name", "mock"]));
    let path = "/_aws/execute-api/mock/prod/";
    assert_eq!(status(&gateway, path), 204);
    said(&stack("update-stack", &bad));
    assert_eq!(shown("Stacks[0].StackStatus"), "UPDATE_ROLLBACK_COMPLETE");
    assert!(reasons("UPDATE_FAILED").contains("Invalid HttpMethod specified."));
    assert_eq!(status(&gateway, path), 204);
    // What only the data plane can tell: another API has the id.
    let twin = ["cloudformation", "create-stack", "--stack-name", "twin", "--template-body", &good];
    said(&run(&twin));
    let query = "StackEvents[?ResourceStatus=='CREATE_FAILED'||ResourceStatus=='ROLLBACK_COMPLETE'].[LogicalResourceId,ResourceStatusReason]";
    let args =
        ["cloudformation", "describe-stack-events", "--stack-name", "twin", "--output", "text"];
    let told = said(&run(&[&args[..], &["--query", query]].concat()));
    assert!(
        told.contains("another REST API has the id \"mock\"") && told.contains("twin"),
        "{told}"
    );
    assert_eq!(status(&gateway, path), 204);
    // What is no template is refused at once.
    let none = failed(&stack("update-stack", &file("none.yaml", "Resources: 1\n".to_owned())));
    assert!(none.contains("ValidationError"), "{none}");
    said(&stack("update-stack", &file("other.yaml", template("202"))));
    assert_eq!(shown("Stacks[0].StackStatus"), "UPDATE_COMPLETE");
    assert_eq!(status(&gateway, path), 202);
    let unchanged = failed(&stack("update-stack", &file("other.yaml", template("202"))));
    assert!(unchanged.contains("No updates are to be performed."), "{unchanged}");
}

#[test]
fn stacks_keep_their_ids_over_updates_and_restarts() {
    let Some(aws) = aws() else { return };
    let state = tempfile::tempdir().unwrap();
    let directory = state.path().to_str().unwrap();
    let args = ["--control", "127.0.0.1:0", "--dev", "--state", directory];
    let gateway = Gateway::start(super::EMPTY, &args);
    let desk = Desk::at(&gateway);
    let without_id = template("204").replace("_custom_id_", "name");
    let body = desk.write("t.yaml", &without_id);
    let other = desk.write("u.yaml", without_id.replace("204", "202"));
    let deploy = |desk: &Desk, file: &str| {
        said(&desk.run(
            &aws,
            &["cloudformation", "deploy", "--stack-name", "kept", "--template-file", file],
        ))
    };
    let url = |desk: &Desk| {
        let query = "Stacks[0].[StackId,Outputs[?OutputKey=='Id'].OutputValue|[0]]";
        said(&desk.run(
            &aws,
            &[
                "cloudformation",
                "describe-stacks",
                "--stack-name",
                "kept",
                "--output",
                "text",
                "--query",
                query,
            ],
        ))
    };
    deploy(&desk, &body);
    let first = url(&desk);
    let api = first.split_whitespace().nth(1).unwrap().to_owned();
    let path = format!("/_aws/execute-api/{api}/prod/");
    assert_eq!(status(&gateway, &path), 204);
    gateway.stop();
    let gateway = Gateway::start(super::EMPTY, &args);
    let desk = Desk::at(&gateway);
    assert_eq!(status(&gateway, &path), 204);
    assert_eq!(url(&desk), first);
    let other = desk.write(
        "u.yaml",
        std::fs::read(other).unwrap_or_else(|_| without_id.replace("204", "202").into()),
    );
    deploy(&desk, &other);
    assert_eq!(url(&desk), first);
    assert_eq!(status(&gateway, &path), 202);
}

#[test]
fn files_are_read_only_stacks() {
    let gateway = Gateway::start(ORDERS, &["--control", "127.0.0.1:0", "--dev"]);
    let mut control = Control::dev(gateway.control_addr());
    let mut ask =
        |form: &str| control.form("cloudformation", &format!("Version=2010-05-15&{form}"));
    let all = ask("Action=DescribeStacks");
    assert!(all.text().contains("<StackName>orders</StackName>"), "{}", all.text());
    let resources = ask("Action=ListStackResources&StackName=orders");
    assert!(resources.text().contains("<PhysicalResourceId>orders</PhysicalResourceId>"));
    let template = ask("Action=GetTemplate&StackName=orders");
    assert!(template.text().contains("OrdersApi"), "{}", template.text());
    for change in [
        "UpdateStack&TemplateBody=x",
        "DeleteStack",
        "CreateChangeSet&ChangeSetName=c&TemplateBody=x",
    ] {
        let answer = ask(&format!("Action={change}&StackName=orders"));
        assert_eq!(answer.status, 400, "{change}");
        let text = answer.text();
        assert!(
            text.contains("ValidationError") && text.contains("orders.yaml"),
            "{change}: {text}"
        );
    }
    let answer = ask("Action=CreateStack&TemplateBody=x&StackName=orders");
    assert!(answer.text().contains("AlreadyExistsException"), "{}", answer.text());
    assert_eq!(status(&gateway, "/prod/health"), 200);
}

#[test]
fn stacks_use_what_others_export() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let mut ask =
        |form: &str| control.form("cloudformation", &format!("Version=2010-05-15&{form}"));
    let encoded = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
    let role = "Resources:\n  R:\n    Type: AWS::Logs::LogGroup\n";
    let exporting =
        format!("{role}Outputs:\n  N:\n    Value: over there\n    Export: {{Name: shared}}\n");
    let importing = format!("{role}Outputs:\n  N:\n    Value: !ImportValue shared\n");
    let early =
        ask(&format!("Action=CreateStack&StackName=b&TemplateBody={}", encoded(&importing)));
    assert!(early.text().contains("No export named shared found"), "{}", early.text());
    for (name, text) in [("a", &exporting), ("b", &importing)] {
        let made =
            ask(&format!("Action=CreateStack&StackName={name}&TemplateBody={}", encoded(text)));
        assert_eq!(made.status, 200, "{}", made.text());
    }
    let shown = ask("Action=DescribeStacks&StackName=b");
    assert!(shown.text().contains("<OutputValue>over there</OutputValue>"), "{}", shown.text());
    assert!(ask("Action=ListExports").text().contains("<Name>shared</Name>"));
    let imports = ask("Action=ListImports&ExportName=shared");
    assert!(imports.text().contains("<member>b</member>"), "{}", imports.text());
    let refused = ask("Action=DeleteStack&StackName=a");
    assert!(refused.text().contains("Export shared cannot be deleted as it is in use by b"));
    for name in ["b", "a"] {
        assert_eq!(ask(&format!("Action=DeleteStack&StackName={name}")).status, 200);
    }
    assert!(!ask("Action=ListExports").text().contains("shared"));
}

#[test]
fn buckets_of_stacks_are_there_and_their_absence_is_drift() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let mut ask =
        |form: &str| control.form("cloudformation", &format!("Version=2010-05-15&{form}"));
    let text = "Resources: {B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: artifacts}}}";
    assert_eq!(ask(&format!("Action=CreateStack&StackName=b&TemplateBody={text}")).status, 200);
    let desk = Desk::at(&gateway);
    let Some(aws) = aws() else { return };
    assert!(said(&desk.run(&aws, &["s3", "ls"])).ends_with("artifacts"));
    let mut drift = || {
        assert_eq!(ask("Action=DetectStackDrift&StackName=b").status, 200);
        ask("Action=DescribeStackResourceDrifts&StackName=b").text().to_owned()
    };
    assert!(drift().contains("<StackResourceDriftStatus>IN_SYNC</StackResourceDriftStatus>"));
    said(&desk.run(&aws, &["s3", "rb", "s3://artifacts"]));
    assert!(drift().contains("<StackResourceDriftStatus>DELETED</StackResourceDriftStatus>"));
    let shown = ask("Action=DescribeStacks&StackName=b");
    assert!(
        shown.text().contains("<StackDriftStatus>DRIFTED</StackDriftStatus>"),
        "{}",
        shown.text()
    );
    assert!(!Path::new(&desk.path().join(".aws")).exists());
}

/// The control plane by its forms, as scripts call it.
struct Forms(Control);

impl Forms {
    fn ask(&mut self, action: &str, stack: &str, members: &[(&str, &str)]) -> String {
        let mut form = format!("Version=2010-05-15&Action={action}&StackName={stack}");
        for (name, value) in members {
            form.push_str(&format!("&{name}={}", encoded(value)));
        }
        self.0.form("cloudformation", &form).text().to_owned()
    }

    fn make(&mut self, stack: &str, template: &str) -> String {
        self.ask("CreateStack", stack, &[("TemplateBody", template)]);
        self.status(stack)
    }

    fn update(&mut self, stack: &str, template: &str) -> String {
        self.ask("UpdateStack", stack, &[("TemplateBody", template)]);
        self.status(stack)
    }

    /// What a stack is, and why.
    fn status(&mut self, stack: &str) -> String {
        let text = self.ask("DescribeStacks", stack, &[]);
        let member = |name: &str| {
            let rest = text.split(&format!("<{name}>")).nth(1).unwrap_or_default();
            rest.split('<').next().unwrap_or_default().to_owned()
        };
        format!("{} {}", member("StackStatus"), member("StackStatusReason")).trim().to_owned()
    }

    /// Whether an event says this.
    #[track_caller]
    fn told(&mut self, stack: &str, expect: &str) {
        let events = self.ask("DescribeStackEvents", stack, &[]);
        assert!(events.contains(expect), "{expect}: {events}");
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn key(name: &str) -> String {
    format!("Resources: {{Key: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Name: {name}}}}}}}\n")
}

#[test]
fn exports_that_are_in_use_stay() {
    let state = tempfile::tempdir().unwrap();
    let args = ["--control", "127.0.0.1:0", "--dev", "--state", state.path().to_str().unwrap()];
    let gateway = Gateway::start(super::EMPTY, &args);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    let exporting = |value: &str| {
        format!(
            "{}Outputs: {{O: {{Value: {value}, Export: {{Name: shared}}}}}}\n",
            key("exporting")
        )
    };
    assert_eq!(forms.make("exporting", &exporting("one")), "CREATE_COMPLETE");
    assert_eq!(forms.make("importing", &key("!ImportValue shared")), "CREATE_COMPLETE");
    let kept = "UPDATE_ROLLBACK_COMPLETE";
    assert_eq!(forms.update("exporting", &key("exporting")), kept);
    forms.told("exporting", "Export shared cannot be deleted as it is in use by importing");
    assert_eq!(forms.update("exporting", &exporting("two")), kept);
    forms.told("exporting", "Export shared cannot be updated as it is in use by importing");
    drop(gateway);
    let gateway = Gateway::start(super::EMPTY, &args);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    assert_eq!(forms.update("importing", &key("own")), "UPDATE_COMPLETE");
    assert_eq!(forms.update("exporting", &exporting("two")), "UPDATE_COMPLETE");
}

#[test]
fn policies_of_stacks_are_kept_to() {
    let gateway = dev(&[]);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    assert_eq!(forms.make("kept", &key("a")), "CREATE_COMPLETE");
    let policy = |effect: &str, action: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"{effect}","Action":"{action}","Principal":"*","Resource":"*"}}]}}"#
        )
    };
    let unfit = forms.ask("SetStackPolicy", "kept", &[("StackPolicyBody", "{}")]);
    assert!(unfit.contains("ValidationError"), "{unfit}");
    forms.ask("SetStackPolicy", "kept", &[("StackPolicyBody", &policy("Deny", "Update:*"))]);
    assert_eq!(forms.update("kept", &key("b")), "UPDATE_ROLLBACK_COMPLETE");
    forms.told("kept", "Action denied by stack policy: Statement [#1] denies [Update:Modify]");
    forms.ask(
        "UpdateStack",
        "kept",
        &[
            ("TemplateBody", &key("b")),
            ("StackPolicyDuringUpdateBody", &policy("Allow", "Update:*")),
        ],
    );
    assert_eq!(forms.status("kept"), "UPDATE_COMPLETE");
    forms.ask("SetStackPolicy", "kept", &[("StackPolicyBody", &policy("Allow", "Update:Delete"))]);
    assert_eq!(forms.update("kept", &key("c")), "UPDATE_ROLLBACK_COMPLETE");
    forms.told("kept", "no statement allows [Update:Modify] for resource [LogicalResourceId/Key]");
}

#[test]
fn a_stack_takes_no_bucket_that_is_there() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    said(&desk.run(&aws, &["s3", "mb", "s3://by-hand"]));
    let bucket = |name: &str, more: &str| {
        format!(
            "Resources:\n  B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}}}}}\n{more}"
        )
    };
    assert_eq!(forms.make("taking", &bucket("by-hand", "")), "ROLLBACK_COMPLETE");
    forms.told("taking", "by-hand already exists");
    forms.ask("DeleteStack", "taking", &[]);
    assert_eq!(forms.make("first", &bucket("of-a-stack", "")), "CREATE_COMPLETE");
    assert_eq!(forms.make("second", &bucket("of-a-stack", "")), "ROLLBACK_COMPLETE");
    forms.ask("DeleteStack", "second", &[]);
    // What fails for another reason leaves none behind.
    let taken = "  C: {Type: AWS::S3::Bucket, DependsOn: B, Properties: {BucketName: by-hand}}\n";
    assert_eq!(forms.make("third", &bucket("of-the-third", taken)), "ROLLBACK_COMPLETE");
    let all = said(&desk.run(&aws, &["s3", "ls"]));
    assert!(all.contains("by-hand") && all.contains("of-a-stack"), "{all}");
    assert!(!all.contains("of-the-third"), "{all}");
    forms.ask("DeleteStack", "first", &[]);
    let all = said(&desk.run(&aws, &["s3", "ls"]));
    assert!(all.contains("by-hand") && !all.contains("of-a-stack"), "{all}");
}

#[test]
fn a_change_set_is_of_the_stack_that_it_was_made_of() {
    let gateway = dev(&[]);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    assert_eq!(forms.make("changing", &key("a")), "CREATE_COMPLETE");
    let set = [("ChangeSetName", "late"), ("TemplateBody", &key("b"))];
    forms.ask("CreateChangeSet", "changing", &set);
    assert_eq!(forms.update("changing", &key("c")), "UPDATE_COMPLETE");
    let shown = forms.ask("DescribeChangeSet", "changing", &set[..1]);
    assert!(shown.contains("<ExecutionStatus>OBSOLETE</ExecutionStatus>"), "{shown}");
    let refused = forms.ask("ExecuteChangeSet", "changing", &set[..1]);
    assert!(refused.contains("InvalidChangeSetStatus"), "{refused}");
}

#[test]
fn what_a_template_only_pretends_is_refused() {
    let gateway = dev(&[]);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    let refused = |forms: &mut Forms, template: &str, expect: &str| {
        let text = forms.ask("CreateStack", "refused", &[("TemplateBody", template)]);
        assert!(text.contains("ValidationError") && text.contains(expect), "{expect}: {text}");
    };
    let nested = "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://x/y'}}}\n";
    assert_eq!(forms.make("nested", nested), "ROLLBACK_COMPLETE");
    forms.told("nested", "Nested stacks are not served");
    let secret = key("'{{resolve:ssm:/a}}'");
    assert_eq!(forms.make("secret", &secret), "ROLLBACK_COMPLETE");
    forms.told("secret", "dynamic references ({{resolve:…}}) are not served yet");
    let parameter =
        "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /no/such}}\n";
    refused(
        &mut forms,
        &format!("{parameter}{}", key("a")),
        "Unable to fetch parameters [/no/such] from parameter store for this account.",
    );
    let rule = "Parameters: {P: {Type: String, Default: x}}
Rules: {R: {Assertions: [{Assert: {'Fn::Contains': [[y, z], !Ref P]}, AssertDescription: P is y or z}]}}
";
    refused(&mut forms, &format!("{rule}{}", key("a")), "rule R: P is y or z");
    assert_eq!(
        forms.make("kept", &format!("{}{}", rule.replace(": x}", ": z}"), key("a"))),
        "CREATE_COMPLETE"
    );
    let circle = "Conditions: {A: !Not [{Condition: B}], B: !Not [{Condition: A}]}\n";
    refused(&mut forms, &format!("{circle}{}", key("a")), "Circular dependency between conditions");
    refused(
        &mut forms,
        "Resources: {A: {Type: AWS::ApiGateway::ApiKey, DependsOn: A}}\n",
        "Circular dependency",
    );
    let version = format!("AWSTemplateFormatVersion: '2011-01-01'\n{}", key("a"));
    refused(&mut forms, &version, "Must be 2010-09-09");
}

#[test]
fn plans_and_mappings_name_apis_of_others() {
    let state = tempfile::tempdir().unwrap();
    let args = ["--control", "127.0.0.1:0", "--dev", "--state", state.path().to_str().unwrap()];
    let gateway = Gateway::start(super::EMPTY, &args);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    assert_eq!(forms.make("api", &template("204")), "CREATE_COMPLETE");
    let others = "Resources:
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: mock, Stage: prod}]}
  Domain: {Type: AWS::ApiGateway::DomainName, Properties: {DomainName: shop.example.com}}
  Mapping:
    Type: AWS::ApiGateway::BasePathMapping
    Properties: {DomainName: !Ref Domain, RestApiId: mock, Stage: prod}
";
    assert_eq!(
        forms.make("others", others),
        "CREATE_COMPLETE",
        "{}",
        forms.ask("DescribeStackEvents", "others", &[])
    );
    let mapped = |gateway: &Gateway| {
        let mut client = Client::connect(gateway.addr());
        client.send(b"GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n");
        client.response().status
    };
    assert_eq!(mapped(&gateway), 204);
    // What is in use does not go.
    let refused = forms.ask("DeleteStack", "api", &[]);
    assert!(refused.contains("Error"), "{refused}");
    assert_eq!(status(&gateway, "/_aws/execute-api/mock/prod/"), 204);
    drop(gateway);
    let gateway = Gateway::start(super::EMPTY, &args);
    assert_eq!(mapped(&gateway), 204);
    let mut forms = Forms(Control::dev(gateway.control_addr()));
    let parts = "Resources: {R: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: mock, ParentId: x, PathPart: y}}}\n";
    assert_eq!(forms.make("parts", parts), "ROLLBACK_COMPLETE");
    forms.told("parts", "what belongs to an API is defined where the API is");
    forms.ask("DeleteStack", "others", &[]);
    forms.ask("DeleteStack", "api", &[]);
    assert_eq!(status(&gateway, "/_aws/execute-api/mock/prod/"), 403);
}
