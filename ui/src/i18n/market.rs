//! The texts of the market; Indonesian first, then English.

/// Hands a table on, through the macros that follow, with the texts of this file behind its own.
macro_rules! with_market_texts {
    ($first:ident { $second:ident { $third:ident { $fourth:ident { $fifth:ident { $texts:ident { $($before:tt)* } } } } } }) => { $first! { $second { $third { $fourth { $fifth { $texts { $($before)*
    // Page
    NoMarketTitle: "Jaringan ini tidak punya pasar", "This network has no market";
    NoMarketHint: "Berkas alamatnya tidak memuat kontrak pasar. Minta operator berkas yang memuatnya, lalu pilih di Pengaturan; sampai saat itu ETK datang dari ekspor atau dari tetangga.", "Its addresses file names no market contract. Ask the operator for one that does and choose it in Settings; until then ETK come from exports or from a neighbour.";
    MarketReading: "Membaca buku pesanan…", "Reading the order book…";
    MarketReadingHint: "Blok {block} dari {head}; halaman ini terbuka sendiri setelah selesai.", "Block {block} of {head}; the page opens by itself once that is done.";
    MarketStale: "Buku dan grafik di bawah ini dari {age} lalu; pesanan baru menunggu sampai node menjawab.", "Book and charts below are {age} old; new orders wait until the node answers.";
    MarketAlarm: "Buku pesanan tidak cocok dengan kontrak.", "The order book does not agree with the contract.";
    MarketAlarmNext: "Buku dibaca ulang dari kontrak. Periksa pesanan Anda, dan hubungi operator bila ini terulang.", "It is being read anew from the contract. Check your orders, and call the operator if this happens again.";

    // Book
    OrderBook: "Buku pesanan", "Order book";
    Grouping: "Langkah harga dalam satu baris", "Price steps in a row";
    SumWord: "jumlah", "total";
    Bids: "Penawaran beli", "Bids";
    Asks: "Penawaran jual", "Asks";
    NoBids: "Belum ada yang membeli", "Nobody buys yet";
    NoAsks: "Belum ada yang menjual", "Nobody sells yet";
    BookEmpty: "Jadilah yang pertama", "Be the first";
    BookEmptyHint: "Belum ada pesanan. Pilih Beli atau Jual, tulis harga dan jumlah: pesanan Anda menunggu di sini sampai tetangga menyambutnya.", "There are no orders yet. Choose Buy or Sell, write a price and an amount: your order rests here until a neighbour takes it.";
    BidLevel: "▲ Beli: {amount} seharga {price}, {orders} pesanan.", "▲ Buy: {amount} at {price}, {orders} orders.";
    AskLevel: "▼ Jual: {amount} seharga {price}, {orders} pesanan.", "▼ Sell: {amount} at {price}, {orders} orders.";
    OwnLevel: "Milik Anda {amount}.", "{amount} of it yours.";
    LastPrice: "Harga transaksi terakhir", "Price of the last trade";
    SpreadWords: "selisih {spread}", "spread {spread}";

    // Ticket
    TicketWord: "Pesanan baru", "New order";
    Side: "Sisi", "Side";
    BuyWord: "Beli", "Buy";
    SellWord: "Jual", "Sell";
    OrderKind: "Jenis pesanan", "Kind of order";
    LimitWord: "Limit", "Limit";
    MarketWord: "Pasar", "Market";
    PostOnly: "Hanya antre", "Post only";
    PostOnlyHint: "Pesanan hanya mengantre; ditolak bila akan langsung bertransaksi.", "The order only rests; it is refused if it would trade at once.";
    ImmediateWord: "IOC", "IOC";
    ImmediateHint: "Bertransaksi seketika sebisanya; sisanya dibatalkan, tidak mengantre.", "Trades at once what it can; the rest is forgotten and does not rest.";
    PriceWord: "Harga", "Price";
    PriceAtMost: "Harga tertinggi", "At most";
    PriceAtLeast: "Harga terendah", "At least";
    AmountWord: "Jumlah", "Amount";
    OtherPriceUnit: "Ganti satuan harga", "Change the unit of prices";
    OtherAmountUnit: "Ganti satuan jumlah", "Change the unit of amounts";
    ShareOf: "Bagian dari saldo", "Share of the balance";
    ShareWords: "{percent} % dari {balance}", "{percent} % of {balance}";
    TotalWord: "Total", "Total";
    YouReceive: "Anda terima seketika", "You receive at once";
    MatchesNow: "Bertransaksi seketika", "Trades at once";
    NothingNow: "tidak ada", "nothing";
    MatchedAt: "{amount} seharga {price}", "{amount} at {price}";
    RestsWord: "Mengantre", "Rests";
    RestsFirst: "{amount}, urutan pertama", "{amount}, first in line";
    RestsBehind: "{amount}, di belakang {ahead}", "{amount} behind {ahead}";
    DroppedWord: "Tidak terlaksana", "Not traded";
    OwnCancelled: "Pesanan sendiri yang dibatalkan", "Own orders that are cancelled";
    PriceImpact: "Dampak harga", "Price impact";
    FeeWord: "Biaya pasar", "Market fee";
    NetworkFee: "Biaya jaringan", "Network fee";
    FeeFree: "gratis", "free";
    FeeUpTo: "paling banyak {amount}", "{amount} at most";
    FeeUnknown: "belum diketahui", "not known now";
    AgainstTariff: "Terhadap tarif PLN", "Against the utility's tariff";
    BalanceAfter: "Saldo sesudahnya", "Balance after";
    TicketHint: "Disimulasikan di node Anda sebelum ditandatangani.", "Simulated on your node before it is signed.";
    TicketLocked: "Dompet terkunci: kata sandi diminta sebelum menandatangani.", "The wallet is locked: the password is asked for before signing.";
    BuyAt: "Beli {amount} seharga {price}", "Buy {amount} at {price}";
    SellAt: "Jual {amount} seharga {price}", "Sell {amount} at {price}";
    BuyAtOnce: "Beli {amount} sekarang, tertinggi {price}", "Buy {amount} now, not above {price}";
    SellAtOnce: "Jual {amount} sekarang, terendah {price}", "Sell {amount} now, not below {price}";
    TypedNoNumber: "Tulis angka, dengan tanda seperti di buku.", "Write a number, with the signs of the book.";
    TypedTooLow: "Paling sedikit {least}.", "At least {least}.";
    TypedTooHigh: "Paling banyak {most}.", "At most {most}.";
    TypedBetween: "Pilih {below} atau {above}.", "Choose {below} or {above}.";
    ProblemNoLots: "Pesanan paling sedikit {least}.", "An order has at least {least}.";
    ProblemNotEnough: "Perlu {needed}, ada {available}.", "{needed} are needed, there are {available}.";
    ProblemWouldTrade: "Akan langsung bertransaksi seharga {price}, dan hanya boleh antre.", "It would trade at {price} at once, and is to rest only.";
    ProblemNobody: "Belum ada tetangga di sisi lain. Pesanan limit dapat menunggu mereka.", "No neighbour is on the other side yet. A limit order can wait for them.";
    ProblemNothing: "Tidak ada yang bisa ditransaksikan pada harga ini; yang terbaik {price}.", "Nothing can be traded at this price; the best is {price}.";
    ProblemOnlyOwn: "Pada harga ini hanya ada pesanan Anda sendiri, {amount}.", "At this price there are only your own orders, {amount}.";
    UseInstead: "Pakai {value}", "Use {value}";

    // Before signing
    OrderQueued: "Dikirim: {order}", "On its way: {order}";
    OrderUncertain: "Pesanan ini bertemu banyak pesanan kecil; kontrak mungkin berhenti sebelum semuanya.", "This order meets many small ones; the contract may stop before all of them.";
    AllowanceWord: "Izin untuk pasar", "Allowance for the market";
    AllowanceThere: "sudah cukup", "already there";
    AllowanceAdded: "ikut serta, tepat {amount}", "goes with it, exactly {amount}";
    RawCall: "Panggilan kontrak", "The contract call";
    OrderSimulated: "Perhitungan di atas dari buku saat ini. Harga tidak akan lebih buruk daripada yang tertulis di tombol.", "The figures are those of the book as it is now. The price will not be worse than the button says.";

    // Orders
    OpenOrders: "Pesanan terbuka", "Open orders";
    NoOpenOrders: "Tidak ada pesanan yang mengantre.", "No order of yours rests.";
    NoOpenOrdersHint: "Pesanan limit yang belum tersambut tampil di sini.", "Limit orders that nobody has taken yet are shown here.";
    FilledWord: "Terlaksana", "Filled";
    QueuePlace: "Antrean", "Place";
    QueueFirst: "urutan pertama", "first in line";
    QueueAt: "urutan ke-{place}, {ahead} di depan", "number {place} in line, {ahead} ahead";
    PlacedWord: "Dibuat", "Placed";
    OrderOpen: "terbuka", "open";
    OrderPartly: "sebagian", "partly filled";
    OrderFilled: "terlaksana", "filled";
    OrderCancelled: "dibatalkan", "cancelled";
    CancelWord: "Batalkan", "Cancel";
    CancelAll: "Batalkan semua", "Cancel all";
    CancelOrderAction: "Batalkan pesanan ini", "Cancel the order";
    CancelOrdersAction: "Batalkan {count} pesanan", "Cancel {count} orders";
    CancelReturns: "Kembali ke akun: {amount}.", "Comes back to the account: {amount}.";
    CancelHint: "Sampai blok memuat pembatalan, pesanan masih dapat disambut.", "Until a block holds the cancellation the order can still be taken.";
    CancelQueued: "Pembatalan dikirim.", "The cancellation is on its way.";
    OnTheirWay: "Dalam perjalanan", "On their way";

    // Chart, tape, figures
    PriceChart: "Grafik harga", "Price chart";
    CandlesWord: "Lilin", "Candles";
    DepthWord: "Kedalaman", "Depth";
    CandleWidth: "Lebar lilin", "Width of a candle";
    CandleOpen: "Buka", "Open";
    CandleHigh: "Tertinggi", "High";
    CandleLow: "Terendah", "Low";
    CandleClose: "Tutup", "Close";
    VolumeWord: "Volume", "Volume";
    CandlesTable: "Tabel lilin", "Candles as a table";
    TableWord: "Tabel", "Table";
    NoTradesYet: "Belum ada transaksi.", "Nothing was traded yet.";
    BookEmptyShort: "Buku pesanan kosong.", "The order book is empty.";
    CandlesInWords: "Harga dari {low} sampai {high}, terakhir {last}.", "Prices from {low} to {high}, {last} at the end.";
    DepthInWords: "Penawaran beli {bids}, penawaran jual {asks}.", "Bids of {bids}, asks of {asks}.";
    TradesWord: "Transaksi", "Trades";
    TakerWord: "Penyambut", "Taker";
    TakerBought: "▲ Penyambut membeli", "▲ The taker bought";
    TakerSold: "▼ Penyambut menjual", "▼ The taker sold";
    LastWord: "Terakhir", "Last";
    ChangeWord: "24 jam", "24 h";
    BestWord: "Beli / jual terbaik", "Best bid / ask";
    HighWord: "Tertinggi 24 jam", "24 h high";
    LowWord: "Terendah 24 jam", "24 h low";
    DayVolume: "Volume 24 jam", "24 h volume";
    AverageWord: "Rata-rata 24 jam", "24 h average";
    LiquidityWord: "Likuiditas", "Liquidity";
    LiquidityHint: "Yang mengantre untuk dibeli dan untuk dijual.", "What rests to be bought and to be sold.";
    TariffWord: "Tarif PLN", "Utility tariff";

    // History, trades, performance
    OrdersPart: "Pesanan dan transaksi Anda", "Your orders and trades";
    OrderHistory: "Riwayat", "History";
    OwnTrades: "Transaksi saya", "My trades";
    AnySide: "Beli dan jual", "Buy and sell";
    NoOrders: "Anda belum memasang pesanan.", "You have placed no order yet.";
    NoOrdersFound: "Tidak ada pesanan yang cocok dengan saringan.", "No order matches the filter.";
    NoTradesFound: "Tidak ada transaksi pada hari-hari ini.", "No trade on these days.";
    NoOwnTrades: "Anda belum bertransaksi.", "You have not traded yet.";
    OrdersSaved: "{rows} pesanan tersimpan di {file}", "{rows} orders saved to {file}";
    TradesSaved: "{rows} transaksi tersimpan di {file}", "{rows} trades saved to {file}";
    RoleWord: "Peran", "Role";
    RoleTaker: "menyambut", "taker";
    RoleMaker: "mengantre", "maker";
    OtherParty: "Mitra", "With";
    Performance: "Hasil perdagangan", "Trading performance";
    PerformanceHint: "seluruh transaksi akun ini", "all trades of this account";
    EarnedWord: "Diterima", "Earned";
    SpentWord: "Dibelanjakan", "Spent";
    NetWord: "Bersih", "Net";
    SavedWord: "Hemat terhadap tarif saat membeli", "Saved against the tariff by buying";
    GainedWord: "Lebih dari tarif saat menjual", "Gained above the tariff by selling";

    // Price alerts
    PriceAlerts: "Pengingat harga", "Price alerts";
    PriceAlertsHint: "satu kabar saat harga tercapai", "one word when a price is reached";
    NoAlerts: "Belum ada harga yang ditunggu.", "No price is waited for yet.";
    AlertWatched: "Harga yang ditunggu", "Which price";
    AlertDirection: "Arah", "Direction";
    AlertOrAbove: "atau lebih", "or above";
    AlertOrBelow: "atau kurang", "or below";
    AlertAdd: "Tunggu", "Wait for it";
    AlertRemove: "Hapus pengingat", "Remove the alert";
    AlertAgain: "Tunggu lagi", "Wait again";
    AlertWas: "tercapai {price}, {time}", "reached {price}, {time}";
    AlertReached: "{alert}: tercapai pada {price}.", "{alert}: reached at {price}.";
    AlertAbove: "{watched} {limit} atau lebih", "{watched} {limit} or above";
    AlertBelow: "{watched} {limit} atau kurang", "{watched} {limit} or below";
    WatchedLast: "Harga terakhir", "Last price";
    WatchedBid: "Beli terbaik", "Best bid";
    WatchedAsk: "Jual terbaik", "Best ask";
    } } } } } } };
}
