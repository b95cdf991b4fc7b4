//! What a document says of its API as a whole.

use super::cursor::Cursor;
use super::{EXTENSION, Importer, Version};
use crate::identity::is_custom_id;
use gateway_model::{
    ApiKeySource, EndpointType, GatewayResponse, GatewayResponseType, ParameterMapping,
    RequestValidator, RequestValidatorId, Spanned, StatusCode, Template,
};

/// The tag that gives an API its id.
const CUSTOM_ID: &str = "_custom_id_";

/// Source: RestApi, "between 0 and 10485760 (10M bytes, inclusive)".
const COMPRESSION_BYTES_MAX: u32 = 10_485_760;

const MEMBERS: [&str; 26] = [
    "openapi",
    "swagger",
    "info",
    "servers",
    "host",
    "basePath",
    "schemes",
    "consumes",
    "produces",
    "paths",
    "components",
    "definitions",
    "parameters",
    "responses",
    "securityDefinitions",
    "security",
    "tags",
    "externalDocs",
    "x-amazon-apigateway-api-key-source",
    "x-amazon-apigateway-binary-media-types",
    "x-amazon-apigateway-endpoint-configuration",
    "x-amazon-apigateway-gateway-responses",
    "x-amazon-apigateway-minimum-compression-size",
    "x-amazon-apigateway-policy",
    "x-amazon-apigateway-request-validator",
    "x-amazon-apigateway-request-validators",
];

/// Extensions of the root that are read elsewhere.
const OTHER_MEMBERS: [&str; 5] = [
    "x-amazon-apigateway-documentation",
    "x-amazon-apigateway-endpoint-access-mode",
    "x-amazon-apigateway-security-policy",
    // What follows describes HTTP APIs, and exports of them that are proxies import as REST APIs.
    "x-amazon-apigateway-cors",
    "x-amazon-apigateway-importexport-version",
];

impl<'n> Importer<'_, 'n> {
    pub(super) fn read_root(&mut self, root: &Cursor<'n>) {
        let known: Vec<&str> = MEMBERS.iter().chain(&OTHER_MEMBERS).copied().collect();
        root.expect_members(&known);
        self.info(root);
        self.tags(root);
        let extension = |name: &str| root.member(&format!("{EXTENSION}{name}"));
        if let Some(source) = root.word("x-amazon-apigateway-api-key-source", ApiKeySource::parse) {
            self.api.api_key_source = source;
        }
        for media_type in root.plain_texts("x-amazon-apigateway-binary-media-types") {
            if !self.api.binary_media_types.contains(&media_type) {
                self.api.binary_media_types.push(media_type);
            }
        }
        let size: Option<u32> = root.integer("x-amazon-apigateway-minimum-compression-size");
        if let Some(size) = size {
            if size > COMPRESSION_BYTES_MAX {
                let text = "Invalid minimum compression size, must be between 0 and 10485760";
                if let Some(at) = extension("minimum-compression-size") {
                    at.error(text);
                }
            } else {
                self.api.minimum_compression_size.get_or_insert(size);
            }
        }
        if let Some(policy) = extension("policy") {
            if policy.node.as_map().is_none() {
                policy.wrong_type("an object");
            } else {
                let policy = Spanned::new(policy.node.to_json(), policy.place().clone());
                self.api.policy.get_or_insert(policy);
            }
        }
        let set = |slot: &mut Option<String>, name: &str| {
            if slot.is_none() {
                *slot = root.plain_text(&format!("{EXTENSION}{name}"));
            }
        };
        set(&mut self.api.security_policy, "security-policy");
        set(&mut self.api.endpoint_access_mode, "endpoint-access-mode");
        self.endpoint_configuration(root);
        self.gateway_responses(root);
        self.request_validators(root);
    }

    fn info(&mut self, root: &Cursor<'n>) {
        let Some(info) = root.member("info") else {
            if self.api.name.is_empty() {
                root.error("Invalid OpenAPI input: \"info\" with a title is missing");
            }
            return;
        };
        // A name that the template gives has been put into the API.
        if self.api.name.is_empty() {
            match info.plain_text("title") {
                Some(title) if !title.is_empty() => self.api.name = title,
                _ => info.error("Invalid OpenAPI input: the API has no title"),
            }
        }
        let set = |slot: &mut Option<String>, name: &str| {
            if slot.is_none() {
                *slot = info.plain_text(name);
            }
        };
        set(&mut self.api.description, "description");
        set(&mut self.api.version, "version");
    }

    /// Tags with a value are the API's.
    fn tags(&mut self, root: &Cursor<'n>) {
        for tag in root.items_of("tags") {
            let value = tag.plain_text("x-amazon-apigateway-tag-value");
            if let (Some(name), Some(value)) = (tag.plain_text("name"), value) {
                self.api.tags.entry(name).or_insert(value);
            }
        }
    }

    /// At the root of a Swagger document, inside a server of an OpenAPI one; both are taken.
    fn endpoint_configuration(&mut self, root: &Cursor<'n>) {
        const NAME: &str = "x-amazon-apigateway-endpoint-configuration";
        let of_servers = root.items_of("servers").into_iter().filter_map(|s| s.member(NAME));
        for endpoint in root.member(NAME).into_iter().chain(of_servers) {
            endpoint.expect_members(&[
                "disableExecuteApiEndpoint",
                "vpcEndpointIds",
                "ipAddressType",
                "types",
            ]);
            if let Some(is_disabled) = endpoint.boolean("disableExecuteApiEndpoint") {
                self.api.disable_execute_api_endpoint |= is_disabled;
            }
            for id in endpoint.plain_texts("vpcEndpointIds") {
                if !self.api.endpoint.vpc_endpoint_ids.contains(&id) {
                    self.api.endpoint.vpc_endpoint_ids.push(id);
                }
            }
            if self.api.endpoint.ip_address_type.is_none() {
                self.api.endpoint.ip_address_type = endpoint.plain_text("ipAddressType");
            }
            if self.api.endpoint.types.is_empty() {
                for kind in endpoint.items_of("types") {
                    match kind.as_text().map(|text| EndpointType::parse(&text.value)) {
                        Some(Ok(kind)) => self.api.endpoint.types.push(kind),
                        Some(Err(unknown)) => kind.error(unknown),
                        None => {}
                    }
                }
            }
        }
    }

    fn gateway_responses(&mut self, root: &Cursor<'n>) {
        for (key, response) in root.members_of("x-amazon-apigateway-gateway-responses") {
            response.expect_members(&["statusCode", "responseParameters", "responseTemplates"]);
            let response_type = match GatewayResponseType::parse(&key.text) {
                Ok(response_type) => response_type,
                Err(unknown) => {
                    let names = unknown.expected.iter().copied();
                    let text = format!("no gateway response is called \"{}\"", key.text);
                    response.error_near(text, &key.text, names);
                    continue;
                }
            };
            let read = GatewayResponse {
                response_type,
                status_code: response.member("statusCode").and_then(|code| status_code(&code)),
                response_parameters: mappings(response.text_members("responseParameters")),
                response_templates: templates(response.text_members("responseTemplates")),
                place: response.place().clone(),
            };
            self.api.gateway_responses.entry(response_type).or_insert(read);
        }
    }

    fn request_validators(&mut self, root: &Cursor<'n>) {
        for (key, validator) in root.members_of("x-amazon-apigateway-request-validators") {
            validator.expect_members(&["validateRequestBody", "validateRequestParameters"]);
            let role = format!("validator {}", key.text);
            let id = RequestValidatorId::new(&self.settings.part_id(&role));
            let read = RequestValidator {
                id: id.clone(),
                name: Some(key.text.clone()),
                validate_request_body: validator.boolean("validateRequestBody").unwrap_or(false),
                validate_request_parameters: validator
                    .boolean("validateRequestParameters")
                    .unwrap_or(false),
                place: validator.place().clone(),
            };
            self.validators.insert(key.text.clone(), id.clone());
            self.api.request_validators.insert(id, read);
        }
    }

    /// What goes before every path, without a slash at its end.
    pub(super) fn path_prefix(&self) -> String {
        let base = base_path(&self.root).unwrap_or_default();
        let segments: Vec<&str> = base.split('/').filter(|segment| !segment.is_empty()).collect();
        let kept = match self.settings.base_path {
            super::BasePath::Ignore => &[][..],
            super::BasePath::Prepend => &segments[..],
            super::BasePath::Split => segments.get(1..).unwrap_or_default(),
        };
        kept.iter().map(|segment| format!("/{segment}")).collect()
    }

    /// The content types of a Swagger document, of an operation or of the whole.
    pub(super) fn media_types(&self, operation: &Cursor<'n>, name: &str) -> Vec<String> {
        let own = operation.plain_texts(name);
        let types = if own.is_empty() { self.root.plain_texts(name) } else { own };
        if !operation.charge(types.len()) {
            return Vec::new();
        }
        match (types.is_empty(), self.version) {
            (true, Version::V2) => vec!["application/json".to_owned()],
            _ => types,
        }
    }
}

/// The id that the tag `_custom_id_` asks for.
pub(super) fn custom_id(root: &Cursor<'_>) -> Option<String> {
    for tag in root.items_of("tags") {
        if tag.member("name").and_then(|name| name.node.scalar_text()).as_deref() != Some(CUSTOM_ID)
        {
            continue;
        }
        let value = tag.member("x-amazon-apigateway-tag-value")?;
        let id = value.as_text()?.value;
        if is_custom_id(&id) {
            return Some(id);
        }
        value.error(format!(
            "\"{id}\" cannot be an API's id: 1 to 63 of a-z, 0-9 and inner hyphens"
        ));
    }
    None
}

/// Swagger: `basePath`. OpenAPI: the default of the first server's variable `basePath`, or the path of
/// its URL.
pub(super) fn base_path(root: &Cursor<'_>) -> Option<String> {
    if let Some(path) = root.member("basePath") {
        return path.node.scalar_text();
    }
    let server = root.member("servers")?.items().into_iter().next()?;
    let variables = server.member("variables");
    let variable = variables.and_then(|variables| variables.member("basePath"));
    if let Some(default) = variable.and_then(|variable| variable.member("default")) {
        return default.node.scalar_text();
    }
    let url = server.member("url")?.node.scalar_text()?;
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = rest.find('/').map(|at| rest[at..].to_owned())?;
    // A variable that has no default is no path.
    (!path.contains('{')).then_some(path)
}

pub(super) fn status_code(code: &Cursor<'_>) -> Option<StatusCode> {
    let text = code.as_text()?;
    match StatusCode::parse(&text.value) {
        Ok(code) => Some(code),
        Err(error) => {
            code.error(error);
            None
        }
    }
}

pub(super) fn mappings(members: Vec<(Spanned<String>, Spanned<String>)>) -> Vec<ParameterMapping> {
    members.into_iter().map(|(target, source)| ParameterMapping { target, source }).collect()
}

pub(super) fn templates(members: Vec<(Spanned<String>, Spanned<String>)>) -> Vec<Template> {
    let members = members.into_iter();
    members
        .map(|(content_type, body)| Template { content_type: content_type.value, body })
        .collect()
}
