//! `chart`: how long after a gesture the curve of a million readings shows what was asked for.
//!
//! Workload: three curves of a million points, 1600 pixels wide; the wheel zooms in, pans and zooms out again. Peer:
//! uPlot in the web view of the same app, on a page of its own; it holds all points in the page's memory. Both are told
//! of a gesture by the same events and watched by the same script, which waits for the frame that has the pixels. The
//! product draws twice: at once what it has, and what the core answers for the new range.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use enerlink_domain::UnixMillis;
use enerlink_engine::Password;
use enerlink_store::{Store, readings};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    generator::{self, Readings},
    ingest,
    measure::{ROUNDS, Times, alternate, p99},
    peers::{Peer, scratch},
    report::{Figure, Goal, Side},
    web_view::{Screen, WebView},
};

const POINTS: usize = 1_000_000;
/// Over the same year a tenth of the points.
const FEW: usize = POINTS / 10;
/// 2024-01-01.
const START: UnixMillis = UnixMillis(1_704_067_200_000);
const YEAR: &str = "2024-06-01";
/// Seconds between two of a million readings in the year.
const STEP: u64 = 30;
const WIDTH: u32 = 1600;
/// Changed with whatever the profile holds, so that an older one is not measured.
const EDITION: &str = "1";

/// The first argument is the gestures: `[delta, shift, place]` each, the last of 0 to 1 from the left. Answers for each how
/// many milliseconds passed until the first frame with new pixels, and until the last one of it.
const WATCH: &str = r#"
const [{ plot, draws, gestures }, done] = arguments;
const target = document.querySelector(plot), canvas = target.querySelector('canvas') ?? target;
const context = canvas.getContext('2d');
let drawn = 0;
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...area) {
  if (this.canvas === canvas) drawn += 1;
  return clear.apply(this, area);
};
// A canvas that changes its size is empty, too.
const width = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, 'width');
Object.defineProperty(HTMLCanvasElement.prototype, 'width', {
  ...width,
  set(pixels) {
    if (this === canvas) drawn += 1;
    width.set.call(this, pixels);
  },
});
const { port1, port2 } = new MessageChannel();
// Answers after the next frame was painted, with what had been drawn before it was.
const frame = () => new Promise((resolve) => requestAnimationFrame(() => {
  context.getImageData(0, 0, 1, 1);
  const seen = drawn;
  port1.onmessage = () => resolve([seen, performance.now()]);
  port2.postMessage(0);
}));
const rest = (time) => new Promise((resolve) => setTimeout(resolve, time));
const measure = async ([delta, shift, place], at) => {
  const box = target.getBoundingClientRect();
  // Anywhere between two frames.
  await rest(40 + (at * 7) % 17);
  drawn = 0;
  const began = performance.now();
  target.dispatchEvent(new WheelEvent('wheel', {
    deltaY: delta, shiftKey: shift, clientX: box.left + place * box.width, clientY: box.top + box.height / 2,
    bubbles: true, cancelable: true,
  }));
  let first = 0, seen = 0, now = began;
  while (seen < draws) {
    [seen, now] = await frame();
    if (seen > 0 && first === 0) first = now - began;
    if (now - began > 5000) return null;
  }
  return [first, now - began];
};
(async () => {
  const taken = [];
  for (const [at, gesture] of gestures.entries()) taken.push(await measure(gesture, at));
  CanvasRenderingContext2D.prototype.clearRect = clear;
  Object.defineProperty(HTMLCanvasElement.prototype, 'width', width);
  done(taken);
})();
"#;

const PEER: &str = "uPlot 1.6 in the same web view: all points are in the page's memory, none come from a store; bands of lowest \
                    and highest are not drawn beside the line";
const SMALL: &str = "the product itself with a tenth of the readings";

pub(crate) fn run() -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    let many = runtime.block_on(profile(POINTS, STEP))?;
    let few = runtime.block_on(profile(FEW, STEP * 10))?;
    let screen = Screen::open()?;
    let mut server = Peer::start("chart.mjs", &[&many.join("enerlink.db").display().to_string()])?;
    let told = server.answer()?;
    ensure!(told["rows"] == POINTS, "the peer has the same readings: {told}");
    let ours = product(&runtime, &screen, &many)?;
    let height = ours.run("return document.querySelector(\"[data-testid='energy-curve']\").clientHeight")?;
    let theirs = peer(
        &runtime,
        &screen,
        told["port"].as_u64().context("a port")?,
        &height,
    )?;
    let small = product(&runtime, &screen, &few)?;
    // Once unmeasured, for compilers and caches.
    for (view, draws) in [(&ours, 2), (&theirs, 1), (&small, 2)] {
        measure(view, draws)?;
    }
    let (product, peer) = alternate(ROUNDS, || measure(&ours, 2), || measure(&theirs, 1))?;
    let (again, less) = alternate(ROUNDS, || measure(&ours, 2), || measure(&small, 2))?;
    let figure = |goal, name, peer, sides| Figure::new(goal, "chart", name, "ms", peer, sides);
    let [ours_first, ours_last] = [
        side(&product, |round| round.first),
        side(&product, |round| round.last),
    ];
    let theirs = side(&peer, |round| round.last);
    let middle = [&again, &less].map(|rounds| side(rounds, |round| round.middle));
    Ok(vec![
        figure(
            Goal::RatioAtMost(1.5),
            "gesture to pixels, p99",
            PEER,
            [ours_first, theirs],
        ),
        figure(
            Goal::AtMost(33.0),
            "gesture to pixels, p99, by itself",
            PEER,
            [ours_first, theirs],
        ),
        figure(
            Goal::RatioAtMost(1.5),
            "gesture to every point of the range, p99",
            PEER,
            [ours_last, theirs],
        ),
        figure(
            Goal::AtMost(33.0),
            "gesture to every point of the range, p99, by itself",
            PEER,
            [ours_last, theirs],
        ),
        figure(
            Goal::RatioAtMost(1.15),
            "ten times the readings, every point, median",
            SMALL,
            middle,
        ),
    ])
}

fn side(rounds: &[Round], pick: impl Fn(&Round) -> Duration) -> Side {
    Side::millis(Times::of(rounds.iter().map(pick).collect()))
}

/// A profile with a wallet, and a meter that has `count` readings; it is kept.
async fn profile(count: usize, step: u64) -> Result<PathBuf> {
    let directory = scratch()?.join(format!("chart-{count}"));
    if std::fs::read_to_string(directory.join("edition")).is_ok_and(|edition| edition == EDITION) {
        return Ok(directory);
    }
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir_all(&directory)?;
    eprintln!("writing {count} readings");
    let store = Store::open(&directory.join("enerlink.db")).await?;
    // A broker that nobody runs: nothing arrives while it is measured.
    let meter = generator::meter("YEAR", 1, "year", START)?;
    let said = Readings::new(1, START, Duration::from_secs(step));
    generator::fill(&store, &meter, said, count).await?;
    let stored = readings::count(&store.reader(), &meter.id).await?;
    ensure!(
        stored == u64::try_from(count)?,
        "{stored} of {count} readings are stored"
    );
    store.close().await?;
    let engine = ingest::engine(&directory).await?;
    let secret = |text: &str| Password::from(text.to_owned());
    let password = secret("kopi tubruk di teras, hujan sore 1998");
    engine
        .create_wallet("Household".to_owned(), password, 12, secret(""))
        .await?;
    engine.stop().await;
    drop(engine);
    std::fs::write(directory.join("edition"), EDITION)?;
    Ok(directory)
}

/// The window of the wallet with the power of the year.
fn product<'a>(runtime: &'a Runtime, screen: &Screen, profile: &Path) -> Result<WebView<'a>> {
    let view = WebView::open(runtime, screen, profile)?;
    view.click("watch")?;
    view.click("nav-energy")?;
    view.click("period-year")?;
    view.wait("document.querySelector(\"[data-testid='period-date']\")")?;
    view.run(&format!(
        "const date = document.querySelector(\"[data-testid='period-date']\"); date.value = '{YEAR}'; \
         date.dispatchEvent(new Event('change', {{ bubbles: true }}))"
    ))?;
    // The page is not as wide by itself.
    let curve = "document.querySelector(\"[data-testid='energy-curve']\")";
    // Another year comes with its own chart, of energy: the choice is made again until it holds.
    view.wait(&format!(
        "{curve} ?? void document.querySelector(\"[data-testid='chart-power']\")?.click()"
    ))?;
    view.run(&format!("{curve}.parentElement.style.width = '{WIDTH}px'"))?;
    // A curve of few points is drawn finer than the screen.
    view.wait(&format!("{curve}.width % {WIDTH} === 0"))?;
    view.wait("!document.querySelector('.chart-card .waiting')")?;
    view.run("document.querySelector('.chart-card').setAttribute('data-watched', '')")?;
    Ok(view)
}

/// The same in uPlot, as high as the curve of the wallet.
fn peer<'a>(runtime: &'a Runtime, screen: &Screen, port: u64, height: &Value) -> Result<WebView<'a>> {
    let empty = scratch()?.join("chart-peer");
    std::fs::create_dir_all(&empty)?;
    let view = WebView::open(runtime, screen, &empty)?;
    view.go(&format!("http://127.0.0.1:{port}/?width={WIDTH}&height={height}"))?;
    view.wait("document.querySelector('[data-ready] canvas')")?;
    Ok(view)
}

/// What a round has shown.
struct Round {
    first: Duration,
    last: Duration,
    middle: Duration,
}

/// One round in a view whose curve is drawn `draws` times for a gesture.
fn measure(view: &WebView<'_>, draws: u32) -> Result<Round> {
    view.allow(Duration::from_secs(300))?;
    let plot = "[data-watched] .plot";
    let answer = view.run_to_end(
        WATCH,
        json!({ "plot": plot, "draws": draws, "gestures": gestures() }),
    )?;
    let times: Vec<Option<(f64, f64)>> = serde_json::from_value(answer)?;
    let missing = times.iter().position(Option::is_none);
    ensure!(
        missing.is_none(),
        "gesture {missing:?} was never drawn {draws} times"
    );
    let times: Vec<(f64, f64)> = times.into_iter().flatten().collect();
    let took = |pick: fn(&(f64, f64)) -> f64| -> Vec<Duration> {
        times
            .iter()
            .map(|time| Duration::from_secs_f64(pick(time) / 1000.0))
            .collect()
    };
    let mut last = took(|time| time.1);
    Ok(Round {
        first: p99(&mut took(|time| time.0)),
        last: p99(&mut last),
        middle: last[last.len() / 2],
    })
}

/// Into the year, along it, and out again as far as it went in: each notch changes what is shown.
fn gestures() -> Vec<(i32, bool, f64)> {
    let zoom = |delta: i32, count: usize| vec![(delta, false, 0.4); count];
    let pan = |delta: i32, count: usize| vec![(delta, true, 0.4); count];
    [
        zoom(-100, 8),
        pan(60, 12),
        zoom(-100, 12),
        pan(-60, 24),
        zoom(100, 10),
        pan(120, 6),
        zoom(100, 10),
    ]
    .concat()
}
