//! Backups on the command line: from a file and from the printed sheet, into an empty profile and beside what is there,
//! never over it.

use std::{fs, path::PathBuf};

use crate::support::{Profile, TEST_ACCOUNTS, addresses};
use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf,
    render, vello_cpu::color::palette::css::WHITE,
};
use serde_json::Value;

const OTHER_PASSWORD: &str = "sun over the seven roofs";
/// The address of the private key 1.
const ONE: &str = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";

/// A profile with two wallets, one of them with two accounts, a contact, and a backup of it all at `backup`.
fn backed_up() -> (Profile, Value) {
    let profile = Profile::with_wallet();
    profile.unlocked(&["add-account"]);
    let key = profile.write("key", format!("{:064x}", 1));
    profile.import(&["--name", "Kunci", "--private-key-file", &key]);
    let contact = ["--address", TEST_ACCOUNTS[1], "--name", "Bu Sari"];
    let directory = profile.path("profile");
    crate::support::run(
        &[
            &["--json", "contacts", "put", "--data-dir", &directory],
            &contact[..],
        ]
        .concat(),
    );
    let report = profile.unlocked(&["backup", "--out", &profile.path("backup")]);
    (profile, report)
}

/// The wallets of an answer of `restore`: their first addresses and what became of them.
fn outcomes(content: &Value) -> Vec<(String, String)> {
    let wallets = content["wallets"].as_array().expect("wallets");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    wallets
        .iter()
        .map(|wallet| (addresses(wallet)[0].to_owned(), text(&wallet["outcome"])))
        .collect()
}

fn both(outcome: &str) -> Vec<(String, String)> {
    [TEST_ACCOUNTS[0], ONE]
        .map(|address| (address.to_owned(), outcome.to_owned()))
        .to_vec()
}

#[test]
fn a_backup_brings_everything_back_into_an_empty_profile() {
    let (profile, report) = backed_up();
    assert_eq!((&report["wallets"], &report["meters"]), (&2.into(), &0.into()));
    let bytes = fs::read(profile.file("backup")).expect("written");
    assert_eq!(report["bytes"], bytes.len());
    assert_eq!(report["sha256"], sha256(&bytes));
    // An older backup may be replaced, nothing else.
    profile.unlocked(&["backup", "--out", &profile.path("backup")]);
    assert_eq!(
        profile.refused(&["backup", "--out", &profile.path("key")]),
        "INVALID_INPUT"
    );
    assert_eq!(fs::read(profile.file("key")).expect("there").len(), 64);

    let empty = Profile::new();
    let restore = ["restore", "--from", &profile.path("backup")];
    let content = empty.unlocked(&restore);
    assert_eq!(outcomes(&content), both("restored"));
    assert!(content["created_at"].is_i64());
    assert_eq!(content["contacts"], 1);
    let without_primary = |mut wallets: Vec<Value>| {
        for wallet in &mut wallets {
            wallet.as_object_mut().expect("an object").remove("primary");
        }
        wallets
    };
    assert_eq!(
        without_primary(empty.list()),
        without_primary(profile.list()),
        "identical wallets"
    );
    let directory = empty.path("profile");
    let contacts = crate::support::run(&["--json", "contacts", "list", "--data-dir", &directory]);
    assert_eq!(contacts[0]["name"], "Bu Sari");
    // The same once more adds nothing.
    let before = empty
        .vault_files()
        .iter()
        .map(fs::read)
        .map(Result::ok)
        .collect::<Vec<_>>();
    assert_eq!(outcomes(&empty.unlocked(&restore)), both("kept"));
    let after = empty
        .vault_files()
        .iter()
        .map(fs::read)
        .map(Result::ok)
        .collect::<Vec<_>>();
    assert_eq!(empty.list().len(), 2);
    assert_eq!(before, after);
}

#[test]
fn a_backup_is_restored_beside_what_is_there_and_never_over_it() {
    let (profile, _) = backed_up();
    let here = Profile::new();
    let backup_password = here.write("backup-password", crate::support::PASSWORD);
    here.write("password", OTHER_PASSWORD);
    let key = here.write("key", format!("{:064x}", 1));
    let mine = here.import(&["--name", "Milikku", "--private-key-file", &key]);
    let backup = profile.path("backup");
    let restore = [
        "restore",
        "--from",
        &backup,
        "--backup-password-file",
        &backup_password,
    ];
    assert_eq!(
        here.refused_plain(&restore),
        "WRONG_PASSWORD",
        "the vault here has another password"
    );
    let content = here.unlocked(&restore);
    let mut outcomes = outcomes(&content);
    outcomes.sort_unstable();
    let mut expected = vec![
        (TEST_ACCOUNTS[0].to_owned(), "restored".to_owned()),
        (ONE.to_owned(), "kept".to_owned()),
    ];
    expected.sort_unstable();
    assert_eq!(outcomes, expected);
    let list = here.list();
    assert_eq!(list.len(), 2);
    assert_eq!(
        (&list[0]["wallet"], &list[0]["name"]),
        (&mine["wallet"], &mine["name"]),
        "kept as it was"
    );
    assert_eq!(addresses(&list[1]), TEST_ACCOUNTS);
    // All of it opens with the password of this vault.
    assert_eq!(here.unlocked_lines(&["verify"]).len(), 2);
}

#[test]
fn what_is_no_whole_backup_is_refused_and_nothing_is_changed() {
    let (profile, _) = backed_up();
    let good = fs::read(profile.file("backup")).expect("written");
    let mut hostile: Vec<(String, Vec<u8>)> = [0, 1, 8, 9, 10, 60, 200, good.len() / 2, good.len() - 1]
        .into_iter()
        .map(|length| (format!("cut at {length}"), good[..length].to_vec()))
        .collect();
    let mut changed = |what: &str, at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= byte;
        hostile.push((what.to_owned(), bytes));
    };
    changed("foreign", 0, 0x20);
    changed("a newer version", 8, 0x40);
    changed("an older version", 9, 0x01);
    changed("one bit in the middle", good.len() / 2, 0x01);
    changed("one bit at the end", good.len() - 1, 0x80);
    hostile.push(("one byte more".to_owned(), [&good[..], b"\0"].concat()));
    hostile.push(("a phrase".to_owned(), crate::support::TEST_PHRASE.into()));
    hostile.push(("zeros".to_owned(), vec![0; 4096]));

    let empty = Profile::new();
    let before = profile.files();
    for (what, bytes) in hostile {
        let file = profile.write("hostile", &bytes);
        let restore = ["restore", "--from", &file];
        assert_eq!(empty.refused(&restore), "BACKUP_UNREADABLE", "{what}, empty");
        assert_eq!(profile.refused(&restore), "BACKUP_UNREADABLE", "{what}, beside");
    }
    let long = profile.write("long", [&good[..], &vec![0; 17 << 20]].concat());
    for no_backup in [long.as_str(), "/nowhere/backup", "/"] {
        assert_eq!(
            empty.refused(&["restore", "--from", no_backup]),
            "INVALID_INPUT",
            "{no_backup}"
        );
    }
    let wrong = profile.write("wrong", OTHER_PASSWORD);
    let restore = [
        "restore",
        "--from",
        &profile.path("backup"),
        "--backup-password-file",
        &wrong,
    ];
    assert_eq!(empty.refused(&restore), "WRONG_PASSWORD");
    assert_eq!(empty.vault_files(), Vec::<PathBuf>::new());
    let vault = |files: &[(PathBuf, Vec<u8>)]| {
        let mut files = files.to_vec();
        files.retain(|(path, _)| path.to_string_lossy().contains("vault.enl"));
        files
    };
    assert_eq!(vault(&profile.files()), vault(&before));
    assert_eq!(profile.unlocked_lines(&["verify"]).len(), 2);
}

#[test]
fn the_printed_sheet_restores_from_pictures_of_its_codes() {
    let (profile, _) = backed_up();
    for language in ["id", "en"] {
        let out = profile.path(&format!("sheet-{language}.pdf"));
        let report = profile
            .wallet(&["sheet", "--out", &out, "--language", language])
            .remove(0);
        assert_eq!(report["wallets"], 2);
        assert_eq!(
            profile.refused_plain(&["sheet", "--out", &out]),
            "INVALID_INPUT",
            "never over a file"
        );
    }
    let pages = print(
        &profile,
        &fs::read(profile.file("sheet-id.pdf")).expect("written"),
    );
    let mut images: Vec<&str> = pages.iter().map(String::as_str).collect();
    images.reverse();
    let empty = Profile::new();
    let content = empty.unlocked(&[&["restore", "--sheet"], &images[..]].concat());
    assert_eq!(outcomes(&content), both("restored"));
    assert_eq!(content["created_at"], Value::Null);
    assert_eq!(
        empty
            .list()
            .iter()
            .map(|wallet| addresses(wallet).len())
            .sum::<usize>(),
        3
    );
    assert_eq!(empty.unlocked_lines(&["verify"]).len(), 2);
    // A picture of something else, and no picture at all.
    let key = profile.path("key");
    assert_eq!(empty.refused(&["restore", "--sheet", &key]), "BACKUP_UNREADABLE");
    let other = profile.write("wrong", OTHER_PASSWORD);
    let other = [
        &["restore", "--backup-password-file", &other, "--sheet"],
        &images[..],
    ]
    .concat();
    assert_eq!(Profile::new().refused(&other), "WRONG_PASSWORD");
}

/// Every page of the sheet as a picture, as a scanner would make it; answers where they lie.
fn print(profile: &Profile, pdf: &[u8]) -> Vec<String> {
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let settings = PixmapSettings {
        x_scale: 150.0 / 72.0,
        y_scale: 150.0 / 72.0,
        bg_color: WHITE,
    };
    let cache = RenderCache::new();
    let page = |(number, page)| {
        let interpreter = InterpreterSettings::default();
        let picture = render(page, &cache, &interpreter, &RenderSettings::default(), &settings);
        profile.write(
            &format!("page-{number}.png"),
            picture.into_png().expect("a picture"),
        )
    };
    pdf.pages().iter().enumerate().map(page).collect()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    enerlink_domain::id::hex(&sha2::Sha256::digest(bytes))
}
