//! A D-Bus of a test's own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use zbus::{Connection, connection};

/// A bus of our own.
pub(crate) struct Bus {
    daemon: Child,
    /// Where it listens.
    pub(crate) address: String,
}

impl Bus {
    /// A bus without services.
    pub(crate) fn start() -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args([
                "--session",
                "--nofork",
                "--nopidfile",
                "--address=unix:tmpdir=/tmp",
                "--print-address=1",
            ])
            .stdout(Stdio::piped())
            // It would like to hold more files than it is allowed to.
            .stderr(Stdio::null())
            .spawn()
            .expect("`cargo xtask test` installs dbus");
        let mut address = String::new();
        let output = daemon.stdout.take().expect("piped");
        BufReader::new(output)
            .read_line(&mut address)
            .expect("an address");
        Self {
            daemon,
            address: address.trim().to_owned(),
        }
    }

    /// A connection to it.
    pub(crate) async fn connect(&self) -> Connection {
        let connection = connection::Builder::address(self.address.as_str()).build().await;
        connection.expect("the daemon listens")
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
