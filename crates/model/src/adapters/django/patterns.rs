//! Paths as Django writes them, and the methods of views that libraries give.

use crate::Method;
use crate::entities::{braced, is_plain_form, parameter};

/// The methods that a view of Django, REST framework or a library around them answers.
pub(super) fn library_view(class: &str) -> &'static [Method] {
    use Method::{Any, Delete, Get, Patch, Post, Put};
    match class {
        "TemplateView"
        | "ListView"
        | "DetailView"
        | "JavaScriptCatalog"
        | "JSONCatalog"
        | "Feed"
        | "ArchiveIndexView"
        | "ListAPIView"
        | "RetrieveAPIView"
        | "SpectacularAPIView"
        | "SpectacularSwaggerView"
        | "SpectacularRedocView"
        | "SpectacularJSONAPIView"
        | "SpectacularYAMLAPIView"
        | "PasswordResetDoneView"
        | "PasswordResetCompleteView"
        | "PasswordChangeDoneView" => &[Get],
        "FormView"
        | "CreateView"
        | "UpdateView"
        | "DeleteView"
        | "LoginView"
        | "PasswordResetView"
        | "PasswordResetConfirmView"
        | "PasswordChangeView" => &[Get, Post],
        "LogoutView"
        | "CreateAPIView"
        | "ObtainAuthToken"
        | "TokenObtainPairView"
        | "TokenRefreshView"
        | "TokenVerifyView"
        | "TokenBlacklistView"
        | "TokenObtainSlidingView"
        | "TokenRefreshSlidingView" => &[Post],
        "UpdateAPIView" => &[Put, Patch],
        "DestroyAPIView" => &[Delete],
        "ListCreateAPIView" => &[Get, Post],
        "RetrieveUpdateAPIView" => &[Get, Put, Patch],
        "RetrieveDestroyAPIView" => &[Get, Delete],
        "RetrieveUpdateDestroyAPIView" => &[Get, Put, Patch, Delete],
        _ => &[Any],
    }
}

/// Stands for what is computed in a pattern.
pub(super) const UNKNOWN: &str = "\u{1}";

/// `<int:pk>` as `{pk}`.
pub(super) fn clean_path(path: &str) -> String {
    braced(path).replace(UNKNOWN, "{?}")
}

/// `^users/(?P<pk>\d+)/$` as `users/{pk}`.
pub(super) fn clean_pattern(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    // whether something may be left out or said again
    fn quantifier(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
        let first = chars.next_if(|c| matches!(c, '?' | '*' | '+' | '{'))?;
        if first == '{' {
            chars.by_ref().find(|c| *c == '}');
        }
        while chars.next_if(|c| matches!(c, '?' | '*' | '+')).is_some() {}
        Some(first)
    }
    while let Some(c) = chars.next() {
        match c {
            '(' => {
                let mut inner = String::new();
                let mut depth = 1;
                for c in chars.by_ref() {
                    match c {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                    inner.push(c);
                }
                let optional = matches!(quantifier(&mut chars), Some('?' | '*'));
                let named = inner.strip_prefix("?P<").and_then(|r| r.split_once('>'));
                let name = named.map(|(name, form)| parameter(name, is_plain_form(form)));
                match name {
                    Some(name) => out.push_str(&name),
                    // `(.json)?` adds no route of its own
                    None if optional || inner.starts_with("?=") || inner.starts_with("?!") => {}
                    None => match inner.strip_prefix("?:") {
                        Some(plain) if !plain.contains('|') => out.push_str(&clean_pattern(plain)),
                        _ => out.push_str("{arg}"),
                    },
                }
            }
            '[' => {
                chars.by_ref().find(|c| *c == ']');
                quantifier(&mut chars);
                out.push_str("{arg}");
            }
            '.' if matches!(chars.peek(), Some('*' | '+')) => {
                quantifier(&mut chars);
                out.push_str("{*}");
            }
            '\\' => match chars.next() {
                Some('A' | 'Z' | 'z' | 'b') | None => {}
                Some(class) if class.is_alphabetic() => {
                    quantifier(&mut chars);
                    out.push_str("{arg}");
                }
                Some(literal) => out.push(literal),
            },
            '?' | '$' | '^' | '+' | '*' => {}
            c => out.push(c),
        }
    }
    out.replace(UNKNOWN, "{?}")
}
