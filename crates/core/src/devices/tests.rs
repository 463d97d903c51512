//! A device to try things with.

use durward_proto::ids::UuidId;
use durward_proto::wire::device::{DeviceKind, SecurityLevel, TrustLevel};
use durward_proto::{DeviceId, Timestamp, UserId};
use durward_store::DeviceRow;

/// One that was just seen for the first time.
pub(crate) fn device() -> DeviceRow {
    let at = Timestamp::from_seconds(1_000_000);
    DeviceRow {
        id: DeviceId::from_uuid(uuid::Uuid::nil()),
        user_id: UserId(1),
        identity_hash: [1; 32],
        fingerprint: [2; 32],
        kind: DeviceKind::Desktop,
        name: "Firefox on Linux".to_owned(),
        user_agent: None,
        ip: None,
        place: None,
        trust_level: TrustLevel::New,
        security_level: SecurityLevel::AlwaysLogin,
        logins: 1,
        successes_milli: 1_000,
        failures_milli: 0,
        reputed_at: at,
        streak_logins: 1,
        streak_since: at,
        created_at: at,
        last_seen_at: at,
    }
}
