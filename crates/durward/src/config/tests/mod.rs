//! Table tests of the configuration.
