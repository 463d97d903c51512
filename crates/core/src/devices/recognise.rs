//! Which of a user's devices a client is.

use durward_proto::UserId;
use durward_store::{DeviceRow, Gate, Read};

use crate::client::Client;
use crate::fault::Fault;

/// The user's device that this client is, where it has logged in before. Reads and writes nothing down, so that it can be
/// asked before the password is looked at; whoever does must not let the answer be seen from outside.
///
/// It is proof of nothing: [`Client::keeps_cookie`] says whether the device was known by its secret cookie, or only
/// looks like one that keeps no cookies.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn recognise(
    read: &mut Read<Gate>,
    user: UserId,
    client: &Client,
) -> Result<Option<DeviceRow>, Fault> {
    Ok(read.device_by_identity(user, &client.identity()).await?)
}
