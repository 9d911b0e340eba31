-- +goose NO TRANSACTION
-- +goose Up
SET lock_timeout = '5s';
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS tenants_display ON tenants USING btree ("displayName") WHERE "displayName" <> '';
CREATE UNIQUE INDEX CONCURRENTLY tenants_created ON tenants (created_at, id);
ALTER TABLE tenants ADD CONSTRAINT tenants_created_key UNIQUE USING INDEX tenants_created;
ALTER TABLE accounts ADD COLUMN owner_id bigint, ADD COLUMN IF NOT EXISTS name text;
ALTER TABLE accounts ADD CONSTRAINT accounts_owner_fk FOREIGN KEY (owner_id) REFERENCES tenants (id) NOT VALID;
ALTER TABLE accounts ADD CONSTRAINT accounts_named CHECK (name <> '') NOT VALID;
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_named;
ALTER TABLE accounts ALTER COLUMN name TYPE text USING trim(name), ALTER name DROP NOT NULL, ALTER COLUMN name SET DEFAULT 'none';
ALTER TABLE accounts RENAME COLUMN opened TO opened_on;
ALTER TABLE accounts RENAME CONSTRAINT accounts_tenant_id_fkey TO accounts_tenant_fk;
ALTER INDEX accounts_tenant_id_kind_idx RENAME TO accounts_by_kind;
ALTER TABLE accounts DROP COLUMN closed;
ALTER TABLE tenants RENAME TO customers;
ALTER TYPE account_kind ADD VALUE IF NOT EXISTS 'equity' BEFORE 'revenue';
ALTER TYPE account_kind RENAME VALUE 'expense' TO 'cost';
ALTER TABLE entries RENAME COLUMN memo TO note;
ALTER TABLE entries DETACH PARTITION entries_rest;
DROP TABLE IF EXISTS nothing_here, entries_rest CASCADE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'severity') THEN
        CREATE TYPE severity AS ENUM ('low', 'high');
    END IF;
END
$$;
-- +goose StatementEnd
ALTER TABLE audit.events ADD COLUMN severity severity NOT NULL DEFAULT 'low';
ALTER TABLE audit.events ALTER COLUMN id SET DATA TYPE bigint;

CREATE TABLE account_totals AS
    SELECT a.tenant_id, a.kind, count(*) AS entries, max(e.amount) AS largest, e.note::varchar(80) AS label
    FROM accounts a JOIN entries e ON e.account_id = a.id GROUP BY 1, 2, e.note;
CREATE MATERIALIZED VIEW busiest AS SELECT tenant_id, entries FROM account_totals WITH NO DATA;
CREATE UNIQUE INDEX busiest_tenant ON busiest (tenant_id);

CREATE TRIGGER accounts_touch BEFORE INSERT OR UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON accounts FOR SELECT TO PUBLIC USING (tenant_id = current_setting('app.tenant')::bigint);

-- +goose Down
DROP INDEX tenants_display;
