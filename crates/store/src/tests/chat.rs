use durward_proto::ids::UuidId;
use durward_proto::wire::chat::Author;
use durward_proto::{ConversationId, MessageId};

use super::*;
use crate::{After, NewMessage};

both! {
    async fn a_conversation_is_kept_in_order(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mine = own(&fresh, ann, session(&fresh, ann, NOW).await);
        let chat = ConversationId::new(NOW, &SystemRandom);
        let mut write = mine.write().await.unwrap();
        write.insert_conversation(chat, "hello", NOW).await.unwrap();
        assert_eq!(write.messages(chat, None, 10).await.unwrap(), Some(vec![]), "empty, but there");
        for number in 0..5 {
            let at = NOW.plus(Duration::from_micros(number));
            assert!(write.insert_message(chat, &message(&format!("text {number}"), at)).await.unwrap());
        }
        write.commit_unaudited("a test").await.unwrap();
        let mut read = mine.read().await.unwrap();
        let all = read.messages(chat, None, 100).await.unwrap().unwrap();
        assert_eq!(all.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["text 0", "text 1", "text 2", "text 3", "text 4"]);
        assert_eq!((all[0].author, all[0].model.as_deref(), all[0].created_at), (Author::Assistant, Some("echo"), NOW));
        let after = After { at: all[1].created_at, id: all[1].id.uuid() };
        assert_eq!(read.messages(chat, Some(after), 2).await.unwrap().unwrap(), all[2..4]);
        let last = After { at: all[4].created_at, id: all[4].id.uuid() };
        assert_eq!(read.messages(chat, Some(last), 2).await.unwrap(), Some(vec![]));
        assert_eq!(read.recent_messages(chat, 2).await.unwrap(), all[3..]);
        let listed = read.conversations(None, 10).await.unwrap();
        assert_eq!((listed[0].id, listed[0].title.as_str(), listed[0].updated_at), (chat, "hello", NOW.plus(Duration::from_micros(4))));
    }

    async fn conversations_come_last_used_first(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mine = own(&fresh, ann, session(&fresh, ann, NOW).await);
        let mut write = mine.write().await.unwrap();
        for number in 0..5 {
            let at = NOW.plus(Duration::from_secs(number / 2));
            write.insert_conversation(ConversationId::new(at, &SystemRandom), &number.to_string(), at).await.unwrap();
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = write.conversations(after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(After { at: last.updated_at, id: last.id.uuid() });
            seen.extend(page.into_iter().map(|row| (row.updated_at, row.id)));
        }
        let mut sorted = seen.clone();
        sorted.sort_by_key(|(at, id)| std::cmp::Reverse((*at, id.uuid())));
        assert_eq!((seen.len(), &seen), (5, &sorted));
    }

    async fn anothers_conversation_is_not_found(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let anns = own(&fresh, ann, session(&fresh, ann, NOW).await);
        let bobs = own(&fresh, bob, session(&fresh, bob, NOW).await);
        let chat = ConversationId::new(NOW, &SystemRandom);
        let mut write = anns.write().await.unwrap();
        write.insert_conversation(chat, "mine", NOW).await.unwrap();
        write.insert_message(chat, &message("secret", NOW)).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let mut write = bobs.write().await.unwrap();
        assert_eq!(write.messages(chat, None, 10).await.unwrap(), None);
        assert!(write.recent_messages(chat, 10).await.unwrap().is_empty());
        assert!(write.conversations(None, 10).await.unwrap().is_empty());
        assert!(!write.insert_message(chat, &message("intruder", NOW.plus(HOUR))).await.unwrap());
        assert!(!write.delete_conversation(chat).await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        let mut write = anns.write().await.unwrap();
        assert_eq!(write.messages(chat, None, 10).await.unwrap().unwrap().len(), 1);
        assert_eq!(write.conversations(None, 10).await.unwrap()[0].updated_at, NOW);
        assert!(write.delete_conversation(chat).await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        assert_eq!(fresh.count("SELECT COUNT(*) FROM conversation_messages").await, 0);
    }
}

fn message(content: &str, now: Timestamp) -> NewMessage<'_> {
    NewMessage { id: MessageId::new(now, &SystemRandom), author: Author::Assistant, content, model: Some("echo"), now }
}
