-- Each fault that a database can be given in a second, most of them in a table of its own.
CREATE EXTENSION pg_stat_statements;

CREATE TABLE customers (id bigint PRIMARY KEY, mail text NOT NULL, code text);
INSERT INTO customers SELECT n, 'c' || n || '@example.com', 'same' FROM generate_series(1, 20000) n;
CREATE INDEX customers_mail_idx ON customers (mail);
CREATE INDEX customers_mail_again_idx ON customers (mail);

-- a foreign key without an index, read as a whole again and again
CREATE TABLE orders (id serial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id) ON DELETE CASCADE, note text);
INSERT INTO orders (customer_id, note) SELECT n % 20000 + 1, repeat(md5(n::text), 3) FROM generate_series(1, 60000) n;
CREATE INDEX orders_note_idx ON orders (note);
ALTER TABLE orders ADD CONSTRAINT orders_note_check CHECK (note <> '') NOT VALID;
SELECT setval('orders_id_seq', 2000000000);

-- no key
CREATE TABLE events (at timestamptz NOT NULL DEFAULT now(), payload jsonb) WITH (autovacuum_enabled = false);
INSERT INTO events (payload) SELECT '{}' FROM generate_series(1, 30000);
UPDATE events SET payload = '{"a": 1}';

ANALYZE customers, orders;
SELECT pg_create_physical_replication_slot('forgotten', true);
