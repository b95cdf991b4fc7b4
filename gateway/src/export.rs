//! `gateway export`: an API of the definitions as an OpenAPI document, as API Gateway exports it.

use gateway_definition::{ExportOptions, ExportType, Source, export as write, load, to_yaml};
use gateway_model::{Definitions, Diagnostic, RestApi, Stage};

use crate::cli::{EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, ExportArgs, ExportExtension, ExportFormat};
use crate::definition;
use crate::settings::{Settings, process_environment};

/// Runs the command; says the exit status.
pub(crate) fn export(args: &ExportArgs) -> u8 {
    let settings = match Settings::for_check(&args.load, process_environment()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return EXIT_USAGE;
        }
    };
    if settings.definitions.is_empty() {
        eprintln!("error: nothing to export: name a definition, or `definitions` in gateway.toml");
        return EXIT_USAGE;
    }
    let mut sources = Vec::new();
    for path in &settings.definitions {
        match std::fs::read_to_string(path) {
            Ok(text) => sources.push(Source { name: path.display().to_string(), text }),
            Err(error) => {
                eprintln!("error: cannot read {}: {error}", path.display());
                return EXIT_USAGE;
            }
        }
    }
    let loaded = load(&sources, &definition::options(&settings));
    for diagnostic in loaded.diagnostics.iter().filter(|found| found.is_error()) {
        eprintln!("{diagnostic}");
    }
    if loaded.diagnostics.iter().any(Diagnostic::is_error) {
        return EXIT_PROBLEMS;
    }
    let (api, stage) = match find(&loaded.definitions, args) {
        Ok(found) => found,
        Err(text) => {
            eprintln!("error: {text}");
            return EXIT_USAGE;
        }
    };
    let has = |extension| args.extensions.contains(&extension);
    let options = ExportOptions {
        export_type: match args.format {
            ExportFormat::Oas30 => ExportType::Oas30,
            ExportFormat::Swagger => ExportType::Swagger,
        },
        integrations: has(ExportExtension::Integrations),
        authorizers: has(ExportExtension::Authorizers),
        apigateway: has(ExportExtension::Apigateway),
        region: settings.aws.region.clone(),
        url_suffix: settings.aws.url_suffix.clone(),
    };
    let document = write(api, stage, &options);
    if args.yaml {
        print!("{}", to_yaml(&document));
    } else {
        // As people read it: the numbers keep the digits they were written with.
        match serde_json::from_str::<serde_json::Value>(&document.to_string()) {
            Ok(document) => println!("{document:#}"),
            Err(_) => println!("{document}"),
        }
    }
    EXIT_OK
}

/// The API and the stage that are meant: by name or id, or the only ones.
fn find<'d>(
    definitions: &'d Definitions,
    args: &ExportArgs,
) -> Result<(&'d RestApi, &'d Stage), String> {
    let is_meant = |api: &&RestApi| match &args.api {
        None => true,
        Some(wanted) => [api.id.as_str(), &api.name, &api.logical_id].contains(&wanted.as_str()),
    };
    let all: Vec<&RestApi> = definitions.apis.iter().map(|api| &**api).collect();
    let apis: Vec<&RestApi> = all.iter().copied().filter(is_meant).collect();
    let known = |apis: &[&RestApi]| {
        let names: Vec<String> =
            apis.iter().map(|api| format!("{} ({})", api.id, api.name)).collect();
        names.join(", ")
    };
    let api = match (apis.as_slice(), &args.api) {
        ([api], _) => *api,
        ([], _) if definitions.apis.is_empty() => {
            return Err("the definitions have no REST API".to_owned());
        }
        ([], Some(wanted)) => {
            let known = known(&all);
            return Err(format!("no API is called \"{wanted}\"; there are {known}"));
        }
        _ => {
            let known = known(&all);
            return Err(format!("there are several APIs: name one with --api: {known}"));
        }
    };
    let stages = || api.stages.keys().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let stage = match &args.stage {
        Some(name) => api.stages.get(name.as_str()).ok_or_else(|| {
            format!("the API {} has no stage \"{name}\"; it has {}", api.name, stages())
        })?,
        None => {
            let mut all = api.stages.values();
            match (all.next(), all.next()) {
                (Some(stage), None) => stage,
                (None, _) => return Err(format!("the API {} has no stage", api.name)),
                _ => {
                    let text = "has several stages: name one with --stage";
                    return Err(format!("the API {} {text}: {}", api.name, stages()));
                }
            }
        }
    };
    Ok((api, stage))
}
