-- The catalog of PostgreSQL in the lines of `Schema::describe`. Expressions of indexes stand between the bytes 1 and 2,
-- so that the test can bring them into one form.
with own as (
  select c.oid, n.nspname as schema, c.relname as name, n.nspname || '.' || c.relname as full_name, c.relkind
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^pg_(toast|temp)'
    and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
),
tables as (select * from own where relkind in ('r', 'p')),
columns as (
  select 'column ' || t.full_name || '.' || a.attname || ' ' || replace(format_type(a.atttypid, a.atttypmod), '"', '')
    || case when a.attnotnull then ' not null' else '' end
    || case when a.attgenerated = '' and pg_get_expr(d.adbin, d.adrelid) !~ '^NULL::' then ' default' else '' end
    || case when a.attidentity <> '' then ' identity' else '' end
    || case when a.attgenerated <> '' then ' generated' else '' end as line
  from tables t join pg_attribute a on a.attrelid = t.oid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped
),
indexes as (
  select t.full_name, i.indexrelid, i.indisunique, i.indisprimary, i.indpred, i.indrelid, i.indnkeyatts, i.indnatts, x.relname,
    am.amname, con.contype,
    (select string_agg(
        case when i.indkey[k - 1] = 0 then '<' || chr(1) || pg_get_indexdef(i.indexrelid, k, true) || chr(2) || '>'
          else (select attname::text from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[k - 1]) end
        || case when i.indoption[k - 1] & 1 = 1 then ' desc' else '' end, ', ' order by k)
      from generate_series(1, i.indnkeyatts) k) as elements,
    (select string_agg((select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[k - 1]), ', ' order by k)
      from generate_series(i.indnkeyatts + 1, i.indnatts) k) as included
  from (select * from own where relkind in ('r', 'p', 'm')) t
  join pg_index i on i.indrelid = t.oid
  join pg_class x on x.oid = i.indexrelid
  join pg_am am on am.oid = x.relam
  left join pg_constraint con on con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x')
)
select 'table ' || full_name from tables
union all select line from columns
union all select 'primary key ' || full_name || ' (' || elements || ')' from indexes where contype = 'p'
union all select 'unique ' || full_name || ' ' || relname || ' (' || elements || ')' from indexes where contype = 'u'
union all select case when indisunique then 'unique ' else '' end || 'index ' || full_name || ' ' || relname || ' ' || amname
    || ' (' || elements || ')' || coalesce(' include (' || included || ')', '')
    || coalesce(' where ' || chr(1) || pg_get_expr(indpred, indrelid) || chr(2), '')
  from indexes
union all select 'foreign key ' || t.full_name || ' ' || c.conname || ' ('
    || (select string_agg(attname, ', ' order by k.n) from unnest(c.conkey) with ordinality k(num, n)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num)
    || ') -> ' || r.full_name || ' ('
    || (select string_agg(attname, ', ' order by k.n) from unnest(c.confkey) with ordinality k(num, n)
        join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.num)
    || ')'
    || case c.confdeltype when 'r' then ' on delete restrict' when 'c' then ' on delete cascade'
        when 'n' then ' on delete set null' when 'd' then ' on delete set default' else '' end
    || case c.confupdtype when 'r' then ' on update restrict' when 'c' then ' on update cascade'
        when 'n' then ' on update set null' when 'd' then ' on update set default' else '' end
    || case when c.convalidated then '' else ' not valid' end
  from pg_constraint c join tables t on t.oid = c.conrelid join own r on r.oid = c.confrelid
  where c.contype = 'f'
    -- one of many that stand for the partitions of the table that is referenced
    and not exists (select from pg_constraint p where p.oid = c.conparentid and p.conrelid = c.conrelid)
union all select 'check ' || t.full_name || ' ' || c.conname
  from pg_constraint c join tables t on t.oid = c.conrelid where c.contype = 'c'
union all select 'enum ' || n.nspname || '.' || t.typname || ' ('
    || (select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum e where e.enumtypid = t.oid) || ')'
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype = 'e' and n.nspname <> 'pg_catalog';
