//! Linux: a file in the directory for autostart that every desktop reads (the Desktop Application Autostart
//! Specification). Written here and not by a library: those at hand do not quote a path with a space in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

const FILE: &str = "autostart/id.enerlink.wallet.desktop";

/// The file, and what it starts.
pub(super) struct List {
    file: PathBuf,
    words: Vec<String>,
}

impl List {
    pub(super) fn new(config: &Path, words: Vec<String>) -> Option<Self> {
        // A line is a line.
        let fits = words.iter().all(|word| !word.contains(char::is_control));
        fits.then(|| Self {
            file: config.join(FILE),
            words,
        })
    }

    /// Desktops switch an entry off by a line in it as well as by its absence.
    pub(super) fn is_on(&self) -> Option<bool> {
        match fs::read_to_string(&self.file) {
            Ok(text) => Some(!text.lines().any(|line| {
                let line: String = line.split_whitespace().collect();
                line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false"
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
            Err(_) => None,
        }
    }

    pub(super) fn set(&self, on: bool) -> io::Result<()> {
        if !on {
            return match fs::remove_file(&self.file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                outcome => outcome,
            };
        }
        if let Some(directory) = self.file.parent() {
            fs::create_dir_all(directory)?;
        }
        let command: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        let text = format!(
            "[Desktop Entry]\nType=Application\nVersion=1.0\nName=EnerLink Wallet\nIcon=enerlink-wallet\nExec={}\nTerminal=false\n",
            command.join(" ")
        );
        fs::write(&self.file, text)
    }
}

/// A word of a command line: quoted as a word, then escaped as a value, and `%` is not a field code.
fn quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in word.chars() {
        match letter {
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => quoted.extend(["\\\\", letter.encode_utf8(&mut [0; 4])]),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_starts_the_program_and_says_whether_it_does() {
        let config = tempfile::tempdir().expect("directory");
        let words = ["/opt/My Apps/wallet", "--hidden", "--data-dir", "/home/sari/100%"];
        let list = List::new(config.path(), words.map(str::to_owned).to_vec()).expect("it fits");
        assert_eq!(list.is_on(), Some(false));
        list.set(false).expect("nothing to do");
        list.set(true).expect("written");
        assert_eq!(list.is_on(), Some(true));
        let file = config.path().join(FILE);
        let text = fs::read_to_string(&file).expect("a file");
        let line = "Exec=\"/opt/My Apps/wallet\" \"--hidden\" \"--data-dir\" \"/home/sari/100%%\"";
        assert!(text.lines().any(|known| known == line), "{text}");
        for off in ["Hidden=true", "X-GNOME-Autostart-enabled = false"] {
            fs::write(&file, format!("{text}{off}\n")).expect("writable");
            assert_eq!(list.is_on(), Some(false), "{off}");
        }
        list.set(true).expect("written anew");
        assert_eq!(list.is_on(), Some(true));
        list.set(false).expect("removed");
        assert!(!file.exists());
    }

    #[test]
    fn what_a_shell_would_read_is_a_letter() {
        assert_eq!(quoted("a$b\"c`d\\e"), r#""a\\$b\\"c\\`d\\\\e""#);
        let line = vec!["/bin/x\nExec=/bin/evil".to_owned()];
        assert!(List::new(Path::new("/tmp"), line).is_none());
    }
}
