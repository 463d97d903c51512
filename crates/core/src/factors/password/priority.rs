//! How much a thread gives way to others. Linux has this for each thread by itself; a thread that has given way cannot
//! take it back without privileges.

/// How much threads give way that do the work of requests, but not at once (Linux `nice`).
const NICE: i32 = 10;

/// Makes this thread give way to those that serve requests. It still gets a share, however many of them want the processor:
/// about a tenth of what one of them gets.
pub(crate) fn give_way() {
    // In Linux the priority belongs to the thread, whatever the name of the call says.
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        tracing::debug!(%error, "a thread keeps the usual priority");
    }
}

/// Makes this thread run only where nobody else wants to (Linux `SCHED_IDLE`): whoever does preempts it, nearly always at once
/// (docs/decisions.md), and it may not get on for seconds. Where there is no such thing it gives way.
pub(super) fn stand_back() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        match set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy) {
            Ok(()) => return,
            Err(error) => tracing::debug!(?error, "a hashing thread cannot be idle"),
        }
    }
    give_way();
}
