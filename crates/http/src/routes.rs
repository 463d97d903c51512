//! The table of everything that is served. A row has to say who may call it, whether it needs a CSRF token and
//! whether it is limited, so that no endpoint can forget one. The door, the OpenAPI document, the page at `/docs`
//! and the tests over all rows read it.
//!
//! To add an endpoint: write its handler in `api/`, and its row here.

use std::fmt;
use std::sync::LazyLock;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use durward_proto::Code::*;
use durward_proto::scope::{
    ALERTS_READ, AUDIT_READ, BREAKERS_READ, CONFIG_READ, DIAGNOSTICS_READ, KEYS_READ, OVERVIEW_READ, SESSIONS_READ,
    SESSIONS_WRITE, USERS_READ, USERS_WRITE,
};
use durward_proto::wire::account::AccountErasure;
use durward_proto::wire::admin::{
    AttemptEntry, BreakerAnswer, ConfigEntry, FactorsResetAnswer, KeyAnswer, LoginPlace, Overview, RoleEntry, Series,
    SessionEntry, SessionsRevoked, UserChange, UserDetail,
};
use durward_proto::wire::alert::Alert;
use durward_proto::wire::audit::AuditEntry;
use durward_proto::wire::auth::{
    self, CsrfAnswer, Login, LoginAnswer, LoginForm, PasswordChange, Register, Registered, RegistrationPending,
    SignInForm, StatusAnswer,
};
use durward_proto::wire::chat::{Conversation, Message};
use durward_proto::wire::device::{Device, DevicePatch};
use durward_proto::wire::event::SecurityEvent;
use durward_proto::wire::factor::{
    BackupCodes, FactorPreference, FactorStatus, Reauthenticate, SecondFactor, SecondFactorAnswer, TotpDisable,
    TotpEnable, TotpSetup,
};
use durward_proto::wire::health::{HealthAnswer, Report};
use durward_proto::wire::list::Page;
use durward_proto::wire::passkey::{
    Passkey, PasskeyLogin, PasskeyLoginBegin, PasskeyRegistered, PasskeyRegistration, PasskeyRename, PasskeyRequest,
    RelatedOrigins,
};
use durward_proto::wire::password::{StrengthAnswer, StrengthQuestion};
use durward_proto::wire::profile::{ProfileAnswer, ProfileChange};
use durward_proto::wire::recovery::{
    EmailChange, EmailChangeAnswer, MailAccepted, MailRequest, MailedToken, PasswordReset,
};
use durward_proto::wire::session::Session;
use durward_proto::wire::ws::{FromClient, FromServer, TicketAnswer};
use durward_verify::Trace;
use futures_util::future::BoxFuture;
use http::Method;
use serde_json::{Map, Value, json};

use crate::api::{
    account, admin, audit, conversations, csrf_token, devices, documentation, email, health, keys, login, logout,
    passkeys, password, profile, reauthenticate, recovery, refresh, register, second_factor, security, sessions,
    settings, status, ticket,
};
use crate::app::Shared;
use crate::openapi::Doc;
use crate::ui::pages::{self, ACCOUNT, CONSOLE};
use crate::ui::{files, sign_in};
use crate::ws;

use Access::*;
use CsrfClass::*;
use Limit::*;

/// All rows.
pub fn table() -> &'static [Row] {
    static TABLE: LazyLock<Vec<Row>> = LazyLock::new(rows);
    &TABLE
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// What a mailed token looks like.
const EXAMPLE_TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        //  method  path                                  who may     CSRF      limit  handler
        Row::new(POST,   "/api/v1/auth/register",              Public,   Exempt,   Guess, register::register)
            .doc("accounts", "Open an account", "Does not log in.")
            .takes::<Register>(json!({"email": "ann@example.com", "password": "tangerine sunrise over Oslo"}))
            .gives::<Registered>(201, "The account is open.")
            .gives::<RegistrationPending>(202, "Where addresses are confirmed: a mail is on its way, whether the address was known or not.")
            .refuses(&[EmailTaken, WeakPassword, RegistrationClosed, RateLimited]),
        Row::new(POST,   "/api/v1/auth/login",                 Public,   Exempt,   Guess, login::login)
            .doc("sessions", "Log in", "With `transport=cookie`, the default, the tokens are also set as cookies. With `transport=bearer` \
                 they are in the body alone, and no cookie is set.")
            .takes::<Login>(json!({"email": "ann@example.com", "password": "tangerine sunrise over Oslo"}))
            .takes_form::<LoginForm>()
            .gives::<LoginAnswer>(200, "A session is open.")
            .gives::<SecondFactorAnswer>(200, "A second factor is needed: nothing is open yet, and no cookie is set.")
            .refuses(&[InvalidCredentials, AccountPending, AccountSuspended, AccountDeactivated, MethodUnavailable, AmbiguousCredentials, RateLimited]),
        Row::new(POST,   "/api/v1/auth/jwt/login",             Public,   Exempt,   Guess, login::login)
            .doc("sessions", "Log in with an OAuth2 password form", "The same as `/api/v1/auth/login`, under the path that many clients know.")
            .takes_form::<LoginForm>()
            .takes::<Login>(json!({"email": "ann@example.com", "password": "tangerine sunrise over Oslo", "transport": "bearer"}))
            .gives::<LoginAnswer>(200, "A session is open.")
            .gives::<SecondFactorAnswer>(200, "A second factor is needed: nothing is open yet, and no cookie is set.")
            .refuses(&[InvalidCredentials, AccountPending, AccountSuspended, AccountDeactivated, MethodUnavailable, AmbiguousCredentials, RateLimited]),
        Row::new(POST,   "/api/v1/auth/2fa/verify",            Public,   Exempt,   Guess, login::verify)
            .doc("second factors", "Log in with a second factor", "With the challenge of a login, from the client that has it. The fifth wrong answer ends it. With `trust_device` \
                 this device need not show the second factor again for a while: browsers get a cookie, others a `device_token`.")
            .takes::<SecondFactor>(json!({"challenge_token": EXAMPLE_TOKEN, "method": "totp", "code": "287082"}))
            .gives::<LoginAnswer>(200, "A session is open.")
            .refuses(&[ChallengeInvalid, InvalidSecondFactor, InvalidPasskey, MethodUnavailable, FactorState, AccountPending, AccountSuspended, AccountDeactivated]),
        Row::new(POST,   "/api/v1/auth/reauthenticate",        User,     Required, Guess, reauthenticate::reauthenticate)
            .doc("sessions", "Show again who one is", "With a password, a code or a passkey. What needs an authentication younger than ten minutes works \
                 again with the new access token, which replaces the cookie where the old one came in one. The refresh token stays.")
            .takes::<Reauthenticate>(json!({"password": "tangerine sunrise over Oslo"}))
            .gives::<LoginAnswer>(200, "The session goes on.")
            .refuses(&[InvalidCredentials, InvalidSecondFactor, InvalidPasskey, MethodUnavailable]),
        Row::new(POST,   "/api/v1/auth/reauthenticate/passkey", User,    Required, Open,  reauthenticate::passkey)
            .doc("sessions", "Begin to show again who one is with a passkey", "What the authenticator answers goes to `/api/v1/auth/reauthenticate`.")
            .gives::<PasskeyRequest>(200, "What to ask the authenticator for.")
            .refuses(&[MethodUnavailable, FactorState]),
        Row::new(POST,   "/api/v1/auth/refresh",               Public,   Refresh,  Open,  refresh::refresh)
            .doc("sessions", "Go on with a session", "With the refresh token in the body, the answer has everything in its body. Without a body the \
                 `refresh_token` cookie counts, and the CSRF token of its session is needed. Where both come, the body decides. \
                 A refresh token is used once; the same one again within 10 seconds gets the same answer.")
            .takes_perhaps::<auth::Refresh>()
            .gives::<LoginAnswer>(200, "The session goes on with new tokens.")
            .refuses(&[TokenMissing, TokenMalformed, TokenRevoked, TokenExpired, AccountInactive, RefreshReused]),
        Row::new(POST,   "/api/v1/auth/logout",                Optional, Exempt,   Open,  logout::logout)
            .doc("sessions", "Log out", "Also when nobody is logged in. Clears the cookies.")
            .query("everywhere", "boolean", "Whether all of the user's sessions end.")
            .gives_nothing("The session has ended."),
        Row::new(DELETE, "/api/v1/auth/logout",                Optional, Exempt,   Open,  logout::logout)
            .doc("sessions", "Log out", "The same as with POST.")
            .query("everywhere", "boolean", "Whether all of the user's sessions end.")
            .gives_nothing("The session has ended."),
        Row::new(GET,    "/api/v1/auth/status",                Optional, Exempt,   Open,  status::show)
            .doc("sessions", "Ask who is logged in", "Always 200: a bad token is as good as none.")
            .gives::<StatusAnswer>(200, "Who it is, if anybody."),
        Row::new(GET,    "/api/v1/auth/csrf-token",            Optional, Exempt,   Open,  csrf_token::show)
            .doc("sessions", "Get a CSRF token", "Bound to the session, or for a visitor to the cookie that comes with it.")
            .gives::<CsrfAnswer>(200, "The token, which is also set as a cookie."),
        Row::new(POST,   "/api/v1/password/change",            User,     Required, Guess, password::change)
            .doc("accounts", "Change the password", "Every other session of the user ends.")
            .takes::<PasswordChange>(json!({"current_password": "tangerine sunrise over Oslo", "new_password": "four quiet herons at dusk"}))
            .gives_nothing("The password is changed.")
            .refuses(&[InvalidCredentials, WeakPassword, ReauthenticationRequired]),
        Row::new(POST,   "/api/v1/password/forgot",            Public,   Exempt,   Guess, recovery::forgot)
            .doc("accounts", "Ask for a link to set a new password with", "The same answer whether the address is known or not.")
            .takes::<MailRequest>(json!({"email": "ann@example.com"}))
            .gives::<MailAccepted>(202, "If there is such an account, a mail is on its way.")
            .refuses(&[RateLimited]),
        Row::new(POST,   "/api/v1/password/reset",             Public,   Exempt,   Guess, recovery::reset)
            .doc("accounts", "Set a new password with a mailed token", "All sessions of the user end, and none is opened. The token works once, for an hour. The device is one of the \
                 user's from then on: it gets its cookie.")
            .takes::<PasswordReset>(json!({"token": EXAMPLE_TOKEN, "new_password": "four quiet herons at dusk"}))
            .gives_nothing("The password is set.")
            .refuses(&[LinkInvalid, WeakPassword]),
        Row::new(POST,   "/api/v1/password/strength",          Public,   Exempt,   Open,  password::strength)
            .doc("accounts", "Ask how good a password would be", "The same judgement as a registration makes, for the meter beside the field. Nothing is kept of it.")
            .takes::<StrengthQuestion>(json!({"password": "tangerine sunrise over Oslo", "email": "ann@example.com", "full_name": "Ann Lee"}))
            .gives::<StrengthAnswer>(200, "The judgement, good or bad.")
            .refuses(&[Overloaded]),
        Row::new(POST,   "/api/v1/email/verify",               Public,   Exempt,   Guess, email::verify)
            .doc("accounts", "Confirm an address with a mailed token", "The account becomes active, unless an operator has to approve of it. The token works once, for 24 hours.")
            .takes::<MailedToken>(json!({"token": EXAMPLE_TOKEN}))
            .gives_nothing("The address is confirmed.")
            .refuses(&[LinkInvalid]),
        Row::new(POST,   "/api/v1/email/verify/resend",        Public,   Exempt,   Guess, email::resend)
            .doc("accounts", "Ask for another link to confirm an address with", "The same answer whether the address is known or not. The older link does not work any more.")
            .takes::<MailRequest>(json!({"email": "ann@example.com"}))
            .gives::<MailAccepted>(202, "If there is such an account, and its address was not confirmed, a mail is on its way.")
            .refuses(&[RateLimited]),
        Row::new(POST,   "/api/v1/email/change",               User,     Required, Guess, email::change)
            .doc("accounts", "Ask for another address", "Both addresses get a link, and both have to confirm it within 24 hours. The same answer whether somebody has the new one or not.")
            .takes::<EmailChange>(json!({"new_email": "ann.lee@example.com"}))
            .gives::<MailAccepted>(202, "Mails are on their way.")
            .refuses(&[ReauthenticationRequired, RateLimited]),
        Row::new(POST,   "/api/v1/email/change/confirm",       Public,   Exempt,   Guess, email::confirm)
            .doc("accounts", "Confirm a change of address with a mailed token", "With the second of the two tokens the address changes. No session ends.")
            .takes::<MailedToken>(json!({"token": EXAMPLE_TOKEN}))
            .gives::<EmailChangeAnswer>(200, "`changed`, or `waiting` for the other address.")
            .refuses(&[LinkInvalid]),

        Row::new(GET,    "/api/v1/profile",                    User,     Exempt,   Open,  profile::show)
            .doc("profile", "Show the own account and profile", "")
            .gives::<ProfileAnswer>(200, "Account and profile."),
        Row::new(PUT,    "/api/v1/profile",                    User,     Required, Open,  profile::change)
            .doc("profile", "Change the profile", "Changes what it names; null clears.")
            .takes::<ProfileChange>(json!({"full_name": "Ann Lee", "personal_goals": {"run": "10 km"}}))
            .gives::<ProfileAnswer>(200, "As it is now."),
        Row::new(GET,    "/api/v1/profile/debug",              User,     Exempt,   Open,  profile::debug).traced()
            .doc("profile", "Show how this request was authenticated", "Where the credential was, what it says, and each step of its check. \
                 In production for admins alone.")
            .gives::<Trace>(200, "The steps.")
            .refuses(&[Forbidden]),
        Row::new(GET,    "/api/v1/settings",                   User,     Exempt,   Open,  settings::show)
            .doc("profile", "Show all settings", "")
            .gives::<Map<String, Value>>(200, "Every setting with its value."),
        Row::new(GET,    "/api/v1/settings/schema",            User,     Exempt,   Open,  settings::schema)
            .doc("profile", "Show what settings there are", "The JSON Schema (draft 2020-12) that settings are typed by. Each of its `properties` is a setting, with its \
                 `default` and, where they are known, `title` and `description`.")
            .gives::<Map<String, Value>>(200, "The schema."),
        Row::new(PUT,    "/api/v1/settings",                   User,     Required, Open,  settings::change)
            .doc("profile", "Change settings", "Changes the keys that it names.")
            .takes::<Map<String, Value>>(json!({"theme": "light"}))
            .gives::<Map<String, Value>>(200, "As they are now."),

        Row::new(GET,    "/api/v1/account/export",             User,     Exempt,   Open,  account::export)
            .doc("accounts", "Get everything that is held about oneself", "As a file. Secrets and their hashes are left out. It is sent as it is read; one that breaks off is no \
                 whole JSON document.")
            .gives::<Map<String, Value>>(200, "One member for each kind of row, such as `account`, `sessions`, `login_attempts`, `conversations`.")
            .refuses(&[ReauthenticationRequired]),
        Row::new(DELETE, "/api/v1/account",                    User,     Required, Guess, account::erase)
            .doc("accounts", "Delete the own account", "With everything that belongs to it, at once and for good. All sessions end, and all cookies are cleared.")
            .takes::<AccountErasure>(json!({"password": "tangerine sunrise over Oslo"}))
            .gives_nothing("It is gone.")
            .refuses(&[InvalidCredentials, ReauthenticationRequired, LastAdmin]),

        Row::new(GET,    "/api/v1/sessions",                   User,     Exempt,   Open,  sessions::list).paged()
            .doc("sessions", "List the own sessions", "Newest first.")
            .gives::<Page<Session>>(200, "A page of sessions."),
        Row::new(DELETE, "/api/v1/sessions",                   User,     Required, Open,  sessions::end_others)
            .doc("sessions", "End all other sessions", "")
            .gives_nothing("They have ended."),
        Row::new(DELETE, "/api/v1/sessions/{id}",              User,     Required, Open,  sessions::end)
            .doc("sessions", "End a session", "")
            .gives_nothing("It has ended."),

        Row::new(GET,    "/api/v1/devices",                    User,     Exempt,   Open,  devices::list).paged()
            .doc("devices", "List the own devices", "The one last used first.")
            .gives::<Page<Device>>(200, "The devices."),
        Row::new(PATCH,  "/api/v1/devices/{id}",               User,     Required, Open,  devices::change)
            .doc("devices", "Name or trust a device", "What makes a login on it easier (more trust, `auto_login`, no more `always_2fa`) \
                 needs an authentication younger than ten minutes. `verified` comes by a second factor that is shown on it, and cannot be set.")
            .takes::<DevicePatch>(json!({"name": "the laptop in the kitchen", "trust_level": "trusted"}))
            .gives::<Device>(200, "The device.")
            .refuses(&[ReauthenticationRequired, FactorState]),
        Row::new(DELETE, "/api/v1/devices/{id}",               User,     Required, Open,  devices::forget)
            .doc("devices", "Forget a device", "Its sessions end and its sockets close, and the second factor is asked for there again.")
            .gives_nothing("The device is forgotten."),
        Row::new(GET,    "/api/v1/security/events",            User,     Exempt,   Open,  security::events).paged()
            .doc("devices", "List what happened around the own account", "Login attempts and what was done, newest first. Operators have no name here.")
            .gives::<Page<SecurityEvent>>(200, "The events."),
        Row::new(GET,    "/api/v1/2fa",                        User,     Exempt,   Open,  second_factor::show)
            .doc("second factors", "Show the own second factors", "And the devices on which they are not asked for at the moment.")
            .gives::<FactorStatus>(200, "What is set up."),
        Row::new(PUT,    "/api/v1/2fa",                        User,     Required, Open,  second_factor::prefer)
            .doc("second factors", "Choose which factors are offered first", "")
            .takes::<FactorPreference>(json!({"methods": ["totp", "passkey"]}))
            .gives::<FactorStatus>(200, "As it is now."),
        Row::new(POST,   "/api/v1/2fa/totp/setup",             User,     Required, Open,  second_factor::set_up)
            .doc("second factors", "Get a TOTP secret", "It waits 15 minutes for its first code, and changes nothing until then.")
            .gives::<TotpSetup>(200, "The secret, to be shown this once.")
            .refuses(&[ReauthenticationRequired, MethodUnavailable, FactorState]),
        Row::new(POST,   "/api/v1/2fa/totp/enable",            User,     Required, Open,  second_factor::enable)
            .doc("second factors", "Turn TOTP on", "With the first code of the secret.")
            .takes::<TotpEnable>(json!({"code": "287082"}))
            .gives::<BackupCodes>(200, "It is on. Backup codes, to be shown this once.")
            .refuses(&[ReauthenticationRequired, MethodUnavailable, FactorState, InvalidSecondFactor]),
        Row::new(POST,   "/api/v1/2fa/totp/disable",           User,     Required, Guess, second_factor::disable)
            .doc("second factors", "Turn TOTP off", "With a code or the password. Devices that were trusted are so no longer; with the last second factor go the backup codes, too.")
            .takes::<TotpDisable>(json!({"code": "287082"}))
            .gives_nothing("It is off.")
            .refuses(&[ReauthenticationRequired, FactorState, LastFactor, InvalidSecondFactor, InvalidCredentials]),
        Row::new(POST,   "/api/v1/2fa/backup-codes",           User,     Required, Open,  second_factor::backup_codes)
            .doc("second factors", "Get ten new backup codes", "The older ones no longer hold.")
            .gives::<BackupCodes>(200, "The codes, to be shown this once.")
            .refuses(&[ReauthenticationRequired, MethodUnavailable, FactorState]),
        Row::new(DELETE, "/api/v1/2fa/trusted-devices/{id}",   User,     Required, Open,  second_factor::end_trust)
            .doc("second factors", "End the trust in a device", "Its next login needs the second factor again.")
            .gives_nothing("It has ended."),

        Row::new(POST,   "/api/v1/passkeys/register/begin",    User,     Required, Open,  passkeys::register_begin)
            .doc("passkeys", "Begin to register a passkey", "`publicKey` is for `PublicKeyCredential.parseCreationOptionsFromJSON` and \
                 `navigator.credentials.create`.")
            .gives::<PasskeyRequest>(200, "What to ask the authenticator for.")
            .refuses(&[MethodUnavailable, ReauthenticationRequired, FactorState]),
        Row::new(POST,   "/api/v1/passkeys/register/finish",   User,     Required, Open,  passkeys::register_finish)
            .doc("passkeys", "Register a passkey", "With the account's first second factor come backup codes, shown this once.")
            .takes::<PasskeyRegistration>(json!({"ceremony_id": "0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10", "name": "Laptop", "credential": {
                "id": "dGhlIGNyZWRlbnRpYWw", "rawId": "dGhlIGNyZWRlbnRpYWw", "type": "public-key", "clientExtensionResults": {},
                "response": {"clientDataJSON": "…", "attestationObject": "…", "transports": ["internal"]}}}))
            .gives::<PasskeyRegistered>(201, "It is registered.")
            .refuses(&[MethodUnavailable, ReauthenticationRequired, FactorState]),
        Row::new(GET,    "/api/v1/passkeys",                   User,     Exempt,   Open,  passkeys::list).paged()
            .doc("passkeys", "List the own passkeys", "The oldest first.")
            .gives::<Page<Passkey>>(200, "A page of passkeys."),
        Row::new(PATCH,  "/api/v1/passkeys/{id}",              User,     Required, Open,  passkeys::rename)
            .doc("passkeys", "Rename a passkey", "")
            .takes::<PasskeyRename>(json!({"name": "Laptop"}))
            .gives::<Passkey>(200, "As it is now."),
        Row::new(DELETE, "/api/v1/passkeys/{id}",              User,     Required, Open,  passkeys::remove)
            .doc("passkeys", "Remove a passkey", "Devices that were trusted are so no longer; with the last second factor go the backup codes, too.")
            .gives_nothing("It is gone.")
            .refuses(&[ReauthenticationRequired, LastFactor]),
        Row::new(POST,   "/api/v1/auth/passkey/login/begin",   Public,   Exempt,   Open,  passkeys::login_begin)
            .doc("passkeys", "Begin to log in with a passkey", "Without an address the authenticator offers what it has for this site, also under the \
                 form's fields (`mediation: \"conditional\"`). With one, the answer looks the same whether there is such an account or not.")
            .takes_perhaps::<PasskeyLoginBegin>()
            .gives::<PasskeyRequest>(200, "What to ask the authenticator for.")
            .refuses(&[MethodUnavailable]),
        Row::new(POST,   "/api/v1/auth/passkey/login/finish",  Public,   Exempt,   Guess, passkeys::login_finish)
            .doc("passkeys", "Log in with a passkey", "The answer is that of `/api/v1/auth/login`. An answer counts once, whatever it is worth.")
            .takes::<PasskeyLogin>(json!({"ceremony_id": "0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10", "credential": {
                "id": "dGhlIGNyZWRlbnRpYWw", "rawId": "dGhlIGNyZWRlbnRpYWw", "type": "public-key", "clientExtensionResults": {},
                "response": {"clientDataJSON": "…", "authenticatorData": "…", "signature": "…", "userHandle": "…"}}}))
            .gives::<LoginAnswer>(200, "A session is open.")
            .refuses(&[InvalidPasskey, AccountPending, AccountSuspended, AccountDeactivated, MethodUnavailable]),

        Row::new(GET,    "/api/v1/conversations",              User,     Exempt,   Open,  conversations::list).paged()
            .doc("chat", "List the own conversations", "The last one touched first.")
            .gives::<Page<Conversation>>(200, "A page of conversations."),
        Row::new(GET,    "/api/v1/conversations/{id}/messages", User,    Exempt,   Open,  conversations::messages).paged()
            .doc("chat", "List a conversation's messages", "")
            .gives::<Page<Message>>(200, "A page of messages."),
        Row::new(DELETE, "/api/v1/conversations/{id}",         User,     Required, Open,  conversations::delete)
            .doc("chat", "Delete a conversation", "")
            .gives_nothing("It is gone."),
        Row::new(POST,   "/api/v1/ws/ticket",                  User,     Required, Open,  ticket::issue)
            .doc("chat", "Get a ticket for a WebSocket", "Good for one socket, so that no token stands in a URL.")
            .gives::<TicketAnswer>(200, "The ticket."),
        Row::new(GET,    "/api/v1/ws/chat",                    Socket,   Exempt,   Talk,  ws::chat)
            .doc("chat", "Open the chat", "A WebSocket. The client sends `FromClient`, the server `FromServer`, as JSON text. The token comes as \
                 `Authorization`, cookie, sub-protocol `bearer, <token>` or `?ticket=`. A refused token closes the socket with 1008 \
                 and its code as the reason.")
            .query("ticket", "string", "From `/api/v1/ws/ticket`.")
            .with::<FromClient>().with::<FromServer>()
            .answers(101, "The socket is open.")
            .refuses(&[OriginDenied, BadRequest]),

        Row::new(GET,    "/api/v1/admin/overview",             Right(OVERVIEW_READ), Exempt, Open, admin::overview)
            .doc("operators", "Show how much there is of everything", "")
            .gives::<Overview>(200, "The counts."),
        Row::new(GET,    "/api/v1/admin/overview/series",      Right(OVERVIEW_READ), Exempt, Open, admin::series)
            .doc("operators", "Get a chart", "What all nodes have counted, step by step, up to the last whole minute.")
            .query("name", "string", "`logins`, `second_factors`, `risk_decisions`, `risk_signals`, `requests`, `request_time`, `token_checks`, \
                    `token_check_time`, `sockets`, `hash_queue`, `revocation_lag`, `breakers` or `nodes`. Required.")
            .query("since", "string", "From when on (RFC 3339); a day before the end when it is not given.")
            .query("until", "string", "Until when; now when it is not given.")
            .query("step", "integer", "How long each step is: whole minutes, in seconds.")
            .gives::<Series>(200, "The chart."),
        Row::new(GET,    "/api/v1/admin/overview/places",      Right(OVERVIEW_READ), Exempt, Open, admin::places)
            .doc("operators", "Count login attempts by place", "The hundred places with the most, and what came of them. Where no place database is configured, all of \
                 them are from nowhere that is known.")
            .query("since", "string", "From when on (RFC 3339), at most 31 days before the end; a day before it when it is not given.")
            .query("until", "string", "Until when; now when it is not given.")
            .gives::<Vec<LoginPlace>>(200, "The places."),
        Row::new(GET,    "/api/v1/admin/roles",                Right(USERS_READ), Exempt, Open, admin::roles)
            .doc("operators", "List the roles", "That an account can be given, by name, each with what it may do.")
            .gives::<Vec<RoleEntry>>(200, "Every role."),
        Row::new(GET,    "/api/v1/admin/users",                Right(USERS_READ), Exempt, Open, admin::users).paged()
            .doc("operators", "List users", "")
            .query("query", "string", "Part of an e-mail address or a name.")
            .query("status", "string", "`pending`, `active`, `suspended` or `deactivated`.")
            .query("role", "string", "A role's name.")
            .gives::<Page<auth::User>>(200, "A page of users."),
        Row::new(GET,    "/api/v1/admin/users/{id}",           Right(USERS_READ), Exempt, Open, admin::user)
            .doc("operators", "Show a user", "With what belongs to the account, as far as the caller's scopes go.")
            .gives::<UserDetail>(200, "The user."),
        Row::new(PATCH,  "/api/v1/admin/users/{id}",           Right(USERS_WRITE), Required, Open, admin::change_user)
            .doc("operators", "Change a user's role or status", "Status `active` also approves of a pending account; any other ends the sessions. Nobody changes \
                 an account that may do more than they may, and nobody gives a role that does.")
            .takes::<UserChange>(json!({"status": "suspended"}))
            .gives::<auth::User>(200, "As it is now.")
            .refuses(&[ReauthenticationRequired, LastAdmin]),
        Row::new(POST,   "/api/v1/admin/users/{id}/revoke-sessions", Right(SESSIONS_WRITE), Required, Open, admin::revoke_sessions)
            .doc("operators", "End all sessions of a user", "")
            .gives::<SessionsRevoked>(200, "They have ended."),
        Row::new(POST,   "/api/v1/admin/users/{id}/reset-factors", Right(USERS_WRITE), Required, Open, admin::reset_factors)
            .doc("operators", "Remove a user's second factors", "TOTP, passkeys, backup codes and trusted devices. The sessions end, and the user is told by mail.")
            .gives::<FactorsResetAnswer>(200, "They are gone.")
            .refuses(&[ReauthenticationRequired]),
        Row::new(POST,   "/api/v1/admin/users/{id}/send-reset", Right(USERS_WRITE), Required, Open, admin::send_reset)
            .doc("operators", "Mail a user a link to set a new password with", "As they could ask for themself.")
            .answers(202, "The mail is on its way.")
            .refuses(&[MailOff, FactorState]),
        Row::new(GET,    "/api/v1/admin/sessions",             Right(SESSIONS_READ), Exempt, Open, admin::sessions).paged()
            .doc("operators", "List everybody's live sessions", "Newest first.")
            .query("user", "integer", "Of this user alone.")
            .gives::<Page<SessionEntry>>(200, "A page of sessions."),
        Row::new(DELETE, "/api/v1/admin/sessions/{id}",        Right(SESSIONS_WRITE), Required, Open, admin::end_session)
            .doc("operators", "End somebody's session", "")
            .gives_nothing("It has ended."),
        Row::new(GET,    "/api/v1/admin/attempts",             Right(AUDIT_READ), Exempt, Open, admin::attempts).paged()
            .doc("operators", "List everybody's login attempts", "Newest first, with what was made of their risk.")
            .query("user", "integer", "Of this user's account.")
            .query("email", "string", "With this address, whether there is such an account or not.")
            .query("ip", "string", "From this address.")
            .query("method", "string", "`password`, `totp`, …")
            .query("reason", "string", "`ok`, or an error's code.")
            .query("succeeded", "boolean", "Whether it opened a session.")
            .query("decision", "string", "What was decided from its risk.")
            .query("since", "string", "At this time or later (RFC 3339).")
            .query("until", "string", "Before this time.")
            .gives::<Page<AttemptEntry>>(200, "A page of attempts."),
        Row::new(GET,    "/api/v1/admin/audit",                Right(AUDIT_READ), Exempt, Open, audit::list).paged()
            .doc("operators", "Search the audit trail", "Newest first. What a filter does not say does not matter.")
            .query("event", "string", "A word such as `login`.")
            .query("actor", "integer", "The number of the user who did it.")
            .query("subject", "integer", "The number of the user to whom it was done.")
            .query("session_id", "string", "The id of a session.")
            .query("request_id", "string", "The id of a request, as in the log and in `X-Request-Id`.")
            .query("ip", "string", "The address of the client.")
            .query("since", "string", "From this time on (RFC 3339).")
            .query("until", "string", "Before this time (RFC 3339).")
            .gives::<Page<AuditEntry>>(200, "A page of the trail."),
        Row::new(GET,    "/api/v1/admin/audit/export",         Right(AUDIT_READ), Exempt, Open, audit::export)
            .doc("operators", "Get the audit trail as a file", "As `durward audit export` writes it: the oldest rows first, as JSON lines with all hashes and checkpoints, or \
                 as CEF. It is sent as it is read; one that breaks off is not whole. That it was asked for is written into the trail.")
            .query("format", "string", "`jsonl` or `cef`; `jsonl` when it is not given.")
            .query("event", "string", "A word such as `login`.")
            .query("actor", "integer", "The number of the user who did it.")
            .query("subject", "integer", "The number of the user to whom it was done.")
            .query("session_id", "string", "The id of a session.")
            .query("request_id", "string", "The id of a request, as in the log and in `X-Request-Id`.")
            .query("ip", "string", "The address of the client.")
            .query("since", "string", "From this time on (RFC 3339).")
            .query("until", "string", "Before this time (RFC 3339).")
            .gives_text(200, "application/x-ndjson", "The file.")
            .gives_text(200, "text/plain", "The file."),
        Row::new(GET,    "/api/v1/admin/alerts",               Right(ALERTS_READ), Exempt, Open, admin::alerts).paged()
            .doc("operators", "List alerts", "What was worth looking at, newest first.")
            .gives::<Page<Alert>>(200, "A page of alerts."),
        Row::new(GET,    "/api/v1/admin/breakers",             Right(BREAKERS_READ), Exempt, Open, admin::breakers)
            .doc("operators", "List the circuit breakers", "Of this node: what each guards, what it is doing, and when the next call may be tried.")
            .gives::<Vec<BreakerAnswer>>(200, "Every breaker."),
        Row::new(GET,    "/api/v1/admin/config",               Right(CONFIG_READ), Exempt, Open, admin::config)
            .doc("operators", "Show the configuration", "What holds on this node, and from where; secrets are masked.")
            .gives::<Vec<ConfigEntry>>(200, "Every setting."),
        Row::new(GET,    "/api/v1/admin/keys",                 Right(KEYS_READ), Exempt, Open, admin::keys)
            .doc("operators", "List the signing keys", "The newest first; never a private part.")
            .gives::<Vec<KeyAnswer>>(200, "Every key."),
        Row::new(GET,    "/api/v1/diagnostics",                Right(DIAGNOSTICS_READ), Exempt, Open, admin::diagnostics)
            .doc("operators", "Run all checks", "The Golden Path report: what was found, what was expected, how to mend it.")
            .gives::<Report>(200, "The report, good or bad."),
        Row::new(GET,    "/health",                            Operator, Exempt,   Open,  health::ready)
            .doc("operators", "Ask whether the server can serve", "")
            .gives::<HealthAnswer>(200, "It can.").gives::<HealthAnswer>(503, "It cannot."),
        Row::new(GET,    "/health/live",                       Operator, Exempt,   Open,  health::live)
            .doc("operators", "Ask whether the program runs", "")
            .gives::<HealthAnswer>(200, "It does.").gives::<HealthAnswer>(503, "It is about to stop."),
        Row::new(GET,    "/health/ready",                      Operator, Exempt,   Open,  health::ready)
            .doc("operators", "Ask whether the server can serve", "The same as `/health`.")
            .gives::<HealthAnswer>(200, "It can.").gives::<HealthAnswer>(503, "It cannot."),
        Row::new(GET,    "/metrics",                           Operator, Exempt,   Open,  health::metrics)
            .doc("operators", "Read the metrics", "404 where they have a listener of their own.")
            .gives_text(200, "text/plain", "Prometheus' text format.")
            .refuses(&[NotFound]),

        Row::new(GET,    "/.well-known/jwks.json",             Public,   Exempt,   Open,  keys::jwks)
            .doc("documents", "Get the public keys", "RFC 7517. Empty where tokens are signed with a shared secret.")
            .gives::<Map<String, Value>>(200, "The key set."),
        Row::new(GET,    "/.well-known/webauthn",              Public,   Exempt,   Open,  passkeys::related)
            .doc("documents", "Get the related origins", "WebAuthn level 3, section 5.11. 404 where there are none.")
            .gives::<RelatedOrigins>(200, "Whose pages may use the passkeys of this site.")
            .refuses(&[NotFound]),
        Row::new(GET,    "/api/v1/openapi.json",               Public,   Exempt,   Open,  documentation::document)
            .doc("documents", "Get this document", "")
            .gives::<Map<String, Value>>(200, "OpenAPI 3.1."),
        Row::new(GET,    "/docs",                              Public,   Exempt,   Open,  documentation::page)
            .doc("documents", "Read this document as a page", "")
            .gives_text(200, "text/html", "The page."),
        Row::new(GET,    "/docs/style.css",                    Public,   Exempt,   Open,  documentation::style)
            .doc("documents", "Get the page's style sheet", "")
            .gives_text(200, "text/css", "The style sheet."),
        Row::new(GET,    "/login",                            Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Sign in", "Also without JavaScript.")
            .query("return_to", "string", "Where to go afterwards: a path on this server, or an address on one of `cors.allowed_origins`.")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(POST,   "/login",                             Public,   Exempt,   Guess, sign_in::submit)
            .doc("pages", "Sign in without JavaScript", "The form of the page: `email` and `password`, then `challenge_token`, `method` and `code`. Refusals are pages too, with the \
                 status of the same refusal at `/api/v1/auth/login` and `/api/v1/auth/2fa/verify`.")
            .takes_form::<SignInForm>()
            .gives_text(200, "text/html", "A second factor is needed: the page that asks for it.")
            .answers(303, "A session is open, in cookies: to `return_to`.")
            .refuses(&[InvalidCredentials, InvalidSecondFactor, ChallengeInvalid, AccountPending, AccountSuspended, AccountDeactivated, PlaceDenied,
                 LoginDenied, MethodUnavailable, FactorState, AmbiguousCredentials, NotFound]),
        Row::new(GET,    "/register",                         Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Open an account", "")
            .query("return_to", "string", "Where to go afterwards: a path on this server, or an address on one of `cors.allowed_origins`.")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/forgot-password",                  Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Ask for a link to set a new password with", "")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/reset-password",                   Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Set a new password", "Where mailed links lead; the token stands behind `#`.")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/verify-email",                     Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Confirm an address", "Where mailed links lead; the token stands behind `#`.")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/confirm-email",                    Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Confirm a change of address", "Where mailed links lead; the token stands behind `#`.")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/account",                          Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Look after the own account", "")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/account/{section}",                Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Look after a part of the own account", "").word("section", ACCOUNT)
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/chat",                             Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Chat", "")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/chat/{conversation}",              Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Go on with a conversation", "")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/console",                          Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Operate the server", "")
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/console/{section}",                Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Operate a part of the server", "").word("section", CONSOLE)
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/console/{section}/{id}",           Public,   Exempt,   Open,  pages::show)
            .doc("pages", "Look at one thing of a part", "").word("section", CONSOLE).word("id", &[])
            .gives_text(200, "text/html", "The page.").refuses(&[NotFound]),
        Row::new(GET,    "/ui/{file}",                        Public,   Exempt,   Open,  files::hashed)
            .doc("pages", "Get a script or a style sheet", "Its name changes with what is in it, so that it may be kept for ever.").word("file", &[])
            .gives_text(200, "text/javascript", "The file, with the type that its name says.").refuses(&[NotFound]),
        Row::new(GET,    "/ui/brand.css",                     Public,   Exempt,   Open,  files::brand)
            .doc("pages", "Get the brand's style sheet", "")
            .gives_text(200, "text/css", "The style sheet.").refuses(&[NotFound]),
        Row::new(GET,    "/ui/logo",                          Public,   Exempt,   Open,  files::logo)
            .doc("pages", "Get the brand's logo", "404 where there is none.")
            .gives_text(200, "image/svg+xml", "The picture, SVG or PNG.").refuses(&[NotFound]),
        Row::new(GET,    "/ui/icon.svg",                      Public,   Exempt,   Open,  files::icon)
            .doc("pages", "Get the pages' icon", "")
            .gives_text(200, "image/svg+xml", "The picture.").refuses(&[NotFound]),
        Row::new(GET,    "/service-worker.js",                Public,   Exempt,   Open,  files::worker)
            .doc("pages", "Get the chat page's service worker", "")
            .gives_text(200, "text/javascript", "The script.").refuses(&[NotFound]),
        Row::new(GET,    "/",                                  Public,   Exempt,   Open,  pages::front)
            .doc("pages", "Go to the account", "To `/docs` where there are no pages.")
            .answers(302, "To `/account`, or to `/docs`."),
    ]
}

/// Who may call a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; nobody is asked who they are.
    Public,
    /// Everybody; whoever comes with a good token is known.
    Optional,
    /// Whoever comes with a good token.
    User,
    /// Whoever comes with a good token, and whose role has this scope.
    Right(&'static str),
    /// A WebSocket: authenticated as it opens, and for as long as it is open.
    Socket,
    /// Load balancers and monitoring; a proxy in front decides who reaches it.
    Operator,
}

/// Whether a row needs a CSRF token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrfClass {
    /// Where the credential is a cookie.
    Required,
    /// Never: it changes nothing, or contract section 4 says so.
    Exempt,
    /// Where the refresh token is a cookie: a token of that very session.
    Refresh,
}

/// How a row is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Not by itself.
    Open,
    /// It can be used to guess: the budgets of accounts and client addresses count.
    Guess,
    /// By messages for each socket, and by sockets for each user.
    Talk,
}

/// One endpoint.
pub struct Row {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters as `{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whether it needs a CSRF token.
    pub csrf: CsrfClass,
    /// How it is limited.
    pub limit: Limit,
    /// Whether its authentication is written down for the handler.
    pub(crate) traced: bool,
    pub(crate) doc: Doc,
    handler: Box<dyn Fn(Request, Shared) -> BoxFuture<'static, Response> + Send + Sync>,
}

impl Row {
    fn new<H, T>(method: Method, path: &'static str, access: Access, csrf: CsrfClass, limit: Limit, handler: H) -> Self
    where
        // What every handler that is a function has; another one would have to be boxed.
        H: Handler<T, Shared, Future = BoxFuture<'static, Response>> + Sync,
        T: 'static,
    {
        let handler = Box::new(move |request, site| handler.clone().call(request, site));
        Self { method, path, access, csrf, limit, traced: false, doc: Doc::default(), handler }
    }

    fn traced(mut self) -> Self {
        self.traced = true;
        self
    }

    /// Hands a request that has been let in to its handler.
    pub(crate) fn handle(&self, request: Request, site: Shared) -> BoxFuture<'static, Response> {
        (self.handler)(request, site)
    }

    /// Whether it may change something (RFC 9110 section 9.2.1).
    pub fn is_unsafe(&self) -> bool {
        !self.method.is_safe()
    }

    /// The method's name, as a label.
    pub(crate) fn method_name(&self) -> &'static str {
        match self.method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "other",
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({:?}, {:?}, {:?})", self.method, self.path, self.access, self.csrf, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_there_once_and_has_a_method_that_can_be_routed() {
        for row in table() {
            let twins = table().iter().filter(|other| other.path == row.path && other.method == row.method).count();
            assert_eq!(twins, 1, "{row:?}");
            assert_ne!(row.method_name(), "other", "{row:?}");
        }
    }

    #[test]
    fn what_changes_something_by_cookie_needs_a_csrf_token() {
        // Contract section 4 lists these.
        let exempt = [
            "/api/v1/auth/jwt/login",
            "/api/v1/auth/login",
            "/api/v1/auth/register",
            "/api/v1/auth/logout",
            "/api/v1/auth/2fa/verify",
            "/api/v1/auth/passkey/login/begin",
            "/api/v1/auth/passkey/login/finish",
            // The same as `/api/v1/auth/login`, for browsers that run no script.
            "/login",
        ];
        // Nobody is known by a cookie here: what counts is the address, or the token of a mail.
        let by_mail = [
            "/api/v1/password/forgot",
            "/api/v1/password/reset",
            "/api/v1/email/verify",
            "/api/v1/email/verify/resend",
            "/api/v1/email/change/confirm",
        ];
        // It changes nothing, and says nothing about anybody.
        let asking = ["/api/v1/password/strength"];
        for row in table().iter().filter(|row| row.is_unsafe()) {
            let expected = match row.path {
                "/api/v1/auth/refresh" => CsrfClass::Refresh,
                path if [&exempt[..], &by_mail, &asking].concat().contains(&path) => CsrfClass::Exempt,
                _ => CsrfClass::Required,
            };
            assert_eq!(row.csrf, expected, "{row:?}");
        }
        assert!(table().iter().filter(|row| !row.is_unsafe()).all(|row| row.csrf == CsrfClass::Exempt));
    }

    #[test]
    fn nothing_about_a_user_is_public() {
        let open = ["/api/v1/auth/", "/api/v1/openapi.json", "/api/v1/ws/chat"];
        for row in table().iter().filter(|row| row.path.starts_with("/api/")) {
            let by_mail_or_asking = [
                "/password/strength",
                "/password/forgot",
                "/password/reset",
                "/email/verify",
                "/email/verify/resend",
                "/email/change/confirm",
            ];
            if by_mail_or_asking.iter().any(|path| row.path.strip_prefix("/api/v1") == Some(path)) {
                assert_eq!(row.access, Access::Public, "{row:?}");
                continue;
            }
            let guarded = matches!(row.access, Access::User | Access::Right(_));
            // Who shows again who they are was somebody before.
            let again = row.path.starts_with("/api/v1/auth/reauthenticate");
            assert_eq!(guarded, again || !open.iter().any(|prefix| row.path.starts_with(prefix)), "{row:?}");
        }
    }
}
