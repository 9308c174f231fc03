//! Settlements as lines of a table, with the unit of each column in its title.

use enerlink_domain::Settlement;

use super::rows::utc;

/// The titles of [`row`]'s columns.
pub(super) fn titles() -> Vec<String> {
    let titles = [
        "settlement_id",
        "meter_id",
        "prosumer",
        "created_at_utc",
        "created_at_ms",
        "settled_at_utc",
        "settled_at_ms",
        "status",
        "stage",
        "trigger",
        "raw_export_kwh",
        "raw_import_kwh",
        "net_kwh_from_grid",
        "energy_wh",
        "etk",
        "from_export_wh",
        "from_import_wh",
        "to_export_wh",
        "to_import_wh",
        "tx_hash",
        "block",
        "reason",
        "register_export_uwh",
        "register_import_uwh",
        "epoch",
        "epochs_crossed",
        "readings_from_utc",
        "readings_to_utc",
        "ratio",
        "carry_before",
    ];
    titles.map(str::to_owned).to_vec()
}

/// One settlement.
pub(super) fn row(row: &Settlement) -> Vec<String> {
    let energy = row.breakdown();
    let opt = |value: Option<String>| value.unwrap_or_default();
    let mut fields = vec![
        row.settlement_id.clone(),
        row.meter_id.to_string(),
        row.prosumer.to_string(),
        utc(row.created_at),
        row.created_at.to_string(),
        opt(row.settled_at.map(utc)),
        opt(row.settled_at.map(|at| at.to_string())),
        row.status.as_str().to_owned(),
        row.stage.as_str().to_owned(),
        row.trigger.as_str().to_owned(),
        energy.raw_export_kwh,
        energy.raw_import_kwh,
        energy.net_kwh_from_grid,
        row.energy_wh.0.to_string(),
        row.etk.to_string(),
        row.from.export.0.to_string(),
        row.from.import.0.to_string(),
        row.to.export.0.to_string(),
        row.to.import.0.to_string(),
        opt(row.tx.map(|tx| tx.to_string())),
        opt(row.block.map(|block| block.to_string())),
        opt(row.reason.clone()),
    ];
    let basis = row.basis.as_ref();
    fields.extend([
        opt(basis.map(|basis| basis.export.0.to_string())),
        opt(basis.map(|basis| basis.import.0.to_string())),
        opt(basis.map(|basis| basis.epoch.to_string())),
        opt(basis.map(|basis| basis.epochs_crossed.to_string())),
        opt(basis.and_then(|basis| basis.from).map(utc)),
        opt(basis.and_then(|basis| basis.to).map(utc)),
        opt(basis.map(|basis| basis.ratio.to_string())),
        opt(basis.map(|basis| basis.carry.to_string())),
    ]);
    fields
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        Address, Etk, NetWattHours, SettlementStage, Status, Trigger, UnixMillis, WattHours,
        settlement::Watermark,
    };

    use super::*;

    #[test]
    fn every_column_has_its_title() {
        let mark = |export, import| Watermark {
            export: WattHours(export),
            import: WattHours(import),
        };
        let settlement = Settlement {
            settlement_id: "M/15230/1500".to_owned(),
            meter_id: "M".parse().expect("an id"),
            prosumer: Address::ZERO,
            status: Status::Success,
            stage: SettlementStage::Final,
            trigger: Trigger::Manual,
            from: mark(0, 1000),
            to: mark(15_230, 1500),
            energy_wh: NetWattHours(14_730),
            etk: Etk(1_473_000),
            tx: None,
            block: Some(7),
            confirmations: 9,
            reason: None,
            created_at: UnixMillis(0),
            settled_at: None,
            basis: None,
        };
        let (titles, row) = (titles(), row(&settlement));
        assert_eq!(titles.len(), row.len());
        let of = |title: &str| {
            let at = titles.iter().position(|found| found == title);
            row[at.expect("a column")].as_str()
        };
        let energy = ["raw_export_kwh", "raw_import_kwh", "net_kwh_from_grid", "etk"].map(of);
        assert_eq!(energy, ["15.230", "0.500", "14.730", "14730.00"]);
        assert_eq!(
            (of("created_at_utc"), of("settled_at_ms")),
            ("1970-01-01T00:00:00.000Z", "")
        );
    }
}
