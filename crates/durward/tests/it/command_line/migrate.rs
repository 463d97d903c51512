//! `durward migrate`, and nodes that start at once.

use durward_store::testing::backends;

use crate::kit::Site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_applies_and_has_nothing_left_to_do() {
    for backend in backends() {
        let site = Site::empty(backend).await;
        let behind = site.run(&["migrate", "--check"]).await.code(1);
        assert!(behind.stderr.contains("durward migrate"), "{}", behind.stderr);
        site.run(&["migrate", "--check"]).await.code(1);
        let applied = site.run(&["migrate"]).await.code(0);
        assert!(applied.stdout.lines().any(|line| line == "applied 0001_accounts"), "{}", applied.stdout);
        let good = site.run(&["migrate", "--check"]).await.code(0);
        assert!(good.stdout.contains("what this program needs"), "{}", good.stdout);
        let again = site.run(&["migrate"]).await.code(0);
        assert_eq!(again.stdout, "There was nothing to apply.\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_on_nothing_all_come_up() {
    for backend in backends() {
        let site = Site::empty(backend).await;
        let mut nodes = [site.spawn(), site.spawn(), site.spawn()];
        for node in &mut nodes {
            node.ready().await;
        }
        let applied: usize = nodes.iter().map(|node| node.stderr().matches("applied a migration").count()).sum();
        assert_eq!(applied as i64, crate::kit::migrations(), "each step was applied by one of them");
        assert_eq!(site.database.count("SELECT COUNT(*) FROM schema_migrations").await, crate::kit::migrations());
        for node in &nodes {
            node.visitor().get("/api/v1/auth/csrf-token").await.is(200);
        }
    }
}
