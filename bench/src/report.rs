//! What came of the measurements: a table for people, or one JSON object.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::measure::Times;

/// All figures of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) figures: Vec<Figure>,
}

/// One figure of the product beside its peer's; medians unless they say otherwise.
#[derive(Serialize)]
pub(crate) struct Figure {
    pub(crate) bench: &'static str,
    pub(crate) figure: String,
    pub(crate) unit: &'static str,
    pub(crate) product: f64,
    pub(crate) product_worst: f64,
    /// What the peer is, and what it does not do.
    pub(crate) peer: &'static str,
    pub(crate) peer_value: f64,
    pub(crate) peer_worst: f64,
    /// Product over peer.
    pub(crate) ratio: f64,
    pub(crate) goal: String,
    pub(crate) met: bool,
}

/// What is measured of a side.
#[derive(Clone, Copy)]
pub(crate) struct Side {
    pub(crate) median: f64,
    pub(crate) worst: f64,
}

impl Side {
    /// In milliseconds.
    pub(crate) fn millis(times: Times) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        Self {
            median: millis(times.median),
            worst: millis(times.worst),
        }
    }

    /// How many a second, when `count` took that long.
    pub(crate) fn rate(count: usize, times: Times) -> Self {
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        Self {
            median: rate(times.median),
            worst: rate(times.worst),
        }
    }

    /// The same whenever it is asked for.
    pub(crate) fn steady(value: f64) -> Self {
        Self {
            median: value,
            worst: value,
        }
    }
}

/// What shall hold of the medians.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// Product over peer.
    RatioAtMost(f64),
    /// Product over peer.
    RatioAtLeast(f64),
    /// The product by itself.
    AtMost(f64),
}

impl Figure {
    pub(crate) fn new(
        goal: Goal,
        bench: &'static str,
        figure: impl Into<String>,
        unit: &'static str,
        peer: &'static str,
        [product, other]: [Side; 2],
    ) -> Self {
        let ratio = product.median / other.median;
        let (goal, met) = match goal {
            Goal::RatioAtMost(limit) => (format!("<= {limit}"), ratio <= limit),
            Goal::RatioAtLeast(limit) => (format!(">= {limit}"), ratio >= limit),
            Goal::AtMost(limit) => (format!("<= {limit} {unit}"), product.median <= limit),
        };
        Self {
            bench,
            figure: figure.into(),
            unit,
            product: rounded(product.median, 100.0),
            product_worst: rounded(product.worst, 100.0),
            peer,
            peer_value: rounded(other.median, 100.0),
            peer_worst: rounded(other.worst, 100.0),
            ratio: rounded(ratio, 10_000.0),
            goal,
            met,
        }
    }

    /// Times in milliseconds, where the product may take at most `limit` times as long as its peer.
    pub(crate) fn at_most(
        limit: f64,
        bench: &'static str,
        figure: String,
        peer: &'static str,
        sides: [Times; 2],
    ) -> Self {
        let goal = Goal::RatioAtMost(limit);
        Self::new(goal, bench, figure, "ms", peer, sides.map(Side::millis))
    }
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

impl Report {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("names are strings and figures are finite")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.machine)?;
        let head = [
            "bench", "figure", "unit", "product", "(worst)", "peer", "(worst)", "ratio", "goal",
        ];
        let rows = self.figures.iter().map(|figure| {
            let number = |value: f64| format!("{value:.2}");
            [
                figure.bench.to_owned(),
                figure.figure.clone(),
                figure.unit.to_owned(),
                number(figure.product),
                number(figure.product_worst),
                number(figure.peer_value),
                number(figure.peer_worst),
                format!("{:.4}", figure.ratio),
                format!("{} {}", figure.goal, if figure.met { "met" } else { "NOT MET" }),
            ]
        });
        let rows: Vec<[String; 9]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
        for row in &rows {
            let cells = row.iter().enumerate().map(|(at, cell)| {
                let width = rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
                if (3..8).contains(&at) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:width$}")
                }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        writeln!(f)?;
        let mut told: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !told.contains(&figure.peer) {
                writeln!(f, "{}: the peer is {}", figure.bench, figure.peer)?;
                told.push(figure.peer);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(median: u64, worst: u64) -> Times {
        Times {
            median: Duration::from_millis(median),
            worst: Duration::from_millis(worst),
        }
    }

    fn report(product: u64) -> Report {
        let sides = [times(product, 900), times(800, 850)];
        Report {
            machine: "a machine".to_owned(),
            figures: vec![Figure::at_most(
                1.05,
                "unlock",
                "default".to_owned(),
                "nobody",
                sides,
            )],
        }
    }

    #[test]
    fn the_object_has_the_agreed_names() {
        let json: serde_json::Value = serde_json::from_str(&report(820).to_json()).expect("JSON");
        assert_eq!(json["machine"], "a machine");
        let figure = &json["figures"][0];
        assert_eq!(
            (&figure["bench"], &figure["figure"]),
            (&"unlock".into(), &"default".into())
        );
        assert_eq!(
            (&figure["unit"], &figure["peer"]),
            (&"ms".into(), &"nobody".into())
        );
        assert_eq!(
            (&figure["product"], &figure["peer_value"]),
            (&820.0.into(), &800.0.into())
        );
        assert_eq!(
            (&figure["ratio"], &figure["goal"]),
            (&1.025.into(), &"<= 1.05".into())
        );
        assert_eq!(figure["met"], true);
    }

    #[test]
    fn an_unmet_goal_is_said() {
        assert!(!report(840).to_string().contains("NOT MET"));
        let report = report(841).to_string();
        assert!(
            report.contains("841.00   900.00  800.00   850.00  1.0513  <= 1.05 NOT MET"),
            "{report}"
        );
        assert!(report.ends_with("unlock: the peer is nobody\n"), "{report}");
    }

    #[test]
    fn rates_fall_and_times_rise_when_it_gets_worse() {
        let rate = Side::rate(1_000, times(500, 1_000));
        assert_eq!((rate.median, rate.worst), (2_000.0, 1_000.0));
        let met = |goal| {
            Figure::new(
                goal,
                "b",
                "f",
                "x",
                "nobody",
                [Side::steady(10.0), Side::steady(5.0)],
            )
            .met
        };
        assert!(met(Goal::RatioAtLeast(2.0)) && !met(Goal::RatioAtLeast(2.1)));
        assert!(met(Goal::RatioAtMost(2.0)) && !met(Goal::RatioAtMost(1.9)));
        assert!(met(Goal::AtMost(10.0)) && !met(Goal::AtMost(9.9)));
    }
}
