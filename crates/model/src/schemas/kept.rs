//! The tables in which tools keep which migrations ran.

/// Whether a table is one in which a tool keeps which migrations ran.
pub fn is_of_tools(name: &str) -> bool {
    const KEPT: [&str; 17] = [
        "_prisma_migrations",
        "_sqlx_migrations",
        "__EFMigrationsHistory",
        "__diesel_schema_migrations",
        "alembic_version",
        "ar_internal_metadata",
        "databasechangelog",
        "databasechangeloglock",
        "django_migrations",
        "flyway_schema_history",
        "goose_db_version",
        "gorp_migrations",
        "knex_migrations",
        "knex_migrations_lock",
        "pgmigrations",
        "schema_migrations",
        "SequelizeMeta",
    ];
    KEPT.contains(&name) || matches!(name, "migrations" | "seaql_migrations" | "typeorm_metadata")
}
