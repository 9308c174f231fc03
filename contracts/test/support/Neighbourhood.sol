// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyConverter} from "../../src/interfaces/IEnergyConverter.sol";
import {Cheats} from "./Cheats.sol";
import {Converter, Etk} from "./Deployed.sol";

/// @title Many prosumers and meters that act at random, and a plain record of what they were owed
/// @dev Actions that must work are called bare, so that a revert fails the run. Actions that must be refused assert
/// that they are. What is uncertain is tried, and recorded only when it worked.
contract Neighbourhood is Cheats {
    uint256 public constant METERS = 5;
    uint256 public constant PROSUMERS = 6;
    uint256 private constant START = 1_760_000_000;

    /// @dev The record of one meter, kept without reading the contract.
    struct Record {
        bool registered;
        bool retired;
        bool opened;
        address prosumer;
        address settler;
        uint32 ratedPowerW;
        uint64 openedExportWh;
        uint64 openedImportWh;
        uint64 exportWh;
        uint64 importWh;
        // What the registers paid, what the operator paid, and both in thousandths of a base unit.
        int256 settledWh;
        int256 correctedWh;
        int256 owedThousandths;
        int256 paid;
        uint256 mintedWh;
        uint256 burnedWh;
        // Seconds at rated power that all settlements took, and when the meter came into service first.
        uint256 usedSeconds;
        uint256 since;
    }

    Etk public etk;
    Converter public converter;
    address public immutable OPERATOR = named("operator");
    address[PROSUMERS] public prosumers;
    mapping(address account => int256) public received;
    uint256 public settlements;
    uint256 public corrections;
    uint256 public refusals;
    uint256 public movements;

    Record[METERS] private records;
    uint256 private time_ = START;
    uint256 private nextId;
    string[] private usedIds;
    mapping(string id => uint256) private meterOfId;

    constructor() {
        vm.warp(START);
        etk = deployEtk(address(this));
        converter = deployConverter(address(this), address(etk));
        etk.setConverter(address(converter));
        converter.setOperator(OPERATOR);
        for (uint256 i; i < PROSUMERS; ++i) {
            prosumers[i] = named(string.concat("prosumer ", vm.toString(i)));
        }
    }

    /// @dev Each call starts at the record's own time, whatever the fuzzer did to the block.
    modifier onTime() {
        vm.warp(time_);
        _;
    }

    function recordOf(uint256 meter) external view returns (Record memory) {
        return records[meter];
    }

    function idOf(uint256 meter) public pure returns (string memory) {
        return string.concat("meter-", vm.toString(meter));
    }

    function wait(uint256 seconds_, bool long) external {
        time_ += within(seconds_, 1, long ? 12 days : 3 hours);
        vm.warp(time_);
    }

    /// @dev Everything that changes seldom is one action, so that most actions are about energy.
    function administer(uint256 what, uint256 meter, uint256 who, uint256 ratio, uint256 thresholdWh) external onTime {
        if (what % 3 == 0) retire(meter);
        else if (what % 3 == 1) authorise(meter, who);
        else changeTerms(ratio, thresholdWh);
    }

    function register(uint256 meter, uint256 prosumer, uint32 ratedPowerW) external onTime {
        Record storage r = records[meter % METERS];
        ratedPowerW = uint32(within(ratedPowerW, 200, 20_000));
        address account = prosumers[prosumer % PROSUMERS];
        vm.prank(OPERATOR);
        if (r.registered && !r.retired) {
            vm.expectRevert(IEnergyConverter.MeterAlreadyRegistered.selector);
            converter.registerMeter(idOf(meter % METERS), account, ratedPowerW);
            ++refusals;
            return;
        }
        converter.registerMeter(idOf(meter % METERS), account, ratedPowerW);
        if (!r.registered) r.since = time_;
        (r.registered, r.retired) = (true, false);
        (r.prosumer, r.settler, r.ratedPowerW) = (account, address(0), ratedPowerW);
    }

    function retire(uint256 meter) private {
        Record storage r = records[meter % METERS];
        if (!r.registered || r.retired) return;
        vm.prank(OPERATOR);
        converter.retireMeter(idOf(meter % METERS));
        r.retired = true;
    }

    function open(uint256 meter, uint64 exportWh, uint64 importWh) external onTime {
        Record storage r = records[meter % METERS];
        if (!r.registered || r.retired) return;
        if (r.opened) vm.expectRevert(IEnergyConverter.MeterAlreadyOpen.selector);
        (exportWh, importWh) = (exportWh / 2, importWh / 2);
        vm.prank(r.prosumer);
        converter.openMeter(idOf(meter % METERS), exportWh, importWh);
        if (r.opened) return;
        r.opened = true;
        (r.openedExportWh, r.openedImportWh) = (exportWh, importWh);
        (r.exportWh, r.importWh) = (exportWh, importWh);
    }

    function authorise(uint256 meter, uint256 settler) private {
        Record storage r = records[meter % METERS];
        if (!r.registered) return;
        address account = settler % 3 == 0 ? address(0) : prosumers[settler % PROSUMERS];
        vm.prank(r.prosumer);
        converter.setSettler(idOf(meter % METERS), account);
        r.settler = account;
    }

    /// @dev Any caller, any step: it must work exactly when the record says that it may.
    function settle(uint256 meter, uint256 caller, uint64 exported, uint64 imported) external onTime {
        Record storage r = records[meter % METERS];
        exported = uint64(within(exported, 0, 6_000));
        imported = uint64(within(imported, 0, 6_000));
        address account = caller % 3 == 0 ? prosumers[(caller / 3) % PROSUMERS] : r.prosumer;
        if (caller % 3 == 1 && r.settler != address(0)) account = r.settler;
        int256 net = int256(uint256(exported)) - int256(uint256(imported));
        bool may = r.registered && !r.retired && r.opened && (account == r.prosumer || account == r.settler);
        vm.prank(account);
        try converter.settleMeter(idOf(meter % METERS), r.exportWh + exported, r.importWh + imported, "s") returns (
            int256 energyWh, int256 amount
        ) {
            vm.assertTrue(may, "settled by somebody who may not");
            vm.assertEq(energyWh, net, "energy");
            r.exportWh += exported;
            r.importWh += imported;
            r.settledWh += net;
            enter(r, net, exported > imported ? exported : imported, amount);
            ++settlements;
        } catch (bytes memory reason) {
            vm.assertTrue(!may || excused(r, net, exported > imported ? exported : imported, reason), "refused");
            ++refusals;
        }
    }

    /// @dev A step that the terms, the bucket and the balance allow must work.
    function settleRightly(uint256 meter, bool byKey, int256 net, uint64 both) external onTime {
        meter = inService(meter);
        Record storage r = records[meter];
        if (!r.opened || r.retired) return;
        net = affordable(meter, net);
        uint256 size = uint256(net < 0 ? -net : net);
        uint64 other = uint64(within(both, 0, room(meter) - size));
        uint64 exported = other + (net > 0 ? uint64(size) : 0);
        uint64 imported = other + (net > 0 ? 0 : uint64(size));
        vm.prank(byKey && r.settler != address(0) ? r.settler : r.prosumer);
        (int256 energyWh, int256 amount) =
            converter.settleMeter(idOf(meter), r.exportWh + exported, r.importWh + imported, "s");
        vm.assertEq(energyWh, net, "energy");
        r.exportWh += exported;
        r.importWh += imported;
        r.settledWh += net;
        enter(r, net, size + other, amount);
        ++settlements;
    }

    /// @dev A correction within terms, bucket and balance must work too.
    function correctRightly(uint256 meter, int256 net) external onTime {
        meter = inService(meter);
        Record storage r = records[meter];
        if (!r.registered || r.retired) return;
        net = affordable(meter, net);
        string memory id = string.concat("r", vm.toString(nextId++));
        int256 before = int256(etk.balanceOf(r.prosumer));
        vm.prank(OPERATOR);
        converter.processEnergySettlement(idOf(meter), r.prosumer, net, id);
        r.correctedWh += net;
        enter(r, net, uint256(net < 0 ? -net : net), int256(etk.balanceOf(r.prosumer)) - before);
        usedIds.push(id);
        meterOfId[id] = meter;
        ++corrections;
    }

    /// @dev The first meter from `meter` on that is open and not retired, if any.
    function inService(uint256 meter) private view returns (uint256) {
        for (uint256 i; i < METERS; ++i) {
            Record storage r = records[(meter % METERS + i) % METERS];
            if (r.opened && !r.retired) return (meter % METERS + i) % METERS;
        }
        return meter % METERS;
    }

    /// @dev Net energy that may be settled now; waits for room, and turns a burn that cannot be paid around.
    function affordable(uint256 meter, int256 net) private returns (int256) {
        uint256 threshold = converter.minSettlementThreshold();
        if (room(meter) < threshold) {
            time_ += 3 hours;
            vm.warp(time_);
        }
        uint256 size = within(uint256(net < 0 ? ~net : net), threshold, room(meter));
        bool pays = etk.balanceOf(records[meter].prosumer) * 1_000 >= size * converter.conversionRatio() + 1_000;
        return net < 0 && pays ? -int256(size) : int256(size);
    }

    /// @dev What the wallet computes: the Wh that the bucket still takes.
    function room(uint256 meter) private view returns (uint256) {
        uint256 clearedAt = converter.meter(idOf(meter)).clearedAt;
        uint256 from = clearedAt > time_ - 7 days ? clearedAt : time_ - 7 days;
        return (time_ + 1 hours - from) * records[meter].ratedPowerW / 1 hours;
    }

    /// @dev The registers last settled, or lower ones, never pay again, whoever sends them under whatever id.
    function replay(uint256 meter, uint64 lessExport, uint64 lessImport, string calldata id) external onTime {
        Record storage r = records[meter % METERS];
        if (!r.opened || r.retired) return;
        uint64 exportWh = lessExport % 3 == 0 ? r.exportWh : r.exportWh - uint64(within(lessExport, 0, r.exportWh));
        uint64 importWh = lessImport % 3 == 0 ? r.importWh : r.importWh - uint64(within(lessImport, 0, r.importWh));
        vm.prank(r.prosumer);
        try converter.settleMeter(idOf(meter % METERS), exportWh, importWh, id) {
            vm.assertTrue(false, "paid twice");
        } catch {
            ++refusals;
        }
    }

    function correct(uint256 meter, int256 energyWh, uint256 named_) external onTime {
        Record storage r = records[meter % METERS];
        energyWh = within(energyWh, -3_000, 3_000);
        address account = named_ % 4 == 0 ? prosumers[(named_ / 4) % PROSUMERS] : r.prosumer;
        string memory id = string.concat("c", vm.toString(nextId++));
        uint256 moved = uint256(energyWh < 0 ? -energyWh : energyWh);
        bool may = r.registered && !r.retired && account == r.prosumer;
        int256 before = int256(etk.balanceOf(account));
        vm.prank(OPERATOR);
        try converter.processEnergySettlement(idOf(meter % METERS), account, energyWh, id) {
            vm.assertTrue(may, "corrected for somebody else");
            r.correctedWh += energyWh;
            enter(r, energyWh, moved, int256(etk.balanceOf(account)) - before);
            usedIds.push(id);
            meterOfId[id] = meter % METERS;
            ++corrections;
        } catch (bytes memory reason) {
            vm.assertTrue(!may || excused(r, energyWh, moved, reason), "refused");
            ++refusals;
        }
    }

    function correctAgain(uint256 which, int256 energyWh) external onTime {
        if (usedIds.length == 0) return;
        string memory id = usedIds[which % usedIds.length];
        uint256 meter = meterOfId[id];
        if (records[meter].retired) return;
        vm.prank(OPERATOR);
        vm.expectRevert(IEnergyConverter.SettlementAlreadyProcessed.selector);
        converter.processEnergySettlement(idOf(meter), records[meter].prosumer, energyWh, id);
        ++refusals;
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external onTime {
        address source = prosumers[from % PROSUMERS];
        address target = prosumers[to % PROSUMERS];
        amount = within(amount, 0, etk.balanceOf(source));
        vm.prank(source);
        etk.transfer(target, amount);
        received[source] -= int256(amount);
        received[target] += int256(amount);
        if (amount > 0) ++movements;
    }

    function changeTerms(uint256 ratio, uint256 thresholdWh) private {
        vm.startPrank(OPERATOR);
        converter.setConversionRatio(within(ratio, 1, 20_000) * 10);
        converter.setMinSettlementThreshold(within(thresholdWh, 1, 300));
        vm.stopPrank();
    }

    function enter(Record storage r, int256 net, uint256 moved, int256 amount) private {
        r.owedThousandths += net * int256(converter.conversionRatio());
        r.paid += amount;
        if (net > 0) r.mintedWh += uint256(net);
        else r.burnedWh += uint256(-net);
        r.usedSeconds += (moved * 1 hours + r.ratedPowerW - 1) / r.ratedPowerW;
        received[r.prosumer] += amount;
    }

    /// @dev Whether somebody who may settle was refused for a reason that is true.
    function excused(Record storage r, int256 net, uint256 moved, bytes memory reason) private view returns (bool) {
        uint256 size = uint256(net < 0 ? -net : net);
        bytes4 selector = bytes4(reason);
        if (selector == IEnergyConverter.NothingToSettle.selector) return moved == 0;
        if (selector == IEnergyConverter.BelowThreshold.selector) return size < converter.minSettlementThreshold();
        if (selector == IEnergyConverter.InsufficientEtk.selector) {
            return net < 0 && etk.balanceOf(r.prosumer) * 1_000 < size * converter.conversionRatio() + 1_000;
        }
        // An hour at rated power is always allowed to a meter that has rested.
        return selector == IEnergyConverter.Implausible.selector && (moved > r.ratedPowerW || r.usedSeconds > 0);
    }
}
