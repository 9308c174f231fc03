//! Recovery phrases of BIP-39, in each of its languages, and the accounts they stand for.

use bip39::{Language, Mnemonic};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{Error, bip32::EthereumChain, random::Random};

/// The languages by the number that a vault writes for them: the order of the standard's own list.
const LANGUAGES: [Language; 10] = [
    Language::English,
    Language::Japanese,
    Language::Korean,
    Language::Spanish,
    Language::SimplifiedChinese,
    Language::TraditionalChinese,
    Language::French,
    Language::Italian,
    Language::Czech,
    Language::Portuguese,
];
/// The longest phrase has some 250 bytes; a text of another kind is not worth normalising.
const MAX_TYPED: usize = 4096;
const MOST_WORDS: usize = 24;

/// A recovery phrase: whoever reads it has the wallet. It is wiped on drop.
pub struct Phrase(Mnemonic);

impl Phrase {
    /// A new English phrase of 12, 15, 18, 21 or 24 words.
    pub(crate) fn generate(words: u8, random: Random) -> Result<Self, Error> {
        if !is_length(words.into()) {
            return Err(Error::WordCount(words));
        }
        let mut entropy = Zeroizing::new(vec![0; usize::from(words) / 3 * 4]);
        random(&mut entropy)?;
        Self::from_entropy(Language::English, &entropy)
    }

    /// The phrase that stands for 16, 20, 24, 28 or 32 bytes.
    pub(crate) fn from_entropy(language: Language, entropy: &[u8]) -> Result<Self, Error> {
        Mnemonic::from_entropy_in(language, entropy)
            .map(Self)
            .map_err(|_| Error::VaultDamaged)
    }

    /// A phrase as a person types it: capitals, accents composed or not, and any white space between the words do not
    /// count. The language is found. Two lists may share all words of a phrase; whichever has the checksum right
    /// gives the same keys, because these come from the words as text.
    ///
    /// # Errors
    /// [`Error::PhraseLength`], [`Error::UnknownWord`], [`Error::MixedLanguages`], [`Error::PhraseChecksum`].
    pub(crate) fn parse(typed: &str) -> Result<Self, Error> {
        if typed.len() > MAX_TYPED {
            return Err(Error::PhraseLength(typed.split_whitespace().count()));
        }
        // Some editors begin a file with a mark that nobody sees.
        let text = normal(typed.trim_start_matches('\u{feff}'));
        let count = text.split_whitespace().count();
        if !is_length(count) {
            return Err(Error::PhraseLength(count));
        }
        let known = |language: Language| {
            text.split_whitespace()
                .position(|word| language.find_word(word).is_none())
                .unwrap_or(count)
        };
        let complete = LANGUAGES.into_iter().filter(|language| known(*language) == count);
        let parsed = complete
            .clone()
            .find_map(|language| Mnemonic::parse_in_normalized(language, &text).ok());
        match parsed {
            Some(mnemonic) => Ok(Self(mnemonic)),
            None if complete.count() > 0 => Err(Error::PhraseChecksum),
            None => Err(stranger(&text)),
        }
    }

    pub(crate) fn entropy(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }

    /// The number that a vault writes for its language.
    pub(crate) fn language(&self) -> u8 {
        (0..)
            .zip(LANGUAGES)
            .find_map(|(code, language)| (language == self.0.language()).then_some(code))
            .expect("every language of the list has a number")
    }

    /// Whether it has the same words.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.words().eq(other.words())
    }

    /// The words, in order. They point into the public list of words; their order is the secret.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// Whether each typed word (position from 0) is the one of the phrase, at four different positions at least.
    /// White space around a word and capitals do not count.
    pub(crate) fn check(&self, typed: &[(u8, String)]) -> Result<(), Error> {
        let mut seen = [false; MOST_WORDS];
        for (position, word) in typed {
            let right = self
                .words()
                .nth((*position).into())
                .is_some_and(|right| normal(word).trim() == right);
            if !right {
                return Err(Error::WrongWord { position: *position });
            }
            seen[usize::from(*position)] = true;
        }
        let distinct = seen.iter().filter(|seen| **seen).count();
        (distinct >= 4).then_some(()).ok_or(Error::TooFewWords)
    }

    /// What derives its accounts, with the passphrase of BIP-39 (empty for none).
    pub(crate) fn chain(&self, passphrase: &str) -> Result<EthereumChain, Error> {
        EthereumChain::from_seed(&self.seed(passphrase))
    }

    /// The 64 bytes that BIP-39 makes of phrase and passphrase.
    pub(crate) fn seed(&self, passphrase: &str) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed_normalized(&decomposed(passphrase)))
    }
}

/// The language of a number in a vault.
pub(crate) fn language(code: u8) -> Option<Language> {
    LANGUAGES.get(usize::from(code)).copied()
}

fn is_length(words: usize) -> bool {
    matches!(words, 12 | 15 | 18 | 21 | 24)
}

/// Which word keeps the text from being a phrase of the language that most of its words are of.
fn stranger(text: &str) -> Error {
    let words = || text.split_whitespace();
    let is_known = |word: &str| {
        LANGUAGES
            .iter()
            .any(|language| language.find_word(word).is_some())
    };
    if let Some(position) = words().position(|word| !is_known(word)) {
        return Error::UnknownWord { position };
    }
    let position = LANGUAGES
        .into_iter()
        .max_by_key(|language| words().filter(|word| language.find_word(word).is_some()).count())
        .and_then(|language| words().position(|word| language.find_word(word).is_none()))
        .unwrap_or_default();
    Error::MixedLanguages { position }
}

/// Decomposed (NFKD, which also makes every space a plain one) and in lower case.
fn normal(text: &str) -> Zeroizing<String> {
    collected(text.nfkd().flat_map(char::to_lowercase))
}

/// NFKD, as BIP-39 wants it.
fn decomposed(text: &str) -> Zeroizing<String> {
    collected(text.nfkd())
}

/// Measures first: a text that grows would leave copies behind in freed memory.
fn collected(letters: impl Iterator<Item = char> + Clone) -> Zeroizing<String> {
    let length = letters.clone().map(char::len_utf8).sum();
    let mut text = Zeroizing::new(String::with_capacity(length));
    text.extend(letters);
    text
}

#[cfg(test)]
mod tests {
    use enerlink_domain::id::{hex, unhex};

    use super::*;
    use crate::random;

    fn parse(words: &str) -> Phrase {
        Phrase::parse(words).expect("a phrase")
    }

    fn refused(words: &str) -> Error {
        Phrase::parse(words).err().expect("refused")
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
        let chain = phrase.chain("").expect("a chain");
        for (index, address) in (0..).zip(expected) {
            let account = chain.account(index).expect("an account");
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
            let phrase = Phrase::from_entropy(Language::English, &unhex(entropy).expect("hexadecimal"))
                .expect("a phrase");
            assert_eq!(phrase.words().collect::<Vec<_>>().join(" "), words);
            assert_eq!(hex(&phrase.entropy()), entropy);
            assert_eq!(hex(&phrase.0.to_seed_normalized("TREZOR")), seed);
        }
    }

    #[test]
    fn what_does_not_change_the_words_does_not_count() {
        let expected = parse("legal winner thank year wave sausage worth useful legal winner thank yellow");
        for typed in [
            "  LEGAL Winner thank year wave sausage worth useful legal winner thank yellow\n",
            "\u{feff}legal winner thank year wave sausage worth useful legal winner thank yellow",
            "legal\twinner\tthank  year wave\r\nsausage worth useful legal winner thank yellow",
            "legal\u{a0}winner\u{3000}thank\u{2003}year wave sausage worth useful legal winner thank yellow",
            "ｌｅｇａｌ winner thank year wave sausage worth useful legal winner thank yellow",
        ] {
            assert!(parse(typed).same(&expected), "{typed}");
        }
    }

    #[test]
    fn each_language_comes_back_from_its_words_and_from_its_number() {
        for (code, language) in (0..).zip(LANGUAGES) {
            let phrase = Phrase::from_entropy(language, &[0x5a; 32]).expect("a phrase");
            assert_eq!(phrase.language(), code);
            assert_eq!(super::language(code), Some(language));
            let words = phrase.words().collect::<Vec<_>>();
            let again = parse(&words.join("\u{3000}"));
            assert!(again.same(&phrase), "{language}");
            // Composed, as a keyboard gives it.
            assert!(
                parse(&words.join(" ").nfc().collect::<String>()).same(&phrase),
                "{language}"
            );
        }
        assert_eq!(super::language(10), None);
    }

    #[test]
    fn what_is_no_phrase_says_why() {
        let words = |count: usize| vec!["abandon"; count].join(" ");
        for count in [0, 1, 11, 13, 14, 25, 2000] {
            assert!(matches!(refused(&words(count)), Error::PhraseLength(found) if found == count));
        }
        assert!(matches!(refused(&words(12)), Error::PhraseChecksum));
        let unknown = "legal winner thank year wave sausage worth usefull legal winner thank yellow";
        assert!(matches!(refused(unknown), Error::UnknownWord { position: 7 }));
        assert!(refused(unknown).to_string().contains("word 8"));
        let mixed = "legal winner thank year ábaco sausage worth useful legal winner thank yellow";
        assert!(matches!(refused(mixed), Error::MixedLanguages { position: 4 }));
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
