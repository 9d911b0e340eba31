-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE SCHEMA audit;
CREATE TYPE account_kind AS ENUM ('asset', 'liability', 'revenue', 'expense');
CREATE DOMAIN currency_code AS char(3) CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE SEQUENCE invoice_number_seq AS bigint START 1000;

CREATE TABLE tenants (
    id bigserial PRIMARY KEY,
    slug varchar(64) NOT NULL UNIQUE,
    "displayName" text NOT NULL DEFAULT '',
    settings jsonb NOT NULL DEFAULT '{}'::jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT slug_is_short CHECK (char_length(slug) BETWEEN 3 AND 64)
);

CREATE TABLE accounts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    parent_id uuid REFERENCES accounts (id) ON DELETE SET NULL ON UPDATE CASCADE,
    kind account_kind NOT NULL,
    currency currency_code NOT NULL DEFAULT 'EUR',
    name character varying(120) NOT NULL,
    opened date DEFAULT CURRENT_DATE,
    closed date CHECK (closed > opened),
    balance numeric(18, 4) NOT NULL DEFAULT 0 CHECK (balance >= -1000000),
    tags text[] NOT NULL DEFAULT ARRAY[]::text[],
    UNIQUE (tenant_id, name)
);
CREATE INDEX ON accounts (tenant_id, kind);
CREATE INDEX accounts_lower_name ON accounts (lower(name) text_pattern_ops);
CREATE INDEX accounts_open ON accounts (tenant_id, opened DESC NULLS LAST) INCLUDE (name) WHERE closed IS NULL;
CREATE INDEX accounts_tags ON accounts USING gin (tags);

-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    NEW.changed_at := now(); -- a semicolon; and another;
    RETURN NEW;
END;
$body$;
-- +goose StatementEnd

-- +goose Down
DROP TABLE accounts, tenants;
DROP TYPE account_kind;
