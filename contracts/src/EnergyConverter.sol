// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {KeptOwnership} from "./base/KeptOwnership.sol";
import {IETKToken} from "./interfaces/IETKToken.sol";
import {IEnergyConverter} from "./interfaces/IEnergyConverter.sol";
import {Bucket} from "./libraries/Bucket.sol";
import {Conversion} from "./libraries/Conversion.sol";

/// @title Energy settled into ETK
contract EnergyConverter is KeptOwnership, IEnergyConverter {
    /// @dev One settlement by the prosumer reads and writes the first two slots and no other of the meter.
    /// 56 bits of Wh are 8 000 years at the largest rated power.
    struct Meter {
        address prosumer;
        uint32 ratedPowerW;
        uint40 clearedAt;
        bool opened;
        bool retired;
        // second slot
        uint64 exportWh;
        uint64 importWh;
        int16 carry;
        uint56 mintedWh;
        uint56 burnedWh;
        // third slot
        uint64 openedExportWh;
        uint64 openedImportWh;
        // fourth slot
        address settler;
        mapping(bytes32 settlementKey => bool) processed;
    }

    uint256 private constant MAX_METER_ID = 64;
    uint256 private constant MAX_SETTLEMENT_ID = 128;
    uint256 private constant RATIO_STEP = 10;
    uint256 private constant MAX_RATIO = 1e8;
    uint256 private constant MAX_THRESHOLD_WH = 10_000;
    uint32 private constant MAX_RATED_POWER_W = 10_000_000;

    IETKToken private immutable ETK;

    // One slot, read once by each settlement.
    address private _operator;
    uint32 private _ratio = 100_000;
    uint32 private _thresholdWh = 100;

    mapping(bytes32 meterKey => Meter) private _meters;

    modifier onlyOperator() {
        if (msg.sender != _operator) revert NotOperator(msg.sender);
        _;
    }

    /// @param owner The account that names the operator, and is the operator at first
    /// @param etkToken_ The token that is minted and burned; its owner must name this contract as converter
    constructor(address owner, address etkToken_) KeptOwnership(owner) {
        if (etkToken_ == address(0)) revert ZeroAddress();
        ETK = IETKToken(etkToken_);
        _operator = owner;
        emit OperatorChanged(address(0), owner);
    }

    /// @inheritdoc IEnergyConverter
    function setOperator(address newOperator) external override onlyOwner {
        if (newOperator == address(0)) revert ZeroAddress();
        emit OperatorChanged(_operator, newOperator);
        _operator = newOperator;
    }

    /// @inheritdoc IEnergyConverter
    function setConversionRatio(uint256 newRatio) external override onlyOperator {
        if (newRatio == 0 || newRatio > MAX_RATIO || newRatio % RATIO_STEP != 0) revert RatioOutOfBounds(newRatio);
        emit ConversionRatioChanged(_ratio, newRatio);
        _ratio = SafeCast.toUint32(newRatio);
    }

    /// @inheritdoc IEnergyConverter
    function setMinSettlementThreshold(uint256 newThresholdWh) external override onlyOperator {
        if (newThresholdWh == 0 || newThresholdWh > MAX_THRESHOLD_WH) revert ThresholdOutOfBounds(newThresholdWh);
        emit MinSettlementThresholdChanged(_thresholdWh, newThresholdWh);
        _thresholdWh = SafeCast.toUint32(newThresholdWh);
    }

    /// @inheritdoc IEnergyConverter
    function registerMeter(string calldata meterId, address prosumer, uint32 ratedPowerW)
        external
        override
        onlyOperator
    {
        uint256 length = bytes(meterId).length;
        if (length == 0 || length > MAX_METER_ID) revert MeterIdLength(length);
        if (prosumer == address(0)) revert ZeroAddress();
        if (ratedPowerW == 0 || ratedPowerW > MAX_RATED_POWER_W) revert RatedPowerOutOfBounds(ratedPowerW);
        bytes32 meterKey = _key(meterId);
        Meter storage m = _meters[meterKey];
        if (m.prosumer != address(0) && !m.retired) revert MeterAlreadyRegistered();
        m.prosumer = prosumer;
        m.ratedPowerW = ratedPowerW;
        m.retired = false;
        // A bucket that is ahead of the clock stays so: retiring and registering again gives no second headroom.
        m.clearedAt = SafeCast.toUint40(Math.max(m.clearedAt, block.timestamp));
        m.settler = address(0);
        emit MeterRegistered(meterKey, meterId, prosumer, ratedPowerW);
    }

    /// @inheritdoc IEnergyConverter
    function retireMeter(string calldata meterId) external override onlyOperator {
        (Meter storage m, bytes32 meterKey) = _inService(meterId);
        m.retired = true;
        emit MeterRetired(meterKey);
    }

    /// @inheritdoc IEnergyConverter
    function openMeter(string calldata meterId, uint64 exportWh, uint64 importWh) external override {
        (Meter storage m, bytes32 meterKey) = _inService(meterId);
        if (msg.sender != m.prosumer) revert NotProsumer(msg.sender);
        if (m.opened) revert MeterAlreadyOpen();
        m.opened = true;
        m.exportWh = exportWh;
        m.importWh = importWh;
        m.openedExportWh = exportWh;
        m.openedImportWh = importWh;
        emit MeterOpened(meterKey, exportWh, importWh);
    }

    /// @inheritdoc IEnergyConverter
    function setSettler(string calldata meterId, address settlementKey) external override {
        (Meter storage m, bytes32 meterKey) = _known(meterId);
        if (msg.sender != m.prosumer) revert NotProsumer(msg.sender);
        m.settler = settlementKey;
        emit SettlerChanged(meterKey, settlementKey);
    }

    /// @inheritdoc IEnergyConverter
    function settleMeter(string calldata meterId, uint64 exportWh, uint64 importWh, string calldata settlementId)
        external
        override
        returns (int256 energyWh, int256 etkAmount)
    {
        _checkSettlementId(settlementId);
        (Meter storage m, bytes32 meterKey) = _inService(meterId);
        if (msg.sender != m.prosumer && msg.sender != m.settler) revert NotSettler(msg.sender);
        return _settleRegisters(m, meterKey, meterId, exportWh, importWh, settlementId);
    }

    /// @inheritdoc IEnergyConverter
    function processEnergySettlement(
        string calldata meterId,
        address prosumer,
        int256 energyWh,
        string calldata settlementId
    ) external override onlyOperator returns (bool) {
        _checkSettlementId(settlementId);
        (Meter storage m,) = _inService(meterId);
        if (prosumer != m.prosumer) revert ProsumerMismatch(prosumer, m.prosumer);
        bytes32 settlementKey = _key(settlementId);
        if (m.processed[settlementKey]) revert SettlementAlreadyProcessed();
        m.processed[settlementKey] = true;
        (int256 etkAmount,) = _book(m, energyWh, SignedMath.abs(energyWh));
        emit EnergySettled(meterId, prosumer, energyWh, etkAmount, settlementId);
        _pay(prosumer, etkAmount);
        return true;
    }

    /// @inheritdoc IEnergyConverter
    function operator() external view override returns (address) {
        return _operator;
    }

    /// @inheritdoc IEnergyConverter
    function etkToken() external view override returns (address) {
        return address(ETK);
    }

    /// @inheritdoc IEnergyConverter
    function conversionRatio() external view override returns (uint256) {
        return _ratio;
    }

    /// @inheritdoc IEnergyConverter
    function minSettlementThreshold() external view override returns (uint256) {
        return _thresholdWh;
    }

    /// @inheritdoc IEnergyConverter
    function calculateEtkAmount(int256 energyWh) external view override returns (int256) {
        return Conversion.convert(energyWh, _ratio);
    }

    /// @inheritdoc IEnergyConverter
    function meter(string calldata meterId) external view override returns (MeterView memory) {
        Meter storage m = _meters[_key(meterId)];
        return MeterView({
            prosumer: m.prosumer,
            settler: m.settler,
            exportWh: m.exportWh,
            importWh: m.importWh,
            openedExportWh: m.openedExportWh,
            openedImportWh: m.openedImportWh,
            opened: m.opened,
            retired: m.retired,
            ratedPowerW: m.ratedPowerW,
            clearedAt: m.clearedAt,
            carry: m.carry,
            mintedWh: m.mintedWh,
            burnedWh: m.burnedWh
        });
    }

    /// @dev The core of a settlement by registers. It does not ask who calls, so that an entry that checks the
    /// meter's own signature can use it as well.
    function _settleRegisters(
        Meter storage m,
        bytes32 meterKey,
        string calldata meterId,
        uint64 exportWh,
        uint64 importWh,
        string calldata settlementId
    ) internal returns (int256 energyWh, int256 etkAmount) {
        if (!m.opened) revert MeterNotOpen();
        (uint64 lastExportWh, uint64 lastImportWh) = (m.exportWh, m.importWh);
        if (exportWh < lastExportWh || importWh < lastImportWh) {
            revert RegisterBehind(exportWh, importWh, lastExportWh, lastImportWh);
        }
        (uint256 exported, uint256 imported) = (exportWh - lastExportWh, importWh - lastImportWh);
        if (exported == 0 && imported == 0) revert NothingToSettle();
        energyWh = SafeCast.toInt256(exported) - SafeCast.toInt256(imported);
        int256 carry;
        (etkAmount, carry) = _book(m, energyWh, Math.max(exported, imported));
        (m.exportWh, m.importWh) = (exportWh, importWh);
        address prosumer = m.prosumer;
        emit EnergySettled(meterId, prosumer, energyWh, etkAmount, settlementId);
        emit MeterSettled(meterKey, exportWh, importWh, SafeCast.toInt64(carry));
        _pay(prosumer, etkAmount);
    }

    /// @dev Enters net energy into a meter's bucket, carry and totals. `movedWh` is what went through the meter.
    function _book(Meter storage m, int256 energyWh, uint256 movedWh) private returns (int256 etkAmount, int256 carry) {
        uint256 net = SignedMath.abs(energyWh);
        if (net < _thresholdWh) revert BelowThreshold(net, _thresholdWh);
        m.clearedAt = Bucket.fill(m.clearedAt, movedWh, m.ratedPowerW);
        (etkAmount, carry) = Conversion.convert(energyWh, _ratio, m.carry);
        m.carry = SafeCast.toInt16(carry);
        if (energyWh > 0) m.mintedWh += SafeCast.toUint56(net);
        else m.burnedWh += SafeCast.toUint56(net);
    }

    /// @dev Mints or burns; the last step of a settlement, after all is written.
    function _pay(address prosumer, int256 etkAmount) private {
        uint256 amount = SignedMath.abs(etkAmount);
        if (etkAmount > 0) {
            ETK.mint(prosumer, amount);
        } else if (etkAmount < 0) {
            uint256 balance = ETK.balanceOf(prosumer);
            if (balance < amount) revert InsufficientEtk(amount - balance);
            ETK.burn(prosumer, amount);
        }
    }

    function _inService(string calldata meterId) private view returns (Meter storage m, bytes32 meterKey) {
        (m, meterKey) = _known(meterId);
        if (m.retired) revert MeterIsRetired();
    }

    function _known(string calldata meterId) private view returns (Meter storage m, bytes32 meterKey) {
        meterKey = _key(meterId);
        m = _meters[meterKey];
        if (m.prosumer == address(0)) revert MeterUnknown();
    }

    function _checkSettlementId(string calldata settlementId) private pure {
        uint256 length = bytes(settlementId).length;
        if (length == 0 || length > MAX_SETTLEMENT_ID) revert SettlementIdLength(length);
    }

    function _key(string calldata id) private pure returns (bytes32) {
        return keccak256(bytes(id));
    }
}
