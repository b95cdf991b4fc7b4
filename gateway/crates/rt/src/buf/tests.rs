use super::*;

#[test]
fn a_dropped_buffer_is_taken_again() {
    let mut a = Buf::take();
    assert!(a.extend(b"hello"));
    let address = a.filled().as_ptr();
    drop(a);
    let b = Buf::take();
    assert!(b.is_empty());
    assert_eq!(b.data.as_ptr(), address);
}

#[test]
fn windows_move_as_said() {
    let mut buf = Buf::take();
    buf.reset(8);
    assert!(buf.extend(b"body"));
    assert!(buf.prepend(b"head"));
    assert_eq!(buf.filled(), b"headbody");
    assert!(!buf.prepend(b"12345"), "only four bytes of headroom are left");
    buf.consume(4);
    assert_eq!(buf.filled(), b"body");
    buf.compact();
    assert_eq!((buf.headroom(), buf.filled()), (0, &b"body"[..]));
    buf.truncate(2);
    assert_eq!(buf.filled(), b"bo");
    assert!(!buf.extend(&[0; BUF_BYTES]));
}

#[test]
fn trimming_frees_what_was_not_needed() {
    std::thread::spawn(|| {
        let held: Vec<Buf> = (0..64).map(|_| Buf::take()).collect();
        drop(held);
        assert_eq!(pool_stats(), PoolStats { in_use: 0, free: 64 });
        trim();
        trim();
        assert_eq!(pool_stats().free, 32);
        for _ in 0..10 {
            trim();
        }
        assert_eq!(pool_stats().free, 0);
    })
    .join()
    .expect("the thread ends well");
}
