-- Signing keys beside the configuration's secret, and the event that tells nodes of a change.

-- The private part is sealed under keys.master_key, and is gone once the key is retired. A retired secret of the
-- configuration has a row as well: what says that it is retired.
CREATE TABLE signing_keys (
    kid {text} NOT NULL,
    number {bigint} NOT NULL,
    algorithm {text} NOT NULL,
    sealed {bytes},
    public_jwk {json},
    created_at {timestamp} NOT NULL,
    activates_at {timestamp} NOT NULL,
    retired_at {timestamp},
    CONSTRAINT signing_keys_pk PRIMARY KEY (kid),
    CONSTRAINT signing_keys_number_unique UNIQUE (number),
    CONSTRAINT signing_keys_algorithm_known CHECK (algorithm IN ('HS256', 'EdDSA', 'ES256', 'RS256')),
    CONSTRAINT signing_keys_sealed_until_retired CHECK ((sealed IS NULL) = (retired_at IS NOT NULL))
){strict};

-- Another kind of event. SQLite cannot change a constraint, so the table is made anew; the numbers go on.
CREATE TABLE revocation_events_before AS SELECT seq, kind, user_id, session_id, reason, at FROM revocation_events;

DROP TABLE revocation_events;

CREATE TABLE revocation_events (
    seq {bigint} NOT NULL,
    kind {text} NOT NULL,
    user_id {bigint} NOT NULL,
    session_id {uuid},
    reason {text} NOT NULL,
    at {timestamp} NOT NULL,
    CONSTRAINT revocation_events_pk PRIMARY KEY (seq),
    CONSTRAINT revocation_events_kind_known CHECK (kind IN ('session', 'user', 'keys'))
){strict};

INSERT INTO revocation_events (seq, kind, user_id, session_id, reason, at)
    SELECT seq, kind, user_id, session_id, reason, at FROM revocation_events_before;

DROP TABLE revocation_events_before;
