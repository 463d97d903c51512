//! A TCP proxy in front of the database: what cuts a node off, or keeps it waiting.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Everything goes through.
    Flows,
    /// Nothing goes through, and nobody is told.
    Frozen,
    /// Connections are closed, and no new one is taken.
    Cut,
}

/// It goes on for as long as it is kept.
pub struct Proxy {
    pub address: SocketAddr,
    traffic: Arc<watch::Sender<Traffic>>,
}

impl Proxy {
    pub async fn to(target: (String, u16)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, traffic) = (listener.local_addr().unwrap(), Arc::new(watch::Sender::new(Traffic::Flows)));
        let watched = traffic.clone();
        tokio::spawn(async move {
            loop {
                let Ok((near, _)) = listener.accept().await else { continue };
                if *watched.borrow() == Traffic::Cut {
                    continue;
                }
                let (target, here, there) = (target.clone(), watched.subscribe(), watched.subscribe());
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(target).await else { return };
                    let _ = (near.set_nodelay(true), far.set_nodelay(true));
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::spawn(pass(near_in, far_out, here));
                    pass(far_in, near_out, there).await;
                });
            }
        });
        Self { address, traffic }
    }

    pub fn set(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }
}

/// One direction of one connection.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut traffic: watch::Receiver<Traffic>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            _ = traffic.wait_for(|now| *now == Traffic::Cut) => return,
        };
        let Ok(now) = traffic.wait_for(|now| *now != Traffic::Frozen).await.map(|now| *now) else { return };
        if read == 0 || now == Traffic::Cut || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
