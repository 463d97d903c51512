use super::*;
use std::collections::BTreeSet;

#[test]
fn the_document_and_the_table_name_the_same_operations() {
    let document = document();
    let in_table: BTreeSet<(String, String)> =
        routes::table().iter().map(|row| (row.path.to_owned(), row.method.as_str().to_ascii_lowercase())).collect();
    let in_document: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone())))
        .collect();
    assert_eq!(in_table, in_document);
}

#[test]
fn every_operation_is_whole() {
    let document = document();
    let tags: Vec<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for row in routes::table() {
        let operation = &document["paths"][row.path][row.method.as_str().to_ascii_lowercase()];
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{row:?}");
        assert!(tags.contains(&operation["tags"][0].as_str().unwrap()), "{row:?}");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{row:?}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status < &"400".to_owned()), "{row:?}");
        assert!(responses.values().all(|response| response["description"].is_string()), "{row:?}");
        for code in operation::codes(row) {
            assert!(responses.contains_key(&code.status().to_string()), "{row:?} {code}");
        }
        let guarded = matches!(row.access, routes::Access::User | routes::Access::Right(_));
        assert_eq!(
            responses.contains_key("401") || row.access == routes::Access::Public,
            guarded || row.access == routes::Access::Public,
            "{row:?}"
        );
        assert_eq!(row.path.contains('{'), operation["parameters"][0]["in"] == "path", "{row:?}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = 0;
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    references += 1;
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(references > 50, "{references}");
    let names = document["components"]["schemas"].as_object().unwrap().keys();
    // OpenAPI 3.1 section 4.8.7: the names that components may have.
    for name in names {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{name}");
    }
}

#[test]
fn a_type_that_comes_in_and_goes_out_is_one_type() {
    let mut taken = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut given = SchemaSettings::draft2020_12().for_serialize().into_generator();
    for row in routes::table() {
        row.doc.bodies.iter().for_each(|body| drop((body.schema)(&mut taken)));
        row.doc.answers.iter().filter_map(|answer| answer.schema).for_each(|schema| drop(schema(&mut given)));
        row.doc.also.iter().for_each(|schema| drop(schema(&mut given)));
    }
    for (name, schema) in taken.definitions() {
        if let Some(other) = given.definitions().get(name) {
            assert_eq!(schema, other, "{name}");
        }
    }
}
