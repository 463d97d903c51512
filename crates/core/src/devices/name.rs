//! What a device is called. `User-Agent` is whatever the other end wrote, and what is made of it stands in lists and in
//! mails to somebody else: so nothing of it gets there but words that are known here or to `woothee`'s tables.

use durward_proto::wire::device::DeviceKind;
use woothee::parser::{Parser, WootheeResult};

/// What stands for something that is not known in `woothee`'s answers.
const UNKNOWN: &str = "UNKNOWN";

/// Programs that are no browsers, by what their `User-Agent` begins with, up to the slash.
const PROGRAMS: [(&str, &str); 16] = [
    ("aiohttp", "aiohttp"),
    ("axios", "axios"),
    ("curl", "curl"),
    ("Dart", "Dart"),
    ("Go-http-client", "Go"),
    ("HTTPie", "HTTPie"),
    ("insomnia", "Insomnia"),
    ("node", "Node.js"),
    ("node-fetch", "Node.js"),
    ("okhttp", "OkHttp"),
    ("PostmanRuntime", "Postman"),
    ("python-httpx", "Python"),
    ("python-requests", "Python"),
    ("python-urllib3", "Python"),
    ("reqwest", "reqwest"),
    ("Wget", "Wget"),
];

/// What is known of a client from its `User-Agent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Described {
    /// What sort of thing it is.
    pub(crate) kind: DeviceKind,
    /// The browser or program.
    browser: Option<&'static str>,
    /// The system it runs on.
    system: Option<&'static str>,
}

impl Described {
    /// Reads a `User-Agent`.
    pub(crate) fn of(user_agent: Option<&str>) -> Self {
        let Some(agent) = user_agent else { return Self { kind: DeviceKind::Unknown, browser: None, system: None } };
        if let Some(program) = program(agent) {
            return Self { kind: DeviceKind::App, browser: Some(program), system: None };
        }
        let Some(found) = Parser::new().parse(agent) else {
            return Self { kind: DeviceKind::Unknown, browser: None, system: None };
        };
        Self { kind: kind(agent, &found), browser: browser(&found), system: system(&found) }
    }

    /// For lists: `Firefox on Linux`.
    pub(crate) fn name(self) -> String {
        match (self.browser, self.system) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(word), None) | (None, Some(word)) => word.to_owned(),
            (None, None) => "Unknown device".to_owned(),
        }
    }

    /// For mails, which are in more than one language: `Firefox, Linux`; nothing where neither is known.
    pub(crate) fn words(self) -> Option<String> {
        let words: Vec<&str> = [self.browser, self.system].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

fn program(agent: &str) -> Option<&'static str> {
    let (first, _) = agent.split_once('/')?;
    PROGRAMS.iter().find(|(mark, _)| *mark == first).map(|(_, name)| *name)
}

fn kind(agent: &str, found: &WootheeResult<'_>) -> DeviceKind {
    match found.category {
        "pc" | "appliance" => DeviceKind::Desktop,
        // Tablets are smartphones to woothee. An Android browser says on phones that it is mobile, and not on tablets.
        "smartphone" if found.os == "iPad" => DeviceKind::Tablet,
        "smartphone" if found.os == "Android" && !agent.contains("Mobile") => DeviceKind::Tablet,
        "smartphone" | "mobilephone" => DeviceKind::Mobile,
        "crawler" => DeviceKind::Bot,
        "misc" => DeviceKind::App,
        _ => DeviceKind::Unknown,
    }
}

/// The browser's word, where it is one that means something to people.
fn browser(found: &WootheeResult<'_>) -> Option<&'static str> {
    Some(match found.name {
        "Chrome" => "Chrome",
        "Edge" => "Edge",
        "Firefox" => "Firefox",
        "Google Search App" => "Google app",
        "HTTP Library" => "HTTP library",
        "Internet Explorer" => "Internet Explorer",
        "Opera" => "Opera",
        "Safari" => "Safari",
        "SamsungBrowser" => "Samsung Internet",
        "Sleipnir" => "Sleipnir",
        "Vivaldi" => "Vivaldi",
        "Webview" => "App",
        "Yandex Browser" => "Yandex Browser",
        _ if found.category == "crawler" => "Crawler",
        _ => return None,
    })
}

/// The system's word. Numbers of versions are left out: browsers do not say the true ones any more.
fn system(found: &WootheeResult<'_>) -> Option<&'static str> {
    Some(match found.os {
        UNKNOWN => return None,
        "Android" => "Android",
        "BSD" => "BSD",
        "ChromeOS" => "ChromeOS",
        "iOS" => "iOS",
        "iPad" => "iPad",
        "iPhone" => "iPhone",
        "iPod" => "iPod",
        "Linux" => "Linux",
        "Mac OSX" | "Mac OS Classic" => "macOS",
        "Windows Phone OS" => "Windows Phone",
        windows if windows.starts_with("Windows") => "Windows",
        "PlayStation 3" | "PlayStation 4" | "PlayStation Vita" | "PlayStation Portable" => "PlayStation",
        "Xbox 360" | "Xbox One" => "Xbox",
        "Nintendo 3DS" | "Nintendo DSi" | "Nintendo Wii" | "Nintendo Wii U" => "Nintendo",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
        Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
        Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
    const IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
        Version/16.6 Mobile/15E148 Safari/604.1";
    const PIXEL: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 \
        Mobile Safari/537.36";
    const TAB: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
        SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36";
    const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
        Version/18.0 Safari/605.1.15";
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

    #[test]
    fn what_is_known_is_said() {
        let cases = [
            (FIREFOX, DeviceKind::Desktop, "Firefox on Linux", Some("Firefox, Linux")),
            (EDGE, DeviceKind::Desktop, "Edge on Windows", Some("Edge, Windows")),
            (IPHONE, DeviceKind::Mobile, "Safari on iPhone", Some("Safari, iPhone")),
            (IPAD, DeviceKind::Tablet, "Safari on iPad", Some("Safari, iPad")),
            (PIXEL, DeviceKind::Mobile, "Chrome on Android", Some("Chrome, Android")),
            (TAB, DeviceKind::Tablet, "Samsung Internet on Android", Some("Samsung Internet, Android")),
            (MAC, DeviceKind::Desktop, "Safari on macOS", Some("Safari, macOS")),
            (GOOGLEBOT, DeviceKind::Bot, "Crawler", Some("Crawler")),
            ("curl/8.5.0", DeviceKind::App, "curl", Some("curl")),
            ("okhttp/4.12.0", DeviceKind::App, "OkHttp", Some("OkHttp")),
            ("my own program", DeviceKind::Unknown, "Unknown device", None),
            ("", DeviceKind::Unknown, "Unknown device", None),
        ];
        for (agent, kind, name, words) in cases {
            let found = Described::of(Some(agent));
            assert_eq!((found.kind, found.name().as_str(), found.words().as_deref()), (kind, name, words), "{agent}");
        }
        assert_eq!(Described::of(None), Described::of(Some("")));
    }

    proptest! {
        /// Whatever somebody writes, with the marks of browsers in it: no panic, and no word of theirs.
        #[test]
        fn nothing_but_known_words(parts in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "Firefox/", "Chrome/", "Version/1.0 ", "Safari/", "Edg/", "OPR/", "Windows ", "Android ", "iPhone;",
                    "Mozilla/5.0 (", "; rv:1.0) Gecko/1 ", "DoCoMo/", "KDDI-", "Mac OS X", "CrOS ", "bot ", "MSIE ",
                    "Trident/7.0;", "SamsungBrowser/", "BlackBerry", "Opera/", "Mini/", "WILLCOM;", "jig browser",
                    "Nintendo", "PlayStation", "Xbox", "HttpClient/", "curl/", "YaBrowser/", "Vivaldi/", "like Gecko",
                ]).prop_map(str::to_owned),
                "[a-z<>{}\"'; /()0-9.:\r\n]{0,12}",
                "\\PC{0,8}",
            ], 0..12)
        ) {
            let agent = format!("{}evilexample", parts.concat());
            let found = Described::of(Some(&agent));
            for text in [Some(found.name()), found.words()].into_iter().flatten() {
                prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || " ,.-".contains(c)), "{text}");
                prop_assert!(!text.contains("evil"));
            }
        }
    }
}
