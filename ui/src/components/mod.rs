//! The parts that pages are made of, one a file.

pub(crate) mod activity;
pub(crate) mod amount;
pub(crate) mod chart;
pub(crate) mod confirm;
pub(crate) mod copy;
pub(crate) mod csv;
pub(crate) mod device_card;
pub(crate) mod dialog;
pub(crate) mod doing;
pub(crate) mod field;
pub(crate) mod frame;
pub(crate) mod icon;
pub(crate) mod links;
pub(crate) mod loaded;
pub(crate) mod new_password;
pub(crate) mod notices;
pub(crate) mod password;
pub(crate) mod power_flow;
pub(crate) mod problem;
pub(crate) mod registration;
pub(crate) mod ring;
pub(crate) mod settlement_card;
pub(crate) mod table;
pub(crate) mod tiles;
pub(crate) mod toasts;
pub(crate) mod top_bar;
