//! The models of Django's own apps, as their migrations leave them: projects' migrations lead to them.

use super::state::{Field, Key, Model, Relation, State};

/// The names of apps that are known.
pub(super) const APPS: &[&str] =
    &["contenttypes", "auth", "sessions", "sites", "admin", "flatpages", "redirects", "authtoken"];

fn text(name: &str, length: i64) -> Field {
    Field { max_length: Some(length), ..Field::new(name, "CharField") }
}

fn of(name: &str, kind: &str) -> Field {
    Field::new(name, kind)
}

fn to(name: &str, app: &str, model: &str) -> Field {
    Field::foreign_key(name, (app.to_owned(), model.to_owned()), ir::Range::default())
}

fn to_many(name: &str, app: &str, model: &str) -> Field {
    let relation = Relation {
        to: (app.to_owned(), model.to_owned()),
        to_field: None,
        db_constraint: true,
        is_hidden: false,
        is_many: true,
        through: None,
        db_table: None,
    };
    Field { relation: Some(relation), ..Field::new(name, "ManyToManyField") }
}

fn model(app: &str, name: &str, table: &str, fields: Vec<Field>) -> Model {
    let mut model = Model { app: app.to_owned(), name: name.to_owned(), ..Model::default() };
    model.db_table = (!table.is_empty()).then(|| table.to_owned());
    model.fields = fields;
    if model.primary_key().is_none() {
        model.fields.insert(0, Field::id("AutoField", ir::Range::default()));
    }
    model
}

/// The fields of `AbstractUser`, without the key.
pub(crate) fn user_fields() -> Vec<Field> {
    let mut fields = vec![text("password", 128), Field { null: true, ..of("last_login", "DateTimeField") }];
    fields.push(of("is_superuser", "BooleanField"));
    fields.push(Field { unique: true, ..text("username", 150) });
    fields.extend([text("first_name", 150), text("last_name", 150), of("email", "EmailField")]);
    fields.extend([
        of("is_staff", "BooleanField"),
        of("is_active", "BooleanField"),
        of("date_joined", "DateTimeField"),
    ]);
    fields.extend([to_many("groups", "auth", "group"), to_many("user_permissions", "auth", "permission")]);
    fields
}

/// The models of an app. `user` is the model of users.
fn models(app: &str, user: &Key) -> Vec<Model> {
    let unique = |fields: &[&str]| vec![fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>()];
    let user_key = |name: &str| to(name, &user.0, &user.1);
    match app {
        "contenttypes" => {
            let fields = vec![text("app_label", 100), text("model", 100)];
            let made = model(app, "ContentType", "django_content_type", fields);
            vec![Model { unique_together: unique(&["app_label", "model"]), ..made }]
        }
        "auth" => {
            let fields =
                vec![text("name", 255), to("content_type", "contenttypes", "contenttype"), text("codename", 100)];
            let permission = model(app, "Permission", "", fields);
            let fields =
                vec![Field { unique: true, ..text("name", 150) }, to_many("permissions", "auth", "permission")];
            let mut all = vec![
                Model { unique_together: unique(&["content_type", "codename"]), ..permission },
                model(app, "Group", "", fields),
            ];
            if (user.0.as_str(), user.1.as_str()) == ("auth", "user") {
                all.push(model(app, "User", "", user_fields()));
            }
            all
        }
        "sessions" => {
            let key = Field { primary_key: true, ..text("session_key", 40) };
            let expires = Field { db_index: true, ..of("expire_date", "DateTimeField") };
            vec![model(app, "Session", "django_session", vec![key, of("session_data", "TextField"), expires])]
        }
        "sites" => {
            let fields = vec![Field { unique: true, ..text("domain", 100) }, text("name", 50)];
            vec![model(app, "Site", "django_site", fields)]
        }
        "admin" => {
            let content = to("content_type", "contenttypes", "contenttype");
            let fields = vec![
                of("action_time", "DateTimeField"),
                Field { null: true, ..of("object_id", "TextField") },
                text("object_repr", 200),
                of("action_flag", "PositiveSmallIntegerField"),
                of("change_message", "TextField"),
                Field { null: true, ..content },
                user_key("user"),
            ];
            vec![model(app, "LogEntry", "django_admin_log", fields)]
        }
        "flatpages" => {
            let fields = vec![
                Field { db_index: true, ..text("url", 100) },
                text("title", 200),
                of("content", "TextField"),
                of("enable_comments", "BooleanField"),
                text("template_name", 70),
                of("registration_required", "BooleanField"),
                to_many("sites", "sites", "site"),
            ];
            vec![model(app, "FlatPage", "django_flatpage", fields)]
        }
        "redirects" => {
            let old = Field { db_index: true, ..text("old_path", 200) };
            let fields = vec![to("site", "sites", "site"), old, text("new_path", 200)];
            let made = model(app, "Redirect", "django_redirect", fields);
            vec![Model { unique_together: unique(&["site", "old_path"]), ..made }]
        }
        "authtoken" => {
            let key = Field { primary_key: true, ..text("key", 40) };
            let user = user_key("user");
            let user = Field { unique: true, db_index: false, kind: "OneToOneField".to_owned(), ..user };
            vec![model(app, "Token", "", vec![key, of("created", "DateTimeField"), user])]
        }
        _ => Vec::new(),
    }
}

/// Adds the models of an app, and of the apps that it leads to, and says which.
pub(crate) fn add(state: &mut State, app: &str, user: &Key, id: &str) -> Vec<Key> {
    let needs: &[&str] = match app {
        "auth" | "admin" => &["contenttypes"],
        "flatpages" | "redirects" => &["sites"],
        _ => &[],
    };
    let mut made = Vec::new();
    for app in needs.iter().chain([&app]) {
        for model in models(app, user) {
            let key = model.key();
            if state.model(&key).is_none() {
                state.add(model, id);
                made.push(key);
            }
        }
    }
    made
}
