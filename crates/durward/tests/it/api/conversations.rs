//! `/api/v1/conversations`.

use serde_json::{Value, json};

use crate::kit::{Actor, Socket, on_both};

const CONVERSATIONS: &str = "/api/v1/conversations";

async fn chat(actor: &Actor) -> Socket {
    let mut socket = actor.socket("/api/v1/ws/chat").await;
    socket.expect("ready").await;
    socket
}

/// Says something and waits for the whole answer: the conversation's id.
async fn say(socket: &mut Socket, content: &str, conversation: Option<&str>) -> String {
    let mut message = json!({ "type": "message", "content": content });
    if let Some(id) = conversation {
        message["conversation_id"] = json!(id);
    }
    socket.send(message).await;
    loop {
        let next = socket.next().await;
        assert_ne!(next["type"], "error", "{next}");
        if next["type"] == "message.done" {
            return next["conversation_id"].as_str().unwrap().to_owned();
        }
    }
}

fn texts(page: &Value, member: &str) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

/// All items of a list, page by page.
async fn walk(actor: &Actor, path: &str, limit: usize, member: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = actor.get(&format!("{path}?limit={limit}{cursor}")).await.is(200).json();
        let items = texts(&page, member);
        assert!(items.len() <= limit && (!items.is_empty() || all.is_empty()));
        all.extend(items);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
        assert!(page.as_object().unwrap().len() == 2 && all.len() < 100);
    }
}

on_both! {
    /// The one that was used last comes first.
    async fn they_are_listed(app) {
        let ann = app.user("ann").await;
        let empty = ann.get(CONVERSATIONS).await.is(200).json();
        assert_eq!(empty, json!({ "items": [], "next_cursor": null }));
        let mut socket = chat(&ann).await;
        let first = say(&mut socket, "  what is first?  ", None).await;
        let second = say(&mut socket, &"long ".repeat(50), None).await;
        let page = ann.get(CONVERSATIONS).await.is(200).json();
        assert_eq!(texts(&page, "id"), [second.clone(), first.clone()]);
        assert_eq!(texts(&page, "title")[1], "what is first?");
        assert!(texts(&page, "title")[0].chars().count() <= 80);
        let item = page["items"][0].as_object().unwrap();
        assert_eq!(item.keys().collect::<Vec<_>>(), ["id", "title", "created_at", "updated_at"]);
        say(&mut socket, "and again", Some(&first)).await;
        assert_eq!(texts(&ann.get(CONVERSATIONS).await.is(200).json(), "id"), [first, second]);
        app.visitor().get(CONVERSATIONS).await.refused(401, "token_missing");
    }

    /// A conversation's messages, oldest first, with who said them.
    async fn messages_are_kept_in_order(app) {
        let ann = app.user("ann").await;
        let mut socket = chat(&ann).await;
        let id = say(&mut socket, "one", None).await;
        for word in ["two", "three", "vier 🦊 \"quoted\" <b>"] {
            say(&mut socket, word, Some(&id)).await;
        }
        let path = format!("{CONVERSATIONS}/{id}/messages");
        let page = ann.get(&path).await.is(200).json();
        assert_eq!(texts(&page, "role"), ["user", "assistant"].repeat(4));
        let said = texts(&page, "content");
        assert_eq!([&said[0], &said[2], &said[4], &said[6]], ["one", "two", "three", "vier 🦊 \"quoted\" <b>"]);
        assert!(said[7].contains("vier 🦊 \"quoted\" <b>"), "the echo says what it was told");
        assert_eq!(
            page["items"][0].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["id", "role", "content", "created_at"]
        );
        for limit in [1, 3, 7, 8, 100] {
            assert_eq!(walk(&ann, &path, limit, "id").await, texts(&page, "id"), "pages of {limit}");
        }
    }

    /// Pages: each conversation once, whatever their length; and no page that is none.
    async fn pages(app) {
        let ann = app.user("ann").await;
        let mut socket = chat(&ann).await;
        let mut ids = Vec::new();
        for number in 0..7 {
            ids.insert(0, say(&mut socket, &format!("number {number}"), None).await);
        }
        for limit in [1, 2, 3, 7, 100] {
            assert_eq!(walk(&ann, CONVERSATIONS, limit, "id").await, ids, "pages of {limit}");
        }
        for (query, pointer) in [
            ("limit=0", "/limit"),
            ("limit=101", "/limit"),
            ("limit=-1", "/limit"),
            ("limit=x", "/limit"),
            ("limit=", "/limit"),
            ("cursor=nonsense", "/cursor"),
            ("cursor=", "/cursor"),
            ("offset=1", "/offset"),
            ("limit=1&limit=2", "/limit"),
        ] {
            for path in
                [CONVERSATIONS.to_owned(), format!("{CONVERSATIONS}/{}/messages", ids[0]), "/api/v1/sessions".into()]
            {
                let problem = ann.get(&format!("{path}?{query}")).await.refused(422, "validation_failed").json();
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{path} {query}");
            }
        }
        ann.get(&format!("{CONVERSATIONS}?cursor=%ff")).await.refused(400, "bad_request");
    }

    /// Another user's conversation is not there, neither to read, to go on with, nor to delete.
    async fn another_users_are_not_found(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let id = say(&mut chat(&ann).await, "mine", None).await;
        let unknown = "01890000-0000-7000-8000-000000000000";
        for id in [id.as_str(), unknown, "nonsense", "1", "%00", "..%2f"] {
            bob.get(&format!("{CONVERSATIONS}/{id}/messages")).await.refused(404, "not_found");
            bob.delete(&format!("{CONVERSATIONS}/{id}")).await.refused(404, "not_found");
        }
        let mut socket = chat(&bob).await;
        for id in [id.as_str(), unknown] {
            socket.send(json!({ "type": "message", "content": "x", "conversation_id": id })).await;
            assert_eq!(socket.expect("error").await["code"], "not_found");
        }
        assert!(texts(&bob.get(CONVERSATIONS).await.is(200).json(), "id").is_empty());
        ann.get(&format!("{CONVERSATIONS}/{id}/messages")).await.is(200);
    }

    /// It goes with all that was said in it, once.
    async fn one_can_be_deleted(app) {
        let ann = app.user("ann").await;
        let mut socket = chat(&ann).await;
        let (first, second) = (say(&mut socket, "one", None).await, say(&mut socket, "two", None).await);
        let path = format!("{CONVERSATIONS}/{first}");
        assert!(ann.delete(&path).await.is(204).body.is_empty());
        ann.delete(&path).await.refused(404, "not_found");
        ann.get(&format!("{path}/messages")).await.refused(404, "not_found");
        assert_eq!(texts(&ann.get(CONVERSATIONS).await.is(200).json(), "id"), [second]);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM conversation_messages").await, 2);
        socket.send(json!({ "type": "message", "content": "x", "conversation_id": first })).await;
        assert_eq!(socket.expect("error").await["code"], "not_found");
    }
}
