//! `unlock`: how much longer opening a vault takes than the key derivation that its password needs anyway.
//!
//! Workload: [`Keystore::unlock`] of a vault with two wallets of three accounts, from the file on the disk to keys that
//! can sign; the attempt is counted on the disk before. Peer: one call of the crate `argon2` with the parameters in the
//! vault's header, which is the least that any program needs to open it. At the default cost, then at the calibrated.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use enerlink_domain::UnixMillis;
use enerlink_keystore::{KdfParams, Keystore, Moment, Password};

use crate::{
    measure::{Times, alternate, timed},
    report::Figure,
};

/// Short and steady enough for more than the least number of rounds.
const ROUNDS: usize = 9;
const PASSWORD: &str = "kopi tubruk di teras, hujan sore 1998";
const GOAL: f64 = 1.05;
const PEER: &str = "one call of argon2::Argon2::hash_password_into with the same m, t, p and salt length: it reads and \
                    writes no file, opens no vault and derives no address";

pub(crate) fn run() -> Result<Vec<Figure>> {
    let clock = Instant::now();
    let calibrated = KdfParams::calibrate(|| clock.elapsed())?;
    Ok(vec![
        compare("default", KdfParams::DEFAULT)?,
        compare("calibrated", calibrated)?,
    ])
}

fn compare(name: &str, cost: KdfParams) -> Result<Figure> {
    let directory = tempfile::tempdir()?;
    // With a fixed cost no unlock makes the vault stronger while it is measured.
    let keystore = Keystore::open_with(directory.path(), cost)?;
    let password = Password::from(PASSWORD.to_owned());
    let clock = Instant::now();
    // Every moment is an hour after the one before: no attempt has to wait for another.
    let hours = Cell::new(0);
    let now = || {
        hours.set(hours.get() + 1);
        Moment {
            wall: UnixMillis(1_780_000_000_000 + hours.get() * 3_600_000),
            monotonic: clock.elapsed() + Duration::from_secs(3600) * hours.get() as u32,
        }
    };
    fill(&keystore, &password, now)?;
    let params = params(&keystore.sealed_vault()?)?;
    let figure = format!(
        "{name} ({} MiB, t {}, p {})",
        params.m_cost() >> 10,
        params.t_cost(),
        params.p_cost()
    );
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut unlock = timed(|| {
        keystore.lock();
        let wallets = keystore.unlock(&password, now())?;
        ensure!(wallets.len() == 2, "the vault has two wallets");
        Ok(())
    });
    let mut derive = timed(|| {
        let mut key = [0; 32];
        let derived = argon2.hash_password_into(PASSWORD.as_bytes(), &[7; 32], &mut key);
        derived.map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
        std::hint::black_box(key);
        Ok(())
    });
    // Once unmeasured, for caches and clocks.
    unlock()?;
    derive()?;
    let (ours, theirs) = alternate(ROUNDS, unlock, derive)?;
    Ok(Figure::at_most(
        GOAL,
        "unlock",
        figure,
        PEER,
        [Times::of(ours), Times::of(theirs)],
    ))
}

/// Two wallets of three accounts each.
fn fill(keystore: &Keystore, password: &Password, now: impl Fn() -> Moment) -> Result<()> {
    let none = Password::from(String::new());
    for name in ["Household", "Savings"] {
        let wallet = keystore.create(name, password, 24, &none, now())?;
        for _ in 0..2 {
            keystore.add_account(wallet.wallet, password, None, now())?;
        }
    }
    Ok(())
}

/// m, t and p of a vault's header (`docs/vault-format.md`).
fn params(vault: &[u8]) -> Result<Params> {
    let field = |at: usize| -> Result<u32> {
        let bytes = vault.get(at..at + 4).context("a vault has a header")?;
        Ok(u32::from_be_bytes(bytes.try_into()?))
    };
    Params::new(field(11)?, field(15)?, field(19)?, Some(32))
        .map_err(|error| anyhow::anyhow!("argon2: {error}"))
}
