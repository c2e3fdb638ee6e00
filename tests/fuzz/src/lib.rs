//! What the targets share: the meter of memory, and the macro that makes a fuzz target of a function of the crates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What every target may take, whatever it reads: compiled tables, buffers of a fixed size, the runtime of a connection.
const BASE: usize = 8 << 20;
/// How many octets of memory one octet of input may take.
const FACTOR: usize = 512;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which counts.
pub struct Meter;

// SAFETY: everything is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static METER: Meter = Meter;

/// Runs a target, and fails where it took memory out of proportion to its input.
pub fn metered(target: fn(&[u8]), data: &[u8]) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    target(data);
    let taken = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    assert!(taken <= BASE + FACTOR * data.len(), "{taken} octets of memory for {} of input", data.len());
}

/// Makes a fuzz target of a function.
#[macro_export]
macro_rules! target {
    ($function:path) => {
        ::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::metered($function, data));
    };
}
