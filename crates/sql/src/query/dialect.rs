//! The dialects of `sqlparser`, with a limit on how often an expression may be begun: its parser tries some constructs
//! several ways, and nested ones would take for ever.

use std::{any::TypeId, cell::Cell, iter::Peekable, str::Chars};

use sqlparser::{
    ast::Expr,
    dialect::{
        Dialect, GenericDialect, MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect, Precedence,
        SQLiteDialect,
    },
    keywords::Keyword,
    parser::{Parser, ParserError},
};

#[derive(Debug)]
pub(super) struct Limited {
    inner: Box<dyn Dialect>,
    left: Cell<usize>,
}

impl Limited {
    pub fn new(dialect: crate::Dialect, tokens: usize) -> Self {
        let inner: Box<dyn Dialect> = match dialect {
            crate::Dialect::Postgres => Box::new(PostgreSqlDialect {}),
            crate::Dialect::MySql => Box::new(MySqlDialect {}),
            crate::Dialect::Sqlite => Box::new(SQLiteDialect {}),
            crate::Dialect::SqlServer => Box::new(MsSqlDialect {}),
            crate::Dialect::Oracle => Box::new(OracleDialect {}),
            crate::Dialect::Generic => Box::new(GenericDialect {}),
        };
        Self { inner, left: Cell::new(tokens.saturating_mul(20) + 500) }
    }
}

macro_rules! as_inner {
    ($($name:ident)*) => { $(fn $name(&self) -> bool { self.inner.$name() })* };
}

macro_rules! always {
    ($($name:ident)*) => { $(fn $name(&self) -> bool { true })* };
}

impl Dialect for Limited {
    fn dialect(&self) -> TypeId {
        self.inner.dialect()
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Some(Err(ParserError::RecursionLimitExceeded)),
        }
        self.inner.parse_prefix(parser)
    }

    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        self.inner.parse_infix(parser, expr, precedence)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        self.inner.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        self.inner.prec_value(precedence)
    }

    fn prec_unknown(&self) -> u8 {
        self.inner.prec_unknown()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.inner.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.inner.is_identifier_part(ch)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.inner.is_delimited_identifier_start(ch)
    }

    fn peek_nested_delimited_identifier_quotes(&self, chars: Peekable<Chars<'_>>) -> Option<(char, Option<char>)> {
        self.inner.peek_nested_delimited_identifier_quotes(chars)
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        self.inner.is_reserved_for_identifier(keyword)
    }

    fn is_column_alias(&self, keyword: &Keyword, parser: &mut Parser) -> bool {
        self.inner.is_column_alias(keyword, parser)
    }

    fn is_select_item_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool {
        self.inner.is_select_item_alias(explicit, keyword, parser)
    }

    fn is_table_factor(&self, keyword: &Keyword, parser: &mut Parser) -> bool {
        self.inner.is_table_factor(keyword, parser)
    }

    fn is_table_alias(&self, keyword: &Keyword, parser: &mut Parser) -> bool {
        self.inner.is_table_alias(keyword, parser)
    }

    fn is_table_factor_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool {
        self.inner.is_table_factor_alias(explicit, keyword, parser)
    }

    // what some drivers and builders write in any dialect
    always! {
        supports_in_empty_list supports_in_unparenthesized_expr supports_limit_comma supports_group_by_expr
        supports_filter_during_aggregation supports_update_order_by supports_insert_set supports_insert_table_alias
        supports_order_by_using_operator supports_boolean_literals supports_subquery_as_function_arg
    }

    as_inner! {
        allow_extract_custom allow_extract_single_quotes convert_type_before_value describe_requires_table_keyword
        require_interval_qualifier support_map_literal_syntax supports_aliased_function_args
        supports_array_join_syntax supports_array_typedef_with_brackets supports_array_typedef_without_element_type
        supports_bang_not_operator supports_binary_kw_as_cast supports_bitwise_shift_operators
        supports_comma_separated_trim supports_connect_by supports_cross_join_constraint supports_cte_without_as
        supports_data_type_signed_suffix supports_dictionary_syntax supports_dollar_as_money_prefix
        supports_double_ampersand_operator supports_empty_projections supports_eq_alias_assignment
        supports_extract_comma_syntax supports_factorial_operator supports_geometric_types
        supports_group_by_with_modifier supports_interval_options supports_lambda_functions
        supports_left_associative_joins_without_parens supports_match_against supports_match_recognize
        supports_named_fn_args_with_assignment_operator supports_named_fn_args_with_colon_operator
        supports_named_fn_args_with_eq_operator supports_named_fn_args_with_expr_name
        supports_named_fn_args_with_rarrow_operator supports_notnull_operator supports_object_name_double_dot_notation
        supports_outer_join_operator supports_parens_around_table_factor supports_partition_by_after_order_by
        supports_select_expr_star supports_select_modifiers supports_select_wildcard_with_alias
        supports_string_escape_constant supports_string_literal_concatenation supports_struct_literal
        supports_table_hints supports_table_sample_before_alias supports_table_versioning supports_top_before_distinct
        supports_try_convert supports_values_as_table_factor supports_window_clause_named_window_reference
        supports_window_function_null_treatment_arg supports_within_after_array_aggregation supports_xml_expressions
    }
}
