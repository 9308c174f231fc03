//! Commands of addresses and of the address book.

use enerlink_domain::Address;
use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    wallet::{AddressCheck, Contact},
};
use tauri::State;

#[tauri::command]
pub(crate) fn check_address(engine: State<'_, Engine>, text: String) -> AddressCheck {
    engine.check_address(&text)
}

#[tauri::command]
pub(crate) async fn list_contacts(engine: State<'_, Engine>) -> Result<Vec<Contact>, Error> {
    engine.contacts().await
}

#[tauri::command]
pub(crate) async fn put_contact(
    engine: State<'_, Engine>,
    address: String,
    name: String,
) -> Result<Contact, Error> {
    engine.put_contact(&address, &name).await
}

#[tauri::command]
pub(crate) async fn remove_contact(engine: State<'_, Engine>, address: Address) -> Result<(), Error> {
    engine.remove_contact(address).await
}
