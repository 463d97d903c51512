//! Recorded histories, each with a login and what is made of it; and a simulation of many users and of those who would be
//! them.

mod histories;
mod person;
mod properties;
mod simulation;
