//! Key files of ethers' test cases.

use enerlink_domain::id::hex;

use super::{ethers, text};
use crate::{Error, Password, v3};

/// Seven of nine: the other two are of another kind, which is named and refused.
#[test]
fn k5_key_files_of_ethers_open() {
    let (mut opened, mut refused) = (0, 0);
    for case in ethers("wallets") {
        let password = Password::from(text(&case, "password").to_owned());
        match v3::decode(text(&case, "json"), &password) {
            Ok(decoded) => {
                assert_eq!(
                    hex(&*decoded.account.secret_bytes()),
                    text(&case, "privateKey")[2..]
                );
                assert_eq!(decoded.account.address().to_lower(), text(&case, "address"));
                assert!(!decoded.padded);
                assert_eq!(decoded.address_claimed, case["hasAddress"] == true);
                opened += 1;
            }
            Err(Error::KeyFile(_)) if text(&case, "type") == "crowdsale" => refused += 1,
            Err(error) => panic!("{}: {error}", text(&case, "name")),
        }
    }
    assert_eq!((opened, refused), (7, 2));
}
