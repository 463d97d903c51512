//! The program as a process: its commands, their output and exit codes.
