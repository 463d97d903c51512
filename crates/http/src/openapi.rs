//! The OpenAPI 3.1 document, made from the table of routes. What a row's classes imply (who is refused with what)
//! is added here, so that a row only says what is its own.

mod components;
mod operation;

use durward_proto::Code;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::routes::{self, Row};

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a row says of itself.
#[derive(Default)]
pub(crate) struct Doc {
    tag: &'static str,
    summary: &'static str,
    description: &'static str,
    bodies: Vec<BodyDoc>,
    body_required: bool,
    query: Vec<(&'static str, &'static str, &'static str)>,
    words: Vec<(&'static str, &'static [&'static str])>,
    answers: Vec<AnswerDoc>,
    codes: Vec<Code>,
    also: Vec<SchemaOf>,
}

struct BodyDoc {
    media: &'static str,
    schema: SchemaOf,
    example: Option<Value>,
}

struct AnswerDoc {
    status: u16,
    description: &'static str,
    media: &'static str,
    schema: Option<SchemaOf>,
}

fn schema_of<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl Row {
    pub(crate) fn doc(mut self, tag: &'static str, summary: &'static str, description: &'static str) -> Self {
        (self.doc.tag, self.doc.summary, self.doc.description) = (tag, summary, description);
        self
    }

    /// It takes a JSON body.
    pub(crate) fn takes<T: JsonSchema>(mut self, example: Value) -> Self {
        self.doc.bodies.push(BodyDoc { media: JSON, schema: schema_of::<T>, example: Some(example) });
        self.doc.body_required = true;
        self
    }

    /// It takes a JSON body, or none.
    pub(crate) fn takes_perhaps<T: JsonSchema>(mut self) -> Self {
        self.doc.bodies.push(BodyDoc { media: JSON, schema: schema_of::<T>, example: None });
        self
    }

    /// It takes a form.
    pub(crate) fn takes_form<T: JsonSchema>(mut self) -> Self {
        self.doc.bodies.push(BodyDoc { media: FORM, schema: schema_of::<T>, example: None });
        self.doc.body_required = true;
        self
    }

    /// It takes a parameter in the query; `kind` is a JSON type.
    pub(crate) fn query(mut self, name: &'static str, kind: &'static str, description: &'static str) -> Self {
        self.doc.query.push((name, kind, description));
        self
    }

    /// This parameter in the path is one of these words, or any where none are named.
    pub(crate) fn word(mut self, name: &'static str, words: &'static [&'static str]) -> Self {
        self.doc.words.push((name, words));
        self
    }

    /// It lists page by page.
    pub(crate) fn paged(self) -> Self {
        self.query("cursor", "string", "The `next_cursor` of the page before.").query(
            "limit",
            "integer",
            "How many rows, 1 to 100; 50 when it is not given.",
        )
    }

    /// It answers with JSON.
    pub(crate) fn gives<T: JsonSchema>(mut self, status: u16, description: &'static str) -> Self {
        self.doc.answers.push(AnswerDoc { status, description, media: JSON, schema: Some(schema_of::<T>) });
        self
    }

    /// It answers with text.
    pub(crate) fn gives_text(mut self, status: u16, media: &'static str, description: &'static str) -> Self {
        self.doc.answers.push(AnswerDoc { status, description, media, schema: Some(schema_of::<String>) });
        self
    }

    /// It answers 204.
    pub(crate) fn gives_nothing(self, description: &'static str) -> Self {
        self.answers(204, description)
    }

    /// It answers without a body.
    pub(crate) fn answers(mut self, status: u16, description: &'static str) -> Self {
        self.doc.answers.push(AnswerDoc { status, description, media: JSON, schema: None });
        self
    }

    /// It may refuse for reasons of its own.
    pub(crate) fn refuses(mut self, codes: &[Code]) -> Self {
        self.doc.codes.extend_from_slice(codes);
        self
    }

    /// The document also has this type.
    pub(crate) fn with<T: JsonSchema>(mut self) -> Self {
        self.doc.also.push(schema_of::<T>);
        self
    }
}

/// The document.
pub fn document() -> Value {
    let generator = |settings: SchemaSettings| {
        let settings = settings.with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        settings.into_generator()
    };
    // What comes in and what goes out differ in which members must be there.
    let mut schemas = Schemas {
        taken: generator(SchemaSettings::draft2020_12().for_deserialize()),
        given: generator(SchemaSettings::draft2020_12().for_serialize()),
    };
    let mut paths: Map<String, Value> = Map::new();
    for row in routes::table() {
        let operation = operation::describe(row, &mut schemas);
        let path = paths.entry(row.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(row.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "durward",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Authentication and sessions, self-hosted.",
            "description": "Errors are RFC 9457 problem documents with a stable `code`. Every answer carries `X-Request-Id`. \
                Lists answer a page of `items` and a `next_cursor`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": components::tags(),
        "paths": paths,
        "components": components::all(schemas),
    })
}

pub(crate) struct Schemas {
    taken: SchemaGenerator,
    given: SchemaGenerator,
}

#[cfg(test)]
mod tests;
