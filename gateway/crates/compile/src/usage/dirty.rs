//! Which memberships were counted since the counts were last written.

use std::sync::atomic::{AtomicU64, Ordering, compiler_fence, fence};

/// One bit for each membership.
///
/// A shard marks after it has counted; the writer drains and then reads the counts. A fence on either side
/// makes sure that a count is in what the writer reads, or else its mark is there for the next round. A bit
/// that is set already costs a plain load of a line that no shard writes.
#[derive(Debug, Default)]
pub struct DirtySet {
    words: Vec<AtomicU64>,
}

impl DirtySet {
    /// Room for this many memberships, none of them marked.
    pub fn new(memberships: usize) -> Self {
        let words = memberships.div_ceil(64);
        Self { words: std::iter::repeat_with(AtomicU64::default).take(words).collect() }
    }

    /// Marks a membership; one that is not there is ignored.
    pub fn mark(&self, index: u32) {
        let Some(word) = self.words.get((index / 64) as usize) else { return };
        let bit = 1 << (index % 64);
        // On x86-64 the count itself is a locked instruction, which no later load passes.
        if cfg!(target_arch = "x86_64") {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Clears every mark and says which were there, in order.
    pub fn drain(&self, mut marked: impl FnMut(u32)) {
        for (at, word) in self.words.iter().enumerate() {
            if word.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut bits = word.swap(0, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            while bits != 0 {
                marked(at as u32 * 64 + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }

    /// Whether nothing is marked.
    pub fn is_clean(&self) -> bool {
        self.words.iter().all(|word| word.load(Ordering::Relaxed) == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_is_drained_once() {
        let set = DirtySet::new(130);
        assert!(set.is_clean());
        for index in [129, 0, 64, 63, 64, 130, 191, 192, u32::MAX] {
            set.mark(index);
        }
        let mut seen = Vec::new();
        set.drain(|index| seen.push(index));
        assert_eq!(seen, [0, 63, 64, 129, 130, 191], "the last word has room for more");
        assert!(set.is_clean());
        set.drain(|index| panic!("{index} was drained already"));
    }

    #[test]
    fn marks_of_many_threads_are_all_seen() {
        let set = DirtySet::new(1_000);
        let mut seen = vec![0_u32; 1_000];
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|offset| {
                    let set = &set;
                    scope.spawn(move || (0..250).for_each(|at| set.mark(at * 4 + offset)))
                })
                .collect();
            while !threads.iter().all(|thread| thread.is_finished()) {
                set.drain(|index| seen[index as usize] += 1);
            }
        });
        set.drain(|index| seen[index as usize] += 1);
        assert!(seen.iter().all(|times| *times == 1));
    }
}
