//! `AWS::Lambda::Url`

use gateway_model::{
    FunctionUrl, FunctionUrlAuth, FunctionUrlCors, FunctionUrlInvokeMode, Spanned,
};

use super::super::object::Object;
use super::super::{Context, Piece};
use super::parts;
use crate::ids::function_url_id;

/// Seconds that browsers may keep the answer to a preflight. Source: Lambda API Reference, Cors, `MaxAge`.
const MAX_AGE_SECONDS_MAX: i64 = 86_400;

pub(in super::super) fn url(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let function = object.required_text("TargetFunctionArn");
    let auth = object.word("AuthType", FunctionUrlAuth::parse);
    if auth.is_none() {
        object.require("AuthType");
    }
    let cors = cors(object);
    let qualifier = object.plain_text("Qualifier");
    let invoke_mode = object.word("InvokeMode", FunctionUrlInvokeMode::parse);
    if invoke_mode == Some(FunctionUrlInvokeMode::ResponseStream) {
        let place = object.place_of("InvokeMode");
        object.warning(
            &place,
            "responses of functions are not streamed: they are sent when they are whole",
        );
    }
    if auth == Some(FunctionUrlAuth::AwsIam) {
        let place = object.place_of("AuthType");
        object.warning(
            &place,
            "AWS_IAM of function URLs is not served yet: every request is answered 403",
        );
    }
    // Whom it calls decides who may call.
    if object.is_unknown("Qualifier") {
        return None;
    }
    let function = function?;
    let (name, of_arn) = parts(&function.value);
    let qualifier = qualifier.or_else(|| of_arn.map(str::to_owned));
    Some(Piece::FunctionUrl(FunctionUrl {
        id: function_url_id(context.stack, context.logical_id),
        qualifier: qualifier.filter(|qualifier| qualifier != "$LATEST"),
        function: Spanned::new(name.to_owned(), function.place),
        auth: auth?,
        cors,
        invoke_mode,
        place: object.place(),
    }))
}

fn cors(object: &mut Object<'_>) -> Option<FunctionUrlCors> {
    let mut cors = object.object("Cors")?;
    let max_age = cors.integer("MaxAge");
    let expected = format!("from 0 to {MAX_AGE_SECONDS_MAX}");
    let is_right = |seconds: &i64| (0..=MAX_AGE_SECONDS_MAX).contains(seconds);
    let read = FunctionUrlCors {
        allow_credentials: cors.boolean("AllowCredentials").unwrap_or_default(),
        allow_headers: texts(&mut cors, "AllowHeaders"),
        allow_methods: texts(&mut cors, "AllowMethods"),
        allow_origins: texts(&mut cors, "AllowOrigins"),
        expose_headers: texts(&mut cors, "ExposeHeaders"),
        max_age_seconds: cors.within("MaxAge", max_age, &expected, is_right),
    };
    cors.finish();
    Some(read)
}

/// Values that go into header fields.
fn texts(cors: &mut Object<'_>, name: &'static str) -> Vec<String> {
    let texts = cors.texts(name);
    if let Some(text) =
        texts.iter().find(|text| text.value.contains(|c: char| c.is_control() || c == ','))
    {
        let said =
            format!("{name} \"{}\" is no single value of a header", text.value.escape_debug());
        cors.error(&text.place, said);
    }
    texts.into_iter().map(|text| text.value).collect()
}
