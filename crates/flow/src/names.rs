//! What the names of methods say where nothing else is known of them.

/// Methods of streams whose answer has the items of what they are called on.
pub fn keeps_items(name: &str) -> bool {
    matches!(
        name,
        "stream"
            | "parallelStream"
            | "filter"
            | "sorted"
            | "distinct"
            | "limit"
            | "skip"
            | "peek"
            | "collect"
            | "toList"
            | "iterator"
            | "values"
    )
}

/// Methods of streams and lists whose answer has what a function makes of each item.
pub fn gives_items(name: &str) -> bool {
    matches!(
        name,
        "map" | "flatMap" | "flat_map" | "filter_map" | "collect" | "mapToObj" | "thenApply" | "Select" | "SelectMany"
    )
}

/// Functions that put paths together or write them in their one form.
pub fn joins_paths(name: &str) -> bool {
    matches!(
        name,
        "join"
            | "Join"
            | "joinpath"
            | "safe_join"
            | "resolve"
            | "normalize"
            | "normpath"
            | "realpath"
            | "abspath"
            | "Combine"
            | "GetFullPath"
            | "Abs"
            | "Clean"
            | "expand_path"
            | "realpathSync"
            | "toAbsolutePath"
            | "toRealPath"
            | "getCanonicalPath"
            | "canonicalize"
            | "Path"
    )
}

/// Parts of an address that are not its host.
pub fn names_no_host(name: &str) -> bool {
    matches!(
        name,
        "pathname"
            | "search"
            | "searchParams"
            | "hash"
            | "path"
            | "query"
            | "fragment"
            | "Path"
            | "RawPath"
            | "Query"
            | "RawQuery"
            | "Fragment"
    )
}

/// Methods that give an object with all that it holds, in another form.
pub fn gives_all(name: &str) -> bool {
    matches!(
        name,
        "dup"
            | "clone"
            | "freeze"
            | "tap"
            | "itself"
            | "first"
            | "last"
            | "inspect"
            | "values"
            | "keys"
            | "attributes"
            | "compact"
            | "presence"
            | "with_indifferent_access"
            | "symbolize_keys"
            | "stringify_keys"
            | "deep_symbolize_keys"
            | "deep_stringify_keys"
            | "html_safe"
            | "flatten"
            | "uniq"
            | "sort"
            | "reverse"
            | "body"
    ) || name.starts_with("to_")
        || name.starts_with("deep_")
}

/// Functions of JavaScript that only texts have, and those of libraries by the same names: `_.trim(name)`.
pub fn makes_text(name: &str) -> bool {
    matches!(
        name,
        "trim"
            | "trimStart"
            | "trimEnd"
            | "ltrim"
            | "rtrim"
            | "toLowerCase"
            | "toUpperCase"
            | "toLocaleLowerCase"
            | "toLocaleUpperCase"
            | "toLower"
            | "toUpper"
            | "capitalize"
            | "kebabCase"
            | "snakeCase"
            | "camelCase"
            | "padStart"
            | "padEnd"
            | "substring"
            | "substr"
            | "charAt"
            | "normalizeEmail"
            | "stripLow"
            | "escape"
    )
}

/// Functions that make a number or a truth value of a text.
pub fn makes_numbers(name: &str) -> bool {
    matches!(name, "Number" | "BigInt" | "Boolean" | "parseInt" | "parseFloat" | "parseLong" | "parseDouble")
}

/// `isBlank`, `hasText`
fn is_question(name: &str) -> bool {
    let asked = name.strip_prefix("is").or_else(|| name.strip_prefix("has"));
    asked.is_some_and(|asked| asked.starts_with(char::is_uppercase))
}

/// `ToUint64`, `MustInt`, `Int64`: a number or truth value, whatever the library.
fn is_number(name: &str) -> bool {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('E');
    let plain = plain.strip_prefix("Must").unwrap_or(plain);
    let plain = ["To", "Parse", "As", "Get"].iter().find_map(|p| plain.strip_prefix(p)).unwrap_or(plain);
    matches!(plain, "Int" | "Uint" | "Float" | "Bool")
}

/// Methods whose answer holds nothing of what they are called on: sizes, comparisons.
pub fn answers_about(name: &str) -> bool {
    // finders that are made of the names of columns
    name.starts_with("find_by_")
        || is_number(name)
        || is_question(name)
        // a record, not the key that it is looked up by
        || matches!(name, "findOne" | "findAll" | "findByPk" | "findById" | "findFirst" | "findUnique" | "findMany")
        || matches!(
            name,
            "length"
                | "size"
                | "count"
                | "len"
                | "Len"
                | "Length"
                | "Count"
                | "indexOf"
                | "IndexOf"
                | "lastIndexOf"
                | "index"
                | "rindex"
                | "equals"
                | "Equals"
                | "equalsIgnoreCase"
                | "contains"
                | "Contains"
                | "startsWith"
                | "StartsWith"
                | "startswith"
                | "endsWith"
                | "EndsWith"
                | "endswith"
                | "isEmpty"
                | "is_empty"
                | "hashCode"
                | "compareTo"
                | "exists"
                | "test"
                | "matches"
                | "is_match"
                | "IsMatch"
                | "MatchString"
                | "includes"
                | "has"
                | "hasKey"
                | "has_key"
                | "containsKey"
                | "ContainsKey"
                | "contains_key"
                | "isBlank"
                | "IsNullOrEmpty"
                | "IsNullOrWhiteSpace"
                | "empty?"
                | "present?"
                | "blank?"
                | "nil?"
                | "include?"
                | "start_with?"
                | "end_with?"
                | "match?"
                | "key?"
                | "is_a?"
                | "to_i"
                | "to_f"
                | "isdigit"
                | "isalnum"
                | "isalpha"
                | "isnumeric"
                | "is_some"
                | "is_none"
                | "is_ok"
                | "is_err"
                | "starts_with"
                | "ends_with"
                | "hasOwnProperty"
                | "localeCompare"
                | "charCodeAt"
                | "codePointAt"
                | "getTime"
                | "getClass"
                | "GetType"
                | "any?"
                | "all?"
                | "some"
                | "every"
                | "isPresent"
                // gorm's models name their tables
                | "TableName"
        )
}

/// Methods that put their arguments into what they are called on.
pub fn puts_in(name: &str) -> bool {
    matches!(
        name,
        "append"
            | "Append"
            | "add"
            | "Add"
            | "push"
            | "put"
            | "set"
            | "Set"
            | "insert"
            | "Insert"
            | "write"
            | "concat"
            | "addAll"
            | "AddRange"
            | "push_str"
            | "extend"
            | "update"
            | "WriteString"
            | "writeString"
            | "WriteByte"
            | "unshift"
            | "prepend"
            | "setAttribute"
            | "offer"
            | "addLast"
            | "addFirst"
            | "enqueue"
            | "Enqueue"
            | "AppendFormat"
            | "AppendLine"
            | "merge"
            | "merge!"
            | "putAll"
            | "store"
            | "setProperty"
            | "appendleft"
            | "push_back"
            | "push_front"
            | "extend_from_slice"
            | "write_str"
            | "setdefault"
            | "TryAdd"
            | "putIfAbsent"
    )
}

/// Methods and functions of any receiver that give back what they are given.
pub fn passes_on(name: &str) -> bool {
    matches!(
        name,
        "format"
            | "join"
            | "Join"
            | "concat"
            | "Concat"
            | "valueOf"
            | "parse"
            | "decode"
            | "encode"
            | "resolve"
            | "replace"
            | "from"
            | "of"
            | "wrap"
            | "normalize"
            | "sub"
            | "gsub"
            | "substitute"
            | "combine"
            | "Combine"
            | "decodeString"
            | "DecodeString"
            | "EncodeToString"
            | "encodeToString"
            | "from_utf8"
            | "into"
            | "to_owned"
            | "unquote"
            | "quote"
            | "unescape"
            | "loads"
            | "toList"
            | "asList"
            | "copyOf"
            | "getString"
            | "GetString"
            | "GetBytes"
            | "sprintf"
            | "ReplaceAllString"
            | "ReplaceAllStringFunc"
            | "ReplaceAll"
            | "replaceAll"
            | "replace_all"
            | "Replace"
            | "then"
            | "catch"
            | "readValue"
            | "fromJson"
            | "convertValue"
            | "map"
            | "wait"
            | "collect"
            | "doFinal"
    )
}

/// Whether a program runs what it is given as text.
pub fn is_shell(program: &str) -> bool {
    let last = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
    matches!(
        last.strip_suffix(".exe").unwrap_or(&last),
        "sh" | "bash"
            | "zsh"
            | "dash"
            | "ksh"
            | "ash"
            | "csh"
            | "fish"
            | "cmd"
            | "powershell"
            | "pwsh"
            | "python"
            | "python3"
            | "perl"
            | "ruby"
            | "node"
            | "php"
    )
}

/// Functions that give the address of a page of ours: `user_path(id)`, `order_url(order)`.
pub fn gives_own_address(name: &str) -> bool {
    name.ends_with("_path")
        || name.ends_with("_url")
        || matches!(name, "url_for" | "polymorphic_path" | "polymorphic_url")
}
