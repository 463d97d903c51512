//! Our codes are those of other people's programs: `pyotp` and `mintotp`, which have no line in common with each other.

use durward_store::testing::Backend;
use tokio::process::Command;

use super::*;

/// Prints, for each time, the codes of both; and whether `pyotp` takes the code that it is given beside the time.
const PROGRAM: &str = r#"
import datetime, sys
import mintotp, pyotp
secret, uri = sys.argv[1], sys.argv[2]
totp = pyotp.parse_uri(uri)
assert totp.secret == secret and totp.digits == 6 and totp.interval == 30, totp.__dict__
for line in sys.stdin:
    time, code = line.split()
    moment = datetime.datetime.fromtimestamp(int(time), datetime.timezone.utc)
    print(totp.at(int(time)), mintotp.hotp(secret, int(time) // 30), totp.verify(code, for_time=moment, valid_window=1))
"#;

struct Others {
    _directory: tempfile::TempDir,
    python: std::path::PathBuf,
}

impl Others {
    async fn install() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let python = directory.path().join("bin/python");
        run(Command::new("python3").args(["-m", "venv"]).arg(directory.path()), "").await;
        let packages = ["pyotp==2.9.0", "mintotp==0.3.0"];
        run(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(packages),
            "",
        )
        .await;
        Self { _directory: directory, python }
    }

    /// For each time: both codes, and whether they take ours.
    async fn ask(&self, setup: &Value, asked: &[(i64, String)]) -> Vec<(String, bool)> {
        let lines: String = asked.iter().map(|(time, code)| format!("{time} {code}\n")).collect();
        let text = |member: &str| setup[member].as_str().unwrap().to_owned();
        let output =
            run(Command::new(&self.python).args(["-c", PROGRAM, &text("secret"), &text("otpauth_uri")]), &lines).await;
        let said: Vec<(String, bool)> = output
            .lines()
            .map(|line| {
                let [one, other, takes] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
                assert_eq!(one, other, "they agree with each other");
                (one.to_owned(), takes == "True")
            })
            .collect();
        assert_eq!(said.len(), asked.len());
        said
    }
}

async fn run(command: &mut Command, stdin: &str) -> String {
    use tokio::io::AsyncWriteExt;
    let pipe = std::process::Stdio::piped;
    let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
    let (mut input, stdin) = (child.stdin.take().unwrap(), stdin.to_owned());
    let feed = tokio::spawn(async move { input.write_all(stdin.as_bytes()).await });
    let output = child.wait_with_output().await.unwrap();
    feed.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Both ways, at many times, in the middle of steps and at their edges.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_codes_at_the_same_times() {
    let app = App::start(Backend::Sqlite).await;
    let others = Others::install().await;
    let ann = app.user("ann").await;
    let setup = ann.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
    let phone = Phone::of(&setup);
    ann.post("/api/v1/2fa/totp/enable", json!({ "code": phone.shows(&app) })).await.is(200);
    let at = |seconds: i64| phone.at(Timestamp::from_seconds(seconds));

    // Our codes are theirs: from 1970 to beyond 32 bits, on both sides of every edge.
    let starts = (1..200_i64).map(|n| n * n * n * 2_000 / 30 * 30).chain([30, 4_294_967_280, 4_294_967_310]);
    let times: Vec<i64> = starts.flat_map(|start| [start, start + 1, start + 15, start + 29, start + 30]).collect();
    let asked: Vec<(i64, String)> = times.iter().map(|time| (*time, at(*time))).collect();
    for ((time, ours), (theirs, takes)) in asked.iter().zip(others.ask(&setup, &asked).await) {
        assert_eq!(*ours, theirs, "at {time}");
        assert!(takes, "at {time}");
    }

    // They take ours one step away, at the edges too, and not two.
    let first = 2_000_000_010;
    let windows: Vec<(i64, i64)> = (0..40)
        .flat_map(|n| [0, 29].map(|into| first + n * 300 + into))
        .flat_map(|t| (-2..=2).map(move |s| (t, s)))
        .collect();
    let asked: Vec<(i64, String)> = windows.iter().map(|(time, steps)| (*time, at(time + steps * 30))).collect();
    for ((time, steps), (_, takes)) in windows.iter().zip(others.ask(&setup, &asked).await) {
        assert_eq!(takes, (-1..=1).contains(steps), "at {time}, {steps} steps away");
    }

    // And the server takes theirs one step away, at the edges too, and not two.
    let first = app.clock.now().seconds() / 30 * 30 + 600;
    let tries: Vec<(i64, i64)> =
        [1, 27].into_iter().flat_map(|into| (-2..=2).map(move |steps| (into, steps))).collect();
    let tries: Vec<(i64, i64)> =
        tries.iter().cycle().take(30).zip(0..).map(|((into, steps), n)| (first + n * 300 + into, *steps)).collect();
    let asked: Vec<(i64, String)> =
        tries.iter().map(|(time, steps)| (time + steps * 30, "000000".to_owned())).collect();
    for ((time, steps), (theirs, _)) in tries.iter().zip(others.ask(&setup, &asked).await) {
        advance_to(&app, Timestamp::from_seconds(*time));
        let challenge = challenged(&app.visitor(), "ann").await;
        let answer = verify(&app.visitor(), &challenge, "totp", &theirs).await;
        if (-1..=1).contains(steps) {
            answer.is(200)
        } else {
            answer.refused(401, "invalid_second_factor")
        };
    }
}
