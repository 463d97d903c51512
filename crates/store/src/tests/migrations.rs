use std::collections::BTreeSet;

use durward_proto::{Secret, SystemClock};

use super::*;
use crate::catalogue::expected;
use crate::migrate::MIGRATIONS;
use crate::open::Backend;
use crate::testing::{backends, empty, postgres_catalogue};
use crate::{Opened, SchemaState, StoreError, Target};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_all_succeed() {
    for backend in backends() {
        let fresh = empty(backend).await;
        assert_eq!(fresh.opened.system.read().await.unwrap().schema_state().await.unwrap(), SchemaState::Empty);
        let options = fresh.options.clone();
        let applied = race(8, |_| {
            let options = options.clone();
            async move {
                // Each with connections of its own, as another process has them.
                let node = Opened::open(&options, SystemClock::new(), Arc::new(SystemRandom)).await.unwrap();
                let applied = node.system.migrate().await.unwrap();
                assert_eq!(node.system.check_schema().await.unwrap(), []);
                applied
            }
        })
        .await;
        let names: Vec<_> = MIGRATIONS.iter().map(|step| step.name).collect();
        let mut applied: Vec<_> = applied.into_iter().flatten().collect();
        applied.sort_unstable();
        assert_eq!(applied, names, "each step once");
        assert_eq!(fresh.opened.system.read().await.unwrap().schema_state().await.unwrap(), SchemaState::Current);
        assert_eq!(fresh.opened.system.migrate().await.unwrap(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_leaves_nothing() {
    for backend in backends() {
        let fresh = empty(backend).await;
        fresh.sql("CREATE TABLE conversation_messages (theirs INTEGER)").await;
        let error = fresh.opened.system.migrate().await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Broken(why) if why.contains("0001_accounts") && why.contains("conversation_messages")),
            "{error}"
        );
        assert_eq!(fresh.opened.system.read().await.unwrap().schema_state().await.unwrap(), SchemaState::Empty);
        assert!(fresh.try_sql("SELECT 1 FROM users").await.is_err());
        fresh.sql("DROP TABLE conversation_messages").await;
        assert_eq!(fresh.opened.system.migrate().await.unwrap().len(), MIGRATIONS.len());
    }
}

#[tokio::test]
async fn a_role_that_may_not_create_is_told_the_grant() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = empty(Backend::Postgres).await;
    let role = Role::make(&fresh, "").await;
    let error = role.opened.system.migrate().await.unwrap_err().to_string();
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA public TO {};", role.name);
    assert!(error.contains(&grant), "{error}");
    fresh.sql(&grant).await;
    role.opened.system.migrate().await.unwrap();
    assert_eq!(role.opened.system.check_schema().await.unwrap(), [], "an owner that is no superuser");
    role.remove(&fresh).await;
}

/// A role that only serves, and was granted what there was: after an upgrade the check names what it lacks, for tables that
/// are new and for one that was made anew. Default privileges spare their owner that.
#[tokio::test]
async fn grants_that_an_upgrade_leaves_behind_are_named() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    for by_default in [false, true] {
        let fresh = empty(Backend::Postgres).await;
        let mut write = fresh.opened.system.write().await.unwrap();
        assert_eq!(write.apply_next().await.unwrap(), Some("0001_accounts"));
        write.commit_unaudited("a test").await.unwrap();
        let rights = "SELECT, INSERT, UPDATE, DELETE ON";
        let mut grants =
            format!("GRANT USAGE ON SCHEMA public TO ROLE; GRANT {rights} ALL TABLES IN SCHEMA public TO ROLE");
        if by_default {
            grants +=
                "; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ROLE";
        }
        let role = Role::make(&fresh, &grants).await;
        fresh.opened.system.migrate().await.unwrap();
        let faults = role.opened.system.check_schema().await.unwrap();
        let objects: BTreeSet<&str> = faults.iter().map(|fault| fault.object.as_str()).collect();
        let lacking = [
            "grant on alerts",
            "grant on audit_checkpoints",
            "grant on audit_lanes",
            "grant on backup_codes",
            "grant on email_changes",
            "grant on figures",
            "grant on jobs",
            "grant on mail_outbox",
            "grant on passkey_ceremonies",
            "grant on passkey_credentials",
            "grant on recovery_tokens",
            "grant on registered_devices",
            "grant on revocation_events",
            "grant on signing_keys",
            "grant on trusted_devices",
            "grant on two_factor_challenges",
            "grant on user_login_habits",
            "grant on user_two_factor_auth",
            "grant on webhook_outbox",
        ];
        assert_eq!(objects.into_iter().collect::<Vec<_>>(), if by_default { &[][..] } else { &lacking });
        for fault in faults {
            fresh.sql(&fault.cure).await;
        }
        assert_eq!(role.opened.system.check_schema().await.unwrap(), []);
        role.remove(&fresh).await;
    }
}

#[tokio::test]
async fn the_written_catalogue_is_what_the_migrations_make() {
    if backends().contains(&Backend::Postgres) {
        let written = include_str!("../catalogue/postgres.json");
        assert_eq!(postgres_catalogue().await, written, "run: scripts/gen");
    }
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let columns = |catalogue: crate::catalogue::Catalogue| -> BTreeSet<(String, String, bool)> {
        let tables = catalogue.tables.into_iter();
        tables
            .flat_map(|(table, it)| it.columns.into_iter().map(move |(name, c)| (table.clone(), name, c.nullable)))
            .collect()
    };
    let sqlite = columns(expected(Backend::Sqlite).await.unwrap());
    assert_eq!(sqlite, columns(expected(Backend::Postgres).await.unwrap()));
}

/// A role without rights of its own, connected to the test's database.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) opened: Opened,
}

impl Role {
    pub(super) async fn make(fresh: &Fresh, grants: &str) -> Self {
        let mut options = fresh.options.clone();
        let Target::Postgres(target) = &mut options.target else { panic!("roles are PostgreSQL's") };
        let name = format!("{}_role", target.database);
        fresh
            .sql(&format!("CREATE ROLE {name} LOGIN PASSWORD 'role-password'; {}", grants.replace("ROLE", &name)))
            .await;
        target.user = name.clone();
        target.password = Some(Secret::new("role-password"));
        let opened = Opened::open(&options, SystemClock::new(), Arc::new(SystemRandom)).await.unwrap();
        Self { name, opened }
    }

    pub(super) async fn remove(self, fresh: &Fresh) {
        self.opened.close().await;
        fresh.sql(&format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name)).await;
    }
}
