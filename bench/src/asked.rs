//! A server with one request that many connections ask it.

use std::sync::Arc;

use bytes::Bytes;
use durward_proto::SystemClock;
use http::Request;
use http_body_util::Full;

use crate::Outcome;
use crate::accounts::{log_in, open_account};
use crate::child::{Programs, Server};
use crate::database::Database;
use crate::load::{self, Client, Load};
use crate::open_loop;
use crate::scratch::Scratch;

/// How many connections ask at once.
pub(crate) const CONNECTIONS: usize = 64;

/// `GET path`, with a bearer token.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) server: Server,
    path: &'static str,
    token: String,
    /// How long the answer to it is.
    pub(crate) bytes: usize,
    _data: Option<Scratch>,
}

impl Asked {
    /// The bare handler. It gets a header of the same length as durward does, so that both read as much.
    pub(crate) async fn bare(programs: &Programs, path: &'static str) -> Outcome<Self> {
        let mut server = programs.bare("bare")?;
        server.ready(path).await?;
        Self::new(server, path, "x".repeat(600), None).await
    }

    /// durward, asked by somebody who is logged in.
    pub(crate) async fn durward(
        programs: &Programs,
        database: Database<'_>,
        path: &'static str,
        settings: &[(&str, &str)],
    ) -> Outcome<Self> {
        let scratch = Scratch::new()?;
        let mut server = database.durward(programs, &scratch, settings).await?;
        server.ready("/health/ready").await?;
        let mut client = Client::connect(server.address).await?;
        open_account(&mut client, 0).await?;
        let token = log_in(&mut client, 0).await?.access;
        Self::new(server, path, token, Some(scratch)).await
    }

    /// Any server that takes this token, and tells its bearer's address.
    pub(crate) async fn new(server: Server, path: &'static str, token: String, data: Option<Scratch>) -> Outcome<Self> {
        let (status, body) = Client::connect(server.address).await?.get(path, Some(&token)).await?;
        let text = String::from_utf8_lossy(&body);
        // Whose token is not taken is somebody all the same for `/api/v1/auth/status`, which says nothing of them.
        if status != 200 || !text.contains(&load::email(0)) {
            return Err(format!("{path} answers {status} {text}").into());
        }
        Ok(Self { server, path, token, bytes: body.len(), _data: data })
    }

    /// The load in a closed loop, and the server's processor time for each request in microseconds.
    pub(crate) async fn ask(&self, seconds: u64, clock: &Arc<SystemClock>) -> Outcome<(Load, f64)> {
        let requests = vec![self.request()?; CONNECTIONS];
        let before = self.server.cpu()?;
        let load = load::run(self.server.address, requests, seconds, clock).await?.all_good()?;
        let cpu = self.server.cpu()?.saturating_sub(before);
        let each = cpu.as_secs_f64() * 1e6 / load.count().max(1) as f64;
        Ok((load, each))
    }

    /// The load in an open loop: so many requests in a second.
    pub(crate) async fn ask_at(&self, rate: f64, seconds: u64, clock: &Arc<SystemClock>) -> Outcome<Load> {
        open_loop::run(self.server.address, &self.request()?, rate, CONNECTIONS, seconds, clock).await?.all_good()
    }

    fn request(&self) -> Outcome<Request<Full<Bytes>>> {
        load::get(self.server.address, self.path, Some(&self.token))
    }
}
