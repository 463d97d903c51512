//! The page at `/docs`: the OpenAPI document as plain HTML. No script is needed, so that it works with a keyboard, on
//! a phone, in a text browser and under the strictest Content-Security-Policy.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The page's style sheet.
pub(crate) const STYLE: &str = include_str!("docs_page/style.css");

/// The page.
pub(crate) fn render(document: &Value) -> String {
    let mut page = String::with_capacity(128 * 1024);
    let info = &document["info"];
    let (title, version) = (text(info, "title"), text(info, "version"));
    page += "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    page += "<meta name=\"color-scheme\" content=\"light dark\">\n";
    let _ =
        writeln!(page, "<title>{title} {version}: the API</title>\n<link rel=\"stylesheet\" href=\"/docs/style.css\">");
    page += "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the endpoints</a>\n";
    let _ = writeln!(page, "<header>\n<h1>{title} <small>{version}</small></h1>");
    let _ = writeln!(page, "<p>{}</p>\n<p>{}</p>", text(info, "summary"), marked(&info["description"]));
    page +=
        "<p>The same for programs: <a href=\"/api/v1/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n</header>\n";
    contents(&mut page, document);
    page += "<main id=\"main\">\n";
    for tag in items(&document["tags"]) {
        section(&mut page, document, tag);
    }
    types(&mut page, document);
    page += "</main>\n</body>\n</html>\n";
    page
}

fn contents(page: &mut String, document: &Value) {
    *page += "<nav aria-label=\"Subjects\">\n<ul>\n";
    for tag in items(&document["tags"]) {
        let name = text(tag, "name");
        let _ = writeln!(page, "<li><a href=\"#{name}\">{name}</a></li>");
    }
    *page += "<li><a href=\"#types\">types</a></li>\n</ul>\n</nav>\n";
}

fn section(page: &mut String, document: &Value, tag: &Value) {
    let name = text(tag, "name");
    let _ =
        writeln!(page, "<section id=\"{name}\" aria-labelledby=\"{name}-title\">\n<h2 id=\"{name}-title\">{name}</h2>");
    let _ = writeln!(page, "<p>{}</p>", text(tag, "description"));
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in
            members(methods).filter(|(_, operation)| at(operation, "/tags/0") == at(tag, "/name"))
        {
            show_operation(page, path, method, operation);
        }
    }
    *page += "</section>\n";
}

fn show_operation(page: &mut String, path: &str, method: &str, operation: &Value) {
    let id = text(operation, "operationId");
    let _ = writeln!(
        page,
        "<details id=\"{id}\">\n<summary><span class=\"method {method}\">{}</span> <code>{}</code> <span class=\"what\">{}</span></summary>",
        method.to_ascii_uppercase(),
        escape(path),
        text(operation, "summary")
    );
    if operation["description"].is_string() {
        let _ = writeln!(page, "<p>{}</p>", marked(&operation["description"]));
    }
    let _ = writeln!(page, "<p class=\"who\">{}</p>", who(operation));
    parameters(page, operation);
    for (media, body) in members(at(operation, "/requestBody/content")) {
        let _ = writeln!(page, "<h3>Body</h3>\n<p><code>{media}</code>: {}</p>", type_name(&body["schema"]));
        if !body["example"].is_null() {
            let example = serde_json::to_string_pretty(&body["example"]).unwrap_or_default();
            let _ = writeln!(page, "<pre tabindex=\"0\"><code>{}</code></pre>", escape(&example));
        }
    }
    *page += "<h3>Answers</h3>\n<dl>\n";
    for (status, response) in members(&operation["responses"]) {
        let content = members(&response["content"]).find(|(media, _)| !media.contains("problem"));
        let shape = content.map(|(_, body)| format!(" {}", type_name(&body["schema"]))).unwrap_or_default();
        let _ = writeln!(page, "<dt>{status}{shape}</dt>\n<dd>{}</dd>", paragraphs(&response["description"]));
    }
    *page += "</dl>\n</details>\n";
}

fn who(operation: &Value) -> &'static str {
    match operation["security"].as_array() {
        None => "Open to everybody.",
        Some(ways) if ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty)) => {
            "Open to everybody; a good token is taken into account."
        }
        Some(_) => "Needs an access token, as <code>Authorization: Bearer</code> or as cookie.",
    }
}

fn parameters(page: &mut String, operation: &Value) {
    if items(&operation["parameters"]).next().is_none() {
        return;
    }
    *page += "<h3>Parameters</h3>\n<dl>\n";
    for parameter in items(&operation["parameters"]) {
        let _ = writeln!(
            page,
            "<dt><code>{}</code> <small>in the {}</small></dt>\n<dd>{}</dd>",
            text(parameter, "name"),
            text(parameter, "in"),
            marked(&parameter["description"])
        );
    }
    *page += "</dl>\n";
}

fn types(page: &mut String, document: &Value) {
    *page += "<section id=\"types\" aria-labelledby=\"types-title\">\n<h2 id=\"types-title\">types</h2>\n";
    for (name, schema) in members(at(document, "/components/schemas")) {
        let name = escape(name);
        let _ = writeln!(page, "<details id=\"type-{name}\">\n<summary><code>{name}</code></summary>");
        let _ = writeln!(page, "<p>{}</p>", marked(&schema["description"]));
        let required: Vec<&str> = items(&schema["required"]).filter_map(Value::as_str).collect();
        *page += "<dl>\n";
        for (member, shape) in members(&schema["properties"]) {
            let optional = if required.contains(&member) { "" } else { " <small>optional</small>" };
            let _ = writeln!(
                page,
                "<dt><code>{}</code> {}{optional}</dt>\n<dd>{}</dd>",
                escape(member),
                type_name(shape),
                marked(&shape["description"])
            );
        }
        *page += "</dl>\n";
        if schema["properties"].is_null() {
            let whole = serde_json::to_string_pretty(schema).unwrap_or_default();
            let _ = writeln!(page, "<pre tabindex=\"0\"><code>{}</code></pre>", escape(&whole));
        }
        *page += "</details>\n";
    }
    *page += "</section>\n";
}

/// A schema in a few words, with links to the types that have a name.
fn type_name(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        let name = escape(name);
        return format!("<a href=\"#type-{name}\"><code>{name}</code></a>");
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().map(type_name).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", type_name(&schema["items"])),
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(escape).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    }
}

/// What a JSON Pointer leads to; null where that is nothing.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().map(escape).unwrap_or_default()
}

/// Words with `code` in them.
fn marked(value: &Value) -> String {
    let parts = value.as_str().unwrap_or_default().split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

fn paragraphs(value: &Value) -> String {
    let blocks = value.as_str().unwrap_or_default().split("\n\n");
    blocks.map(|block| format!("<p>{}</p>", marked(&Value::from(block)))).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{openapi, routes};

    #[test]
    fn the_page_shows_every_operation_and_nothing_inline() {
        let page = render(&openapi::document());
        assert_eq!(page.matches("<span class=\"method ").count(), routes::table().len());
        for row in routes::table() {
            assert!(page.contains(&format!("<code>{}</code>", row.path)), "{row:?}");
        }
        for forbidden in ["<script", "<style", " style=", " onclick=", "http://", "https://", "javascript:"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(marked(&Value::from("a < `b & \"c\"`")), "a &lt; <code>b &amp; &quot;c&quot;</code>");
    }
}
