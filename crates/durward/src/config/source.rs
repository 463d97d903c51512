//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from, in the words of `config show` and of errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// `durward.toml`, or what `--config` named.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A file that an environment variable named.
    VariableFile {
        /// The variable, which ends in `_FILE`.
        variable: String,
        /// The file.
        path: PathBuf,
    },
    /// A file of the secrets directory.
    SecretsDir(PathBuf),
    /// Made by the server, and kept in its data directory.
    Kept(PathBuf),
    /// Put together from several.
    Several(Vec<Source>),
}

impl Source {
    /// Whether the text stood in a file of its own, as secrets do: then it is not shown even when it is of no use.
    pub fn is_file_of_its_own(&self) -> bool {
        matches!(self, Self::VariableFile { .. } | Self::SecretsDir(_) | Self::Kept(_))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::VariableFile { variable, path } => write!(f, "file {} named by {variable}", path.display()),
            Self::SecretsDir(path) => write!(f, "{}", path.display()),
            Self::Kept(path) => write!(f, "made and kept in {}", path.display()),
            Self::Several(sources) => {
                for (place, source) in sources.iter().enumerate() {
                    if place > 0 {
                        f.write_str(", ")?;
                    }
                    source.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}
