//! A process that goes on: what it tells, line by line, and its end.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::PATIENCE;

/// A running `enerlink run --json` whose lines are read as they come.
pub struct Running {
    child: Child,
    lines: std::sync::mpsc::Receiver<Value>,
}

impl Running {
    /// Starts `command` and reads its lines.
    pub fn start(mut command: Command) -> Self {
        command.stderr(Stdio::inherit());
        Self::start_quiet(command)
    }

    /// The same; standard error goes where `command` says.
    pub fn start_quiet(mut command: Command) -> Self {
        // A group of its own, so that what strace has started ends with strace.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // What is not stored yet is for eyes: tests go by facts.
                if let Ok(value) = serde_json::from_str::<Value>(&line)
                    && value["stored"] != Value::Bool(false)
                    && sender.send(value).is_err()
                {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line that `wanted` accepts; panics after a minute.
    pub fn wait_for(&self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("waited for {what}: {error}"));
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Whether the process has ended within `limit`.
    pub fn ended_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("a child").is_some() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Whether it ends before it prints a line that `wanted` accepts, or `limit` is over.
    pub fn ends_before(&mut self, limit: Duration, mut wanted: impl FnMut(&Value) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        while let Ok(line) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if wanted(&line) {
                return false;
            }
        }
        self.ended_within(Duration::from_secs(5))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal: `TERM`, `USR1`.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) {
        self.signal("TERM");
        assert!(self.ended_within(PATIENCE), "enerlink did not stop on SIGTERM");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end_group(&mut self.child);
    }
}

/// Ends a child that leads a process group, and all that it has started.
pub fn end_group(leader: &mut Child) {
    let group = format!("-{}", leader.id());
    let _ = Command::new("kill")
        .args(["-KILL", "--", &group])
        .stderr(Stdio::null())
        .status();
    let _ = leader.wait();
}
