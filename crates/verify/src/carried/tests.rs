use super::*;
use crate::kit::headers;

const NAME: &str = "access_token";
const SOCKET: Surface = Surface::Socket { token_in_url: true };

fn found(lines: &[(&'static str, &str)], query: Option<&str>, surface: Surface) -> Result<(Source, String), Refusal> {
    find(&headers(lines), query, NAME, surface).map(|carried| (carried.source, carried.token.into_owned()))
}

fn rest(lines: &[(&'static str, &str)]) -> Result<(Source, String), Refusal> {
    found(lines, Some("token=q&ticket=t"), Surface::Rest)
}

fn is_malformed(outcome: &Result<(Source, String), Refusal>) -> bool {
    matches!(outcome, Err(Refusal::Malformed(_)))
}

#[test]
fn the_order_is_header_cookie_sub_protocol_ticket_url() {
    let header = ("authorization", "Bearer h.h.h");
    let cookie = ("cookie", "a=b; access_token=c.c.c");
    let protocol = ("sec-websocket-protocol", "bearer, p.p.p");
    let query = Some("token=q.q.q&ticket=t");
    let expect = |lines: &[_], source, token: &str| {
        assert_eq!(found(lines, query, SOCKET), Ok((source, token.to_owned())));
    };
    expect(&[header, cookie, protocol], Source::Header, "h.h.h");
    expect(&[cookie, protocol], Source::Cookie, "c.c.c");
    expect(&[protocol], Source::SubProtocol, "p.p.p");
    expect(&[], Source::Ticket, "t");
    assert_eq!(found(&[], Some("token=q.q.q"), SOCKET), Ok((Source::Url, "q.q.q".into())));
}

#[test]
fn a_bad_one_is_not_passed_over() {
    let cookie = ("cookie", "access_token=c.c.c");
    for value in
        ["", "Bearer", "Bearer ", "Basic eDp5", "c.c.c", "Bearer a b", "Bearer a\tb", "Bearer a,b c", "Bearer é"]
    {
        assert!(is_malformed(&rest(&[("authorization", value), cookie])), "{value:?}");
    }
    assert!(matches!(rest(&[("cookie", "access_token=")]), Ok((Source::Cookie, token)) if token.is_empty()));
    assert!(is_malformed(&found(&[("sec-websocket-protocol", "bearer")], Some("ticket=t"), SOCKET)));
    assert!(is_malformed(&found(&[("sec-websocket-protocol", "bearer, ")], Some("ticket=t"), SOCKET)));
    assert!(is_malformed(&found(&[], Some("ticket=&token=q"), SOCKET)));
}

#[test]
fn the_scheme_is_case_insensitive_and_more_spaces_do_not_matter() {
    for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c", "Bearer a.b.c "] {
        assert_eq!(rest(&[("authorization", value)]), Ok((Source::Header, "a.b.c".into())), "{value:?}");
    }
}

#[test]
fn two_are_ambiguous() {
    let bearer = ("authorization", "Bearer a");
    assert_eq!(rest(&[bearer, bearer]), Err(Refusal::Ambiguous), "even when they are the same");
    assert_eq!(rest(&[("cookie", "access_token=a; access_token=b")]), Err(Refusal::Ambiguous));
    assert_eq!(rest(&[("cookie", "access_token=a"), ("cookie", "access_token=b")]), Err(Refusal::Ambiguous));
    assert_eq!(rest(&[("cookie", "access_token=a; access_token=a")]), Ok((Source::Cookie, "a".into())));
    assert_eq!(found(&[], Some("ticket=a&ticket=b"), SOCKET), Err(Refusal::Ambiguous));
    assert_eq!(found(&[], Some("token=a&token=b"), SOCKET), Err(Refusal::Ambiguous));
    let twice = ("sec-websocket-protocol", "bearer, a, bearer, b");
    assert_eq!(found(&[twice], None, SOCKET), Err(Refusal::Ambiguous));
}

#[test]
fn the_url_counts_only_for_a_socket_and_only_where_it_is_allowed() {
    assert_eq!(rest(&[]), Err(Refusal::Missing));
    assert_eq!(rest(&[("sec-websocket-protocol", "bearer, p")]), Err(Refusal::Missing));
    let closed = Surface::Socket { token_in_url: false };
    assert_eq!(found(&[], Some("token=q"), closed), Err(Refusal::Missing));
    assert_eq!(found(&[], Some("token=q&ticket=t"), closed), Ok((Source::Ticket, "t".into())));
    assert_eq!(found(&[], None, SOCKET), Err(Refusal::Missing));
    assert_eq!(found(&[], Some("token=a%2Eb.c"), SOCKET), Ok((Source::Url, "a.b.c".into())));
}

#[test]
fn sub_protocols_over_several_lines_and_among_others() {
    let lines = [("sec-websocket-protocol", "chat ,bearer"), ("sec-websocket-protocol", " p.p.p , more")];
    assert_eq!(found(&lines, None, SOCKET), Ok((Source::SubProtocol, "p.p.p".into())));
    assert_eq!(found(&[("sec-websocket-protocol", "chat, x")], None, SOCKET), Err(Refusal::Missing));
}

#[test]
fn cookies_are_read_as_they_stand() {
    let one = |line: &str| cookie(&headers(&[("cookie", line)]), NAME).map(|value| value.map(str::to_owned));
    assert_eq!(one("access_token=a.b"), Ok(Some("a.b".into())));
    assert_eq!(one("xaccess_token=a; access_tokenx=b; ACCESS_TOKEN=c; access_token"), Ok(None));
    assert_eq!(one("  x=1;access_token=a=b==;y=\"2"), Ok(Some("a=b==".into())));
    assert_eq!(one("access_token=\"a\""), Ok(Some("\"a\"".into())), "quotes are part of the value");
    assert_eq!(one("access_token=%61"), Ok(Some("%61".into())));
    assert_eq!(one("name=\u{e9}; access_token=a"), Ok(Some("a".into())), "another's value does not matter");
    assert!(matches!(one("access_token=\u{e9}"), Err(Refusal::Malformed(_))));
    assert_eq!(cookie(&HeaderMap::new(), NAME), Ok(None));
}

#[test]
fn a_debug_line_does_not_show_the_token() {
    let map = headers(&[("authorization", "Bearer canary")]);
    assert!(!format!("{:?}", find(&map, None, NAME, Surface::Rest)).contains("canary"));
}

#[test]
fn sources_serialise_as_they_are_called() {
    for source in [Source::Header, Source::Cookie, Source::SubProtocol, Source::Ticket, Source::Url] {
        assert_eq!(serde_json::to_value(source).unwrap(), source.as_str());
    }
}
