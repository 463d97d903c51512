//! Prints `docs/errors.md`, made from the table of codes.
//!
//! ```text
//! cargo run -p durward-proto --example errors > docs/errors.md
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use durward_proto::Code;

const PREAMBLE: &str = "\
# Error codes

<!-- Made by scripts/gen from crates/proto/src/code.rs. Change it there. -->

Every refusal is a problem document (RFC 9457, `application/problem+json`):

```json
{
  \"type\": \"urn:durward:error:csrf_failed\",
  \"title\": \"The CSRF check failed\",
  \"status\": 403,
  \"detail\": \"The CSRF token is missing: send it as X-CSRF-Token, with its cookie.\",
  \"code\": \"csrf_failed\",
  \"request_id\": \"01990a6e-3f5c-7b1a-9d8e-2f4b6c8d0e1f\",
  \"reason\": \"missing\"
}
```

- Switch on `code`. It keeps its meaning; `title` and `detail` are for people and may change.
- `request_id` is also the `X-Request-Id` header, and stands in the server's log beside the cause.
- 422 has `errors`: a list of `{\"pointer\": \"/email\", \"detail\": \"…\"}` with JSON pointers into the body.
- 429 and 503 have `retry_after` in seconds, and the `Retry-After` header. Wait that long, then send the same again.
- 403 `csrf_failed` has `reason`: `missing`, `mismatch`, `malformed`, `expired` or `signature`.
- 401 has `WWW-Authenticate: Bearer` (RFC 6750).
- No request is answered with 500. If you see one, a proxy made it, or it is a bug: please report it.

On a WebSocket the code of a refusal is the reason of the close frame, see [sockets.md](sockets.md); for a message that was
not accepted it is the `code` of an `error` message, and the socket stays.
";

fn main() {
    print!("{PREAMBLE}");
    let mut statuses: Vec<u16> = Code::ALL.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        println!("\n## {status}\n\n| code | title | what it means, and what to do |\n|---|---|---|");
        for code in Code::ALL.iter().filter(|code| code.status() == status) {
            println!("| `{code}` | {} | {} |", code.title(), code.help().trim().replace("  ", " "));
        }
    }
}
