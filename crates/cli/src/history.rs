//! `enerlink history`.

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{
    MicroWh, UnixMillis, csv,
    figure::Figure,
    view::{DayEnergy, History},
};
use enerlink_engine::Access;
use serde::Serialize;
use serde_json::json;

use crate::{
    arguments::HistoryArguments,
    failure::{Failure, Outcome},
    moment::{self, Moment},
    output, session,
};

/// More bars than a screen shows are not asked for at once.
const MOST: usize = 401;

pub(crate) async fn history(arguments: HistoryArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.profile.data_dir, Access::ReadOnly).await?;
    let meter = session::meter_or_first(&engine, arguments.meter)?;
    // Energy is kept by the minute: the one that runs belongs to it.
    let minute = Duration::from_secs(60);
    let this_minute = || engine.now().floor_to(minute).plus(minute);
    let to = arguments.to.map_or_else(this_minute, Moment::end);
    let from = arguments
        .from
        .map_or_else(|| moment::default_begin(arguments.by, to), Moment::begin);
    if to <= from {
        return Err(Failure::input("the history ends before it begins"));
    }
    let edges = moment::edges(from, to, arguments.by, MOST)
        .ok_or_else(|| Failure::input("more than 400 bars: choose a shorter range, or days or months"))?;
    let history = engine.history(&meter, &edges).await?;
    if let Some(path) = arguments.csv {
        let file = engine.save_table(table(&edges, &history), &path).await?;
        output::answer(
            json,
            &json!({ "path": file.path, "rows": history.bars.len() }),
            |_| format!("{} bars are in {}.", history.bars.len(), file.path),
        );
        return Ok(());
    }
    // As much time as this, just before it; what was not recorded from its beginning on is nothing to compare with.
    let before = UnixMillis(from.0.saturating_sub(to.0.saturating_sub(from.0)));
    let past = engine.history(&meter, &[before, from]).await?;
    let past = Some(past).filter(|_| history.first.is_some_and(|first| first <= before));
    let figures = compared(&history, past.as_ref(), engine.preferences().tariff_sen_per_kwh);
    let by_name: BTreeMap<&str, &Compared> = figures
        .iter()
        .map(|(figure, compared)| (figure.as_str(), compared))
        .collect();
    let value = json!({
        "meter": meter,
        "edges": edges,
        "history": history,
        "before": { "from": before, "to": from },
        "figures": by_name,
    });
    output::answer(json, &value, |_| lines(&edges, &history, &figures));
    Ok(())
}

/// A figure, and the same of the time before.
#[derive(Serialize)]
struct Compared {
    now: String,
    before: Option<String>,
    unit: &'static str,
}

fn compared(history: &History, past: Option<&History>, tariff: u64) -> Vec<(Figure, Compared)> {
    let of = |figure: Figure| {
        let now = figure.of(history, tariff);
        let compared = Compared {
            now: now.exact(),
            before: past.map(|past| figure.of(past, tariff).exact()),
            unit: now.unit(),
        };
        (figure, compared)
    };
    Figure::ALL.map(of).into()
}

fn lines(edges: &[UnixMillis], history: &History, compared: &[(Figure, Compared)]) -> String {
    let line = |title: &str, bar: &DayEnergy| {
        let [produced, used, exported, imported] = figures(bar).map(|figure| format!("{figure:>12}"));
        format!("{title:<19} {produced} {used} {exported} {imported}")
    };
    let mut lines = vec![format!(
        "{:<19} {:>12} {:>12} {:>12} {:>12}",
        "kWh from", "produced", "used", "exported", "imported"
    )];
    let bars = edges.iter().zip(&history.bars);
    lines.extend(bars.map(|(from, bar)| line(&moment::shown(*from), bar)));
    lines.push(line("in all", &history.total));
    lines.push(format!(
        "{:<19} {:>20} {:>20}",
        format!("{} settlement(s)", history.settlements),
        "now",
        "as long before"
    ));
    let written = |text: &str, unit| match text {
        "" => "–".to_owned(),
        text => format!("{text} {unit}"),
    };
    lines.extend(compared.iter().map(|(figure, compared)| {
        let before = compared.before.as_deref().unwrap_or_default();
        let [now, before] = [compared.now.as_str(), before].map(|text| written(text, compared.unit));
        format!("{:<19} {now:>20} {before:>20}", figure.as_str())
    }));
    lines.join("\n")
}

fn table(edges: &[UnixMillis], history: &History) -> String {
    let titles = [
        "from",
        "from_ms",
        "to_ms",
        "produced_kwh",
        "used_kwh",
        "exported_kwh",
        "imported_kwh",
    ];
    let rows = edges.windows(2).zip(&history.bars).map(|(stretch, bar)| {
        let (from, to) = (stretch[0], stretch[1]);
        let mut row = vec![moment::shown(from), from.to_string(), to.to_string()];
        row.extend(figures(bar));
        row
    });
    csv::write(std::iter::once(titles.map(str::to_owned).to_vec()).chain(rows))
}

fn figures(bar: &DayEnergy) -> [String; 4] {
    [bar.produced, bar.used, bar.exported, bar.imported].map(kwh)
}

/// Kilowatt-hours, to the milliwatt-hour.
fn kwh(energy: MicroWh) -> String {
    let milli = energy.0 / 1000;
    format!("{}.{:06}", milli / 1_000_000, milli % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_exact_to_the_milliwatt_hour() {
        assert_eq!(kwh(MicroWh(1_234_567_891_234)), "1234.567891");
        assert_eq!(kwh(MicroWh(999)), "0.000000");
        let bar = DayEnergy {
            produced: MicroWh(2_500_000_000),
            ..DayEnergy::default()
        };
        let history = History {
            bars: vec![bar],
            total: bar,
            settlements: 0,
            minted: enerlink_domain::Etk(0),
            burned: enerlink_domain::Etk(0),
            first: None,
        };
        let csv = table(&[UnixMillis(0), UnixMillis(3_600_000)], &history);
        let row = csv.lines().nth(1).expect("a row");
        assert!(
            row.ends_with(",0,3600000,2.500000,0.000000,0.000000,0.000000"),
            "{row}"
        );
    }
}
