//! The sockets of a process, as Linux tells them (proc(5)).

use std::{collections::BTreeSet, fs};

/// A listening socket, in the kernel's table.
const LISTENS: &str = "0A";

/// TCP ports of one process.
#[derive(Debug, PartialEq, Eq)]
pub struct Sockets {
    /// At which it listens.
    pub listening: BTreeSet<u16>,
    /// To which it is connected, or is about to be.
    pub reached: BTreeSet<u16>,
}

impl Sockets {
    /// Those of process `pid` now.
    pub fn of(pid: u32) -> Self {
        let handles = fs::read_dir(format!("/proc/{pid}/fd")).expect("a running process");
        let own: BTreeSet<String> = handles
            .flatten()
            .filter_map(|handle| fs::read_link(handle.path()).ok())
            .filter_map(|target| {
                let target = target.to_string_lossy().into_owned();
                let inode = target.strip_prefix("socket:[")?.strip_suffix(']')?;
                Some(inode.to_owned())
            })
            .collect();
        let (mut listening, mut reached) = (BTreeSet::new(), BTreeSet::new());
        for table in ["tcp", "tcp6"] {
            let table = fs::read_to_string(format!("/proc/{pid}/net/{table}")).expect("a table");
            for line in table.lines().skip(1) {
                let columns: Vec<&str> = line.split_whitespace().collect();
                let [_, local, remote, state, _, _, _, _, _, inode, ..] = columns[..] else {
                    panic!("a line of another kind: {line}");
                };
                if !own.contains(inode) {
                    continue;
                }
                match state == LISTENS {
                    true => listening.insert(port(local)),
                    false => reached.insert(port(remote)),
                };
            }
        }
        Self { listening, reached }
    }
}

/// The port of `0100007F:1F90`.
fn port(address: &str) -> u16 {
    let (_, port) = address.rsplit_once(':').expect("a port");
    u16::from_str_radix(port, 16).expect("hexadecimal")
}
