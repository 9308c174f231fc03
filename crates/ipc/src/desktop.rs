//! The commands of the desktop: tray, closing and quitting, start at login. What they exchange no other crate knows.

use enerlink_domain::choice::SettlingView;
use serde::{Deserialize, Serialize};

use crate::Command;

/// What closing the window does, where there is a tray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Asks.
    #[default]
    Ask,
    /// Goes on in the tray.
    Keep,
    /// Ends the program.
    Quit,
}

/// What a person answers to the question that closing or quitting has asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The window stays.
    Stay,
    /// Goes on in the tray.
    Keep,
    /// Ends the program; while something is on its way it asks first.
    Quit,
    /// Ends the program, whatever is on its way.
    QuitAnyway,
}

/// What an entry of the tray's menu does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrayAct {
    /// Brings the window to the front.
    Open,
    /// Settles what is owed.
    Settle,
    /// Automatic settlement rests.
    Pause,
    /// Automatic settlement goes on.
    Resume,
    /// Wipes the keys from memory.
    Lock,
    /// Ends the program.
    Quit,
}

/// An entry of the tray's menu, in the person's language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrayEntry {
    /// What it does.
    pub act: TrayAct,
    /// What it is called.
    pub label: String,
    /// Whether it would do something now.
    pub enabled: bool,
}

/// All that the tray shows: the window's words, as those of notices are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrayFace {
    /// The lines of the tooltip.
    pub tooltip: Vec<String>,
    /// The menu.
    pub entries: Vec<TrayEntry>,
}

/// How this desktop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesktopView {
    /// Whether it shows our tray icon now.
    pub tray: bool,
    /// Whether the app starts at login; absent where that cannot be told.
    pub at_login: Option<bool>,
}

/// What the shell wants of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// The window was closed: ask what that shall mean.
    AskClosing,
    /// Something is on its way: ask whether to quit all the same.
    AskQuitting,
    /// An entry of the tray's menu was chosen that the page knows how to do.
    Act(TrayAct),
}

commands! { DESKTOP:
    /// How this desktop is.
    ReadDesktop("read_desktop") {} -> DesktopView;
    /// Lets the app start at login, hidden in the tray, or no longer.
    SetAtLogin("set_at_login") {
        /// Whether it does.
        enabled: bool,
    } -> DesktopView;
    /// What the tray shows from now on, and what closing does.
    ShowTray("show_tray") {
        /// What it shows.
        face: TrayFace,
        /// What closing the window does.
        closing: Closing,
    } -> ();
    /// Brings the window to the front.
    ShowWindow("show_window") {} -> ();
    /// Ends the program; while something is on its way it asks first.
    Quit("quit") {} -> ();
    /// Answers what closing or quitting has asked.
    AnswerClosing("answer_closing") {
        /// The answer.
        answer: Answer,
    } -> ();
    /// Pauses automatic settlement of every meter, or lets it go on as it was chosen.
    PauseSettling("pause_settling") {
        /// Whether it rests.
        paused: bool,
    } -> SettlingView;
}
