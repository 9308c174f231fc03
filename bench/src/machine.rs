//! What a figure was measured on.

use std::{env::consts, fs, thread};

/// `Intel(R) Xeon(R) Processor, 2 cores, 23 GiB, linux x86_64, release`: what can be found out of it.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let system = format!("{} {}, {profile}", consts::OS, consts::ARCH);
    let parts = [
        processor(),
        Some(format!("{cores} cores")),
        memory(),
        Some(system),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory() -> Option<String> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(format!("{} GiB", kib >> 20))
}
