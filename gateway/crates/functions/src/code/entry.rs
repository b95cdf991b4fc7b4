//! The file that a runtime starts with, looked for before anybody invokes the function.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use gateway_compile::{Code, FunctionPlan, Runtime};
use zip::ZipArchive;

/// What a function lacks to start: the file of its handler or its `bootstrap`. `None` where it is there, and where only
/// starting it can tell.
pub fn missing_entry(plan: &FunctionPlan) -> Option<String> {
    let Code::Path { path, .. } = &plan.code else {
        // Inline code becomes the handler's file.
        return None;
    };
    let candidates = candidates(&plan.runtime, &plan.handler);
    let is_there: Box<dyn Fn(&str) -> bool> = if path.is_dir() {
        Box::new(|name| path.join(name).is_file())
    } else {
        let names = names_in_package(path)?;
        Box::new(move |name| names.contains(name))
    };
    if candidates.is_empty() || candidates.iter().any(|name| is_there(name)) {
        return None;
    }
    let (first, others) = candidates.split_first()?;
    let others = if others.is_empty() { "" } else { ", nor another file of that module" };
    let fix = match plan.runtime {
        Runtime::Provided => "build it there; a provided runtime starts that program".to_owned(),
        _ => format!("Handler {:?} names it; put it there or mend Handler", plan.handler),
    };
    Some(format!("no file {first}{others} in {}: {fix}", path.display()))
}

/// The files of a handler, the usual one first.
fn candidates(runtime: &Runtime, handler: &str) -> Vec<String> {
    // The handler's last dot parts the module from the function.
    let module = || handler.rsplit_once('.').map(|(module, _)| module).filter(|m| !m.is_empty());
    match runtime {
        Runtime::Provided => vec!["bootstrap".to_owned()],
        Runtime::Python { .. } => module().map_or_else(Vec::new, |module| {
            let module = module.replace('.', "/");
            vec![format!("{module}.py"), format!("{module}/__init__.py"), format!("{module}.so")]
        }),
        Runtime::NodeJs { .. } => module().map_or_else(Vec::new, |module| {
            ["js", "mjs", "cjs"].iter().map(|suffix| format!("{module}.{suffix}")).collect()
        }),
    }
}

fn names_in_package(path: &Path) -> Option<HashSet<String>> {
    let archive = ZipArchive::new(BufReader::new(File::open(path).ok()?)).ok()?;
    archive.file_names().map(|name| Some(name.ok()?.into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(runtime: Runtime, handler: &str, path: &Path) -> FunctionPlan {
        FunctionPlan {
            name: "f".into(),
            version: "$LATEST".into(),
            arn: "".into(),
            region: "eu-west-1".into(),
            runtime,
            handler: handler.into(),
            code: Code::Path { path: path.to_owned(), fingerprint: 0 },
            environment: Vec::new(),
            timeout_ms: 3000,
            memory_mb: 128,
            reserved_concurrency: None,
        }
    }

    #[test]
    fn the_file_of_each_runtime_is_looked_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = directory.path();
        let python = || Runtime::Python { version: "3.11".into() };
        let node = || Runtime::NodeJs { version: "20".into() };
        let cases = [
            (Runtime::Provided, "any", "bootstrap"),
            (python(), "src.app.handler", "src/app.py"),
            (python(), "package.handler", "package/__init__.py"),
            (node(), "src/app.handler", "src/app.mjs"),
        ];
        for (runtime, handler, file) in cases {
            let missing = missing_entry(&plan(runtime.clone(), handler, at)).expect(file);
            assert!(missing.contains(&at.display().to_string()), "{missing}");
            let file = at.join(file);
            std::fs::create_dir_all(file.parent().expect("has one")).expect("written");
            std::fs::write(file, "").expect("written");
            assert_eq!(missing_entry(&plan(runtime, handler, at)), None, "{handler}");
        }
        let missing = missing_entry(&plan(python(), "nope.handler", at)).expect("missing");
        assert!(missing.starts_with("no file nope.py, nor another"), "{missing}");
        // Who writes no dot is told by the runtime.
        assert_eq!(missing_entry(&plan(python(), "nope", at)), None);
    }
}
