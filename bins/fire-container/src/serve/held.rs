//! How many bytes of bodies and answers there are at one time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all requests hold together.
#[derive(Debug)]
pub(super) struct Memory {
    limit: usize,
    used: AtomicUsize,
}

/// What one request holds; dropping it gives the bytes back.
#[derive(Debug)]
pub(super) struct Held {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        let used = AtomicUsize::new(0);
        Arc::new(Self { limit, used })
    }

    /// Nothing yet.
    pub(super) fn hold(self: &Arc<Self>) -> Held {
        Held {
            memory: self.clone(),
            bytes: 0,
        }
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Takes more; false if there is not enough left.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.memory.used.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= self.memory.limit
    }

    /// Holds `bytes` in the place of what it held: an answer that exists takes its room, however little is left.
    pub(super) fn exchange(&mut self, bytes: usize) {
        self.memory.used.fetch_add(bytes, Ordering::Relaxed);
        self.memory.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back() {
        let memory = Memory::new(100);
        let mut first = memory.hold();
        assert!(first.grow(60) && first.grow(40));
        let mut second = memory.hold();
        assert!(!second.grow(1));
        drop(second);
        first.exchange(70);
        assert_eq!(memory.used(), 70);
        assert!(memory.hold().grow(30));
        assert!(!memory.hold().grow(31));
        drop(first);
        assert_eq!(memory.used(), 0);
    }
}
