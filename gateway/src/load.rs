//! The publish road's first half: files to a snapshot, with every diagnostic.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gateway_compile::{
    AwsEndpoints, CompileOptions, FunctionTarget, LogFormat, Snapshot, Surroundings, UsagePlans,
    VpcLinkTarget, compile_with,
};
use gateway_definition::api_keys::Importer;
use gateway_definition::{LoadedStack, Source};
use gateway_model::{Definitions, Diagnostic, FunctionCode, ImportedKeys};
use gateway_telemetry::log_format::presets;

use crate::definition;
use crate::remembered::Remembered;
use crate::settings::{AccessLogDestination, Settings};
use crate::watch::{Mark, mark};

/// A definition file larger than this is not read, in bytes. Source: API Gateway's limit on an
/// imported document is 6 MB, CloudFormation's on a template 1 MB; twice the larger.
const FILE_BYTES_MAX: u64 = 12 * 1024 * 1024;

/// Bytes of a key file that are read at once. Ours.
const KEY_FILE_BUFFER_BYTES: usize = 256 * 1024;

/// What came of loading.
pub(crate) struct Outcome {
    /// What to serve; `None` when anything is wrong.
    pub(crate) snapshot: Option<Snapshot>,
    /// All there is to say, files in the order given.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Values that the templates put out, as `stack output: value` would read.
    pub(crate) outputs: Vec<(String, String)>,
    /// Where the code of functions is, and its fingerprints.
    pub(crate) code: Vec<(PathBuf, u64)>,
}

/// A file that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {}", self.path.display())
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Loads definitions and keys, time and again, and keeps what need not be read again.
pub(crate) struct Loader {
    settings: Arc<Settings>,
    remembered: Mutex<Remembered>,
    imported: Mutex<Option<Imported>>,
    /// What the files defined when they were last in order.
    files: Mutex<Files>,
    /// What the control plane has deployed beside them.
    deployed: Mutex<Definitions>,
}

/// What files define.
#[derive(Clone, Default)]
struct Files {
    definitions: Arc<Definitions>,
    diagnostics: Vec<Diagnostic>,
    stacks: Arc<Vec<LoadedStack>>,
}

/// What stays of key files. Their rows do not: a snapshot has the keys in a form of its own, and a
/// million need not be held twice.
struct Imported {
    marks: Vec<Mark>,
    diagnostics: Vec<Diagnostic>,
    /// Of the snapshot that was compiled from them.
    generation: u64,
}

/// Key files as they were read.
struct Read {
    keys: Arc<ImportedKeys>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader {
    /// Loads what the settings name; counts go on from what is remembered.
    pub(crate) fn new(settings: Arc<Settings>, remembered: Remembered) -> Self {
        Self {
            settings,
            remembered: Mutex::new(remembered),
            imported: Mutex::default(),
            files: Mutex::default(),
            deployed: Mutex::default(),
        }
    }

    /// Reads, loads and compiles everything that the settings name. Stages that did not change keep
    /// their plans from `previous`, and what counts or limits goes on counting and limiting.
    ///
    /// # Errors
    /// [`Unreadable`] for each file that is not there, is too large, or is not text.
    pub(crate) fn load(&self, previous: Option<&Snapshot>) -> Result<Outcome, Vec<Unreadable>> {
        let settings = &*self.settings;
        let (mut sources, mut unreadable) = (Vec::new(), Vec::new());
        for path in &settings.definitions {
            match read(path) {
                Ok(text) => sources.push(Source { name: path.display().to_string(), text }),
                Err(source) => unreadable.push(Unreadable { path: path.clone(), source }),
            }
        }
        if !unreadable.is_empty() {
            // Key files are named as well.
            self.read_keys(&mut unreadable);
            return Err(unreadable);
        }
        let options = definition::options(settings);
        let loaded = gateway_definition::load(&sources, &options);
        let files = Files {
            definitions: loaded.definitions.into(),
            diagnostics: loaded.diagnostics,
            stacks: Arc::new(loaded.stacks),
        };
        let deployed = lock(&self.deployed).clone();
        let outcome = self.compile(&files, deployed, previous)?;
        if outcome.snapshot.is_some() {
            *lock(&self.files) = files;
        }
        Ok(outcome)
    }

    /// Compiles `deployed` beside what files defined when they were last in order.
    ///
    /// # Errors
    /// [`Unreadable`] for key files, which are read again if need be.
    pub(crate) fn compile_deployed(
        &self,
        deployed: Definitions,
        previous: Option<&Snapshot>,
    ) -> Result<Outcome, Vec<Unreadable>> {
        let files = lock(&self.files).clone();
        self.compile(&files, deployed, previous)
    }

    /// Compiles APIs that are tried, with the functions and links that are served.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn compile_trial(
        &self,
        tried: Definitions,
        previous: Option<&Snapshot>,
    ) -> Result<Snapshot, Vec<Diagnostic>> {
        let surroundings = |definitions: &Definitions| Definitions {
            functions: definitions.functions.clone(),
            function_qualifiers: definitions.function_qualifiers.clone(),
            function_permissions: definitions.function_permissions.clone(),
            function_urls: Vec::new(),
            vpc_links: definitions.vpc_links.clone(),
            client_certificates: definitions.client_certificates.clone(),
            account: definitions.account.clone(),
            ..Definitions::default()
        };
        let served = surroundings(&lock(&self.files).definitions);
        let served = merge(served, surroundings(&lock(&self.deployed)));
        let definitions = Definitions { apis: tried.apis, ..served };
        // A trial is not limited, and nobody's log has it.
        let options = CompileOptions {
            account_limit: None,
            default_access_log: None,
            access_log_enabled: false,
            log_groups_enabled: false,
            ..compile_options(&self.settings)
        };
        let compiled = compile_with(&definitions, &options, Surroundings::default(), previous);
        compiled.snapshot.ok_or(compiled.diagnostics)
    }

    /// From now on this is loaded beside the files.
    pub(crate) fn deployed(&self, deployed: Definitions) {
        *lock(&self.deployed) = deployed;
    }

    /// What files defined when they were last in order.
    pub(crate) fn files(&self) -> Arc<Definitions> {
        lock(&self.files).definitions.clone()
    }

    /// The stacks that files were when they were last in order.
    pub(crate) fn stacks(&self) -> Arc<Vec<LoadedStack>> {
        lock(&self.files).stacks.clone()
    }

    fn compile(
        &self,
        files: &Files,
        deployed: Definitions,
        previous: Option<&Snapshot>,
    ) -> Result<Outcome, Vec<Unreadable>> {
        let settings = &*self.settings;
        let mut unreadable = Vec::new();
        // Before they are read, so that a file which changes meanwhile is read again.
        let marks: Vec<Mark> = settings.api_keys.iter().map(|path| mark(path)).collect();
        let mut imported = self.imported.lock().unwrap_or_else(PoisonError::into_inner);
        let known = imported.as_ref().filter(|imported| {
            imported.marks == marks
                && previous.is_some_and(|previous| previous.generation == imported.generation)
        });
        // Without files there is nothing to spare.
        let is_unchanged = known.is_some() && !marks.is_empty();
        let mut read = (!is_unchanged).then(|| self.read_keys(&mut unreadable));
        if !unreadable.is_empty() {
            return Err(unreadable);
        }
        let merged;
        let definitions = match deployed == Definitions::default() {
            true => &files.definitions,
            false => {
                merged = merge(Definitions::clone(&files.definitions), deployed);
                &merged
            }
        };
        let options = compile_options(settings);
        let compile = |read: Option<&Read>| {
            let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            let surroundings = Surroundings {
                imported: read.map(|read| &read.keys),
                is_imported_unchanged: read.is_none(),
                unix_s: gateway_rt::clock::unix_ms() / 1_000,
                records: &*remembered,
            };
            compile_with(definitions, &options, surroundings, previous)
        };
        let mut compiled = compile(read.as_ref());
        if compiled.wants_imported {
            let again = self.read_keys(&mut unreadable);
            if !unreadable.is_empty() {
                return Err(unreadable);
            }
            compiled = compile(Some(&again));
            read = Some(again);
        }
        let of_keys = match (read, known) {
            (Some(read), _) => read.diagnostics,
            (None, known) => known.map_or_else(Vec::new, |known| known.diagnostics.clone()),
        };
        let mut diagnostics = files.diagnostics.clone();
        diagnostics.extend(of_keys.iter().cloned());
        let has_errors = diagnostics.iter().any(Diagnostic::is_error);
        // What a broken definition leads to would only repeat what is wrong with it.
        if !has_errors {
            diagnostics.extend(compiled.diagnostics);
        }
        let outputs = definitions.outputs.iter();
        let outputs = outputs.map(|output| (output.key.clone(), output.value.clone())).collect();
        let code = code_paths(definitions);
        let snapshot = compiled.snapshot.filter(|_| !has_errors);
        diagnostics.extend(missing_to_start(definitions, snapshot.as_ref()));
        if let Some(snapshot) = &snapshot {
            let generation = snapshot.generation;
            *imported = Some(Imported { marks, diagnostics: of_keys, generation });
        }
        // Reading and compiling take a multiple of what stays.
        gateway_rt::return_memory();
        Ok(Outcome { snapshot, diagnostics, outputs, code })
    }

    /// Forgets what the published plans count on from.
    pub(crate) fn published(&self, plans: &UsagePlans) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).forget(plans);
    }

    /// The keys of all key files.
    fn read_keys(&self, unreadable: &mut Vec<Unreadable>) -> Read {
        let mut importer = Importer::default();
        let mut diagnostics = Vec::new();
        for path in &self.settings.api_keys {
            match File::open(path) {
                Ok(file) => {
                    let name = path.display().to_string();
                    let reader = BufReader::with_capacity(KEY_FILE_BUFFER_BYTES, file);
                    diagnostics.extend(importer.read(&name, reader));
                }
                Err(source) => unreadable.push(Unreadable { path: path.clone(), source }),
            }
        }
        Read { keys: Arc::new(importer.finish()), diagnostics }
    }
}

/// Beside each other: ids tell them apart.
fn merge(mut files: Definitions, deployed: Definitions) -> Definitions {
    files.apis.extend(deployed.apis);
    files.api_keys.extend(deployed.api_keys);
    files.usage_plans.extend(deployed.usage_plans);
    files.usage_plan_keys.extend(deployed.usage_plan_keys);
    files.domain_names.extend(deployed.domain_names);
    files.base_path_mappings.extend(deployed.base_path_mappings);
    files.domain_name_access_associations.extend(deployed.domain_name_access_associations);
    files.vpc_links.extend(deployed.vpc_links);
    files.client_certificates.extend(deployed.client_certificates);
    files.functions.extend(deployed.functions);
    files.function_qualifiers.extend(deployed.function_qualifiers);
    files.function_permissions.extend(deployed.function_permissions);
    files.function_urls.extend(deployed.function_urls);
    files.outputs.extend(deployed.outputs);
    files.account = files.account.or(deployed.account);
    files
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(path: &Path) -> io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if metadata.len() > FILE_BYTES_MAX {
        let text = format!("the file has more than {FILE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    std::fs::read_to_string(path)
}

/// A function whose runtime nobody has installed here, or whose code lacks what it starts with, loads and fails when it is
/// invoked.
fn missing_to_start(definitions: &Definitions, snapshot: Option<&Snapshot>) -> Vec<Diagnostic> {
    let stages = snapshot.map(|snapshot| &snapshot.stages[..]).unwrap_or_default();
    let targets = stages.iter().flat_map(|stage| &stage.functions);
    let mut found: Vec<_> = targets
        .filter_map(|target| {
            let FunctionTarget::Local(plan) = target else { return None };
            let mut functions = definitions.functions.iter();
            let function = functions.find(|function| {
                let version = function.version.as_deref().unwrap_or("$LATEST");
                *function.name.value == *plan.name && *version == *plan.version
            })?;
            let (missing, written) = match gateway_functions::interpreter(&plan.runtime) {
                Err(missing) => (missing.to_string(), function.runtime.as_ref()),
                Ok(_) => (gateway_functions::missing_entry(plan)?, function.handler.as_ref()),
            };
            let place = written.map_or(&function.place, |written| &written.place);
            let text = format!("{missing}; its methods answer 500 until then");
            Some(Diagnostic::warning(place, text))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn code_paths(definitions: &Definitions) -> Vec<(PathBuf, u64)> {
    let paths = definitions.functions.iter().filter_map(|function| match &function.code {
        FunctionCode::Path { path, fingerprint, .. } => Some((path.clone(), *fingerprint)),
        FunctionCode::Inline(_) | FunctionCode::Elsewhere(_) => None,
    });
    paths.collect()
}

fn compile_options(settings: &Settings) -> CompileOptions {
    let vpc_links = settings.upstream.vpc_links.iter().map(|(id, target)| {
        (id.clone(), VpcLinkTarget { host: target.host.clone(), port: Some(target.port) })
    });
    CompileOptions {
        account_id: settings.aws.account_id.clone(),
        region: settings.aws.region.clone(),
        vpc_links: vpc_links.collect(),
        default_access_log: default_format(&settings.access_log.default_format),
        access_log_enabled: settings.access_log.destination != AccessLogDestination::Off,
        payload_bytes_max: settings.limits.payload_bytes_max,
        account_limit: settings.throttle.account_limit(),
        cache_bytes_max: settings.cache.bytes_max as u64,
        aws_endpoints: AwsEndpoints::new(settings.aws.endpoints()),
        calls_aws: !settings.aws.access_key_id.is_empty(),
        enforce_permissions: settings.functions.enforce_permissions,
        ..CompileOptions::default()
    }
}

/// The format of stages without one: a preset's name or a format; empty for none. Settings have
/// checked it.
fn default_format(text: &str) -> Option<LogFormat> {
    let format = match text {
        "" => return None,
        "clf" => presets::CLF,
        "csv" => presets::CSV,
        "xml" => presets::XML,
        "json" => presets::DEFAULT,
        format => format,
    };
    LogFormat::parse(format).ok().map(|(format, _)| format)
}
