//! Running other programs: what is run is said, a failure names the command.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, bail};

/// A program with the environment of a person's shell: without what `cargo run` adds for its own child, and with cargo's bin folder on the path.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(spelled(program));
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command.env("PATH", search_path());
    command
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    command(&env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
}

/// Where `program` stands on the path, if it does.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let name = spelled(program);
    env::split_paths(&search_path())
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}

/// Runs to the end with everything it prints on stderr, so that stdout stays for what the chore itself reports.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    eprintln!("  $ {line}");
    let status = command
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    check(status, &line)
}

/// The same, and what it printed comes back too, both streams in the order of a terminal.
pub(crate) fn run_and_read(command: &mut Command) -> Result<(ExitStatus, String)> {
    let line = shown(command);
    eprintln!("  $ {line}");
    let (reader, writer) = std::io::pipe()?;
    command
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .stdin(Stdio::null());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    // The parent's copies of the writing end would keep the pipe open for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut text = String::new();
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        eprint!("{line}");
        text.push_str(&line);
        bytes.clear();
    }
    Ok((child.wait()?, text))
}

/// What a program answers on stdout, or nothing if it cannot be run or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Becomes the other program, so that signals and the exit code are its own; where the system has no `exec`, waits for it.
pub(crate) fn become_program(command: &mut Command) -> Result<()> {
    eprintln!("  $ {}", shown(command));
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let error = command.exec();
        Err(error).with_context(|| format!("cannot start `{}`", shown(command)))
    }
    #[cfg(not(unix))]
    {
        let status = command
            .status()
            .with_context(|| format!("cannot start `{}`", shown(command)))?;
        std::process::exit(status.code().unwrap_or(1));
    }
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    let words = command.get_args().map(|word| quoted(&word.to_string_lossy()));
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

fn check(status: ExitStatus, line: &str) -> Result<()> {
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

fn quoted(word: &str) -> String {
    let plain = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c));
    if plain {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

/// A program's file name: on Windows npm is a script, which has to be called by its full name.
fn spelled(program: &str) -> String {
    match program {
        "npm" if cfg!(windows) => "npm.cmd".into(),
        named if Path::new(named).extension().is_some() => named.into(),
        bare => format!("{bare}{}", env::consts::EXE_SUFFIX),
    }
}

fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        Some(PathBuf::from(env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"))?).join(".cargo"))
    });
    let folders = env::split_paths(&path).chain(home.map(|home| home.join("bin")));
    env::join_paths(folders).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_shown_as_typed() {
        let mut command = Command::new("/usr/bin/xvfb-run");
        command.args(["-a", "-s", "-screen 0 1400x1000x24", "cargo"]);
        assert_eq!(shown(&command), "xvfb-run -a -s '-screen 0 1400x1000x24' cargo");
    }

    #[test]
    fn both_streams_come_back() {
        let (status, text) = run_and_read(cargo().args(["--version", "--verbose"]))
            .expect("cargo runs this test, so it can be started");
        assert!(status.success());
        assert!(text.starts_with("cargo "), "{text}");
    }

    #[test]
    fn missing_program_is_named() {
        let error = run(&mut command("enerlink-no-such-program")).expect_err("there is no such program");
        assert!(error.to_string().contains("enerlink-no-such-program"));
    }
}
