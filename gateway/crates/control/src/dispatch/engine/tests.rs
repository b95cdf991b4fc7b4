use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gateway_model::{Definitions, Place};
use tokio::sync::oneshot;

use super::*;
use crate::{Call, Done, MemoryObjects};

/// A set of names: `PUT name` adds one, `GET` lists them. `bad` is taken and cannot be served.
struct Names(Vec<String>);

impl Operations for Names {
    fn load(documents: &[(String, Vec<u8>)]) -> Result<Self, String> {
        Ok(Self(documents.iter().map(|(key, _)| key.clone()).collect()))
    }

    fn answer(&mut self, call: &Call) -> Result<Done, ApiError> {
        if call.method == "GET" {
            let answer = Answer::json(200, &serde_json::json!(self.0));
            return Ok(Done { answer, changes: Vec::new(), effect: None });
        }
        let name = call.path.first().unwrap().clone();
        if self.0.contains(&name) {
            return Err(ApiError::conflict(name));
        }
        self.0.push(name.clone());
        let changes = vec![Change::Put { key: name, document: b"{}".to_vec() }];
        Ok(Done { answer: Answer::empty(201), changes, effect: Some(Effect::Publish) })
    }

    fn show_files(&mut self, _: &Definitions, _: u64) {}

    fn definitions(&mut self) -> Definitions {
        let outputs = self.0.iter().map(|name| gateway_model::Output {
            stack_name: String::new(),
            key: name.clone(),
            value: String::new(),
            description: None,
            export_name: None,
        });
        Definitions { outputs: outputs.collect(), ..Definitions::default() }
    }
}

#[derive(Clone, Default)]
struct Plane {
    /// What was published, last.
    live: Arc<Mutex<Vec<String>>>,
    publishings: Arc<AtomicUsize>,
}

impl Publish for Plane {
    async fn publish(&mut self, deployed: &Definitions) -> Result<(), Refused> {
        let names: Vec<_> = deployed.outputs.iter().map(|output| output.key.clone()).collect();
        if names.iter().any(|name| name == "bad") {
            return Err(Refused(vec![Diagnostic::error(&Place::nowhere(), "bad is bad")]));
        }
        self.publishings.fetch_add(1, Ordering::Relaxed);
        *self.live.lock().unwrap() = names;
        Ok(())
    }

    fn files(&self) -> Arc<Definitions> {
        Arc::default()
    }

    fn flush_cache(&mut self, _: &str, _: &str) {}

    fn flush_authorizers(&mut self, _: &str, _: &str) {}

    fn try_out(
        &mut self,
        _: crate::Trial,
    ) -> crate::Pending<Result<crate::Tried, crate::NotTried>> {
        Box::pin(async { Err(crate::NotTried::Unavailable("there are no shards".to_owned())) })
    }

    fn usage(&mut self, _: &str, _: &str) -> crate::Pending<Result<String, crate::ApiError>> {
        Box::pin(async { Ok("{}".to_owned()) })
    }

    fn set_remaining(&mut self, _: &str, _: &str, _: u64) -> Result<(), crate::ApiError> {
        Ok(())
    }
}

/// Documents on a disk that can be full.
#[derive(Clone, Default)]
struct Disk {
    inner: Arc<Mutex<MemoryObjects>>,
    syncs: Arc<AtomicUsize>,
    is_full: Arc<Mutex<bool>>,
    pending: Vec<Change>,
}

impl Objects for Disk {
    fn all(&mut self) -> Result<Vec<(String, Vec<u8>)>, ObjectsError> {
        self.inner.lock().unwrap().all()
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), ObjectsError> {
        self.pending.extend_from_slice(changes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), ObjectsError> {
        let pending = std::mem::take(&mut self.pending);
        if *self.is_full.lock().unwrap() {
            return Err(ObjectsError("full".to_owned()));
        }
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.inner.lock().unwrap().commit(&pending)
    }
}

fn call(method: &str, name: &str) -> What {
    What::ApiGateway(Box::new(Call {
        method: method.to_owned(),
        path: vec![name.to_owned()],
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
        account_id: String::new(),
        region: String::new(),
        request_id: String::new(),
        unix_ms: 0,
    }))
}

/// Carries out calls that came together; statuses, and the body of the last.
fn together(plane: &Plane, disk: &Disk, calls: Vec<What>) -> (Vec<u16>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (sender, jobs) = mpsc::channel(64);
        let mut disk = disk.clone();
        let state = Names::load(&disk.all().unwrap()).unwrap();
        let engine = Engine::new(jobs, state, disk, plane.clone());
        let mut answers = Vec::new();
        for what in calls {
            let (reply, answer) = oneshot::channel();
            sender.send(Job { what, reply }).await.ok().unwrap();
            answers.push(answer);
        }
        drop(sender);
        engine.run().await;
        let (mut statuses, mut body) = (Vec::new(), String::new());
        for answer in answers {
            match answer.await.unwrap() {
                Ok(answer) => {
                    statuses.push(answer.status);
                    body = String::from_utf8(answer.body).unwrap();
                }
                Err(error) => statuses.push(error.status),
            }
        }
        (statuses, body)
    })
}

#[test]
fn calls_that_come_together_share_a_sync_and_a_publishing() {
    let (plane, disk) = (Plane::default(), Disk::default());
    let calls = vec![call("PUT", "a"), call("PUT", "b"), call("PUT", "a"), call("GET", "")];
    let (statuses, listed) = together(&plane, &disk, calls);
    assert_eq!((statuses, &*listed), (vec![201, 201, 409, 200], r#"["a","b"]"#));
    assert_eq!(disk.syncs.load(Ordering::Relaxed), 1);
    assert_eq!(plane.publishings.load(Ordering::Relaxed), 1);
    assert_eq!(*plane.live.lock().unwrap(), ["a", "b"]);
}

#[test]
fn what_the_data_plane_refuses_changes_nothing_and_the_others_are_done() {
    let (plane, disk) = (Plane::default(), Disk::default());
    let calls = vec![call("PUT", "a"), call("PUT", "bad"), call("PUT", "b"), call("GET", "")];
    let (statuses, listed) = together(&plane, &disk, calls);
    assert_eq!((statuses, &*listed), (vec![201, 400, 201, 200], r#"["a","b"]"#));
    assert_eq!(*plane.live.lock().unwrap(), ["a", "b"]);
    let (statuses, listed) = together(&plane, &disk, vec![call("GET", "")]);
    assert_eq!((statuses, &*listed), (vec![200], r#"["a","b"]"#));
}

#[test]
fn what_is_not_stored_is_not_served_and_nobody_is_told_that_it_is() {
    let (plane, disk) = (Plane::default(), Disk::default());
    let (statuses, _) = together(&plane, &disk, vec![call("PUT", "a")]);
    assert_eq!(statuses, [201]);
    *disk.is_full.lock().unwrap() = true;
    let (statuses, _) = together(&plane, &disk, vec![call("PUT", "b"), call("PUT", "a")]);
    assert_eq!(statuses, [503, 409]);
    assert_eq!(*plane.live.lock().unwrap(), ["a"]);
    *disk.is_full.lock().unwrap() = false;
    let (statuses, listed) = together(&plane, &disk, vec![call("PUT", "c"), call("GET", "")]);
    assert_eq!((statuses, &*listed), (vec![201, 200], r#"["a","c"]"#));
}

#[test]
fn a_backup_has_what_came_before_it() {
    let (plane, disk) = (Plane::default(), Disk::default());
    let (statuses, text) = together(&plane, &disk, vec![call("PUT", "a"), What::Backup]);
    assert_eq!(statuses, [201, 200]);
    let documents = crate::backup::read(text.as_bytes()).unwrap();
    assert_eq!(documents, [("a".to_owned(), b"{}".to_vec())]);
}
