//! `docs/quickstart.md`, carried out to the letter.
