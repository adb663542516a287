//! What handlers take out of a call; what does not fit is refused as a [`Problem`].

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A body of JSON; as an answer, too.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// The parts of the address.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// What follows the question mark.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// The fields of a page's form.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        axum::Json(self.0).into_response()
    }
}

/// A body cannot be read: too large, broken off, no JSON, or of another form.
fn of_body(status: StatusCode, detail: String) -> Box<Problem> {
    let (code, remedy) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "send less at a time"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("media-type", "name the body's kind in Content-Type, as the document of this API says")
        }
        _ => ("body", "send a body of the form that the document of this API shows"),
    };
    Box::new(Problem::new(status, code, detail, remedy))
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Box<Problem>;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let read = axum::Json::<T>::from_request(request, state).await;
        read.map(|axum::Json(value)| Self(value))
            .map_err(|fault: JsonRejection| of_body(fault.status(), fault.body_text()))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Box<Problem>;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let read = axum::Form::<T>::from_request(request, state).await;
        read.map(|axum::Form(value)| Self(value))
            .map_err(|fault: FormRejection| of_body(fault.status(), fault.body_text()))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Box<Problem>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(value)| Self(value)).map_err(|fault: PathRejection| {
            let remedy = "use an id as lists and receipts show it";
            Box::new(Problem::new(StatusCode::NOT_FOUND, "not-an-id", fault.body_text(), remedy))
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Box<Problem>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(value)| Self(value)).map_err(|fault: QueryRejection| {
            let remedy = "see the document of this API for what may follow the question mark";
            Box::new(Problem::new(StatusCode::BAD_REQUEST, "query", fault.body_text(), remedy))
        })
    }
}
