use super::*;

/// A directory of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("definition-files-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_fingerprint_changes_with_each_file_and_with_nothing_else() {
    let folder = Folder::new("changes");
    let mut seen = Vec::new();
    let mut look = |is_new: bool| {
        let now = fingerprint(&folder.0).expect("a directory");
        assert_eq!(!seen.contains(&now), is_new, "{seen:?} {now}");
        seen.push(now);
    };
    look(true);
    folder.write("index.py", b"1");
    look(true);
    look(false);
    folder.write("index.py", b"12");
    look(true);
    folder.write("lib/a.py", b"");
    look(true);
    fs::rename(folder.0.join("lib/a.py"), folder.0.join("lib/b.py")).expect("renamed");
    look(true);
    let file = fs::File::options().write(true).open(folder.0.join("index.py")).expect("opens");
    file.set_modified(UNIX_EPOCH).expect("a time");
    look(true);
}

#[test]
fn what_is_no_code_says_why() {
    let folder = Folder::new("wrong");
    folder.write("text", b"PK");
    folder.write("a.zip", b"PK\x03\x04rest");
    assert!(fingerprint(&folder.0.join("a.zip")).is_ok());
    let said = |name: &str| fingerprint(&folder.0.join(name)).expect_err("no code").to_string();
    assert_eq!(said("gone"), "there is no such directory or zip file");
    assert_eq!(said("text"), "it is neither a directory nor a zip file");
    let deep: PathBuf = std::iter::repeat_n("d", CODE_DEPTH_MAX + 2).collect();
    fs::create_dir_all(folder.0.join("deep").join(deep)).expect("directories");
    assert_eq!(said("deep"), "its directories are nested more than 64 deep");
}

#[cfg(unix)]
#[test]
fn a_link_back_up_is_not_walked() {
    let folder = Folder::new("loop");
    std::os::unix::fs::symlink(&folder.0, folder.0.join("again")).expect("a link");
    std::os::unix::fs::symlink("nowhere", folder.0.join("dangling")).expect("a link");
    assert!(fingerprint(&folder.0).is_ok());
}
