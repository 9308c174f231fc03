//! What the wallet talks about: quantities with units, readings, registers, settlements and their rules.
//!
//! Everything here is deterministic: same input, same output, no IO, no clock, no randomness. It compiles to
//! WebAssembly, so that the window and the core share one set of types. Money and energy are integers with the unit
//! in the type, and strings in JSON, because a JSON number loses digits above 2^53.

pub mod audit;
pub mod choice;
pub mod clock;
pub mod command;
pub mod csv;
pub mod decimal;
pub mod device;
pub mod error;
pub mod estimate;
pub mod event;
pub mod figure;
pub mod guard;
pub mod health;
pub mod id;
pub mod market;
pub mod meter;
pub mod payee;
pub mod proposal;
pub mod quantity;
pub mod reading;
pub mod register;
pub mod settlement;
pub mod token;
pub mod transaction;
pub mod view;
pub mod wallet;

pub use clock::{Clock, UnixMillis};
pub use command::{CommandStage, CommandView, MeterCommand};
pub use device::{Notice, NoticeKind, Presence};
pub use error::{Code, Error};
pub use estimate::{Estimate, FlowState, Readiness};
pub use event::Event;
pub use id::{Address, BlockHash, Hash32, MeterId, TxHash};
pub use meter::{BrokerAddress, DeviceState, Meter, Registration};
pub use quantity::{
    Etk, Idrs, MicroAmps, MicroVolts, MicroWatts, MicroWh, NetMicroWh, NetWattHours, WattHours, Wei,
};
pub use reading::{Heartbeat, Sensors, StatusSnapshot, Subsystem};
pub use register::{Registers, Verdict};
pub use settlement::{Settlement, SettlementStage, Status, Trigger};
pub use transaction::{Fees, Permit, SignedTx, Transaction, TxDetail, TxKind, TxStage, UnsignedTx};
