//! A courier that keeps what it is given, for tests that read mails and do not care how they travel.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use durward_core::mail::{Courier, Message, Undelivered};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::App;

/// A mail server whose mails are kept here: with it, nothing is sent over the wire.
pub const KEPT: (&str, &str) = ("DURWARD_MAIL__URL", "smtp://mails.invalid");

/// How long a mail may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Mails that were sent and that no test has read yet.
#[derive(Default)]
pub struct Mails {
    kept: Mutex<Vec<Message>>,
    came: Notify,
}

impl Courier for Mails {
    fn deliver(&self, message: Message) -> BoxFuture<'_, Result<(), Undelivered>> {
        self.kept.lock().unwrap().push(message);
        self.came.notify_waiters();
        async { Ok(()) }.boxed()
    }

    fn name(&self) -> &'static str {
        "kept"
    }
}

impl Mails {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The oldest mail to this address that was not read, which may still be on its way.
    #[track_caller]
    pub fn to<'a>(&'a self, address: &'a str) -> impl Future<Output = Message> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let wait = async {
                loop {
                    let came = self.came.notified();
                    if let Some(message) = self.take(|message| message.to == address) {
                        return message;
                    }
                    came.await;
                }
            };
            match tokio::time::timeout(PATIENCE, wait).await {
                Ok(message) => message,
                Err(_) => panic!("{caller}: no mail to {address}; unread are {:?}", self.unread()),
            }
        }
    }

    /// The same, which must be of this kind.
    #[track_caller]
    pub fn expect<'a>(&'a self, address: &'a str, kind: &'a str) -> impl Future<Output = Message> + 'a {
        let (caller, mail) = (std::panic::Location::caller(), self.to(address));
        async move {
            let message = mail.await;
            assert_eq!(message.kind, kind, "{caller}: {}", message.text);
            message
        }
    }

    /// Kind and address of what nobody has read.
    pub fn unread(&self) -> Vec<(&'static str, String)> {
        self.kept.lock().unwrap().iter().map(|message| (message.kind, message.to.clone())).collect()
    }

    fn take(&self, wanted: impl Fn(&Message) -> bool) -> Option<Message> {
        let mut kept = self.kept.lock().unwrap();
        let place = kept.iter().position(wanted)?;
        Some(kept.remove(place))
    }
}

impl App {
    /// Waits until everything that was put into the outbox has been dealt with.
    pub async fn posted(&self) {
        let waiting = async {
            while self.database.count("SELECT COUNT(*) FROM mail_outbox WHERE failed_at IS NULL").await > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the outbox is emptied");
    }

    /// There is no mail that nobody has read, nor will there be one.
    #[track_caller]
    pub fn no_more_mails(&self) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            self.posted().await;
            assert_eq!(self.mails.unread(), [], "{caller}");
        }
    }
}

/// The token in a mail's link: the same in its text and its HTML.
#[track_caller]
pub fn token(message: &Message) -> String {
    let after = |text: &str| {
        let (_, token) = text.split_once("#token=").unwrap_or_else(|| panic!("no link in {text}"));
        token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect::<String>()
    };
    let token = after(&message.text);
    assert_eq!(token.len(), 43);
    assert_eq!(token, after(&message.html));
    token
}
