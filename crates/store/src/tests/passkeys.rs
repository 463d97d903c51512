use durward_proto::{CeremonyId, PasskeyId};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{CeremonyBond, CeremonyPurpose, GateStore, NewPasskey};

both! {
    async fn a_counter_only_goes_on(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let passkey = keep(&fresh, ann, b"one").await;
        let gate = &fresh.opened.gate;
        for (count, accepted) in [(0, true), (0, true), (7, true), (7, false), (6, false), (0, false), (8, true)] {
            assert_eq!(used(gate, ann, passkey, count).await, accepted, "{count}");
        }
        let row = gate.read().await.unwrap().passkey_by_credential(b"one").await.unwrap().unwrap();
        assert_eq!((row.passkey.sign_count, row.passkey.last_used_at), (8, Some(NOW)));
        let bob = user(&fresh, "bob@example.com").await.id;
        assert!(!used(gate, bob, passkey, 9).await, "it is not theirs");
    }

    async fn of_many_uses_of_one_counter_one_is_accepted(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let passkey = keep(&fresh, ann, b"one").await;
        let gate = fresh.opened.gate.clone();
        let accepted = race(64, |_| {
            let gate = gate.clone();
            async move { used(&gate, ann, passkey, 1).await }
        }).await;
        assert_eq!(accepted.into_iter().filter(|accepted| *accepted).count(), 1);
    }

    async fn one_credential_belongs_to_one_user(fresh: Fresh) {
        let (ann, bob) = (user(&fresh, "ann@example.com").await.id, user(&fresh, "bob@example.com").await.id);
        let passkey = keep(&fresh, ann, b"one").await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(!write.insert_passkey(&new(bob, b"one")).await.unwrap());
        assert!(!write.delete_passkey(bob, passkey).await.unwrap());
        let made_up = serde_json::json!({ "transports": ["internal"] });
        for (email, expected) in [
            ("bob@example.com", (None, b"made up".to_vec())),
            ("nobody@example.com", (None, b"made up".to_vec())),
            ("ann@example.com", (Some(ann), b"one".to_vec())),
        ] {
            let offered = write.passkeys_by_email(email, (b"made up", &made_up)).await.unwrap();
            let [offered] = offered.as_slice() else { panic!("{email}: {offered:?}") };
            assert_eq!((offered.user_id, offered.credential_id.clone()), expected, "{email}");
            assert_eq!(offered.credential == made_up, expected.0.is_none(), "{email}");
        }
        assert_eq!(write.passkeys_of(ann).await.unwrap().len(), 1);
        assert!(write.delete_passkey(ann, passkey).await.unwrap());
        assert!(!write.delete_passkey(ann, passkey).await.unwrap());
    }

    async fn a_ceremony_is_taken_once_and_where_it_belongs(fresh: Fresh) {
        let (ann, bob) = (user(&fresh, "ann@example.com").await.id, user(&fresh, "bob@example.com").await.id);
        let (one, other) = (session(&fresh, ann, NOW).await, session(&fresh, ann, NOW).await);
        let bond = |purpose, user_id, session_id, challenge_hash| {
            CeremonyBond { purpose, user_id, session_id, challenge_hash }
        };
        use CeremonyPurpose::*;
        let bonds = [
            bond(Register, Some(ann), Some(one), None),
            bond(Register, Some(ann), Some(other), None),
            bond(Register, Some(bob), Some(one), None),
            bond(Reauthenticate, Some(ann), Some(one), None),
            bond(SecondFactor, Some(ann), None, Some(&[1; 32])),
            bond(SecondFactor, Some(ann), None, Some(&[2; 32])),
            bond(Login, None, None, None),
        ];
        for (at, bond) in bonds.iter().enumerate() {
            let id = begin(&fresh, *bond).await;
            for other in bonds.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, other)| *other) {
                assert_eq!(take(&fresh.opened.gate, id, other, NOW).await, None, "{bond:?} {other:?}");
            }
            assert_eq!(take(&fresh.opened.gate, id, *bond, NOW.plus(HOUR)).await, None, "its time is over");
            assert_eq!(take(&fresh.opened.gate, id, *bond, NOW).await.as_deref(), Some(b"sealed".as_slice()));
            assert_eq!(take(&fresh.opened.gate, id, *bond, NOW).await, None, "it was taken");
        }
    }

    async fn of_many_that_take_a_ceremony_one_gets_it(fresh: Fresh) {
        let bond = CeremonyBond { purpose: CeremonyPurpose::Login, user_id: None, session_id: None, challenge_hash: None };
        let id = begin(&fresh, bond).await;
        let gate = fresh.opened.gate.clone();
        let taken = race(64, |_| {
            let gate = gate.clone();
            async move { take(&gate, id, bond, NOW).await }
        }).await;
        assert_eq!(taken.into_iter().flatten().count(), 1);
    }

    async fn they_go_with_their_user(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        keep(&fresh, ann, b"one").await;
        let purpose = CeremonyPurpose::Register;
        begin(&fresh, CeremonyBond { purpose, user_id: Some(ann), session_id: Some(id), challenge_hash: None }).await;
        let mut write = fresh.opened.system.write().await.unwrap();
        assert!(write.erase_user(ann, "ann@example.com", &[]).await.unwrap());
        write.commit(Audit::new("deleted").subject(ann)).await.unwrap();
        for table in ["passkey_credentials", "passkey_ceremonies", "user_two_factor_auth"] {
            assert_eq!(fresh.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
    }
}

fn new(user_id: UserId, credential_id: &[u8]) -> NewPasskey<'_> {
    static DOCUMENT: std::sync::LazyLock<serde_json::Value> = std::sync::LazyLock::new(|| json!({ "key": [1, 2] }));
    NewPasskey {
        id: PasskeyId::new(NOW, &SystemRandom),
        user_id,
        credential_id,
        credential: &DOCUMENT,
        name: "Laptop",
        sign_count: 0,
        backup_eligible: true,
        backed_up: false,
        now: NOW,
    }
}

async fn keep(fresh: &Fresh, user: UserId, credential_id: &[u8]) -> PasskeyId {
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.ensure_factor_row(user, Uuid::from_u128(u128::from(user.0.unsigned_abs())), NOW).await.unwrap();
    let new = new(user, credential_id);
    assert!(write.insert_passkey(&new).await.unwrap());
    write.commit_unaudited("a test").await.unwrap();
    new.id
}

async fn used(gate: &GateStore, user: UserId, passkey: PasskeyId, count: u32) -> bool {
    let mut write = gate.write().await.unwrap();
    let accepted = write.note_passkey_use(user, passkey, count, true, NOW).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    accepted
}

async fn begin(fresh: &Fresh, bond: CeremonyBond<'_>) -> CeremonyId {
    let id = CeremonyId::new(NOW, &SystemRandom);
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_ceremony(id, bond, b"sealed", NOW, NOW.plus(Duration::from_secs(300))).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    id
}

async fn take(gate: &GateStore, id: CeremonyId, bond: CeremonyBond<'_>, now: Timestamp) -> Option<Vec<u8>> {
    let mut write = gate.write().await.unwrap();
    let taken = write.take_ceremony(id, bond, now).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    taken
}
