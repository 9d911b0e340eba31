//! Schemas of Python applications: what the migrations of Django and Alembic make, and what models declare.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;

use specialist_engine::{Options, Session};
use sql::migrations::{Tool, TransactionMode};

const POSTGRES: (&str, &str) = ("requirements.txt", "psycopg\n");

fn session(files: &[(&str, &str)]) -> Session {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Session::open(directory.path(), Options::default()).unwrap()
}

/// The lines of the only schema that speak of tables of this name's beginning, without their columns.
fn lines(session: &Session, tables: &str) -> Vec<String> {
    assert_eq!(session.model.schemas.len(), 1);
    let schema = &session.model.schemas[0].schema;
    assert_eq!(schema.misfits, [], "every change fits");
    let wanted = format!(" public.{tables}");
    let speaks = |line: &String| line.split(" -> ").next().is_some_and(|l| l.contains(&wanted));
    schema.describe().into_iter().filter(|l| speaks(l) && !l.starts_with("column ")).collect()
}

fn columns(session: &Session, table: &str) -> Vec<String> {
    let start = format!("column public.{table}.");
    let all: Vec<String> = session.model.schemas.iter().flat_map(|s| s.schema.describe()).collect();
    all.iter().filter_map(|l| l.strip_prefix(&start)).map(str::to_owned).collect()
}

const SHOP: &str = r#"from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("slug", models.SlugField(unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.CharField(db_index=True, max_length=20)),
                ("total", models.DecimalField(decimal_places=2, max_digits=10)),
                ("count", models.PositiveIntegerField(default=0)),
                ("placed", models.DateTimeField(null=True)),
                ("customer", models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL)),
                ("tags", models.ManyToManyField(to="shop.Tag")),
            ],
            options={"unique_together": {("customer", "number")}},
        ),
    ]
"#;

const LATER: &str = r#"from django.db import migrations, models


def fill(apps, schema_editor):
    apps.get_model("shop", "Purchase").objects.update(note="")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_initial")]

    operations = [
        migrations.RenameModel("Order", "Purchase"),
        migrations.RenameField("purchase", "placed", "placed_at"),
        migrations.AlterField("tag", "id", models.BigAutoField(primary_key=True, serialize=False)),
        migrations.AlterField("purchase", "number", models.CharField(max_length=30)),
        migrations.AddField("purchase", "note", models.TextField(default="")),
        migrations.AddIndex("purchase", models.Index(fields=["-placed_at"], name="shop_placed_idx")),
        migrations.AddConstraint(
            "purchase",
            models.UniqueConstraint(fields=["number"], condition=models.Q(count__gt=0), name="open_number"),
        ),
        migrations.AlterUniqueTogether("purchase", set()),
        migrations.RemoveField("purchase", "total"),
        migrations.RunPython(fill),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AddField("purchase", "ghost", models.IntegerField(null=True))],
        ),
    ]
"#;

#[test]
fn migrations_of_django_make_what_its_schema_editor_makes() {
    let session = session(&[
        POSTGRES,
        ("manage.py", "import django\n"),
        ("shop/migrations/0002_later.py", LATER),
        ("shop/migrations/0001_initial.py", SHOP),
    ]);
    let set = &session.model.schemas[0].set;
    assert_eq!(set.tool, Tool::Django);
    let told: Vec<_> = set.migrations.iter().map(|m| (m.name.as_str(), m.is_reversible, m.transaction)).collect();
    assert_eq!(
        told,
        [("shop.0001_initial", true, TransactionMode::Whole), ("shop.0002_later", false, TransactionMode::None)]
    );
    assert_eq!(
        columns(&session, "shop_purchase"),
        [
            "count integer not null",
            "customer_id integer not null",
            "id bigint not null identity",
            "note text not null",
            "number character varying(30) not null",
            "placed_at timestamp with time zone"
        ]
    );
    assert_eq!(
        columns(&session, "shop_purchase_tags"),
        ["id integer not null identity", "purchase_id bigint not null", "tag_id bigint not null"]
    );
    assert!(columns(&session, "auth_user").iter().any(|c| c == "username character varying(150) not null"));
    // Django 5.2 itself made these in PostgreSQL
    assert_eq!(lines(&session, "shop_purchase"), MADE_BY_DJANGO);
}

const MADE_BY_DJANGO: &[&str] = &[
    "check public.shop_purchase shop_order_count_check",
    "foreign key public.shop_purchase shop_order_customer_id_f638df20_fk_auth_user_id (customer_id) -> public.auth_user (id)",
    "foreign key public.shop_purchase_tags shop_purchase_tags_purchase_id_0ba08d70_fk_shop_purchase_id (purchase_id) -> public.shop_purchase (id)",
    "foreign key public.shop_purchase_tags shop_purchase_tags_tag_id_b2ac9c52_fk (tag_id) -> public.shop_tag (id)",
    "index public.shop_purchase shop_order_customer_id_f638df20 btree (customer_id)",
    "index public.shop_purchase shop_placed_idx btree (placed_at desc)",
    "index public.shop_purchase_tags shop_order_tags_order_id_5bb25cfa btree (purchase_id)",
    "index public.shop_purchase_tags shop_order_tags_tag_id_9a3f0a99 btree (tag_id)",
    "primary key public.shop_purchase (id)",
    "primary key public.shop_purchase_tags (id)",
    "table public.shop_purchase",
    "table public.shop_purchase_tags",
    "unique index public.shop_purchase open_number btree (number) where count > 0",
    "unique index public.shop_purchase shop_order_pkey btree (id)",
    "unique index public.shop_purchase_tags shop_order_tags_order_id_tag_id_2fbdacc8_uniq btree (purchase_id, tag_id)",
    "unique index public.shop_purchase_tags shop_order_tags_pkey btree (id)",
    "unique public.shop_purchase_tags shop_order_tags_order_id_tag_id_2fbdacc8_uniq (purchase_id, tag_id)",
];

#[test]
fn a_squashed_migration_runs_in_place_of_those_that_it_replaces() {
    let first = "from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [migrations.CreateModel('Old', [('id', models.AutoField(primary_key=True))])]
";
    let squashed = "from django.db import migrations, models

class Migration(migrations.Migration):
    replaces = [('app', '0001_initial'), ('app', '0002_new')]
    operations = [migrations.CreateModel('New', [('id', models.UUIDField(primary_key=True))])]
";
    let next = "from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [('app', '0002_new')]
    operations = [migrations.RunSQL('CREATE INDEX CONCURRENTLY new_idx ON app_new (id)', migrations.RunSQL.noop)]
";
    let session = session(&[
        POSTGRES,
        ("manage.py", ""),
        ("app/migrations/0001_initial.py", first),
        ("app/migrations/0001_squashed_0002_new.py", squashed),
        ("app/migrations/0003_index.py", next),
    ]);
    assert_eq!(
        lines(&session, "app_"),
        [
            "index public.app_new new_idx btree (id)",
            "primary key public.app_new (id)",
            "table public.app_new",
            "unique index public.app_new app_new_pkey btree (id)",
        ]
    );
}

#[test]
fn models_of_django_inherit_and_name_their_tables() {
    let models = r#"from django.db import models


class Stamped(models.Model):
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        abstract = True


class Place(Stamped):
    name = models.CharField("name", max_length=50, unique=True)
    owner = models.ForeignKey("auth.User", models.CASCADE, db_column="owner", related_name="places")

    class Meta:
        db_table = "places"
        indexes = [models.Index(fields=["owner", "-created"])]


class Restaurant(Place):
    guests = models.ManyToManyField("auth.User", related_name="+")


class Cheap(Restaurant):
    class Meta:
        proxy = True
"#;
    let session = session(&[POSTGRES, ("food/models.py", models), ("food/__init__.py", "")]);
    let stored = &session.model.stored;
    let tables: Vec<String> = stored.all.iter().map(|s| format!("{} {}", s.name, s.table)).collect();
    assert_eq!(tables, ["Place places", "Restaurant food_restaurant", "Cheap food_restaurant"]);
    let place = stored.named("Place").unwrap();
    assert_eq!(place.column_of("owner"), Some("owner"));
    let relation = place.field("owner").and_then(|f| f.relation.as_ref()).unwrap();
    assert_eq!((relation.to.as_str(), relation.is_many), ("User", false));
    let guests = stored.named("Restaurant").unwrap().field("guests").unwrap();
    assert!(guests.column.is_none() && guests.relation.as_ref().is_some_and(|r| r.is_many));
    assert_eq!(columns(&session, "places").len(), 4);
    let made = session.model.schemas[0].schema.describe();
    let has = |line: &str| assert!(made.iter().any(|l| l == line), "{line} in {made:#?}");
    has("index public.places places_owner_68d5e6_idx btree (owner, created desc)");
    has("primary key public.food_restaurant (place_ptr_id)");
}

const FIRST: &str = r#""""first"""
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "a1"
down_revision = None


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("status", sa.Enum("new", "old", name="status"), server_default="new", nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "orders",
        sa.Column("id", postgresql.UUID(as_uuid=True), primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("placed", sa.DateTime(timezone=True), server_default=sa.func.now()),
    )


def downgrade():
    op.drop_table("orders")
    op.drop_table("users")
"#;

const SECOND: &str = r#"from alembic import op
import sqlalchemy as sa

revision: str = "b2"
down_revision: str = "a1"

TABLES = ["users", "orders"]


def add_stamp(table, name="stamp"):
    op.add_column(table, sa.Column(name, sa.DateTime()))


def upgrade() -> None:
    for table in TABLES:
        add_stamp(table)
    with op.batch_alter_table("orders") as batch_op:
        batch_op.alter_column("placed", new_column_name="placed_at", nullable=False)
        batch_op.drop_constraint("orders_user_id_fkey", type_="foreignkey")
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("users")
    with op.get_context().autocommit_block():
        op.create_index("ix_placed", "orders", [sa.text("placed_at DESC")], postgresql_concurrently=True, unique=False)
    op.execute("UPDATE users SET status = 'old'")


def downgrade() -> None:
    raise NotImplementedError
"#;

#[test]
fn revisions_of_alembic_make_what_sqlalchemy_sends() {
    let session =
        session(&[POSTGRES, ("alembic/versions/b2_second.py", SECOND), ("alembic/versions/a1_first.py", FIRST)]);
    let set = &session.model.schemas[0].set;
    let told: Vec<_> = set.migrations.iter().map(|m| (m.version.as_str(), m.name.as_str(), m.is_reversible)).collect();
    assert_eq!(told, [("a1", "first", true), ("b2", "second", false)]);
    assert_eq!(set.migrations[0].transaction, TransactionMode::Whole);
    assert_eq!(set.migrations[1].transaction, TransactionMode::None);
    assert_eq!(
        lines(&session, "users"),
        [
            "primary key public.users (id)",
            "table public.users",
            "unique index public.users uq_users_email btree (email)",
            "unique index public.users users_pkey btree (id)",
            "unique public.users uq_users_email (email)",
        ]
    );
    assert_eq!(
        columns(&session, "users"),
        [
            "data jsonb",
            "email character varying(255) not null",
            "id integer not null default",
            "stamp timestamp without time zone",
            "status status not null default"
        ]
    );
    assert_eq!(
        lines(&session, "orders"),
        [
            "index public.orders ix_orders_user_id btree (user_id)",
            "index public.orders ix_placed btree (placed_at desc)",
            "primary key public.orders (id)",
            "table public.orders",
            "unique index public.orders orders_pkey btree (id)",
        ]
    );
    let backfill = set.migrations[1].statements("", set.dialect).into_iter().last().unwrap();
    assert!(matches!(backfill.kind, sql::StatementKind::Query(_)), "{backfill:?}");
}

#[test]
fn classes_of_sqlalchemy_say_tables_columns_and_relations() {
    let models = r#"from datetime import datetime
from sqlalchemy import ForeignKey, Index, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {"ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Stamped:
    created_at: Mapped[datetime] = mapped_column(index=True)


class User(Stamped, Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    orders: Mapped[list["Order"]] = relationship(back_populates="user")


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("user_id", "number"), Index("by_number", "number"))
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    user_id: Mapped[int] = mapped_column("owner_id", ForeignKey("users.id", ondelete="CASCADE"))
    user: Mapped["User"] = relationship(back_populates="orders")
"#;
    let session = session(&[POSTGRES, ("app/models.py", models)]);
    let stored = &session.model.stored;
    let order = stored.named("Order").unwrap();
    assert_eq!(order.column_of("user_id"), Some("owner_id"));
    let orders = stored.named("User").unwrap().field("orders").and_then(|f| f.relation.clone()).unwrap();
    assert_eq!((orders.to.as_str(), orders.is_many), ("Order", true));
    assert_eq!(
        columns(&session, "users"),
        [
            "created_at timestamp without time zone not null",
            "email character varying(200) not null",
            "id integer not null default"
        ]
    );
    assert_eq!(
        columns(&session, "orders"),
        ["id integer not null default", "number character varying", "owner_id integer not null"]
    );
    let made = session.model.schemas[0].schema.describe();
    let has = |line: &str| assert!(made.iter().any(|l| l == line), "{line} in {made:#?}");
    has("unique public.orders uq_orders_owner_id (owner_id, number)");
    has("index public.users ix_users_created_at btree (created_at)");
}

#[test]
fn flask_sqlalchemy_and_sqlmodel_name_their_tables() {
    let flask = r#"from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class OrderLine(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.Text, nullable=False)
"#;
    let sqlmodel = r#"from sqlmodel import Field, SQLModel


class HeroBase(SQLModel):
    name: str = Field(index=True, max_length=80)


class Hero(HeroBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team_id: int | None = Field(default=None, foreign_key="team.id")


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
"#;
    let session = session(&[POSTGRES, ("shop/models.py", flask), ("heroes/models.py", sqlmodel)]);
    assert_eq!(columns(&session, "order_line"), ["id integer not null default", "text text not null"]);
    assert_eq!(
        columns(&session, "hero"),
        ["id integer not null default", "name character varying(80) not null", "team_id integer"]
    );
    let names: Vec<&str> = session.model.stored.all.iter().map(|s| s.name.as_str()).collect();
    assert!(!names.contains(&"HeroBase"), "{names:?}");
}
