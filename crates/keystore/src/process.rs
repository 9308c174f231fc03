//! Keeps secrets of this process out of core files and away from debuggers.

use std::io::ErrorKind;

use zeroize::Zeroize;

/// Switches core files off, and on Linux makes the process undumpable, so that other processes of the same user can
/// neither attach to it nor read its memory. What the system does not let a program refuse is said in the log.
pub fn harden_process() {
    for (what, refused) in [
        ("core files", enerlink_platform::refuse_core_files()),
        ("debuggers", enerlink_platform::refuse_debuggers()),
    ] {
        match refused {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                tracing::info!(target: "enerlink::keystore", "{what} are not refused: the system decides");
            }
            Err(error) => tracing::warn!(target: "enerlink::keystore", %error, "{what} are not refused"),
        }
    }
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
