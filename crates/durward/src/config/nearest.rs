//! The known name that a wrong one was probably meant to be.

/// The most similar of `known`.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let likeness = |name: &&str| strsim::jaro_winkler(&wrong, &name.to_lowercase());
    known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}
