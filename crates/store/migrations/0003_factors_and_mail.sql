-- Second factors, passkeys, recovery, and the mails that go with them. Only hashes of one-time secrets are kept, and
-- what has to be read again is sealed.

-- What a user has set up beside the password. The handle is the user's id towards authenticators: it says nothing about
-- the account (WebAuthn level 3, section 14.6.1).
CREATE TABLE user_two_factor_auth (
    user_id {bigint} NOT NULL,
    passkey_handle {uuid} NOT NULL,
    totp_sealed {bytes},
    totp_enabled_at {timestamp},
    totp_pending_sealed {bytes},
    totp_pending_until {timestamp},
    totp_last_step {bigint} NOT NULL,
    preferred_methods {text} NOT NULL,
    created_at {timestamp} NOT NULL,
    updated_at {timestamp} NOT NULL,
    CONSTRAINT user_two_factor_auth_pk PRIMARY KEY (user_id),
    CONSTRAINT user_two_factor_auth_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_two_factor_auth_handle_unique UNIQUE (passkey_handle),
    CONSTRAINT user_two_factor_auth_enabled_has_secret CHECK ((totp_sealed IS NULL) = (totp_enabled_at IS NULL)),
    CONSTRAINT user_two_factor_auth_pending_ends CHECK ((totp_pending_sealed IS NULL) = (totp_pending_until IS NULL))
){strict};

CREATE TABLE backup_codes (
    user_id {bigint} NOT NULL,
    number {bigint} NOT NULL,
    code_hash {bytes} NOT NULL,
    created_at {timestamp} NOT NULL,
    used_at {timestamp},
    CONSTRAINT backup_codes_pk PRIMARY KEY (user_id, number),
    CONSTRAINT backup_codes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
){strict};

-- Who passed the password and has to show a second factor (verify), or to set one up first (enrol).
CREATE TABLE two_factor_challenges (
    token_hash {bytes} NOT NULL,
    user_id {bigint} NOT NULL,
    purpose {text} NOT NULL,
    transport {text} NOT NULL,
    client_hash {bytes} NOT NULL,
    ip {text} NOT NULL,
    amr {text} NOT NULL,
    setup_sealed {bytes},
    tries {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT two_factor_challenges_pk PRIMARY KEY (token_hash),
    CONSTRAINT two_factor_challenges_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT two_factor_challenges_purpose_known CHECK (purpose IN ('verify', 'enrol')),
    CONSTRAINT two_factor_challenges_transport_known CHECK (transport IN ('cookie', 'bearer')),
    CONSTRAINT two_factor_challenges_enrol_has_setup CHECK ((purpose = 'enrol') = (setup_sealed IS NOT NULL))
){strict};

CREATE INDEX two_factor_challenges_by_user ON two_factor_challenges (user_id);
CREATE INDEX two_factor_challenges_by_expiry ON two_factor_challenges (expires_at);

-- Devices on which a user need not show the second factor again for a while.
CREATE TABLE trusted_devices (
    id {uuid} NOT NULL,
    token_hash {bytes} NOT NULL,
    user_id {bigint} NOT NULL,
    user_agent {text},
    ip {text},
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT trusted_devices_pk PRIMARY KEY (id),
    CONSTRAINT trusted_devices_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT trusted_devices_token_unique UNIQUE (token_hash)
){strict};

CREATE INDEX trusted_devices_by_user ON trusted_devices (user_id, created_at, id);
CREATE INDEX trusted_devices_by_expiry ON trusted_devices (expires_at);

-- The credential is the public key with what was agreed on when it was made.
CREATE TABLE passkey_credentials (
    id {uuid} NOT NULL,
    user_id {bigint} NOT NULL,
    credential_id {bytes} NOT NULL,
    credential {json} NOT NULL,
    name {text} NOT NULL,
    sign_count {bigint} NOT NULL,
    backup_eligible {bool} NOT NULL,
    backed_up {bool} NOT NULL,
    created_at {timestamp} NOT NULL,
    last_used_at {timestamp},
    clone_suspected_at {timestamp},
    CONSTRAINT passkey_credentials_pk PRIMARY KEY (id),
    CONSTRAINT passkey_credentials_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT passkey_credentials_credential_unique UNIQUE (credential_id)
){strict};

CREATE INDEX passkey_credentials_by_user ON passkey_credentials (user_id, created_at, id);

-- What was asked of an authenticator and has not been answered. Answering one deletes it.
CREATE TABLE passkey_ceremonies (
    id {uuid} NOT NULL,
    purpose {text} NOT NULL,
    user_id {bigint},
    session_id {uuid},
    challenge_hash {bytes},
    state_sealed {bytes} NOT NULL,
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT passkey_ceremonies_pk PRIMARY KEY (id),
    CONSTRAINT passkey_ceremonies_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT passkey_ceremonies_purpose_known CHECK (purpose IN ('register', 'login', 'second_factor', 'reauthenticate'))
){strict};

CREATE INDEX passkey_ceremonies_by_user ON passkey_ceremonies (user_id);
CREATE INDEX passkey_ceremonies_by_expiry ON passkey_ceremonies (expires_at);

-- What stands in mailed links. A newer one takes the place of the older.
CREATE TABLE recovery_tokens (
    token_hash {bytes} NOT NULL,
    user_id {bigint} NOT NULL,
    purpose {text} NOT NULL,
    email_key {text} NOT NULL,
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT recovery_tokens_pk PRIMARY KEY (token_hash),
    CONSTRAINT recovery_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT recovery_tokens_one_each UNIQUE (user_id, purpose),
    CONSTRAINT recovery_tokens_purpose_known CHECK (purpose IN ('reset_password', 'verify_email'))
){strict};

CREATE INDEX recovery_tokens_by_expiry ON recovery_tokens (expires_at);

-- A change of address that waits for both addresses to confirm it.
CREATE TABLE email_changes (
    user_id {bigint} NOT NULL,
    new_email {text} NOT NULL,
    old_token_hash {bytes} NOT NULL,
    new_token_hash {bytes} NOT NULL,
    old_confirmed_at {timestamp},
    new_confirmed_at {timestamp},
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    CONSTRAINT email_changes_pk PRIMARY KEY (user_id),
    CONSTRAINT email_changes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT email_changes_old_token_unique UNIQUE (old_token_hash),
    CONSTRAINT email_changes_new_token_unique UNIQUE (new_token_hash)
){strict};

CREATE INDEX email_changes_by_expiry ON email_changes (expires_at);

-- Mails to send, and what was asked for by mail and has to be looked into. Recipient and contents are sealed; a mail
-- that was sent has no row any more, and of one that cannot be sent only the reason is kept.
CREATE TABLE mail_outbox (
    id {uuid} NOT NULL,
    kind {text} NOT NULL,
    user_id {bigint},
    sealed {bytes},
    tries {bigint} NOT NULL,
    created_at {timestamp} NOT NULL,
    next_try_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    failed_at {timestamp},
    last_error {text},
    CONSTRAINT mail_outbox_pk PRIMARY KEY (id),
    CONSTRAINT mail_outbox_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT mail_outbox_sealed_until_failed CHECK ((sealed IS NULL) = (failed_at IS NOT NULL))
){strict};

CREATE INDEX mail_outbox_due ON mail_outbox (next_try_at, id) WHERE failed_at IS NULL;
CREATE INDEX mail_outbox_by_failure ON mail_outbox (failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX mail_outbox_by_expiry ON mail_outbox (expires_at);
CREATE INDEX mail_outbox_by_user ON mail_outbox (user_id);
