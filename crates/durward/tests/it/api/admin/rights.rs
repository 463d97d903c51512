//! What a role may do is what its scopes say: its rows and no others, from the moment on that it is given.

use bytes::Bytes;
use durward_http::routes::{Access, Row, table};
use durward_proto::scope::GRANTABLE;
use durward_proto::{Role, UserId};
use serde_json::json;

use crate::kit::{Actor, Answer, App, on_both};

/// One role for each scope, and two of several.
const ROLES: &[(&str, &str)] = &[
    ("DURWARD_ROLES__A__SCOPES", "users:read"),
    ("DURWARD_ROLES__B__SCOPES", "users:write"),
    ("DURWARD_ROLES__C__SCOPES", "sessions:read"),
    ("DURWARD_ROLES__D__SCOPES", "sessions:write"),
    ("DURWARD_ROLES__E__SCOPES", "audit:read"),
    ("DURWARD_ROLES__F__SCOPES", "overview:read"),
    ("DURWARD_ROLES__G__SCOPES", "breakers:read"),
    ("DURWARD_ROLES__H__SCOPES", "config:read"),
    ("DURWARD_ROLES__I__SCOPES", "keys:read"),
    ("DURWARD_ROLES__J__SCOPES", "diagnostics:read"),
    ("DURWARD_ROLES__K__SCOPES", "alerts:read"),
    ("DURWARD_ROLES__SUPPORT__SCOPES", "users:read,users:write,sessions:read,sessions:write,app:desk"),
    ("DURWARD_ROLES__CLERK__SCOPES", "users:read"),
];

/// `name@example.com` with a role, logged in.
pub(super) async fn with_role(app: &App, name: &str, role: &str) -> (i64, Actor) {
    let id = app.register(name).await;
    app.operator.set_role(UserId(id), &role.parse::<Role>().unwrap()).await.unwrap();
    (id, app.login(name).await)
}

async fn call(actor: &Actor, row: &Row, id: &str) -> Answer {
    let kind = [("content-type", "application/json")];
    actor.send(row.method.clone(), &row.path.replace("{id}", id), &kind, Bytes::from_static(b"{}")).await
}

on_both! {
    with ROLES;

    /// Each scope opens its rows, and closes none of the others' doors.
    async fn a_scope_opens_its_own_rows(app) {
        let rows: Vec<&Row> = table().iter().filter(|row| matches!(row.access, Access::Right(_))).collect();
        for (variable, scope) in &ROLES[..11] {
            let role = variable.split("__").nth(1).unwrap().to_lowercase();
            let (_, actor) = with_role(&app, &format!("one-{role}"), &role).await;
            for row in &rows {
                let id = if row.path.contains("/users/") { "999999" } else { "019a0000-0000-7000-8000-000000000000" };
                let answer = call(&actor, row, id).await;
                if row.access == Access::Right(scope) {
                    // What is asked for need not be there, nor well-formed: the door was open.
                    assert!([200, 404, 422].contains(&answer.status.as_u16()), "{scope}: {row:?}: {}", answer.text());
                } else {
                    answer.refused(403, "forbidden");
                }
            }
        }
    }

    /// The token and whoever asks for its scopes see what the role has now; nobody needs to log in again.
    async fn scopes_follow_the_role(app) {
        let id = app.register("ann").await;
        let (ann, _) = app.bearer("ann").await;
        ann.get("/api/v1/admin/users").await.refused(403, "forbidden");
        app.operator.set_role(UserId(id), &"support".parse().unwrap()).await.unwrap();
        for _ in 0..100 {
            if ann.get("/api/v1/admin/users").await.status == 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        ann.get("/api/v1/admin/users").await.is(200);
        ann.get("/api/v1/admin/attempts").await.refused(403, "forbidden");
        let (again, _) = app.bearer("ann").await;
        let token = again.header("authorization").unwrap().trim_start_matches("Bearer ").to_owned();
        let (_, claims) = crate::kit::jws::read(&token, crate::kit::SECRET);
        assert_eq!(claims["role"], "support");
        assert_eq!(claims["scope"], "user users:read users:write sessions:read sessions:write app:desk");
        let status = again.get("/api/v1/auth/status").await.is(200).json();
        assert_eq!(status["user"]["role"], "support");
        let scopes = ["user", "users:read", "users:write", "sessions:read", "sessions:write", "app:desk"];
        assert_eq!(status["scopes"], json!(scopes));
        // The token of before says less than the role may do now, which is what counts.
        assert_eq!(ann.get("/api/v1/auth/status").await.is(200).json()["scopes"], json!(scopes));
    }

    /// Every role there is can be seen by those who see accounts, with what it may do; each can be given.
    async fn roles_are_listed(app) {
        let (_, clerk) = with_role(&app, "clerk", "clerk").await;
        let (_, root) = with_role(&app, "root", "admin").await;
        let ann = app.register("ann").await;
        let roles = clerk.get("/api/v1/admin/roles").await.is(200).json();
        let names: Vec<&str> = roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["a", "admin", "b", "c", "clerk", "d", "e", "f", "g", "h", "i", "j", "k", "support", "user"]);
        let scopes = |name: &str| {
            let at = names.iter().position(|one| *one == name).unwrap();
            roles[at]["scopes"].clone()
        };
        assert_eq!(scopes("user"), json!(["user"]));
        assert_eq!(scopes("admin"), json!(["user", "admin"]));
        assert_eq!(scopes("clerk"), json!(["user", "users:read"]));
        let path = format!("/api/v1/admin/users/{ann}");
        for name in &names {
            root.patch(&path, json!({ "role": name })).await.is(200);
            assert_eq!(root.get(&path).await.is(200).json()["scopes"], scopes(name), "{name}");
        }
        clerk.get("/api/v1/admin/roles?limit=1").await.is(200);
    }

    /// Nobody changes who may do more than they may, and nobody gives what they have not.
    async fn nobody_reaches_above_themselves(app) {
        let (_, root) = with_role(&app, "root", "admin").await;
        let (other, _) = with_role(&app, "other", "admin").await;
        let (auditor, _) = with_role(&app, "auditor", "e").await;
        let (me, support) = with_role(&app, "support", "support").await;
        let (clerk, _) = with_role(&app, "clerk", "clerk").await;
        let ann = app.register("ann").await;
        let user = |id: i64| format!("/api/v1/admin/users/{id}");
        for above in [other, auditor] {
            support.patch(&user(above), json!({ "status": "suspended" })).await.refused(403, "forbidden");
            support.patch(&user(above), json!({ "role": "user" })).await.refused(403, "forbidden");
            for act in ["revoke-sessions", "reset-factors", "send-reset"] {
                support.post_empty(&format!("{}/{act}", user(above))).await.refused(403, "forbidden");
            }
            let sessions = root.get(&format!("/api/v1/admin/sessions?user={above}")).await.is(200).json();
            let session = sessions["items"][0]["id"].as_str().unwrap();
            support.delete(&format!("/api/v1/admin/sessions/{session}")).await.refused(403, "forbidden");
        }
        for id in [ann, me, clerk] {
            support.patch(&user(id), json!({ "role": "admin" })).await.refused(403, "forbidden");
            support.patch(&user(id), json!({ "role": "e" })).await.refused(403, "forbidden");
        }
        // At most as much as their own is theirs to give and to take.
        assert_eq!(support.patch(&user(ann), json!({ "role": "clerk" })).await.is(200).json()["role"], "clerk");
        support.patch(&user(clerk), json!({ "role": "user" })).await.is(200);
        support.patch(&user(clerk), json!({ "status": "suspended" })).await.is(200);
        let unknown = support.patch(&user(ann), json!({ "role": "suport" })).await.refused(422, "validation_failed");
        assert_eq!(unknown.json()["errors"][0]["pointer"], "/role");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM users WHERE role = 'admin' AND status = 'active'").await, 2);
    }

    /// A user's detail has no more in it than its reader may see by itself.
    async fn a_detail_shows_what_its_reader_may_see(app) {
        let (_, root) = with_role(&app, "root", "admin").await;
        let (_, reader) = with_role(&app, "reader", "a").await;
        let (_, support) = with_role(&app, "support", "support").await;
        let ann = app.register("ann").await;
        app.login("ann").await;
        let path = format!("/api/v1/admin/users/{ann}");
        for (actor, sessions, attempts) in [(&root, true, true), (&support, true, false), (&reader, false, false)] {
            let detail = actor.get(&path).await.is(200).json();
            assert_eq!(detail["email"], "ann@example.com");
            let shown = |part: &str| detail[part].is_array();
            assert_eq!((shown("sessions"), shown("devices"), shown("attempts")), (sessions, sessions, attempts));
        }
    }
}

#[test]
fn every_scope_that_can_be_given_is_tried() {
    let tried: Vec<&str> = ROLES[..11].iter().map(|(_, scope)| *scope).collect();
    for (scope, _) in GRANTABLE {
        assert!(tried.contains(scope), "{scope}");
    }
}
