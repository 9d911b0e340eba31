//! Getters, setters and builders that no code stands for, since they are generated.

use base::{Language, Symbol};
use ir::{ExprId, ExprKind};

use crate::{
    calls::Call,
    interpret::Run,
    types::is_harmless,
    value::{From, Key, Value},
};

impl Run<'_> {
    /// What a method gives that stands for a field: the field of its name.
    pub fn accessed(&mut self, call: &Call<'_>) -> Option<Value> {
        if let Some(part) = self.getter(call) {
            return Some(part);
        }
        // names of libraries mean what they mean there
        if self.module.language != Language::Java || call.is_external {
            return None;
        }
        self.setter(call).or_else(|| self.building(call))
    }

    fn getter(&self, call: &Call<'_>) -> Option<Value> {
        if !call.args.is_empty() {
            return None;
        }
        let name = call.name();
        let bare = name.strip_prefix("get").or_else(|| name.strip_prefix("is")).filter(|f| !f.is_empty());
        let key = Key::Name(bare.map_or(Symbol::new(name), field_of));
        if let Some((_, part)) = call.receiver.parts().iter().find(|(k, _)| *k == key) {
            return Some(part.clone());
        }
        let is_getter = self.module.language == Language::Java
            && !call.is_external
            && bare.is_some_and(|b| b.starts_with(char::is_uppercase))
            && call.receiver.taints.iter().all(|t| !matches!(t.from, From::Request(_)));
        if !is_getter || !call.receiver.is_tainted() {
            return None;
        }
        let Key::Name(field) = key else { return None };
        if call.on.is_some_and(|on| self.is_harmless_field(on, field)) {
            return Some(Value::default());
        }
        Some(self.part(&call.receiver, key, call.expr))
    }

    /// Whether the declared class of a variable has a field whose type can hold nothing dangerous.
    fn is_harmless_field(&self, holder: ExprId, field: Symbol) -> bool {
        let Some(ty) = self.declared_type(holder) else { return false };
        let Some(class) = self.class_of_type(self.id, ty) else { return false };
        let Some((part, at)) = self.program.classes().field(class, field) else { return false };
        let ty = self.program.class(part).fields[at as usize].ty;
        ty.is_some_and(|ty| is_harmless(self.program, part.module, ty))
    }

    /// `order.setNote(note)`
    fn setter(&mut self, call: &Call<'_>) -> Option<Value> {
        let bare = call.name().strip_prefix("set").filter(|b| b.starts_with(char::is_uppercase))?;
        let ([given], Some(on)) = (call.values.as_slice(), call.on) else { return None };
        let (key, given) = (Key::Name(field_of(bare)), given.clone());
        self.change(on, &mut |holder| holder.put(key, given.clone()));
        let mut holder = call.receiver.clone();
        holder.put(key, given);
        Some(holder)
    }

    /// `Order.builder().note(note).build()`
    fn building(&mut self, call: &Call<'_>) -> Option<Value> {
        if !self.comes_from_builder(call.on?) {
            return None;
        }
        let mut holder = call.receiver.clone();
        if let ([given], Some(name)) = (call.values.as_slice(), call.name) {
            holder.put(Key::Name(name), given.clone());
        }
        Some(holder)
    }

    fn comes_from_builder(&self, expr: ExprId) -> bool {
        let mut at = expr;
        while let ExprKind::Call { callee, .. } = &self.module.expr(at).kind {
            let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind else { return false };
            if matches!(name.as_str(), "builder" | "newBuilder" | "toBuilder") {
                return true;
            }
            at = *object;
        }
        false
    }
}

/// The field that a getter of this name reads.
pub fn field_read(name: &str) -> Option<Symbol> {
    let bare = name.strip_prefix("get").filter(|b| b.starts_with(char::is_uppercase))?;
    Some(field_of(bare))
}

/// `Note` as `note`.
fn field_of(bare: &str) -> Symbol {
    let mut chars = bare.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_lowercase).collect();
    Symbol::new(&format!("{first}{}", chars.as_str()))
}
