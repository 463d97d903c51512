-- Devices, where and how risky logins are, the chained audit trail, alerts, and figures for the operator's charts.

-- What a user logs in with. The identity is SHA-256 of the random device_id cookie; a client that keeps no cookies is
-- known by its fingerprint. The reputation is a count in thousandths that decays from reputed_at on. The streak is what
-- a device has done without a failure: enough of it makes it trusted.
CREATE TABLE registered_devices (
    id {uuid} NOT NULL,
    user_id {bigint} NOT NULL,
    identity_hash {bytes} NOT NULL,
    fingerprint {bytes} NOT NULL,
    kind {text} NOT NULL,
    name {text} NOT NULL,
    user_agent {text},
    ip {text},
    place {text},
    trust_level {text} NOT NULL,
    security_level {text} NOT NULL,
    logins {bigint} NOT NULL,
    successes_milli {bigint} NOT NULL,
    failures_milli {bigint} NOT NULL,
    reputed_at {timestamp} NOT NULL,
    streak_logins {bigint} NOT NULL,
    streak_since {timestamp} NOT NULL,
    created_at {timestamp} NOT NULL,
    last_seen_at {timestamp} NOT NULL,
    CONSTRAINT registered_devices_pk PRIMARY KEY (id),
    CONSTRAINT registered_devices_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT registered_devices_identity_unique UNIQUE (user_id, identity_hash),
    CONSTRAINT registered_devices_trust_known CHECK (trust_level IN ('new', 'trusted', 'verified')),
    CONSTRAINT registered_devices_security_known CHECK (security_level IN ('always_login', 'auto_login', 'always_2fa'))
){strict};

CREATE INDEX registered_devices_by_user ON registered_devices (user_id, last_seen_at, id);
CREATE INDEX registered_devices_by_last_seen ON registered_devices (last_seen_at);

ALTER TABLE user_sessions ADD COLUMN registered_device_id {uuid};
ALTER TABLE user_sessions ADD COLUMN place {text};
CREATE INDEX user_sessions_by_device ON user_sessions (registered_device_id);
CREATE INDEX user_sessions_by_time ON user_sessions (created_at, id);
CREATE INDEX user_sessions_by_end ON user_sessions (ended_at) WHERE ended_at IS NOT NULL;

ALTER TABLE trusted_devices ADD COLUMN registered_device_id {uuid};
CREATE INDEX trusted_devices_by_device ON trusted_devices (registered_device_id);

-- The signing key behind the token that asked for the ticket: its retirement ends the socket, too.
ALTER TABLE one_time_tickets ADD COLUMN kid {text};

-- When a budget's window is over: from then on its row says nothing, and is removed.
ALTER TABLE guess_budgets ADD COLUMN ends_at {bigint} NOT NULL DEFAULT 0;
DROP INDEX guess_budgets_by_window;
CREATE INDEX guess_budgets_by_end ON guess_budgets (ends_at);

-- A code that was mailed to who has no other second factor.
ALTER TABLE two_factor_challenges ADD COLUMN mail_code_hash {bytes};

ALTER TABLE device_login_attempts ADD COLUMN registered_device_id {uuid};
ALTER TABLE device_login_attempts ADD COLUMN session_id {uuid};
ALTER TABLE device_login_attempts ADD COLUMN country {text};
ALTER TABLE device_login_attempts ADD COLUMN place {text};
ALTER TABLE device_login_attempts ADD COLUMN risk_score {bigint};
ALTER TABLE device_login_attempts ADD COLUMN risk_decision {text};
ALTER TABLE device_login_attempts ADD COLUMN risk_signals {json};
CREATE INDEX device_login_attempts_by_time ON device_login_attempts (at, id);

-- What is usual for a user, as far as a risk can be judged by it: counts that decay, no list of what they did.
CREATE TABLE user_login_habits (
    user_id {bigint} NOT NULL,
    habits {json} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT user_login_habits_pk PRIMARY KEY (user_id),
    CONSTRAINT user_login_habits_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
){strict};

-- The audit trail becomes a set of chains. Rows from before have no lane until the program takes them into one. What
-- has to be erasable (ip) is in the hash by its salted commitment alone.
ALTER TABLE security_audit ADD COLUMN node {text};
ALTER TABLE security_audit ADD COLUMN lane {bigint};
ALTER TABLE security_audit ADD COLUMN seq {bigint};
ALTER TABLE security_audit ADD COLUMN salt {bytes};
ALTER TABLE security_audit ADD COLUMN commitment {bytes};
ALTER TABLE security_audit ADD COLUMN hash {bytes};
CREATE UNIQUE INDEX security_audit_by_lane ON security_audit (lane, seq);
CREATE INDEX security_audit_by_event ON security_audit (event, at, id);
CREATE INDEX security_audit_by_actor ON security_audit (actor_user_id, at, id);
CREATE INDEX security_audit_outside ON security_audit (at, id) WHERE lane IS NULL OR seq IS NULL;

-- One chain each. Whoever appends takes a free one, so that writers do not wait for each other.
CREATE TABLE audit_lanes (
    lane {bigint} NOT NULL,
    seq {bigint} NOT NULL,
    hash {bytes} NOT NULL,
    mac {bytes} NOT NULL,
    CONSTRAINT audit_lanes_pk PRIMARY KEY (lane)
){strict};

INSERT INTO audit_lanes (lane, seq, hash, mac)
    WITH RECURSIVE lanes (lane) AS (SELECT 0 UNION ALL SELECT lane + 1 FROM lanes WHERE lane < 63)
    SELECT lane, 0, CAST('' AS {bytes}), CAST('' AS {bytes}) FROM lanes;

-- Signed statements about the heads of all lanes, and about what retention cut off.
CREATE TABLE audit_checkpoints (
    number {bigint} NOT NULL,
    kind {text} NOT NULL,
    at {timestamp} NOT NULL,
    statement {json} NOT NULL,
    hash {bytes} NOT NULL,
    signature {bytes} NOT NULL,
    CONSTRAINT audit_checkpoints_pk PRIMARY KEY (number),
    CONSTRAINT audit_checkpoints_kind_known CHECK (kind IN ('start', 'heads', 'pruned', 'erased'))
){strict};

-- What an operator should look at. The bucket lets one node of many raise it.
CREATE TABLE alerts (
    id {uuid} NOT NULL,
    rule {text} NOT NULL,
    about {text} NOT NULL,
    bucket {bigint} NOT NULL,
    at {timestamp} NOT NULL,
    severity {text} NOT NULL,
    detail {json} NOT NULL,
    CONSTRAINT alerts_pk PRIMARY KEY (id),
    CONSTRAINT alerts_once UNIQUE (rule, about, bucket),
    CONSTRAINT alerts_severity_known CHECK (severity IN ('info', 'warning', 'critical'))
){strict};

CREATE INDEX alerts_by_time ON alerts (at, id);

-- Alerts on their way to the operator's webhook. One that arrived has no row any more.
CREATE TABLE webhook_outbox (
    id {uuid} NOT NULL,
    body {json} NOT NULL,
    tries {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    next_try_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    failed_at {timestamp},
    last_error {text},
    CONSTRAINT webhook_outbox_pk PRIMARY KEY (id)
){strict};

CREATE INDEX webhook_outbox_due ON webhook_outbox (next_try_at, id) WHERE failed_at IS NULL;
CREATE INDEX webhook_outbox_by_failure ON webhook_outbox (failed_at) WHERE failed_at IS NOT NULL;

-- Who may be an administrator is asked often, and of few.
CREATE INDEX users_by_role ON users (role, id);

-- What retention looks for among many that it is not about.
CREATE INDEX users_unverified ON users (id) WHERE status = 'pending' AND NOT email_verified;
CREATE INDEX user_two_factor_auth_by_pending ON user_two_factor_auth (totp_pending_until) WHERE totp_pending_until IS NOT NULL;

-- Whose events they are: those of the account that the checks make are removed again.
CREATE INDEX revocation_events_by_user ON revocation_events (user_id);

-- What is done once for all nodes. Whoever holds a job renews its lease; when that runs out, another node takes over.
CREATE TABLE jobs (
    name {text} NOT NULL,
    holder {uuid} NOT NULL,
    leased_until {timestamp} NOT NULL,
    done_until {timestamp},
    CONSTRAINT jobs_pk PRIMARY KEY (name)
){strict};

-- What each node counted in each minute, for charts.
CREATE TABLE figures (
    at {timestamp} NOT NULL,
    node {text} NOT NULL,
    name {text} NOT NULL,
    label {text} NOT NULL,
    value {bigint} NOT NULL,
    CONSTRAINT figures_pk PRIMARY KEY (at, node, name, label)
){strict};

CREATE INDEX figures_by_name ON figures (name, at);
