//! What data are described by, and what they may be used for.

use std::sync::Arc;

use axum::extract::State;
use galen_circuits::schema::{Class, Kind, Purpose, Schema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::check::lives;
use crate::desk::researcher::cohort::{self, Code};
use crate::desk::researcher::draft::{Draft, most_chunks};
use crate::web::extract::{Json, Path, Query};
use crate::web::{Answered, Problem};

pub fn routes() -> OpenApiRouter<Arc<ResearcherDesk>> {
    OpenApiRouter::new()
        .routes(routes!(purposes))
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(codes))
        .routes(routes!(fresh))
}

/// A purpose of GA4GH's Data Use Ontology.
#[derive(Serialize, ToSchema)]
struct PurposeView {
    short: &'static str,
    code: &'static str,
    name: &'static str,
}

/// A schema, and what it asks of requests.
#[derive(Serialize, ToSchema)]
struct SchemaView {
    id: String,
    name: String,
    version: u32,
    /// No request may ask for classes of fewer patients.
    k_floor: u16,
    /// No request may ask for fewer sensitive values in a class.
    l_floor: u16,
    /// No request may allow one value a larger share, per mille.
    alpha_ceiling: u16,
    /// Most chunks that may be scanned of each hospital.
    most_chunks: u32,
    /// For how many blocks a request may take contributions: least and most.
    life: (u64, u64),
    columns: Vec<ColumnView>,
}

/// A column of a schema.
#[derive(Serialize, ToSchema)]
struct ColumnView {
    name: String,
    /// `quasi-identifier`, `sensitive`, `plain` or `never-released`.
    class: &'static str,
    /// `number`, `date` or `category`.
    kind: &'static str,
    /// All its values, in words.
    domain: String,
    /// How many values it has.
    values: u16,
    /// What one step of width counts at least.
    weight: u16,
}

/// Which codes are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Codes {
    /// The column.
    column: String,
    /// The beginning of a name, or a part of a title; empty for a level of the tree.
    #[serde(default)]
    q: String,
    /// A group: only what lies below it.
    #[serde(default)]
    under: Option<String>,
}

/// A class's name.
pub fn class_word(class: Class) -> &'static str {
    match class {
        Class::QuasiIdentifier => "quasi-identifier",
        Class::Sensitive => "sensitive",
        Class::Plain => "plain",
        Class::NeverReleased => "never-released",
    }
}

fn view(desk: &ResearcherDesk, id: String, schema: &Schema) -> SchemaView {
    let columns = schema.columns().iter().map(|column| ColumnView {
        name: column.name.clone(),
        class: class_word(column.class),
        kind: match column.kind {
            Kind::Number(_) => "number",
            Kind::Date(_) => "date",
            Kind::Category(_) => "category",
        },
        domain: match &column.kind {
            Kind::Category(category) => format!("{} codes", category.size()),
            kind => kind.label(1, kind.size()),
        },
        values: column.kind.size(),
        weight: column.weight,
    });
    SchemaView {
        id,
        name: schema.name().to_owned(),
        version: schema.version(),
        k_floor: schema.k_floor(),
        l_floor: schema.l_floor(),
        alpha_ceiling: schema.alpha_ceiling(),
        most_chunks: most_chunks(schema),
        life: lives(&desk.config().windows),
        columns: columns.collect(),
    }
}

fn find(desk: &ResearcherDesk, id: &str) -> Answered<Arc<Schema>> {
    desk.schema(id)?.ok_or_else(|| Box::new(Problem::not_found("schema")))
}

/// What data may be used for
#[utoipa::path(get, path = "/v1/purposes", tag = "schemas", responses((status = 200, body = Vec<PurposeView>)))]
async fn purposes() -> Json<Vec<PurposeView>> {
    let view =
        |purpose: Purpose| PurposeView { short: purpose.short(), code: purpose.code(), name: purpose.name() };
    Json(Purpose::all().map(view).collect())
}

/// All schemas of the ledger
#[utoipa::path(get, path = "/v1/schemas", tag = "schemas", responses((status = 200, body = Vec<SchemaView>)))]
async fn list(State(desk): Desk) -> Answered<Json<Vec<SchemaView>>> {
    let schemas = desk.schemas()?;
    Ok(Json(schemas.iter().map(|(id, schema)| view(&desk, id.to_string(), schema)).collect()))
}

/// A schema
#[utoipa::path(get, path = "/v1/schemas/{id}", tag = "schemas", params(("id" = String, Path)),
    responses((status = 200, body = SchemaView), (status = 404, body = Problem)))]
async fn one(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<SchemaView>> {
    let schema = find(&desk, &id)?;
    Ok(Json(view(&desk, id, &schema)))
}

/// Search a column's codes, or walk its tree
#[utoipa::path(get, path = "/v1/schemas/{id}/codes", tag = "schemas", params(("id" = String, Path), Codes),
    responses((status = 200, body = Vec<Code>), (status = 404, body = Problem)))]
async fn codes(
    State(desk): Desk,
    Path(id): Path<String>,
    Query(wanted): Query<Codes>,
) -> Answered<Json<Vec<Code>>> {
    let schema = find(&desk, &id)?;
    if schema.find(&wanted.column).is_none() {
        return Err(Box::new(Problem::not_found("column")));
    }
    Ok(Json(cohort::codes(&schema, &wanted.column, &wanted.q, wanted.under.as_deref())))
}

/// A draft under a schema with everything set that has a usual value
#[utoipa::path(get, path = "/v1/schemas/{id}/draft", tag = "schemas", params(("id" = String, Path)),
    responses((status = 200, body = Draft), (status = 404, body = Problem)))]
async fn fresh(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<Draft>> {
    Ok(Json(Draft::under(&*find(&desk, &id)?)))
}
