//! Schemas of Go, Java, C# and Rust: what migrations of Entity Framework Core and SeaORM make, and what the models of
//! GORM, XORM, JPA and Entity Framework Core declare.

#![allow(clippy::unwrap_used)]

use std::fs;

use specialist_engine::{Options, Session};
use sql::migrations::TransactionMode;

fn session(files: &[(&str, &str)]) -> Session {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Session::open(directory.path(), Options::default()).unwrap()
}

/// The lines of the only schema.
fn lines(session: &Session) -> Vec<String> {
    assert_eq!(session.model.schemas.len(), 1, "{:?}", session.model.schemas);
    let schema = &session.model.schemas[0].schema;
    assert_eq!(schema.misfits, []);
    schema.describe()
}

const CSPROJ: (&str, &str) = (
    "Shop.csproj",
    "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PackageReference Include=\"Npgsql.EntityFrameworkCore.PostgreSQL\" /></Project>",
);

#[test]
fn migrations_of_entity_framework_run_in_the_order_of_their_ids() {
    let later = r#"using Microsoft.EntityFrameworkCore.Migrations;
namespace Shop {
    [Migration("20240301000000_Rename")]
    public partial class Rename : Migration {
        protected override void Up(MigrationBuilder migrationBuilder) {
            migrationBuilder.RenameColumn(name: "Mail", table: "Users", newName: "Email");
            migrationBuilder.RenameTable(name: "Users", newName: "People");
            migrationBuilder.AlterColumn<string>(name: "Email", table: "People", type: "text", nullable: true, oldClrType: typeof(string), oldType: "character varying(80)");
            migrationBuilder.AddColumn<bool>(name: "Active", table: "People", nullable: false, defaultValue: false);
            Indexes(migrationBuilder);
            if (migrationBuilder.IsNpgsql()) {
                migrationBuilder.Sql("CREATE INDEX CONCURRENTLY people_name ON \"People\" (lower(\"FullName\"))", suppressTransaction: true);
            }
        }
        private void Indexes(MigrationBuilder builder) {
            builder.CreateIndex(name: "IX_People_Email", table: "People", columns: new[] { "Email", "Id" }, unique: true, descending: new[] { false, true }, filter: "\"Active\"");
        }
        protected override void Down(MigrationBuilder migrationBuilder) { }
    }
}"#;
    let first = r#"using Microsoft.EntityFrameworkCore.Migrations;
namespace Shop {
    public partial class Init : Migration {
        protected override void Up(MigrationBuilder migrationBuilder) {
            migrationBuilder.CreateTable(
                name: "Users",
                columns: table => new {
                    Id = table.Column<long>(nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Mail = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: false),
                    FullName = table.Column<string>(maxLength: 120, nullable: true),
                    BossId = table.Column<long>(nullable: true)
                },
                constraints: table => {
                    table.PrimaryKey("PK_Users", x => x.Id);
                    table.ForeignKey("FK_Users_Boss", x => x.BossId, "Users", "Id", onDelete: ReferentialAction.SetNull);
                });
        }
        protected override void Down(MigrationBuilder migrationBuilder) {
            migrationBuilder.DropTable(name: "Users");
        }
    }
}"#;
    let session = session(&[CSPROJ, ("Migrations/Rename.cs", later), ("Migrations/20240101000000_Init.cs", first)]);
    let schema = &session.model.schemas[0];
    let migrations = &schema.set.migrations;
    assert_eq!(migrations.iter().map(|m| m.version.as_str()).collect::<Vec<_>>(), ["20240101000000", "20240301000000"]);
    assert_eq!(migrations.iter().map(|m| m.is_reversible).collect::<Vec<_>>(), [true, false]);
    assert_eq!(migrations[1].transaction, TransactionMode::None);
    assert_eq!(
        lines(&session),
        [
            "column public.People.Active boolean not null default",
            "column public.People.BossId bigint",
            "column public.People.Email text",
            "column public.People.FullName character varying(120)",
            "column public.People.Id bigint not null identity",
            "foreign key public.People FK_Users_Boss (BossId) -> public.People (Id) on delete set null",
            "index public.People people_name btree (<lower FullName>)",
            "primary key public.People (Id)",
            "table public.People",
            "unique index public.People IX_People_Email btree (Email, Id desc) where Active",
            "unique index public.People PK_Users btree (Id)",
        ]
    );
}

#[test]
fn folders_of_years_are_one_and_types_say_the_database() {
    let other = "// <auto-generated />\nusing Microsoft.EntityFrameworkCore.Migrations;\npublic partial class More : Migration { protected override void Up(MigrationBuilder m) { m.DropColumn(name: \"At\", table: \"Notes\"); } }";
    let migration = r#"using Microsoft.EntityFrameworkCore.Migrations;
public partial class Init : Migration {
    protected override void Up(MigrationBuilder m) {
        m.CreateTable(name: "Notes", columns: t => new {
            Id = t.Column<string>(nullable: false).Annotation("MySql:CharSet", "utf8mb4"),
            Text = t.Column<string>(nullable: true),
            At = t.Column<DateTime>(nullable: false)
        }, constraints: t => { t.PrimaryKey("PK_Notes", x => x.Id); });
    }
}"#;
    let session = session(&[
        CSPROJ,
        ("Migrations/My/2025/20250101000000_More.cs", other),
        ("Migrations/My/2024/20240101000000_Init.cs", migration),
    ]);
    assert_eq!(session.model.schemas[0].set.directory, "Migrations/My");
    assert_eq!(
        lines(&session),
        [
            "column Notes.Id varchar(255) not null",
            "column Notes.Text longtext",
            "primary key Notes (Id)",
            "table Notes",
            "unique index Notes PRIMARY btree (Id)",
        ]
    );
}

#[test]
fn migrations_of_seaorm_run_in_the_order_of_their_list() {
    let list = "pub use sea_orm_migration::prelude::*;
mod m2_users;
mod m1_more;
mod m0_dead;
pub struct Migrator;
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m2_users::Migration), Box::new(m1_more::Migration)]
    }
}";
    let users = r#"use sea_orm_migration::{prelude::*, schema::*};
pub struct Migration;
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(
            Table::create().table(Users::Table).if_not_exists()
                .col(pk_auto(Users::Id))
                .col(string_uniq(Users::EMail))
                .col(ColumnDef::new(Users::CreatedAt).timestamp_with_time_zone().not_null().default(Expr::current_timestamp()))
                .col(ColumnDef::new(Alias::new("nick")).string_len(40))
                .to_owned(),
        ).await?;
        Ok(())
    }
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Users::Table).to_owned()).await
    }
}
#[derive(DeriveIden)]
pub enum Users { #[sea_orm(iden = "people")] Table, Id, #[sea_orm(iden = "email")] EMail, CreatedAt }
"#;
    let more = r#"use sea_orm_migration::prelude::*;
pub struct Migration;
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter().table(People::Table)
            .add_column(ColumnDef::new(People::BossId).integer().null())
            .to_owned();
        manager.alter_table(table).await?;
        manager.create_index(by_boss()).await?;
        let db = manager.get_connection();
        match manager.get_database_backend() {
            DbBackend::Postgres => { db.execute_unprepared("ALTER TABLE people ADD CHECK (boss_id <> id)").await?; }
            _ => { db.execute_unprepared("DROP TABLE people").await?; }
        }
        Ok(())
    }
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> { Ok(()) }
}
fn by_boss() -> IndexCreateStatement {
    Index::create().name("people_boss").table(People::Table).col(People::BossId).col((People::CreatedAt, IndexOrder::Desc)).to_owned()
}
#[derive(DeriveIden)]
enum People { Table, BossId, CreatedAt }
"#;
    let dead = users.replace("create_table", "drop_table");
    let session = session(&[
        (
            "Cargo.toml",
            "[package]\nname = \"m\"\n[dependencies]\nsea-orm-migration = { version = \"1\", features = [\"sqlx-postgres\"] }\n",
        ),
        ("src/lib.rs", list),
        ("src/m2_users.rs", users),
        ("src/m1_more.rs", more),
        ("src/m0_dead.rs", &dead),
    ]);
    assert_eq!(
        lines(&session),
        [
            "check public.people people_check",
            "column public.people.boss_id integer",
            "column public.people.created_at timestamp with time zone not null default",
            "column public.people.email character varying not null",
            "column public.people.id integer not null default",
            "column public.people.nick character varying(40)",
            "index public.people people_boss btree (boss_id, created_at desc)",
            "primary key public.people (id)",
            "table public.people",
            "unique index public.people people_email_key btree (email)",
            "unique index public.people people_pkey btree (id)",
            "unique public.people people_email_key (email)",
        ]
    );
    assert_eq!(
        session.model.schemas[0].set.migrations.iter().map(|m| m.is_reversible).collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn gorm_makes_what_is_given_to_auto_migrate() {
    let go = r#"package shop

import (
	"time"

	"gorm.io/gorm"
)

type Base struct {
	ID        uint64 `gorm:"primaryKey"`
	UpdatedAt time.Time
}

type Status string

type Category struct {
	Base
	Title string `gorm:"size:80;not null;unique"`
	Goods []Good `gorm:"many2many:category_goods;"`
}

type Good struct {
	Base
	Status   Status `gorm:"default:new;index:,sort:desc"`
	Price    *float64 `gorm:"precision:10;scale:2"`
	Picture  []byte
	Hidden   string `gorm:"-"`
	MakerID  uint64
	Maker    Maker
	DeletedAt gorm.DeletedAt
}

type Maker struct {
	Base
	Parts []Part
}

func (*Maker) TableName() string { return "makers_v2" }

type Part struct {
	Base
	MakerID uint64 `gorm:"index"`
}

type Answer struct {
	Count int64 `gorm:"column:n"`
}

func migrate(db *gorm.DB) {
	for _, model := range []any{&Category{}, &Good{}} {
		db.AutoMigrate(model)
	}
	db.AutoMigrate(new(Maker), &Part{})
}
"#;
    let session = session(&[
        ("go.mod", "module shop\nrequire gorm.io/driver/postgres v1.5.0\nrequire gorm.io/gorm v1.25.0\n"),
        ("shop.go", go),
    ]);
    let found: Vec<String> = lines(&session).into_iter().filter(|l| !l.starts_with("unique index")).collect();
    assert_eq!(
        found,
        [
            "column public.categories.id bigint not null default",
            "column public.categories.title character varying(80) not null",
            "column public.categories.updated_at timestamp with time zone",
            "column public.category_goods.category_id bigint not null",
            "column public.category_goods.good_id bigint not null",
            "column public.goods.deleted_at timestamp with time zone",
            "column public.goods.id bigint not null default",
            "column public.goods.maker_id bigint",
            "column public.goods.picture bytea",
            "column public.goods.price numeric(10,2)",
            "column public.goods.status text default",
            "column public.goods.updated_at timestamp with time zone",
            "column public.makers_v2.id bigint not null default",
            "column public.makers_v2.updated_at timestamp with time zone",
            "column public.parts.id bigint not null default",
            "column public.parts.maker_id bigint",
            "column public.parts.updated_at timestamp with time zone",
            "foreign key public.category_goods fk_category_goods_category (category_id) -> public.categories (id)",
            "foreign key public.category_goods fk_category_goods_good (good_id) -> public.goods (id)",
            "foreign key public.goods fk_goods_maker (maker_id) -> public.makers_v2 (id)",
            "foreign key public.parts fk_makers_v2_parts (maker_id) -> public.makers_v2 (id)",
            "index public.goods idx_goods_status btree (status desc)",
            "index public.parts idx_parts_maker_id btree (maker_id)",
            "primary key public.categories (id)",
            "primary key public.category_goods (category_id, good_id)",
            "primary key public.goods (id)",
            "primary key public.makers_v2 (id)",
            "primary key public.parts (id)",
            "table public.categories",
            "table public.category_goods",
            "table public.goods",
            "table public.makers_v2",
            "table public.parts",
            "unique public.categories uni_categories_title (title)",
        ]
    );
    let maker = session.model.stored.named("Good").and_then(|s| s.field("Maker")).and_then(|f| f.relation.clone());
    assert_eq!(maker.map(|r| r.to), Some("Maker".to_owned()));
    assert!(session.model.stored.named("Answer").is_some_and(|a| !a.is_made), "only read into");
}

#[test]
fn xorm_makes_what_is_given_to_sync() {
    let go = r#"package shop

import (
	"time"

	"xorm.io/xorm"
	"xorm.io/xorm/names"
)

type Label struct {
	ID        int64     `xorm:"bigint autoincr not null unique pk"`
	Title     string    `xorm:"varchar(250) not null"`
	CreatedBy int64     `xorm:"bigint not null INDEX"`
	Created   time.Time `xorm:"created not null"`
	Rights    map[string]int `xorm:"-"`
}

func sync(engine *xorm.Engine) error {
	engine.SetMapper(names.GonicMapper{})
	return engine.Sync(new(Label))
}
"#;
    let session = session(&[
        ("go.mod", "module shop\nrequire github.com/lib/pq v1.0.0\nrequire xorm.io/xorm v1.3.0\n"),
        ("shop.go", go),
    ]);
    assert_eq!(
        lines(&session),
        [
            "column public.label.created timestamp without time zone not null",
            "column public.label.created_by bigint not null",
            "column public.label.id bigint not null default",
            "column public.label.title character varying(250) not null",
            "index public.label IDX_label_created_by btree (created_by)",
            "primary key public.label (id)",
            "table public.label",
            "unique index public.label UQE_label_id btree (id)",
            "unique index public.label label_pkey btree (id)",
        ]
    );
}

const UPDATE: (&str, &str) = (
    "src/main/resources/application.properties",
    "spring.datasource.url=jdbc:postgresql://db/x\nspring.jpa.hibernate.ddl-auto=update\n",
);

#[test]
fn entities_of_jpa_are_named_as_spring_names_them() {
    let base = r#"package shop;
import jakarta.persistence.*;
import org.springframework.boot.SpringApplication;
@MappedSuperclass
public abstract class Base {
    @Id @GeneratedValue(strategy = GenerationType.IDENTITY) private Long id;
    @Column(nullable = false) private java.time.Instant createdAt;
}"#;
    let account = r#"package shop;
import jakarta.persistence.*;
import java.util.*;
@Entity
@Inheritance(strategy = InheritanceType.SINGLE_TABLE)
@Table(uniqueConstraints = @UniqueConstraint(name = "account_mail", columnNames = {"mailAddress"}))
public class UserAccount extends Base {
    @Column(length = 120, nullable = false) private String mailAddress;
    @Enumerated(EnumType.STRING) private Kind kind;
    @Embedded @AttributeOverride(name = "city", column = @Column(name = "home_city")) private Address home;
    @ElementCollection private Set<String> nickNames;
    @Transient private String shown;
    private static final int SIZE = 3;
    @Lob private String notes;
    @ManyToOne(fetch = FetchType.LAZY) private UserAccount boss;
    public enum Kind { A, B }
}"#;
    let address = "package shop;\nimport jakarta.persistence.*;\n@Embeddable\npublic class Address { private String city; private int floorNumber; }";
    let admin = "package shop;\nimport jakarta.persistence.*;\n@Entity\npublic class Admin extends UserAccount { private boolean root; }";
    let session = session(&[
        UPDATE,
        ("src/main/java/shop/Base.java", base),
        ("src/main/java/shop/UserAccount.java", account),
        ("src/main/java/shop/Address.java", address),
        ("src/main/java/shop/Admin.java", admin),
    ]);
    assert_eq!(
        lines(&session),
        [
            "column public.user_account.boss_id bigint",
            "column public.user_account.created_at timestamp with time zone not null",
            "column public.user_account.dtype character varying(31) not null",
            "column public.user_account.floor_number integer not null",
            "column public.user_account.home_city character varying(255)",
            "column public.user_account.id bigint not null identity",
            "column public.user_account.kind character varying(255)",
            "column public.user_account.mail_address character varying(120) not null",
            "column public.user_account.notes text",
            "column public.user_account.root boolean",
            "column public.user_account_nick_names.nick_names character varying(255)",
            "column public.user_account_nick_names.user_account_id bigint not null",
            "foreign key public.user_account user_account_boss_id_fkey (boss_id) -> public.user_account (id)",
            "foreign key public.user_account_nick_names user_account_nick_names_user_account_id_fkey (user_account_id) -> public.user_account (id)",
            "primary key public.user_account (id)",
            "table public.user_account",
            "table public.user_account_nick_names",
            "unique index public.user_account account_mail btree (mail_address)",
            "unique index public.user_account user_account_pkey btree (id)",
            "unique public.user_account account_mail (mail_address)",
        ]
    );
}

#[test]
fn entities_that_hibernate_does_not_make_have_no_statements() {
    let entity = "package shop;\nimport javax.persistence.*;\n@Entity\npublic class Order { private Long id; private String note;\n  @Id public Long getId() { return id; }\n  public void setId(Long id) { }\n  @Column(name = \"NOTE_TEXT\") public String getNote() { return note; }\n  public void setNote(String note) { } }";
    let session = session(&[("src/main/java/shop/Order.java", entity)]);
    assert!(session.model.schemas.is_empty());
    let order = session.model.stored.named("Order").unwrap();
    assert_eq!(order.table.name, "Order");
    assert_eq!(order.column_of("note"), Some("NOTE_TEXT"));
}

#[test]
fn models_of_entity_framework_follow_its_conventions() {
    let code = r#"#nullable enable
using System;
using System.Collections.Generic;
using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
namespace Shop;
public class ShopContext : DbContext {
    public DbSet<Order> Orders { get; set; } = null!;
    public DbSet<Customer> People => Set<Customer>();
    protected override void OnModelCreating(ModelBuilder modelBuilder) {
        modelBuilder.Entity<Order>(b => {
            b.ToTable("orders");
            b.Property(o => o.Number).HasColumnName("number").HasMaxLength(20);
            b.HasIndex(o => new { o.Number, o.PlacedAt }).IsUnique();
            b.HasOne(o => o.Customer).WithMany(c => c.Orders).HasForeignKey(o => o.BuyerId).OnDelete(DeleteBehavior.Restrict);
        });
    }
    public static void Start(ShopContext context) { context.Database.EnsureCreated(); }
}
public class Order {
    public int Id { get; set; }
    public string Number { get; set; } = "";
    public DateTime PlacedAt { get; set; }
    public long BuyerId { get; set; }
    public Customer Customer { get; set; } = null!;
    public Customer? Courier { get; set; }
    public List<Tag> Tags { get; set; } = new();
    public string Shown => Number;
}
public class Customer {
    [Key] public long Number { get; set; }
    [MaxLength(80)] public string? Name { get; set; }
    public ICollection<Order> Orders { get; set; } = new List<Order>();
}
[Index(nameof(Word), IsUnique = true)]
public class Tag {
    public Guid TagId { get; set; }
    public string Word { get; set; } = "";
    public List<Order> Orders { get; set; } = new();
}
"#;
    let session = session(&[CSPROJ, ("ShopContext.cs", code)]);
    assert_eq!(
        lines(&session),
        [
            "column public.OrderTag.OrdersId integer not null",
            "column public.OrderTag.TagsTagId uuid not null",
            "column public.People.Name character varying(80)",
            "column public.People.Number bigint not null identity",
            "column public.Tag.TagId uuid not null",
            "column public.Tag.Word text not null",
            "column public.orders.BuyerId bigint not null",
            "column public.orders.CourierNumber bigint",
            "column public.orders.Id integer not null identity",
            "column public.orders.PlacedAt timestamp with time zone not null",
            "column public.orders.number character varying(20) not null",
            "foreign key public.OrderTag OrderTag_OrdersId_fkey (OrdersId) -> public.orders (Id) on delete cascade",
            "foreign key public.OrderTag OrderTag_TagsTagId_fkey (TagsTagId) -> public.Tag (TagId) on delete cascade",
            "foreign key public.orders FK_orders_People_BuyerId (BuyerId) -> public.People (Number) on delete restrict",
            "foreign key public.orders FK_orders_People_CourierNumber (CourierNumber) -> public.People (Number)",
            "index public.OrderTag OrderTag_TagsTagId_idx btree (TagsTagId)",
            "index public.orders IX_orders_BuyerId btree (BuyerId)",
            "index public.orders IX_orders_CourierNumber btree (CourierNumber)",
            "primary key public.OrderTag (OrdersId, TagsTagId)",
            "primary key public.People (Number)",
            "primary key public.Tag (TagId)",
            "primary key public.orders (Id)",
            "table public.OrderTag",
            "table public.People",
            "table public.Tag",
            "table public.orders",
            "unique index public.OrderTag OrderTag_pkey btree (OrdersId, TagsTagId)",
            "unique index public.People PK_People btree (Number)",
            "unique index public.Tag IX_Tag_Word btree (Word)",
            "unique index public.Tag PK_Tag btree (TagId)",
            "unique index public.orders IX_orders_number_PlacedAt btree (number, PlacedAt)",
            "unique index public.orders PK_orders btree (Id)",
        ]
    );
}

#[test]
fn libraries_without_statements_say_tables_and_columns() {
    let user = "package a;\nimport com.baomidou.mybatisplus.annotation.*;\n@TableName(\"sys_user\")\npublic class User { @TableId private Long id; private String realName; @TableField(exist = false) private String token; @TableField(\"pwd\") private String password; }";
    let mapper = "package a;\nimport com.baomidou.mybatisplus.core.mapper.BaseMapper;\npublic interface LogMapper extends BaseMapper<AuditLog> { }";
    let log = "package a;\npublic class AuditLog { private Long id; private String actionName; }";
    let page = "package a;\nimport org.springframework.data.mongodb.core.mapping.*;\nimport org.springframework.data.mongodb.core.index.*;\n@Document(\"pages\")\n@CompoundIndex(name = \"by_site\", def = \"{'site': 1, 'at': -1}\")\npublic class Page { @Id private String id; @Indexed(unique = true) private String path; private String site; private long at; }";
    let rust = "use diesel::prelude::*;\n#[derive(Queryable, Selectable)]\n#[diesel(table_name = crate::schema::posts)]\n#[diesel(belongs_to(User))]\npub struct Post { pub id: i32, pub user_id: i32, #[diesel(column_name = body_text)] pub body: String }\n";
    let session = session(&[
        ("src/main/java/a/User.java", user),
        ("src/main/java/a/LogMapper.java", mapper),
        ("src/main/java/a/AuditLog.java", log),
        ("src/main/java/a/Page.java", page),
        ("Cargo.toml", "[package]\nname = \"x\"\n[dependencies]\ndiesel = \"2\"\n"),
        ("src/main.rs", rust),
    ]);
    let stored = &session.model.stored;
    let table = |name: &str| stored.named(name).map(|s| s.table.name.as_str());
    assert_eq!((table("User"), table("AuditLog"), table("Page")), (Some("sys_user"), Some("audit_log"), Some("pages")));
    let user = stored.named("User").unwrap();
    assert_eq!((user.column_of("realName"), user.column_of("password")), (Some("real_name"), Some("pwd")));
    assert!(user.field("token").is_none());
    let post = stored.named("Post").unwrap();
    assert_eq!((post.table.name.as_str(), post.column_of("body")), ("posts", Some("body_text")));
    assert!(post.field("user_id").is_some_and(|f| f.relation.as_ref().is_some_and(|r| r.to == "User")));
    let page = stored.named("Page").unwrap();
    assert!(page.is_document);
    assert_eq!(page.statements.len(), 3);
}
