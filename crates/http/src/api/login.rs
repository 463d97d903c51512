//! `POST /api/v1/auth/login` and `/auth/jwt/login`: the same handler, JSON or form. Here, too, the second half:
//! `/auth/2fa/verify`.

use axum::extract::{FromRequest, Request, State};
use durward_proto::Secret;
use durward_proto::problem::FieldError;
use durward_proto::wire::auth::{Login, Transport};
use durward_proto::wire::factor::SecondFactor;
use http::HeaderMap;

use crate::api::session_answer;
use crate::app::Shared;
use crate::body::{self, Media};
use crate::extract::{From, Json};
use crate::form::{BadForm, Fields};
use crate::layers::cookies::CookieKind;
use crate::reply::{Answer, Refused};

/// A login in either of its two forms.
pub(crate) struct LoginBody(Login);

impl FromRequest<Shared> for LoginBody {
    type Rejection = Refused;
    async fn from_request(request: Request, site: &Shared) -> Result<Self, Refused> {
        let media = match Media::of(request.headers()) {
            Ok(media) => media,
            Err(refused) => {
                body::give_up(request).await;
                return Err(refused);
            }
        };
        let bytes = body::read(request.into_body(), site.rules.body()).await?;
        let login = match media {
            Media::Json => body::read_json(&bytes)?,
            Media::Form => read_form(&bytes).map_err(BadForm::in_body)?,
        };
        Ok(Self(login))
    }
}

/// RFC 6749 section 4.3.2. What OAuth2 clients send besides is tolerated, and means nothing here.
fn read_form(bytes: &[u8]) -> Result<Login, BadForm> {
    let mut fields = Fields::read(bytes)?;
    let email = fields.required("username")?;
    let password = fields.required("password")?.into();
    let transport = match fields.take("transport").as_deref() {
        None | Some("cookie") => Transport::Cookie,
        Some("bearer") => Transport::Bearer,
        Some(_) => return Err(FieldError::new("/transport", "expected cookie or bearer").into()),
    };
    for tolerated in ["grant_type", "scope", "client_id", "client_secret"] {
        fields.take(tolerated);
    }
    fields.done().map(|()| Login { email, password, transport, device_token: None })
}

/// Opens a session with an e-mail address and a password, or asks for a second factor.
pub(crate) async fn login(
    State(site): State<Shared>,
    From(client): From,
    headers: HeaderMap,
    LoginBody(mut login): LoginBody,
) -> Answer {
    if login.device_token.is_none() {
        login.device_token = site.rules.cookies.read(&headers, CookieKind::Trust)?.map(Secret::new);
    }
    Ok(session_answer::of_login(&site, site.core.login(&login, &client).await?))
}

/// `POST /api/v1/auth/2fa/verify`: opens the session with a second factor.
pub(crate) async fn verify(State(site): State<Shared>, From(client): From, Json(asked): Json<SecondFactor>) -> Answer {
    Ok(session_answer::of_opened(&site, site.core.verify_second_factor(&asked, &client).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_oauth2_clients() {
        let login =
            read_form(b"grant_type=password&username=a%40b.example&password=p%2B+w&scope=&client_id=x").unwrap();
        assert_eq!((login.email.as_str(), login.password.expose()), ("a@b.example", "p+ w"));
        assert_eq!(login.transport, Transport::Cookie);
        assert_eq!(read_form(b"username=a&password=b&transport=bearer").unwrap().transport, Transport::Bearer);
    }

    #[test]
    fn a_form_that_is_not_allowed_points_at_its_field() {
        let table: [(&[u8], &str); 6] = [
            (b"", "/username"),
            (b"username=a", "/password"),
            (b"username=a&password=b&password=c", "/password"),
            (b"username=a&password=b&role=admin", "/role"),
            (b"username=a&password=b&transport=pigeon", "/transport"),
            (b"email=a&password=b", "/username"),
        ];
        for (form, pointer) in table {
            let Err(BadForm::Invalid(errors)) = read_form(form) else { panic!("{form:?} was taken") };
            assert_eq!(errors[0].pointer, pointer);
        }
        assert!(matches!(read_form(b"username=%zz&password=b"), Err(BadForm::Unreadable)));
    }
}
