//! The pages of the window.

pub(crate) mod backup;
pub(crate) mod create;
pub(crate) mod energy;
pub(crate) mod home;
pub(crate) mod import;
pub(crate) mod market;
pub(crate) mod meter;
pub(crate) mod network_form;
pub(crate) mod phrase;
pub(crate) mod quiz;
pub(crate) mod restore;
pub(crate) mod security;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod sheet;
pub(crate) mod starting;
pub(crate) mod unlock;
pub(crate) mod wallet;
pub(crate) mod welcome;
