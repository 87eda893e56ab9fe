//! A small service on Tokio that records itself: `cargo run -- service service.vxt`, then `vex view service.vxt`.
//!
//! Clients send orders into a channel. A dispatcher hands them to workers, who write them into one ledger behind a mutex
//! and answer. `cargo run -- deadlock deadlock.vxt` runs two transfers between two accounts instead, which lock them in
//! opposite order.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Barrier, Mutex, Semaphore, mpsc, oneshot};
use tokio::task::{Builder, JoinHandle};
use tokio::time::{sleep, timeout};
use tracing::{info, instrument};
use tracing_subscriber::prelude::*;

const CLIENTS: u32 = 2;
const WORKERS: usize = 3;
const ORDERS: u32 = 12;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let (mode, file) = (args.next().unwrap_or_default(), args.next());
    let (Some(file), "service" | "deadlock") = (file, mode.as_str()) else {
        return Err("usage: service MODE FILE.vxt, where MODE is `service` or `deadlock`".into());
    };

    // Before the runtime is built, so that everything in it is seen.
    let recording = tracer::layer::Recording::to(&file)?;
    tracing_subscriber::registry().with(recording.layer()).init();

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match mode.as_str() {
            "service" => service().await,
            _ => transfers().await,
        }
    })?;
    drop(runtime);

    let written = recording.finish()?;
    println!("{file}: {} events, {} bytes", written.events, written.bytes);
    Ok(())
}

/// What a client wants, and where the answer goes.
struct Order {
    number: u32,
    answer: oneshot::Sender<u64>,
}

/// Names a task for whoever looks at it; the rest is `tokio::spawn`.
#[track_caller]
fn spawn<T: Send + 'static>(
    name: &str,
    task: impl Future<Output = T> + Send + 'static,
) -> Result<JoinHandle<T>, Error> {
    Ok(Builder::new().name(name).spawn(task)?)
}

async fn service() -> Result<(), Error> {
    let (orders, queue) = mpsc::channel(4);
    let ledger = Arc::new(Mutex::new(Vec::new()));
    let printers = Arc::new(Semaphore::new(2));
    let mut tasks = Vec::new();
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        let (work, mine) = mpsc::channel(1);
        workers.push(work);
        tasks.push(spawn("worker", worker(mine, ledger.clone(), printers.clone()))?);
    }
    tasks.push(spawn("dispatcher", dispatcher(queue, workers))?);
    for client_number in 0..CLIENTS {
        tasks.push(spawn("client", client(client_number, orders.clone()))?);
    }
    drop(orders);
    for task in tasks {
        task.await?;
    }
    info!(written = ledger.lock().await.len(), "all orders are done");
    Ok(())
}

async fn client(client: u32, orders: mpsc::Sender<Order>) {
    for number in 0..ORDERS {
        let (answer, answered) = oneshot::channel();
        let order = Order { number: client * ORDERS + number, answer };
        if orders.send(order).await.is_err() || answered.await.is_err() {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
}

async fn dispatcher(mut queue: mpsc::Receiver<Order>, workers: Vec<mpsc::Sender<Order>>) {
    let mut next = workers.iter().cycle();
    while let (Some(order), Some(worker)) = (queue.recv().await, next.next()) {
        if worker.send(order).await.is_err() {
            return;
        }
    }
}

async fn worker(mut work: mpsc::Receiver<Order>, ledger: Arc<Mutex<Vec<u32>>>, printers: Arc<Semaphore>) {
    while let Some(order) = work.recv().await {
        let total = write(order.number, &ledger).await;
        let _printer = printers.acquire().await;
        sleep(Duration::from_millis(2)).await;
        let _ = order.answer.send(total);
    }
}

/// Holds the ledger while it sleeps: what a view of the locks is for.
#[instrument(skip(ledger))]
async fn write(number: u32, ledger: &Mutex<Vec<u32>>) -> u64 {
    let mut ledger = ledger.lock().await;
    sleep(Duration::from_millis(1)).await;
    ledger.push(number);
    ledger.iter().map(|&number| u64::from(number)).sum()
}

async fn transfers() -> Result<(), Error> {
    let checking = Arc::new(Mutex::new(100));
    let savings = Arc::new(Mutex::new(100));
    let start = Arc::new(Barrier::new(2));
    let save = spawn("save", transfer(checking.clone(), savings.clone(), start.clone()))?;
    let spend = spawn("spend", transfer(savings, checking, start))?;
    let both = async { (save.await, spend.await) };
    // They never come back; a recording that is to be finished must not wait for them.
    if timeout(Duration::from_millis(300), both).await.is_err() {
        info!("the transfers do not end");
    }
    Ok(())
}

async fn transfer(from: Arc<Mutex<i64>>, to: Arc<Mutex<i64>>, start: Arc<Barrier>) {
    let mut from = from.lock().await;
    start.wait().await;
    let mut to = to.lock().await;
    *from -= 10;
    *to += 10;
}
