//! A stock of buffers from which the kernel takes one for whatever it received.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::IoUring;
use io_uring::types::BufRingEntry;

use crate::limits::{STOCK_BUF_BYTES, STOCK_BUFS_MAX, STOCK_BUFS_MIN, STOCK_STRIDE_BYTES};

/// The stock's number; a ring has one.
pub(crate) const GROUP: u16 = 0;

/// Buffers, and the ring of those that the kernel may take.
pub(crate) struct Stock {
    /// The kernel reads it: `count` entries, the tail inside the first.
    entries: Pages,
    bufs: Pages,
    count: u16,
    /// Where the next buffer is put.
    tail: u16,
}

/// Pages of their own, zeroed.
struct Pages {
    start: NonNull<u8>,
    len: usize,
}

impl Pages {
    fn map(len: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: asks for new pages at a place of the kernel's choice; nothing else is touched.
        let pages = unsafe { libc::mmap(std::ptr::null_mut(), len, access, kind, -1, 0) };
        if pages == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(pages.cast()).expect("the kernel maps nothing at address zero");
        Ok(Self { start, len })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the pages are this value's alone, mapped with this length, and unmapped once.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

impl Stock {
    /// A stock for `connections`, registered with `io`, which has to be dropped before it.
    pub(crate) fn new(io: &IoUring, connections: usize) -> io::Result<Self> {
        let count = connections.saturating_mul(2).clamp(STOCK_BUFS_MIN, STOCK_BUFS_MAX);
        let count = count.next_power_of_two();
        let entries = Pages::map(count * size_of::<BufRingEntry>())?;
        let bufs = Pages::map(count * STOCK_STRIDE_BYTES)?;
        let count = u16::try_from(count).expect("the limits say so");
        // SAFETY: the pages are mapped for as long as the stock lives, and the ring is dropped before it.
        unsafe { io.submitter().register_buf_ring(entries.start.as_ptr() as u64, count, GROUP) }?;
        let mut stock = Self { entries, bufs, count, tail: 0 };
        for buffer in 0..count {
            stock.give_back(buffer);
        }
        Ok(stock)
    }

    /// The `len` bytes that the kernel put into `buffer`.
    #[inline]
    pub(crate) fn lent(&mut self, buffer: u16, len: usize) -> &mut [u8] {
        assert!(
            buffer < self.count && len <= STOCK_BUF_BYTES,
            "the kernel names what it was given"
        );
        // SAFETY: inside the pages, initialised (zeroed at first, then filled by the kernel), borrowed as the stock is,
        // and not the kernel's before `give_back`.
        unsafe {
            let start = self.bufs.start.as_ptr().add(usize::from(buffer) * STOCK_STRIDE_BYTES);
            std::slice::from_raw_parts_mut(start, len)
        }
    }

    /// Lets the kernel have `buffer`, which it named before and nobody looks at any more.
    #[inline]
    pub(crate) fn give_back(&mut self, buffer: u16) {
        assert!(buffer < self.count, "the kernel names what it was given");
        let index = usize::from(self.tail & (self.count - 1));
        self.tail = self.tail.wrapping_add(1);
        let entries: *mut BufRingEntry = self.entries.start.as_ptr().cast();
        // SAFETY: the entry lies in the pages, and the kernel does not look at it before the tail passes it; the tail
        // is two bytes of the first entry that the setters do not touch, aligned, and read by the kernel as atomic.
        unsafe {
            let entry = &mut *entries.add(index);
            entry.set_addr(
                self.bufs.start.as_ptr().add(usize::from(buffer) * STOCK_STRIDE_BYTES) as u64
            );
            entry.set_len(STOCK_BUF_BYTES as u32);
            entry.set_bid(buffer);
            let tail = AtomicU16::from_ptr(BufRingEntry::tail(entries).cast_mut());
            tail.store(self.tail, Ordering::Release);
        }
    }
}
