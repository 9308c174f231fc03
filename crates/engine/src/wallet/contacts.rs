//! The address book, and what a typed address is worth.

use enerlink_domain::{
    Address, Code, Error,
    wallet::{AddressCheck, Contact},
};
use enerlink_store::{StoreError, address_book};

use crate::Engine;

/// Characters of a contact's name, at most.
const LONGEST_NAME: usize = 64;

impl Engine {
    /// What a typed address is worth.
    pub fn check_address(&self, text: &str) -> AddressCheck {
        AddressCheck::of(text)
    }

    /// The address book, by name.
    pub async fn contacts(&self) -> Result<Vec<Contact>, Error> {
        Ok(address_book::list(&self.store().reader()).await?)
    }

    /// Notes a contact, or renames the one with this address.
    pub async fn put_contact(&self, address: &str, name: &str) -> Result<Contact, Error> {
        self.may_write()?;
        let address = match AddressCheck::of(address) {
            AddressCheck::Good { address } | AddressCheck::NoChecksum { address } => address,
            AddressCheck::Bad { error } => return Err(error),
        };
        let name = name.trim();
        if !(1..=LONGEST_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            let text = format!("a contact's name has 1 to {LONGEST_NAME} characters");
            return Err(Error::new(Code::InvalidInput, text));
        }
        let tx = self.store().begin().await?;
        let contact = address_book::put(&tx, address, name, self.clock().wall()).await?;
        tx.commit().await?;
        Ok(contact)
    }

    /// Forgets a contact.
    pub async fn remove_contact(&self, address: Address) -> Result<(), Error> {
        self.may_write()?;
        let tx = self.store().begin().await?;
        match address_book::remove(&tx, address).await {
            Err(StoreError::Missing { .. }) => {
                let text = format!("there is no contact with the address {address}");
                Err(Error::new(Code::InvalidInput, text))
            }
            Err(error) => Err(error.into()),
            Ok(()) => Ok(tx.commit().await?),
        }
    }
}
