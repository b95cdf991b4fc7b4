//! Usage counts in the file.
//!
//! Three tables. `usage` has one row a counter, overwritten in place. A day that falls out of a row's two is
//! moved to `usage_days`, in the same transaction, so that the end of a day costs one insert a counter
//! instead of two each time. `usage_days` starts its keys with the day, so that outdated days are one run at
//! its front. `usage_plans` has the quotas in force.
//!
//! Cost of a write, as a sketch: for each row one walk of the tree and one copied page of 4 KiB, which
//! neighbours share; then the pages are written and synced twice.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use redb::{
    Database, ReadTransaction, ReadableDatabase as _, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};

use crate::StoreError;
use crate::file::{self, DirectoryLock, FILE_NAME, Identity};
use crate::limits::{HISTORY_DAYS_MAX, PRUNED_ROWS_MAX, ROW_DAYS_MAX};
use crate::record::{
    DiskPlan, DiskRecord, PlanRow, UsageRecord, UsageRow, from_disk, plan_from_disk, plan_to_disk,
    to_disk, written_day,
};

pub(crate) const PANICKED: &str = "the reader of the file panicked";

/// (plan, key) → the current counts.
const USAGE: TableDefinition<(&str, &str), DiskRecord> = TableDefinition::new("usage");

/// (day, plan, key) → requests counted on a day that the current counts no longer tell.
const DAYS: TableDefinition<(u32, &str, &str), u64> = TableDefinition::new("usage_days");

/// plan → its quota and since when.
const PLANS: TableDefinition<&str, DiskPlan> = TableDefinition::new("usage_plans");

/// Durable usage counts. One process at a time has a directory's.
#[derive(Debug)]
pub struct UsageStore {
    shared: Arc<Shared>,
    /// Nothing after the directory was lost, until it is taken again.
    lock: Option<DirectoryLock>,
    /// Which file the counts are in; nothing when that file is gone and a new one may begin.
    identity: Option<Identity>,
    known: Known,
}

/// Answers reports from another thread, while [`UsageStore`] writes.
#[derive(Clone, Debug)]
pub struct UsageReader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    path: PathBuf,
    /// Nothing after a failure, until the next write opens it anew.
    database: RwLock<Option<Database>>,
}

/// What a write must know of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    /// The days in the history.
    history: BTreeSet<u32>,
    /// The newest day on which anything was counted.
    newest_day: u32,
}

impl UsageStore {
    /// Takes the state directory `dir` for this process, makes what is missing, checks the whole file, and
    /// gives back every counter, ordered by plan and key. Counters of which nothing was heard for
    /// [`ROW_DAYS_MAX`] days are forgotten.
    ///
    /// # Errors
    /// Any [`StoreError`] but `Vanished`. What was found is left as it is.
    pub fn open(dir: &Path) -> Result<(Self, Vec<UsageRow>), StoreError> {
        let lock = file::lock(dir)?;
        let path = dir.join(FILE_NAME);
        let (database, identity) = file::open(dir)?;
        let shared = Shared { dir: dir.to_owned(), path, database: RwLock::new(None) };
        let (known, rows, outdated) = shared.load(&database)?;
        *shared.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
        let mut store =
            Self { shared: Arc::new(shared), lock: Some(lock), identity: Some(identity), known };
        store.forget(&outdated)?;
        Ok((store, rows))
    }

    /// Makes `rows` durable, all or none: they are on the disk when this returns. They are absolute counts;
    /// of two rows of one counter the last holds.
    ///
    /// After an error nothing of `rows` counts as written, what was durable before still is, and the
    /// next call opens the file anew. Give it the rows again, or newer ones of the same counters.
    ///
    /// # Errors
    /// Any [`StoreError`]. After `Vanished` give the next call every counter.
    pub fn write(&mut self, rows: &[UsageRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut sorted: Vec<&UsageRow> = rows.iter().collect();
        sorted.sort_by(|a, b| (&a.plan_id, &a.key_id).cmp(&(&b.plan_id, &b.key_id)));
        self.commit(|transaction, known| put_rows(transaction, &sorted, known))
    }

    /// Replaces the quotas in force by `plans`, all or none, durably.
    ///
    /// # Errors
    /// As [`UsageStore::write`]; also call this again after `Vanished`.
    pub fn write_plans(&mut self, plans: &[PlanRow]) -> Result<(), StoreError> {
        self.commit(|transaction, _| {
            let mut table = transaction.open_table(PLANS)?;
            table.retain(|_, _| false)?;
            for plan in plans {
                table.insert(&*plan.plan_id, plan_to_disk(plan))?;
            }
            Ok(())
        })
    }

    /// The quotas that were in force, ordered by plan.
    ///
    /// # Errors
    /// [`StoreError::Io`] after a failed write or where the disk refuses, [`StoreError::Damaged`].
    pub fn plans(&self) -> Result<Vec<PlanRow>, StoreError> {
        let damaged = || StoreError::damaged(&self.shared.path, "a quota's period is unknown");
        self.shared
            .read(|transaction| {
                let mut plans = Vec::new();
                for entry in transaction.open_table(PLANS)?.iter()? {
                    let (plan, quota) = entry?;
                    plans.push(plan_from_disk(plan.value(), quota.value()));
                }
                Ok(plans)
            })?
            .into_iter()
            .map(|plan| plan.ok_or_else(damaged))
            .collect()
    }

    /// A handle for reports.
    pub fn reader(&self) -> UsageReader {
        UsageReader { shared: Arc::clone(&self.shared) }
    }

    /// The file that holds the counts.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Closes the file, so that the next start need not repair it.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the disk refuses. Every successful write is durable all the same.
    pub fn close(self) -> Result<(), StoreError> {
        match self.shared.write_lock().take() {
            Some(database) => {
                database.close().map_err(|cause| self.shared.failed("close", cause.into()))
            }
            None => Ok(()),
        }
    }

    /// Runs one durable transaction; after an error the file is closed.
    fn commit(
        &mut self,
        body: impl FnOnce(&WriteTransaction, &mut Known) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        self.make_ready()?;
        let mut known = self.known.clone();
        let committed = self.shared.with(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_quick_repair(true);
            body(&transaction, &mut known)?;
            Ok(transaction.commit()?)
        });
        match committed {
            Ok(()) => {
                self.known = known;
                Ok(())
            }
            Err(cause) => {
                // The library trusts a file no more after an error; opened anew it is as the last commit
                // left it, and reports go on. Where that fails too, the next write tries again.
                self.shared.close();
                self.make_ready().ok();
                Err(self.shared.failed("write to", cause))
            }
        }
    }

    /// Sees to it that the file with our counts is open.
    fn make_ready(&mut self) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        if let Some(identity) = self.identity
            && file::identity(&shared.path)? != Some(identity)
        {
            return Err(self.vanished());
        }
        if shared.is_open() {
            return Ok(());
        }
        if self.lock.is_none() {
            self.lock = Some(file::lock(&shared.dir)?);
        }
        let (database, identity) = file::open(&shared.dir)?;
        if self.identity.is_some_and(|known| known != identity) {
            return Err(self.vanished());
        }
        // The newest day never goes back, so what is known of it stays right.
        let history = history_of(&database).map_err(|cause| shared.failed("read", cause))?;
        self.known.history = history;
        self.identity = Some(identity);
        *shared.write_lock() = Some(database);
        Ok(())
    }

    fn vanished(&mut self) -> StoreError {
        self.shared.close();
        self.lock = None;
        self.identity = None;
        StoreError::Vanished { path: self.shared.path.clone() }
    }

    fn forget(&mut self, outdated: &[UsageRow]) -> Result<(), StoreError> {
        if outdated.is_empty() {
            return Ok(());
        }
        self.commit(|transaction, _| {
            let mut usage = transaction.open_table(USAGE)?;
            for row in outdated {
                usage.remove((&*row.plan_id, &*row.key_id))?;
            }
            Ok(())
        })
    }
}

impl UsageReader {
    /// What a counter counted on each day from `from_day` to `to_day`, both included, as far back as
    /// [`HISTORY_DAYS_MAX`]; days without a request are left out.
    ///
    /// # Errors
    /// [`StoreError::Io`] after a failed write or where the disk refuses, [`StoreError::Damaged`].
    pub fn days(
        &self,
        plan_id: &str,
        key_id: &str,
        from_day: u32,
        to_day: u32,
    ) -> Result<Vec<(u32, u64)>, StoreError> {
        self.shared.days(plan_id, key_id, from_day, to_day)
    }
}

impl Shared {
    fn days(
        &self,
        plan_id: &str,
        key_id: &str,
        from_day: u32,
        to_day: u32,
    ) -> Result<Vec<(u32, u64)>, StoreError> {
        self.read(|transaction| {
            let usage = transaction.open_table(USAGE)?;
            let current = usage.get((plan_id, key_id))?.and_then(|disk| from_disk(disk.value()));
            let history = transaction.open_table(DAYS)?;
            let mut counts = BTreeMap::new();
            for day in history_days(&history)? {
                if !(from_day..=to_day).contains(&day) {
                    continue;
                }
                if let Some(count) = history.get((day, plan_id, key_id))? {
                    counts.insert(day, count.value());
                }
            }
            for (day, count) in current.iter().flat_map(UsageRecord::counted_days) {
                if (from_day..=to_day).contains(&day) {
                    counts.insert(day, count);
                }
            }
            Ok(counts.into_iter().collect())
        })
    }

    /// What a start must know: the days, the counters, and the counters to forget.
    fn load(
        &self,
        database: &Database,
    ) -> Result<(Known, Vec<UsageRow>, Vec<UsageRow>), StoreError> {
        let failed = |cause| self.failed("read", cause);
        let mut known = Known { history: history_of(database).map_err(failed)?, newest_day: 0 };
        let mut rows = Vec::new();
        let mut written = Vec::new();
        let mut unknown = false;
        for_each_row(database, |plan_id, key_id, disk| {
            let Some(record) = from_disk(disk) else {
                unknown = true;
                return;
            };
            rows.push(UsageRow { plan_id: plan_id.into(), key_id: key_id.into(), record });
            written.push(written_day(disk));
            known.newest_day = known.newest_day.max(written_day(disk));
        })
        .map_err(failed)?;
        if unknown {
            return Err(StoreError::damaged(&self.path, "a counter's period is unknown"));
        }
        let oldest = known.newest_day.saturating_sub(ROW_DAYS_MAX);
        let mut written = written.into_iter();
        let outdated = rows.extract_if(.., |_| written.next().is_some_and(|day| day < oldest));
        let outdated = outdated.collect();
        Ok((known, rows, outdated))
    }

    fn read<T>(
        &self,
        body: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        self.with(|database| body(&database.begin_read()?))
            .map_err(|cause| self.failed("read", cause))
    }

    /// A page that is damaged behind our back may make the library panic; that is an error as well.
    fn with<T>(
        &self,
        body: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
        catch_unwind(AssertUnwindSafe(|| body(database)))
            .unwrap_or_else(|_| Err(redb::Error::Corrupted(PANICKED.to_owned())))
    }

    fn is_open(&self) -> bool {
        self.database.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn close(&self) {
        *self.write_lock() = None;
    }

    fn write_lock(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, action: &'static str, cause: redb::Error) -> StoreError {
        StoreError::new(&self.path, action, cause)
    }
}

/// Makes the tables, so that everybody after may rely on them.
pub(crate) fn make_tables(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(USAGE)?;
    transaction.open_table(DAYS)?;
    transaction.open_table(PLANS)?;
    Ok(transaction.commit()?)
}

fn put_rows(
    transaction: &WriteTransaction,
    rows: &[&UsageRow],
    known: &mut Known,
) -> Result<(), redb::Error> {
    let mut usage = transaction.open_table(USAGE)?;
    let mut history = transaction.open_table(DAYS)?;
    let newest = rows.iter().map(|row| row.record.newest_day()).max().unwrap_or(0);
    known.newest_day = known.newest_day.max(newest);
    for row in rows {
        let key = (&*row.plan_id, &*row.key_id);
        let before = usage.insert(key, to_disk(&row.record, known.newest_day))?;
        let Some(before) = before.and_then(|disk| from_disk(disk.value())) else { continue };
        for (day, count) in before.counted_days() {
            if row.record.day(day).is_none() {
                let key = (day, &*row.plan_id, &*row.key_id);
                let kept = history.insert(key, count)?.map_or(0, |kept| kept.value());
                if kept > count {
                    history.insert(key, kept)?;
                }
                known.history.insert(day);
            }
        }
    }
    prune(&mut history, known)
}

/// Removes the oldest days beyond [`HISTORY_DAYS_MAX`], a part at a time.
fn prune(
    history: &mut Table<'_, (u32, &'static str, &'static str), u64>,
    known: &mut Known,
) -> Result<(), redb::Error> {
    let mut removed = 0;
    while known.history.len() > HISTORY_DAYS_MAX && removed < PRUNED_ROWS_MAX {
        let first = history.first()?.map(|(key, _)| key.value().0);
        match (first, known.history.first().copied()) {
            (Some(day), Some(oldest)) if day == oldest => {
                history.pop_first()?;
                removed += 1;
            }
            (_, Some(oldest)) => {
                known.history.remove(&oldest);
            }
            (_, None) => break,
        }
    }
    Ok(())
}

fn history_of(database: &Database) -> Result<BTreeSet<u32>, redb::Error> {
    history_days(&database.begin_read()?.open_table(DAYS)?)
}

/// The days in the history: one look-up each, because the keys start with the day.
fn history_days(
    history: &impl ReadableTable<(u32, &'static str, &'static str), u64>,
) -> Result<BTreeSet<u32>, redb::Error> {
    let mut days = BTreeSet::new();
    let mut from = Some(0);
    while let Some(start) = from {
        let next = history.range((start, "", "")..)?.next().transpose()?;
        let Some((key, _)) = next else { break };
        let day = key.value().0;
        days.insert(day);
        from = day.checked_add(1);
    }
    Ok(days)
}

fn for_each_row(
    database: &Database,
    mut visit: impl FnMut(&str, &str, DiskRecord),
) -> Result<(), redb::Error> {
    for entry in database.begin_read()?.open_table(USAGE)?.iter()? {
        let (key, disk) = entry?;
        let (plan_id, key_id) = key.value();
        visit(plan_id, key_id, disk.value());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
