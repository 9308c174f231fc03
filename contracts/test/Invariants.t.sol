// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../src/interfaces/IEnergyConverter.sol";
import {Cheats} from "./support/Cheats.sol";
import {Converter, Etk} from "./support/Deployed.sol";
import {Neighbourhood} from "./support/Neighbourhood.sol";

/// @title What holds after any sequence of actions by many prosumers
contract InvariantsTest is Cheats {
    Neighbourhood private hood;
    Converter private converter;
    Etk private etk;
    uint64[2][5] private seen;

    function setUp() public {
        hood = new Neighbourhood();
        converter = hood.converter();
        etk = hood.etk();
        // Most of the street is in service at the start, so that the runs are about settling.
        for (uint256 i; i < 4; ++i) {
            hood.register(i, i, 5_000);
            hood.open(i, uint64(i * 1_000), 0);
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(hood);
    }

    /// @dev One campaign checks all of it after every action; six campaigns would draw the same sequences six times.
    function invariant_theBooksAgree() public {
        meterEqualsTheRecord();
        registersNeverFall();
        settledNetIsWhatTheRegistersMoved();
        paymentIsExact();
        supplyIsTheSumOfBalances();
        bucketIsNeverAheadOfTheClock();
    }

    /// @dev A campaign in which nothing happens would prove nothing.
    function afterInvariant() public view {
        vm.assertGe(hood.settlements() + hood.corrections(), 1, "nothing was ever paid");
        vm.assertGe(hood.refusals(), 1, "nothing was ever refused");
    }

    /// @dev All that is kept on chain of a meter is what the record, which never read it, says.
    function meterEqualsTheRecord() private view {
        for (uint256 i; i < hood.METERS(); ++i) {
            IEnergyConverter.MeterView memory m = converter.meter(hood.idOf(i));
            Neighbourhood.Record memory r = hood.recordOf(i);
            vm.assertEq(m.prosumer, r.prosumer);
            vm.assertEq(m.settler, r.settler);
            vm.assertEq(m.retired, r.retired);
            vm.assertEq(m.opened, r.opened);
            vm.assertEq(m.ratedPowerW, r.ratedPowerW);
            vm.assertEq(m.exportWh, r.exportWh);
            vm.assertEq(m.importWh, r.importWh);
            vm.assertEq(m.openedExportWh, r.openedExportWh);
            vm.assertEq(m.openedImportWh, r.openedImportWh);
            vm.assertEq(m.mintedWh, r.mintedWh);
            vm.assertEq(m.burnedWh, r.burnedWh);
        }
    }

    function registersNeverFall() private {
        for (uint256 i; i < hood.METERS(); ++i) {
            IEnergyConverter.MeterView memory m = converter.meter(hood.idOf(i));
            vm.assertGe(m.exportWh, seen[i][0], "export fell");
            vm.assertGe(m.importWh, seen[i][1], "import fell");
            seen[i] = [m.exportWh, m.importWh];
        }
    }

    /// @dev Nothing is paid twice and nothing is lost: settled net = totals = registers less baseline.
    function settledNetIsWhatTheRegistersMoved() private view {
        for (uint256 i; i < hood.METERS(); ++i) {
            IEnergyConverter.MeterView memory m = converter.meter(hood.idOf(i));
            Neighbourhood.Record memory r = hood.recordOf(i);
            int256 exported = int256(uint256(m.exportWh)) - int256(uint256(m.openedExportWh));
            int256 imported = int256(uint256(m.importWh)) - int256(uint256(m.openedImportWh));
            int256 totals = int256(uint256(m.mintedWh)) - int256(uint256(m.burnedWh));
            vm.assertEq(exported - imported, r.settledWh, "registers");
            vm.assertEq(totals, r.settledWh + r.correctedWh, "totals");
        }
    }

    /// @dev To the thousandth of a base unit, over every change of the ratio.
    function paymentIsExact() private view {
        for (uint256 i; i < hood.METERS(); ++i) {
            Neighbourhood.Record memory r = hood.recordOf(i);
            int256 carry = converter.meter(hood.idOf(i)).carry;
            vm.assertEq(r.paid * 1_000 + carry, r.owedThousandths, "owed = paid + carry");
            vm.assertTrue(carry > -1_000 && carry < 1_000, "carry is below a base unit");
        }
    }

    function supplyIsTheSumOfBalances() private view {
        uint256 sum;
        int256 paid;
        for (uint256 i; i < hood.PROSUMERS(); ++i) {
            address account = hood.prosumers(i);
            vm.assertEq(int256(etk.balanceOf(account)), hood.received(account), "balance");
            sum += etk.balanceOf(account);
        }
        for (uint256 i; i < hood.METERS(); ++i) {
            paid += hood.recordOf(i).paid;
        }
        vm.assertEq(etk.totalSupply(), sum, "sum");
        vm.assertEq(int256(etk.totalSupply()), paid, "minted less burned");
    }

    /// @dev Whoever calls, however often, through either path: energy takes its time at rated power.
    function bucketIsNeverAheadOfTheClock() private view {
        for (uint256 i; i < hood.METERS(); ++i) {
            Neighbourhood.Record memory r = hood.recordOf(i);
            if (!r.registered) continue;
            uint256 clearedAt = converter.meter(hood.idOf(i)).clearedAt;
            vm.assertLe(clearedAt, time() + 1 hours, "bucket");
            vm.assertLe(r.since + r.usedSeconds, clearedAt, "time used");
        }
    }
}
