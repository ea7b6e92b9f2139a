//! Parallel execution. Threads are started only in this module.
//!
//! Jobs are handed out one by one and results are tagged with the job's index, so they never depend on scheduling.
//! [`for_each`] and [`map`] do not use rayon for three reasons: each thread keeps its working memory from tree to tree,
//! results reach the caller's thread as they complete so that a fit can report progress and stop, and jobs run even if
//! the system cannot start more threads. Boosting, whose jobs are too small for new threads, uses rayon.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::Builder;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Error;

/// Runs `work` on every job and passes each result to `done` with its job's index, in order of completion.
///
/// Each thread keeps its own state `S` from job to job. `done` runs on the caller's thread; after it returns `Break`,
/// no further jobs start.
pub(crate) fn for_each<S: Default, J: Send, T: Send>(
    threads: NonZeroUsize,
    jobs: impl ExactSizeIterator<Item = J> + Send,
    work: impl Fn(&mut S, J) -> T + Sync,
    mut done: impl FnMut(usize, T) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let threads = threads.get().min(jobs.len());
    let mut jobs = jobs.enumerate();
    // Starting a thread takes 20 to 150 microseconds.
    if threads <= 1 {
        let mut state = S::default();
        return jobs.try_for_each(|(index, job)| done(index, work(&mut state, job)));
    }
    // One job at a time, because some take much longer than others.
    let queue = Mutex::new(jobs);
    std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        let mut started = 0;
        for _ in 0..threads {
            let (sender, queue, work) = (sender.clone(), &queue, &work);
            let thread = Builder::new().spawn_scoped(scope, move || {
                let mut state = S::default();
                while let Some((index, job)) = next(queue) {
                    // The receiver is dropped once `done` returns `Break`.
                    if sender.send((index, work(&mut state, job))).is_err() {
                        break;
                    }
                }
            });
            // If the system runs out of threads or memory, the threads that did start do all the work.
            started += usize::from(thread.is_ok());
        }
        if started == 0 {
            let mut state = S::default();
            let mut jobs = std::iter::from_fn(|| next(&queue));
            return jobs.try_for_each(|(index, job)| done(index, work(&mut state, job)));
        }
        // The results end only when every sender has been dropped.
        drop(sender);
        results
            .into_iter()
            .try_for_each(|(index, result)| done(index, result))
    })
}

/// The results of `work` on every job, in job order. The caller's thread works too.
pub(crate) fn map<J: Send, T: Send>(
    threads: NonZeroUsize,
    jobs: impl ExactSizeIterator<Item = J> + Send,
    work: impl Fn(J) -> T + Sync,
) -> Vec<T> {
    let threads = threads.get().min(jobs.len());
    if threads <= 1 {
        return jobs.map(work).collect();
    }
    let queue = Mutex::new(jobs.enumerate());
    let take_jobs = || {
        let jobs = std::iter::from_fn(|| next(&queue));
        jobs.map(|(index, job)| (index, work(job)))
            .collect::<Vec<_>>()
    };
    let mut results = std::thread::scope(|scope| {
        // Threads that the system cannot start are not needed.
        let others = (1..threads).map(|_| Builder::new().spawn_scoped(scope, take_jobs));
        let others: Vec<_> = others.flatten().collect();
        let mut results = take_jobs();
        for other in others {
            // Propagate a panic to the caller's thread.
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|&(index, _)| index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A thread pool for a whole fit, for jobs too small to start threads for.
#[derive(Debug)]
pub(crate) struct Workers(ThreadPool);

impl Workers {
    /// Starts `threads` threads.
    pub(crate) fn start(threads: NonZeroUsize) -> Result<Self, Error> {
        let pool = ThreadPoolBuilder::new().num_threads(threads.get());
        pool.build().map(Self).map_err(|source| Error::Threads {
            threads: threads.get(),
            source,
        })
    }

    /// Runs `work` in the pool; rayon's `join` and parallel iterators inside it use the pool's threads.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.0.install(work)
    }
}

fn next<I: Iterator>(queue: &Mutex<I>) -> Option<I::Item> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).next()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const THREADS: [usize; 4] = [1, 2, 3, 64];
    /// Enough that running them all would take ten seconds.
    const JOBS: u32 = 100_000_000;

    #[test]
    fn results_are_in_job_order() {
        for threads in THREADS {
            let threads = NonZeroUsize::new(threads).unwrap();
            let squares = map(threads, 0..100_u32, |job| job * job);
            assert_eq!(squares, (0..100).map(|job| job * job).collect::<Vec<u32>>());
            assert!(map(threads, 0..0_u32, |job| job).is_empty());
        }
    }

    #[test]
    fn a_break_stops_the_work() {
        for threads in THREADS {
            let threads = NonZeroUsize::new(threads).unwrap();
            let mut seen = 0;
            let worked = AtomicU32::new(0);
            let flow = for_each(
                threads,
                0..JOBS,
                |(), _| worked.fetch_add(1, Ordering::Relaxed),
                |_, _| {
                    seen += 1;
                    if seen == 3 {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                },
            );
            assert!(worked.into_inner() < JOBS, "{threads} threads kept running");
            assert_eq!((flow, seen), (ControlFlow::Break(()), 3));
        }
    }
}
