//! The programming languages that are read.

use serde::{Deserialize, Serialize};

/// A programming language with a front end in `lang`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// JavaScript, JSX included.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Python 3.
    Python,
    /// Go.
    Go,
    /// Java.
    Java,
    /// Rust.
    Rust,
    /// C#.
    CSharp,
    /// Ruby.
    Ruby,
}

impl Language {
    /// Every language, in a fixed order.
    pub const ALL: [Language; 9] = [
        Language::JavaScript,
        Language::TypeScript,
        Language::Tsx,
        Language::Python,
        Language::Go,
        Language::Java,
        Language::Rust,
        Language::CSharp,
        Language::Ruby,
    ];

    /// The language of a file by its name (`Gemfile`, `Rakefile`) or extension.
    pub fn of_path(path: &str) -> Option<Language> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if matches!(name, "Gemfile" | "Rakefile" | "config.ru") {
            return Some(Language::Ruby);
        }
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension {
            "js" | "jsx" | "mjs" | "cjs" => Language::JavaScript,
            "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" => Language::Tsx,
            "py" => Language::Python,
            "go" => Language::Go,
            "java" => Language::Java,
            "rs" => Language::Rust,
            "cs" => Language::CSharp,
            "rb" | "rake" => Language::Ruby,
            _ => return None,
        })
    }

    /// The name that people use, such as `C#`.
    pub fn name(self) -> &'static str {
        match self {
            Language::JavaScript => "JavaScript",
            Language::TypeScript => "TypeScript",
            Language::Tsx => "TypeScript (JSX)",
            Language::Python => "Python",
            Language::Go => "Go",
            Language::Java => "Java",
            Language::Rust => "Rust",
            Language::CSharp => "C#",
            Language::Ruby => "Ruby",
        }
    }

    /// The tag of a fenced code block in Markdown, and the folder of the language's library facts.
    pub fn tag(self) -> &'static str {
        match self {
            Language::JavaScript => "javascript",
            Language::TypeScript | Language::Tsx => "typescript",
            Language::Python => "python",
            Language::Go => "go",
            Language::Java => "java",
            Language::Rust => "rust",
            Language::CSharp => "csharp",
            Language::Ruby => "ruby",
        }
    }

    /// JavaScript and TypeScript share libraries, module resolution and facts.
    pub fn is_ecmascript(self) -> bool {
        matches!(self, Language::JavaScript | Language::TypeScript | Language::Tsx)
    }
}
