//! The tray: an icon whose words are the window's, as those of notices are, and whose entries are told back. Where the
//! desktop has no tray there is none, and everything else works all the same.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

use enerlink_ipc::desktop::{TrayAct, TrayEntry, TrayFace};
use tokio::sync::watch;

#[cfg(not(target_os = "linux"))]
pub(crate) use self::elsewhere::start;
#[cfg(target_os = "linux")]
pub(crate) use self::linux::start;
#[cfg(target_os = "linux")]
pub use self::linux::{Picture, run};

/// The program's name, the same in every language.
pub(crate) const NAME: &str = "EnerLink Wallet";
/// Lines of the tooltip, entries of the menu and characters of either, at most: a tray has little room.
const LINES: usize = 4;
const ENTRIES: usize = 8;
const LONGEST: usize = 80;

/// The tray's way to the program and back.
pub struct Tray {
    /// What it shows.
    pub face: watch::Receiver<TrayFace>,
    /// Whether it is shown.
    pub here: watch::Sender<bool>,
    /// Is called with the entry that was chosen.
    pub act: Box<dyn Fn(TrayAct) + Send + Sync>,
}

/// What is shown until the window has spoken.
pub(crate) fn first_face() -> TrayFace {
    let entry = |act, label: &str| TrayEntry {
        act,
        label: label.to_owned(),
        enabled: true,
    };
    TrayFace {
        tooltip: Vec::new(),
        entries: vec![entry(TrayAct::Open, "Open"), entry(TrayAct::Quit, "Quit")],
    }
}

/// The face with what no tray could show cut away: meters have a say in it.
pub(crate) fn trimmed(mut face: TrayFace) -> TrayFace {
    let cut = |text: &mut String| *text = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    face.tooltip.truncate(LINES);
    face.entries.truncate(ENTRIES);
    face.tooltip.iter_mut().for_each(cut);
    face.entries.iter_mut().for_each(|entry| cut(&mut entry.label));
    face
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_has_bounds() {
        let mut face = first_face();
        assert_eq!(trimmed(face.clone()), face);
        face.tooltip = vec!["é\n".repeat(100); 9];
        face.entries = vec![face.entries[0].clone(); 20];
        let face = trimmed(face);
        assert_eq!((face.tooltip.len(), face.entries.len()), (LINES, ENTRIES));
        assert!(face.tooltip.iter().all(|line| *line == "é".repeat(LONGEST)));
    }
}
