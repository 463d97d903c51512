//! The pages that people use: HTML shells around scripts and styles that are built elsewhere (`web/`) and lie in `pages/`.
//! The pages are clients of the API like any other; what is done here besides is the sign-in form without a script.

mod assets;
mod brand;
pub(crate) mod files;
mod gzip;
pub(crate) mod pages;
mod return_to;
mod shell;
pub(crate) mod sign_in;
mod texts;
mod visitor;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::layers::origin::{Origin, Origins};

use assets::{Built, Zipped};
use brand::Brand;
use shell::Templates;
use texts::Overrides;

pub(crate) use visitor::{Visitor, wants_page};

/// How the pages look and what they say, from the configuration, and what they need to know of the rest of it.
#[derive(Debug, Clone)]
pub struct PageRules {
    /// `pages.name`: what the site is called.
    pub name: String,
    /// `pages.logo`: an SVG or PNG file.
    pub logo: Option<PathBuf>,
    /// `pages.accent`: a colour, `#rrggbb`.
    pub accent: Option<String>,
    /// `pages.stylesheet`: a file whose rules come after all others.
    pub stylesheet: Option<PathBuf>,
    /// `pages.texts`: a directory with `<language>.json`.
    pub texts: Option<PathBuf>,
    /// `pages.language`: for people whose browser asks for none that there is.
    pub language: String,
    /// `pages.after_login`: where people go after signing in, unless they came from somewhere.
    pub after_login: String,
    /// What is turned on.
    pub features: Features,
}

/// What is turned on, as far as pages show it.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Features {
    /// Whether anybody may register.
    pub registration: bool,
    /// Whether addresses are confirmed by mail.
    pub verify_email: bool,
    /// Whether passkeys may be used.
    pub passkeys: bool,
    /// Whether mails can be sent.
    pub mail: bool,
    /// Whether a device can be trusted not to need the second factor.
    pub trust_device: bool,
    /// `development`, `test`, `staging` or `production`.
    pub environment: &'static str,
}

/// Pages that cannot be shown. Each sentence begins with the setting it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct BadPages(pub Vec<String>);

/// The pages, ready to be shown.
pub struct Pages {
    built: Arc<Built>,
    zipped: Zipped,
    overrides: Overrides,
    brand: Brand,
    templates: Templates,
    origins: Origins,
    language: String,
    after_login: String,
    features: Features,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("brand", &self.brand).field("language", &self.language).finish_non_exhaustive()
    }
}

impl Pages {
    /// Reads everything that the rules name. `public` and `allowed` are the origins that people may be sent back to.
    ///
    /// # Errors
    /// Everything that is wrong, all at once.
    pub fn new(rules: &PageRules, public: &Origin, allowed: &[Origin]) -> Result<Self, BadPages> {
        let mut wrong = Vec::new();
        let brand = Brand::read(rules, &mut wrong);
        let built_in = assets::built_in_texts().map_err(|error| BadPages(vec![error]))?;
        let overrides = Overrides::read(rules.texts.as_deref(), &built_in, &mut wrong);
        let built = Built::read(&overrides).map_err(|error| BadPages(vec![error]))?;
        let language = built.texts.find(&rules.language);
        if language.is_none() {
            let there = built.texts.languages().collect::<Vec<_>>().join(", ");
            wrong.push(format!("pages.language: there are no texts in {:?}, but in {there}", rules.language));
        }
        let origins = Origins::new(public, allowed);
        let after_login = return_to::judge(&rules.after_login, public, &origins);
        if after_login.is_none() {
            wrong.push(format!(
                "pages.after_login: {:?} is neither a path such as /account nor an address on the public origin or on one of \
                 cors.allowed_origins",
                rules.after_login
            ));
        }
        let templates = Templates::new().map_err(|error| BadPages(vec![error]))?;
        match (language, after_login) {
            (Some(language), Some(after_login)) if wrong.is_empty() => Ok(Self {
                language: language.to_owned(),
                built: Arc::new(built),
                zipped: Zipped::default(),
                features: rules.features.clone(),
                overrides,
                brand,
                templates,
                origins,
                after_login,
            }),
            _ => Err(BadPages(wrong)),
        }
    }

    /// The languages there are, by their tags.
    pub fn languages(&self) -> Vec<String> {
        self.built.texts.languages().map(str::to_owned).collect()
    }

    /// What was built. A debug build looks at the files anew each time, so that the pages can be worked on without it.
    fn built(&self) -> Arc<Built> {
        if cfg!(debug_assertions) {
            // In the middle of a build the files of the last one are gone.
            return Built::read(&self.overrides).map_or_else(|_| self.built.clone(), Arc::new);
        }
        self.built.clone()
    }

    /// Where somebody goes after signing in who came with this `return_to`; empty where that is nowhere in particular.
    pub(crate) fn return_to(&self, asked: Option<&str>) -> String {
        asked.and_then(|asked| return_to::judge(asked, self.origins.public(), &self.origins)).unwrap_or_default()
    }
}
