//! Finds verbs by what is typed, in either language; what is shown counts more than its translation.

use crate::{i18n::Language, verbs::Verb};

/// The verbs that have every typed word, the best first; all of them, as they came, when nothing is typed.
pub(crate) fn found(verbs: &[Verb], typed: &str, language: Language) -> Vec<Verb> {
    let wanted: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mut ranked: Vec<(u32, Verb)> = verbs
        .iter()
        .filter_map(|verb| Some((distance(*verb, &wanted, language)?, *verb)))
        .collect();
    // Equals stay in the order of the list.
    ranked.sort_by_key(|(distance, _)| *distance);
    ranked.into_iter().map(|(_, verb)| verb).collect()
}

/// How far a verb is from what is wanted; none when a word is missing in both languages.
fn distance(verb: Verb, wanted: &[String], language: Language) -> Option<u32> {
    let mut names = Language::ALL.map(|language| (language, verb.words(language).to_lowercase()));
    names.sort_by_key(|(other, _)| *other != language);
    wanted.iter().try_fold(0, |sum, word| {
        let nearest = names.iter().zip([0, 3]).filter_map(|((_, name), far)| {
            let at = place(name, word)?;
            Some(at + far)
        });
        Some(sum + nearest.min()?)
    })
}

/// Where a word stands in a name: at its beginning, at the beginning of one of its words, or within one.
fn place(name: &str, word: &str) -> Option<u32> {
    let begins = |part: &str| part.starts_with(word);
    if begins(name) {
        return Some(0);
    }
    if name.split(|letter: char| !letter.is_alphanumeric()).any(begins) {
        return Some(1);
    }
    name.contains(word).then_some(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        prefs::Theme,
        session::{EnergyPart, Page, WalletPart},
        verbs::tests::situation,
    };

    fn search(typed: &str, language: Language) -> Vec<Verb> {
        found(&Verb::all(&situation()), typed, language)
    }

    #[test]
    fn nothing_typed_shows_everything_as_it_came() {
        let all = Verb::all(&situation());
        assert_eq!(search("", Language::English), all);
        assert_eq!(search("   ", Language::Indonesian), all);
    }

    #[test]
    fn both_languages_find_the_same() {
        for (typed, verb) in [
            ("lock", Verb::Lock),
            ("kunci dompet", Verb::Lock),
            ("LIGHT", Verb::Theme(Theme::Light)),
            ("terang", Verb::Theme(Theme::Light)),
            ("settle now", Verb::Settle),
            ("selesaikan", Verb::Settle),
            ("copy my", Verb::CopyAddress),
            ("salin", Verb::CopyAddress),
            ("bahasa", Verb::Language(Language::Indonesian)),
        ] {
            for language in Language::ALL {
                let found = search(typed, language);
                assert_eq!(found.first(), Some(&verb), "{typed} in {language:?}");
            }
        }
    }

    #[test]
    fn the_beginning_counts_more_than_the_middle_and_the_translation() {
        let energy = search("energy", Language::English);
        assert_eq!(energy.first(), Some(&Verb::Page(Page::Energy)));
        assert!(energy.contains(&Verb::Energy(EnergyPart::Audit)));
        assert!(place("send tokens", "send") < place("send tokens", "tok"));
        assert!(place("send tokens", "tok") < place("send tokens", "oken"));
        assert_eq!(place("send tokens", "x"), None);
        let pasar = search("pasar", Language::English);
        assert_eq!(pasar.first(), Some(&Verb::Page(Page::Market)));
    }

    #[test]
    fn every_word_has_to_be_found() {
        let found = search("wal act", Language::English);
        assert_eq!(found, [Verb::Wallet(WalletPart::Activity)]);
        assert_eq!(search("energy nothing", Language::English), []);
    }
}
