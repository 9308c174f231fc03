//! Wallets in words, for a person at a terminal: addresses in full, local time.

use chrono::{Local, TimeZone as _};
use enerlink_domain::{
    Address, UnixMillis,
    wallet::{
        AccountView, Activity, BackupContent, ImportPreview, Outcome, PreviewAccount, WalletKind, WalletView,
    },
};
use serde::Serialize;

use crate::output;

/// A wallet as `list` and `verify` answer it.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    wallet: &'a WalletView,
    /// The account that is proposed when a meter is added, when it is one of this wallet.
    primary: Option<Address>,
}

/// Answers all wallets, one a line in JSON.
pub(crate) fn list(json: bool, wallets: &[WalletView], primary: Option<Address>) {
    if wallets.is_empty() && !json {
        output::text_line("There is no wallet yet.");
    }
    for view in wallets {
        let listed = Listed {
            wallet: view,
            primary: primary.filter(|address| view.has(*address)),
        };
        output::answer(json, &listed, |listed| lines(listed.wallet, listed.primary));
    }
}

/// One wallet.
pub(crate) fn wallet(view: &WalletView) -> String {
    lines(view, None)
}

fn lines(view: &WalletView, primary: Option<Address>) -> String {
    let kind = match (view.kind, view.passphrase) {
        (WalletKind::PrivateKey, _) => "private key",
        (WalletKind::Phrase, false) => "phrase",
        (WalletKind::Phrase, true) => "phrase with passphrase",
    };
    let unconfirmed = if view.phrase_confirmed {
        ""
    } else {
        ", not yet written down"
    };
    let mut text = format!(
        "{} ({kind}{unconfirmed}), since {}, id {}",
        view.name,
        date(view.created_at),
        view.wallet
    );
    for account in &view.accounts {
        let mark = if primary == Some(account.address) {
            "  primary"
        } else {
            ""
        };
        text += &format!("\n  {}{mark}", account_line(account));
    }
    text
}

fn account_line(account: &AccountView) -> String {
    let path = account.path.as_deref().unwrap_or("private key");
    format!("{}  {path}", account.address)
}

/// What an import would bring.
pub(crate) fn preview(preview: &ImportPreview) -> String {
    let mut lines: Vec<String> = preview.accounts.iter().map(preview_line).collect();
    let single = |preview: &PreviewAccount| preview.account.path.is_none();
    if !preview.address_claimed && preview.accounts.iter().any(single) {
        lines.push(
            "The source does not say which address it is for: compare it with what you know.".to_owned(),
        );
    }
    if preview.padded {
        lines.push("The file held a short key; it was filled with zeros at the left.".to_owned());
    }
    lines.join("\n")
}

fn preview_line(preview: &PreviewAccount) -> String {
    let balances = preview.balances.map_or_else(
        || "balance unknown".to_owned(),
        |balances| {
            format!(
                "{} ETK, {} IDRS, {} wei",
                balances.etk, balances.idrs, balances.native
            )
        },
    );
    let known = preview
        .known_as
        .as_ref()
        .map(|name| format!(", here already: {name}"))
        .unwrap_or_default();
    format!("{}  {balances}{known}", account_line(&preview.account))
}

/// What was restored.
pub(crate) fn restored(content: &BackupContent) -> String {
    let outcome = |outcome: Outcome| match outcome {
        Outcome::Restored => "restored",
        Outcome::Kept => "kept as it was",
    };
    let made = content.created_at.map_or_else(
        || "Backup of an unknown time".to_owned(),
        |at| format!("Backup of {}", date(at)),
    );
    let mut text = format!(
        "{made}: {} setting(s), {} contact(s)",
        content.settings, content.contacts
    );
    for restored in &content.wallets {
        text += &format!("\n{}: {}", outcome(restored.outcome), wallet(&restored.view));
    }
    for meter in &content.meters {
        text += &format!(
            "\n{}: meter {} ({})",
            outcome(meter.outcome),
            meter.meter_id,
            meter.name
        );
    }
    text
}

/// Something that was done.
pub(crate) fn activity(row: &Activity) -> String {
    let account = row.account.map(|account| account.to_string());
    let rest = [row.wallet.as_deref(), account.as_deref(), row.detail.as_deref()];
    let mut text = format!("{}  {}", date(row.at), row.act.as_str().replace('_', " "));
    for part in rest.into_iter().flatten() {
        text += &format!("  {part}");
    }
    text
}

/// A moment in local time, with its offset.
pub(crate) fn date(at: UnixMillis) -> String {
    match Local.timestamp_millis_opt(at.0).single() {
        Some(time) => time.format("%Y-%m-%d %H:%M:%S %z").to_string(),
        None => format!("{} ms", at.0),
    }
}
