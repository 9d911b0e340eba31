//! Schemas of Rails applications: what migrations, `db/schema.rb` and `db/structure.sql` make, and what records say.

#![allow(clippy::unwrap_used)]

use std::fs;

use specialist_engine::{Options, Session};
use sql::migrations::{Tool, TransactionMode};

const GEMS: (&str, &str) = ("Gemfile", "gem 'rails'\ngem 'pg'\n");

fn session(files: &[(&str, &str)]) -> Session {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Session::open(directory.path(), Options::default()).unwrap()
}

/// The lines of the only schema, without those of columns of other tables.
fn lines(session: &Session, columns_of: &str) -> Vec<String> {
    assert_eq!(session.model.schemas.len(), 1);
    let all = session.model.schemas[0].schema.describe();
    let column = format!("column public.{columns_of}.");
    all.into_iter().filter(|l| !l.starts_with("column ") || l.starts_with(&column)).collect()
}

#[test]
fn defaults_are_those_of_the_version() {
    let old = "class CreateShops < ActiveRecord::Migration
  def change
    create_table :shops do |t|
      t.references :owner
      t.string :name, null: false, default: ''
      t.datetime :opened_at
      t.timestamps
    end
  end
end";
    let new = "class CreateStaff < ActiveRecord::Migration[7.1]
  def change
    create_table :staff, id: :uuid do |t|
      t.references :shop, null: false, foreign_key: { on_delete: :cascade, name: 'staff_shop' }, type: :integer
      t.belongs_to :role, polymorphic: true
      t.datetime :hired_at
      t.timestamps
      t.index %i[shop_id hired_at], order: { hired_at: :desc }, where: 'hired_at IS NOT NULL'
    end
    add_check_constraint :staff, 'role_id > 0', name: 'positive'
  end
end";
    let session = session(&[
        GEMS,
        ("db/migrate/20150101000000_create_shops.rb", old),
        ("db/migrate/20240101000000_create_staff.rb", new),
    ]);
    assert_eq!(
        lines(&session, "shops"),
        [
            "check public.staff positive",
            "column public.shops.created_at timestamp without time zone",
            "column public.shops.id integer not null default",
            "column public.shops.name character varying not null default",
            "column public.shops.opened_at timestamp without time zone",
            "column public.shops.owner_id integer",
            "column public.shops.updated_at timestamp without time zone",
            "foreign key public.staff staff_shop (shop_id) -> public.shops (id) on delete cascade",
            "index public.staff index_staff_on_role btree (role_type, role_id)",
            "index public.staff index_staff_on_shop_id btree (shop_id)",
            "index public.staff index_staff_on_shop_id_and_hired_at btree (shop_id, hired_at desc) where hired_at is not null",
            "primary key public.shops (id)",
            "primary key public.staff (id)",
            "table public.shops",
            "table public.staff",
            "unique index public.shops shops_pkey btree (id)",
            "unique index public.staff staff_pkey btree (id)",
        ]
    );
    let staff: Vec<String> = lines(&session, "staff").into_iter().filter(|l| l.starts_with("column")).collect();
    assert_eq!(
        staff,
        [
            "column public.staff.created_at timestamp(6) without time zone not null",
            "column public.staff.hired_at timestamp(6) without time zone",
            "column public.staff.id uuid not null default",
            "column public.staff.role_id bigint",
            "column public.staff.role_type character varying",
            "column public.staff.shop_id integer not null",
            "column public.staff.updated_at timestamp(6) without time zone not null",
        ]
    );
}

#[test]
fn changes_find_what_they_change() {
    let made = "class Make < ActiveRecord::Migration[6.0]
  def change
    create_table :posts do |t|
      t.string :title
      t.bigint :writer_id
      t.index :title, unique: true
    end
    create_table(:people) { |t| t.citext :email }
    create_join_table :posts, :people
    add_index :posts, :writer_id
    add_foreign_key :posts, :people, column: :writer_id
  end
end";
    let changed = "class Change < ActiveRecord::Migration[6.0]
  disable_ddl_transaction!
  COLUMNS = { body: :text, views: :integer }.freeze

  def up
    return if column_exists?(:posts, :slug)

    COLUMNS.each { |name, type| add_column :posts, name, type, **options(type) }
    rename_column :posts, :title, :slug
    rename_table :posts, :articles
    remove_index :articles, :writer_id
    add_index :articles, %w[writer_id slug], algorithm: :concurrently
    change_table :people, bulk: true do |t|
      t.change :email, :string, limit: 200
      t.remove :nothing if column_exists?(:people, :nothing)
    end
    change_column_null :people, :email, false, 'none'
    change_column_default :people, :email, from: nil, to: ''
    execute <<~SQL
      UPDATE people SET email = 'x' WHERE email IS NULL
    SQL
    remove_foreign_key :articles, :people
  end

  def down
    raise ActiveRecord::IrreversibleMigration
  end

  private

  def options(type)
    type == :integer ? { default: 0, null: false } : {}
  end
end";
    let session =
        session(&[GEMS, ("db/migrate/20200101000000_make.rb", made), ("db/migrate/20200102000000_change.rb", changed)]);
    assert_eq!(
        lines(&session, "articles"),
        [
            "column public.articles.body text",
            "column public.articles.id bigint not null default",
            "column public.articles.slug character varying",
            "column public.articles.views integer not null default",
            "column public.articles.writer_id bigint",
            "index public.articles index_articles_on_writer_id_and_slug btree (writer_id, slug)",
            "primary key public.articles (id)",
            "primary key public.people (id)",
            "table public.articles",
            "table public.people",
            "table public.people_posts",
            "unique index public.articles articles_pkey btree (id)",
            "unique index public.articles index_articles_on_slug btree (slug)",
            "unique index public.people people_pkey btree (id)",
        ]
    );
    let found = &session.model.schemas[0];
    assert_eq!(found.schema.misfits, []);
    let modes: Vec<(bool, TransactionMode)> =
        found.set.migrations.iter().map(|m| (m.is_reversible, m.transaction)).collect();
    assert_eq!(modes, [(true, TransactionMode::Whole), (false, TransactionMode::None)]);
    let people = found.schema.table(&sql::Name::bare("people")).unwrap();
    let email = people.column("email", sql::Dialect::Postgres).unwrap();
    assert_eq!(email.data_type.to_string(), "character varying(200)");
    assert!(email.not_null && email.default.is_some());
    // the index lies where the migration makes it
    let articles = found.schema.table(&sql::Name::bare("articles")).unwrap();
    let index = articles.indexes.iter().find(|i| i.name.ends_with("_and_slug")).unwrap();
    assert_eq!(session.sources.start(index.origin.made).line, 12);
}

#[test]
fn the_schema_that_rails_wrote_counts_in_place_of_the_migrations() {
    let migration = "class Gone < ActiveRecord::Migration[7.0]
  def change
    add_column :orders, :note, :text
  end
end";
    let schema = "ActiveRecord::Schema[7.0].define(version: 2024_01_01_000000) do
  enable_extension \"plpgsql\"

  create_table \"orders\", force: :cascade do |t|
    t.string \"number\", limit: 20
    t.text \"note\"
    t.datetime \"paid_at\", precision: nil
    t.index [\"number\"], name: \"orders_number\", unique: true
  end
end";
    let written = session(&[GEMS, ("db/migrate/20240101000000_gone.rb", migration), ("db/schema.rb", schema)]);
    assert_eq!(written.model.schemas[0].set.directory, "db/migrate");
    assert_eq!(
        lines(&written, "orders"),
        [
            "column public.orders.id bigint not null default",
            "column public.orders.note text",
            "column public.orders.number character varying(20)",
            "column public.orders.paid_at timestamp without time zone",
            "primary key public.orders (id)",
            "table public.orders",
            "unique index public.orders orders_number btree (number)",
            "unique index public.orders orders_pkey btree (id)",
        ]
    );
    let structure = "SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.orders (id bigint NOT NULL, number character varying);
CREATE TABLE public.schema_migrations (version character varying NOT NULL);
ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
INSERT INTO \"schema_migrations\" (version) VALUES ('20240101000000');
";
    let dumped = session(&[GEMS, ("db/migrate/20240101000000_gone.rb", migration), ("db/structure.sql", structure)]);
    let tools: Vec<Tool> = dumped.model.schemas.iter().map(|s| s.set.tool).collect();
    assert_eq!(tools, [Tool::Rails], "the file counts once");
    assert!(dumped.model.schemas[0].schema.describe().contains(&"primary key public.orders (id)".to_owned()));
}

#[test]
fn each_database_and_application_has_its_own() {
    let table = |name: &str| {
        format!("class Make < ActiveRecord::Migration[7.0]\n  def change\n    create_table :{name}\n  end\nend\n")
    };
    let session = session(&[
        GEMS,
        ("config/application.rb", "module Shop\n  class Application < Rails::Application\n  end\nend\n"),
        ("db/migrate/1_make.rb", &table("users")),
        ("db/analytics_migrate/2_make.rb", &table("events")),
        ("engines/cart/db/migrate/3_make.rb", &table("carts")),
        ("lib/generators/shop/templates/db/migrate/4_make.rb", &table("copies")),
    ]);
    let tables = |at: usize| {
        let schema = &session.model.schemas[at].schema;
        schema.tables.keys().map(|t| t.name.as_str()).collect::<Vec<_>>()
    };
    let directories: Vec<&str> = session.model.schemas.iter().map(|s| s.set.directory.as_str()).collect();
    assert_eq!(directories, ["db/migrate", "db/analytics_migrate"]);
    assert_eq!((tables(0), tables(1)), (vec!["carts", "users"], vec!["events"]));
}

#[test]
fn records_have_tables_relations_and_what_they_check() {
    let models = "class ApplicationRecord < ActiveRecord::Base
  primary_abstract_class
end

module Sluggable
  extend ActiveSupport::Concern
  included do
    validates :slug, uniqueness: { scope: :shop }
  end
end

class Category < ApplicationRecord
  include Sluggable
  belongs_to :shop, class_name: 'Market::Shop', foreign_key: :market_id
  has_many :line_items
  validates :name, uniqueness: true, if: :published?
  validates_uniqueness_of :code, scope: %i[shop_id kind], case_sensitive: false
end

class SpecialCategory < Category
  validates :label, uniqueness: true
end

class Principal < ApplicationRecord
  self.table_name = \"#{table_name_prefix}users#{table_name_suffix}\"
end

class Legacy < ActiveRecord::Base
  self.table_name = 'old.things'
  belongs_to :subject, polymorphic: true
end

module Market
  def self.table_name_prefix
    'market_'
  end

  class Shop < ApplicationRecord
  end
end
";
    let session = session(&[GEMS, ("app/models/all.rb", models)]);
    let stored = &session.model.stored;
    let mut tables: Vec<String> = stored.all.iter().map(|s| format!("{} {}", s.name, s.table)).collect();
    tables.sort();
    assert_eq!(
        tables,
        [
            "Category categories",
            "Legacy old.things",
            "Principal users",
            "Shop market_shops",
            "SpecialCategory categories"
        ]
    );
    let category = stored.named("Category").unwrap();
    assert_eq!(category.column_of("shop"), Some("market_id"));
    assert_eq!(category.field("line_items").unwrap().relation.as_ref().unwrap().to, "LineItem");
    let mut checked: Vec<String> = category.checked_unique.iter().map(|(c, _)| c.join(" ")).collect();
    checked.sort();
    assert_eq!(checked, ["code shop_id kind", "slug market_id"]);
    let columns: Vec<&str> =
        stored.named("Legacy").unwrap().fields.iter().filter_map(|f| f.column.as_deref()).collect();
    assert_eq!(columns, ["subject_id", "subject_type"]);
}
