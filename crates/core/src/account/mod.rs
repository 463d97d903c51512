//! What a person can ask for about everything that is held about them: to have it ([`export`]), and to have it gone
//! ([`erase`]).

mod erase;
pub mod export;

pub(crate) use erase::budgets_of;
