//! `/api/v1/settings`.

use serde_json::{Map, Value, json};

use crate::kit::{App, on_both};

const SETTINGS: &str = "/api/v1/settings";
const SMALL: &str = "llama3.2:3b";

/// The default schema's values, as the contract lists them.
fn defaults() -> Map<String, Value> {
    let small = "selected_model chat_model initial_assessment_model tool_selection_model embeddings_model coding_model \
        executive_assessment_model confidence_assessment_model tool_routing_model simple_planning_model \
        plan_validation_model plan_comparison_model reflection_model final_response_model fast_conversational_model \
        project_manager_model business_analyst_model creative_director_model planning_expert_model \
        socratic_expert_model wellbeing_coach_model output_formatter_model quality_assurance_model";
    let medium = "wave_function_refinement_model technical_expert_model research_specialist_model";
    let mut all: Map<String, Value> = small.split_whitespace().map(|key| (key.to_owned(), json!(SMALL))).collect();
    all.extend(medium.split_whitespace().map(|key| (key.to_owned(), json!("llama3.1:8b"))));
    let others = json!({
        "theme": "dark", "notifications_enabled": true, "timezone": "UTC", "calendar_event_weights": {},
        "agent_settings": {}, "wave_function_specialist_model": "llama3.2:1b",
        "personal_assistant_model": "mistral:7b", "data_analyst_model": "qwen2.5:7b",
    });
    all.extend(others.as_object().unwrap().clone());
    all
}

/// What each setting is, for a form that is made from it.
const SCHEMA: &str = "/api/v1/settings/schema";

on_both! {
    /// The schema has every setting, with its default and in words.
    async fn the_schema_describes_every_setting(app) {
        let ann = app.user("ann").await;
        let schema = ann.get(SCHEMA).await.is(200).json();
        assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
        let properties = schema["properties"].as_object().unwrap();
        let of_schema: Map<String, Value> =
            properties.iter().map(|(key, property)| (key.clone(), property["default"].clone())).collect();
        assert_eq!(of_schema, defaults());
        let mut titles = std::collections::BTreeSet::new();
        for (key, property) in properties {
            let words = |name: &str| property[name].as_str().unwrap_or_default().to_owned();
            assert!(!words("type").is_empty() && words("description").ends_with('.'), "{key}: {property}");
            assert!(titles.insert(words("title")) && !words("title").is_empty(), "{key}: {property}");
            for example in property["examples"].as_array().into_iter().flatten() {
                ann.put(SETTINGS, json!({ key: example })).await.is(200);
            }
        }
        app.visitor().get(SCHEMA).await.refused(401, "token_missing");
    }

    /// Every setting has its default, and no other is there.
    async fn defaults_hold_until_they_are_changed(app) {
        let ann = app.user("ann").await;
        let all = ann.get(SETTINGS).await.is(200).json();
        assert_eq!(all.as_object().unwrap(), &defaults());
        app.visitor().get(SETTINGS).await.refused(401, "token_missing");
    }

    /// A change touches the keys that it names, for this user alone.
    async fn a_change_touches_what_it_names(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let weights = json!({ "meeting": 0.5, "deep": { "work": [1, null, "é"] } });
        let change = json!({ "theme": "light", "calendar_event_weights": weights, "notifications_enabled": false });
        let mut expected = defaults();
        expected.extend(change.as_object().unwrap().clone());
        assert_eq!(ann.put(SETTINGS, change).await.is(200).json().as_object(), Some(&expected));
        expected.insert("theme".to_owned(), json!("blue"));
        ann.put(SETTINGS, json!({ "theme": "blue" })).await.is(200);
        ann.put(SETTINGS, json!({})).await.is(200);
        assert_eq!(app.login("ann").await.get(SETTINGS).await.is(200).json().as_object(), Some(&expected));
        assert_eq!(bob.get(SETTINGS).await.is(200).json().as_object(), Some(&defaults()));
    }

    /// Unknown keys and wrong types are all named, and nothing of such a change is kept.
    async fn wrong_ones_are_named(app) {
        let ann = app.user("ann").await;
        let wrong = json!({
            "theme": "light", "nope": 1, "notifications_enabled": "yes", "chat_model": 5, "timezone": null,
            "agent_settings": [], "role": "admin",
        });
        let problem = ann.put(SETTINGS, wrong).await.refused(422, "validation_failed").json();
        let mut pointers: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        pointers.sort_unstable();
        let expected = ["/agent_settings", "/chat_model", "/nope", "/notifications_enabled", "/role", "/timezone"];
        assert_eq!(pointers, expected);
        for (body, pointer) in [
            (json!({ "agent_settings": { "a": "\u{0}" } }), "/agent_settings"),
            (json!({ "a/b~c": 1 }), "/a~1b~0c"),
            (json!({ "": 1 }), "/"),
            (json!([]), ""),
            (json!("theme"), ""),
        ] {
            let problem = ann.put(SETTINGS, body).await.refused(422, "validation_failed").json();
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        assert_eq!(ann.get(SETTINGS).await.is(200).json().as_object(), Some(&defaults()));
    }

    /// Changes of different keys at once lose nothing; of one key, one of the values stays.
    async fn changes_at_once_lose_nothing(app) {
        app.register("ann").await;
        let (ann, _) = app.bearer("ann").await;
        let keys: Vec<String> = defaults().keys().filter(|key| key.ends_with("_model")).cloned().collect();
        let changes: Vec<_> = keys
            .iter()
            .map(|key| {
                let (actor, body) = (ann.copy(), json!({ key: format!("mine:{key}"), "theme": key }));
                tokio::spawn(async move { actor.put(SETTINGS, body).await.is(200) })
            })
            .collect();
        for change in changes {
            change.await.unwrap();
        }
        let all = ann.get(SETTINGS).await.is(200).json();
        for key in &keys {
            assert_eq!(all[key], json!(format!("mine:{key}")));
        }
        assert!(keys.iter().any(|key| all["theme"] == json!(key)));
    }
}

/// An operator's own schema is what is shown, as it stands in the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_own_schema_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("schema.json");
    let own = json!({
        "type": "object",
        "properties": { "size": { "enum": ["s", "m"], "default": "m", "title": "Size" }, "age": { "type": "integer", "default": 7 } },
        "x-of-ours": [1],
    });
    std::fs::write(&file, own.to_string()).unwrap();
    let setting = [("DURWARD_SETTINGS__SCHEMA", file.to_str().unwrap())];
    for backend in durward_store::testing::backends() {
        let app = App::with(backend, &setting).await;
        let ann = app.user("ann").await;
        let shown = ann.get(SCHEMA).await.is(200);
        assert_eq!(shown.json().to_string(), own.to_string(), "in its own order");
        assert_eq!(ann.get(SETTINGS).await.is(200).json(), json!({ "size": "m", "age": 7 }));
        ann.put(SETTINGS, json!({ "theme": "light" })).await.refused(422, "validation_failed");
    }
}
