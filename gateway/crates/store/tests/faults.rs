//! Disks that refuse, by real means: a limit on the size of files, a full file system, a read-only one.

mod common;

use std::error::Error as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use common::row;
use gateway_store::{StoreError, UsageRow, UsageStore};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Bytes of a write that goes over the limit; a row takes some 100.
const ROWS_TOO_MANY: u64 = 40_000;

#[test]
fn a_limit_on_file_size_is_an_error_and_then_the_store_goes_on() {
    let home = tempfile::tempdir().expect("a temporary directory");
    // The shell ignores the signal, which the child inherits, so that a write fails instead.
    let script = "trap '' XFSZ && ulimit -S -f 2048 && exec \"$@\"";
    let prefix = ["sh", "-c", script, "sh"];
    let output = common::child(&prefix, "child_meets_the_file_size_limit", home.path()).output();
    expect_checked(&output.expect("sh runs"));
}

#[test]
fn child_meets_the_file_size_limit() {
    let Some(dir) = common::child_directory() else { return };
    let mut store = begin(&dir);
    let error = overflow(&mut store);
    assert_eq!(cause(&error), Some(rustix::io::Errno::FBIG.raw_os_error()), "{error:?}");
    still_refused(&mut store, &dir);
    let limit = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: limit.maximum, ..limit })
        .expect("up to the hard limit");
    goes_on(store, &dir);
}

#[test]
fn a_full_disk_is_an_error_and_then_the_store_goes_on() {
    in_namespace("a full file system", "child_meets_a_full_disk");
}

#[test]
fn child_meets_a_full_disk() {
    let Some(dir) = common::child_directory() else { return };
    mount(&["-t", "tmpfs", "-o", "size=4m", "none"], &dir);
    let state = dir.join("state");
    let mut store = begin(&state);
    let ballast = dir.join("ballast");
    fill(&ballast);
    let error = overflow(&mut store);
    assert_eq!(cause(&error), Some(rustix::io::Errno::NOSPC.raw_os_error()), "{error:?}");
    still_refused(&mut store, &state);
    fs::remove_file(&ballast).expect("ours");
    remount_larger(&dir);
    goes_on(store, &state);
}

#[test]
fn a_disk_that_is_full_at_the_start_is_an_error_that_says_where() {
    in_namespace("a full file system at the start", "child_starts_on_a_full_disk");
}

#[test]
fn child_starts_on_a_full_disk() {
    let Some(dir) = common::child_directory() else { return };
    mount(&["-t", "tmpfs", "-o", "size=1m", "none"], &dir);
    let state = dir.join("state");
    fs::create_dir(&state).expect("there is room");
    let ballast = dir.join("ballast");
    fill(&ballast);
    let error = UsageStore::open(&state).expect_err("no room for a file");
    assert!(error.path().starts_with(&state), "{error}");
    assert!(matches!(error, StoreError::Io { .. } | StoreError::Directory { .. }), "{error:?}");
    fs::remove_file(&ballast).expect("ours");
    UsageStore::open(&state).expect("there is room again");
    println!("\nchecked");
}

#[test]
fn a_disk_that_became_full_still_gives_back_the_counts() {
    in_namespace("a start on a full file system", "child_restarts_on_a_full_disk");
}

#[test]
fn child_restarts_on_a_full_disk() {
    let Some(dir) = common::child_directory() else { return };
    mount(&["-t", "tmpfs", "-o", "size=4m", "none"], &dir);
    let state = dir.join("state");
    let store = begin(&state);
    fill(&dir.join("ballast"));
    store.close().expect("nothing to write");
    let (_, rows) = UsageStore::open(&state).expect("the counts are there");
    assert_eq!(rows, first_rows());
    println!("\nchecked");
}

#[test]
fn a_disk_that_turned_read_only_is_an_error_and_then_the_store_goes_on() {
    in_namespace("a file system that turns read-only", "child_meets_a_read_only_disk");
}

#[test]
fn child_meets_a_read_only_disk() {
    let Some(dir) = common::child_directory() else { return };
    let (disk, view) = (dir.join("disk"), dir.join("view"));
    fs::create_dir(&disk).expect("a directory");
    fs::create_dir(&view).expect("a directory");
    mount(&["-t", "tmpfs", "-o", "size=4m", "none"], &disk);
    mount(&["--bind", &text(&disk)], &view);
    let state = view.join("state");
    let mut store = begin(&state);
    // A file that is open cannot be made read-only from here, so a full disk makes the store open anew.
    fill(&disk.join("ballast"));
    overflow(&mut store);
    run(Command::new("umount").arg("-l").arg(&view));
    mount(&["--bind", &text(&disk)], &view);
    mount(&["-o", "remount,bind,ro"], &view);
    overflow(&mut store);
    let error = store.write(&[row(1, 2, [(1, 2), (0, 0)])]).expect_err("read-only");
    assert_eq!(cause(&error), Some(rustix::io::Errno::ROFS.raw_os_error()), "{error:?}");
    assert!(error.path().starts_with(&state), "{error}");
    drop(store);
    let error = UsageStore::open(&state).expect_err("read-only");
    assert!(error.path().starts_with(&state), "{error}");
    mount(&["-o", "remount,bind,rw"], &view);
    fs::remove_file(disk.join("ballast")).expect("ours");
    remount_larger(&disk);
    let (store, rows) = UsageStore::open(&state).expect("writable again");
    assert_eq!(rows, first_rows());
    goes_on(store, &state);
}

fn first_rows() -> Vec<UsageRow> {
    (0..100).map(|key| row(key, 1, [(1, 1), (0, 0)])).collect()
}

fn many_rows() -> Vec<UsageRow> {
    (0..ROWS_TOO_MANY).map(|key| row(key, 9, [(1, 9), (0, 0)])).collect()
}

fn begin(dir: &Path) -> UsageStore {
    let (mut store, rows) = UsageStore::open(dir).expect("an empty directory");
    assert!(rows.is_empty());
    store.write(&first_rows()).expect("little");
    store
}

fn overflow(store: &mut UsageStore) -> StoreError {
    let error = store.write(&many_rows()).expect_err("more than there is room for");
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    error
}

/// The failed write left nothing, what was durable can still be read, and a second try fails in the same way.
fn still_refused(store: &mut UsageStore, dir: &Path) {
    let days = store.reader().days("p", "key-000001", 0, 9);
    assert_eq!(days.expect("reports go on"), [(1, 1)]);
    assert!(overflow(store).path().starts_with(dir));
    let days = store.reader().days("p", "key-000001", 0, 9);
    assert_eq!(days.expect("reports go on"), [(1, 1)]);
}

fn goes_on(mut store: UsageStore, dir: &Path) {
    store.write(&many_rows()).expect("there is room now");
    drop(store);
    let (_, rows) = UsageStore::open(dir).expect("it was closed");
    assert_eq!(rows, many_rows());
    println!("\nchecked");
}

fn cause(error: &StoreError) -> Option<i32> {
    error.source()?.downcast_ref::<io::Error>()?.raw_os_error()
}

/// Writes until nothing fits any more.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).expect("a file");
    for block in [64 << 10, 4 << 10, 1] {
        let bytes = vec![1; block];
        while io::Write::write_all(&mut file, &bytes).is_ok() {}
    }
}

fn remount_larger(dir: &Path) {
    mount(&["-o", "remount,size=64m"], dir);
}

fn mount(arguments: &[&str], at: &Path) {
    run(Command::new("mount").args(arguments).arg(at));
}

fn run(command: &mut Command) {
    let status = command.status().expect("mount(8) was there a moment ago");
    assert!(status.success(), "{command:?}: {status}");
}

fn text(path: &Path) -> String {
    path.to_str().expect("the path is text").to_owned()
}

/// Runs a child that may mount what it likes; says what is left out where that is not allowed.
fn in_namespace(what: &str, test: &str) {
    let home = tempfile::tempdir().expect("a temporary directory");
    for flags in ["-m", "-rm"] {
        let mut probe = Command::new("unshare");
        probe.args([flags, "mount", "-t", "tmpfs", "none"]).arg(home.path());
        if probe.output().is_ok_and(|output| output.status.success()) {
            let output = common::child(&["unshare", flags], test, home.path()).output();
            return expect_checked(&output.expect("unshare runs"));
        }
    }
    println!("left out: {what} (no private mounts on this machine)");
}

fn expect_checked(output: &Output) {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert!(out.lines().any(|line| line == "checked"), "the child did nothing:\n{out}\n{err}");
}
