//! A ring of its own for a thread that drives many connections in one loop: no tasks, no futures, no timers.
//!
//! What a load generator needs and a proxy does not: [`Ring::turn`] waits once, [`Ring::next`] says what happened,
//! connection after connection. Each connection has one receive operation that goes on for as long as it lives, and
//! received bytes lie in buffers that the kernel takes from a common stock; so an answer costs no operation of ours.
//!
//! Invariants worth naming:
//! - Whatever the kernel reads or writes belongs to the ring until the operation's last completion. [`Ring`] waits for
//!   all of them before it frees anything; should the kernel refuse even that, the memory is kept for ever.
//! - A slot is used again only when nothing is under way on it. Completions carry the slot's generation, and one that
//!   fits no slot is counted and has no other effect.

use std::collections::VecDeque;
use std::io;
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use io_uring::types::{CancelBuilder, Fd, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::backend::{RingFlags, ring_builder};
use crate::limits::{RING_SLOTS_MAX, RING_SUBMISSIONS};
use crate::stock::Stock;

/// Many connections of one thread.
pub struct Ring {
    /// Behind `ManuallyDrop`, as all that the kernel may use: see [`Drop`].
    io: ManuallyDrop<IoUring>,
    stock: ManuallyDrop<Stock>,
    slots: ManuallyDrop<Vec<Slot>>,
    /// Completions of this turn.
    ready: VecDeque<Completion>,
    /// Slots that became free without a completion to say so.
    closed: VecDeque<usize>,
    tick: ManuallyDrop<Box<Timespec>>,
    is_ticking: bool,
    /// The buffer that the last event lent out.
    lent: Option<u16>,
    stray: u64,
}

/// What happened on a slot.
#[derive(Debug)]
pub enum Event<'a> {
    /// The connection is there; it receives from now on.
    Connected,
    /// Bytes came; they may be changed in place.
    Received(&'a mut [u8]),
    /// The peer has finished, or the connection broke or was never made. Nothing more comes; [`Ring::close`] it.
    Ended(io::Result<()>),
    /// After [`Ring::close`]: the slot may be used again.
    Closed,
    /// Time has passed; of no slot.
    Tick,
}

#[derive(Default)]
struct Slot {
    socket: Option<OwnedFd>,
    generation: u32,
    /// Operations whose last completion has not come.
    pending: u32,
    is_closing: bool,
    /// The end was told.
    is_ended: bool,
    /// Where to; the kernel reads it.
    address: Option<Box<SockAddr>>,
    /// What is being sent, and from where on; the kernel reads it.
    sending: Option<(Arc<[u8]>, usize)>,
}

#[derive(Clone, Copy)]
struct Completion {
    user_data: u64,
    result: i32,
    flags: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Tick = 1,
    Connect,
    Receive,
    Send,
    Cancel,
}

/// 32 bits of generation, 24 of slot, 8 of kind.
fn user_data(kind: Kind, slot: usize, generation: u32) -> u64 {
    u64::from(generation) << 32 | (slot as u64) << 8 | kind as u64
}

impl Kind {
    fn of(user_data: u64) -> Option<Self> {
        Some(match user_data & 0xff {
            kind if kind == Self::Tick as u64 => Self::Tick,
            kind if kind == Self::Connect as u64 => Self::Connect,
            kind if kind == Self::Receive as u64 => Self::Receive,
            kind if kind == Self::Send as u64 => Self::Send,
            kind if kind == Self::Cancel as u64 => Self::Cancel,
            _ => return None,
        })
    }
}

impl Ring {
    /// A ring of this thread for `slots` connections, each free, that tells the time every `tick`.
    ///
    /// # Errors
    /// When the kernel refuses it: it needs Linux 6.1, and the permission to use io_uring.
    pub fn new(slots: usize, tick: Duration) -> io::Result<Self> {
        if slots > RING_SLOTS_MAX {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let io = ring_builder(RingFlags::DeferTaskrun, RING_SUBMISSIONS).build(RING_SUBMISSIONS)?;
        let stock = Stock::new(&io, slots)?;
        let tick = Timespec::new().sec(tick.as_secs()).nsec(tick.subsec_nanos());
        Ok(Self {
            io: ManuallyDrop::new(io),
            stock: ManuallyDrop::new(stock),
            slots: ManuallyDrop::new((0..slots).map(|_| Slot::default()).collect()),
            ready: VecDeque::with_capacity(2 * slots),
            closed: VecDeque::new(),
            tick: ManuallyDrop::new(Box::new(tick)),
            is_ticking: false,
            lent: None,
            stray: 0,
        })
    }

    /// Completions that fitted no slot; there should be none.
    pub fn stray(&self) -> u64 {
        self.stray
    }

    /// Connects the free slot `slot`; [`Event::Connected`] or [`Event::Ended`] says how it went.
    ///
    /// # Errors
    /// When there is no descriptor to be had, or the kernel takes no operation.
    pub fn connect(&mut self, slot: usize, address: SocketAddr) -> io::Result<()> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        let own = &mut self.slots[slot];
        assert!(own.socket.is_none() && own.pending == 0, "a slot is used once at a time");
        own.generation = own.generation.wrapping_add(1);
        own.is_closing = false;
        own.is_ended = false;
        let address = own.address.insert(Box::new(SockAddr::from(address)));
        let fd = Fd(socket.as_raw_fd());
        let connect = opcode::Connect::new(fd, address.as_ptr().cast(), address.len()).build();
        own.socket = Some(socket.into());
        let pushed = self.start(Kind::Connect, slot, connect);
        if pushed.is_err() {
            self.slots[slot].socket = None;
        }
        pushed
    }

    /// Sends all of `bytes` on the connected slot `slot`, which sends nothing else at the moment: what the socket
    /// takes goes out at once, the rest when it can. A failure comes as [`Event::Ended`].
    pub fn send(&mut self, slot: usize, bytes: &Arc<[u8]>) {
        let own = &mut self.slots[slot];
        let Some(socket) = &own.socket else { return };
        debug_assert!(own.sending.is_none(), "one message at a time");
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        let nobody: *const libc::sockaddr = std::ptr::null();
        // Not by `libc::send`, which lets its thread be cancelled meanwhile, at the cost of two atomic operations.
        // SAFETY: the pointer and length describe `bytes`, which outlive the call; there is no address.
        let sent = unsafe {
            let (start, len) = (bytes.as_ptr(), bytes.len());
            libc::syscall(libc::SYS_sendto, socket.as_raw_fd(), start, len, flags, nobody, 0_usize)
        };
        let sent = usize::try_from(sent).unwrap_or(0);
        if sent < bytes.len() {
            // Should the connection be broken, the operation meets that again, and tells it.
            own.sending = Some((bytes.clone(), sent));
            self.send_rest(slot);
        }
    }

    /// Ends whatever is under way on `slot`; [`Event::Closed`] comes when it is over. Not for a free slot.
    pub fn close(&mut self, slot: usize) {
        let own = &mut self.slots[slot];
        if own.is_closing {
            return;
        }
        own.is_closing = true;
        let (pending, Some(socket)) = (own.pending, &own.socket) else { return };
        if pending == 0 {
            self.free(slot);
            self.closed.push_back(slot);
            return;
        }
        let fd = socket.as_raw_fd();
        // SAFETY: plain system call on a descriptor that the slot keeps open.
        unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
        let cancel = opcode::AsyncCancel2::new(CancelBuilder::fd(Fd(fd)).all()).build();
        // Without it the end of the socket still ends what is under way.
        let _ = self.start(Kind::Cancel, slot, cancel);
    }

    /// Waits until something happened, and submits what was asked for before.
    ///
    /// # Errors
    /// When the kernel does not turn the ring any more.
    pub fn turn(&mut self) -> io::Result<()> {
        self.give_back();
        if !self.is_ticking {
            let tick = opcode::Timeout::new(&raw const **self.tick).build();
            self.push(&tick.user_data(user_data(Kind::Tick, 0, 0)))?;
            self.is_ticking = true;
        }
        let want = usize::from(self.ready.is_empty() && self.closed.is_empty());
        self.enter(want)
    }

    /// What happened next, if anything did, and on which slot.
    #[expect(
        clippy::should_implement_trait,
        reason = "an event borrows the ring, as no item of an iterator can"
    )]
    #[inline]
    pub fn next(&mut self) -> Option<(usize, Event<'_>)> {
        self.give_back();
        if let Some(slot) = self.closed.pop_front() {
            return Some((slot, Event::Closed));
        }
        while let Some(completion) = self.ready.pop_front() {
            let slot = (completion.user_data >> 8 & 0xff_ffff) as usize;
            match self.take(slot, completion) {
                None => {}
                Some(Taken::Lent { buffer, len }) => {
                    self.lent = Some(buffer);
                    return Some((slot, Event::Received(self.stock.lent(buffer, len))));
                }
                Some(Taken::Connected) => return Some((slot, Event::Connected)),
                Some(Taken::Ended(how)) => return Some((slot, Event::Ended(how))),
                Some(Taken::Closed) => return Some((slot, Event::Closed)),
                Some(Taken::Tick) => return Some((slot, Event::Tick)),
            }
        }
        None
    }

    #[inline]
    fn give_back(&mut self) {
        if let Some(buffer) = self.lent.take() {
            self.stock.give_back(buffer);
        }
    }

    /// What `completion` means for its slot.
    #[inline]
    fn take(&mut self, slot: usize, completion: Completion) -> Option<Taken> {
        let Completion { user_data, result, flags } = completion;
        let generation = (user_data >> 32) as u32;
        let kind = Kind::of(user_data);
        if kind == Some(Kind::Tick) {
            self.is_ticking = false;
            return Some(Taken::Tick);
        }
        let buffer = cqueue::buffer_select(flags);
        let own = self.slots.get_mut(slot).filter(|own| own.generation == generation);
        let (Some(own), Some(kind)) = (own, kind) else {
            self.stray += 1;
            if let Some(buffer) = buffer {
                self.stock.give_back(buffer);
            }
            return None;
        };
        if !cqueue::more(flags) {
            own.pending = own.pending.saturating_sub(1);
        }
        if kind == Kind::Send && own.is_closing {
            own.sending = None;
        }
        if own.is_closing || own.is_ended {
            if let Some(buffer) = buffer {
                self.stock.give_back(buffer);
            }
            let is_closed = own.is_closing && own.pending == 0 && own.socket.is_some();
            if is_closed {
                self.free(slot);
            }
            return is_closed.then_some(Taken::Closed);
        }
        match kind {
            Kind::Receive => self.received(slot, result, flags, buffer),
            Kind::Connect if result < 0 => self.ended(slot, Err(result)),
            Kind::Connect => {
                own.address = None;
                match self.receive(slot) {
                    Ok(()) => Some(Taken::Connected),
                    Err(error) => self.ended(slot, Err(-error.raw_os_error().unwrap_or(libc::EIO))),
                }
            }
            Kind::Send => self.sent(slot, result),
            Kind::Cancel | Kind::Tick => None,
        }
    }

    #[inline]
    fn received(
        &mut self,
        slot: usize,
        result: i32,
        flags: u32,
        buffer: Option<u16>,
    ) -> Option<Taken> {
        // The operation goes on for as long as the kernel has room for its completions and buffers to fill.
        let goes_on = cqueue::more(flags);
        if !goes_on
            && (result > 0 || result == -libc::ENOBUFS)
            && let Err(error) = self.receive(slot)
        {
            if let Some(buffer) = buffer {
                self.stock.give_back(buffer);
            }
            return self.ended(slot, Err(-error.raw_os_error().unwrap_or(libc::EIO)));
        }
        match (usize::try_from(result), buffer) {
            (Ok(len @ 1..), Some(buffer)) => Some(Taken::Lent { buffer, len }),
            (Ok(_), buffer) => {
                if let Some(buffer) = buffer {
                    self.stock.give_back(buffer);
                }
                self.ended(slot, Ok(()))
            }
            (Err(_), _) if result == -libc::ENOBUFS => None,
            (Err(_), _) => self.ended(slot, Err(result)),
        }
    }

    fn sent(&mut self, slot: usize, result: i32) -> Option<Taken> {
        let own = &mut self.slots[slot];
        let Ok(sent @ 1..) = usize::try_from(result) else {
            own.sending = None;
            return self.ended(slot, Err(if result < 0 { result } else { -libc::EPIPE }));
        };
        if let Some((bytes, at)) = &mut own.sending {
            *at += sent;
            if *at >= bytes.len() {
                own.sending = None;
            } else {
                self.send_rest(slot);
            }
        }
        None
    }

    fn ended(&mut self, slot: usize, how: Result<(), i32>) -> Option<Taken> {
        self.slots[slot].is_ended = true;
        Some(Taken::Ended(how.map_err(|code| io::Error::from_raw_os_error(-code))))
    }

    /// Receives on `slot` until further notice.
    fn receive(&mut self, slot: usize) -> io::Result<()> {
        let Some(socket) = &self.slots[slot].socket else { return Ok(()) };
        let fd = Fd(socket.as_raw_fd());
        let receive = opcode::RecvMulti::new(fd, crate::stock::GROUP).build();
        self.start(Kind::Receive, slot, receive)
    }

    fn send_rest(&mut self, slot: usize) {
        let own = &self.slots[slot];
        let (Some(socket), Some((bytes, at))) = (&own.socket, &own.sending) else { return };
        let rest = &bytes[*at..];
        // What goes beyond is sent with the next operation.
        let len = u32::try_from(rest.len()).unwrap_or(u32::MAX >> 1);
        let send = opcode::Send::new(Fd(socket.as_raw_fd()), rest.as_ptr(), len)
            .flags(libc::MSG_NOSIGNAL)
            .build();
        if self.start(Kind::Send, slot, send).is_err() {
            // Ends the receiver, which tells the end.
            let own = &mut self.slots[slot];
            own.sending = None;
            if let Some(socket) = &own.socket {
                // SAFETY: plain system call on a descriptor that the slot keeps open.
                unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RDWR) };
            }
        }
    }

    fn free(&mut self, slot: usize) {
        let own = &mut self.slots[slot];
        debug_assert_eq!(own.pending, 0, "nothing is under way on a slot that is freed");
        own.socket = None;
        own.address = None;
        own.sending = None;
    }

    /// Hands an operation of `slot` to the ring. What it points to belongs to the slot or the ring.
    fn start(&mut self, kind: Kind, slot: usize, operation: squeue::Entry) -> io::Result<()> {
        let generation = self.slots[slot].generation;
        self.push(&operation.user_data(user_data(kind, slot, generation)))?;
        self.slots[slot].pending += 1;
        Ok(())
    }

    fn push(&mut self, operation: &squeue::Entry) -> io::Result<()> {
        loop {
            // SAFETY: what the operation points to (a slot's address or message, the tick, the stock) is kept until
            // its last completion; see the module's invariants.
            if unsafe { self.io.submission().push(operation) }.is_ok() {
                return Ok(());
            }
            self.enter(0)?;
        }
    }

    /// Submits, waits for `want` completions, and gathers all there are.
    fn enter(&mut self, want: usize) -> io::Result<()> {
        match self.io.submit_and_wait(want) {
            Ok(_) => {}
            Err(error) => match error.raw_os_error() {
                // Interrupted, or completions have to be taken first.
                Some(libc::EINTR | libc::EBUSY | libc::EAGAIN) => {}
                _ => return Err(error),
            },
        }
        self.ready.extend(self.io.completion().map(|entry| Completion {
            user_data: entry.user_data(),
            result: entry.result(),
            flags: entry.flags(),
        }));
        Ok(())
    }

    /// Ends everything and waits until nothing is under way.
    fn drain(&mut self) -> io::Result<()> {
        for slot in 0..self.slots.len() {
            if self.slots[slot].socket.is_some() {
                self.close(slot);
            }
        }
        loop {
            while self.next().is_some() {}
            let is_idle = self.slots.iter().all(|slot| slot.pending == 0);
            if is_idle && !self.is_ticking {
                return Ok(());
            }
            self.enter(1)?;
        }
    }
}

enum Taken {
    Lent { buffer: u16, len: usize },
    Connected,
    Ended(io::Result<()>),
    Closed,
    Tick,
}

impl Drop for Ring {
    fn drop(&mut self) {
        if let Err(error) = self.drain() {
            tracing::warn!(%error, "A ring is not given back, since the kernel may still use it");
            return;
        }
        // SAFETY: nothing is under way, so the kernel uses none of this any more; each is dropped once, the ring
        // before the memory that is registered with it.
        unsafe {
            ManuallyDrop::drop(&mut self.io);
            ManuallyDrop::drop(&mut self.stock);
            ManuallyDrop::drop(&mut self.slots);
            ManuallyDrop::drop(&mut self.tick);
        }
    }
}

#[cfg(test)]
mod tests;
