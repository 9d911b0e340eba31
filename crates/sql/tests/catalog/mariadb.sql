-- The catalog of MariaDB in the lines of `Schema::describe`.
select concat('table ', table_name) from information_schema.tables
  where table_schema = database() and table_type = 'BASE TABLE'
union all select concat('column ', table_name, '.', column_name, ' ', column_type,
    if(is_nullable = 'NO', ' not null', ''),
    if(column_default is not null and column_default <> 'NULL', ' default', ''),
    if(extra like '%auto_increment%', ' identity', ''),
    if(generation_expression is not null, ' generated', ''))
  from information_schema.columns
  where table_schema = database()
    and table_name in (select table_name from information_schema.tables where table_schema = database() and table_type = 'BASE TABLE')
union all select concat('primary key ', table_name, ' (', group_concat(column_name order by seq_in_index separator ', '), ')')
  from information_schema.statistics where table_schema = database() and index_name = 'PRIMARY' group by table_name
union all select concat(if(max(non_unique) = 0, 'unique ', ''), 'index ', table_name, ' ', index_name, ' ', lower(max(index_type)),
    ' (', group_concat(column_name, if(collation = 'D', ' desc', '') order by seq_in_index separator ', '), ')')
  from information_schema.statistics where table_schema = database() group by table_name, index_name
union all select concat('foreign key ', k.table_name, ' ', k.constraint_name, ' (',
    group_concat(k.column_name order by k.ordinal_position separator ', '), ') -> ', k.referenced_table_name, ' (',
    group_concat(k.referenced_column_name order by k.ordinal_position separator ', '), ')',
    case max(r.delete_rule) when 'CASCADE' then ' on delete cascade' when 'SET NULL' then ' on delete set null' else '' end,
    case max(r.update_rule) when 'CASCADE' then ' on update cascade' when 'SET NULL' then ' on update set null' else '' end)
  from information_schema.key_column_usage k
  join information_schema.referential_constraints r
    on r.constraint_schema = k.constraint_schema and r.constraint_name = k.constraint_name and r.table_name = k.table_name
  where k.table_schema = database() and k.referenced_table_name is not null
  group by k.table_name, k.constraint_name, k.referenced_table_name
union all select concat('check ', table_name, ' ', constraint_name)
  from information_schema.check_constraints
  where constraint_schema = database() and check_clause not like 'json_valid%';
