//! Presence: tells when the person leaves the computer, because it goes to sleep or its screen is locked.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub use self::elsewhere::watch;
#[cfg(target_os = "linux")]
pub use self::linux::watch;

/// Where the buses of a Linux desktop are.
#[derive(Clone, Debug, Default)]
pub struct Buses {
    /// The address of the system bus; the usual one when absent.
    pub system: Option<String>,
    /// The address of the session bus; the usual one when absent.
    pub session: Option<String>,
}
