//! `enerlink wallet`.

use std::{fs, io::Write as _, path::Path};

use enerlink_domain::{Code, Error};
use enerlink_engine::{Access, Phrase};

use crate::{
    arguments::WalletCommand,
    failure::{Failure, Outcome},
    output, session,
};

pub(crate) async fn wallet(command: WalletCommand, json: bool) -> Outcome {
    let wallet = match command {
        WalletCommand::Create {
            unlock,
            name,
            words,
            phrase_file,
        } => {
            let path = unlock
                .password_file
                .ok_or_else(|| Failure::input("a password file is needed: --password-file P"))?;
            let engine = session::open(&unlock.profile.data_dir, Access::Exclusive).await?;
            let wallet = engine
                .create_wallet(name, session::password(&path)?, words)
                .await?;
            if let Some(file) = phrase_file {
                let phrase = engine.reveal_phrase(session::password(&path)?).await?;
                write_phrase(&file, &phrase)?;
            }
            engine.stop().await;
            wallet
        }
        WalletCommand::Show(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            engine
                .wallet()
                .ok_or_else(|| Error::new(Code::NoVault, "there is no wallet yet"))?
        }
    };
    output::answer(json, &wallet, |wallet| {
        format!("{} {}", wallet.address, wallet.name)
    });
    Ok(())
}

/// Writes the phrase to a new file that only its owner can read; an existing file is left alone.
fn write_phrase(path: &Path, phrase: &Phrase) -> Result<(), Failure> {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        for (at, word) in phrase.words().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(file, "{space}{word}")?;
        }
        writeln!(file)?;
        file.sync_all()
    });
    written.map_err(|error| Failure::input(format!("cannot write the phrase to {}: {error}", path.display())))
}
