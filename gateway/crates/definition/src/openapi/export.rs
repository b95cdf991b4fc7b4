//! Writing an API as API Gateway exports it.
/// What references to models begin with. Source: CreateModel.
pub(crate) const MODELS_URL: &str = "https://apigateway.amazonaws.com/restapis/";
