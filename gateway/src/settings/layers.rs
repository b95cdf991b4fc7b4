//! The four layers, each laid over the one before: defaults, file, environment, flags.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{
    AWS_ENDPOINT_DEFAULT, AWS_ENDPOINT_URL, AccessLogDestination, Place, Problem, Settings,
    SettingsError, check,
};
use crate::cli::{LoadArgs, RunArgs};

/// Tables whose keys are the operator's own.
const OPEN_TABLES: [&str; 5] =
    ["parameters", "buckets", "upstream.vpc_links", "aws.endpoints", "functions.environment"];

/// The SDKs' variables for credentials, and the settings that they are.
const AWS_CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "aws.access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "aws.secret_access_key"),
    ("AWS_SESSION_TOKEN", "aws.session_token"),
];

impl Settings {
    /// The settings of `gateway run`.
    ///
    /// `environment` is [`process_environment`]; a parameter, so that tests own theirs.
    ///
    /// # Errors
    /// [`SettingsError::Unreadable`] for the file, otherwise all problems of all layers.
    pub(crate) fn for_run(
        args: &RunArgs,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut layers = Layers::of_load(&args.load, environment)?;
        layers.run_flags(args);
        layers.finish()
    }

    /// The settings of `gateway check`.
    ///
    /// # Errors
    /// As [`Settings::for_run`].
    pub(crate) fn for_check(
        args: &LoadArgs,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        Layers::of_load(args, environment)?.finish()
    }
}

/// The variables of this process that are text; [`std::env::vars`] panics on the others.
pub(crate) fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The settings so far, and which layer decided each key.
#[derive(Default)]
struct Layers {
    settings: Settings,
    origins: BTreeMap<String, Place>,
    problems: Vec<Problem>,
}

impl Layers {
    fn of_load(
        args: &LoadArgs,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut layers = Self::default();
        if let Some(path) = &args.config {
            let text = fs::read_to_string(path)
                .map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
            layers.file(path, &text);
        }
        layers.environment(environment);
        layers.load_flags(args);
        Ok(layers)
    }

    fn finish(mut self) -> Result<Settings, SettingsError> {
        for (key, text) in check::problems(&self.settings) {
            let place = self.origins.get(key).cloned().unwrap_or(Place::Default);
            self.problems.push(Problem { place, text: format!("{key}: {text}") });
        }
        match self.problems.is_empty() {
            true => Ok(self.settings),
            false => Err(SettingsError::Invalid(self.problems)),
        }
    }

    /// The file over the defaults. Every unknown key is reported, then every wrong value: what was
    /// reported is cut out of the tree, and the rest is read again.
    fn file(&mut self, path: &Path, text: &str) {
        let place = |span: Range<usize>| place_in(path, text, span.start);
        let (document, syntax_errors) = DeTable::parse_recoverable(text);
        if !syntax_errors.is_empty() {
            self.problems.extend(syntax_errors.iter().map(|error| Problem {
                place: place(error.span().unwrap_or_default()),
                text: error.message().to_owned(),
            }));
            return;
        }
        let span = document.span();
        let mut table = document.into_inner();
        let known = keys_of(&Settings::default());
        cut_unknown_keys(&mut table, "", &known, &mut |span, text| {
            self.problems.push(Problem { place: place(span), text });
        });
        each_leaf(&table, "", &mut |key, span| {
            self.origins.insert(key, place(span));
        });
        loop {
            let tree = Spanned::new(span.clone(), table.clone());
            let error = match Settings::deserialize(toml::de::Deserializer::from(tree)) {
                Ok(settings) => {
                    self.settings = settings;
                    break;
                }
                Err(error) => error,
            };
            let cut = error.span().and_then(|span| cut_leaf_at(&mut table, "", span.start));
            let key = cut.as_ref().map(|key| format!("{key}: ")).unwrap_or_default();
            let text = format!("{key}{}", error.message().trim_end());
            let place = place(error.span().unwrap_or_default());
            self.problems.push(Problem { place, text });
            if cut.is_none() {
                break;
            }
        }
        self.settings.config_file = Some(path.to_owned());
        resolve_paths(&mut self.settings, path.parent().unwrap_or_else(|| Path::new("")));
    }

    /// `GATEWAY_SECTION_KEY` for every key that is not a table, and the SDKs' endpoint variables.
    fn environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        let defaults = keys_of(&Settings::default());
        let by_variable: BTreeMap<String, &str> =
            defaults.leaves.keys().map(|key| (variable_of(key), key.as_str())).collect();
        for (variable, text) in environment {
            if let Some(key) = by_variable.get(&variable) {
                self.overlay(key, &variable, &defaults.leaves[*key], &text);
            } else if let Some((_, key)) =
                AWS_CREDENTIALS.iter().find(|(name, _)| *name == variable)
            {
                self.overlay(key, &variable, &defaults.leaves[*key], &text);
            } else if let Some(rest) = variable.strip_prefix(AWS_ENDPOINT_URL) {
                let service = match rest.strip_prefix('_') {
                    None if rest.is_empty() => AWS_ENDPOINT_DEFAULT.to_owned(),
                    Some(service) if !service.is_empty() => service.to_ascii_lowercase(),
                    _ => continue,
                };
                self.settings.aws.endpoints.insert(service, text);
                self.origins.insert("aws.endpoints".to_owned(), Place::Environment(variable));
            } else if variable.starts_with("GATEWAY_") {
                // Other programs own names with this prefix too, so only a near miss is an error.
                if let Some(near) = nearest(&variable, by_variable.keys().map(String::as_str)) {
                    self.problems.push(Problem {
                        text: format!("unknown variable; did you mean {near}?"),
                        place: Place::Environment(variable),
                    });
                }
            }
        }
    }

    /// Sets one key from text, by way of the settings' own serial form.
    fn overlay(&mut self, key: &str, variable: &str, default: &Value, text: &str) {
        let as_text = || Value::String(text.to_owned());
        let value = match default {
            Value::Integer(_) => text.parse().map_or_else(|_| as_text(), Value::Integer),
            Value::Boolean(_) => text.parse().map_or_else(|_| as_text(), Value::Boolean),
            Value::Array(_) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
            }
            _ => as_text(),
        };
        let place = Place::Environment(variable.to_owned());
        let mut table = table_of(&self.settings);
        match key.split_once('.') {
            Some((section, key)) => {
                if let Some(Value::Table(section)) = table.get_mut(section) {
                    section.insert(key.to_owned(), value);
                }
            }
            None => {
                table.insert(key.to_owned(), value);
            }
        }
        match table.try_into::<Settings>() {
            Ok(settings) => {
                let config_file = self.settings.config_file.take();
                self.settings = Settings { config_file, ..settings };
                self.origins.insert(key.to_owned(), place);
            }
            Err(error) => {
                self.problems.push(Problem { place, text: error.message().trim_end().to_owned() })
            }
        }
    }

    fn load_flags(&mut self, args: &LoadArgs) {
        let settings = &mut self.settings;
        if !args.definitions.is_empty() {
            settings.definitions.clone_from(&args.definitions);
        }
        if !args.api_keys.is_empty() {
            settings.api_keys.clone_from(&args.api_keys);
        }
        settings.parameters.extend(args.parameters.iter().cloned());
        let buckets = args.buckets.iter();
        settings.buckets.extend(buckets.map(|(name, path)| (name.clone(), PathBuf::from(path))));
        settings.aws.endpoints.extend(args.aws_endpoints.iter().cloned());
        if !args.aws_endpoints.is_empty() {
            self.origins.insert("aws.endpoints".to_owned(), Place::Flag("--aws-endpoint"));
        }
        self.flag("aws.account_id", "--account-id", &args.account_id, |s| &mut s.aws.account_id);
        self.flag("aws.region", "--region", &args.region, |s| &mut s.aws.region);
    }

    fn run_flags(&mut self, args: &RunArgs) {
        let list = |addresses: &Vec<_>| (!addresses.is_empty()).then(|| addresses.clone());
        self.flag("listen.addresses", "--listen", &list(&args.listen), |s| &mut s.listen.addresses);
        self.flag("listen.tls_addresses", "--listen-tls", &list(&args.listen_tls), |s| {
            &mut s.listen.tls_addresses
        });
        self.flag("control.address", "--control", &args.control, |s| &mut s.control.address);
        self.flag("ops.address", "--ops", &args.ops, |s| &mut s.ops.address);
        self.flag("shards.count", "--shards", &args.shards, |s| &mut s.shards.count);
        self.flag("shards.cpus", "--cpus", &args.cpus, |s| &mut s.shards.cpus);
        self.flag("shards.backend", "--backend", &args.backend, |s| &mut s.shards.backend);
        self.flag("shards.driver", "--driver", &args.driver, |s| &mut s.shards.driver);
        self.flag("access_log.destination", "--access-log", &args.access_log, |s| {
            &mut s.access_log.destination
        });
        self.flag("log.format", "--log-format", &args.log_format, |s| &mut s.log.format);
        let state = args.state.clone().map(Some);
        self.flag("state.directory", "--state", &state, |s| &mut s.state.directory);
        self.settings.dev |= args.dev;
        self.flag("ops.test_clock", "--test-clock", &args.test_clock.then_some(true), |s| {
            &mut s.ops.test_clock
        });
        self.settings.port_file.clone_from(&args.port_file);
    }

    fn flag<T: Clone>(
        &mut self,
        key: &str,
        flag: &'static str,
        typed: &Option<T>,
        field: impl FnOnce(&mut Settings) -> &mut T,
    ) {
        if let Some(value) = typed {
            field(&mut self.settings).clone_from(value);
            self.origins.insert(key.to_owned(), Place::Flag(flag));
        }
    }
}

/// The keys of the settings, dotted: those with a value, with their default, and the tables.
struct Keys {
    leaves: BTreeMap<String, Value>,
    tables: Vec<String>,
}

fn keys_of(settings: &Settings) -> Keys {
    fn visit(table: &Table, prefix: &str, keys: &mut Keys) {
        for (name, value) in table {
            let key = join(prefix, name);
            match value {
                Value::Table(_) if OPEN_TABLES.contains(&key.as_str()) => keys.tables.push(key),
                Value::Table(table) => {
                    visit(table, &key, keys);
                    keys.tables.push(key);
                }
                value => {
                    keys.leaves.insert(key, value.clone());
                }
            }
        }
    }
    let mut keys = Keys { leaves: BTreeMap::new(), tables: Vec::new() };
    visit(&table_of(settings), "", &mut keys);
    keys
}

fn table_of(settings: &Settings) -> Table {
    Table::try_from(settings).expect("settings are strings, numbers, booleans, lists and tables")
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn variable_of(key: &str) -> String {
    format!("GATEWAY_{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Removes and reports the keys that no setting has.
fn cut_unknown_keys(
    table: &mut DeTable<'_>,
    prefix: &str,
    known: &Keys,
    report: &mut impl FnMut(Range<usize>, String),
) {
    let mut unknown = Vec::new();
    for (name, value) in table.iter_mut() {
        let key = join(prefix, name.get_ref());
        if known.leaves.contains_key(&key) || OPEN_TABLES.contains(&key.as_str()) {
            continue;
        }
        if !known.tables.contains(&key) {
            report(name.span(), format!("unknown key `{key}`{}", suggestion(&key, known)));
            unknown.push(name.clone());
        } else if let DeValue::Table(section) = value.get_mut() {
            cut_unknown_keys(section, &key, known, report);
        }
    }
    for name in &unknown {
        table.remove(name);
    }
}

/// The same name in another section first, then the nearest spelling.
fn suggestion(key: &str, known: &Keys) -> String {
    let all = || known.leaves.keys().chain(&known.tables).map(String::as_str);
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let elsewhere = all().find(|candidate| last(candidate) == last(key));
    match elsewhere.or_else(|| nearest(key, all())) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => "; config/gateway.toml lists all keys".to_owned(),
    }
}

/// Calls `found` with the dotted key and place of each value that is not a section.
fn each_leaf(table: &DeTable<'_>, prefix: &str, found: &mut impl FnMut(String, Range<usize>)) {
    for (name, value) in table.iter() {
        let key = join(prefix, name.get_ref());
        found(key.clone(), value.span());
        if let DeValue::Table(section) = value.get_ref() {
            each_leaf(section, &key, found);
        }
    }
}

/// Removes the innermost key whose name or value covers `offset`, and returns its dotted name.
fn cut_leaf_at(table: &mut DeTable<'_>, prefix: &str, offset: usize) -> Option<String> {
    let mut covering = None;
    for (name, value) in table.iter_mut() {
        let key = join(prefix, name.get_ref());
        let covers = value.span().contains(&offset) || name.span().contains(&offset);
        if let DeValue::Table(section) = value.get_mut()
            && let Some(cut) = cut_leaf_at(section, &key, offset)
        {
            return Some(cut);
        }
        if covers {
            covering = Some((name.clone(), key));
        }
    }
    let (name, key) = covering?;
    table.remove(&name);
    Some(key)
}

/// Relative paths of a file start at the file's directory, so that it can be used from anywhere.
fn resolve_paths(settings: &mut Settings, base: &Path) {
    let resolve = |path: &mut PathBuf| *path = base.join(&*path);
    settings.definitions.iter_mut().for_each(resolve);
    settings.api_keys.iter_mut().for_each(resolve);
    settings.buckets.values_mut().for_each(resolve);
    settings.upstream.ca_file.iter_mut().for_each(resolve);
    settings.state.directory.iter_mut().for_each(resolve);
    settings.functions.directory.iter_mut().for_each(resolve);
    if let AccessLogDestination::File(path) = &mut settings.access_log.destination {
        resolve(path);
    }
}

/// Line and column of a byte offset, both from 1; the column counts characters.
fn place_in(path: &Path, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place::File {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// The candidate with the fewest edits to `word`, if they are few for its length.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let budget = (word.len() / 5).max(2);
    candidates
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= budget)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and substitutions between two words (Levenshtein).
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
