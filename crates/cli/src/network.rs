//! `enerlink network`.

use enerlink_domain::{Code, Error, view::NetworkDraft};
use enerlink_engine::Access;

use crate::{arguments::NetworkCommand, failure::Outcome, output, secret::Secret, session};

pub(crate) async fn network(command: NetworkCommand, json: bool) -> Outcome {
    let view = match command {
        NetworkCommand::Set {
            profile,
            rpc,
            addresses,
        } => {
            let draft = NetworkDraft {
                rpc_url: rpc,
                fallback_url: None,
                addresses: Secret::read(&addresses)?.into_text(),
            };
            let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
            engine.set_network(draft).await?
        }
        NetworkCommand::Show(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            engine
                .network_view()
                .ok_or_else(|| Error::new(Code::NoNetwork, "no network is configured"))?
        }
    };
    output::answer(json, &view, |view| {
        format!(
            "chain {} at {}, converter {}",
            view.chain_id, view.rpc_url, view.converter
        )
    });
    Ok(())
}
