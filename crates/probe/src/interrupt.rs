//! What happens when somebody presses Ctrl-C: a running probe is cancelled, anything else ends as it always did.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// Hears interrupts for the whole program, once [`Interrupt::watch`] was called.
#[derive(Clone, Default)]
pub struct Interrupt {
    heard: Arc<Notify>,
    probes: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Hears interrupts from now on; `otherwise` is called for those that no probe hears.
    ///
    /// # Errors
    /// The system gives no thread or no signals.
    pub fn watch(otherwise: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let interrupt = Self::default();
        let ours = interrupt.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listen = move || {
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    match ours.probes.load(Ordering::SeqCst) {
                        0 => otherwise(),
                        _ => ours.heard.notify_waiters(),
                    }
                }
            });
        };
        std::thread::Builder::new().name("interrupts".into()).spawn(listen)?;
        Ok(interrupt)
    }

    /// Ends when somebody interrupts while `work` is done; gives what it gave otherwise.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        let interrupted = self.heard.notified();
        let mut interrupted = std::pin::pin!(interrupted);
        let mut work = std::pin::pin!(work);
        let done = std::future::poll_fn(|context| {
            use std::task::Poll;
            if interrupted.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await;
        self.probes.fetch_sub(1, Ordering::SeqCst);
        done
    }
}
