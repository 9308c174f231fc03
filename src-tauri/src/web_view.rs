//! The web view of Linux, before there is one.

/// Keeps WebKitGTK from its last and hardest optimisation of WebAssembly, and from entering what is compiled in the middle
/// of a running loop: on x86-64 such a function now and then computes with the wrong memory, and the page panics in code
/// that is right (seen in a Keccak of 2.50.6; <https://bugs.webkit.org/show_bug.cgi?id=289009>). Everything is compiled all
/// the same, by the tier below. Whoever has set a variable knows better. To be called first: the processes of WebKit
/// inherit the environment.
pub(crate) fn steady() -> Result<(), glib::BoolError> {
    glib::setenv("JSC_useWasmOSR", "0", false)?;
    glib::setenv("JSC_useOMGJIT", "0", false)
}
