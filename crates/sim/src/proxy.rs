//! A TCP proxy before a broker or a node that can be cut, can delay, and can fall silent without a word: the network of
//! a home.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// Where bytes are on their way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the server.
    There,
    /// To the client.
    Back,
}

/// What becomes of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// They go through.
    None,
    /// They go through after a while.
    Late(Duration),
    /// The connection ends before them, for both sides.
    Cut,
}

type Draw = Box<dyn FnMut(Way, &[u8]) -> Trouble + Send>;

/// Listens on [`Proxy::port`] and leads to a server on loopback.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    server: AtomicU16,
    open: AtomicBool,
    links: Mutex<Vec<Link>>,
    draw: Mutex<Option<Draw>>,
    acknowledged: AtomicU64,
    client: Mutex<Option<String>>,
}

/// One connection through the proxy.
struct Link {
    ends: [TcpStream; 2],
    silent: Arc<AtomicBool>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// An open way to the server on loopback at `url`, which names its port.
    ///
    /// # Errors
    /// When it names none, or there is no free port on the loopback.
    pub fn before(url: &str) -> io::Result<Self> {
        let port = url.trim_end_matches('/').rsplit_once(':');
        let port = port.and_then(|(_, port)| port.parse().ok());
        let missing = || io::Error::new(io::ErrorKind::InvalidInput, format!("no port in {url}"));
        Self::to(port.ok_or_else(missing)?)
    }

    /// An open way to the server on port `server`.
    ///
    /// # Errors
    /// When there is no free port on the loopback.
    pub fn to(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            server: AtomicU16::new(server),
            open: AtomicBool::new(true),
            links: Mutex::default(),
            draw: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            client: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        // Ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // One that cannot be led on is closed, as by a server that is away.
                let _ = shared.link(client);
            }
        });
        Ok(Self { port, state })
    }

    /// Where clients connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Has `draw` see whatever arrives from now on and say what becomes of it.
    pub fn trouble(&self, draw: impl FnMut(Way, &[u8]) -> Trouble + Send + 'static) {
        *locked(&self.state.draw) = Some(Box::new(draw));
    }

    /// Ends every connection and takes no other until [`Proxy::mend`].
    pub fn cut(&self) {
        self.state.open.store(false, Ordering::SeqCst);
        for link in locked(&self.state.links).drain(..) {
            for end in link.ends {
                let _ = end.shutdown(Shutdown::Both);
            }
        }
    }

    /// Leads new connections to another server on loopback.
    pub fn lead_to(&self, port: u16) {
        self.state.server.store(port, Ordering::SeqCst);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.state.open.store(true, Ordering::SeqCst);
    }

    /// Swallows from now on what goes through the connections that there are: neither side is told.
    pub fn silence(&self) {
        for link in locked(&self.state.links).iter() {
            link.silent.store(true, Ordering::SeqCst);
        }
    }

    /// Messages that the wallet has acknowledged, as far as the broker can know.
    pub fn acknowledged(&self) -> u64 {
        self.state.acknowledged.load(Ordering::SeqCst)
    }

    /// The client id of the last connection.
    pub fn client_id(&self) -> Option<String> {
        locked(&self.state.client).clone()
    }
}

impl State {
    fn link(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(("127.0.0.1", self.server.load(Ordering::SeqCst)))?;
        if !self.open.load(Ordering::SeqCst) {
            return Ok(());
        }
        let silent = Arc::new(AtomicBool::new(false));
        let (from, to) = (client.try_clone()?, server.try_clone()?);
        let mut links = locked(&self.links);
        // Those that have ended are not kept for ever.
        links.retain(|link| link.ends[0].peer_addr().is_ok());
        links.push(Link {
            ends: [client.try_clone()?, server.try_clone()?],
            silent: Arc::clone(&silent),
        });
        drop(links);
        let (state, hushed) = (Arc::clone(self), Arc::clone(&silent));
        thread::spawn(move || {
            let mut packets = Packets::default();
            state.pump(Way::There, from, to, &hushed, |bytes| packets.read(bytes, &state));
        });
        let state = Arc::clone(self);
        thread::spawn(move || state.pump(Way::Back, server, client, &silent, |_| {}));
        Ok(())
    }

    fn pump(
        &self,
        way: Way,
        mut from: TcpStream,
        mut to: TcpStream,
        silent: &AtomicBool,
        mut seen: impl FnMut(&[u8]),
    ) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if silent.load(Ordering::SeqCst) {
                continue;
            }
            let trouble = locked(&self.draw)
                .as_mut()
                .map_or(Trouble::None, |draw| draw(way, &buffer[..count]));
            match trouble {
                Trouble::None => {}
                Trouble::Late(time) => thread::sleep(time),
                Trouble::Cut => {
                    let _ = from.shutdown(Shutdown::Both);
                    break;
                }
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
            seen(&buffer[..count]);
        }
        if !silent.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Both);
        }
    }
}

/// Cuts what a client sends into MQTT packets; other protocols go through unread.
#[derive(Default)]
struct Packets {
    bytes: Vec<u8>,
    /// Known from the first byte of a connection, which is that of CONNECT.
    is_mqtt: Option<bool>,
}

impl Packets {
    fn read(&mut self, bytes: &[u8], state: &State) {
        if !*self.is_mqtt.get_or_insert(bytes.first() == Some(&0x10)) {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        while let Some((kind, body, length)) = self.first() {
            match kind >> 4 {
                // After protocol name and level, flags and keep-alive.
                1 => {
                    let id = &self.bytes[body + 10..];
                    let end = 2 + usize::from(u16::from_be_bytes([id[0], id[1]]));
                    *locked(&state.client) = Some(String::from_utf8_lossy(&id[2..end]).into_owned());
                }
                4 => {
                    state.acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                _ => {}
            }
            self.bytes.drain(..body + length);
        }
    }

    /// First byte, begin of the body and its length, of a packet that is there whole.
    fn first(&self) -> Option<(u8, usize, usize)> {
        let (mut length, mut at) = (0, 1);
        loop {
            let byte = *self.bytes.get(at)?;
            length |= usize::from(byte & 0x7f) << (7 * (at - 1));
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        (self.bytes.len() >= at + length).then_some((self.bytes[0], at, length))
    }
}
