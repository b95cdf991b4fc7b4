//! API Gateway v1 through the front door: boto3 against the server, and what neither it nor anybody does yet.

use gateway_control::apigateway::{State, operations};
use gateway_control::{Credentials, MemoryObjects, Publish, Refused, Settings, start};
use gateway_model::Definitions;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A data plane that takes everything.
struct Nothing;

impl Publish for Nothing {
    async fn publish(&mut self, _: &Definitions) -> Result<(), Refused> {
        Ok(())
    }

    fn files(&self) -> std::sync::Arc<Definitions> {
        std::sync::Arc::default()
    }

    fn flush_cache(&mut self, _: &str, _: &str) {}

    fn flush_authorizers(&mut self, _: &str, _: &str) {}

    fn try_out(
        &mut self,
        _: gateway_control::Trial,
    ) -> gateway_control::Pending<Result<gateway_control::Tried, gateway_control::NotTried>> {
        Box::pin(async {
            Err(gateway_control::NotTried::Unavailable("there are no shards".to_owned()))
        })
    }

    fn usage(
        &mut self,
        _: &str,
        _: &str,
    ) -> gateway_control::Pending<Result<String, gateway_control::ApiError>> {
        Box::pin(async { Ok("{}".to_owned()) })
    }

    fn set_remaining(&mut self, _: &str, _: &str, _: u64) -> Result<(), gateway_control::ApiError> {
        Ok(())
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/control/apigateway.py")
}

/// All scripts that call operations; those that need a data plane are run by the gateway's own tests.
fn scripts() -> String {
    let read = |name| std::fs::read_to_string(script().with_file_name(name)).expect("a script");
    ["apigateway.py", "imports.py", "trials.py"].map(read).join("\n")
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.expect("after 1970").as_millis()).expect("milliseconds fit")
}

#[test]
fn boto3_does_every_operation() {
    let Some(venv) = std::env::var_os("GATEWAY_TEST_VENV").map(PathBuf::from) else {
        eprintln!("left out: GATEWAY_TEST_VENV does not say where boto3 is; scripts/test does");
        return;
    };
    let settings = Settings {
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        hosts: Vec::new(),
        credentials: Credentials::development(),
        files: std::env::temp_dir().join("gateway-control-without-files"),
        stacks: std::sync::Arc::new(std::sync::Arc::default),
        metrics: gateway_control::metrics::Metrics::new(|| 0),
        logs: std::sync::Arc::new(gateway_store::LogStore::in_memory(1 << 20)),
        invoker: std::sync::Arc::new(|_| {
            Box::pin(async { Err(gateway_control::NotInvoked::Unknown) })
        }),
        function_urls: "http://{id}.lambda-url.{region}.localhost/".to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let output = runtime.block_on(async {
        let (server, engine) =
            start::<State, _, _>(settings, MemoryObjects::default(), Nothing, now).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut client = std::process::Command::new(venv.join("bin/python"));
        client.arg(script()).arg(url).stdout(Stdio::piped()).stderr(Stdio::piped());
        let client =
            async { tokio::task::spawn_blocking(move || client.output().unwrap()).await.unwrap() };
        let (send, ended) = tokio::sync::oneshot::channel::<()>();
        let serve = server.serve(listener, async { ended.await.ok() });
        tokio::select! {
            output = client => {
                drop(send);
                output
            }
            () = engine.run() => unreachable!("the engine runs while the server does"),
            () = serve => unreachable!("the server runs until its client has ended"),
        }
    });
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

/// `CreateRestApi` as boto3 names it: `create_rest_api`.
fn method_name(operation: &str) -> String {
    let mut name = String::new();
    for letter in operation.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// A new operation without a test, or one that is done at last, changes the golden file.
#[test]
fn the_golden_list_names_what_is_not_done_and_not_tested() {
    let script = scripts();
    let mut listed = String::new();
    for operation in operations() {
        let call = format!("client.{}", method_name(operation.name));
        let is_called = script.match_indices(&call).any(|(at, _)| {
            !script[at + call.len()..]
                .starts_with(|next: char| next.is_alphanumeric() || next == '_')
        });
        // A paginator calls by name.
        let is_called =
            is_called || script.contains(&format!("\"{}\"", method_name(operation.name)));
        match (operation.is_implemented(), is_called) {
            (false, _) => listed.push_str(&format!("{} is not implemented\n", operation.name)),
            (true, false) => {
                listed.push_str(&format!("{} has no test through boto3\n", operation.name))
            }
            (true, true) => {}
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/apigateway.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &listed).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(listed, golden, "UPDATE_EXPECT=1 writes {}", path.display());
}
