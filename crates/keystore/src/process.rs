//! Keeps secrets of this process out of core files and away from debuggers.

use zeroize::Zeroize;

/// Switches core files off, and on Linux makes the process undumpable, so that other processes of the same user can
/// neither attach to it nor read its memory. Does nothing on systems without these means.
pub fn harden_process() {
    #[cfg(unix)]
    harden_unix();
}

/// More than any call of this crate uses. Argon2 and scrypt work on the heap.
const STACK: usize = 64 << 10;

/// Overwrites what the calls before this one have left on the stack: a value that is moved is wiped only where it
/// ends.
#[inline(never)]
pub(crate) fn wipe_stack() {
    let mut left = [0_u8; STACK];
    left.zeroize();
    std::hint::black_box(&left);
}

#[cfg(unix)]
fn harden_unix() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(target: "enerlink::keystore", %error, "core files stay on");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        tracing::warn!(target: "enerlink::keystore", %error, "the process stays dumpable");
    }
}

#[cfg(all(test, target_os = "linux"))]
pub(crate) mod tests {
    use std::sync::Mutex;

    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit, set_dumpable_behavior};

    /// An undumpable process cannot read its own memory as a file, which another test does.
    pub(crate) static DUMPABLE: Mutex<()> = Mutex::new(());

    #[test]
    fn core_files_and_debuggers_are_off() {
        let _alone = DUMPABLE.lock().expect("no panic");
        super::harden_process();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert!(matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable)));
        set_dumpable_behavior(DumpableBehavior::Dumpable).expect("set back");
    }
}
