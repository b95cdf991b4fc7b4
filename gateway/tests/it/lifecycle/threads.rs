//! Which thread goes before which.

use std::fs;

use crate::support::Gateway;

/// The cores and the niceness of the thread with this name.
fn thread(gateway: &Gateway, name: &str) -> (String, i32) {
    let tasks = format!("/proc/{}/task", gateway.pid());
    for task in fs::read_dir(tasks).unwrap() {
        let task = task.unwrap().path();
        let read = |file: &str| fs::read_to_string(task.join(file)).unwrap();
        if read("comm").trim() != name {
            continue;
        }
        let status = read("status");
        let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let stat = read("stat");
        // What follows the name: the state is field 3, the niceness field 19 (proc(5)).
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        return (
            cores.unwrap().trim().to_owned(),
            fields.clone().nth(16).unwrap().parse().unwrap(),
        );
    }
    panic!("no thread {name}");
}

#[test]
fn the_control_thread_goes_behind_the_shards() {
    let gateway = Gateway::start(
        "Resources:\n  Nothing: {Type: AWS::CloudFormation::WaitConditionHandle}\n",
        &["--shards", "1"],
    );
    let (of_shard, nice_of_shard) = thread(&gateway, "shard-0");
    let (of_control, nice_of_control) = thread(&gateway, "gateway");
    assert_eq!(nice_of_control, (nice_of_shard + 5).min(19));
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(of_control != of_shard, cores > 1, "{of_control} and {of_shard} of {cores}");
}
