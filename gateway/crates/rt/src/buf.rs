//! Pooled buffers: a fixed block of bytes with a window of filled bytes in it.
//!
//! A shard takes a [`Buf`] when a peer has something to say and drops it when it falls idle; the
//! drop puts it into the shard's free list. Steady state allocates nothing. The kernel only ever
//! sees a buffer that the operation owns, so a dropped future never frees memory that is still
//! being written.

use std::alloc::Layout;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use monoio::buf::{IoBuf, IoBufMut};

use crate::limits::{BUF_BYTES, POOL_FREE_MAX};

/// A buffer of [`BUF_BYTES`] bytes: `[0, start)` consumed or headroom, `[start, end)` filled,
/// `[end, BUF_BYTES)` spare.
pub struct Buf {
    data: ManuallyDrop<Block>,
    start: u32,
    end: u32,
}

/// Buffers of one shard, counted for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Buffers that connections hold.
    pub in_use: usize,
    /// Buffers that wait in the free list.
    pub free: usize,
}

/// A block of pages of its own, zeroed, so that giving it back gives its memory back at once: an
/// allocator keeps large blocks for a while, and thousands of connections fall idle in a second.
struct Block(NonNull<[u8; BUF_BYTES]>);

impl Block {
    fn map() -> Self {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: asks for new pages at a place of the kernel's choice; nothing else is touched.
        let pages = unsafe { libc::mmap(std::ptr::null_mut(), BUF_BYTES, access, kind, -1, 0) };
        if pages == libc::MAP_FAILED {
            std::alloc::handle_alloc_error(Layout::new::<[u8; BUF_BYTES]>());
        }
        Self(NonNull::new(pages.cast()).expect("the kernel maps nothing at address zero"))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the pages are this block's alone, mapped with this length, and unmapped once.
        unsafe { libc::munmap(self.0.as_ptr().cast(), BUF_BYTES) };
    }
}

impl Deref for Block {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the pages are mapped for as long as the block lives, initialised (zeroed by the
        // kernel), and borrowed as the block is.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for Block {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and the block is borrowed exclusively.
        unsafe { self.0.as_mut() }
    }
}

struct Pool {
    free: Vec<Block>,
    in_use: usize,
    /// The fewest free buffers since the last [`trim`]: those were not needed.
    free_min: usize,
}

thread_local! {
    static POOL: RefCell<Pool> =
        const { RefCell::new(Pool { free: Vec::new(), in_use: 0, free_min: 0 }) };
}

impl Buf {
    /// Takes an empty buffer from this thread's pool.
    pub fn take() -> Self {
        let data = POOL.with_borrow_mut(|pool| {
            pool.in_use += 1;
            let data = pool.free.pop();
            pool.free_min = pool.free_min.min(pool.free.len());
            data
        });
        let data = ManuallyDrop::new(data.unwrap_or_else(Block::map));
        Self { data, start: 0, end: 0 }
    }

    /// The filled bytes.
    #[inline]
    pub fn filled(&self) -> &[u8] {
        &self.data[self.start as usize..self.end as usize]
    }

    /// The filled bytes, to change in place.
    #[inline]
    pub fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.start as usize..self.end as usize]
    }

    /// How many bytes are filled.
    #[inline]
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether no byte is filled.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How many bytes fit behind the filled ones.
    #[inline]
    pub fn spare(&self) -> usize {
        BUF_BYTES - self.end as usize
    }

    /// How many bytes lie before the filled ones.
    #[inline]
    pub fn headroom(&self) -> usize {
        self.start as usize
    }

    /// The bytes behind the filled ones.
    #[inline]
    pub fn spare_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.end as usize..]
    }

    /// Counts `n` bytes of the spare ones as filled.
    #[inline]
    pub fn commit(&mut self, n: usize) {
        assert!(n <= self.spare(), "only spare bytes become filled");
        self.end += n as u32;
    }

    /// Drops the first `n` filled bytes, which become headroom.
    #[inline]
    pub fn consume(&mut self, n: usize) {
        assert!(n <= self.len(), "only filled bytes are consumed");
        self.start += n as u32;
    }

    /// Keeps the first `n` filled bytes.
    #[inline]
    pub fn truncate(&mut self, n: usize) {
        self.end = self.end.min(self.start + n as u32);
    }

    /// Empties the buffer, leaving `headroom` bytes before what is filled next.
    #[inline]
    pub fn reset(&mut self, headroom: usize) {
        assert!(headroom <= BUF_BYTES, "headroom lies in the buffer");
        self.start = headroom as u32;
        self.end = headroom as u32;
    }

    /// Makes `[start, end)` of the block the filled bytes, whatever was filled before. For a caller
    /// that keeps a head in place while it sends and receives what lies behind it.
    #[inline]
    pub fn set_window(&mut self, start: usize, end: usize) {
        assert!(start <= end && end <= BUF_BYTES, "a window lies in the buffer");
        self.start = start as u32;
        self.end = end as u32;
    }

    /// Moves the filled bytes to the front, so that all the rest is spare.
    pub fn compact(&mut self) {
        if self.start > 0 {
            self.data.copy_within(self.start as usize..self.end as usize, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }

    /// Appends `bytes`; `false` and no change when they do not fit.
    #[inline]
    pub fn extend(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() > self.spare() {
            return false;
        }
        let end = self.end as usize;
        self.data[end..end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len() as u32;
        true
    }

    /// Puts `bytes` before the filled ones; `false` and no change when the headroom is too small.
    #[inline]
    pub fn prepend(&mut self, bytes: &[u8]) -> bool {
        let start = self.start as usize;
        if bytes.len() > start {
            return false;
        }
        self.data[start - bytes.len()..start].copy_from_slice(bytes);
        self.start -= bytes.len() as u32;
        true
    }
}

impl Drop for Buf {
    fn drop(&mut self) {
        // SAFETY: the value is being dropped, so nobody looks at `data` again.
        let block = unsafe { ManuallyDrop::take(&mut self.data) };
        // While a thread ends its pool may be gone already; the memory is then simply unmapped.
        let _ = POOL.try_with(|pool| {
            let pool = &mut *pool.borrow_mut();
            pool.in_use = pool.in_use.saturating_sub(1);
            if pool.free.len() < POOL_FREE_MAX {
                pool.free.push(block);
            }
        });
    }
}

/// Gives back buffers that this thread has not needed since the last call. Called once a second.
pub fn trim() {
    POOL.with_borrow_mut(|pool| {
        let keep = pool.free.len() - pool.free_min.div_ceil(2).min(pool.free.len());
        pool.free.truncate(keep);
        pool.free_min = pool.free.len();
    });
}

/// How many buffers this thread has.
pub fn pool_stats() -> PoolStats {
    POOL.with_borrow(|pool| PoolStats { in_use: pool.in_use, free: pool.free.len() })
}

/// A [`Buf`] whose spare bytes the kernel fills.
pub(crate) struct Fill(pub(crate) Buf);

// SAFETY: the pointer is into the heap block that this value owns; it stays valid and in place
// however the value moves, and `bytes_total` is the length of the block behind it.
unsafe impl IoBufMut for Fill {
    fn write_ptr(&mut self) -> *mut u8 {
        self.0.spare_mut().as_mut_ptr()
    }

    fn bytes_total(&mut self) -> usize {
        self.0.spare()
    }

    unsafe fn set_init(&mut self, pos: usize) {
        self.0.commit(pos);
    }
}

/// A [`Buf`] whose filled bytes the kernel reads.
pub(crate) struct Drain(pub(crate) Buf);

// SAFETY: the pointer is into the heap block that this value owns, and all of it is initialised.
unsafe impl IoBuf for Drain {
    fn read_ptr(&self) -> *const u8 {
        self.0.filled().as_ptr()
    }

    fn bytes_init(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests;
