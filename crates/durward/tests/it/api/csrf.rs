//! CSRF tokens and who needs one.
