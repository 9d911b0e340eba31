-- +goose Up
CREATE TABLE entries (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id uuid NOT NULL,
    booked_at timestamp(3) without time zone NOT NULL,
    amount decimal(18,4) NOT NULL,
    doubled numeric(20,4) GENERATED ALWAYS AS (amount * 2) STORED,
    memo text COLLATE "C",
    invoice bigint DEFAULT nextval('invoice_number_seq'),
    flags bit(8),
    rate double precision,
    ratio float4,
    span tstzrange,
    duration interval,
    raw bytea,
    PRIMARY KEY (id, booked_at)
) PARTITION BY RANGE (booked_at);

CREATE INDEX entries_account ON entries (account_id, booked_at);
CREATE TABLE entries_2024 PARTITION OF entries FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE entries_rest PARTITION OF entries DEFAULT;
ALTER TABLE entries ADD CONSTRAINT entries_account_fk FOREIGN KEY (account_id) REFERENCES accounts;
CREATE TABLE entries_2025 (LIKE entries INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED);
ALTER TABLE entries ATTACH PARTITION entries_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

CREATE TABLE audit.events (
    id serial,
    tenant_id int8,
    at timestamp with time zone DEFAULT clock_timestamp(),
    payload json
);
CREATE TABLE audit.logins (ip inet NOT NULL, PRIMARY KEY (id)) INHERITS (audit.events);
ALTER TABLE audit.events ADD COLUMN actor text, ADD COLUMN weight smallint NOT NULL DEFAULT 1;
ALTER TABLE ONLY audit.events ADD CONSTRAINT events_pk PRIMARY KEY (id) WITH (fillfactor = 80);

CREATE TABLE bookings (
    room int NOT NULL,
    during tstzrange NOT NULL,
    EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room > 0)
);

-- +goose Down
DROP TABLE bookings;
