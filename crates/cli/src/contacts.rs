//! `enerlink contacts`.

use enerlink_domain::wallet::Contact;
use enerlink_engine::Access;
use serde_json::json;

use crate::{arguments::ContactsCommand, failure::Outcome, output, session};

pub(crate) async fn contacts(command: ContactsCommand, json: bool) -> Outcome {
    match command {
        ContactsCommand::List(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            for contact in engine.contacts().await? {
                output::answer(json, &contact, sentence);
            }
        }
        ContactsCommand::Put {
            profile,
            address,
            name,
        } => {
            let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
            let contact = engine.put_contact(&address, &name).await?;
            engine.stop().await;
            output::answer(json, &contact, sentence);
        }
        ContactsCommand::Remove { profile, address } => {
            let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
            engine.remove_contact(address).await?;
            engine.stop().await;
            output::answer(json, &json!({ "removed": address }), |_| {
                format!("{address} is no longer in the address book.")
            });
        }
    }
    Ok(())
}

fn sentence(contact: &Contact) -> String {
    format!("{}  {}", contact.address, contact.name)
}
