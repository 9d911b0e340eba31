//! Which type a field has in each database, as Django's backends say it.

use sql::Dialect;

use super::state::{Field, State};
use crate::schemas::written::UNKNOWN;

/// The type of a field's column.
pub(crate) fn column_type(state: &State, field: &Field, dialect: Dialect) -> String {
    type_at(state, field, dialect, 0)
}

fn type_at(state: &State, field: &Field, dialect: Dialect, depth: usize) -> String {
    if let Some(own) = &field.own_type {
        return own.clone();
    }
    if let Some(relation) = field.relation.as_ref().filter(|_| depth < 8) {
        let (_, target) = state.target(relation, dialect);
        return match target {
            Some(target) => referring(&type_at(state, &target, dialect, depth + 1), &target, dialect),
            // a model of a package
            None => UNKNOWN.to_owned(),
        };
    }
    if field.kind == "ArrayField" {
        let base = field.base.as_ref().map_or_else(|| "text".to_owned(), |b| type_at(state, b, dialect, depth + 1));
        return format!("{base}[]");
    }
    of_kind(&field.kind, field, dialect)
}

/// The type of a column that references one of this type: it does not count up.
fn referring(of_target: &str, target: &Field, dialect: Dialect) -> String {
    match (dialect, target.kind.as_str()) {
        // checks and signs stay behind
        (Dialect::Sqlite, _) => of_target.replace(" unsigned", ""),
        _ => of_target.to_owned(),
    }
}

/// The type of a kind of fields.
fn of_kind(kind: &str, field: &Field, dialect: Dialect) -> String {
    let length = field.max_length.unwrap_or(255);
    let decimal = |name: &str| match field.max_digits {
        0 => name.to_owned(),
        digits => format!("{name}({digits}, {})", field.decimal_places),
    };
    let by = |postgres: &str, mysql: &str, sqlite: &str| {
        match dialect {
            Dialect::MySql => mysql,
            Dialect::Sqlite => sqlite,
            _ => postgres,
        }
        .to_owned()
    };

    match kind {
        "CharField" if field.max_length.is_none() => by("varchar", "longtext", "varchar"),
        "CharField"
        | "SlugField"
        | "EmailField"
        | "URLField"
        | "FileField"
        | "ImageField"
        | "FilePathField"
        | "CommaSeparatedIntegerField" => format!("varchar({length})"),
        "TextField" => by("text", "longtext", "text"),
        "BooleanField" | "NullBooleanField" => by("boolean", "bool", "bool"),
        "AutoField" | "IntegerField" => "integer".to_owned(),
        "BigAutoField" | "BigIntegerField" => by("bigint", "bigint", "integer"),
        "SmallAutoField" | "SmallIntegerField" => by("smallint", "smallint", "smallint"),
        "PositiveIntegerField" => by("integer", "integer unsigned", "integer unsigned"),
        "PositiveBigIntegerField" => by("bigint", "bigint unsigned", "bigint unsigned"),
        "PositiveSmallIntegerField" => by("smallint", "smallint unsigned", "smallint unsigned"),
        "OrderWrt" => "integer".to_owned(),
        "FloatField" => by("double precision", "double precision", "real"),
        "DecimalField" => by(&decimal("numeric"), &decimal("numeric"), "decimal"),
        "DateField" => "date".to_owned(),
        "DateTimeField" => by("timestamp with time zone", "datetime(6)", "datetime"),
        "TimeField" => by("time", "time(6)", "time"),
        "DurationField" => by("interval", "bigint", "bigint"),
        "BinaryField" => by("bytea", "longblob", "BLOB"),
        "UUIDField" => by("uuid", "char(32)", "char(32)"),
        "IPAddressField" => by("inet", "char(15)", "char(15)"),
        "GenericIPAddressField" => by("inet", "char(39)", "char(39)"),
        "JSONField" => by("jsonb", "json", "text"),
        "HStoreField" => "hstore".to_owned(),
        "CICharField" | "CITextField" | "CIEmailField" => "citext".to_owned(),
        "SearchVectorField" => "tsvector".to_owned(),
        "IntegerRangeField" => "int4range".to_owned(),
        "BigIntegerRangeField" => "int8range".to_owned(),
        "DecimalRangeField" => "numrange".to_owned(),
        "DateTimeRangeField" => "tstzrange".to_owned(),
        "DateRangeField" => "daterange".to_owned(),
        "LTreeField" => "ltree".to_owned(),
        "VectorField" => match field.max_digits {
            0 => "vector".to_owned(),
            dimensions => format!("vector({dimensions})"),
        },
        "RasterField" => "raster".to_owned(),
        _ if is_geometry(kind) => {
            let shape = kind.trim_end_matches("Field").to_uppercase();
            by(&format!("geometry({shape},{})", field.srid), &shape, &shape)
        }
        // a field of another package, which may be no column at all
        _ => UNKNOWN.to_owned(),
    }
}

/// Fields of GIS.
pub(super) fn is_geometry(kind: &str) -> bool {
    const SHAPES: &[&str] = &[
        "PointField",
        "LineStringField",
        "PolygonField",
        "MultiPointField",
        "MultiLineStringField",
        "MultiPolygonField",
        "GeometryField",
        "GeometryCollectionField",
    ];
    SHAPES.contains(&kind)
}

/// Whether the database counts the column up.
pub(super) fn counts_up(field: &Field) -> bool {
    matches!(field.kind.as_str(), "AutoField" | "BigAutoField" | "SmallAutoField")
}

/// The check that comes with a kind.
pub(super) fn check(field: &Field, dialect: Dialect) -> Option<&'static str> {
    match (field.kind.as_str(), dialect) {
        _ if field.generated.is_some() => None,
        ("PositiveIntegerField" | "PositiveBigIntegerField" | "PositiveSmallIntegerField", Dialect::MySql) => None,
        ("PositiveIntegerField" | "PositiveBigIntegerField" | "PositiveSmallIntegerField", _) => Some(" >= 0"),
        _ => None,
    }
}

/// Whether a string is what is kept where nothing is said.
pub(super) fn is_text(field: &Field) -> bool {
    matches!(
        field.kind.as_str(),
        "CharField"
            | "TextField"
            | "SlugField"
            | "EmailField"
            | "URLField"
            | "FileField"
            | "ImageField"
            | "FilePathField"
    )
}

/// Whether MySQL can make no index of its columns.
pub(super) fn is_limited(of_type: &str, dialect: Dialect) -> bool {
    let limited = ["text", "longtext", "longblob", "json", "blob"];
    dialect == Dialect::MySql && limited.contains(&of_type.to_ascii_lowercase().as_str())
}

#[rustfmt::skip]
/// Classes of fields that are known by name, Django's and those of packages, with the kind that they have.
const KINDS: &[(&str, &str)] = &[
    ("AutoField", "AutoField"), ("BigAutoField", "BigAutoField"), ("SmallAutoField", "SmallAutoField"),
    ("BigIntegerField", "BigIntegerField"), ("BinaryField", "BinaryField"), ("BooleanField", "BooleanField"),
    ("CharField", "CharField"), ("CommaSeparatedIntegerField", "CommaSeparatedIntegerField"),
    ("DateField", "DateField"), ("DateTimeField", "DateTimeField"), ("DecimalField", "DecimalField"),
    ("DurationField", "DurationField"), ("EmailField", "EmailField"), ("FileField", "FileField"),
    ("FilePathField", "FilePathField"), ("FloatField", "FloatField"), ("ForeignKey", "ForeignKey"),
    ("GenericIPAddressField", "GenericIPAddressField"), ("IPAddressField", "IPAddressField"),
    ("ImageField", "ImageField"), ("IntegerField", "IntegerField"), ("JSONField", "JSONField"),
    ("ManyToManyField", "ManyToManyField"), ("NullBooleanField", "NullBooleanField"),
    ("OneToOneField", "OneToOneField"), ("PositiveBigIntegerField", "PositiveBigIntegerField"),
    ("PositiveIntegerField", "PositiveIntegerField"), ("PositiveSmallIntegerField", "PositiveSmallIntegerField"),
    ("SlugField", "SlugField"), ("SmallIntegerField", "SmallIntegerField"), ("TextField", "TextField"),
    ("TimeField", "TimeField"), ("URLField", "URLField"), ("UUIDField", "UUIDField"),
    ("GeneratedField", "GeneratedField"), ("OrderWrt", "OrderWrt"),
    ("ArrayField", "ArrayField"), ("HStoreField", "HStoreField"), ("CICharField", "CICharField"),
    ("CITextField", "CITextField"), ("CIEmailField", "CIEmailField"), ("SearchVectorField", "SearchVectorField"),
    ("IntegerRangeField", "IntegerRangeField"), ("BigIntegerRangeField", "BigIntegerRangeField"),
    ("DecimalRangeField", "DecimalRangeField"), ("FloatRangeField", "DecimalRangeField"),
    ("DateTimeRangeField", "DateTimeRangeField"), ("DateRangeField", "DateRangeField"),
    ("PointField", "PointField"), ("LineStringField", "LineStringField"), ("PolygonField", "PolygonField"),
    ("MultiPointField", "MultiPointField"), ("MultiLineStringField", "MultiLineStringField"),
    ("MultiPolygonField", "MultiPolygonField"), ("GeometryField", "GeometryField"),
    ("GeometryCollectionField", "GeometryCollectionField"), ("RasterField", "RasterField"),
    // no column
    ("GenericForeignKey", ""), ("GenericRelation", ""), ("TaggableManager", ""), ("ClusterTaggableManager", ""),
    ("GenericTaggableManager", ""), ("CompositePrimaryKey", ""), ("ForeignObject", ""), ("property", ""),
    // of packages
    ("TreeForeignKey", "ForeignKey"), ("TreeOneToOneField", "OneToOneField"), ("TreeManyToManyField", "ManyToManyField"),
    ("ParentalKey", "ForeignKey"), ("ParentalManyToManyField", "ManyToManyField"),
    ("SortedManyToManyField", "ManyToManyField"), ("AutoOneToOneField", "OneToOneField"),
    ("AutoCreatedField", "DateTimeField"), ("AutoLastModifiedField", "DateTimeField"), ("MonitorField", "DateTimeField"),
    ("CreationDateTimeField", "DateTimeField"), ("ModificationDateTimeField", "DateTimeField"),
    ("AutoSlugField", "SlugField"), ("StatusField", "CharField"), ("PhoneNumberField", "CharField"),
    ("CountryField", "CharField"), ("TimeZoneField", "CharField"), ("LanguageField", "CharField"),
    ("ThumbnailerField", "FileField"), ("ThumbnailerImageField", "ImageField"), ("ProcessedImageField", "ImageField"),
    ("VersatileImageField", "ImageField"), ("SortableImageField", "ImageField"), ("StdImageField", "ImageField"),
    ("MarkdownField", "TextField"), ("HTMLField", "TextField"), ("RichTextField", "TextField"),
    ("RichTextUploadingField", "TextField"), ("StreamField", "TextField"), ("PickledObjectField", "TextField"),
    ("PickleField", "TextField"), ("TextJSONField", "TextField"), ("EncryptedTextField", "TextField"),
    ("EncryptedCharField", "TextField"), ("EncryptedJSONField", "TextField"), ("MarkupField", "TextField"),
    ("MoneyField", "DecimalField"), ("ShortUUIDField", "CharField"), ("ColorField", "CharField"),
    ("LTreeField", "LTreeField"), ("PathField", "LTreeField"), ("VectorField", "VectorField"),
    ("BitField", "BigIntegerField"), ("MultiSelectField", "CharField"), ("CurrencyField", "CharField"),
    ("OrderField", "IntegerField"), ("CronField", "CharField"),
];

/// The kind of a class that is known by its name.
pub(crate) fn kind_of(class: &str) -> Option<&'static str> {
    KINDS.iter().find(|(name, _)| *name == class).map(|(_, kind)| *kind)
}

/// The kind that a class of an unknown package has by its name: `FernetTextField`.
pub(super) fn guessed_kind(class: &str) -> Option<&'static str> {
    let fits = |(name, _): &&(&str, &str)| class.ends_with(name);
    KINDS.iter().filter(fits).max_by_key(|(name, _)| name.len()).map(|(_, kind)| *kind)
}
