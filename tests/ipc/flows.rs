//! What a person does in the window, as the window does it: create, import, export, back up, restore, and files that
//! nobody has picked.

use std::{fs, time::Duration};

use enerlink_wallet::Question;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Shell};

const PHRASE: &str = "test test test test test test test test test test test junk";
/// The first two accounts of that phrase, in every wallet of the world.
const FIRST: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const SECOND: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const FILE_PASSWORD: &str = "a file of nine valleys 0815";

fn addresses(wallet: &Value) -> Vec<&str> {
    let accounts = wallet["accounts"].as_array().expect("accounts");
    accounts
        .iter()
        .map(|account| account["address"].as_str().expect("an address"))
        .collect()
}

fn phrase(accounts: &[u32]) -> Value {
    json!({ "source": "phrase", "words": PHRASE, "passphrase": "", "accounts": accounts })
}

/// The acts that the activity page lists, newest first, once `last` is among them: a lock is noted after it was done.
fn acts(shell: &Shell, last: &str) -> Vec<String> {
    for _ in 0..200 {
        let page = shell.answer("read_activity", json!({ "limit": 200, "before": null }));
        let rows = page["rows"].as_array().expect("rows").iter();
        let acts: Vec<String> = rows
            .map(|row| row["act"].as_str().expect("an act").to_owned())
            .collect();
        if acts.iter().any(|act| act == last) {
            return acts;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{last} is not listed");
}

#[test]
fn a_new_wallet_is_written_down_and_opened() {
    let (shell, wallet) = Shell::with_wallet();
    let id = &wallet["wallet"];
    let reveal = |password: &str| json!({ "wallet": id, "password": password });
    assert_eq!(
        shell.refusal("reveal_phrase", reveal("not it at all")),
        "WRONG_PASSWORD"
    );
    let words = shell.answer("reveal_phrase", reveal(PASSWORD));
    let words = words.as_array().expect("words");
    assert_eq!(words.len(), 12);
    let confirm = |typed: Value| json!({ "wallet": id, "password": PASSWORD, "words": typed });
    let wrong = json!([[0, words[0]], [3, words[3]], [6, words[6]], [9, "zebra zebra"]]);
    assert_eq!(shell.refusal("confirm_phrase", confirm(wrong)), "PHRASE_INVALID");
    let right = json!([[0, words[0]], [3, words[3]], [6, words[6]], [9, words[9]]]);
    assert_eq!(
        shell.answer("confirm_phrase", confirm(right))["phrase_confirmed"],
        true
    );
    assert_eq!(shell.answer("read_status", json!({}))["vault"], "locked");
    assert_eq!(
        shell.refusal("unlock", json!({ "password": "not it" })),
        "WRONG_PASSWORD"
    );
    let opened = shell.answer("unlock", json!({ "password": PASSWORD }));
    assert_eq!(&opened[0]["wallet"], id);
    shell.answer("touch", json!({}));
    shell.answer("lock", json!({}));
    assert_eq!(shell.answer("read_status", json!({}))["vault"], "locked");
    let listed = acts(&shell, "locked");
    for act in [
        "created",
        "phrase_revealed",
        "phrase_confirmed",
        "unlock_failed",
        "unlocked",
    ] {
        assert!(listed.iter().any(|found| found == act), "{act} in {listed:?}");
    }
}

#[test]
fn imports_bring_what_the_preview_showed() {
    let shell = Shell::empty();
    let preview = shell.answer("preview_import", json!({ "source": phrase(&[0, 1]) }));
    assert_eq!(addresses(&preview), [FIRST, SECOND]);
    assert_eq!(
        shell.answer("read_status", json!({}))["vault"],
        "missing",
        "nothing is kept"
    );
    let import = |source: Value, expected: &[&str]| json!({ "name": "Roof", "password": PASSWORD, "source": source, "expected": expected });
    // Somebody has seen another address than this phrase gives.
    let seen = import(phrase(&[0]), &[SECOND]);
    assert_eq!(shell.refusal("import_wallet", seen), "KEY_INVALID");
    let wallet = shell.answer("import_wallet", import(phrase(&[0]), &[FIRST]));
    assert_eq!(addresses(&wallet), [FIRST]);
    let again = import(phrase(&[0]), &[FIRST]);
    assert_eq!(shell.refusal("import_wallet", again), "WALLET_KNOWN");
    let typo = json!({ "source": phrase(&[0]) })
        .to_string()
        .replace("junk", "jumk");
    let typo: Value = serde_json::from_str(&typo).expect("JSON");
    assert_eq!(shell.refusal("preview_import", typo), "PHRASE_INVALID");
    let key = json!({ "source": "private_key", "key": "0x01" });
    assert_eq!(
        shell.refusal("preview_import", json!({ "source": key })),
        "KEY_INVALID"
    );

    let id = &wallet["wallet"];
    let more = shell.answer(
        "add_account",
        json!({ "wallet": id, "password": PASSWORD, "index": null }),
    );
    assert_eq!(addresses(&more), [FIRST, SECOND]);
    let name = json!({ "wallet": id, "password": PASSWORD, "name": "Atap" });
    assert_eq!(shell.answer("rename_wallet", name)["name"], "Atap");
    shell.answer("set_primary", json!({ "address": SECOND }));
    assert_eq!(shell.answer("read_status", json!({}))["primary"], SECOND);
    let password = json!({ "password": PASSWORD, "newPassword": FILE_PASSWORD });
    shell.answer("change_password", password);
    let old = json!({ "wallet": id, "password": PASSWORD });
    assert_eq!(shell.refusal("remove_wallet", old), "WRONG_PASSWORD");
    shell.answer(
        "remove_wallet",
        json!({ "wallet": id, "password": FILE_PASSWORD }),
    );
    let status = shell.answer("read_status", json!({}));
    assert_eq!(
        (&status["vault"], &status["wallets"]),
        (&json!("missing"), &json!([]))
    );
}

#[test]
fn key_files_go_out_and_come_in_only_where_the_person_says() {
    let shell = Shell::empty();
    let source = phrase(&[0]);
    let import = json!({ "name": "Roof", "password": PASSWORD, "source": source, "expected": [] });
    shell.answer("import_wallet", import);
    let export = json!({ "address": FIRST, "password": PASSWORD, "filePassword": FILE_PASSWORD });
    assert_eq!(
        shell.answer("export_keystore", export.clone()),
        Value::Null,
        "cancelled"
    );
    let path = shell.file("key");
    shell.person.picks(&[&path]);
    let written = shell.answer("export_keystore", export.clone());
    assert_eq!(written["path"], path.display().to_string());
    let proposed = match shell.person.last_asked() {
        Some(Question::Save(name)) => name,
        other => panic!("{other:?}"),
    };
    let digits = FIRST.trim_start_matches("0x").to_lowercase();
    assert!(proposed.starts_with("UTC--20"), "{proposed}");
    assert!(proposed.ends_with(&format!("Z--{digits}")), "{proposed}");
    // Nothing that is there is overwritten.
    let before = fs::read(&path).expect("written");
    shell.person.picks(&[&path]);
    shell.refusal("export_keystore", export);
    assert_eq!(fs::read(&path).expect("still there"), before);

    let other = Shell::empty();
    let key = json!({ "source": "keystore", "path": path, "password": FILE_PASSWORD });
    let preview = json!({ "source": key });
    let import = json!({ "name": "Key", "password": PASSWORD, "source": key, "expected": [FIRST] });
    assert_eq!(other.refusal("preview_import", preview.clone()), "INVALID_INPUT");
    assert_eq!(other.refusal("import_wallet", import.clone()), "INVALID_INPUT");
    assert_eq!(other.answer("pick_keystore", json!({})), Value::Null, "cancelled");
    assert_eq!(other.refusal("preview_import", preview.clone()), "INVALID_INPUT");
    other.person.picks(&[&path]);
    let picked = other.answer("pick_keystore", json!({}));
    assert_eq!(picked, json!({ "path": path, "name": "key" }));
    assert_eq!(addresses(&other.answer("preview_import", preview)), [FIRST]);
    assert_eq!(addresses(&other.answer("import_wallet", import)), [FIRST]);
}

#[test]
fn a_backup_comes_back_beside_what_is_there() {
    let (shell, wallet) = Shell::with_wallet();
    shell.answer("put_contact", json!({ "address": FIRST, "name": "Neighbour" }));
    assert_eq!(
        shell.answer("save_backup", json!({ "password": PASSWORD })),
        Value::Null
    );
    let path = shell.file("roof.enlbackup");
    shell.person.picks(&[&path]);
    let report = shell.answer("save_backup", json!({ "password": PASSWORD }));
    assert_eq!(report["wallets"], 1);
    assert_eq!(report["bytes"], fs::metadata(&path).expect("written").len());
    let security = shell.answer("read_security", json!({}));
    assert_eq!(security["histories"][0]["backed_up_at"], report["created_at"]);
    assert!(matches!(shell.person.last_asked(), Some(Question::Save(name)) if name.ends_with(".enlbackup")));

    // A profile with a wallet of its own.
    let other = Shell::empty();
    let own = json!({ "name": "Own", "password": PASSWORD, "source": phrase(&[0]), "expected": [] });
    other.answer("import_wallet", own);
    let backup = json!({ "source": "file", "path": path });
    let inspect = json!({ "backup": backup, "backupPassword": PASSWORD });
    let restore = json!({ "backup": backup, "backupPassword": PASSWORD, "password": PASSWORD });
    assert_eq!(other.refusal("inspect_backup", inspect.clone()), "INVALID_INPUT");
    assert_eq!(other.refusal("restore", restore.clone()), "INVALID_INPUT");
    other.person.picks(&[&path]);
    assert_eq!(other.answer("pick_backup", json!({}))["name"], "roof.enlbackup");
    let content = other.answer("inspect_backup", inspect);
    assert_eq!(content["wallets"][0]["outcome"], "restored");
    assert_eq!(content["contacts"], 1);
    let status = other.answer("read_status", json!({}));
    assert_eq!(
        status["wallets"].as_array().map(Vec::len),
        Some(1),
        "nothing changed"
    );
    other.answer("restore", restore);
    let status = other.answer("read_status", json!({}));
    let wallets = status["wallets"].as_array().expect("wallets");
    let all: Vec<&str> = wallets.iter().flat_map(addresses).collect();
    assert_eq!(all, [FIRST, addresses(&wallet)[0]]);
    let security = other.answer("read_security", json!({}));
    assert_ne!(security["restored"], Value::Null, "somebody has to look at it");
    other.answer("acknowledge_restore", json!({}));
    assert_eq!(other.answer("read_security", json!({}))["restored"], Value::Null);
    let contacts = other.answer("list_contacts", json!({}));
    assert_eq!(contacts[0]["name"], "Neighbour");
    other.answer("remove_contact", json!({ "address": FIRST }));
    assert_eq!(other.answer("list_contacts", json!({})), json!([]));
}

#[test]
fn a_table_is_saved_where_the_person_says_and_over_nothing() {
    let (shell, _) = Shell::with_wallet();
    let table = json!({ "name": "activity", "csv": "when,what\r\n" });
    assert_eq!(shell.answer("save_table", table.clone()), Value::Null);
    let path = shell.file("table.csv");
    shell.person.picks(&[&path]);
    assert_eq!(shell.answer("save_table", table.clone())["name"], "table.csv");
    assert_eq!(fs::read(&path).expect("written"), b"when,what\r\n");
    shell.person.picks(&[&path]);
    assert_eq!(shell.refusal("save_table", table), "INVALID_INPUT");
}

#[test]
fn a_copy_of_the_database_is_written_where_the_person_says_and_over_nothing() {
    let (shell, _) = Shell::with_wallet();
    assert_eq!(shell.answer("copy_database", json!({})), Value::Null);
    let path = shell.file("copy.db");
    shell.person.picks(&[&path]);
    assert_eq!(shell.answer("copy_database", json!({}))["name"], "copy.db");
    let copy = fs::read(&path).expect("written");
    assert!(copy.starts_with(b"SQLite format 3"));
    shell.person.picks(&[&path]);
    assert_eq!(shell.refusal("copy_database", json!({})), "INVALID_INPUT");
    assert_eq!(fs::read(&path).expect("there"), copy);
}

#[test]
fn a_sheet_is_written_where_the_person_says_and_read_only_when_picked() {
    let (shell, _) = Shell::with_wallet();
    assert_eq!(
        shell.answer("save_sheet", json!({ "language": "id" })),
        Value::Null
    );
    let path = shell.file("sheet.pdf");
    shell.person.picks(&[&path]);
    let report = shell.answer("save_sheet", json!({ "language": "id" }));
    assert_eq!(report["wallets"], 1);
    assert!(fs::read(&path).expect("written").starts_with(b"%PDF"));

    let (front, back) = (shell.file("1.png"), shell.file("2.png"));
    let backup = json!({ "source": "sheet", "paths": [front, back] });
    let inspect = json!({ "backup": backup, "backupPassword": PASSWORD });
    shell.person.picks(&[&front]);
    assert_eq!(shell.answer("pick_sheet", json!({}))[0]["name"], "1.png");
    assert_eq!(shell.refusal("inspect_backup", inspect.clone()), "INVALID_INPUT");
    shell.person.picks(&[&back]);
    shell.answer("pick_sheet", json!({}));
    // Now the images are opened, and are not there.
    let error = shell.call("inspect_backup", inspect).expect_err("no such file");
    assert!(!error.to_string().contains("picked"), "{error}");
}
