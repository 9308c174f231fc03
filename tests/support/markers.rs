//! Secrets that can be told from everything else, and the search for them in every form they could leak in.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use enerlink_domain::id::{hex, unhex};

use super::{enerlink, gather};

/// A secret, in each form in which it would be readable.
pub struct Marker {
    name: String,
    forms: Vec<(&'static str, String)>,
}

impl Marker {
    /// A text, such as a password.
    pub fn text(name: &str, text: &str) -> Self {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut forms = forms_of(text.as_bytes());
        forms.push(("UTF-16", latin(&wide)));
        Self {
            name: name.to_owned(),
            forms,
        }
    }

    /// Bytes, given in hexadecimal, such as a key.
    pub fn bytes(name: &str, digits: &str) -> Self {
        Self {
            name: name.to_owned(),
            forms: forms_of(&unhex(digits).expect("hexadecimal")),
        }
    }

    /// A phrase: three of its words in a row are enough.
    pub fn phrase(name: &str, phrase: &str) -> Self {
        let words: Vec<&str> = phrase.split_whitespace().collect();
        let mut forms = forms_of(words.join(" ").as_bytes());
        for three in words.windows(3) {
            for between in [" ", ",", ", ", "\",\"", "\", \"", "\n", ""] {
                forms.push(("words", three.join(between)));
            }
        }
        Self {
            name: name.to_owned(),
            forms,
        }
    }

    /// How it can be read in `place`, when it can.
    pub fn found_in(&self, place: &str) -> Option<&'static str> {
        let mut forms = self.forms.iter();
        forms
            .find(|(_, form)| place.contains(form.as_str()))
            .map(|(name, _)| *name)
    }

    /// Each form of it, as bytes: what a control hides and has to find.
    pub fn forms(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        // The reverse of `latin`.
        self.forms
            .iter()
            .map(|(_, form)| form.chars().map(|letter| letter as u8).collect())
    }
}

fn forms_of(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let digits = hex(bytes);
    let mut forms = vec![
        ("as it is", latin(bytes)),
        ("hexadecimal", digits.to_uppercase()),
        ("hexadecimal", digits),
        ("a list of numbers", list(bytes)),
    ];
    // Inside of something longer the letters depend on where it begins; those at the edges on its neighbours.
    for before in 0..3 {
        let text = base64(&[&vec![0; before], bytes].concat());
        let whole = 4 * (before + bytes.len()) / 3;
        let first = (4 * before).div_ceil(3);
        forms.push(("base64", text[first..whole].to_owned()));
        forms.push(("base64", text[first..whole].replace('+', "-").replace('/', "_")));
    }
    forms
}

fn list(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    numbers.join(", ")
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            text.push(LETTERS[(bits >> (18 - 6 * at)) as usize & 63] as char);
        }
    }
    text
}

/// Bytes as text, letter by byte: the search in text is the fast one.
pub fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A place to run commands in whose every trace is kept: what they say, what they write, what others see of them.
pub struct Watched {
    /// Secrets in files, and files that hold secrets by intent. Not searched.
    pub given: tempfile::TempDir,
    /// Everything else that the commands may write to: profiles, exports, home, temporary files. Searched.
    pub written: tempfile::TempDir,
    said: Mutex<Vec<(String, Vec<u8>)>>,
    lines: CommandLines,
}

impl Watched {
    pub fn new() -> Self {
        Self {
            given: tempfile::tempdir().expect("directory"),
            written: tempfile::tempdir().expect("directory"),
            said: Mutex::default(),
            lines: CommandLines::watch(),
        }
    }

    /// Puts a secret into a file, and answers where.
    pub fn give(&self, name: &str, secret: &str) -> String {
        let path = self.given.path().join(name);
        fs::write(&path, secret).expect("writable");
        path.display().to_string()
    }

    /// A place for a file that is searched.
    pub fn place(&self, name: &str) -> String {
        self.written.path().join(name).display().to_string()
    }

    /// `enerlink` that tells everything it can.
    pub fn command(&self) -> Command {
        let home = self.written.path().join("home");
        fs::create_dir_all(&home).expect("writable");
        let mut command = enerlink();
        command
            .env("ENERLINK_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .current_dir(&home);
        command
    }

    /// Runs it to its end, with `input` on standard input; answers its exit code and what it said.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command();
        command.args(arguments);
        self.run_command(command, input)
    }

    /// Runs any command to its end.
    pub fn run_command(&self, mut command: Command, input: &str) -> Output {
        let name = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut pipe = child.stdin.take().expect("piped");
        // A command that does not ask has closed its end.
        let _ = std::io::Write::write_all(&mut pipe, input.as_bytes());
        drop(pipe);
        let output = child.wait_with_output().expect("ended");
        self.say(format!("standard output of {name}"), &output.stdout);
        self.say(format!("standard error of {name}"), &output.stderr);
        output
    }

    /// Runs it, and it must end with `code`.
    pub fn ends(&self, code: i32, arguments: &[&str]) {
        let output = self.run(arguments, "");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    }

    /// Adds to what was said.
    pub fn say(&self, place: String, text: &[u8]) {
        self.said
            .lock()
            .expect("not poisoned")
            .push((place, text.to_owned()));
    }

    /// Everything that there is to search: place and content.
    pub fn places(&self) -> Vec<(String, String)> {
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        gather(self.written.path(), &mut files);
        let files = files
            .into_iter()
            .map(|(path, content)| (path.display().to_string(), content));
        let said = self.said.lock().expect("not poisoned").clone();
        let lines = self
            .lines
            .seen()
            .into_iter()
            .map(|line| ("a command line".to_owned(), line));
        files
            .chain(said)
            .chain(lines)
            .map(|(place, content)| (place, latin(&content)))
            .collect()
    }

    /// Fails when one of `markers` can be read anywhere.
    pub fn assert_clean(&self, markers: &[Marker]) {
        let places = self.places();
        assert!(
            places.iter().any(|(place, _)| place.contains("enerlink.db")),
            "there is a database"
        );
        assert!(
            places.iter().any(|(place, _)| place == "a command line"),
            "command lines were seen"
        );
        for marker in markers {
            for (place, content) in &places {
                let form = marker.found_in(content);
                assert!(form.is_none(), "{} can be read in {place}: {form:?}", marker.name);
            }
        }
    }
}

/// What everybody on this machine can see of the processes of this one.
struct CommandLines {
    seen: Arc<Mutex<BTreeSet<Vec<u8>>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl CommandLines {
    fn watch() -> Self {
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (seen, over) = (Arc::clone(&seen), Arc::clone(&over));
            move || {
                while !over.load(Ordering::Relaxed) {
                    look(&mut seen.lock().expect("not poisoned"));
                    thread::sleep(Duration::from_millis(25));
                }
            }
        });
        Self {
            seen,
            over,
            thread: Some(thread),
        }
    }

    fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().expect("not poisoned").iter().cloned().collect()
    }
}

impl Drop for CommandLines {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads the command line and the environment of every process that may be read.
fn look(seen: &mut BTreeSet<Vec<u8>>) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = entry.file_name().to_string_lossy().parse::<u32>();
        if number.is_ok_and(|number| number != std::process::id()) {
            for name in ["cmdline", "environ"] {
                if let Ok(line) = fs::read(Path::new(&entry.path()).join(name)) {
                    seen.insert(line);
                }
            }
        }
    }
}
