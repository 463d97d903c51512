-- Accounts, sessions, the trails, and the conversations.
--
-- Words in braces are types and clauses that each database spells its own way: see src/migrate.rs.

CREATE TABLE users (
    id {user_id_pk},
    email {text} NOT NULL,
    email_key {text} NOT NULL,
    full_name {text},
    password_hash {text} NOT NULL,
    role {text} NOT NULL,
    status {text} NOT NULL,
    email_verified {bool} NOT NULL,
    tfa_enabled {bool} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT users_email_key_unique UNIQUE (email_key),
    CONSTRAINT users_status_known CHECK (status IN ('pending', 'active', 'suspended', 'deactivated'))
){strict};

CREATE TABLE user_profiles (
    user_id {bigint} NOT NULL,
    mission_statement {text},
    work_style_preferences {json} NOT NULL,
    productivity_patterns {json} NOT NULL,
    personal_goals {json} NOT NULL,
    reflective_coach_summary {text},
    updated_at {timestamp} NOT NULL,
    CONSTRAINT user_profiles_pk PRIMARY KEY (user_id),
    CONSTRAINT user_profiles_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
){strict};

CREATE TABLE user_settings (
    user_id {bigint} NOT NULL,
    key {text} NOT NULL,
    value {json} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT user_settings_pk PRIMARY KEY (user_id, key),
    CONSTRAINT user_settings_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
){strict};

CREATE TABLE user_sessions (
    id {uuid} NOT NULL,
    user_id {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    last_seen_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    ended_at {timestamp},
    end_reason {text},
    auth_time {timestamp} NOT NULL,
    amr {text} NOT NULL,
    transport {text} NOT NULL,
    generation {bigint} NOT NULL,
    settled_generation {bigint} NOT NULL,
    user_agent {text},
    ip {text},
    device_hash {bytes},
    CONSTRAINT user_sessions_pk PRIMARY KEY (id),
    CONSTRAINT user_sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_sessions_transport_known CHECK (transport IN ('cookie', 'bearer')),
    CONSTRAINT user_sessions_end_has_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
){strict};

CREATE INDEX user_sessions_by_user ON user_sessions (user_id, created_at, id);
CREATE INDEX user_sessions_by_expiry ON user_sessions (expires_at);

-- Only hashes of refresh tokens are kept. The successor is sealed under a key made from the token itself.
CREATE TABLE refresh_tokens (
    token_hash {bytes} NOT NULL,
    session_id {uuid} NOT NULL,
    generation {bigint} NOT NULL,
    issued_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    rotated_at {timestamp},
    sealed_successor {bytes},
    CONSTRAINT refresh_tokens_pk PRIMARY KEY (token_hash),
    CONSTRAINT refresh_tokens_session FOREIGN KEY (session_id) REFERENCES user_sessions (id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_generation_unique UNIQUE (session_id, generation)
){strict};

CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE one_time_tickets (
    ticket_hash {bytes} NOT NULL,
    session_id {uuid} NOT NULL,
    origin {text},
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    lease_expires_at {timestamp} NOT NULL,
    CONSTRAINT one_time_tickets_pk PRIMARY KEY (ticket_hash),
    CONSTRAINT one_time_tickets_session FOREIGN KEY (session_id) REFERENCES user_sessions (id) ON DELETE CASCADE
){strict};

CREATE INDEX one_time_tickets_by_session ON one_time_tickets (session_id);
CREATE INDEX one_time_tickets_by_expiry ON one_time_tickets (expires_at);

-- Times are microseconds since the epoch on both databases, because the delays are computed in SQL. Keys stand in the order
-- of their bytes, so that all that begin alike are found together.
CREATE TABLE guess_budgets (
    key {bytewise} NOT NULL,
    failures {bigint} NOT NULL,
    window_started_at {bigint} NOT NULL,
    next_allowed_at {bigint} NOT NULL,
    refused {bool} NOT NULL,
    CONSTRAINT guess_budgets_pk PRIMARY KEY (key)
){strict};

CREATE INDEX guess_budgets_by_window ON guess_budgets (window_started_at);

-- The trails outlive the user they speak of: no foreign keys.
CREATE TABLE device_login_attempts (
    id {uuid} NOT NULL,
    at {timestamp} NOT NULL,
    user_id {bigint},
    email_key {text} NOT NULL,
    method {text} NOT NULL,
    succeeded {bool} NOT NULL,
    reason {text} NOT NULL,
    ip {text},
    user_agent {text},
    request_id {text},
    CONSTRAINT device_login_attempts_pk PRIMARY KEY (id)
){strict};

CREATE INDEX device_login_attempts_by_user ON device_login_attempts (user_id, at, id);
CREATE INDEX device_login_attempts_by_email ON device_login_attempts (email_key, at);

CREATE TABLE security_audit (
    id {uuid} NOT NULL,
    at {timestamp} NOT NULL,
    event {text} NOT NULL,
    actor_user_id {bigint},
    subject_user_id {bigint},
    session_id {uuid},
    ip {text},
    request_id {text},
    detail {json} NOT NULL,
    CONSTRAINT security_audit_pk PRIMARY KEY (id)
){strict};

CREATE INDEX security_audit_by_subject ON security_audit (subject_user_id, at, id);
CREATE INDEX security_audit_by_time ON security_audit (at, id);

CREATE TABLE revocation_events (
    seq {bigint} NOT NULL,
    kind {text} NOT NULL,
    user_id {bigint} NOT NULL,
    session_id {uuid},
    reason {text} NOT NULL,
    at {timestamp} NOT NULL,
    CONSTRAINT revocation_events_pk PRIMARY KEY (seq),
    CONSTRAINT revocation_events_kind_known CHECK (kind IN ('session', 'user'))
){strict};

-- One row: the number of the newest event. Whoever raises it holds its lock until the commit, and so the
-- order of the numbers is the order of the commits, without a gap and without a number used twice.
CREATE TABLE revocation_counter (
    id {bigint} NOT NULL,
    last_seq {bigint} NOT NULL,
    CONSTRAINT revocation_counter_pk PRIMARY KEY (id),
    CONSTRAINT revocation_counter_one_row CHECK (id = 1)
){strict};

INSERT INTO revocation_counter (id, last_seq) VALUES (1, 0);

CREATE TABLE conversations (
    id {uuid} NOT NULL,
    user_id {bigint} NOT NULL,
    title {text} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT conversations_pk PRIMARY KEY (id),
    CONSTRAINT conversations_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
){strict};

CREATE INDEX conversations_by_user ON conversations (user_id, updated_at, id);

CREATE TABLE conversation_messages (
    id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    author {text} NOT NULL,
    content {text} NOT NULL,
    model {text},
    created_at {timestamp} NOT NULL,
    CONSTRAINT conversation_messages_pk PRIMARY KEY (id),
    CONSTRAINT conversation_messages_conversation FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
    CONSTRAINT conversation_messages_author_known CHECK (author IN ('user', 'assistant'))
){strict};

CREATE INDEX conversation_messages_by_conversation ON conversation_messages (conversation_id, created_at, id);
