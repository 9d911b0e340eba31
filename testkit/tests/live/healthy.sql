-- The same tables, as they should be.
CREATE EXTENSION pg_stat_statements;

CREATE TABLE customers (id bigint PRIMARY KEY, mail text NOT NULL, code text);
INSERT INTO customers SELECT n, 'c' || n || '@example.com', 'same' FROM generate_series(1, 20000) n;
CREATE UNIQUE INDEX customers_mail_idx ON customers (mail);

CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id) ON DELETE CASCADE, note text);
INSERT INTO orders (customer_id, note) SELECT n % 20000 + 1, repeat(md5(n::text), 3) FROM generate_series(1, 60000) n;
CREATE INDEX orders_customer_id_idx ON orders (customer_id);
ALTER TABLE orders ADD CONSTRAINT orders_note_check CHECK (note <> '');

CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), payload jsonb);
INSERT INTO events (payload) SELECT '{}' FROM generate_series(1, 30000);

-- measured on its partitions, told of the whole
CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX visits_at_idx ON visits (at);
INSERT INTO visits (at) SELECT date '2025-06-01' + n % 400 FROM generate_series(1, 20000) n;

ANALYZE;
