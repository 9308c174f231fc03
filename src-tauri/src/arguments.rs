//! The arguments of the app, and those of the process that takes its place.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::login::HIDDEN;

/// What the command line asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The simulated neighbourhood instead of the household's own profile.
    pub(crate) demo: bool,
    /// Where the profile lives, when not in the usual place.
    pub(crate) data_dir: Option<PathBuf>,
    /// In the demo, where the household's own profile lives, when not in the usual place.
    pub(crate) return_to: Option<PathBuf>,
    /// The demo's seed.
    pub(crate) seed: u64,
    /// Simulated seconds per second in the demo.
    pub(crate) speed: u32,
    /// Starts in the tray, without a window.
    pub(crate) hidden: bool,
}

impl Arguments {
    pub(crate) fn parse(arguments: Vec<String>) -> anyhow::Result<Self> {
        let mut parsed = Self {
            demo: false,
            data_dir: None,
            return_to: None,
            seed: 1,
            speed: 1,
            hidden: false,
        };
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "demo" => parsed.demo = true,
                "--data-dir" => parsed.data_dir = Some(value()?.into()),
                "--return-to" => parsed.return_to = Some(value()?.into()),
                HIDDEN => parsed.hidden = true,
                "--seed" => parsed.seed = value()?.parse().context("--seed needs a number")?,
                "--speed" => parsed.speed = value()?.parse().context("--speed needs a whole number")?,
                other => {
                    bail!(
                        "unknown argument {other}; known are demo, --data-dir D, --return-to D, --seed N, --speed N and --hidden"
                    )
                }
            }
        }
        Ok(parsed)
    }

    /// The words that start the demo from here, or the household's own profile.
    pub(crate) fn switched(&self, demo: bool) -> Vec<PathBuf> {
        let own = if self.demo {
            &self.return_to
        } else {
            &self.data_dir
        };
        let flag = if demo { "--return-to" } else { "--data-dir" };
        let place = own.iter().flat_map(|own| [flag.into(), own.clone()]);
        demo.then(|| "demo".into()).into_iter().chain(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Arguments> {
        Arguments::parse(text.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn arguments_are_closed() {
        let expected = Arguments {
            demo: true,
            data_dir: None,
            return_to: None,
            seed: 7,
            speed: 60,
            hidden: true,
        };
        assert_eq!(
            parse("demo --seed 7 --speed 60 --hidden").expect("valid"),
            expected
        );
        assert!(parse("demo --seed").is_err());
        assert!(parse("--password secret").is_err());
    }

    #[test]
    fn the_way_into_the_demo_leads_back_to_the_same_profile() {
        for (from, demo, expected) in [
            ("", true, "demo"),
            ("", false, ""),
            ("--data-dir /p", true, "demo --return-to /p"),
            ("--data-dir /p", false, "--data-dir /p"),
            ("demo --return-to /p", false, "--data-dir /p"),
            ("demo --return-to /p", true, "demo --return-to /p"),
            ("demo --data-dir /d --seed 7", false, ""),
            ("--hidden --data-dir /p", false, "--data-dir /p"),
        ] {
            let next = parse(from).expect("valid").switched(demo);
            let words: Vec<_> = next.iter().map(|word| word.display().to_string()).collect();
            assert_eq!(words.join(" "), expected, "{from} to {demo}");
        }
    }
}
