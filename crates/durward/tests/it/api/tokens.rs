//! Access tokens: where they are looked for and why they are refused.
