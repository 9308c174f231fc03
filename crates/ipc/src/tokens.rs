//! Commands of transactions and tokens: what is on its way, sending, the ramp, what moved, allowances.

use enerlink_domain::{
    Address, Transaction, TxHash,
    payee::PayeeCheck,
    token::{
        Allowance, ConversionFilter, ConversionPage, MovementFilter, MovementPage, Ramp, SendDraft,
        SendPreview, Token,
    },
    transaction::{TransactionLogPage, TransactionPage},
    view::SavedRows,
};
use serde::{Deserialize, Serialize};

use crate::Command;

commands! { TOKENS:
    /// Transactions, newest first.
    ListTransactions("list_transactions") {
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> TransactionPage;
    /// The transaction of this wallet that has this hash; none when another copy has sent it.
    FindTransaction("find_transaction") {
        /// Its hash: of the version in a block, else of the last one.
        hash: TxHash,
    } -> Option<Transaction>;
    /// The log of transactions, newest first: each that came to its end, and each that the chain took back.
    ReadTransactionLog("read_transaction_log") {
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> TransactionLogPage;
    /// Offers a higher fee for a transaction that waits, or sends one again that was dropped.
    SpeedUp("speed_up") {
        /// Its number.
        id: i64,
    } -> Transaction;
    /// Takes the nonce of a transaction that waits with one that does nothing, or forgets one that was not signed yet.
    CancelTransaction("cancel_transaction") {
        /// Its number.
        id: i64,
    } -> Transaction;
    /// What is known here of somebody who is to be paid.
    CheckPayee("check_payee") {
        /// The address as typed.
        text: String,
    } -> PayeeCheck;
    /// What would become of tokens or coins that are to be sent; nothing is signed.
    PreviewSend("preview_send") {
        /// What is to be sent.
        draft: SendDraft,
    } -> SendPreview;
    /// Sends tokens or coins.
    SendTokens("send_tokens") {
        /// What is sent.
        draft: SendDraft,
    } -> Transaction;
    /// Exchanges IDR and IDRS, one for one; the IDR are simulated.
    ExchangeIdrs("exchange_idrs") {
        /// One of the wallet's accounts.
        account: Address,
        /// Which way.
        way: Ramp,
        /// A canonical decimal such as `1234.56`.
        amount: String,
    } -> Transaction;
    /// Exchanges of IDR and IDRS, newest first.
    ListConversions("list_conversions") {
        /// Which exchanges.
        filter: ConversionFilter,
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> ConversionPage;
    /// Lets the person say where, then writes exchanges as CSV.
    SaveConversions("save_conversions") {
        /// Which exchanges.
        filter: ConversionFilter,
    } -> Option<SavedRows>;
    /// Tokens that moved, the newest in the chain first.
    ListMovements("list_movements") {
        /// Which movements.
        filter: MovementFilter,
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> MovementPage;
    /// Lets the person say where, then writes movements as CSV.
    SaveMovements("save_movements") {
        /// Which movements.
        filter: MovementFilter,
    } -> Option<SavedRows>;
    /// Who may take tokens of the wallet's accounts.
    ListAllowances("list_allowances") {} -> Vec<Allowance>;
    /// Ends an allowance.
    RevokeAllowance("revoke_allowance") {
        /// Whose tokens.
        owner: Address,
        /// Which token.
        token: Token,
        /// Who may take them.
        spender: Address,
    } -> Transaction;
}
