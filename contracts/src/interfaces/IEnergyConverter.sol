// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Energy settled into ETK
/// @notice Keeps, per meter, the registers last settled, and pays the net difference to the next ones.
/// Energy is whole watt-hours (Wh), ETK is base units of 0.01 ETK, power is watts, time is Unix seconds.
/// @dev `meterKey` is keccak256 of the meter id's bytes.
interface IEnergyConverter {
    /// @notice What is stored of one meter; all zero when the meter is unknown
    /// @param prosumer Whose meter it is
    /// @param settler The key that may settle this meter besides the prosumer; zero for none
    /// @param exportWh Export register last settled
    /// @param importWh Import register last settled
    /// @param openedExportWh Export register of the baseline
    /// @param openedImportWh Import register of the baseline
    /// @param opened Whether the baseline is set
    /// @param retired Whether the meter is out of service
    /// @param ratedPowerW Rated power, the rate at which the plausibility bucket drains
    /// @param clearedAt Until when the energy settled so far fills the meter's time at rated power
    /// @param carry Remainder of the conversion in thousandths of a base unit, between -999 and 999
    /// @param mintedWh Sum of all positive settlements
    /// @param burnedWh Sum of all negative settlements, as a positive number
    struct MeterView {
        address prosumer;
        address settler;
        uint64 exportWh;
        uint64 importWh;
        uint64 openedExportWh;
        uint64 openedImportWh;
        bool opened;
        bool retired;
        uint32 ratedPowerW;
        uint64 clearedAt;
        int64 carry;
        uint64 mintedWh;
        uint64 burnedWh;
    }

    /// @notice A meter was registered, or registered again after it was retired
    event MeterRegistered(bytes32 indexed meterKey, string meterId, address indexed prosumer, uint32 ratedPowerW);
    /// @notice A meter was taken out of service
    event MeterRetired(bytes32 indexed meterKey);
    /// @notice The baseline of a meter was set; nothing was paid
    event MeterOpened(bytes32 indexed meterKey, uint64 exportWh, uint64 importWh);
    /// @notice Another key, or with zero none, may settle this meter besides the prosumer
    event SettlerChanged(bytes32 indexed meterKey, address settler);
    /// @notice Energy was paid: a positive amount was minted, a negative one burned
    /// @param energyWh Net energy, export less import
    /// @param etkAmount ETK base units, of the same sign or zero
    event EnergySettled(
        string meterId, address indexed prosumer, int256 energyWh, int256 etkAmount, string settlementId
    );
    /// @notice The registers of a meter moved; follows the `EnergySettled` of the same settlement
    /// @param carry Remainder of the conversion in thousandths of a base unit
    event MeterSettled(bytes32 indexed meterKey, uint64 exportWh, uint64 importWh, int64 carry);
    /// @notice The conversion ratio changed
    event ConversionRatioChanged(uint256 from, uint256 to);
    /// @notice The smallest net energy of a settlement changed
    event MinSettlementThresholdChanged(uint256 from, uint256 to);
    /// @notice Another account now holds the operator role
    event OperatorChanged(address indexed from, address indexed to);

    /// @notice Only the operator may call this
    error NotOperator(address caller);
    /// @notice Only the prosumer of the meter may call this
    error NotProsumer(address caller);
    /// @notice Only the prosumer of the meter and its settlement key may call this
    error NotSettler(address caller);
    /// @notice The meter belongs to another prosumer than the one named
    error ProsumerMismatch(address named, address registered);
    /// @notice No meter with this id was ever registered
    error MeterUnknown();
    /// @notice The meter is registered and not retired
    error MeterAlreadyRegistered();
    /// @notice The meter is out of service
    error MeterIsRetired();
    /// @notice The baseline is set already
    error MeterAlreadyOpen();
    /// @notice The baseline is not set yet
    error MeterNotOpen();
    /// @notice A register is below the one last settled
    error RegisterBehind(uint64 exportWh, uint64 importWh, uint64 lastExportWh, uint64 lastImportWh);
    /// @notice Both registers are the ones last settled
    error NothingToSettle();
    /// @notice The net energy, without its sign, is below the minimum of a settlement
    error BelowThreshold(uint256 energyWh, uint256 thresholdWh);
    /// @notice The meter cannot have moved so much energy at its rated power
    /// @param clearedAt Where the bucket would stand, at most the largest uint64
    /// @param limit The latest time that it may stand at
    error Implausible(uint64 clearedAt, uint64 limit);
    /// @notice The prosumer's balance cannot pay the burn
    /// @param missing ETK base units that the prosumer lacks
    error InsufficientEtk(uint256 missing);
    /// @notice This settlement id was used for this meter before
    error SettlementAlreadyProcessed();
    /// @notice The ratio is not a multiple of 10 between 10 and 1e8
    error RatioOutOfBounds(uint256 ratio);
    /// @notice The threshold is not between 1 and 10 000 Wh
    error ThresholdOutOfBounds(uint256 thresholdWh);
    /// @notice The rated power is not between 1 W and 10 MW
    error RatedPowerOutOfBounds(uint32 ratedPowerW);
    /// @notice A meter id has 1 to 64 bytes
    error MeterIdLength(uint256 length);
    /// @notice A settlement id has 1 to 128 bytes
    error SettlementIdLength(uint256 length);

    /// @notice The account that registers meters and sets the terms; at first the owner
    function operator() external view returns (address);

    /// @notice Gives the operator role to another account; owner only
    /// @dev Reverts with `ZeroAddress` for zero. The owner keeps no operator rights unless it is the operator.
    function setOperator(address newOperator) external;

    /// @notice The token that is minted and burned
    function etkToken() external view returns (address);

    /// @notice ETK base units for 1000 Wh: 100 000 means that 1 Wh is 1.00 ETK
    function conversionRatio() external view returns (uint256);

    /// @notice Sets the conversion ratio, for settlements from now on; operator only
    /// @dev Reverts with `RatioOutOfBounds`
    function setConversionRatio(uint256 newRatio) external;

    /// @notice The smallest net energy, without its sign, that a settlement may have, in Wh
    function minSettlementThreshold() external view returns (uint256);

    /// @notice Sets the smallest net energy of a settlement, in Wh; operator only
    /// @dev Reverts with `ThresholdOutOfBounds`
    function setMinSettlementThreshold(uint256 newThresholdWh) external;

    /// @notice ETK base units for `energyWh`, truncated toward zero, without any meter's carry
    /// @dev Reverts with Panic(0x11) when the product leaves int256
    function calculateEtkAmount(int256 energyWh) external view returns (int256);

    /// @notice What is stored of a meter; all zero when it is unknown
    function meter(string calldata meterId) external view returns (MeterView memory);

    /// @notice Puts a meter into service for `prosumer`; operator only
    /// @dev A retired meter keeps its registers, carry, totals and settlement ids, and loses its settlement key.
    /// Its bucket does not become emptier than it was.
    /// Reverts with `MeterIdLength`, `ZeroAddress`, `RatedPowerOutOfBounds` or `MeterAlreadyRegistered`.
    function registerMeter(string calldata meterId, address prosumer, uint32 ratedPowerW) external;

    /// @notice Takes a meter out of service; operator only
    /// @dev Reverts with `MeterUnknown` or `MeterIsRetired`
    function retireMeter(string calldata meterId) external;

    /// @notice Sets the baseline of a meter, once, and pays nothing; prosumer only
    /// @dev Reverts with `MeterUnknown`, `MeterIsRetired`, `NotProsumer` or `MeterAlreadyOpen`
    function openMeter(string calldata meterId, uint64 exportWh, uint64 importWh) external;

    /// @notice Allows `settlementKey` to call `settleMeter` for this meter and nothing else; zero revokes; prosumer only
    /// @dev Works for a retired meter too, so that a key can always be revoked.
    /// Reverts with `MeterUnknown` or `NotProsumer`.
    function setSettler(string calldata meterId, address settlementKey) external;

    /// @notice Pays the net energy between these registers and the ones last settled; prosumer or settlement key
    /// @param exportWh Export register, whole Wh
    /// @param importWh Import register, whole Wh
    /// @param settlementId Emitted, not stored: the registers alone make a second payment impossible
    /// @return energyWh Net energy paid, export less import
    /// @return etkAmount Base units minted to (positive) or burned from (negative) the prosumer
    /// @dev Reverts, in this order, with `SettlementIdLength`, `MeterUnknown`, `MeterIsRetired`, `NotSettler`,
    /// `MeterNotOpen`, `RegisterBehind`, `NothingToSettle`, `BelowThreshold`, `Implausible`, `InsufficientEtk`.
    function settleMeter(string calldata meterId, uint64 exportWh, uint64 importWh, string calldata settlementId)
        external
        returns (int256 energyWh, int256 etkAmount);

    /// @notice Pays `energyWh` to a meter's prosumer without moving the registers; operator only
    /// @dev For corrections and for meters without an app. Each id is accepted once per meter.
    /// Reverts, in this order, with `NotOperator`, `SettlementIdLength`, `MeterUnknown`, `MeterIsRetired`,
    /// `ProsumerMismatch`, `SettlementAlreadyProcessed`, `BelowThreshold`, `Implausible`, `InsufficientEtk`.
    function processEnergySettlement(
        string calldata meterId,
        address prosumer,
        int256 energyWh,
        string calldata settlementId
    ) external returns (bool);
}
