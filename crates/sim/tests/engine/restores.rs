//! The computer is lost in the middle of a period: from each kind of backup the same accounts go on, nothing is lost and
//! nothing is paid twice.

use std::fs;

use enerlink_domain::{
    Code, Error, Status, TxStage,
    event::VaultState,
    wallet::{BackupContent, BackupSource, ImportSource, Outcome, WalletAct},
};
use enerlink_engine::{Engine, Password};
use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf,
    render, vello_cpu::color::palette::css::WHITE,
};

use crate::support::{End, Household, Profile, Setup, Shape, WH, none, password, unlock, until};

const KEYED: Setup = Setup {
    settlement_key: true,
    ..Setup::DEFAULT
};

fn file(path: &std::path::Path) -> BackupSource {
    BackupSource::File {
        path: path.display().to_string(),
    }
}

/// A household in the middle of a period, with a backup file that is older than its last settlement: energy has flowed
/// before the backup, after it, and while nobody listened.
async fn lost(household: &mut Household) -> BackupSource {
    household.flow(500 * WH, 0).await;
    household.settle_through().await;
    household.flow(130 * WH + 7, 20 * WH).await;
    let path = household.shelf("home.enlbackup");
    let report = household
        .engine()
        .save_backup(password(), &path)
        .await
        .expect("a backup");
    assert_eq!((report.wallets, report.meters), (1, 1));
    assert_eq!(fs::metadata(&path).expect("there").len(), report.bytes);
    household.flow(300 * WH, 0).await;
    household.settle_through().await;
    household.flow(40 * WH + 5, 3 * WH).await;
    file(&path)
}

/// What has to be true of a profile that goes on after `settled` settlements.
async fn goes_on(household: &mut Household, settled: usize) {
    household.follows(household.engine()).await;
    household.check(household.engine(), settled).await;
    household.flow(200 * WH, 11).await;
    household.settle_through().await;
    household.check(household.engine(), settled + 1).await;
    assert_eq!(
        household.watermark().await,
        household.floor(),
        "all that the meter has counted"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_profile_goes_on_from_its_backup_file() {
    let mut household = Household::open(KEYED).await;
    let owner = household.owner();
    let backup = lost(&mut household).await;
    household.wipe().await;
    household.murmur(60 * WH, 0).await;
    assert_eq!(household.engine().vault(), VaultState::Missing);

    let seen = household
        .engine()
        .inspect_backup(backup.clone(), password())
        .await;
    let restored = household.engine().restore(backup, password(), None).await;
    let restored = restored.expect("restored");
    assert_eq!(seen.expect("inspected"), restored, "what was announced");
    assert!(restored.created_at.is_some());
    assert_eq!(restored.wallets[0].outcome, Outcome::Restored);
    assert_eq!(
        (restored.meters.len(), restored.meters[0].outcome),
        (1, Outcome::Restored)
    );
    assert_eq!(household.owner(), owner, "the same account");

    // The meter counts at once, what flowed since the backup included; nothing is sent.
    household.follows(household.engine()).await;
    unlock(household.engine()).await;
    held_back(&household, &restored).await;
    household.restart(End::Stopped).await;
    held_back(&household, &restored).await;
    household.follows(household.engine()).await;
    household.engine().acknowledge_restore().await.expect("seen");
    assert_eq!(household.engine().security().await.expect("read").restored, None);
    goes_on(&mut household, 2).await;
    let settled = household.settlement_transaction().await.expect("one");
    assert_ne!(settled.from, owner, "the settlement key came along");
}

/// Nothing is sent, and a person is told why.
async fn held_back(household: &Household, restored: &BackupContent) {
    let engine = household.engine();
    household.link_up().await;
    let refused = engine.settle_now(household.id.clone()).await.expect_err("held");
    assert_eq!(refused.code, Code::RestoreUnseen);
    let refused = engine.set_settlement_key(household.id.clone(), false).await;
    assert_eq!(refused.expect_err("held").code, Code::RestoreUnseen);
    assert!(household.outbox(engine).await.is_empty());
    let security = engine.security().await.expect("read");
    assert_eq!(security.restored.as_ref(), Some(restored));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_without_totals_goes_on_from_a_backup_file() {
    let mut household = Household::open(Setup {
        shape: Shape::Nested,
        ..KEYED
    })
    .await;
    let backup = lost(&mut household).await;
    household.wipe().await;
    household.murmur(60 * WH, 0).await;
    let engine = household.engine();
    engine.restore(backup, password(), None).await.expect("restored");
    engine.acknowledge_restore().await.expect("seen");
    unlock(engine).await;
    goes_on(&mut household, 2).await;
}

/// Adds the meter again, as a person does who has nothing but keys.
async fn furnished(household: &Household) {
    household.furnish(household.engine()).await;
    household.greet(household.engine()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_profile_goes_on_from_the_printed_sheet() {
    let mut household = Household::open(Setup::default()).await;
    let owner = household.owner();
    let sheet = household.shelf("sheet.pdf");
    let report = household
        .engine()
        .save_sheet(&sheet, "id")
        .await
        .expect("a sheet");
    let paths = photographed(&household, &fs::read(&sheet).expect("there"));
    assert_eq!((report.wallets, report.pages as usize), (1, paths.len()));
    lost(&mut household).await;
    household.wipe().await;
    let source = BackupSource::Sheet { paths };
    let restored = household.engine().restore(source, password(), None).await;
    let restored = restored.expect("restored");
    assert_eq!((restored.created_at, restored.meters.len()), (None, 0));
    assert_eq!(household.owner(), owner, "the same account");
    furnished(&household).await;
    let refused = household.engine().settle_now(household.id.clone()).await;
    assert_eq!(refused.expect_err("held").code, Code::RestoreUnseen);
    household.engine().acknowledge_restore().await.expect("seen");
    goes_on(&mut household, 2).await;
}

/// The pages of a PDF as image files.
fn photographed(household: &Household, pdf: &[u8]) -> Vec<String> {
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let settings = PixmapSettings {
        x_scale: 3.0,
        y_scale: 3.0,
        bg_color: WHITE,
    };
    let cache = RenderCache::new();
    let mut paths = Vec::new();
    for (at, page) in pdf.pages().iter().enumerate() {
        let (interpreter, plain) = (InterpreterSettings::default(), RenderSettings::default());
        let picture = render(page, &cache, &interpreter, &plain, &settings);
        let path = household.shelf(&format!("page-{at}.png"));
        fs::write(&path, picture.into_png().expect("a picture")).expect("written");
        paths.push(path.display().to_string());
    }
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_profile_goes_on_from_the_phrase_alone() {
    let mut household = Household::open(Setup::default()).await;
    let (owner, wallet) = (household.owner(), household.engine().wallets().remove(0));
    let phrase = household.engine().reveal_phrase(wallet.wallet, password()).await;
    let words: Vec<_> = phrase.expect("revealed").words().collect();
    let words = words.join(" ");
    lost(&mut household).await;
    household.wipe().await;
    let source = ImportSource::Phrase {
        words,
        passphrase: String::new(),
        accounts: vec![0],
    };
    let preview = household.engine().preview_import(source.clone()).await;
    assert_eq!(preview.expect("seen").accounts[0].account.address, owner);
    let imported = household
        .engine()
        .import_wallet("Home".to_owned(), password(), source, vec![owner])
        .await
        .expect("imported");
    assert_eq!(imported.address(), owner);
    furnished(&household).await;
    goes_on(&mut household, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_computer_beside_the_restored_one_pays_nothing_twice() {
    let mut household = Household::open(KEYED).await;
    let backup = lost(&mut household).await;
    let second = household.fresh().await;
    let engine = &second.engine;
    engine.restore(backup, password(), None).await.expect("restored");
    engine.acknowledge_restore().await.expect("seen");
    unlock(engine).await;
    household.follows(engine).await;
    let mut settled = 2;
    for round in 0..4 {
        household.flow(150 * WH + 3, round).await;
        let (first, other) = match round % 2 {
            0 => (household.engine(), engine),
            _ => (engine, household.engine()),
        };
        household.follows(first).await;
        // One settles, whether or not the other has heard of the same energy; then the other wants to.
        let row = first.settle_now(household.id.clone()).await.expect("queued");
        household
            .concluded(first, &row.settlement_id, Status::Success)
            .await;
        settled += 1;
        household.follows(other).await;
        household
            .concluded(other, &row.settlement_id, Status::Success)
            .await;
        let nothing = other.settle_now(household.id.clone()).await;
        assert_eq!(nothing.expect_err("settled").code, Code::NothingToSettle);
        household.check(first, settled).await;
        household.check(other, settled).await;
    }
    assert_eq!(household.watermark().await, household.floor());
}

/// A profile with a wallet of its own.
async fn neighbour(household: &Household) -> Profile {
    let profile = household.fresh().await;
    let created = profile
        .engine
        .create_wallet("Neighbour".to_owned(), other(), 12, none())
        .await;
    created.expect("a wallet");
    profile
}

fn other() -> Password {
    Password::from("purple mangoes ride trams".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_comes_beside_what_is_here_and_never_over_it() {
    let mut household = Household::open(Setup::default()).await;
    let backup = lost(&mut household).await;
    let profile = neighbour(&household).await;
    let engine = &profile.engine;
    let own = engine.wallets().remove(0);
    for given in [None, Some(password())] {
        let refused = engine.restore(backup.clone(), password(), given).await;
        assert_eq!(refused.expect_err("not its password").code, Code::WrongPassword);
        assert_eq!(engine.wallets(), std::slice::from_ref(&own));
        assert!(engine.meters().is_empty() && is_free(engine).await);
    }
    let restored = engine.restore(backup.clone(), password(), Some(other())).await;
    assert_eq!(restored.expect("restored").wallets[0].outcome, Outcome::Restored);
    let wallets = engine.wallets();
    assert_eq!((wallets.len(), &wallets[0]), (2, &own));
    assert_eq!(engine.primary(), Some(own.address()), "still the same");
    assert!(wallets[1].has(household.owner()));
    assert_eq!(engine.meters().len(), 1);
    let histories = engine.security().await.expect("read").histories;
    let origins: Vec<_> = histories.iter().map(|history| history.origin.as_str()).collect();
    assert_eq!(origins, ["created", "restored"]);
    assert_eq!(histories[0].backed_up_at, None);
    assert!(
        histories[1].backed_up_at.is_some(),
        "it is in the file that it came from"
    );
    // A second time everything is here.
    engine.acknowledge_restore().await.expect("seen");
    let again = engine
        .restore(backup, password(), Some(other()))
        .await
        .expect("nothing new");
    assert_eq!(again.wallets[0].outcome, Outcome::Kept);
    assert_eq!(
        (again.meters[0].outcome, again.settings, again.contacts),
        (Outcome::Kept, 0, 0)
    );
    assert_eq!(engine.wallets(), wallets);
    let acts = engine.activity(50, None).await.expect("read").rows;
    let count = |act| acts.iter().filter(|row| row.act == act).count();
    assert_eq!(
        (count(WalletAct::Restored), count(WalletAct::UnlockFailed)),
        (2, 1)
    );
}

/// Whether `engine` holds nothing back.
async fn is_free(engine: &Engine) -> bool {
    engine.security().await.expect("read").restored.is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_backup_is_refused_and_changes_nothing() {
    let household = Household::found(Setup::default()).await;
    let path = household.shelf("good.enlbackup");
    household
        .engine()
        .save_backup(password(), &path)
        .await
        .expect("a backup");
    let good = fs::read(&path).expect("there");
    let fresh = household.fresh().await;
    let refuse = async |bytes: &[u8]| -> Error {
        let path = household.shelf("bad.enlbackup");
        fs::write(&path, bytes).expect("written");
        let seen = fresh.engine.inspect_backup(file(&path), password()).await;
        let refused = fresh.engine.restore(file(&path), password(), None).await;
        let refused = refused.expect_err("refused");
        assert_eq!(seen.expect_err("refused"), refused);
        assert_eq!(fresh.engine.vault(), VaultState::Missing);
        assert!(fresh.engine.meters().is_empty() && is_free(&fresh.engine).await);
        refused
    };
    let mut newer = good.clone();
    newer[8..10].copy_from_slice(&99_u16.to_be_bytes());
    assert!(refuse(&newer).await.message.contains("newer version"));
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for bad in [
        &good[..good.len() / 2],
        &good[..9],
        b"a letter to my grandmother",
        b"",
        &flipped,
    ] {
        assert_eq!(refuse(bad).await.code, Code::BackupUnreadable);
    }
    let wrong = fresh.engine.restore(file(&path), other(), None).await;
    assert_eq!(wrong.expect_err("another password").code, Code::WrongPassword);
    let gone = fresh
        .engine
        .restore(file(&household.shelf("none")), password(), None)
        .await;
    assert_eq!(gone.expect_err("no file").code, Code::InvalidInput);
    // And nothing but an older backup is overwritten by one.
    let letter = household.shelf("letter");
    fs::write(&letter, "Dear grandmother").expect("written");
    let refused = household.engine().save_backup(password(), &letter).await;
    assert_eq!(refused.expect_err("not a backup").code, Code::InvalidInput);
    let refused = household.engine().save_sheet(&letter, "en").await;
    assert_eq!(refused.expect_err("not a sheet").code, Code::InvalidInput);
    assert_eq!(fs::read_to_string(&letter).expect("there"), "Dear grandmother");
    household
        .engine()
        .save_backup(password(), &path)
        .await
        .expect("over the old one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_another_chain_is_refused_by_name() {
    let household = Household::found(Setup::default()).await;
    let path = household.shelf("home.enlbackup");
    household
        .engine()
        .save_backup(password(), &path)
        .await
        .expect("a backup");
    let elsewhere = Household::found(Setup::default()).await;
    let refused = elsewhere
        .engine()
        .restore(file(&path), password(), Some(password()))
        .await;
    assert_eq!(refused.expect_err("another chain").code, Code::OtherChain);
    assert_eq!(elsewhere.engine().wallets().len(), 1);
    assert_eq!(elsewhere.engine().meters().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queued_transaction_waits_until_the_list_was_seen() {
    let mut household = Household::open(Setup::default()).await;
    let path = household.shelf("home.enlbackup");
    household
        .engine()
        .save_backup(password(), &path)
        .await
        .expect("a backup");
    household
        .engine()
        .lock(enerlink_domain::wallet::LockReason::Person);
    household.flow(500 * WH, 0).await;
    household.settle().await;
    household.staged(TxStage::AwaitingUnlock).await;
    let restored = household
        .engine()
        .restore(file(&path), password(), Some(password()))
        .await;
    restored.expect("restored over itself");
    household.unlock().await;
    household.node.mine(3).await.expect("blocks");
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    household.staged(TxStage::AwaitingUnlock).await;
    household.engine().acknowledge_restore().await.expect("seen");
    until("the settlement to be sent", async || {
        household.events().await.len() == 1
    })
    .await;
    household.check(household.engine(), 1).await;
}
