//! Everything that is held about somebody, as JSON. It is read and sent piece by piece: however much it is, a few rows of it
//! are in memory, and no connection to the database is held while the client takes its time.

use std::sync::Arc;

use durward_proto::Timestamp;
use durward_store::{After, Held, HeldPage};
use durward_verify::{Refusal, Verified};
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::client::Client;
use crate::fault::Fault;
use crate::service::Core;

/// How many rows are read at once.
const ROWS: u32 = 100;
/// The same of messages, which may be long.
const MESSAGES: u32 = 16;

/// A document on its way. After a fault it ends without its end: nobody takes it for whole.
pub type Export = BoxStream<'static, Result<String, Fault>>;

/// Why the writing ended early.
enum Ended {
    /// Nobody takes it any more.
    Gone,
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// Where the pieces go.
struct Pen {
    core: Arc<Core>,
    who: Arc<Verified>,
    out: mpsc::Sender<Result<String, Fault>>,
}

impl Core {
    /// Begins to give everything that is held about the caller. That it was asked for is in the audit trail.
    ///
    /// # Errors
    /// `reauthentication_required`; 503 when the database is away. Once it has begun, the document breaks off instead.
    pub async fn export_account(self: &Arc<Self>, who: &Arc<Verified>, client: &Client) -> Result<Export, Fault> {
        self.recently_authenticated(who)?;
        let mut write = self.store.own(who).write().await?;
        if write.held(Held::Account, None, 1).await?.rows.is_empty() {
            return Err(Refusal::Revoked.into());
        }
        let audit = client.audit("account_exported").actor(who.user_id()).subject(who.user_id());
        write.commit(audit.session(who.session_id())).await?;
        let (out, pieces) = mpsc::channel(1);
        let pen = Pen { core: self.clone(), who: who.clone(), out };
        let at = self.clock.now();
        tokio::spawn(async move {
            if let Err(Ended::Fault(fault)) = pen.write(at).await {
                // Whoever reads may be gone as well.
                let _ = pen.out.send(Err(fault)).await;
            }
        });
        Ok(stream::unfold(pieces, |mut pieces| async move { Some((pieces.recv().await?, pieces)) }).boxed())
    }
}

impl Pen {
    async fn write(&self, at: Timestamp) -> Result<(), Ended> {
        self.put(format!("{{\"exported_at\":\"{at}\"")).await?;
        for what in Held::ALL {
            self.put(format!(",\n\"{}\":", what.word())).await?;
            if is_one(what) {
                let row = self.page(what, None).await?.rows.into_iter().next();
                self.put(row.unwrap_or(Value::Null).to_string()).await?;
            } else {
                self.list(what).await?;
            }
        }
        self.put("}\n".to_owned()).await
    }

    async fn list(&self, what: Held) -> Result<(), Ended> {
        self.put("[".to_owned()).await?;
        let (mut after, mut begun) = (None, false);
        loop {
            let page = self.page(what, after).await?;
            if what == Held::Conversations {
                for row in &page.rows {
                    self.conversation(row, begun).await?;
                    begun = true;
                }
            } else if !page.rows.is_empty() {
                self.put(joined(&page.rows, begun)).await?;
                begun = true;
            }
            after = page.next;
            if after.is_none() {
                return self.put("]".to_owned()).await;
            }
        }
    }

    /// A conversation with its messages in it.
    async fn conversation(&self, row: &Value, begun: bool) -> Result<(), Ended> {
        let id = row.get("id").and_then(Value::as_str).and_then(|id| id.parse::<Uuid>().ok()).unwrap_or_default();
        let head = row.to_string();
        let comma = if begun { "," } else { "" };
        self.put(format!("{comma}{},\"messages\":[", head.strip_suffix('}').unwrap_or(&head))).await?;
        let (mut after, mut begun) = (None, false);
        loop {
            let page = self.core.store.own(&self.who).read().await?.messages_held(id, after, MESSAGES).await?;
            if !page.rows.is_empty() {
                self.put(joined(&page.rows, begun)).await?;
                begun = true;
            }
            after = page.next;
            if after.is_none() {
                return self.put("]}".to_owned()).await;
            }
        }
    }

    async fn page(&self, what: Held, after: Option<After>) -> Result<HeldPage, Ended> {
        Ok(self.core.store.own(&self.who).read().await?.held(what, after, ROWS).await?)
    }

    async fn put(&self, piece: String) -> Result<(), Ended> {
        self.out.send(Ok(piece)).await.map_err(|_| Ended::Gone)
    }
}

/// Whether there is one row at most, which then stands for itself.
fn is_one(what: Held) -> bool {
    matches!(what, Held::Account | Held::Profile | Held::Factors | Held::EmailChange | Held::Habits)
}

fn joined(rows: &[Value], begun: bool) -> String {
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        text.push_str(if begun || place > 0 { ",\n" } else { "\n" });
        text.push_str(&row.to_string());
    }
    text
}
