//! What is known of somebody who is to be paid: all of it from this computer, nobody is asked.
//!
//! Address poisoning puts an address into a household's history that begins and ends like one that it pays. Only what
//! the household itself has written down or paid counts as known, and whoever resembles that is shown beside it.

use serde::{Deserialize, Serialize};

use crate::{
    Address, Code, Error,
    id::hex,
    wallet::{AddressCheck, Contact},
};

/// Digits at either end that people compare, and swindlers make equal.
const COMPARED: usize = 4;

/// Where a payee stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// An account of this wallet.
    Own {
        /// The wallet's name.
        wallet: String,
    },
    /// In the address book.
    Contact {
        /// The name there.
        name: String,
    },
    /// Not in the book, but paid before.
    Paid {
        /// How often.
        times: u32,
    },
    /// Never paid.
    New,
}

/// Somebody known whom the payee resembles and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookAlike {
    /// Whom it resembles.
    pub address: Address,
    /// The name of that one, where there is one.
    pub name: Option<String>,
    /// Which of the 40 digits differ, from 0.
    pub differs: Vec<u8>,
}

/// What is known of a payee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeCheck {
    /// Who.
    pub address: Address,
    /// Whether the address was typed with its checksum: without one a mistyped digit is not noticed.
    pub checksum: bool,
    /// Where it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// Somebody known whom it resembles.
    pub resembles: Option<LookAlike>,
}

impl PayeeCheck {
    /// Whether a person has to look before it is paid.
    pub fn needs_a_look(&self) -> bool {
        self.is_dangerous() || matches!(self.standing, Standing::New) || self.unproven()
    }

    /// Whether it looks like somebody else.
    pub fn is_dangerous(&self) -> bool {
        self.resembles.is_some()
    }

    /// Whether nothing but the typed digits vouches for the address.
    fn unproven(&self) -> bool {
        !self.checksum && matches!(self.standing, Standing::New | Standing::Paid { .. })
    }

    /// What there is to say of it before it is paid, as a sentence.
    pub fn warning(&self) -> Option<String> {
        if let Some(twin) = &self.resembles {
            let known = twin.name.as_ref().map_or_else(
                || twin.address.to_string(),
                |name| format!("{name} ({})", twin.address),
            );
            let digits = twin.differs.len();
            return Some(format!(
                "{} begins and ends like {known} and is another account: {digits} digits differ",
                self.address
            ));
        }
        let first = matches!(self.standing, Standing::New).then_some("was never paid from here");
        let typed = self.unproven().then_some("was typed without a checksum");
        let reasons: Vec<&str> = first.into_iter().chain(typed).collect();
        (!reasons.is_empty()).then(|| format!("{} {}", self.address, reasons.join(" and ")))
    }
}

/// What this computer knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The wallet's accounts, each with the name of its wallet.
    pub own: Vec<(Address, String)>,
    /// The address book.
    pub contacts: Vec<Contact>,
    /// Who was paid from here, and how often. Contracts do not count.
    pub paid: Vec<(Address, u32)>,
    /// The contracts of the network: what is sent there is lost.
    pub contracts: Vec<Address>,
}

impl Known {
    /// Judges a typed address.
    ///
    /// # Errors
    /// `INVALID_INPUT` for what is no address, the zero address, and a contract of the network.
    pub fn judge(&self, typed: &str) -> Result<PayeeCheck, Error> {
        let (address, checksum) = match AddressCheck::of(typed) {
            AddressCheck::Good { address } => (address, true),
            AddressCheck::NoChecksum { address } => (address, false),
            AddressCheck::Bad { error } => return Err(error),
        };
        let refused = |why: &str| Err(Error::new(Code::InvalidInput, format!("{address} {why}")));
        if address == Address::ZERO {
            return refused("belongs to nobody: what is sent there is lost");
        }
        if self.contracts.contains(&address) {
            return refused("is a contract of this network: what is sent there is lost");
        }
        let standing = self.standing(address);
        let own = matches!(standing, Standing::Own { .. });
        Ok(PayeeCheck {
            address,
            checksum,
            standing,
            resembles: if own { None } else { self.twin(address) },
        })
    }

    fn standing(&self, address: Address) -> Standing {
        let own = self.own.iter().find(|(own, _)| *own == address);
        let contact = self.contacts.iter().find(|contact| contact.address == address);
        let paid = self.paid.iter().find(|(paid, _)| *paid == address);
        match (own, contact, paid) {
            (Some((_, wallet)), ..) => Standing::Own {
                wallet: wallet.clone(),
            },
            (None, Some(contact), _) => Standing::Contact {
                name: contact.name.clone(),
            },
            (None, None, Some((_, times))) => Standing::Paid { times: *times },
            (None, None, None) => Standing::New,
        }
    }

    /// The first that is known, is another account, and begins and ends alike.
    fn twin(&self, address: Address) -> Option<LookAlike> {
        let own = self.own.iter().map(|(own, wallet)| (*own, Some(wallet.clone())));
        let contacts = self
            .contacts
            .iter()
            .map(|contact| (contact.address, Some(contact.name.clone())));
        let paid = self
            .paid
            .iter()
            .filter(|(paid, _)| !self.contracts.contains(paid))
            .map(|(paid, _)| (*paid, None));
        let digits = hex(&address.0);
        own.chain(contacts).chain(paid).find_map(|(known, name)| {
            let theirs = hex(&known.0);
            let (end, len) = (digits.len() - COMPARED, digits.len());
            let alike = digits[..COMPARED] == theirs[..COMPARED] && digits[end..len] == theirs[end..len];
            (alike && known != address).then(|| LookAlike {
                address: known,
                name,
                differs: differences(&digits, &theirs),
            })
        })
    }
}

/// The places at which two texts of digits differ.
fn differences(one: &str, other: &str) -> Vec<u8> {
    let pairs = one.bytes().zip(other.bytes()).enumerate();
    pairs
        .filter(|(_, (a, b))| a != b)
        .filter_map(|(at, _)| u8::try_from(at).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::UnixMillis;

    fn address(digits: &str) -> Address {
        format!("0x{digits}").parse().expect("an address")
    }

    const ANI: &str = "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";

    fn known() -> Known {
        Known {
            own: vec![(Address([0x11; 20]), "Rumah".to_owned())],
            contacts: vec![Contact {
                address: address(ANI),
                name: "Bu Ani".to_owned(),
                created_at: UnixMillis(1),
            }],
            paid: vec![(Address([0x22; 20]), 3), (Address([0x77; 20]), 1)],
            contracts: vec![Address([0x77; 20]), Address([0x78; 20])],
        }
    }

    #[test]
    fn payees_stand_where_they_are_known_from() {
        let judged = |address: Address| known().judge(&address.to_string()).expect("an address");
        let own = judged(Address([0x11; 20]));
        assert_eq!(
            own.standing,
            Standing::Own {
                wallet: "Rumah".into()
            }
        );
        assert!(!own.needs_a_look() && own.warning().is_none());
        let ani = judged(address(ANI));
        assert_eq!(
            ani.standing,
            Standing::Contact {
                name: "Bu Ani".into()
            }
        );
        assert!(ani.checksum && !ani.needs_a_look());
        assert_eq!(judged(Address([0x22; 20])).standing, Standing::Paid { times: 3 });
        let new = judged(Address([0x33; 20]));
        assert_eq!(new.standing, Standing::New);
        assert!(new.needs_a_look() && !new.is_dangerous());
        assert!(new.warning().is_some_and(|text| text.contains("never paid")));
    }

    #[test]
    fn an_address_without_a_checksum_is_looked_at_unless_it_is_noted() {
        let ani = known().judge(&format!("0x{ANI}")).expect("an address");
        assert!(!ani.checksum && !ani.needs_a_look());
        let lower = Address([0xab; 20]).to_lower();
        let paid = Known {
            paid: vec![(Address([0xab; 20]), 1)],
            ..Known::default()
        };
        assert!(paid.judge(&lower).expect("an address").needs_a_look());
    }

    #[test]
    fn what_begins_and_ends_alike_is_shown_with_its_differences() {
        let mut twin = ANI.to_owned();
        twin.replace_range(10..12, "00");
        let judged = known().judge(&format!("0x{twin}")).expect("an address");
        let found = judged.resembles.clone().expect("a look-alike");
        assert_eq!(
            (found.address, found.name.as_deref()),
            (address(ANI), Some("Bu Ani"))
        );
        assert_eq!(found.differs, [10, 11]);
        assert!(judged.is_dangerous() && judged.needs_a_look());
        let text = judged.warning().expect("a warning");
        assert!(
            text.contains("Bu Ani") && text.contains("2 digits differ"),
            "{text}"
        );
        // Three digits at an end are not four.
        let mut other = ANI.to_owned();
        other.replace_range(3..4, "0");
        assert_eq!(
            known()
                .judge(&format!("0x{other}"))
                .expect("an address")
                .resembles,
            None
        );
        other = ANI.to_owned();
        other.replace_range(36..37, "0");
        assert_eq!(
            known()
                .judge(&format!("0x{other}"))
                .expect("an address")
                .resembles,
            None
        );
    }

    #[test]
    fn a_twin_in_the_address_book_is_still_shown() {
        let mut digits = ANI.to_owned();
        digits.replace_range(20..21, "0");
        let mut known = known();
        known.contacts.push(Contact {
            address: address(&digits),
            name: "Bu Ani baru".to_owned(),
            created_at: UnixMillis(2),
        });
        assert!(
            known
                .judge(&format!("0x{digits}"))
                .expect("an address")
                .is_dangerous()
        );
    }

    #[test]
    fn nobody_and_contracts_are_refused_and_vouch_for_nobody() {
        for refused in [Address::ZERO, Address([0x77; 20]), Address([0x78; 20])] {
            let error = known().judge(&refused.to_string()).expect_err("refused");
            assert_eq!(error.code, Code::InvalidInput);
            assert!(error.message.contains("lost"), "{error}");
        }
        let mut like_a_contract = [0x77; 20];
        like_a_contract[9] = 0;
        let judged = known()
            .judge(&Address(like_a_contract).to_lower())
            .expect("an address");
        assert_eq!((judged.standing, judged.resembles), (Standing::New, None));
        assert!(known().judge("0x12").is_err());
        let mistyped = address(ANI).to_string().replacen('A', "a", 1);
        assert!(known().judge(&mistyped).is_err(), "a wrong checksum");
    }

    proptest! {
        #[test]
        fn whoever_shares_both_ends_is_found(bytes in any::<[u8; 20]>(), middle in any::<[u8; 16]>()) {
            let mut twin = bytes;
            twin[2..18].copy_from_slice(&middle);
            let known = Known { paid: vec![(Address(bytes), 1)], ..Known::default() };
            prop_assume!(Address(twin) != Address::ZERO);
            let judged = known.judge(&Address(twin).to_string()).expect("an address");
            prop_assert_eq!(judged.resembles.is_some(), twin != bytes);
            if let Some(found) = judged.resembles {
                let same = |at: u8| hex(&twin).as_bytes()[usize::from(at)] == hex(&bytes).as_bytes()[usize::from(at)];
                prop_assert!(found.differs.iter().all(|at| !same(*at)) && !found.differs.is_empty());
            }
        }
    }
}
