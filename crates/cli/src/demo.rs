//! `enerlink demo`: the simulated neighbourhood without a window, and the sums at its end.

use enerlink_domain::{Error, Event};
use enerlink_engine::{Account, Events};
use enerlink_sim::demo::{Demo, DemoOptions, Summary};

use crate::{
    arguments::DemoArguments,
    failure::{Failure, Outcome},
    output, run,
    secret::Secret,
};

/// Runs the demo for as long as asked, then adds up.
pub(crate) async fn demo(arguments: DemoArguments) -> Outcome {
    let temporary =
        tempfile::tempdir().map_err(|error| Failure::input(format!("no temporary directory: {error}")))?;
    let data_dir = arguments
        .data_dir
        .clone()
        .unwrap_or_else(|| temporary.path().join("profile"));
    let operator = match (&arguments.keystore, &arguments.password_file) {
        (Some(keystore), Some(password)) => {
            let account = Account::from_v3(
                Secret::read(keystore)?.text(),
                &Secret::read(password)?.password(),
            );
            Some(account.map_err(Error::from)?)
        }
        (Some(_), None) => return Err(Failure::input("--keystore needs --password-file")),
        (None, _) => None,
    };
    let options = DemoOptions {
        seed: arguments.seed,
        speed: arguments.speed,
        broker: arguments.broker,
        rpc: arguments.rpc,
        operator,
        ..DemoOptions::new(data_dir)
    };
    let stop = run::stop_after(arguments.length);
    tokio::pin!(stop);
    let demo = tokio::select! {
        demo = Demo::start(options) => demo?,
        () = &mut stop => return Err(Failure::input("the demo was stopped before it had started")),
    };
    let mut events = demo.engine().events();
    demo.create_wallet().await?;
    loop {
        tokio::select! {
            () = &mut stop => break,
            event = events.next() => match event {
                Some(event) => tell(&event),
                None => break,
            }
        }
    }
    let summary = add_up(&demo, &mut events).await?;
    output::line(&summary);
    demo.stop().await;
    Ok(())
}

/// Lets the demo settle down, and goes on telling what happens meanwhile.
async fn add_up(demo: &Demo, events: &mut Events) -> anyhow::Result<Summary> {
    let settled = demo.settle_down();
    tokio::pin!(settled);
    loop {
        tokio::select! {
            summary = &mut settled => return summary,
            event = events.next() => if let Some(event) = event { tell(&event) },
        }
    }
}

fn tell(event: &Event) {
    output::line(event);
}
