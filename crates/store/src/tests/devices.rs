use super::*;
use crate::{DeviceChange, Gate, RegisteredRow, SeenDevice, Write};
use durward_proto::DeviceId;
use durward_proto::wire::device::{DeviceKind, SecurityLevel, TrustLevel};

both! {
    async fn a_device_is_registered_once_and_counted_each_time(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let gate = fresh.opened.gate.clone();
        let rows = race(16, |number| {
            let gate = gate.clone();
            async move {
                let mut write = gate.write().await.unwrap();
                let at = NOW.plus(Duration::from_secs(number as u64));
                let row = put(&mut write, ann, [1; 32], at).await;
                write.commit_unaudited("a test").await.unwrap();
                row
            }
        }).await;
        assert!(rows.iter().all(|row| row.id == rows[0].id));
        assert_eq!(rows.iter().filter(|row| row.is_new).count(), 1);
        let mut read = fresh.opened.gate.read().await.unwrap();
        let device = read.device_by_identity(ann, &[1; 32]).await.unwrap().unwrap();
        assert_eq!((device.id, device.logins), (rows[0].id, 16));
        assert_eq!(device.security_level, SecurityLevel::AlwaysLogin);
        assert_eq!(read.device_by_identity(ann, &[2; 32]).await.unwrap(), None);
        let bob = user(&fresh, "bob@example.com").await.id;
        assert_eq!(read.device_by_identity(bob, &[1; 32]).await.unwrap(), None, "it is Ann's");
    }

    async fn the_longest_unused_makes_way(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let now = Timestamp::from_seconds(1_800_000_000);
        let mut write = fresh.opened.gate.write().await.unwrap();
        let mut ids = Vec::new();
        for number in 0..53_u8 {
            ids.push(put(&mut write, ann, [number; 32], NOW.plus(Duration::from_secs(number.into()))).await.id);
        }
        // The second oldest has a live session, the third one that has ended.
        for (at, ended) in [(1, false), (2, true)] {
            let id = SessionId::new(NOW, &SystemRandom);
            let session = NewSession { device: Some(ids[at]), ..new_session(id, ann, NOW) };
            write.insert_session(&session).await.unwrap();
            if ended {
                assert!(write.end_session(ann, id, NOW, "logout").await.unwrap());
            }
        }
        // The second time there is nothing left to remove.
        for _ in 0..2 {
            write.trim_devices(ann, ids[3], now).await.unwrap();
        }
        for (at, kept) in [(0, false), (1, true), (2, false), (3, true), (4, false), (5, true), (52, true)] {
            let identity = [u8::try_from(at).unwrap(); 32];
            let device = write.device_by_identity(ann, &identity).await.unwrap();
            assert_eq!(device.is_some(), kept, "{at}");
        }
    }

    async fn a_device_is_new_beside_others(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mut write = fresh.opened.gate.write().await.unwrap();
        let first = put(&mut write, ann, [1; 32], NOW).await.id;
        assert!(!write.is_unlike_other_devices(ann, first, None).await.unwrap(), "the first is no news");
        let second = put(&mut write, ann, [2; 32], NOW).await.id;
        for (alike, unlike) in [
            (None, true),
            (Some(("192.0.2.1", "curl/8")), false),
            (Some(("192.0.2.1", "curl/9")), true),
            (Some(("192.0.2.2", "curl/8")), true),
        ] {
            assert_eq!(write.is_unlike_other_devices(ann, second, alike).await.unwrap(), unlike, "{alike:?}");
        }
    }

    async fn trust_is_taken_from_all_but_one(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let mut write = fresh.opened.gate.write().await.unwrap();
        let kept = put(&mut write, ann, [1; 32], NOW).await.id;
        for (owner, identity) in [(ann, [2; 32]), (ann, [3; 32]), (bob, [4; 32])] {
            put(&mut write, owner, identity, NOW).await;
        }
        write.commit_unaudited("a test").await.unwrap();
        fresh.sql("UPDATE registered_devices SET trust_level = 'verified', security_level = 'auto_login', streak_logins = 4").await;
        fresh.sql("UPDATE registered_devices SET security_level = 'always_2fa' WHERE ip = '192.0.2.3'").await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.distrust_devices(ann, Some(kept), NOW.plus(HOUR)).await.unwrap();
        let mut levels = Vec::new();
        for (owner, identity) in [(ann, [1; 32]), (ann, [2; 32]), (ann, [3; 32]), (bob, [4; 32])] {
            let device = write.device_by_identity(owner, &identity).await.unwrap().unwrap();
            levels.push((device.trust_level, device.security_level, device.streak_logins));
        }
        let untouched = (TrustLevel::Verified, SecurityLevel::AutoLogin, 4);
        let anew = (TrustLevel::New, SecurityLevel::AlwaysLogin, 0);
        assert_eq!(levels, [untouched, anew, (TrustLevel::New, SecurityLevel::Always2fa, 0), untouched]);
        write.relax_devices(ann).await.unwrap();
        let device = write.device_by_identity(ann, &[3; 32]).await.unwrap().unwrap();
        assert_eq!(device.security_level, SecurityLevel::AlwaysLogin);
    }

    async fn another_users_is_not_there(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let bobs = session(&fresh, bob, NOW).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        let device = put(&mut write, ann, [1; 32], NOW).await.id;
        let anns = SessionId::new(NOW, &SystemRandom);
        write.insert_session(&NewSession { device: Some(device), ..new_session(anns, ann, NOW) }).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let mut write = own(&fresh, bob, bobs).write().await.unwrap();
        let change = DeviceChange { name: Some("mine"), ..DeviceChange::default() };
        assert!(!write.change_device(device, &change, NOW).await.unwrap());
        assert!(!write.delete_device(device).await.unwrap());
        assert!(write.device(device).await.unwrap().is_none());
        assert!(write.devices(None, 10).await.unwrap().is_empty());
        assert!(write.end_sessions_on(device, NOW, "x").await.unwrap().is_empty());
        write.commit_unaudited("a test").await.unwrap();
        let mut write = own(&fresh, ann, anns).write().await.unwrap();
        let row = write.device(device).await.unwrap().unwrap();
        assert_eq!((row.device.name.as_str(), row.sessions, row.current), ("curl", 1, true));
        assert!(write.change_device(device, &change, NOW).await.unwrap());
        assert_eq!(write.devices(None, 10).await.unwrap()[0].device.name, "mine");
        assert_eq!(write.end_sessions_on(device, NOW, "x").await.unwrap(), [anns]);
        assert!(write.delete_device(device).await.unwrap());
    }
}

async fn put(write: &mut Write<Gate>, user_id: UserId, identity: [u8; 32], now: Timestamp) -> RegisteredRow {
    let seen = SeenDevice {
        id: DeviceId::new(now, &SystemRandom),
        user_id,
        identity_hash: &identity,
        fingerprint: &identity,
        kind: DeviceKind::App,
        name: "curl",
        user_agent: Some("curl/8"),
        ip: if identity == [3; 32] { "192.0.2.3" } else { "192.0.2.1" },
        place: None,
        trust_level: TrustLevel::New,
        successes_milli: 1_000,
        failures_milli: 0,
        streak_logins: 1,
        streak_since: now,
        now,
    };
    // As logins do, which makes them register one after the other.
    write.hold_user(user_id).await.unwrap();
    let before = write.hold_device(user_id, &identity).await.unwrap().map(|device| device.id);
    write.put_device(&seen, before).await.unwrap()
}
