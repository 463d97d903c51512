//! What an operator decides about recovery, and how long links work.

use std::time::Duration;

/// How long a link to set a new password works.
pub(crate) const RESET_LIFE: Duration = Duration::from_secs(3_600);
/// How long a link to confirm an address works.
pub(crate) const VERIFY_LIFE: Duration = Duration::from_secs(86_400);

/// Who has to confirm their address, where links lead, and how many mails may be asked for.
#[derive(Debug, Clone)]
pub struct RecoveryRules {
    /// Whether an account that somebody opens waits until its address is confirmed.
    pub verify_email: bool,
    /// The page that sets a new password. Like the others it takes `#token=…` from the address and hands it to the API:
    /// what stands behind the `#` reaches no server and no log.
    pub reset_page: String,
    /// The page that confirms an account's address.
    pub verify_page: String,
    /// The page that confirms a change of address.
    pub confirm_page: String,
    /// How many mails may be asked for to one address, within an hour.
    pub per_address: u32,
    /// How many mails one client may ask for, within an hour.
    pub per_client: u32,
}
