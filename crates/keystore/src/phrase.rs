//! Recovery phrases of BIP-39 (English) and the accounts they stand for.

use bip39::Mnemonic;
use zeroize::Zeroizing;

use crate::{Error, account::Account, bip32, random::Random};

/// A recovery phrase: whoever reads it has the wallet. It is wiped on drop.
pub struct Phrase(Mnemonic);

impl Phrase {
    /// A new phrase of 12, 15, 18, 21 or 24 words.
    pub(crate) fn generate(words: u8, random: Random) -> Result<Self, Error> {
        if !matches!(words, 12 | 15 | 18 | 21 | 24) {
            return Err(Error::WordCount(words));
        }
        let mut entropy = Zeroizing::new(vec![0; usize::from(words) / 3 * 4]);
        random(&mut entropy)?;
        Self::from_entropy(&entropy)
    }

    /// The phrase that stands for 16, 20, 24, 28 or 32 bytes.
    pub(crate) fn from_entropy(entropy: &[u8]) -> Result<Self, Error> {
        Mnemonic::from_entropy(entropy)
            .map(Self)
            .map_err(|_| Error::VaultDamaged)
    }

    pub(crate) fn entropy(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }

    /// The words, in order. They point into the public list of words; their order is the secret.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// Whether each typed word (position from 0) is the one of the phrase, at four different positions at least.
    /// White space around a word and capitals do not count.
    pub(crate) fn check(&self, typed: &[(u8, String)]) -> Result<(), Error> {
        let mut seen = [false; 24];
        for (position, word) in typed {
            let right = self
                .words()
                .nth((*position).into())
                .is_some_and(|right| word.trim().eq_ignore_ascii_case(right));
            if !right {
                return Err(Error::WrongWord { position: *position });
            }
            seen[usize::from(*position)] = true;
        }
        let distinct = seen.iter().filter(|seen| **seen).count();
        (distinct >= 4).then_some(()).ok_or(Error::TooFewWords)
    }

    /// The account `m/44'/60'/0'/0/index`, with the optional passphrase of BIP-39 (empty for none).
    pub(crate) fn account(&self, passphrase: &str, index: u32) -> Result<Account, Error> {
        let seed = Zeroizing::new(self.0.to_seed(passphrase));
        bip32::ethereum_account(&seed, index)
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::id::{hex, unhex};

    use super::*;
    use crate::random;

    fn parse(words: &str) -> Phrase {
        Phrase(words.parse().expect("a phrase"))
    }

    /// The first ten accounts that Hardhat, Ganache and anvil derive from their common test phrase.
    #[test]
    fn accounts_are_those_of_other_wallets() {
        let phrase = parse("test test test test test test test test test test test junk");
        let expected = [
            "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
            "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
            "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
            "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
            "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
            "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
            "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
            "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
        ];
        for (index, address) in (0..).zip(expected) {
            let account = phrase.account("", index).expect("an account");
            assert_eq!(account.address().to_string(), address);
        }
    }

    /// Trezor's vectors: entropy, phrase, seed with the passphrase "TREZOR".
    #[test]
    fn entropy_words_and_seed_follow_bip_39() {
        for (entropy, words, seed) in [
            (
                "00000000000000000000000000000000",
                "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
                "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
            ),
            (
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
                "dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e1613912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad",
            ),
        ] {
            let phrase = Phrase::from_entropy(&unhex(entropy).expect("hexadecimal")).expect("a phrase");
            assert_eq!(phrase.words().collect::<Vec<_>>().join(" "), words);
            assert_eq!(hex(&phrase.entropy()), entropy);
            assert_eq!(hex(&phrase.0.to_seed("TREZOR")), seed);
        }
    }

    #[test]
    fn every_standard_length_can_be_made_and_no_other() {
        for words in 0..=u8::MAX {
            match Phrase::generate(words, random::system) {
                Ok(phrase) => assert_eq!(phrase.words().count(), usize::from(words)),
                Err(error) => {
                    assert!(matches!(error, Error::WordCount(_)));
                    assert!(!matches!(words, 12 | 15 | 18 | 21 | 24));
                }
            }
        }
    }

    #[test]
    fn four_different_right_words_confirm_a_phrase() {
        let phrase = parse("legal winner thank year wave sausage worth useful legal winner thank yellow");
        let typed = |words: &[(u8, &str)]| {
            let words: Vec<_> = words.iter().map(|(at, word)| (*at, (*word).to_owned())).collect();
            phrase.check(&words)
        };
        assert!(typed(&[(0, "legal"), (11, " Yellow "), (4, "wave"), (7, "useful")]).is_ok());
        assert!(matches!(
            typed(&[(0, "legal"), (1, "winner"), (2, "thank")]),
            Err(Error::TooFewWords)
        ));
        assert!(matches!(
            typed(&[(0, "legal"), (0, "legal"), (1, "winner"), (2, "thank")]),
            Err(Error::TooFewWords)
        ));
        assert!(matches!(
            typed(&[(0, "legal"), (1, "winner"), (2, "thank"), (3, "wave")]),
            Err(Error::WrongWord { position: 3 })
        ));
        assert!(matches!(
            typed(&[(0, "legal"), (1, "winner"), (2, "thank"), (12, "yellow")]),
            Err(Error::WrongWord { position: 12 })
        ));
        assert!(matches!(typed(&[(255, "")]), Err(Error::WrongWord { .. })));
    }
}
