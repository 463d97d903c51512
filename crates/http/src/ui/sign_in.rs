//! The sign-in page, and its form for browsers that run no script: the same calls into core as `/api/v1/auth/login` and
//! `/auth/2fa/verify`, answered with a page or with the way back.

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use durward_core::{Challenge, Client, Fault, LoginOutcome, Opened};
use durward_proto::wire::auth::{Login, Transport};
use durward_proto::wire::factor::{Method, SecondFactor};
use durward_proto::{Code, Secret};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::shell::{BootError, Frame};
use super::{Pages, Visitor};
use crate::api::session_answer;
use crate::app::{Shared, Site};
use crate::body::{self, Media};
use crate::extract::From;
use crate::form::{BadForm, Fields};
use crate::layers::cookies::CookieKind;
use crate::reply::{Answer, Refused};

/// What can be shown without a script.
const BY_FORM: [Method; 3] = [Method::Totp, Method::BackupCode, Method::EmailCode];
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The form: of the first step, or of the second.
pub(crate) struct Form {
    step: Step,
    return_to: Option<String>,
}

enum Step {
    Password { email: String, password: Secret },
    Code(SecondStep),
}

/// The second step, as far as its page shows it again.
struct SecondStep {
    challenge: Secret,
    /// What can be shown, for the page alone: the challenge knows it by itself.
    methods: Vec<Method>,
    method: Option<Method>,
    code: Secret,
    trusts: bool,
}

impl FromRequest<Shared> for Form {
    type Rejection = Refused;
    async fn from_request(request: Request, site: &Shared) -> Result<Self, Refused> {
        let media = match Media::of(request.headers()) {
            Ok(Media::Form) => Ok(()),
            Ok(Media::Json) => Err(Code::UnsupportedMediaType.into()),
            Err(refused) => Err(refused),
        };
        if let Err(refused) = media {
            body::give_up(request).await;
            return Err(refused);
        }
        let bytes = body::read(request.into_body(), site.rules.body()).await?;
        Self::read(&bytes).map_err(BadForm::in_body)
    }
}

impl Form {
    fn read(bytes: &[u8]) -> Result<Self, BadForm> {
        let mut fields = Fields::read(bytes)?;
        let mut text = |name: &str| fields.take(name).unwrap_or_default();
        let return_to = Some(text("return_to")).filter(|text| !text.is_empty());
        let challenge = text("challenge_token");
        let step = if challenge.is_empty() {
            Step::Password { email: text("email"), password: text("password").into() }
        } else {
            let methods = text("methods").split(' ').filter_map(method).collect();
            Step::Code(SecondStep {
                challenge: challenge.into(),
                methods,
                method: method(&text("method")),
                code: Secret::new(text("code").trim()),
                trusts: text("trust_device") == "true",
            })
        };
        fields.done().map(|()| Self { step, return_to })
    }
}

fn method(word: &str) -> Option<Method> {
    BY_FORM.into_iter().find(|method| method.as_str() == word)
}

/// `GET /login`.
pub(super) fn show(pages: &Pages, visitor: &Visitor, frame: Frame<'_>) -> Answer {
    first_step(pages, visitor, frame, "", "", "")
}

/// `POST /login`.
pub(crate) async fn submit(
    State(site): State<Shared>,
    From(client): From,
    headers: HeaderMap,
    form: Result<Form, Refused>,
) -> Answer {
    let pages = site.pages.as_deref().ok_or(Code::NotFound)?;
    let Form { step, return_to } = form?;
    let return_to = pages.return_to(return_to.as_deref());
    let page = Page { pages, visitor: Visitor::of(&headers), return_to };
    let mut response = match step {
        Step::Password { email, password } => by_password(&site, &page, &headers, &email, password, &client).await?,
        Step::Code(step) => by_code(&site, &page, step, &client).await?,
    };
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    Ok(response)
}

async fn by_password(
    site: &Site,
    page: &Page<'_>,
    headers: &HeaderMap,
    email: &str,
    password: Secret,
    client: &Client,
) -> Answer {
    if email.is_empty() || password.expose().is_empty() {
        return page.first(email, if email.is_empty() { "email" } else { "password" }, Code::ValidationFailed.into());
    }
    let device_token = site.rules.cookies.read(headers, CookieKind::Trust)?.map(Secret::new);
    let login = Login { email: email.to_owned(), password, transport: Transport::Cookie, device_token };
    match site.core.login(&login, client).await {
        Ok(LoginOutcome::Opened(opened)) => Ok(page.goes_on(site, &opened)),
        Ok(LoginOutcome::SecondFactor(challenge)) => page.asks(*challenge, email),
        Err(fault) => page.first(email, "password", fault.into()),
    }
}

async fn by_code(site: &Site, page: &Page<'_>, mut step: SecondStep, client: &Client) -> Answer {
    let (Some(method), false) = (step.method, step.code.expose().is_empty()) else {
        return page.second(&step, Some(Code::ValidationFailed.into()));
    };
    let asked = SecondFactor {
        challenge_token: step.challenge.clone(),
        method,
        code: Some(step.code.clone()),
        ceremony_id: None,
        credential: None,
        trust_device: step.trusts,
    };
    if !step.methods.contains(&method) {
        step.methods.push(method);
    }
    match site.core.verify_second_factor(&asked, client).await {
        Ok(opened) => Ok(page.goes_on(site, &opened)),
        Err(fault) if may_try_again(&fault) => page.second(&step, Some(fault.into())),
        Err(fault) => page.first("", "", fault.into()),
    }
}

/// Whether the challenge may still be answered.
fn may_try_again(fault: &Fault) -> bool {
    matches!(
        fault.code(),
        Code::InvalidSecondFactor | Code::TooManyAttempts | Code::FactorState | Code::MethodUnavailable
    ) || fault.code().status() == 503
}

/// The page that a form is answered with.
struct Page<'a> {
    pages: &'a Pages,
    visitor: Visitor,
    /// Judged; empty where people go where they always go.
    return_to: String,
}

impl Page<'_> {
    /// The session is open: its cookies, and on to where they wanted to go.
    fn goes_on(&self, site: &Site, opened: &Opened) -> Response {
        let to = if self.return_to.is_empty() { &self.pages.after_login } else { &self.return_to };
        let mut response = StatusCode::SEE_OTHER.into_response();
        let headers = response.headers_mut();
        session_answer::set_cookies(site, opened, headers);
        if let Ok(to) = HeaderValue::from_str(to) {
            headers.insert(header::LOCATION, to);
        }
        response
    }

    /// The password was right, and is not enough.
    fn asks(&self, challenge: Challenge, email: &str) -> Answer {
        let methods: Vec<Method> =
            challenge.methods.iter().copied().filter(|method| BY_FORM.contains(method)).collect();
        let first = methods.first().copied();
        if challenge.enrols || first.is_none() {
            let key = if challenge.enrols { "problem.second_factor_setup_required" } else { "problem.passkey_needed" };
            let message = self.pages.say(&self.visitor, key);
            let frame = Frame { with_script: false, ..self.frame() };
            return first_step(self.pages, &self.visitor, frame, email, "", &message);
        }
        let step =
            SecondStep { challenge: challenge.token, methods, method: first, code: Secret::new(""), trusts: false };
        self.second(&step, None)
    }

    /// The first step once more, and why. `wrong` is the field to begin with.
    fn first(&self, email: &str, wrong: &str, refused: Refused) -> Answer {
        let problem = refused.problem();
        let error = BootError { code: problem.code, retry_after: problem.retry_after };
        let message = self.message(problem.code, problem.retry_after);
        let frame = Frame { error: Some(error), ..self.frame() };
        Ok(refused.shown(first_step(self.pages, &self.visitor, frame, email, wrong, &message)?))
    }

    /// The second step, for the first time or once more.
    fn second(&self, step: &SecondStep, refused: Option<Refused>) -> Answer {
        let problem = refused.as_ref().map(Refused::problem);
        let message = problem.map(|problem| self.message(problem.code, problem.retry_after)).unwrap_or_default();
        let words = |methods: &[Method]| methods.iter().map(|method| method.as_str()).collect::<Vec<_>>();
        let again = with_return_to("/login", &self.return_to);
        // A code out of a mail never makes a device trusted.
        let may_trust = self.pages.features.trust_device && step.methods != [Method::EmailCode];
        let more = json!({ "step": "code", "message": message, "challenge_token": step.challenge.expose(), "methods": words(&step.methods), "method": step.method.map(Method::as_str), "trusts": step.trusts, "may_trust": may_trust, "again": again });
        let frame = Frame { template: "sign_in.html", with_script: false, secret: true, more, ..self.frame() };
        let response = self.pages.show(&self.visitor, &frame)?;
        Ok(match refused {
            Some(refused) => refused.shown(response),
            None => response,
        })
    }

    fn frame(&self) -> Frame<'_> {
        Frame { return_to: &self.return_to, ..Frame::of("sign-in", "login", "title.login") }
    }

    /// Why not, in somebody's language.
    fn message(&self, code: Code, retry_after: Option<u64>) -> String {
        let key = format!("problem.{code}");
        let text = self.pages.say(&self.visitor, &key);
        let text = if text == key { self.pages.say(&self.visitor, "problem.unexpected") } else { text };
        text.replace("{seconds}", &retry_after.unwrap_or(1).to_string())
    }
}

fn first_step(pages: &Pages, visitor: &Visitor, frame: Frame<'_>, email: &str, wrong: &str, message: &str) -> Answer {
    let register = with_return_to("/register", frame.return_to);
    let more = json!({ "step": "password", "email": email, "wrong": wrong, "message": message, "register": register });
    pages.show(visitor, &Frame { template: "sign_in.html", more, ..frame })
}

/// A path with where to go on to from there.
fn with_return_to(path: &str, return_to: &str) -> String {
    if return_to.is_empty() {
        return path.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_steps() {
        let first = Form::read(b"email=a%40b.example&password=p+w&return_to=%2Fx").unwrap();
        let Step::Password { email, password } = first.step else { panic!("it is the first step") };
        assert_eq!((email.as_str(), password.expose(), first.return_to.as_deref()), ("a@b.example", "p w", Some("/x")));

        let second = b"challenge_token=t&methods=passkey+totp+nonsense&method=totp&code=+123456+&trust_device=true";
        let second = Form::read(second).unwrap();
        let Step::Code(step) = second.step else { panic!("it is the second step") };
        assert_eq!((step.method, step.code.expose(), step.trusts), (Some(Method::Totp), "123456", true));
        assert_eq!((step.methods, second.return_to), (vec![Method::Totp], None));
    }

    #[test]
    fn what_the_form_does_not_have_is_refused() {
        for form in
            [&b"email=a&password=b&role=admin"[..], b"email=a&email=b", b"email=%zz", b"challenge_token=t&email=a"]
        {
            assert!(Form::read(form).is_err(), "{form:?}");
        }
        let Step::Code(step) = Form::read(b"challenge_token=t&method=passkey&code=1").unwrap().step else {
            panic!("it is the second step")
        };
        assert_eq!(step.method, None);
    }
}
