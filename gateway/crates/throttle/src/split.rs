//! The canary's share of a stage's requests.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::limits::{SPLIT_BLOCK_DRAWS, SPLIT_UNITS_PER_PERCENT};

/// Draws that are a given percentage of yes, exactly.
///
/// Of every block of 1,000 draws, counted from the setting of the percentage, exactly ten times the
/// percentage say yes. Where that leaves a fraction, of any number of blocks as many say yes as their
/// share rounded down.
///
/// # Inside a block
/// With k yeses in a block (above 500 the noes are dealt instead), the block is cut into k stretches,
/// as equal as can be, and each has its yes at a place of its own, by a hash of block and stretch. So
/// a client that asks at regular intervals meets the share, not a pattern.
///
/// Of 1,000 draws that are not aligned the yeses are within one of k. The draws are the end of one
/// block, from place x, and the start of the next, up to place x. If x lies between two stretches,
/// they hold k together. If it lies inside stretch j, the last k - 1 - j stretches of the first block
/// and the first j of the second are whole, and the two parts of stretch j add 0, 1 or 2. Where k
/// differs by one from block to block, the yeses are within two of the share.
#[derive(Debug)]
pub struct Split {
    /// Share in units (27 bits), draws since it was set (37).
    state: AtomicU64,
}

const COUNT_BITS: u32 = 37;
const UNITS_MAX: u64 = 100 * SPLIT_UNITS_PER_PERCENT;
/// Draws after which the blocks repeat: a block's share is then whole whatever the percentage.
const CYCLE_DRAWS: u64 = UNITS_MAX;
/// The count starts again here, long before it would reach the share.
const COUNT_MAX: u64 = CYCLE_DRAWS * 512;
const _: () = assert!(UNITS_MAX < 1 << (64 - COUNT_BITS));
const _: () = assert!(COUNT_MAX < 1 << (COUNT_BITS - 1));
const _: () = assert!(CYCLE_DRAWS.is_multiple_of(SPLIT_BLOCK_DRAWS));

impl Split {
    /// A share of this many per cent, told apart to a millionth of one; what is outside of 0 to 100 is
    /// the nearer of the two, and what is no number is 0.
    pub fn new(percent: f64) -> Self {
        Self { state: AtomicU64::new(units(percent) << COUNT_BITS) }
    }

    /// The share, in per cent.
    pub fn percent(&self) -> f64 {
        (self.state.load(Relaxed) >> COUNT_BITS) as f64 / SPLIT_UNITS_PER_PERCENT as f64
    }

    /// Sets another share, and begins to count for it. The same share goes on as it was.
    pub fn set_percent(&self, percent: f64) {
        let units = units(percent);
        let change = |state| (state >> COUNT_BITS != units).then_some(units << COUNT_BITS);
        let _same = self.state.fetch_update(Relaxed, Relaxed, change);
    }

    /// Draws for one request: whether it is the canary's.
    pub fn draw(&self) -> bool {
        let state = self.state.fetch_add(1, Relaxed);
        let count = state & ((1 << COUNT_BITS) - 1);
        if count >= COUNT_MAX {
            self.wrap();
        }
        is_yes(state >> COUNT_BITS, count % CYCLE_DRAWS)
    }

    #[cold]
    fn wrap(&self) {
        let wrap =
            |state: u64| (state & ((1 << COUNT_BITS) - 1) >= COUNT_MAX).then(|| state - COUNT_MAX);
        let _done_by_another = self.state.fetch_update(Relaxed, Relaxed, wrap);
    }
}

fn units(percent: f64) -> u64 {
    // A float that is no number, or negative, becomes 0.
    ((percent * SPLIT_UNITS_PER_PERCENT as f64).round() as u64).min(UNITS_MAX)
}

/// Whether the draw of this number, within a cycle, is among the share.
fn is_yes(units: u64, count: u64) -> bool {
    let (block, place) = (count / SPLIT_BLOCK_DRAWS, count % SPLIT_BLOCK_DRAWS);
    let before = |blocks: u64| blocks * units * SPLIT_BLOCK_DRAWS / UNITS_MAX;
    let yes_count = before(block + 1) - before(block);
    if yes_count <= SPLIT_BLOCK_DRAWS / 2 {
        is_dealt(yes_count, block, place)
    } else {
        !is_dealt(SPLIT_BLOCK_DRAWS - yes_count, block, place)
    }
}

/// Whether this place of the block is that of its stretch, of `stretches`.
fn is_dealt(stretches: u64, block: u64, place: u64) -> bool {
    if stretches == 0 {
        return false;
    }
    let stretch = ((place + 1) * stretches - 1) / SPLIT_BLOCK_DRAWS;
    let start = |stretch: u64| stretch * SPLIT_BLOCK_DRAWS / stretches;
    let (first, end) = (start(stretch), start(stretch + 1));
    let offset = (u128::from(mix((block << 10) | stretch)) * u128::from(end - first)) >> 64;
    u128::from(place - first) == offset
}

/// The finaliser of SplitMix64, by which near numbers become unlike ones.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
