//! Migrations and models of JavaScript as schemas: what the tools would make of small files.

#![allow(clippy::unwrap_used)] // a test may fail

use std::sync::Arc;

use base::{FileRole, Language, SourceFile, SourceMap};
use specialist_model::{Facts, Model};

fn model(files: &[(&str, &str)]) -> Model {
    let file = |(path, text): &(&str, &str)| {
        SourceFile::new((*path).to_owned(), (*text).into(), Language::of_path(path), FileRole::Production)
    };
    let sources = Arc::new(SourceMap::new(files.iter().map(file).collect()));
    let modules = sources.files().filter_map(|(id, file)| Some(lang::lower(id, file.language?, &file.text).module));
    let modules = modules.collect();
    Model::build(modules, sources, Arc::new(Facts::embedded().unwrap()), Vec::new())
}

/// The lines of the only schema that is found.
fn lines(files: &[(&str, &str)]) -> Vec<String> {
    let model = model(files);
    assert_eq!(
        model.schemas.len(),
        1,
        "one schema: {:?}",
        model.schemas.iter().map(|s| &s.set.directory).collect::<Vec<_>>()
    );
    assert_eq!(model.schemas[0].schema.misfits, [], "every change fits");
    model.schemas[0].schema.describe()
}

const POSTGRES: (&str, &str) = ("package.json", r#"{ "dependencies": { "pg": "8.0.0" } }"#);

#[test]
fn knex_makes_its_names_and_types() {
    let text = r"
        exports.up = async (knex) => {
          if (!(await knex.schema.hasTable('users'))) {
            await knex.schema.createTable('users', (t) => {
              t.increments();
              t.string('email').notNullable().unique();
              t.enum('role', ['admin', 'member']).defaultTo('member');
              t.timestamps(true, true);
            });
          }
          if (knex.client.config.client === 'mysql2') await knex.raw('ALTER TABLE users ENGINE = InnoDB');
          await knex.schema.alterTable('users', (t) => {
            t.bigInteger('team_id').references('id').inTable('users').onDelete('SET NULL').index();
            t.renameColumn('role', 'kind');
          }).catch(() => {});
          await knex('users').where({ id: 1 }).update({ kind: 'admin' });
        };
        exports.config = { transaction: false };
        exports.down = (knex) => knex.schema.dropTable('users');";
    let second = r"
        export async function up(knex) {
          if (await knex.schema.hasColumn('users', 'kind')) {
            return knex.schema.table('users', (t) => t.dropColumn('kind'));
          }
          throw new Error('cannot be');
        }";
    let files = [POSTGRES, ("db/migrations/2_b.js", second), ("db/migrations/1_a.js", text)];
    let model = model(&files);
    let found = &model.schemas[0];
    assert_eq!(found.set.migrations.len(), 2);
    assert!(found.set.migrations[0].is_reversible && !found.set.migrations[1].is_reversible);
    assert_eq!(found.set.migrations[0].transaction, sql::migrations::TransactionMode::None);
    assert_eq!(found.schema.misfits, []);
    let lines = found.schema.describe();
    for wanted in [
        "column public.users.created_at timestamp with time zone not null default",
        "column public.users.email character varying(255) not null",
        "column public.users.id integer not null default",
        "column public.users.team_id bigint",
        "foreign key public.users users_team_id_foreign (team_id) -> public.users (id) on delete set null",
        "index public.users users_team_id_index btree (team_id)",
        "primary key public.users (id)",
        "unique public.users users_email_unique (email)",
    ] {
        assert!(lines.iter().any(|l| *l == wanted), "{wanted}: {lines:#?}");
    }
    assert!(!lines.iter().any(|l| l.contains(".kind")), "{lines:#?}");
}

#[test]
fn sequelize_makes_its_names_and_types() {
    let text = r"
        module.exports = {
          up: async (queryInterface, Sequelize) => {
            const { DataTypes } = Sequelize;
            await queryInterface.createTable('Users', {
              id: { type: DataTypes.INTEGER, autoIncrement: true, primaryKey: true, allowNull: false },
              email: { type: Sequelize.STRING(100), unique: true, allowNull: false },
              teamId: { type: Sequelize.UUID, references: { model: 'Users', key: 'id' }, onDelete: 'cascade' },
              state: { type: Sequelize.ENUM('on', 'off'), defaultValue: 'on' },
              tags: Sequelize.ARRAY(Sequelize.STRING),
              createdAt: { type: Sequelize.DATE, defaultValue: Sequelize.NOW },
            });
            await Promise.all(['teamId', 'state'].map((name) => queryInterface.addIndex('Users', [name])));
            await queryInterface.addIndex('Users', { fields: ['teamId', 'state'], unique: true, where: { state: 'on' } });
          },
          down: (queryInterface) => queryInterface.dropTable('Users'),
        };";
    let lines = lines(&[POSTGRES, ("migrations/20200101-users.js", text)]);
    let wanted = [
        "column public.Users.createdAt timestamp with time zone",
        "column public.Users.email character varying(100) not null",
        "column public.Users.id integer not null default",
        "column public.Users.state enum_Users_state default",
        "column public.Users.tags character varying(255)[]",
        "column public.Users.teamId uuid",
        "enum public.enum_Users_state (on, off)",
        "foreign key public.Users Users_teamId_fkey (teamId) -> public.Users (id) on delete cascade",
        "index public.Users users_state btree (state)",
        "index public.Users users_team_id btree (teamId)",
        "primary key public.Users (id)",
        "table public.Users",
        "unique index public.Users Users_email_key btree (email)",
        "unique index public.Users Users_pkey btree (id)",
        "unique index public.Users users_team_id_state btree (teamId, state) where state = 'on'",
        "unique public.Users Users_email_key (email)",
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn typeorm_entities_are_named_as_typeorm_names_them() {
    let text = r"
        import { Column, Entity, Index, JoinTable, ManyToMany, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
        enum Kind { A = 'a', B = 'b' }
        class Address { @Column({ nullable: true }) city: string; }
        @Entity()
        @Index(['owner', 'kind'])
        export class PetOwner {
          @PrimaryGeneratedColumn() id: number;
          @Column({ type: 'enum', enum: Kind, default: Kind.A }) kind: Kind;
          @Column(() => Address) home: Address;
          @ManyToOne(() => PetOwner, { onDelete: 'CASCADE', nullable: false }) owner: PetOwner;
          @ManyToMany(() => PetOwner) @JoinTable() friends: PetOwner[];
        }";
    let lines = lines(&[POSTGRES, ("src/owner.ts", text)]);
    let wanted = [
        "column public.pet_owner.homeCity character varying",
        "column public.pet_owner.id integer not null default",
        "column public.pet_owner.kind pet_owner_kind_enum not null default",
        "column public.pet_owner.ownerId integer not null",
        "column public.pet_owner_friends_pet_owner.petOwnerId_1 integer not null",
        "column public.pet_owner_friends_pet_owner.petOwnerId_2 integer not null",
        "enum public.pet_owner_kind_enum (a, b)",
        "primary key public.pet_owner (id)",
        "primary key public.pet_owner_friends_pet_owner (petOwnerId_1, petOwnerId_2)",
    ];
    for wanted in wanted {
        assert!(lines.iter().any(|l| *l == wanted), "{wanted}: {lines:#?}");
    }
    assert!(lines.iter().any(|l| l.ends_with("btree (ownerId, kind)")), "{lines:#?}");
    assert!(lines.iter().any(|l| l.contains("(ownerId) -> public.pet_owner (id) on delete cascade")), "{lines:#?}");
}

#[test]
fn prisma_makes_its_names_and_types() {
    let text = r#"
        datasource db { provider = "postgresql" }
        enum Role { ADMIN MEMBER }
        model User {
          id    Int     @id @default(autoincrement())
          email String  @unique @db.VarChar(100) // the address
          role  Role    @default(MEMBER)
          posts Post[]
          liked Post[]  @relation("likes")
        }
        model Post {
          id       String   @id @default(uuid())
          author   User?    @relation(fields: [authorId], references: [id])
          authorId Int?     @map("author_id")
          at       DateTime @default(now())
          likedBy  User[]   @relation("likes")
          @@index([authorId, at(sort: Desc)])
          @@map("posts")
        }"#;
    let text = text
        .replace("{ ADMIN MEMBER }", "{\n ADMIN\n MEMBER\n }")
        .replace("db { provider = \"postgresql\" }", "db {\n provider = \"postgresql\"\n }");
    let lines = lines(&[POSTGRES, ("prisma/schema.prisma", &text)]);
    for wanted in [
        "column public.User.email character varying(100) not null",
        "column public.User.role Role not null default",
        "column public.posts.author_id integer",
        "column public.posts.at timestamp(3) without time zone not null default",
        "enum public.Role (ADMIN, MEMBER)",
        "foreign key public.posts posts_author_id_fkey (author_id) -> public.User (id) on delete set null on update cascade",
        "index public.posts posts_author_id_at_idx btree (author_id, at desc)",
        "primary key public._likes (A, B)",
        "unique index public.User User_email_key btree (email)",
    ] {
        assert!(lines.iter().any(|l| *l == wanted), "{wanted}: {lines:#?}");
    }
}

#[test]
fn mongoose_models_are_collections_with_indexes() {
    let text = r"
        const mongoose = require('mongoose');
        const { Schema } = mongoose;
        const address = new Schema({ city: { type: String, index: true } }, { _id: false });
        const userSchema = new Schema({
          email: { type: String, unique: true },
          friends: [{ type: Schema.Types.ObjectId, ref: 'User' }],
          home: address,
          stats: { logins: Number },
        }, { timestamps: true });
        userSchema.index({ email: 1 });
        userSchema.index({ createdAt: -1, 'stats.logins': 1 });
        module.exports = mongoose.model('User', userSchema);";
    let model = model(&[("package.json", "{}"), ("models/user.js", text)]);
    let stored = &model.stored.all[0];
    assert!(stored.is_document && stored.table.name == "users", "{stored:?}");
    let friends = stored.field("friends").unwrap().relation.as_ref().unwrap();
    assert!(friends.is_many && friends.to == "User");
    let found = &model.schemas[0];
    assert!(found.is_document);
    let lines = found.schema.describe();
    let indexes: Vec<&String> = lines.iter().filter(|l| l.contains("index ")).collect();
    assert_eq!(
        indexes,
        [
            "index users createdAt_-1_stats.logins_1 btree (createdAt, stats.logins)",
            "index users home.city_1 btree (home.city)",
            "unique index users PRIMARY btree (_id)",
            "unique index users email_1 btree (email)",
        ]
    );
}

#[test]
fn drizzle_tables_and_sequelize_models_are_stored() {
    let drizzle = r"
        import { index, integer, pgEnum, pgTable, serial, varchar } from 'drizzle-orm/pg-core';
        export const kind = pgEnum('kind', ['a', 'b']);
        export const users = pgTable('users', { id: serial('id').primaryKey(), kind: kind('kind') });
        export const posts = pgTable('posts', {
          id: serial().primaryKey(),
          title: varchar({ length: 80 }).notNull().default('none'),
          authorId: integer('author_id').references(() => users.id, { onDelete: 'cascade' }),
        }, (t) => ({ byAuthor: index().on(t.authorId, t.title) }));";
    let found = lines(&[POSTGRES, ("src/schema.ts", drizzle)]);
    for wanted in [
        "column public.posts.title character varying(80) not null default",
        "column public.users.kind kind",
        "foreign key public.posts posts_author_id_users_id_fk (author_id) -> public.users (id) on delete cascade",
        "index public.posts posts_author_id_title_index btree (author_id, title)",
        "primary key public.posts (id)",
    ] {
        assert!(found.iter().any(|l| *l == wanted), "{wanted}: {found:#?}");
    }
    let sequelize = r"
        module.exports = (sequelize, DataTypes) => {
          const Post = sequelize.define('BlogPost', { title: DataTypes.STRING, authorId: DataTypes.INTEGER },
            { underscored: true, paranoid: true, indexes: [{ fields: ['authorId'] }] });
          return Post;
        };";
    let found = lines(&[POSTGRES, ("models/post.js", sequelize)]);
    for wanted in [
        "column public.blog_posts.author_id integer",
        "column public.blog_posts.created_at timestamp with time zone not null",
        "column public.blog_posts.deleted_at timestamp with time zone",
        "index public.blog_posts blog_posts_author_id btree (author_id)",
        "primary key public.blog_posts (id)",
    ] {
        assert!(found.iter().any(|l| *l == wanted), "{wanted}: {found:#?}");
    }
}

#[test]
fn what_cannot_be_read_leaves_the_rest() {
    let text = r"
        exports.up = async (knex) => {
          for (const row of await knex('users')) await knex.raw(`ALTER TABLE ${row.name} ADD x int`);
          const name = process.argv[2];
          await knex.schema.createTable(name, (t) => t.increments());
          await knex.schema.createTable('after', (t) => { t.increments(); t.uuid('a').defaultTo(knex.raw('gen_random_uuid()')); });
        };";
    let lines = lines(&[POSTGRES, ("migrations/1.js", text)]);
    assert!(lines.contains(&"table public.after".to_owned()), "{lines:#?}");
    assert_eq!(lines.iter().filter(|l| l.starts_with("table ")).count(), 1, "{lines:#?}");
}
