//! API keys from API Gateway's key files: comma-separated values with a header line.
//!
//! The columns `Name` and `Key` must be there; `Description`, `Enabled` (`TRUE` when it is empty or
//! absent) and `UsagePlanIds` may be; others are ignored. Their order and case are free. Several
//! usage plans stand in one cell in double or in single quotes: `"c7y23b,glvrsr"`. A key that is
//! given again replaces the one before.
//!
//! Ours: a column `Id` gives a key its id, and a usage plan may be named by its name. Without an
//! id a key gets one that is derived from its value by SHA-256, so that usage counts find it again
//! after a restart. Ten characters do not hold a value of twenty, but they let somebody who sees
//! ids check a guess: values should be random, as those that API Gateway makes are.
//!
//! Rows are read one at a time; what stays in memory is [`ImportedKeys`], and while reading some
//! 70 bytes more for each key.
//!
//! Source: API Gateway Developer Guide, "API Gateway API key file format"; an older edition asks
//! for 30 characters and more where the API takes 20, and we take 20.

mod rows;

use crate::ids::digits;
use crate::limits::{
    API_ID_CHARS, KEY_ID_CHARS_MAX, KEY_NAME_CHARS_MAX, KEY_VALUE_CHARS_MAX, KEY_VALUE_CHARS_MIN,
};
use crate::report::Report;
use aws_lc_rs::digest;
use gateway_model::limits::PLANS_PER_KEY_MAX;
use gateway_model::{Diagnostic, ImportedKey, ImportedKeys, Place};
use rows::{Row, Rows};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;
use std::sync::Arc;

/// Reads one key file. All that could be read comes out, and what is wrong with the rest.
#[must_use]
pub fn import(file: &str, reader: impl BufRead) -> (ImportedKeys, Vec<Diagnostic>) {
    let mut importer = Importer::default();
    let diagnostics = importer.read(file, reader);
    (importer.finish(), diagnostics)
}

/// Gathers the keys of several files.
#[derive(Default)]
pub struct Importer {
    keys: ImportedKeys,
    by_value: HashMap<u64, u32>,
    by_id: HashMap<u64, u32>,
    seed: RandomState,
}

impl Importer {
    /// Reads one file, to its end or to what cannot be read past. Diagnostics come by line.
    #[must_use]
    pub fn read(&mut self, file: &str, reader: impl BufRead) -> Vec<Diagnostic> {
        let report = Report::default();
        let whole = Place::new(&Arc::from(file), 0, 0);
        match self.keys.add_file(file) {
            Ok(number) => {
                let mut rows = Rows::new(reader);
                let mut reading =
                    Reading { importer: self, report: &report, file: number, whole: &whole };
                reading.all(&mut rows);
            }
            Err(full) => report.error(&whole, full.to_string()),
        }
        report.into_sorted()
    }

    /// The keys of all files.
    #[must_use]
    pub fn finish(mut self) -> ImportedKeys {
        self.keys.shrink();
        self.keys
    }
}

/// One file that is being read.
struct Reading<'r> {
    importer: &'r mut Importer,
    report: &'r Report,
    file: u32,
    whole: &'r Place,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Name,
    Key,
    Enabled,
    UsagePlanIds,
    Ignored,
}

impl Column {
    fn named(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "id" => Self::Id,
            "name" => Self::Name,
            "key" => Self::Key,
            "enabled" => Self::Enabled,
            "usageplanids" => Self::UsagePlanIds,
            _ => Self::Ignored,
        }
    }
}

/// The cells of one row that mean something.
#[derive(Default)]
struct Cells<'r> {
    id: &'r str,
    name: &'r str,
    key: &'r str,
    enabled: &'r str,
    /// Indexes into [`ImportedKeys::plans`].
    plans: Vec<u16>,
}

impl Reading<'_> {
    fn place(&self, line: u32) -> Place {
        Place { line, col: 1, ..self.whole.clone() }
    }

    fn all<R: BufRead>(&mut self, rows: &mut Rows<R>) {
        let header = match rows.next() {
            Ok(Some(row)) => self.header(&row),
            Ok(None) => {
                let text = "this key file is empty: its first line names the columns Name and Key";
                return self.report.error(self.whole, text);
            }
            Err(error) => return self.report.error(&self.place(error.line), error.to_string()),
        };
        let Some(columns) = header else { return };
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let line = row.line;
                    if let Err(text) = self.row(&columns, &row) {
                        self.report.error(&self.place(line), text);
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    self.report.error(&self.place(error.line), error.to_string());
                    if error.is_last() {
                        return;
                    }
                }
            }
        }
    }

    fn header(&self, row: &Row<'_>) -> Option<Vec<Column>> {
        let columns: Vec<Column> = row.cells().map(Column::named).collect();
        let mut is_right = true;
        let mut error = |text: String| {
            self.report.error(&self.place(row.line), text);
            is_right = false;
        };
        for (index, column) in columns.iter().enumerate() {
            if *column != Column::Ignored && columns[..index].contains(column) {
                error(format!("column {column:?} is there twice"));
            }
        }
        for column in [Column::Name, Column::Key] {
            if !columns.contains(&column) {
                error(format!(
                    "no column {column:?}: the first line names the columns Name and Key"
                ));
            }
        }
        is_right.then_some(columns)
    }

    fn row(&mut self, columns: &[Column], row: &Row<'_>) -> Result<(), String> {
        let cells = self.cells(columns, row)?;
        check_value(cells.key).map_err(str::to_owned)?;
        check_name(cells.name).map_err(str::to_owned)?;
        check_id(cells.id).map_err(str::to_owned)?;
        let enabled = match cells.enabled {
            "" => true,
            text if text.eq_ignore_ascii_case("true") => true,
            text if text.eq_ignore_ascii_case("false") => false,
            // The text is not shown: where cells have slipped it is the secret.
            _ => return Err("Enabled is neither TRUE nor FALSE".to_owned()),
        };
        let key = ImportedKey {
            id: cells.id,
            name: cells.name,
            value: cells.key,
            enabled,
            plans: &cells.plans,
            file: self.file,
            line: row.line,
        };
        match self.importer.index_of_value(cells.key) {
            Ok(index) => self.replace(index, key),
            Err(free) => self.add(free, key),
        }
    }

    /// Reads the cells by column. Single quotes may hold commas, which the cells are split at.
    fn cells<'r>(&mut self, columns: &[Column], row: &Row<'r>) -> Result<Cells<'r>, String> {
        let mut cells = Cells::default();
        let mut rest = row.cells();
        for column in columns {
            let Some(cell) = rest.next() else { break };
            match column {
                Column::Id => cells.id = cell.trim(),
                Column::Name => cells.name = cell,
                Column::Key => cells.key = cell.trim(),
                Column::Enabled => cells.enabled = cell.trim(),
                Column::Ignored => {}
                Column::UsagePlanIds => {
                    let mut cell = cell.trim();
                    let is_quoted = cell.starts_with('\'');
                    let mut is_open = is_quoted && !(cell.len() > 1 && cell.ends_with('\''));
                    self.plans(cell, &mut cells.plans)?;
                    while is_open {
                        cell =
                            rest.next().ok_or("a single quote of UsagePlanIds has no end")?.trim();
                        is_open = !cell.ends_with('\'');
                        self.plans(cell, &mut cells.plans)?;
                    }
                }
            }
        }
        if rest.next().is_some() {
            let count = columns.len();
            return Err(format!(
                "more cells than the {count} columns of the first line: quote a cell with commas"
            ));
        }
        Ok(cells)
    }

    fn plans(&mut self, cell: &str, plans: &mut Vec<u16>) -> Result<(), String> {
        let names = cell.split(',').map(|name| name.trim().trim_matches('\'').trim());
        for name in names.filter(|name| !name.is_empty()) {
            let plan = self.importer.keys.add_plan(name).map_err(|full| full.to_string())?;
            if !plans.contains(&plan) {
                plans.push(plan);
            }
            if plans.len() > PLANS_PER_KEY_MAX {
                return Err(format!(
                    "this API key is in more than {PLANS_PER_KEY_MAX} usage plans"
                ));
            }
        }
        Ok(())
    }

    /// Puts a key in the place of the one with its value. The id stays.
    fn replace(&mut self, index: u32, key: ImportedKey<'_>) -> Result<(), String> {
        let keys = &mut self.importer.keys;
        let Some(other) = keys.key(index as usize) else { return Ok(()) };
        let (id, at) = (other.id.to_owned(), keys.place(&other));
        if !key.id.is_empty() && key.id != id {
            return Err(format!("this Key is given again with another Id: at {at} it is \"{id}\""));
        }
        let replacing = ImportedKey { id: &id, ..key };
        keys.replace(index as usize, replacing).map_err(|full| full.to_string())?;
        let text = format!("this Key is given again: this row replaces the one at {at}");
        self.report.warning(&self.place(key.line), text);
        Ok(())
    }

    fn add(&mut self, free: u64, key: ImportedKey<'_>) -> Result<(), String> {
        let importer = &mut *self.importer;
        let mut derived = String::new();
        let mut attempt = 0;
        let free_id = loop {
            if key.id.is_empty() {
                derive_id(key.value, attempt, &mut derived);
            }
            let id = if key.id.is_empty() { &derived } else { key.id };
            match importer.index_of_id(id) {
                Err(free) => break free,
                Ok(_) if key.id.is_empty() => attempt += 1,
                Ok(other) => {
                    let other = importer.keys.key(other as usize);
                    let at = other.map(|other| importer.keys.place(&other).to_string());
                    let at = at.unwrap_or_default();
                    return Err(format!("Id \"{id}\" is that of another API key, at {at}"));
                }
            }
        };
        let id = if key.id.is_empty() { &derived } else { key.id };
        let index = importer.keys.len() as u32; // `push` refuses more than fit
        importer.keys.push(ImportedKey { id, ..key }).map_err(|full| full.to_string())?;
        importer.by_value.insert(free, index);
        importer.by_id.insert(free_id, index);
        Ok(())
    }
}

impl Importer {
    /// The key of this value, or what to file a new one under.
    fn index_of_value(&self, value: &str) -> Result<u32, u64> {
        let is_same = |key: ImportedKey<'_>| key.value == value;
        self.find(&self.by_value, value, is_same)
    }

    fn index_of_id(&self, id: &str) -> Result<u32, u64> {
        let is_same = |key: ImportedKey<'_>| key.id == id;
        self.find(&self.by_id, id, is_same)
    }

    /// Keyed hashes that agree are filed one after the other.
    fn find(
        &self,
        index: &HashMap<u64, u32>,
        text: &str,
        is_same: impl Fn(ImportedKey<'_>) -> bool,
    ) -> Result<u32, u64> {
        let mut hash = self.seed.hash_one(text);
        while let Some(row) = index.get(&hash) {
            if self.keys.key(*row as usize).is_some_and(&is_same) {
                return Ok(*row);
            }
            hash = hash.wrapping_add(1);
        }
        Err(hash)
    }
}

/// The id of a value: ten characters of base 36 out of SHA-256, the same at every start.
fn derive_id(value: &str, attempt: u32, id: &mut String) {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"API key id\0");
    context.update(&attempt.to_le_bytes());
    context.update(value.as_bytes());
    let digest = context.finish();
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_ref()[..8]);
    id.clear();
    digits(u64::from_le_bytes(first), API_ID_CHARS, id);
}

/// Whether a text can be the secret value of an API key. Source: CreateApiKey.
pub(crate) fn check_value(value: &str) -> Result<(), &'static str> {
    let chars = value.chars().count();
    if chars < KEY_VALUE_CHARS_MIN {
        Err("API Key value should be at least 20 characters")
    } else if chars > KEY_VALUE_CHARS_MAX {
        Err("API Key value exceeds maximum size of 128 characters")
    } else if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) || value.trim() != value {
        Err("a header cannot carry this API Key value: use printable ASCII")
    } else {
        Ok(())
    }
}

/// Whether a text can be the name of an API key. Source: CreateApiKey.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.chars().count() > KEY_NAME_CHARS_MAX {
        return Err("Invalid API Key name, can be at most 1024 characters.");
    }
    Ok(())
}

/// Whether a text can be an id, or is empty.
fn check_id(id: &str) -> Result<(), &'static str> {
    const _: () = assert!(KEY_ID_CHARS_MAX == 64, "the text below says so");
    let is_right = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if id.len() <= KEY_ID_CHARS_MAX && id.bytes().all(is_right) {
        return Ok(());
    }
    Err("this cannot be an Id: write up to 64 of a-zA-Z0-9_-")
}

#[cfg(test)]
mod tests;
