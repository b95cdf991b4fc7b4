//! Objects on the disk: a directory for each bucket, two files for each object.
//!
//! An object's data is a file of its own name; its facts, under the hash of the key, name that file. Replacing the facts by
//! a rename replaces the object at once, so a crash leaves the old object or the new one, and at worst a file that nobody
//! names, which goes at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ApiError;
use crate::limits::{BUCKETS_MAX, OBJECTS_MAX};
use crate::wire::hex;

/// All buckets of a gateway.
pub(crate) struct Store {
    root: PathBuf,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

/// A bucket.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    pub(super) facts: BucketFacts,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// What is kept of a bucket itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct BucketFacts {
    pub(super) created_ms: u64,
    pub(super) region: String,
    /// Versioning, encryption, policy … as they were put; without effect.
    pub(super) settings: BTreeMap<String, String>,
    /// The stack that made it, or [`NOBODY`].
    #[serde(default)]
    pub(super) stack_id: Option<String>,
}

/// What is kept of an object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) key: String,
    /// Name of the file with its data.
    pub(super) file: String,
    pub(super) bytes: u64,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) modified_ms: u64,
    /// `content-type`, `x-amz-meta-…` and what else is given back as it came.
    pub(super) headers: Vec<(String, String)>,
    /// The checksum that came with it: the header's name and its value.
    pub(super) checksum: Option<(String, String)>,
    /// Its tags as they were put.
    pub(super) tagging: Option<String>,
}

/// A multipart upload; it ends with the process.
#[derive(Debug, Clone, Default)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) started_ms: u64,
    pub(super) headers: Vec<(String, String)>,
    /// By number.
    pub(super) parts: BTreeMap<u32, Part>,
}

/// One part of an upload.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) etag: String,
    pub(super) modified_ms: u64,
}

impl Store {
    /// Opens what a directory has; it needs not be there.
    ///
    /// # Errors
    /// When something in it cannot be read.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        let mut buckets = BTreeMap::new();
        let entries = match fs::read_dir(&root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { root, buckets: Mutex::new(buckets) });
            }
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if is_bucket_name(&name) && entry.path().join(BUCKET_FILE).is_file() {
                buckets.insert(name, load_bucket(&entry.path())?);
            }
        }
        Ok(Self { root, buckets: Mutex::new(buckets) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is such a bucket.
    pub(crate) fn has_bucket(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    /// The stack that made a bucket.
    pub(crate) fn owner(&self, name: &str) -> Option<String> {
        self.lock().get(name).and_then(|bucket| bucket.facts.stack_id.clone())
    }

    /// Lets a stack have a bucket that was only there because it was asked for. Says whether it is the stack's now.
    pub(crate) fn adopt(&self, name: &str, stack_id: &str) -> Result<bool, ApiError> {
        let mut buckets = self.lock();
        let Some(bucket) = buckets.get_mut(name) else { return Ok(false) };
        if bucket.facts.stack_id.as_deref() == Some(NOBODY) {
            bucket.facts.stack_id = Some(stack_id.to_owned());
            self.save_bucket(name, bucket)?;
        }
        Ok(bucket.facts.stack_id.as_deref() == Some(stack_id))
    }

    /// Makes a bucket that is not there, for a stack if one wants it; one that is stays as it is.
    ///
    /// # Errors
    /// When the name cannot be one, or the disk fails.
    pub(crate) fn create_bucket(
        &self,
        name: &str,
        region: &str,
        now_ms: u64,
        stack_id: Option<&str>,
    ) -> Result<(), ApiError> {
        if !is_bucket_name(name) {
            let text = "The specified bucket is not valid.";
            return Err(ApiError::new(400, "InvalidBucketName", text));
        }
        let mut buckets = self.lock();
        if buckets.contains_key(name) {
            return Ok(());
        }
        if buckets.len() >= BUCKETS_MAX {
            let text = "You have attempted to create more buckets than allowed";
            return Err(ApiError::new(400, "TooManyBuckets", text));
        }
        let facts = BucketFacts {
            created_ms: now_ms,
            region: region.to_owned(),
            settings: BTreeMap::new(),
            stack_id: stack_id.map(str::to_owned),
        };
        let directory = self.root.join(name);
        make_directory(&directory.join(OBJECTS)).map_err(|error| failed(&error))?;
        write_document(&directory.join(BUCKET_FILE), &facts).map_err(|error| failed(&error))?;
        buckets.insert(name.to_owned(), Bucket { facts, ..Bucket::default() });
        Ok(())
    }

    /// Removes an empty bucket.
    ///
    /// # Errors
    /// When it is not there or not empty.
    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), ApiError> {
        let mut buckets = self.lock();
        let bucket = buckets.get(name).ok_or_else(no_such_bucket)?;
        if !bucket.objects.is_empty() {
            let text = "The bucket you tried to delete is not empty";
            return Err(ApiError::new(409, "BucketNotEmpty", text));
        }
        fs::remove_dir_all(self.root.join(name)).map_err(|error| failed(&error))?;
        buckets.remove(name);
        Ok(())
    }

    /// Writes what was changed of a bucket's settings.
    pub(super) fn save_bucket(&self, name: &str, bucket: &Bucket) -> Result<(), ApiError> {
        let path = self.root.join(name).join(BUCKET_FILE);
        write_document(&path, &bucket.facts).map_err(|error| failed(&error))
    }

    /// A new file for data of a bucket, and its name.
    pub(super) fn new_file(&self, bucket: &str) -> Result<(File, String), ApiError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| failed(&io::Error::other(error.to_string())))?;
        let name = format!("{}.data", hex(&random));
        let path = self.path(bucket, &name);
        let file = File::options().write(true).create_new(true).open(path);
        Ok((file.map_err(|error| failed(&error))?, name))
    }

    /// Where a file of a bucket is.
    pub(super) fn path(&self, bucket: &str, file: &str) -> PathBuf {
        self.root.join(bucket).join(OBJECTS).join(file)
    }

    /// Puts an object whose data is there in the place of the one before.
    pub(super) fn put(&self, bucket: &str, object: Object) -> Result<(), ApiError> {
        let mut buckets = self.lock();
        let total: usize = buckets.values().map(|bucket| bucket.objects.len()).sum();
        let known = buckets.get_mut(bucket).ok_or_else(no_such_bucket)?;
        if total >= OBJECTS_MAX && !known.objects.contains_key(&object.key) {
            let text = format!("There are {OBJECTS_MAX} objects here; remove some first");
            return Err(ApiError::new(503, "SlowDown", text));
        }
        let facts = self.path(bucket, &facts_name(&object.key));
        write_document(&facts, &object).map_err(|error| failed(&error))?;
        if let Some(old) = known.objects.insert(object.key.clone(), object.clone())
            && old.file != object.file
        {
            self.remove_file(bucket, &old.file);
        }
        Ok(())
    }

    /// Removes an object; what is not there is no error.
    pub(super) fn delete(&self, bucket: &str, key: &str) -> Result<(), ApiError> {
        let mut buckets = self.lock();
        let known = buckets.get_mut(bucket).ok_or_else(no_such_bucket)?;
        if let Some(object) = known.objects.remove(key) {
            let facts = self.path(bucket, &facts_name(key));
            fs::remove_file(facts).map_err(|error| failed(&error))?;
            self.remove_file(bucket, &object.file);
        }
        Ok(())
    }

    /// Removes a file that no object names any more. What is left over goes at the next start.
    pub(super) fn remove_file(&self, bucket: &str, file: &str) {
        if let Err(error) = fs::remove_file(self.path(bucket, file)) {
            tracing::warn!(%error, bucket, file, "File of an object not removed");
        }
    }

    /// The file that holds an object.
    ///
    /// # Errors
    /// When there is no such object.
    pub(crate) fn object_path(&self, bucket: &str, key: &str) -> Result<PathBuf, ApiError> {
        let buckets = self.lock();
        let known = buckets.get(bucket).ok_or_else(no_such_bucket)?;
        let object = known.objects.get(key).ok_or_else(no_such_key)?;
        Ok(self.path(bucket, &object.file))
    }

    /// All objects, and the files that hold them.
    pub(crate) fn all(&self) -> BTreeMap<(String, String), PathBuf> {
        let buckets = self.lock();
        let objects = buckets
            .iter()
            .flat_map(|(name, bucket)| bucket.objects.iter().map(move |object| (name, object)));
        objects
            .map(|(name, (key, object))| {
                ((name.clone(), key.clone()), self.path(name, &object.file))
            })
            .collect()
    }
}

/// Who makes the buckets that are there because somebody asks for them.
pub(super) const NOBODY: &str = "";

const BUCKET_FILE: &str = "bucket.json";
const OBJECTS: &str = "objects";

pub(super) fn no_such_bucket() -> ApiError {
    ApiError::new(404, "NoSuchBucket", "The specified bucket does not exist")
}

pub(super) fn no_such_key() -> ApiError {
    ApiError::new(404, "NoSuchKey", "The specified key does not exist.")
}

/// What the disk says is for the log; a client learns that it failed.
pub(super) fn failed(error: &io::Error) -> ApiError {
    tracing::error!(%error, "The directory of buckets cannot be used");
    ApiError::new(
        500,
        "InternalError",
        "The object could not be read or written; the gateway's log says why",
    )
}

/// Source: Amazon S3 User Guide, "Bucket naming rules".
fn is_bucket_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_letter(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().next_back().is_some_and(is_letter)
        && !name.contains("..")
}

fn facts_name(key: &str) -> String {
    format!("{}.json", hex(digest(&SHA256, key.as_bytes()).as_ref()))
}

fn load_bucket(directory: &Path) -> io::Result<Bucket> {
    let facts = read_document(&directory.join(BUCKET_FILE))?;
    let mut bucket = Bucket { facts, ..Bucket::default() };
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(directory.join(OBJECTS))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let object: Object = read_document(&path)?;
            bucket.objects.insert(object.key.clone(), object);
        } else {
            files.insert(path);
        }
    }
    let named: BTreeSet<_> =
        bucket.objects.values().map(|object| directory.join(OBJECTS).join(&object.file)).collect();
    for left_over in files.difference(&named) {
        fs::remove_file(left_over)?;
    }
    Ok(bucket)
}

fn read_document<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let text = fs::read(path)?;
    serde_json::from_slice(&text).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    })
}

/// Beside its final name first, so that there is never half of it.
fn write_document(path: &Path, document: &impl Serialize) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec(document)?)?;
    file.sync_data()?;
    fs::rename(beside, path)
}

/// For this user alone: code and secrets are uploaded.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
