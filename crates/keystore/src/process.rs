//! Keeps secrets of this process out of core files and away from debuggers.

/// Switches core files off, and on Linux makes the process undumpable, so that other processes of the same user can
/// neither attach to it nor read its memory. Does nothing on systems without these means.
pub fn harden_process() {
    #[cfg(unix)]
    harden_unix();
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
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn core_files_and_debuggers_are_off() {
        super::harden_process();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert!(matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable)));
    }
}
