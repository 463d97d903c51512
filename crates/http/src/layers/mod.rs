//! What happens to every request around its handler. [`crate::door`] calls these in order.

pub(crate) mod client_address;
pub(crate) mod cookies;
pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod origin;
pub(crate) mod request_id;
pub(crate) mod security_headers;
