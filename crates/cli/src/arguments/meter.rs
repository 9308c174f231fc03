//! The part of the command line that is about meters.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use enerlink_domain::{
    Address, MeterId,
    command::{Direction, EnergyCounter, MotorName},
    device::ElectricalProfile,
    reading::{GridMode, Units},
};

use super::{ProfileArguments, SettlementKeyCommand, UnlockArguments, parse_duration};

/// How a broker is reached. Secrets are in files.
#[derive(Args)]
pub(crate) struct BrokerArguments {
    /// `mqtt://[user@]host[:port]` or `mqtts://…`.
    #[arg(long)]
    pub(crate) broker: String,
    #[command(flatten)]
    pub(crate) files: BrokerFiles,
}

/// The files that a broker may ask for.
#[derive(Args)]
pub(crate) struct BrokerFiles {
    /// A file with the broker's password; `-` reads standard input.
    #[arg(long)]
    pub(crate) broker_password_file: Option<PathBuf>,
    /// PEM certificates to trust instead of the system's.
    #[arg(long)]
    pub(crate) ca_file: Option<PathBuf>,
    /// This client's PEM certificate chain, when the broker asks for one.
    #[arg(long, requires = "client_key_file")]
    pub(crate) client_cert_file: Option<PathBuf>,
    /// The PEM private key to it.
    #[arg(long, requires = "client_cert_file")]
    pub(crate) client_key_file: Option<PathBuf>,
}

impl BrokerFiles {
    /// Whether any was named.
    pub(crate) fn any(&self) -> bool {
        let Self {
            broker_password_file,
            ca_file,
            client_cert_file,
            client_key_file,
        } = self;
        [broker_password_file, ca_file, client_cert_file, client_key_file]
            .into_iter()
            .any(Option::is_some)
    }
}

/// Which meter of a profile; nothing has to be unlocked.
#[derive(Args)]
pub(crate) struct MeterArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Which meter.
    #[arg(long)]
    pub(crate) id: MeterId,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

impl Switch {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

#[derive(Args)]
pub(crate) struct AddArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// The id that is registered on chain.
    #[arg(long)]
    pub(crate) id: MeterId,
    /// What the household calls it.
    #[arg(long, default_value = "")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) broker: BrokerArguments,
    /// Before `/sensors` or `/data`.
    #[arg(long, default_value = "home/energy-monitor")]
    pub(crate) base_topic: String,
    /// Units of power and current: `milli` (mW, mA) or `base` (W, A). `enerlink meter test` proposes them.
    #[arg(long, default_value = "milli", value_parser = parse_units)]
    pub(crate) units: Units,
    /// `dc_bench` (4 to 9 V) or `ac_grid`; told by the first voltages when absent.
    #[arg(long = "profile", value_parser = parse_profile)]
    pub(crate) electrical: Option<ElectricalProfile>,
    /// The most it can carry in one direction, in W.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) rated_power: u32,
    /// Whose it is: one of the vault's accounts; the primary one when absent.
    #[arg(long)]
    pub(crate) owner: Option<Address>,
    /// Ask for the wallet's own signature at every settlement.
    #[arg(long)]
    pub(crate) no_settlement_key: bool,
    /// Settle too what stands on the settlement counters at first contact, bounded by one day at rated power.
    #[arg(long)]
    pub(crate) take_opening: bool,
}

#[derive(Args)]
pub(crate) struct EditArguments {
    #[command(flatten)]
    pub(crate) meter: MeterArguments,
    /// What the household calls it.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// `mqtt://[user@]host[:port]` or `mqtts://…`.
    #[arg(long)]
    pub(crate) broker: Option<String>,
    #[command(flatten)]
    pub(crate) files: BrokerFiles,
    /// Take away the password that is sealed for the broker.
    #[arg(long, conflicts_with = "broker_password_file")]
    pub(crate) forget_password: bool,
    /// Take away the certificates and the key that are sealed for the broker.
    #[arg(long, conflicts_with_all = ["ca_file", "client_cert_file"])]
    pub(crate) forget_certificates: bool,
    /// Before `/sensors` or `/data`.
    #[arg(long)]
    pub(crate) base_topic: Option<String>,
    /// Units of power and current: `milli` (mW, mA) or `base` (W, A).
    #[arg(long, value_parser = parse_units)]
    pub(crate) units: Option<Units>,
    /// `dc_bench` (4 to 9 V) or `ac_grid`.
    #[arg(long = "profile", value_parser = parse_profile)]
    pub(crate) electrical: Option<ElectricalProfile>,
    /// The most it can carry in one direction, in W.
    #[arg(long)]
    pub(crate) rated_power: Option<u32>,
    /// Reset the display after each settlement. A meter without total counters may lose energy by that.
    #[arg(long)]
    pub(crate) auto_reset: Option<Switch>,
    /// Settle too what stood on the settlement counters at first contact; until the meter is opened on chain.
    #[arg(long)]
    pub(crate) take_opening: Option<Switch>,
    /// Name an output: `motor1=Gate`, `relay:pump=Pump`, `pwm=Lamp`, `grid=House`; may be repeated.
    #[arg(long, value_name = "OUTPUT=NAME", value_parser = parse_pair)]
    pub(crate) output: Vec<(String, String)>,
    /// Drive an output to so many percent at most: `motor1=40`; 100 lifts the limit. May be repeated.
    #[arg(long, value_name = "OUTPUT=PERCENT", value_parser = parse_limit)]
    pub(crate) limit: Vec<(String, u8)>,
    /// Do not show an output among the controls; may be repeated.
    #[arg(long, value_name = "OUTPUT")]
    pub(crate) hide: Vec<String>,
    /// Show it again; may be repeated.
    #[arg(long, value_name = "OUTPUT")]
    pub(crate) show: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum MeterCommand {
    /// List the meters that are heard at a broker.
    Find {
        #[command(flatten)]
        profile: ProfileArguments,
        #[command(flatten)]
        broker: BrokerArguments,
        /// How long to listen, 1 to 120 s.
        #[arg(long, default_value_t = 35, value_parser = clap::value_parser!(u16).range(1..=120))]
        seconds: u16,
    },
    /// Show the first messages of one meter, what it can do, and the units that are proposed.
    Test {
        #[command(flatten)]
        profile: ProfileArguments,
        #[command(flatten)]
        broker: BrokerArguments,
        /// Before `/sensors` or `/data`.
        #[arg(long, default_value = "home/energy-monitor")]
        base_topic: String,
        /// How long to listen at most, 1 to 120 s.
        #[arg(long, default_value_t = 35, value_parser = clap::value_parser!(u16).range(1..=120))]
        seconds: u16,
    },
    /// Add a meter that belongs to the wallet.
    Add(AddArguments),
    /// Change a meter; what is not named stays as it is.
    Edit(EditArguments),
    /// Give a meter to another account of the vault; refused while something of it is on its way.
    Move {
        #[command(flatten)]
        unlock: UnlockArguments,
        /// Which meter.
        #[arg(long)]
        id: MeterId,
        /// To whom.
        #[arg(long)]
        owner: Address,
    },
    /// Stop listening to a meter; its history stays.
    Retire(MeterArguments),
    /// Listen to a retired meter again.
    Unretire(MeterArguments),
    /// Show the meters: last messages, registers, standing on chain.
    Status(ProfileArguments),
    /// Tell a meter to do something, and wait until it has answered or shown it.
    Command(CommandArguments),
    /// List the commands of a meter, newest first.
    Commands {
        #[command(flatten)]
        meter: MeterArguments,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// The keys that settle while the wallet is locked.
    #[command(subcommand)]
    SettlementKey(SettlementKeyCommand),
    /// Print the signed request by which the operator registers a meter.
    Request {
        #[command(flatten)]
        unlock: UnlockArguments,
        /// Which meter.
        #[arg(long)]
        id: MeterId,
        /// Write it to this new file.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Draw it as a QR code.
        #[arg(long)]
        qr: bool,
    },
}

#[derive(Args)]
pub(crate) struct CommandArguments {
    #[command(flatten)]
    pub(crate) meter: MeterArguments,
    /// A person has confirmed it: needed where power is switched or counters are reset.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(subcommand)]
    pub(crate) what: What,
}

/// What a meter shall do.
#[derive(Subcommand)]
pub(crate) enum What {
    /// Switch the grid: `import`, `export` or `off`.
    Grid {
        /// To what.
        #[arg(value_parser = parse_mode)]
        mode: GridMode,
    },
    /// Switch a relay.
    Relay {
        /// Its name in the firmware.
        name: String,
        /// To what.
        to: Switch,
    },
    /// Drive a motor.
    Motor {
        /// `motor`, `motor1` or `motor2`.
        #[arg(value_parser = parse_motor)]
        motor: MotorName,
        /// Speed, 0 to 100.
        percent: u8,
        /// `forward` or `reverse`.
        #[arg(default_value = "forward", value_parser = parse_direction)]
        direction: Direction,
    },
    /// Dim the LED: a duty from 0 to the meter's maximum.
    Led {
        /// The duty.
        duty: u32,
    },
    /// Set counters to zero: `settlement` for the display, or the energy of `all`, `battery`, `solar`, `load`.
    Reset {
        /// Which.
        counter: Resettable,
    },
    /// Change how often the meter speaks, 1 s to 10 min.
    #[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
    Intervals {
        /// Between sensors messages: `5`, `5s`, `1m`.
        #[arg(long, group = "which", value_parser = parse_interval)]
        sensors: Option<u32>,
        /// Between heartbeats.
        #[arg(long, group = "which", value_parser = parse_interval)]
        heartbeat: Option<u32>,
    },
}

/// What can be set to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Resettable {
    /// The settlement counters, which the display shows.
    Settlement,
    /// Every energy counter.
    All,
    /// Storage.
    Battery,
    /// Photovoltaics.
    Solar,
    /// Consumption of the home.
    Load,
}

impl What {
    /// As the core takes it.
    pub(crate) fn command(self) -> enerlink_domain::MeterCommand {
        use enerlink_domain::MeterCommand as Core;
        match self {
            Self::Grid { mode } => Core::Grid { mode },
            Self::Relay { name, to } => Core::Relay { name, on: to.is_on() },
            Self::Motor {
                motor,
                percent,
                direction,
            } => Core::Motor {
                motor,
                percent,
                direction,
            },
            Self::Led { duty } => Core::Led { duty },
            Self::Reset { counter } => {
                let reset = |counter| Core::ResetEnergy { counter };
                match counter {
                    Resettable::Settlement => Core::ResetSettlement,
                    Resettable::All => reset(EnergyCounter::All),
                    Resettable::Battery => reset(EnergyCounter::Battery),
                    Resettable::Solar => reset(EnergyCounter::Solar),
                    Resettable::Load => reset(EnergyCounter::Load),
                }
            }
            Self::Intervals { sensors, heartbeat } => Core::Intervals {
                sensor_ms: sensors,
                heartbeat_ms: heartbeat,
            },
        }
    }
}

fn parse_units(text: &str) -> Result<Units, String> {
    Units::parse(text).ok_or_else(|| "milli (mW, mA) or base (W, A)".to_owned())
}

fn parse_profile(text: &str) -> Result<ElectricalProfile, String> {
    ElectricalProfile::parse(text).ok_or_else(|| "dc_bench or ac_grid".to_owned())
}

fn parse_mode(text: &str) -> Result<GridMode, String> {
    GridMode::parse(text).ok_or_else(|| "import, export or off".to_owned())
}

fn parse_motor(text: &str) -> Result<MotorName, String> {
    MotorName::parse(text).ok_or_else(|| "motor, motor1 or motor2".to_owned())
}

fn parse_direction(text: &str) -> Result<Direction, String> {
    [Direction::Forward, Direction::Reverse]
        .into_iter()
        .find(|direction| direction.as_str() == text)
        .ok_or_else(|| "forward or reverse".to_owned())
}

fn parse_interval(text: &str) -> Result<u32, String> {
    let millis = parse_duration(text)?.as_millis();
    u32::try_from(millis).map_err(|_| "the interval is too long".to_owned())
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (output, value) = text.split_once('=').ok_or("write OUTPUT=VALUE")?;
    Ok((output.to_owned(), value.to_owned()))
}

fn parse_limit(text: &str) -> Result<(String, u8), String> {
    let (output, value) = parse_pair(text)?;
    let percent = value.parse().ok().filter(|percent| *percent <= 100);
    Ok((output, percent.ok_or("a limit is 0 to 100 percent")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_and_limited() {
        assert_eq!(
            parse_pair("relay:pump=Pump = 1"),
            Ok(("relay:pump".into(), "Pump = 1".into()))
        );
        assert_eq!(parse_limit("motor1=40"), Ok(("motor1".into(), 40)));
        for wrong in ["motor1", "motor1=", "motor1=101", "motor1=-1"] {
            assert!(parse_limit(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_interval("2s"), Ok(2000));
        assert!(parse_interval("9000h").is_err());
    }
}
