//! REST APIs and what hangs on them.

use crate::closed::closed_names;
use crate::{
    Authorizer, AuthorizerId, Deployment, DeploymentId, DocumentationPartId, GatewayResponse,
    GatewayResponseType, HttpMethod, Json, Method, ModelId, PathPart, Place, RequestValidatorId,
    ResourceId, RestApiId, Spanned, Stage, StageName,
};
use std::collections::BTreeMap;

closed_names! {
    /// Where an API key comes from.
    pub enum ApiKeySource {
        /// The `x-api-key` header. The default.
        Header = "HEADER",
        /// The authorizer's answer.
        Authorizer = "AUTHORIZER",
    }
}

closed_names! {
    /// Where an API's endpoint lies.
    pub enum EndpointType {
        /// Behind AWS's edge network. The default.
        Edge = "EDGE",
        /// In a region.
        Regional = "REGIONAL",
        /// In a VPC.
        Private = "PRIVATE",
    }
}

closed_names! {
    /// How an imported document meets an API that exists.
    pub enum ImportMode {
        /// The document wins, what it lacks stays.
        Merge = "merge",
        /// The document replaces.
        Overwrite = "overwrite",
    }
}

closed_names! {
    /// What a documentation part describes.
    pub enum DocumentationPartType {
        /// The API.
        Api = "API",
        /// An authorizer.
        Authorizer = "AUTHORIZER",
        /// A model.
        Model = "MODEL",
        /// A resource.
        Resource = "RESOURCE",
        /// A method.
        Method = "METHOD",
        /// A path parameter.
        PathParameter = "PATH_PARAMETER",
        /// A query parameter.
        QueryParameter = "QUERY_PARAMETER",
        /// A request header.
        RequestHeader = "REQUEST_HEADER",
        /// A request body.
        RequestBody = "REQUEST_BODY",
        /// A response.
        Response = "RESPONSE",
        /// A response header.
        ResponseHeader = "RESPONSE_HEADER",
        /// A response body.
        ResponseBody = "RESPONSE_BODY",
    }
}

/// A REST API (`AWS::ApiGateway::RestApi`) with all that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct RestApi {
    /// Its id.
    pub id: RestApiId,
    /// Its name in the template.
    pub logical_id: String,
    /// Its human name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// A version label.
    pub version: Option<String>,
    /// Where API keys come from.
    pub api_key_source: ApiKeySource,
    /// Content types treated as bytes, `image/png` or `*/*`.
    pub binary_media_types: Vec<String>,
    /// The shortest response body that is compressed, in bytes; absent compresses nothing.
    pub minimum_compression_size: Option<u32>,
    /// Where its endpoint lies.
    pub endpoint: EndpointConfiguration,
    /// Whether `{id}.execute-api.…` is closed and only custom domain names reach it.
    pub disable_execute_api_endpoint: bool,
    /// Who may call, before any method is looked at.
    pub policy: Option<Spanned<Json>>,
    /// The TLS policy's name.
    pub security_policy: Option<String>,
    /// `BASIC` or `STRICT` host checks.
    pub endpoint_access_mode: Option<String>,
    /// A document to import, when the API is not written resource by resource.
    pub import: Option<ImportSource>,
    /// The API that this one copies.
    pub clone_from: Option<Spanned<String>>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// The resource `/`.
    pub root: ResourceId,
    /// The tree of resources, root included.
    pub resources: BTreeMap<ResourceId, Resource>,
    /// Models by name.
    pub models: BTreeMap<String, Model>,
    /// Request validators.
    pub request_validators: BTreeMap<RequestValidatorId, RequestValidator>,
    /// Authorizers.
    pub authorizers: BTreeMap<AuthorizerId, Authorizer>,
    /// Customised gateway responses.
    pub gateway_responses: BTreeMap<GatewayResponseType, GatewayResponse>,
    /// Documentation, which has no effect on requests.
    pub documentation_parts: Vec<DocumentationPart>,
    /// Snapshots of the documentation.
    pub documentation_versions: Vec<DocumentationVersion>,
    /// Deployments.
    pub deployments: BTreeMap<DeploymentId, Deployment>,
    /// Stages.
    pub stages: BTreeMap<StageName, Stage>,
    /// Where it was written.
    pub place: Place,
}

impl RestApi {
    /// An API with nothing but its root resource.
    #[must_use]
    pub fn new(id: RestApiId, name: &str, root: ResourceId, place: Place) -> Self {
        let resource = Resource {
            id: root.clone(),
            parent: None,
            path_part: PathPart::Root,
            path: "/".to_owned(),
            methods: BTreeMap::new(),
            place: place.clone(),
        };
        Self {
            id,
            logical_id: name.to_owned(),
            name: name.to_owned(),
            description: None,
            version: None,
            api_key_source: ApiKeySource::Header,
            binary_media_types: Vec::new(),
            minimum_compression_size: None,
            endpoint: EndpointConfiguration::default(),
            disable_execute_api_endpoint: false,
            policy: None,
            security_policy: None,
            endpoint_access_mode: None,
            import: None,
            clone_from: None,
            tags: BTreeMap::new(),
            root: root.clone(),
            resources: BTreeMap::from([(root, resource)]),
            models: BTreeMap::new(),
            request_validators: BTreeMap::new(),
            authorizers: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
            documentation_parts: Vec::new(),
            documentation_versions: Vec::new(),
            deployments: BTreeMap::new(),
            stages: BTreeMap::new(),
            place,
        }
    }

    /// Adds a resource below `parent`; its path follows from the parent's.
    ///
    /// Returns `None`, and adds nothing, when there is no such parent or the id is taken.
    pub fn add_resource(
        &mut self,
        id: ResourceId,
        parent: &ResourceId,
        path_part: PathPart,
        place: Place,
    ) -> Option<&mut Resource> {
        let above = self.resources.get(parent)?;
        if self.resources.contains_key(&id) {
            return None;
        }
        let path = format!("{}/{path_part}", above.path.trim_end_matches('/'));
        let resource = Resource {
            id: id.clone(),
            parent: Some(parent.clone()),
            path_part,
            path,
            methods: BTreeMap::new(),
            place,
        };
        Some(self.resources.entry(id).or_insert(resource))
    }

    /// The resource of a full path such as `/pets/{id}`.
    #[must_use]
    pub fn resource_at(&self, path: &str) -> Option<&Resource> {
        self.resources.values().find(|resource| resource.path == path)
    }
}

/// A node of the path tree (`AWS::ApiGateway::Resource`).
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// The node above; the root has none.
    pub parent: Option<ResourceId>,
    /// What it adds to its parent's path.
    pub path_part: PathPart,
    /// Its whole path, `/pets/{id}`.
    pub path: String,
    /// Its methods.
    pub methods: BTreeMap<HttpMethod, Method>,
    /// Where it was written.
    pub place: Place,
}

/// Where an API's endpoint lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointConfiguration {
    /// Its types; empty acts as `EDGE`.
    pub types: Vec<EndpointType>,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: Option<String>,
    /// The VPC endpoints of a private API.
    pub vpc_endpoint_ids: Vec<String>,
}

/// A document that an API is imported from.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportSource {
    /// The document itself (`Body`).
    pub body: Option<Spanned<Json>>,
    /// Where the document lies (`BodyS3Location`).
    pub body_s3_location: Option<S3Location>,
    /// How it meets what exists.
    pub mode: Option<ImportMode>,
    /// Whether a warning of the import fails it.
    pub fail_on_warnings: bool,
    /// Options of the import.
    pub parameters: BTreeMap<String, String>,
}

/// An object in S3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket.
    pub bucket: Option<String>,
    /// The object's key.
    pub key: Option<String>,
    /// The object's entity tag.
    pub etag: Option<String>,
    /// The object's version.
    pub version: Option<String>,
}

/// A schema for bodies (`AWS::ApiGateway::Model`).
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// Its name, which methods refer to.
    pub name: String,
    /// The content type that it describes.
    pub content_type: String,
    /// What it is for.
    pub description: Option<String>,
    /// A JSON schema of draft 4.
    pub schema: Option<Spanned<Json>>,
    /// Where it was written.
    pub place: Place,
}

/// What is checked before an integration is called (`AWS::ApiGateway::RequestValidator`).
#[derive(Clone, Debug, PartialEq)]
pub struct RequestValidator {
    /// Its id.
    pub id: RequestValidatorId,
    /// Its name.
    pub name: Option<String>,
    /// Whether the body must match its model.
    pub validate_request_body: bool,
    /// Whether required parameters must be there.
    pub validate_request_parameters: bool,
    /// Where it was written.
    pub place: Place,
}

/// Text about one part of an API (`AWS::ApiGateway::DocumentationPart`).
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentationPart {
    /// Its id.
    pub id: DocumentationPartId,
    /// What it describes.
    pub location: DocumentationLocation,
    /// A JSON object, as text.
    pub properties: String,
    /// Where it was written.
    pub place: Place,
}

/// What a documentation part describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentationLocation {
    /// The kind of part; absent acts as `API`.
    pub kind: Option<DocumentationPartType>,
    /// A resource's path.
    pub path: Option<String>,
    /// A verb.
    pub method: Option<String>,
    /// A status.
    pub status_code: Option<String>,
    /// A parameter's, model's or authorizer's name.
    pub name: Option<String>,
}

/// A snapshot of the documentation (`AWS::ApiGateway::DocumentationVersion`).
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentationVersion {
    /// Its label.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it was written.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_tree() {
        let root = ResourceId::new("root");
        let mut api = RestApi::new(RestApiId::new("a"), "A", root.clone(), Place::nowhere());
        let (pets, pet) = (ResourceId::new("pets"), ResourceId::new("pet"));
        let add = |api: &mut RestApi, id: &ResourceId, parent: &ResourceId, part: PathPart| {
            api.add_resource(id.clone(), parent, part, Place::nowhere()).map(|r| r.path.clone())
        };
        let literal = PathPart::Literal("pets".into());
        assert_eq!(add(&mut api, &pet, &pets, literal.clone()), None);
        assert_eq!(add(&mut api, &pets, &root, literal.clone()), Some("/pets".into()));
        assert_eq!(add(&mut api, &pets, &root, literal), None);
        let id = PathPart::Parameter("id".into());
        assert_eq!(add(&mut api, &pet, &pets, id), Some("/pets/{id}".into()));
        assert_eq!(api.resource_at("/pets/{id}").map(|r| &r.id), Some(&pet));
        assert_eq!(api.resource_at("/").map(|r| &r.id), Some(&root));
    }
}
