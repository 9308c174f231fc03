//! `enerlink database`.

use enerlink_engine::Access;
use serde_json::json;

use crate::{arguments::DatabaseCommand, failure::Outcome, output, session};

pub(crate) async fn database(command: DatabaseCommand, json: bool) -> Outcome {
    match command {
        DatabaseCommand::Copy { profile, out } => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            let copy = engine.copy_database(&out).await?;
            output::answer(json, &copy, |copy| {
                let path = &copy.path;
                format!("The database is copied to {path}; keys are not in it, `wallet backup` saves them.")
            });
        }
        DatabaseCommand::Check(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            engine.check_database().await?;
            output::answer(json, &json!({ "ok": true }), |_| {
                "The database is sound.".to_owned()
            });
        }
        DatabaseCommand::Restore { profile, from } => {
            let replaced = enerlink_engine::restore_database(&profile.data_dir, &from).await?;
            output::answer(json, &json!({ "replaced": replaced }), |_| {
                let replaced = replaced.display();
                format!("The copy is in its place; the database before is kept as {replaced}.")
            });
        }
    }
    Ok(())
}
