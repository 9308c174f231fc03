//! `enerlink network`.

use enerlink_domain::{Code, Error, view::NetworkDraft};
use enerlink_engine::Access;

use crate::{arguments::NetworkCommand, failure::Outcome, output, secret::Secret, session};

pub(crate) async fn network(command: NetworkCommand, json: bool) -> Outcome {
    let view = match command {
        NetworkCommand::Set {
            profile,
            rpc,
            fallback,
            addresses,
        } => {
            let draft = NetworkDraft {
                rpc_url: rpc,
                fallback_url: fallback,
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
        let other = view.fallback_url.as_ref();
        let other = other.map_or_else(String::new, |url| format!(" or {url}"));
        format!(
            "chain {} at {}{other}, converter {}",
            view.chain_id, view.rpc_url, view.converter
        )
    });
    Ok(())
}
