//! An authenticator in software, and the browser around it as far as WebAuthn goes (level 3, sections 5 to 7). What it
//! answers can be changed in every part before it is signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::random;
use durward_verify::SystemRandom;
use rcgen::{KeyPair, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The user is there.
pub const PRESENT: u8 = 0x01;
/// It was made sure that it is the user.
pub const VERIFIED: u8 = 0x04;
/// The passkey can be copied.
pub const BACKUP_ELIGIBLE: u8 = 0x08;
/// The passkey has been copied.
pub const BACKED_UP: u8 = 0x10;
/// A new passkey follows.
const ATTESTED: u8 = 0x40;

/// An authenticator with its passkeys, the newest last.
pub struct Authenticator {
    keys: Vec<Key>,
    /// What it says of its passkeys and its user.
    pub flags: u8,
    /// Whether it counts signatures.
    pub counts: bool,
}

struct Key {
    pair: KeyPair,
    id: Vec<u8>,
    rp_id: String,
    user_handle: Vec<u8>,
    counter: u32,
}

/// An answer that is not signed yet.
#[derive(Clone)]
pub struct Draft {
    /// `webauthn.create` or `webauthn.get`.
    pub kind: String,
    pub challenge: String,
    pub origin: String,
    pub cross_origin: bool,
    pub rp_id: String,
    pub flags: u8,
    pub counter: u32,
    pub credential_id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    key: usize,
}

impl Authenticator {
    /// One that makes sure of its user, counts, and keeps its passkeys to itself.
    pub fn new() -> Self {
        Self { keys: Vec::new(), flags: PRESENT | VERIFIED, counts: true }
    }

    /// `navigator.credentials.create` on a page of `origin`, then `toJSON`.
    pub fn create(&mut self, origin: &str, options: &Value) -> Value {
        let draft = self.draft_create(origin, options);
        self.attest(&draft)
    }

    /// `navigator.credentials.get` on a page of `origin`, then `toJSON`.
    pub fn get(&mut self, origin: &str, options: &Value) -> Value {
        let draft = self.draft_get(origin, options);
        self.assert(&draft)
    }

    /// Makes a passkey, and what there is to say of it.
    pub fn draft_create(&mut self, origin: &str, options: &Value) -> Draft {
        let public_key = &options["publicKey"];
        let id = random::bytes::<32>(&SystemRandom).to_vec();
        let rp_id = public_key["rp"]["id"].as_str().unwrap().to_owned();
        let user_handle = URL_SAFE_NO_PAD.decode(public_key["user"]["id"].as_str().unwrap()).unwrap();
        let pair = KeyPair::generate().unwrap();
        self.keys.push(Key { pair, id: id.clone(), rp_id: rp_id.clone(), user_handle, counter: 0 });
        let key = self.keys.len() - 1;
        self.draft("webauthn.create", origin, public_key, rp_id, key, None)
    }

    /// Chooses the newest passkey that is asked for.
    pub fn draft_get(&mut self, origin: &str, options: &Value) -> Draft {
        let public_key = &options["publicKey"];
        let rp_id = public_key["rpId"].as_str().unwrap().to_owned();
        let allowed: Vec<Vec<u8>> = public_key["allowCredentials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|allowed| URL_SAFE_NO_PAD.decode(allowed["id"].as_str().unwrap()).unwrap())
            .collect();
        let asked = |key: &Key| key.rp_id == rp_id && (allowed.is_empty() || allowed.contains(&key.id));
        let key = self.keys.iter().rposition(asked).expect("the authenticator has such a passkey");
        let user_handle = Some(self.keys[key].user_handle.clone());
        self.draft("webauthn.get", origin, public_key, rp_id, key, user_handle)
    }

    fn draft(
        &mut self,
        kind: &str,
        origin: &str,
        public_key: &Value,
        rp_id: String,
        key: usize,
        user_handle: Option<Vec<u8>>,
    ) -> Draft {
        if self.counts {
            self.keys[key].counter += 1;
        }
        Draft {
            kind: kind.to_owned(),
            challenge: public_key["challenge"].as_str().unwrap().to_owned(),
            origin: origin.to_owned(),
            cross_origin: false,
            rp_id,
            flags: self.flags,
            counter: self.keys[key].counter,
            credential_id: self.keys[key].id.clone(),
            user_handle,
            key,
        }
    }

    /// The answer to `create`, without a word about the make of the authenticator.
    pub fn attest(&self, draft: &Draft) -> Value {
        let point = self.keys[draft.key].pair.public_key_raw();
        let (x, y) = (&point[1..33], &point[33..65]);
        let mut data = authenticator_data(draft, ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(draft.credential_id.len()).unwrap().to_be_bytes());
        data.extend(&draft.credential_id);
        // COSE (RFC 9053 section 7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(x);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(y);
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": data}.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(&data);
        json!({
            "id": encoded(&draft.credential_id),
            "rawId": encoded(&draft.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": encoded(client_data(draft).as_bytes()),
                "attestationObject": encoded(&object),
                "authenticatorData": encoded(&data),
                "transports": ["hybrid", "internal", "smoke-signals"],
                "publicKey": encoded(point),
                "publicKeyAlgorithm": -7,
            },
        })
    }

    /// The answer to `get`, signed.
    pub fn assert(&self, draft: &Draft) -> Value {
        let (data, client_data) = (authenticator_data(draft, 0), client_data(draft));
        let signed = [&data[..], &Sha256::digest(client_data.as_bytes())].concat();
        let signature = self.keys[draft.key].pair.sign(&signed).unwrap();
        json!({
            "id": encoded(&draft.credential_id),
            "rawId": encoded(&draft.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(client_data.as_bytes()),
                "authenticatorData": encoded(&data),
                "signature": encoded(&signature),
                "userHandle": draft.user_handle.as_deref().map(encoded),
            },
        })
    }
}

fn authenticator_data(draft: &Draft, also: u8) -> Vec<u8> {
    let mut data = Sha256::digest(draft.rp_id.as_bytes()).to_vec();
    data.push(draft.flags | also);
    data.extend(draft.counter.to_be_bytes());
    data
}

fn client_data(draft: &Draft) -> String {
    let Draft { kind, challenge, origin, cross_origin, .. } = draft;
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": cross_origin }).to_string()
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
