//! XML and YAML as one tree: names, attributes, children.

use crate::Range;

/// A node of a change log.
pub(super) struct Node {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Node>,
    pub text: String,
    pub range: Range,
}

impl Node {
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    /// Children of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Node> {
        self.children.iter().filter(move |c| c.name == name)
    }
}

pub(super) fn from_xml(text: &str) -> Option<Node> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: 2_000_000 };
    let document = roxmltree::Document::parse_with_options(text, options).ok()?;
    let root = document.root_element();
    (root.tag_name().name() == "databaseChangeLog").then(|| of_xml(root, 0))
}

fn of_xml(node: roxmltree::Node<'_, '_>, depth: u8) -> Node {
    let children = node.children().filter(roxmltree::Node::is_element);
    let children = if depth < 40 { children.map(|c| of_xml(c, depth + 1)).collect() } else { Vec::new() };
    let range = node.range();
    Node {
        name: node.tag_name().name().to_owned(),
        attributes: node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect(),
        children,
        text: node.children().filter(|c| c.is_text()).filter_map(|c| c.text()).collect(),
        range: Range::new(range.start, range.end),
    }
}

pub(super) fn from_yaml(text: &str) -> Option<Node> {
    use serde_yaml_ng::Value;
    let root: Value = serde_yaml_ng::from_str(text).ok()?;
    let Value::Sequence(entries) = root.get("databaseChangeLog")? else { return None };
    let mut children: Vec<Node> = entries.iter().flat_map(|entry| of_map(entry, 0)).collect();
    // the parser keeps no places: the n-th change set is at the n-th line that begins one
    let mut starts: Vec<usize> = Vec::new();
    for (start, _, line) in super::sections::lines(text) {
        if line.trim_start_matches(['-', ' ', '{', '"']).starts_with("changeSet") {
            starts.push(start);
        }
    }
    let sets = children.iter_mut().filter(|c| c.name == "changeSet");
    for (at, node) in sets.enumerate() {
        let Some(start) = starts.get(at) else { break };
        set_range(node, Range::new(*start, starts.get(at + 1).copied().unwrap_or(text.len())));
    }
    let name = "databaseChangeLog".to_owned();
    Some(Node { name, attributes: Vec::new(), children, text: String::new(), range: Range::new(0, text.len()) })
}

fn set_range(node: &mut Node, range: Range) {
    node.range = range;
    node.children.iter_mut().for_each(|c| set_range(c, range));
}

/// `{name: {…}}` as nodes.
fn of_map(value: &serde_yaml_ng::Value, depth: u8) -> Vec<Node> {
    use serde_yaml_ng::Value;
    let Value::Mapping(entries) = value else { return Vec::new() };
    if depth > 40 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (name, value) in entries {
        let Some(name) = name.as_str() else { continue };
        let (mut attributes, mut children, mut text) = (Vec::new(), Vec::new(), String::new());
        match value {
            Value::Mapping(inner) => {
                for (key, value) in inner {
                    let Some(key) = key.as_str() else { continue };
                    match value {
                        Value::Sequence(list) if key == "changes" || key == "columns" => {
                            children.extend(list.iter().flat_map(|entry| of_map(entry, depth + 1)));
                        }
                        Value::Sequence(list) => {
                            children.extend(list.iter().flat_map(|entry| of_map(entry, depth + 1)));
                            if key == "rollback" {
                                children.push(bare(key));
                            }
                        }
                        Value::Mapping(_) => {
                            let one = serde_yaml_ng::Mapping::from_iter([(Value::from(key), value.clone())]);
                            children.extend(of_map(&Value::Mapping(one), depth + 1));
                        }
                        scalar => attributes.extend(scalar_text(scalar).map(|v| (key.to_owned(), v))),
                    }
                }
            }
            Value::Sequence(list) => children.extend(list.iter().flat_map(|entry| of_map(entry, depth + 1))),
            scalar => text = scalar_text(scalar).unwrap_or_default(),
        }
        found.push(Node { name: name.to_owned(), attributes, children, text, range: Range::default() });
    }
    found
}

fn bare(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        attributes: Vec::new(),
        children: Vec::new(),
        text: String::new(),
        range: Range::default(),
    }
}

fn scalar_text(value: &serde_yaml_ng::Value) -> Option<String> {
    use serde_yaml_ng::Value;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
