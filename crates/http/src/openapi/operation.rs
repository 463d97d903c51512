//! One row as an OpenAPI operation.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use durward_proto::Code;
use serde_json::{Map, Value, json};

use super::{AnswerDoc, Schemas};
use crate::routes::{Access, CsrfClass, Limit, Row};

pub(super) fn describe(row: &Row, schemas: &mut Schemas) -> Value {
    for also in &row.doc.also {
        also(&mut schemas.given);
    }
    let mut operation = Map::new();
    operation.insert("operationId".into(), id(row).into());
    operation.insert("tags".into(), json!([row.doc.tag]));
    operation.insert("summary".into(), row.doc.summary.into());
    if !row.doc.description.is_empty() {
        operation.insert("description".into(), row.doc.description.into());
    }
    if let Some(security) = security(row) {
        operation.insert("security".into(), security);
    }
    let parameters = parameters(row);
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if !row.doc.bodies.is_empty() {
        operation.insert("requestBody".into(), body(row, schemas));
    }
    operation.insert("responses".into(), responses(row, schemas));
    Value::Object(operation)
}

/// `get_profile_debug`: method and path, without what all of them share.
fn id(row: &Row) -> String {
    let path = row.path.trim_start_matches("/api/v1").trim_matches('/');
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut id = row.method.as_str().to_ascii_lowercase();
    for word in words {
        id.push('_');
        id.push_str(word);
    }
    id
}

fn security(row: &Row) -> Option<Value> {
    match row.access {
        Access::Public | Access::Operator => None,
        Access::Optional => Some(json!([{}, {"bearer": []}, {"cookie": []}])),
        Access::User | Access::Right(_) | Access::Socket => Some(json!([{"bearer": []}, {"cookie": []}])),
    }
}

fn parameters(row: &Row) -> Vec<Value> {
    let mut all = Vec::new();
    for name in row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        // A user's id is a number, every other id a UUID.
        let words = row.doc.words.iter().find(|(word, _)| *word == name).map(|(_, words)| *words);
        let schema = if let Some(words) = words {
            if words.is_empty() { json!({"type": "string"}) } else { json!({"type": "string", "enum": words}) }
        } else if row.path.starts_with("/api/v1/admin/users/") {
            json!({"type": "integer", "format": "int64"})
        } else {
            json!({"type": "string", "format": "uuid"})
        };
        all.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    for (name, kind, description) in &row.doc.query {
        let schema = match *name {
            "limit" => json!({"type": kind, "minimum": 1, "maximum": 100, "default": 50}),
            _ => json!({"type": kind}),
        };
        all.push(json!({"name": name, "in": "query", "description": description, "schema": schema}));
    }
    if row.csrf != CsrfClass::Exempt {
        all.push(json!({
            "name": "X-CSRF-Token",
            "in": "header",
            "description": "Needed where the credential is a cookie; equal to the `csrf_token` cookie.",
            "schema": {"type": "string"},
        }));
    }
    all
}

fn body(row: &Row, schemas: &mut Schemas) -> Value {
    let mut content = Map::new();
    for body in &row.doc.bodies {
        let mut media = json!({"schema": (body.schema)(&mut schemas.taken)});
        if let (Some(example), Some(media)) = (&body.example, media.as_object_mut()) {
            media.insert("example".into(), example.clone());
        }
        content.insert(body.media.into(), media);
    }
    json!({"required": row.doc.body_required, "content": content})
}

fn responses(row: &Row, schemas: &mut Schemas) -> Value {
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    for answer in &row.doc.answers {
        let response = success(answer, schemas);
        match all.entry(answer.status.to_string()) {
            Entry::Vacant(entry) => drop(entry.insert(response)),
            Entry::Occupied(mut entry) => one_of(entry.get_mut(), &response),
        }
    }
    let mut refusals: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(row) {
        refusals.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in refusals {
        all.entry(status.to_string()).or_insert_with(|| refusal(status, &codes));
    }
    json!(all)
}

fn success(answer: &AnswerDoc, schemas: &mut Schemas) -> Value {
    let mut response = json!({"description": answer.description});
    if let (Some(schema), Some(response)) = (answer.schema, response.as_object_mut()) {
        response.insert("content".into(), json!({answer.media: {"schema": schema(&mut schemas.given)}}));
    }
    response
}

/// Another answer with the same status: either of the two shapes, or another form of the same.
fn one_of(first: &mut Value, second: &Value) {
    const SCHEMA: &str = "/content/application~1json/schema";
    if first.pointer(SCHEMA).is_none()
        && let (Some(content), Some(other)) = (content_of(first), second["content"].as_object())
    {
        content.extend(other.clone());
    }
    if let (Some(one), Some(other)) = (first.pointer(SCHEMA).cloned(), second.pointer(SCHEMA)) {
        let description = format!("{} Or: {}", text(first), text(second));
        *first =
            json!({"description": description, "content": {"application/json": {"schema": {"oneOf": [one, other]}}}});
    }
}

fn content_of(response: &mut Value) -> Option<&mut Map<String, Value>> {
    response.get_mut("content")?.as_object_mut()
}

fn text(response: &Value) -> &str {
    response["description"].as_str().unwrap_or_default()
}

fn refusal(status: u16, codes: &[Code]) -> Value {
    let listed: Vec<String> = codes.iter().map(|code| format!("`{code}`: {}", code.help().trim())).collect();
    let mut response = json!({
        "description": listed.join("\n\n"),
        "content": {"application/problem+json": {"schema": {
            "allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {"properties": {"code": {"enum": codes}}},
            ],
        }}},
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", "string")),
        429 | 503 => Some(("Retry-After", "integer")),
        _ => None,
    };
    if let (Some((name, kind)), Some(response)) = (header, response.as_object_mut()) {
        response.insert("headers".into(), json!({name: {"schema": {"type": kind}}}));
    }
    response
}

/// Every code that the row may refuse with: its own, and those of its classes.
pub(super) fn codes(row: &Row) -> Vec<Code> {
    let mut codes = row.doc.codes.clone();
    match row.access {
        Access::User | Access::Right(_) => codes.extend([
            Code::TokenMissing,
            Code::TokenMalformed,
            Code::TokenSignature,
            Code::TokenExpired,
            Code::TokenNotYetValid,
            Code::TokenWrongType,
            Code::TokenWrongAudience,
            Code::TokenRevoked,
            Code::AccountInactive,
            Code::AmbiguousCredentials,
            Code::VerificationUnavailable,
            Code::Unavailable,
        ]),
        Access::Optional => {
            codes.extend([Code::AmbiguousCredentials, Code::VerificationUnavailable, Code::Unavailable])
        }
        Access::Public if row.is_unsafe() => codes.push(Code::Unavailable),
        Access::Public | Access::Socket | Access::Operator => {}
    }
    if matches!(row.access, Access::Right(_)) {
        codes.push(Code::Forbidden);
    }
    if row.csrf != CsrfClass::Exempt {
        codes.push(Code::CsrfFailed);
    }
    if row.is_unsafe() {
        codes.extend([Code::OriginDenied, Code::BodyTooLarge]);
    }
    if !row.doc.bodies.is_empty() {
        codes.extend([Code::BadBody, Code::UnsupportedMediaType, Code::ValidationFailed]);
    }
    if !row.doc.query.is_empty() && row.access != Access::Socket {
        codes.extend([Code::BadRequest, Code::ValidationFailed]);
    }
    if row.path.contains('{') {
        codes.push(Code::NotFound);
    }
    if row.limit == Limit::Guess {
        codes.extend([Code::TooManyAttempts, Code::Overloaded]);
    }
    let mut once = Vec::new();
    for code in codes {
        if !once.contains(&code) {
            once.push(code);
        }
    }
    once
}
