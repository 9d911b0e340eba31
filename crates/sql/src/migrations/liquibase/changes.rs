//! One change set into [`Change`]s.

use super::{find, range, tree::Node};
use crate::{
    Change, ColumnDefinition, ColumnPlace, ConstraintDefinition, ConstraintKind, Default, Dialect, DroppedKind,
    Identity, IndexColumn, IndexDefinition, Name, ReferentialAction, SqlType, StatementKind, Step, TableAction,
    TableDefinition,
    cursor::{Cursor, volatility},
    migrations::File,
    parse,
};

pub(super) fn read(
    set: &Node,
    files: &[File<'_>],
    at: usize,
    properties: &[(String, String)],
    dialect: Dialect,
) -> Vec<Change> {
    let reader = Reader { files, at, properties, dialect };
    let mut made = Vec::new();
    for node in &set.children {
        for step in reader.steps(node) {
            made.push(Change { range: range(node), conditional: false, step });
        }
    }
    made
}

struct Reader<'r, 'f> {
    files: &'r [File<'f>],
    at: usize,
    properties: &'r [(String, String)],
    dialect: Dialect,
}

impl Reader<'_, '_> {
    /// An attribute with properties filled in.
    fn get(&self, node: &Node, name: &str) -> Option<String> {
        let mut value = node.attribute(name)?;
        for (property, filled) in self.properties {
            value = value.replace(&format!("${{{property}}}"), filled);
        }
        Some(value)
    }

    fn is(&self, node: &Node, name: &str) -> bool {
        self.get(node, name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    fn name(&self, node: &Node, attribute: &str) -> Option<Name> {
        let name = self.dialect.fold(&self.get(node, attribute)?, false);
        let schema = self.get(node, "schemaName").map(|s| self.dialect.fold(&s, false));
        Some(Name { schema: schema.filter(|s| !s.contains('$')), name })
    }

    fn column_name(&self, node: &Node, attribute: &str) -> Option<String> {
        self.get(node, attribute).map(|n| self.dialect.fold(&n, false))
    }

    fn columns(&self, node: &Node, attribute: &str) -> Vec<String> {
        let given = self.get(node, attribute).unwrap_or_default();
        given.split(',').map(|c| self.dialect.fold(c.trim(), false)).filter(|c| !c.is_empty()).collect()
    }

    fn data_type(&self, node: &Node, attribute: &str) -> SqlType {
        let Some(written) = self.get(node, attribute) else { return SqlType::unknown() };
        let written = written.strip_prefix("java.sql.Types.").map(str::to_owned).unwrap_or(written);
        let written = match (written.to_ascii_lowercase().as_str(), self.dialect) {
            ("clob" | "longvarchar" | "nclob", Dialect::Postgres) => "text".to_owned(),
            ("clob" | "nclob", Dialect::MySql) => "longtext".to_owned(),
            ("longvarbinary" | "varbinary" | "binary", Dialect::Postgres) => "bytea".to_owned(),
            (blob, Dialect::Postgres) if blob.ends_with("blob") => "bytea".to_owned(),
            (text, Dialect::Postgres) if text.ends_with("text") => "text".to_owned(),
            ("datetime", Dialect::Postgres) => "timestamp".to_owned(),
            ("tinyint", Dialect::Postgres) => "smallint".to_owned(),
            ("double", Dialect::Postgres) => "double precision".to_owned(),
            ("currency", Dialect::Postgres) => "decimal".to_owned(),
            ("nvarchar" | "nvarchar2", Dialect::Postgres) => "varchar".to_owned(),
            _ => written,
        };
        let written = match self.dialect {
            Dialect::Postgres => written.replace("NVARCHAR(", "varchar(").replace("datetime(", "timestamp("),
            _ => written,
        };
        let tokens = crate::lex::tokens(&written, self.dialect);
        Cursor::new(&tokens, &written, self.dialect).data_type().unwrap_or_else(|_| SqlType::unknown())
    }

    fn default(&self, node: &Node) -> Option<Default> {
        let quoted =
            ["defaultValue", "defaultValueDate"].iter().find_map(|a| self.get(node, a)).map(|v| format!("'{v}'"));
        let plain = ["defaultValueNumeric", "defaultValueBoolean", "defaultValueComputed"];
        let sequence = self.get(node, "defaultValueSequenceNext").map(|s| format!("nextval('{s}')"));
        let expression = quoted.or_else(|| plain.iter().find_map(|a| self.get(node, a))).or(sequence)?;
        let volatility = volatility(&expression, self.dialect);
        Some(Default { expression, volatility })
    }

    fn column(&self, node: &Node) -> Option<ColumnDefinition> {
        let name = self.column_name(node, "name")?;
        let mut data_type = self.data_type(node, "type");
        let mut identity = self.is(node, "autoIncrement").then_some(match self.dialect {
            Dialect::Postgres => Identity::ByDefault,
            _ => Identity::AutoIncrement,
        });
        if data_type.alias.as_deref().is_some_and(|a| a.contains("serial")) {
            identity = Some(Identity::Serial);
        }
        data_type.alias = None;
        let mut column = ColumnDefinition {
            name: name.clone(),
            range: range(node),
            data_type,
            not_null: identity.map(|_| true),
            default: self.default(node),
            identity,
            generated: None,
            collation: None,
            on_update: None,
            comment: self.get(node, "remarks"),
            constraints: Vec::new(),
            place: match self.column_name(node, "afterColumn") {
                Some(other) if self.dialect == Dialect::MySql => ColumnPlace::After(other),
                _ => ColumnPlace::Last,
            },
        };
        for constraints in node.all("constraints") {
            if let Some(nullable) = self.get(constraints, "nullable") {
                column.not_null = Some(nullable == "false");
            }
            let key = vec![IndexColumn::plain(&name)];
            if self.is(constraints, "primaryKey") {
                let kind = ConstraintKind::PrimaryKey { columns: key.clone(), using_index: None, include: Vec::new() };
                column.constraints.push(self.constraint(constraints, "primaryKeyName", kind));
            }
            if self.is(constraints, "unique") {
                column.constraints.push(self.constraint(constraints, "uniqueConstraintName", unique(key)));
            }
            let references = self.get(constraints, "references");
            let split = references.as_deref().and_then(|r| r.trim_end_matches(')').split_once('('));
            let named = self
                .name(constraints, "referencedTableName")
                .zip(self.column_name(constraints, "referencedColumnNames"));
            let target = split
                .map(|(t, c)| (Name::bare(self.dialect.fold(t.trim(), false)), self.dialect.fold(c.trim(), false)));
            if let Some((table, referenced)) = target.or(named) {
                let on_delete = if self.is(constraints, "deleteCascade") {
                    ReferentialAction::Cascade
                } else {
                    ReferentialAction::NoAction
                };
                let kind =
                    foreign_key(vec![name.clone()], table, vec![referenced], on_delete, ReferentialAction::NoAction);
                column.constraints.push(self.constraint(constraints, "foreignKeyName", kind));
            }
            if let Some(expression) = self.get(constraints, "checkConstraint") {
                let kind = ConstraintKind::Check { expression, no_inherit: false };
                column.constraints.push(self.constraint(constraints, "", kind));
            }
        }
        Some(column)
    }

    fn bare_column(&self, node: &Node, name: &str, data_type: SqlType) -> ColumnDefinition {
        ColumnDefinition {
            name: name.to_owned(),
            range: range(node),
            data_type,
            not_null: None,
            default: None,
            identity: None,
            generated: None,
            collation: None,
            on_update: None,
            comment: None,
            constraints: Vec::new(),
            place: ColumnPlace::Last,
        }
    }

    fn constraint(&self, node: &Node, name: &str, kind: ConstraintKind) -> ConstraintDefinition {
        ConstraintDefinition {
            name: self.column_name(node, name),
            range: range(node),
            kind,
            not_valid: self.get(node, "validate").is_some_and(|v| v == "false"),
            deferrable: self.is(node, "deferrable"),
            initially_deferred: self.is(node, "initiallyDeferred"),
            not_enforced: false,
            of_column: false,
        }
    }

    fn alter(&self, node: &Node, table: &str, action: TableAction) -> Vec<Step> {
        let Some(table) = self.name(node, table) else { return Vec::new() };
        vec![Step::AlterTable { table, if_exists: false, only: false, action }]
    }

    fn steps(&self, node: &Node) -> Vec<Step> {
        self.steps_of(node).unwrap_or_default()
    }

    fn steps_of(&self, node: &Node) -> Option<Vec<Step>> {
        let table = || self.name(node, "tableName");
        let column = || self.column_name(node, "columnName");
        Some(match node.name.as_str() {
            "createTable" => vec![Step::CreateTable(Box::new(self.create_table(node)?))],
            "dropTable" => {
                let cascade = self.is(node, "cascadeConstraints");
                vec![Step::DropTable { names: vec![table()?], if_exists: false, cascade }]
            }
            "renameTable" => {
                vec![Step::RenameTable { from: self.name(node, "oldTableName")?, to: self.name(node, "newTableName")? }]
            }
            "addColumn" => {
                let all = node.all("column").filter_map(|c| self.column(c));
                let steps = all.flat_map(|column| {
                    self.alter(
                        node,
                        "tableName",
                        TableAction::AddColumn { column: Box::new(column), if_not_exists: false },
                    )
                });
                steps.collect()
            }
            "dropColumn" => {
                let mut columns: Vec<String> = node.all("column").filter_map(|c| self.column_name(c, "name")).collect();
                columns.extend(column());
                let drop = |column| TableAction::DropColumn { column, if_exists: false, cascade: false };
                columns.into_iter().flat_map(|c| self.alter(node, "tableName", drop(c))).collect()
            }
            "renameColumn" => {
                let (from, to) = (self.column_name(node, "oldColumnName")?, self.column_name(node, "newColumnName")?);
                self.alter(node, "tableName", TableAction::RenameColumn { from, to })
            }
            "modifyDataType" => {
                let data_type = self.data_type(node, "newDataType");
                let column = column()?;
                // MySQL writes the whole column anew, and forgets what is not said again
                let action = if self.dialect == Dialect::MySql {
                    let definition = Box::new(self.bare_column(node, &column, data_type));
                    TableAction::ModifyColumn { column, definition }
                } else {
                    TableAction::SetType { column, data_type, using: None, collation: None }
                };
                self.alter(node, "tableName", action)
            }
            "addNotNullConstraint" => self.alter(node, "tableName", TableAction::SetNotNull { column: column()? }),
            "dropNotNullConstraint" => self.alter(node, "tableName", TableAction::DropNotNull { column: column()? }),
            "addDefaultValue" => {
                let default = self.default(node);
                self.alter(node, "tableName", TableAction::SetDefault { column: column()?, default })
            }
            "dropDefaultValue" => {
                self.alter(node, "tableName", TableAction::SetDefault { column: column()?, default: None })
            }
            "addAutoIncrement" => {
                let identity =
                    if self.dialect == Dialect::Postgres { Identity::ByDefault } else { Identity::AutoIncrement };
                self.alter(node, "tableName", TableAction::AddIdentity { column: column()?, identity })
            }
            "addPrimaryKey" => {
                let columns = self.columns(node, "columnNames").iter().map(IndexColumn::plain).collect();
                let kind = ConstraintKind::PrimaryKey { columns, using_index: None, include: Vec::new() };
                self.add_constraint(node, "tableName", kind)
            }
            "addUniqueConstraint" => {
                let columns = self.columns(node, "columnNames").iter().map(IndexColumn::plain).collect();
                self.add_constraint(node, "tableName", unique(columns))
            }
            "addCheckConstraint" => {
                let expression = self.get(node, "constraintBody").unwrap_or_else(|| node.text.trim().to_owned());
                self.add_constraint(node, "tableName", ConstraintKind::Check { expression, no_inherit: false })
            }
            "addForeignKeyConstraint" => {
                let action = |name: &str| match self.get(node, name).map(|a| a.to_ascii_uppercase()).as_deref() {
                    Some("CASCADE") => ReferentialAction::Cascade,
                    Some("SET NULL") => ReferentialAction::SetNull,
                    Some("SET DEFAULT") => ReferentialAction::SetDefault,
                    Some("RESTRICT") => ReferentialAction::Restrict,
                    _ => ReferentialAction::NoAction,
                };
                let kind = foreign_key(
                    self.columns(node, "baseColumnNames"),
                    self.name(node, "referencedTableName")?,
                    self.columns(node, "referencedColumnNames"),
                    action("onDelete"),
                    action("onUpdate"),
                );
                self.add_constraint(node, "baseTableName", kind)
            }
            "dropPrimaryKey" => {
                let name = self.column_name(node, "constraintName").unwrap_or_default();
                self.drop_constraint(node, "tableName", name, DroppedKind::PrimaryKey)
            }
            "dropUniqueConstraint" => {
                let name = self.column_name(node, "constraintName")?;
                self.drop_constraint(node, "tableName", name, DroppedKind::Constraint)
            }
            "dropForeignKeyConstraint" => {
                let name = self.column_name(node, "constraintName")?;
                self.drop_constraint(node, "baseTableName", name, DroppedKind::ForeignKey)
            }
            "createIndex" => vec![Step::CreateIndex(Box::new(self.index(node)?))],
            "dropIndex" => {
                let names = vec![Name::bare(self.column_name(node, "indexName")?)];
                vec![Step::DropIndex { names, table: table(), concurrently: false, if_exists: false, cascade: false }]
            }
            "createSequence" => {
                let data_type = node.attribute("dataType").map(|_| self.data_type(node, "dataType"));
                let name = self.name(node, "sequenceName")?;
                vec![Step::CreateSequence { name, data_type, owned_by: None, if_not_exists: false }]
            }
            "dropSequence" => {
                vec![Step::DropSequence {
                    names: vec![self.name(node, "sequenceName")?],
                    if_exists: false,
                    cascade: false,
                }]
            }
            "createView" => {
                let text = node.text.clone();
                let query = parse(&text, self.dialect).into_iter().find_map(|s| match s.kind {
                    StatementKind::Query(query) => Some(query),
                    _ => None,
                });
                let (materialized, columns) = (false, Vec::new());
                let or_replace = self.is(node, "replaceIfExists");
                vec![Step::CreateView { name: self.name(node, "viewName")?, materialized, or_replace, columns, query }]
            }
            "dropView" => {
                let names = vec![self.name(node, "viewName")?];
                vec![Step::DropView { names, materialized: false, if_exists: false, cascade: false }]
            }
            "sql" => {
                let inner = node.children.iter().find(|c| c.name == "sql").map(|c| c.text.clone());
                let text = self.get(node, "sql").or(inner).unwrap_or_else(|| node.text.clone());
                self.sql(&text)
            }
            "sqlFile" => {
                let path = self.get(node, "path")?;
                let directory = self.files[self.at].path.rsplit_once('/').map_or("", |(d, _)| d);
                self.sql(self.files[find(self.files, directory, &path)?].text)
            }
            _ => return None,
        })
    }

    fn sql(&self, text: &str) -> Vec<Step> {
        let steps = parse(text, self.dialect).into_iter().flat_map(|statement| match statement.kind {
            StatementKind::Change(changes) => changes.into_iter().map(|c| c.step).collect(),
            _ => Vec::new(),
        });
        steps.collect()
    }

    fn create_table(&self, node: &Node) -> Option<TableDefinition> {
        let mut columns: Vec<ColumnDefinition> = node.all("column").filter_map(|c| self.column(c)).collect();
        // several columns of a primary key make one key
        let is_primary = |c: &ConstraintDefinition| matches!(c.kind, ConstraintKind::PrimaryKey { .. });
        let keys: Vec<String> =
            columns.iter().filter(|c| c.constraints.iter().any(is_primary)).map(|c| c.name.clone()).collect();
        let mut constraints = Vec::new();
        if keys.len() > 1 {
            let mut all =
                columns.iter_mut().flat_map(|c| c.constraints.extract_if(.., |c| is_primary(c)).collect::<Vec<_>>());
            let first = all.next();
            all.for_each(drop);
            if let Some(mut first) = first {
                let columns = keys.iter().map(IndexColumn::plain).collect();
                first.kind = ConstraintKind::PrimaryKey { columns, using_index: None, include: Vec::new() };
                constraints.push(first);
            }
        }
        Some(TableDefinition {
            name: self.name(node, "tableName")?,
            if_not_exists: self.is(node, "ifNotExists"),
            or_replace: false,
            temporary: false,
            unlogged: false,
            columns,
            constraints,
            indexes: Vec::new(),
            like: Vec::new(),
            inherits: Vec::new(),
            partition_of: None,
            partition_bound: None,
            partition_by: None,
            options: Vec::new(),
            query: None,
        })
    }

    fn add_constraint(&self, node: &Node, table: &str, kind: ConstraintKind) -> Vec<Step> {
        let constraint = Box::new(self.constraint(node, "constraintName", kind));
        self.alter(node, table, TableAction::AddConstraint { constraint })
    }

    fn drop_constraint(&self, node: &Node, table: &str, name: String, kind: DroppedKind) -> Vec<Step> {
        self.alter(node, table, TableAction::DropConstraint { name, kind, if_exists: false, cascade: false })
    }

    fn index(&self, node: &Node) -> Option<IndexDefinition> {
        let columns = node.all("column").filter_map(|c| {
            let name = self.get(c, "name")?;
            let computed = self.is(c, "computed") || name.contains('(');
            let mut one = IndexColumn::plain(self.dialect.fold(name.split_whitespace().next()?, false));
            if computed {
                (one.column, one.expression) = (None, Some(name.clone()));
            }
            one.descending = self.is(c, "descending") || name.to_ascii_lowercase().ends_with(" desc");
            Some(one)
        });
        Some(IndexDefinition {
            name: self.column_name(node, "indexName"),
            range: range(node),
            table: self.name(node, "tableName")?,
            only: false,
            method: "btree".into(),
            unique: self.is(node, "unique"),
            columns: columns.collect(),
            include: Vec::new(),
            predicate: None,
            nulls_not_distinct: false,
            concurrently: false,
            if_not_exists: false,
            options: Vec::new(),
        })
    }
}

fn unique(columns: Vec<IndexColumn>) -> ConstraintKind {
    ConstraintKind::Unique { columns, using_index: None, include: Vec::new(), nulls_not_distinct: false }
}

fn foreign_key(
    columns: Vec<String>,
    references: Name,
    referenced: Vec<String>,
    on_delete: ReferentialAction,
    on_update: ReferentialAction,
) -> ConstraintKind {
    ConstraintKind::ForeignKey {
        columns,
        references,
        referenced,
        on_delete,
        on_update,
        match_full: false,
        index_name: None,
    }
}
