//! Numbers and times as they are read in both languages.

use enerlink_domain::NetWattHours;

use super::*;

const ID: Language = Language::Indonesian;
const EN: Language = Language::English;

#[test]
fn tokens_have_two_decimals_and_groups_by_locale() {
    for (amount, indonesian, english) in [
        (0, "0,00", "0.00"),
        (123_456, "1.234,56", "1,234.56"),
        (-80_000, "−800,00", "−800.00"),
        (100_000_000, "1.000.000,00", "1,000,000.00"),
        (
            i128::MAX,
            "1.701.411.834.604.692.317.316.873.037.158.841.057,27",
            "1,701,411,834,604,692,317,316,873,037,158,841,057.27",
        ),
    ] {
        assert_eq!(etk(ID, Etk(amount), Sign::Negative), indonesian);
        assert_eq!(etk(EN, Etk(amount), Sign::Negative), english);
    }
    assert_eq!(etk(EN, Etk(13_100), Sign::Always), "+131.00");
    assert_eq!(etk(EN, Etk(0), Sign::Always), "0.00");
    assert_eq!(idrs(ID, Idrs(9_641_000)), "96.410,00");
}

#[test]
fn energy_is_kwh_and_below_ten_wh_it_is_wh() {
    for (micro, expected) in [
        (0, "0.00\u{a0}kWh"),
        (370_000, "0.37\u{a0}Wh"),
        (9_999_999, "10.00\u{a0}Wh"),
        (10_000_000, "0.01\u{a0}kWh"),
        (15_234_950_000, "15.23\u{a0}kWh"),
    ] {
        assert_eq!(energy(EN, MicroWh(micro)).text(), expected);
    }
    assert_eq!(period_energy(ID, NetMicroWh(87_000_000)).text(), "0,087\u{a0}kWh");
    assert_eq!(
        net_energy(EN, NetMicroWh(-131_000_000), Sign::Always).text(),
        "−0.13\u{a0}kWh"
    );
    assert_eq!(exact_energy(EN, 15_234_950_000), "15,234.950000\u{a0}Wh");
    assert_eq!(whole_wh(EN, NetMicroWh(-1_087_900_000)), "1,087\u{a0}Wh");
    assert_eq!(whole_energy(EN, NetWattHours(87)), "+87\u{a0}Wh");
}

#[test]
fn a_group_of_powers_shares_its_unit() {
    assert_eq!(power(EN, MicroWatts(2_840_000_000)), "2.84\u{a0}kW");
    assert_eq!(power(ID, MicroWatts(-994_800)), "0,99\u{a0}W");
    assert_eq!(
        PowerUnit::for_largest(2_840_000_000).digits(EN, MicroWatts(380_000_000)),
        "0.38"
    );
}

#[test]
fn times_are_local() {
    let noon = UnixMillis(1_763_726_400_000);
    assert_eq!(time_of_day(noon, 0), "12:00");
    assert_eq!(time_of_day(noon, 420), "19:00");
    assert_eq!(day_start(noon, 420), UnixMillis(1_763_658_000_000));
    assert_eq!(
        day_start(UnixMillis(1_763_658_000_000), 420),
        UnixMillis(1_763_658_000_000)
    );
    assert_eq!(day_and_month(ID, noon, 420), "21\u{a0}Nov");
    assert_eq!(day_and_month(EN, UnixMillis(1_709_164_800_000), 0), "29\u{a0}Feb");
    assert_eq!(day_and_month(ID, UnixMillis(0), 0), "1\u{a0}Jan");
}

#[test]
fn spans_and_countdowns_are_short() {
    for (milliseconds, expected) in [
        (1999, "1\u{a0}s"),
        (61_000, "1\u{a0}min"),
        (3_600_000, "1\u{a0}h"),
        (5_460_000, "1\u{a0}h 31\u{a0}min"),
        (273_600_000, "3\u{a0}d 4\u{a0}h"),
    ] {
        assert_eq!(span(EN, milliseconds), expected);
    }
    assert_eq!(
        [
            countdown(108_000),
            countdown(107_001),
            countdown(-5),
            countdown(3_700_000)
        ],
        ["1:48", "1:48", "0:00", "1:01:40"]
    );
}

#[test]
fn names_are_shortened_in_the_middle() {
    let address: Address = "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"
        .parse()
        .expect("an address");
    assert_eq!(short_address(address), "0x71C7…976F");
}

#[test]
fn rupiah_keeps_its_sen_while_there_is_room() {
    for (sen, room, indonesian, english) in [
        (144_470, Room::Enough, "Rp\u{a0}1.444,70", "Rp\u{a0}1,444.70"),
        (144_470, Room::Little, "Rp\u{a0}1.445", "Rp\u{a0}1,445"),
        (99_999, Room::Little, "Rp\u{a0}999,99", "Rp\u{a0}999.99"),
        (0, Room::Little, "Rp\u{a0}0,00", "Rp\u{a0}0.00"),
    ] {
        assert_eq!(rupiah(ID, sen, room), indonesian);
        assert_eq!(rupiah(EN, sen, room), english);
    }
}

#[test]
fn sizes_and_latencies_have_readable_units() {
    for (bytes, expected) in [
        (10_239, "10,239\u{a0}B"),
        (10_240, "10.0\u{a0}KiB"),
        (1_610_612_736, "1,536.0\u{a0}MiB"),
        (16_106_127_360, "15.0\u{a0}GiB"),
    ] {
        assert_eq!(file_size(EN, bytes), expected);
    }
    for (micros, expected) in [
        (0, "0\u{a0}µs"),
        (850, "850\u{a0}µs"),
        (1_240, "1,2\u{a0}ms"),
        (250_400, "250\u{a0}ms"),
        (3_400_000, "3,40\u{a0}s"),
    ] {
        assert_eq!(latency(ID, micros), expected);
    }
}

#[test]
fn a_round_step_says_how_many_decimals_it_needs() {
    for (step, scale, expected) in [
        (1_000_000_000, 9, 0),
        (500_000_000, 9, 1),
        (50_000_000, 9, 2),
        (2_000_000, 9, 3),
        (20_000_000, 6, 0),
    ] {
        assert_eq!(decimals_of(step, scale), expected, "{step}");
    }
}
