//! The templates that the program brings along: `templates/mail/<language>/`.

/// A file of the directory by its name within it, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! language {
    ($language:literal: $($kind:literal)+) => {
        &[
            language!(@file $language, "/_hello.txt"),
            language!(@file $language, "/_bye.txt"),
            language!(@file $language, "/_layout.html"),
            $(
                language!(@file $language, "/", $kind, ".subject.txt"),
                language!(@file $language, "/", $kind, ".txt"),
                language!(@file $language, "/", $kind, ".html"),
            )+
        ]
    };
    (@file $($part:literal),+) => {
        (concat!($($part),+), include_str!(concat!("../../../templates/mail/", $($part),+)))
    };
}

macro_rules! languages {
    ($($language:literal)+) => {
        &[$((
            $language,
            language!($language:
                "reset_password" "verify_email" "already_registered" "confirm_old_address" "confirm_new_address"
                "email_changed" "new_device" "new_factor" "factor_removed" "password_changed"
                "sessions_ended_by_reuse" "factors_reset" "account_deleted" "alert" "unusual_login" "login_denied"
                "login_code"),
        )),+]
    };
}

/// The languages, each with its files.
pub(super) const LANGUAGES: &[(&str, &[File])] = languages!("en" "de");
