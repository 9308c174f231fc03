//! `enerlink meter settlement-key`.

use std::{path::Path, time::Duration};

use enerlink_domain::{
    Error, Registration,
    event::VaultState,
    wallet::{SettlementKeyState, SettlementKeyView},
};
use enerlink_engine::{Access, Engine};

use crate::{arguments::SettlementKeyCommand, failure::Outcome, output, session};

/// A chain that has not confirmed after this long is left to `enerlink run`.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn settlement_key(command: SettlementKeyCommand, json: bool) -> Outcome {
    let (of, enabled) = match command {
        SettlementKeyCommand::On(of) => (of, true),
        SettlementKeyCommand::Off(of) => (of, false),
        SettlementKeyCommand::Show(profile) => return show_keys(&profile.data_dir, json).await,
    };
    let engine = session::open_unlocked(&of.unlock).await?;
    // Without the chain it is noted, and `enerlink run` does it.
    let reached = session::wait_for_chain(&engine).await.is_ok();
    let mut view = engine.set_settlement_key(of.id, enabled).await?;
    let open = matches!(
        engine.meter(&view.meter_id)?.registration,
        Registration::Open { .. }
    );
    if reached && open && engine.vault() == VaultState::Unlocked {
        view = followed(&engine, view).await?;
    }
    engine.stop().await;
    output::answer(json, &view, settler);
    Ok(())
}

/// Waits until the chain agrees with what was asked for; what takes too long is left to `enerlink run`.
async fn followed(engine: &Engine, mut view: SettlementKeyView) -> Result<SettlementKeyView, Error> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let moving = |view: &SettlementKeyView| match view.state {
        SettlementKeyState::Authorising | SettlementKeyState::Revoking => true,
        SettlementKeyState::Off => view.key.is_some(),
        SettlementKeyState::Active | SettlementKeyState::Elsewhere | SettlementKeyState::Unknown => false,
    };
    while moving(&view) && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut views = engine.security().await?.settlement_keys.into_iter();
        view = views
            .find(|other| other.meter_id == view.meter_id)
            .unwrap_or(view);
    }
    Ok(view)
}

/// Shows the keys as the chain knows them; while another process has the profile, only as they are stored.
async fn show_keys(data_dir: &Path, json: bool) -> Outcome {
    let engine = match session::open(data_dir, Access::Exclusive).await {
        Ok(engine) => {
            // The answer says itself when the chain was not read.
            let _ = session::wait_for_chain(&engine).await;
            engine
        }
        Err(_) => session::open(data_dir, Access::ReadOnly).await?,
    };
    let views = engine.security().await?.settlement_keys;
    engine.stop().await;
    for view in views {
        output::answer(json, &view, settler);
    }
    Ok(())
}

fn settler(view: &SettlementKeyView) -> String {
    let state = match view.state {
        SettlementKeyState::Off => "off: settlement waits while the wallet is locked",
        SettlementKeyState::Authorising => "waits for the chain to know it; `enerlink run` sees to it",
        SettlementKeyState::Active => "settles while the wallet is locked",
        SettlementKeyState::Revoking => "waits for the chain to forget it; `enerlink run` sees to it",
        SettlementKeyState::Elsewhere => "the chain knows the key of another computer",
        SettlementKeyState::Unknown => "the chain was not read yet",
    };
    let key = view
        .key
        .or(view.on_chain)
        .map(|key| format!(" {key}"))
        .unwrap_or_default();
    format!("{} ({}){key}: {state}", view.meter_id, view.meter_name)
}
