//! The texts of tokens, in both languages side by side: Indonesian first, then English.

/// Hands a table on with the texts of this file behind its own: one enum holds every text, and no file grows too long.
macro_rules! with_token_texts {
    ($first:ident { $second:ident { $third:ident { $fourth:ident { $fifth:ident { $sixth:ident { $texts:ident { $($before:tt)* } } } } } } }) => { $first! { $second { $third { $fourth { $fifth { $sixth { $texts { $($before)*
    // Balances, receiving
    TokensPart: "Token & koin", "Tokens";
    BalancesTitle: "Saldo per akun", "Balances by account";
    SendAction: "Kirim…", "Send…";
    ReceiveAction: "Terima…", "Receive…";
    ReceiveTitle: "Terima di akun ini", "Receive on this account";
    ReceiveHint: "Bagikan alamat ini atau kode QR-nya. Hanya untuk ETK, IDRS, dan koin jaringan ini.", "Share this address or its QR code. Only for ETK, IDRS and the coin of this chain.";
    AddressQr: "Kode QR alamat", "QR code of the address";
    TokenWord: "Nama token", "Token";
    EtkBalance: "Saldo ETK", "ETK balance";
    IdrsBalance: "Saldo IDRS", "IDRS balance";
    CoinUnit: "koin", "coins";
    TokenReceived: "Diterima: {amount}", "Received: {amount}";

    // Sending
    SendTitle: "Kirim token atau koin", "Send tokens or coins";
    FromAccount: "Dari akun", "From account";
    SendTo: "Alamat penerima", "Address of the payee";
    SendContact: "Buku alamat", "Address book";
    ChooseContact: "Pilih kontak…", "Choose a contact…";
    SendWhat: "Yang dikirim", "What is sent";
    SendAmount: "Jumlah", "Amount";
    AmountTwoWrong: "Tulis jumlah dengan tanda seperti pada saldo Anda, paling banyak dua desimal.", "Write an amount with the signs of your balances, with two decimals at most.";
    AmountCoinWrong: "Tulis jumlah dengan tanda seperti pada saldo Anda, paling banyak 18 desimal.", "Write an amount with the signs of your balances, with 18 decimals at most.";
    SendContinue: "Lanjut", "Go on";
    SendEffect: "{amount} pergi dari akun ini ke {payee}.", "{amount} leave this account for {payee}.";
    SendThis: "Kirim {amount}", "Send {amount}";
    BalanceBefore: "Saldo sebelum", "Balance before";
    SendDone: "{amount} antre untuk dikirim; tahapnya ada di Aktivitas.", "{amount} are queued; their stage is under Activity.";
    PayeeOwn: "Akun Anda sendiri, di dompet {name}.", "An account of your own, in the wallet {name}.";
    PayeeContact: "Di buku alamat: {name}.", "In the address book: {name}.";
    PayeePaid: "Pernah dibayar dari sini, {times} kali.", "Paid from here before, {times} times.";
    PayeeNew: "Belum pernah dibayar dari sini. Bandingkan seluruh alamat dengan sumber lain.", "Never paid from here. Compare the whole address with another source.";
    PayeeTwin: "Awas: awal dan akhirnya seperti {known}, tetapi {count} karakter berbeda. Ini akun lain!", "Careful: it begins and ends like {known}, but {count} characters differ. It is another account!";
    PayeeTwinKnown: "Yang Anda kenal", "The one you know";
    PayeeTwinThis: "Yang akan dibayar", "The one to be paid";

    // Ramp
    RampTitle: "Tukar IDR dan IDRS", "Exchange IDR and IDRS";
    RampSimulated: "simulasi", "simulation";
    RampHint: "Simulasi: tidak ada uang sungguhan yang berpindah. 1 IDR = 1 IDRS.", "A simulation: no real money moves. 1 IDR = 1 IDRS.";
    RampOn: "Isi IDRS", "Top up IDRS";
    RampOff: "Tarik IDRS", "Withdraw IDRS";
    RampAmount: "Jumlah rupiah", "Amount in rupiah";
    RampOnEffect: "Akun ini menerima {amount} IDRS untuk rupiah simulasi.", "This account gets {amount} IDRS for simulated rupiah.";
    RampOffEffect: "{amount} IDRS diambil dari akun ini untuk rupiah simulasi.", "{amount} IDRS are taken from this account for simulated rupiah.";
    RampOnThis: "Isi {amount} IDRS", "Top up {amount} IDRS";
    RampOffThis: "Tarik {amount} IDRS", "Withdraw {amount} IDRS";
    RampTooMuch: "Saldo IDRS akun ini tidak cukup.", "The account does not hold so many IDRS.";
    RampDone: "Penukaran antre; statusnya tampak di bawah.", "The exchange is queued; its status is below.";
    ExchangesTitle: "Riwayat penukaran", "Exchanges";
    ExchangeWay: "Arah", "Direction";
    NoExchanges: "Belum ada penukaran.", "There are no exchanges yet.";
    NoExchangesFound: "Tidak ada penukaran yang cocok dengan saringan.", "No exchange matches the filter.";
    ExchangesSaved: "{rows} penukaran tersimpan di {file}", "{rows} exchanges saved to {file}";
    AnyAccount: "Semua akun", "All accounts";
    BothWays: "Isi dan tarik", "Top up and withdraw";
    NoExchangesHint: "Isi IDRS di atas untuk membeli energi di pasar.", "Top up IDRS above to buy energy on the market.";

    // What moved
    MovementsTitle: "Riwayat token", "Token history";
    MovementsHint: "Dicetak dan dibakar oleh penyelesaian dan penukaran, diterima, dan dikirim.", "Minted and burned by settlements and exchanges, received, and sent.";
    MovementWord: "Peristiwa", "Event";
    MovedMinted: "dicetak", "minted";
    MovedBurned: "dibakar", "burned";
    MovedReceived: "diterima", "received";
    MovedSent: "dikirim", "sent";
    MovementsAll: "Semua", "All of it";
    MovementsEtk: "ETK dicetak dan dibakar", "ETK minted and burned";
    MovementsTransfers: "Diterima dan dikirim", "Received and sent";
    NoMovements: "Belum ada yang tercatat di sini.", "Nothing has moved here yet.";
    NoMovementsFound: "Tidak ada peristiwa yang cocok dengan saringan.", "Nothing matches the filter.";
    MovementsSaved: "{rows} peristiwa tersimpan di {file}", "{rows} events saved to {file}";
    NoMovementsHint: "Penyelesaian, penukaran, dan kiriman muncul setelah dikonfirmasi jaringan.", "Settlements, exchanges and transfers appear once the chain has confirmed them.";
    OtherSide: "Pihak lain", "Other account";

    // Allowances
    AllowancesTitle: "Izin mengambil token", "Allowances";
    AllowancesHint: "Siapa yang boleh mengambil token dari akun Anda, dan berapa.", "Who may take tokens from your accounts, and how many.";
    NoAllowances: "Tidak ada yang boleh mengambil token Anda.", "Nobody may take your tokens.";
    NoAllowancesHint: "Pesanan di pasar memakai izin yang pas, yang habis bersama pesanannya.", "Orders on the market use exact allowances, which end with them.";
    SpenderWord: "Penerima izin", "Who may";
    SpenderMarket: "pasar jaringan ini", "the market of this network";
    SpenderConverter: "konverter energi jaringan ini", "the energy converter of this network";
    SpenderStranger: "tidak dikenal jaringan ini", "not known to this network";
    AllowanceLeft: "Sisa izin", "Left of it";
    AllowanceEndless: "TANPA BATAS", "UNLIMITED";
    AllowanceEnding: "sedang dicabut", "being ended";
    EndAllowance: "Cabut izin…", "End…";
    EndAllowanceTitle: "Cabut izin {token}?", "End the {token} allowance?";
    EndAllowanceEffect: "Penerima ini tidak dapat lagi mengambil {token} dari akun Anda. Pesanan yang sudah terpasang tetap berlaku.", "It can no longer take {token} from your account. Orders that stand already are not touched.";
    EndAllowanceThis: "Cabut izin {token}", "End the {token} allowance";
    EndAllowanceDone: "Pencabutan antre; tahapnya ada di Aktivitas.", "Queued; its stage is under Activity.";

    // Transactions
    TxSendToken: "Kiriman token", "Token transfer";
    TxSendCoin: "Kiriman koin", "Coin transfer";
    TxOnRamp: "Isi ulang IDRS", "IDRS top-up";
    TxOffRamp: "Penarikan IDRS", "IDRS withdrawal";
    TxRevoke: "Pencabutan izin", "End of an allowance";
    TxSendLine: "{amount} kepada {payee}", "{amount} to {payee}";
    TxRampLine: "{amount}, simulasi", "{amount}, simulated";
    TxRevokeLine: "{token}, {spender}", "{token} of {spender}";
    TxBidLine: "beli {amount}, paling mahal {price}", "buy {amount}, {price} at most";
    TxAskLine: "jual {amount}, paling murah {price}", "sell {amount}, {price} at least";
    TxCancelLine: "{count} pesanan", "{count} of them";
    TxApproveLine: "{amount} untuk {spender}", "{amount} for {spender}";
    TxApproveAll: "semua {token}", "all {token}";
    TxLog: "Catatan transaksi", "Transaction log";
    TxLogHint: "satu kalimat untuk setiap transaksi yang berakhir", "a sentence for each transaction that came to its end";
    NoTxLog: "Belum ada transaksi yang berakhir.", "No transaction has come to its end yet.";
    NoTxLogHint: "Yang masih berjalan ada di atas.", "Those on their way are above.";
    TxEndedIn: "berhasil di blok {block}", "succeeded in block {block}";
    TxWaitsAgain: "dibatalkan jaringan, menunggu lagi", "taken back by the chain, waits again";
    } } } } } } } };
}
