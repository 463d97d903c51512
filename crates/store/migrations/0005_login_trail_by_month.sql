-- The login trail grows with every login. PostgreSQL keeps it in partitions, one for each month (UTC), so that a month which
-- is over goes by a DROP; the program makes them ahead (partitions.rs). SQLite keeps its one table: there is nothing to do.
{only postgres}
ALTER TABLE device_login_attempts RENAME TO device_login_attempts_before;
ALTER TABLE device_login_attempts_before DROP CONSTRAINT device_login_attempts_pk;
DROP INDEX IF EXISTS device_login_attempts_by_time;
ALTER INDEX IF EXISTS device_login_attempts_by_user RENAME TO device_login_attempts_before_by_user;
ALTER INDEX IF EXISTS device_login_attempts_by_email RENAME TO device_login_attempts_before_by_email;

-- The key has to hold what the partitions are told apart by. Led by the time, it is the index by time as well.
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
    registered_device_id {uuid},
    session_id {uuid},
    country {text},
    place {text},
    risk_score {bigint},
    risk_decision {text},
    risk_signals {json},
    CONSTRAINT device_login_attempts_pk PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);

CREATE INDEX device_login_attempts_by_user ON device_login_attempts (user_id, at, id);
CREATE INDEX device_login_attempts_by_email ON device_login_attempts (email_key, at);

-- For rows that no month is there for: whatever the clock says, and whether or not months were made, an insert finds a place.
CREATE TABLE device_login_attempts_rest PARTITION OF device_login_attempts DEFAULT;

-- The rows that there are stay where they are, and their table becomes the first partition, up to the end of this month: to
-- check their times and to build the one index that is missing takes minutes where to write them anew takes hours.
DO $step$
DECLARE
    was CONSTANT regclass := 'device_login_attempts_before';
    trail CONSTANT regclass := 'device_login_attempts';
    rest CONSTANT regclass := 'device_login_attempts_rest';
    next_month CONSTANT timestamptz :=
        (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    kept CONSTANT text := 'device_login_attempts_until_' || to_char(next_month AT TIME ZONE 'UTC', 'YYYY_MM');
    owner CONSTANT oid := (SELECT relowner FROM pg_class WHERE oid = was);
    added record;
    granted record;
BEGIN
    -- What an operator added to the table is added to the new one as well.
    FOR added IN SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod)
            || COALESCE(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS definition
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = was AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname NOT IN (SELECT attname FROM pg_attribute WHERE attrelid = trail)
    LOOP
        EXECUTE format('ALTER TABLE device_login_attempts ADD COLUMN %I %s', added.name, added.definition);
    END LOOP;

    IF EXISTS (SELECT 1 FROM device_login_attempts_before) THEN
        -- From a node whose clock was ahead.
        WITH ahead AS (DELETE FROM device_login_attempts_before WHERE at >= next_month RETURNING *)
        INSERT INTO device_login_attempts_rest (id, at, user_id, email_key, method, succeeded, reason, ip, user_agent,
            request_id, registered_device_id, session_id, country, place, risk_score, risk_decision, risk_signals)
        SELECT id, at, user_id, email_key, method, succeeded, reason, ip, user_agent, request_id, registered_device_id,
            session_id, country, place, risk_score, risk_decision, risk_signals FROM ahead;
        EXECUTE format('ALTER TABLE device_login_attempts ATTACH PARTITION %s FOR VALUES FROM (MINVALUE) TO (%L)',
            was, next_month);
        EXECUTE format('ALTER TABLE device_login_attempts_before RENAME TO %I', kept);
        ALTER INDEX IF EXISTS device_login_attempts_before_by_user RENAME TO device_login_attempts_until_by_user;
        ALTER INDEX IF EXISTS device_login_attempts_before_by_email RENAME TO device_login_attempts_until_by_email;
    END IF;

    -- Who may use the old table, and whose it is, holds for the new one.
    FOR granted IN SELECT a.privilege_type AS privilege, CASE a.grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS further
        FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = was AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT %s ON device_login_attempts TO %s%s', granted.privilege, granted.grantee, granted.further);
    END LOOP;
    IF owner <> (SELECT relowner FROM pg_class WHERE oid = trail) THEN
        EXECUTE format('ALTER TABLE device_login_attempts OWNER TO %I', pg_get_userbyid(owner));
        EXECUTE format('ALTER TABLE %s OWNER TO %I', rest, pg_get_userbyid(owner));
    END IF;
    IF to_regclass('device_login_attempts_before') IS NOT NULL THEN
        DROP TABLE device_login_attempts_before;
    END IF;
END
$step$;
{end}
