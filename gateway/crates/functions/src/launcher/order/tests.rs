use proptest::prelude::*;

use super::*;

fn name() -> impl Strategy<Value = OsString> {
    prop::collection::vec(1u8.., 0..20).prop_map(OsString::from_vec)
}

fn order() -> impl Strategy<Value = LaunchOrder> {
    let lists = (
        prop::collection::vec(name(), 0..5),
        prop::collection::vec(name(), 0..5),
        prop::collection::vec((name(), name()), 0..5),
    );
    let rest = (any::<u64>(), any::<bool>(), any::<Option<(u32, u32)>>());
    (name(), name(), name(), lists, rest).prop_map(|(program, task_root, tmp, lists, rest)| {
        LaunchOrder {
            program: program.into(),
            task_root: task_root.into(),
            tmp: tmp.into(),
            arguments: lists.0,
            needs: lists.1.into_iter().map(PathBuf::from).collect(),
            environment: lists.2,
            memory_bytes: rest.0,
            containment: if rest.1 { Containment::Namespace } else { Containment::Tree },
            user: rest.2,
        }
    })
}

proptest! {
    #[test]
    fn an_order_arrives_as_it_was_sent(order in order()) {
        prop_assert_eq!(LaunchOrder::read(&mut &order.encode()[..]).unwrap(), order);
    }

    #[test]
    fn part_of_an_order_is_none(order in order(), cut in any::<prop::sample::Index>()) {
        let bytes = order.encode();
        prop_assert!(LaunchOrder::read(&mut &bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn any_bytes_are_an_order_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = LaunchOrder::decode(&bytes);
        let _ = Report::decode(&bytes);
    }
}

#[test]
fn a_report_arrives_as_it_was_sent() {
    for report in [
        Report::Failed("cannot start /x: no such file".to_owned()),
        Report::Exited(Exit::Status(3)),
        Report::Exited(Exit::Signal(9)),
    ] {
        assert_eq!(Report::decode(&report.encode()), Some(report));
    }
    assert_eq!(Report::decode(b""), None);
    assert_eq!(Report::decode(b"Sx"), None);
}
