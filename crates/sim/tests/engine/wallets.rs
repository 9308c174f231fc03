//! Wallets in a running profile: the second process, wrong passwords, the locks, histories, removal.

use std::{fs, time::Duration};

use enerlink_domain::{
    Address, Code, Event, Readiness, Status, TxStage,
    event::VaultState,
    wallet::{AddressCheck, BackupSource, ImportSource, LockReason, WalletAct, WalletId},
};
use enerlink_engine::{Engine, Password};

use crate::support::{End, Household, Setup, WH, none, password, told, until};

/// A minute of the household passes in a second.
const FAST: Setup = Setup {
    speed: 60,
    ..Setup::DEFAULT
};

fn wrong() -> Password {
    Password::from("not the password".to_owned())
}

/// A private key for tests, and its account.
const KEY: &str = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
const KEY_ACCOUNT: &str = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";

fn key() -> ImportSource {
    ImportSource::PrivateKey { key: KEY.to_owned() }
}

async fn acts(engine: &Engine) -> Vec<WalletAct> {
    let page = engine.activity(200, None).await.expect("read");
    page.rows.iter().rev().map(|row| row.act).collect()
}

/// The next lock and why.
async fn locked(events: &mut enerlink_engine::Events) -> LockReason {
    told(events, |event| match event {
        Event::Vault {
            state: VaultState::Locked,
            reason,
        } => reason,
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unattended_wallet_locks_and_signing_goes_on_after_unlock() {
    let mut household = Household::open(FAST).await;
    household.engine().set_idle_lock(1).await.expect("set");
    let refused = household.engine().set_idle_lock(1441).await;
    assert_eq!(refused.expect_err("more than a day").code, Code::InvalidInput);
    // Nobody sits at this computer: there is nobody to miss.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(household.engine().vault(), VaultState::Unlocked);
    let mut events = household.engine().events();
    for _ in 0..10 {
        household.engine().touch();
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(
            household.engine().vault(),
            VaultState::Unlocked,
            "somebody is there"
        );
    }
    assert_eq!(locked(&mut events).await, LockReason::Idle);
    let refused = household.engine().request_registration(&household.id).await;
    assert_eq!(refused.expect_err("no key signs").code, Code::Locked);
    // The meter is heard all the same, and what is to be signed waits.
    household.flow(500 * WH, 0).await;
    let queued = household.settle().await;
    household.staged(TxStage::AwaitingUnlock).await;
    let used = household.engine().security().await.expect("read").histories[0].last_used_at;
    household.engine().set_idle_lock(0).await.expect("never again");
    household.unlock().await;
    household
        .concluded(household.engine(), &queued.settlement_id, Status::Success)
        .await;
    household.check(household.engine(), 1).await;
    let after = household.engine().security().await.expect("read").histories[0].last_used_at;
    assert!(after > used, "a key has signed");
    let page = household.engine().activity(50, None).await.expect("read");
    let lock = page
        .rows
        .iter()
        .find(|row| row.act == WalletAct::Locked)
        .expect("noted");
    assert_eq!(lock.detail.as_deref(), Some("idle"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_in_a_fast_simulation_has_real_minutes() {
    let household = Household::open(FAST).await;
    household.clock.simulate(true);
    household.engine().set_idle_lock(1).await.expect("set");
    let mut events = household.engine().events();
    household.engine().touch();
    household.clock.pass(Duration::from_secs(120)).await;
    assert_eq!(household.engine().vault(), VaultState::Unlocked);
    household.clock.simulate(false);
    assert_eq!(locked(&mut events).await, LockReason::Idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_that_has_slept_is_locked() {
    let household = Household::found(Setup::default()).await;
    household
        .engine()
        .set_idle_lock(0)
        .await
        .expect("never for want of a person");
    household.engine().touch();
    let mut events = household.engine().events();
    household.clock.shift(-3_600_000);
    household.clock.shift(20_000);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(
        household.engine().vault(),
        VaultState::Unlocked,
        "a clock that is set"
    );
    household.clock.shift(31_000);
    assert_eq!(locked(&mut events).await, LockReason::Suspend);
    household.unlock().await;
    household.engine().lock(LockReason::Screen);
    assert_eq!(locked(&mut events).await, LockReason::Screen);
    until("both locks to be noted", async || {
        let page = household.engine().activity(50, None).await.expect("read");
        let whys: Vec<_> = page
            .rows
            .iter()
            .filter(|row| row.act == WalletAct::Locked)
            .filter_map(|row| row.detail.as_deref())
            .collect();
        whys == ["screen", "suspend"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_reads_and_changes_nothing() {
    let household = Household::found(Setup::default()).await;
    let second = household.second(enerlink_engine::Access::Exclusive).await;
    assert_eq!(second.map(|_| ()).expect_err("taken").code, Code::ProfileInUse);
    let reader = household
        .second(enerlink_engine::Access::ReadOnly)
        .await
        .expect("a reader");
    let (wallet, meter) = (reader.wallets().remove(0), household.id.clone());
    let owner = household.owner();
    assert_eq!(wallet.address(), owner);
    assert_eq!(reader.verify_wallets(password()).await.expect("sound").len(), 1);
    let path = household.shelf("file");
    let source = BackupSource::File {
        path: path.display().to_string(),
    };
    let (id, name) = (wallet.wallet, "Other".to_owned());
    let mut refused = vec![
        reader
            .create_wallet(name.clone(), password(), 12, none())
            .await
            .err(),
        reader
            .import_wallet(name.clone(), password(), key(), Vec::new())
            .await
            .err(),
        reader.add_account(id, password(), None).await.err(),
        reader.rename_wallet(id, password(), name).await.err(),
        reader.remove_wallet(id, password()).await.err(),
        reader.set_primary(owner).await.err(),
        reader.change_password(password(), wrong()).await.err(),
        reader.reveal_phrase(id, password()).await.err(),
        reader.confirm_phrase(id, password(), Vec::new()).await.err(),
        reader
            .export_keystore(owner, password(), password(), &path)
            .await
            .err(),
        reader.save_backup(password(), &path).await.err(),
        reader.save_sheet(&path, "id").await.err(),
        reader.restore(source, password(), Some(password())).await.err(),
        reader.acknowledge_restore().await.err(),
        reader.set_idle_lock(5).await.err(),
    ];
    refused.extend([
        reader.set_settlement_key(meter.clone(), true).await.err(),
        reader.put_contact(KEY_ACCOUNT, "Agus").await.err(),
        reader.remove_contact(owner).await.err(),
        reader.settle_now(meter).await.err(),
        reader.add_meter(household.draft().await).await.err(),
    ]);
    for error in refused {
        assert_eq!(error.expect("refused").code, Code::ProfileInUse);
    }
    assert!(!path.exists());
    assert_eq!(household.engine().wallets(), [wallet]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_are_counted_whatever_they_were_for() {
    let mut household = Household::found(Setup::default()).await;
    let (engine, owner) = (household.engine(), household.owner());
    let id = engine.wallets()[0].wallet;
    let path = household.shelf("file");
    let refused = [
        engine.unlock(wrong()).await.err(),
        engine.reveal_phrase(id, wrong()).await.err(),
        engine
            .export_keystore(owner, wrong(), password(), &path)
            .await
            .err(),
        engine.save_backup(wrong(), &path).await.err(),
        engine.rename_wallet(id, wrong(), "Other".to_owned()).await.err(),
    ];
    for error in refused {
        assert_eq!(error.expect("refused").code, Code::WrongPassword);
    }
    // Each further one doubles the wait, up to 16 s here.
    for _ in 0..4 {
        until("the wait to end", async || engine.status().unlock_wait_ms == 0).await;
        let refused = engine.unlock(wrong()).await.expect_err("wrong");
        assert_eq!(refused.code, Code::WrongPassword);
    }
    let throttled = engine.unlock(password()).await.expect_err("too soon");
    assert_eq!(throttled.code, Code::UnlockThrottled);
    let failures = async |household: &Household| {
        let security = household.engine().security().await.expect("read");
        security.histories[0].failed_attempts
    };
    assert_eq!(failures(&household).await, 9);
    let failed = acts(engine).await;
    assert_eq!(
        failed
            .iter()
            .filter(|act| **act == WalletAct::UnlockFailed)
            .count(),
        9
    );
    for shift in [-86_400_000, 2 * 86_400_000, -86_400_000] {
        household.clock.shift(shift);
        let left = household.engine().status().unlock_wait_ms;
        assert!(left > 0, "setting the clock does not help");
    }
    until("the wait to end", async || {
        household.engine().status().unlock_wait_ms == 0
    })
    .await;
    household.restart(End::Stopped).await;
    assert_eq!(failures(&household).await, 0, "the right one forgives");
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_wallets_keep_their_histories() {
    let household = Household::found(Setup::default()).await;
    let engine = household.engine();
    let first = engine.wallets().remove(0);
    let owner = household.owner();
    let account: Address = KEY_ACCOUNT.parse().expect("an address");

    let preview = engine.preview_import(key()).await.expect("seen");
    assert_eq!(preview.accounts[0].account.address, account);
    assert!(preview.accounts[0].balances.is_some() && preview.accounts[0].known_as.is_none());
    let other = engine
        .import_wallet("Key".to_owned(), password(), key(), vec![owner])
        .await;
    assert_eq!(other.expect_err("not what was seen").code, Code::KeyInvalid);
    let imported = engine
        .import_wallet("Key".to_owned(), password(), key(), vec![account])
        .await
        .expect("imported");
    let again = engine
        .import_wallet("Key".to_owned(), password(), key(), Vec::new())
        .await;
    assert_eq!(again.expect_err("here already").code, Code::WalletKnown);
    let known = engine.preview_import(key()).await.expect("seen");
    assert_eq!(known.accounts[0].known_as.as_deref(), Some("Key"));

    let mut events = engine.events();
    let grown = engine
        .add_account(first.wallet, password(), None)
        .await
        .expect("added");
    let told_wallets = told(&mut events, |event| match event {
        Event::Wallets { wallets, .. } => Some(wallets),
        _ => None,
    })
    .await;
    assert_eq!(told_wallets, [grown.clone(), imported.clone()]);
    let second = grown.accounts[1].address;
    assert_eq!(engine.primary(), Some(owner));
    engine.set_primary(second).await.expect("chosen");
    let unknown = engine.set_primary(Address([9; 20])).await;
    assert_eq!(unknown.expect_err("nobody's").code, Code::WalletUnknown);
    assert_eq!(engine.primary(), Some(second));
    let mut draft = household.draft().await;
    draft.id = "METER-OF-THE-KEY".parse().expect("an id");
    draft.owner = Some(Address([9; 20]));
    let refused = engine.add_meter(draft.clone()).await.expect_err("nobody's");
    assert_eq!(refused.code, Code::WalletUnknown);
    draft.owner = None;
    let added = engine.add_meter(draft).await.expect("a meter");
    assert_eq!(added.meter.owner, second, "the primary account");
    until("every account's balance to be read", async || {
        let balances = engine.snapshot().into_iter().filter_map(|event| match event {
            Event::Balances(balances) => Some(balances.account),
            _ => None,
        });
        let accounts: Vec<_> = balances.collect();
        [owner, second, account]
            .iter()
            .all(|account| accounts.contains(account))
    })
    .await;

    let path = household.shelf("key.json");
    engine
        .export_keystore(account, password(), password(), &path)
        .await
        .expect("exported");
    let refused = engine
        .export_keystore(account, password(), password(), &path)
        .await;
    assert_eq!(refused.expect_err("there already").code, Code::InvalidInput);
    let source = ImportSource::Keystore {
        path: path.display().to_string(),
        password: "not the file's password".to_owned(),
    };
    let refused = engine
        .import_wallet("Key".to_owned(), password(), source, Vec::new())
        .await;
    assert_eq!(refused.expect_err("of the file").code, Code::WrongPassword);
    engine
        .save_backup(password(), &household.shelf("b"))
        .await
        .expect("a backup");
    engine
        .change_password(password(), Password::from("seven wet bicycles sing".to_owned()))
        .await
        .expect("changed");
    engine
        .change_password(Password::from("seven wet bicycles sing".to_owned()), password())
        .await
        .expect("back");

    let histories = engine.security().await.expect("read").histories;
    let marks: Vec<_> = histories
        .iter()
        .map(|history| {
            (
                history.origin.as_str(),
                history.exported_at.is_some(),
                history.backed_up_at.is_some(),
                history.failed_attempts,
            )
        })
        .collect();
    assert_eq!(marks, [("created", false, true, 0), ("imported", true, true, 0)]);
    assert_eq!(
        acts(engine).await,
        [
            WalletAct::Created,
            WalletAct::Unlocked,
            WalletAct::Imported,
            WalletAct::AccountAdded,
            WalletAct::PrimaryChosen,
            WalletAct::Exported,
            WalletAct::BackedUp,
            WalletAct::PasswordChanged,
            WalletAct::PasswordChanged,
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_is_removed_with_its_files_and_only_when_nothing_needs_it() {
    let household = Household::found(Setup::default()).await;
    let needed = household.engine().wallets()[0].wallet;
    let refused = household.engine().remove_wallet(needed, password()).await;
    assert_eq!(refused.expect_err("its meter").code, Code::InvalidInput);

    let profile = household.fresh().await;
    let (engine, home) = (&profile.engine, profile.directory.path());
    let first = engine
        .create_wallet("First".to_owned(), password(), 12, none())
        .await;
    let first = first.expect("a wallet");
    let second = engine
        .create_wallet("Second".to_owned(), password(), 12, none())
        .await;
    let second = second.expect("a wallet");
    engine.set_primary(second.address()).await.expect("chosen");
    engine
        .remove_wallet(WalletId([1; 16]), password())
        .await
        .expect_err("no such wallet");
    let refused = engine.remove_wallet(second.wallet, wrong()).await;
    assert_eq!(refused.expect_err("the password first").code, Code::WrongPassword);
    assert_eq!(engine.wallets().len(), 2);
    engine
        .remove_wallet(second.wallet, password())
        .await
        .expect("removed");
    assert_eq!(engine.primary(), Some(first.address()));
    assert_eq!(engine.security().await.expect("read").histories.len(), 1);
    engine
        .remove_wallet(first.wallet, password())
        .await
        .expect("removed");
    assert_eq!((engine.vault(), engine.primary()), (VaultState::Missing, None));
    for entry in fs::read_dir(home).expect("listed").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with("vault"), "{name} is left");
    }
    // And the next one is made as if there had been none.
    engine
        .create_wallet(
            "Third".to_owned(),
            Password::from("quiet lanterns over rivers".to_owned()),
            24,
            none(),
        )
        .await
        .expect("a wallet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_book_takes_what_eip_55_lets_pass() {
    let household = Household::found(Setup::default()).await;
    let engine = household.engine();
    let contact = engine.put_contact(KEY_ACCOUNT, "  Agus ").await.expect("noted");
    assert_eq!(contact.name, "Agus");
    let mistyped = KEY_ACCOUNT.replace('C', "c");
    assert!(matches!(
        engine.check_address(&mistyped),
        AddressCheck::Bad { .. }
    ));
    engine.put_contact(&mistyped, "Agus").await.expect_err("mistyped");
    for name in ["", "  ", "a\nb", &"x".repeat(65)] {
        let refused = engine.put_contact(KEY_ACCOUNT, name).await;
        assert_eq!(refused.expect_err("no name").code, Code::InvalidInput);
    }
    engine
        .put_contact(KEY_ACCOUNT, "Agus Santoso")
        .await
        .expect("renamed");
    let contacts = engine.contacts().await.expect("read");
    assert_eq!((contacts.len(), contacts[0].name.as_str()), (1, "Agus Santoso"));
    engine.remove_contact(contact.address).await.expect("forgotten");
    let refused = engine.remove_contact(contact.address).await;
    assert_eq!(refused.expect_err("forgotten already").code, Code::InvalidInput);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_coins_for_the_baseline_are_named() {
    let household = Household::found(Setup {
        base_fee: 1_000_000_000,
        ..Setup::DEFAULT
    })
    .await;
    household.greet(household.engine()).await;
    until("the missing coins to be named", async || {
        let estimate = household
            .engine()
            .estimate(&household.id)
            .await
            .expect("an estimate");
        estimate.readiness == Readiness::Blocked { code: Code::NoGas }
    })
    .await;
}
