var apigClientFactory = {};

apigClientFactory.newClient = function (config) {
    var apigClient = {};
    var settings = apiGateway.core.utils.mergeInto({
        accessKey: '',
        secretKey: '',
        sessionToken: '',
        region: '{{REGION}}',
        apiKey: undefined,
        defaultContentType: 'application/json',
        defaultAcceptType: 'application/json',
        endpoint: '{{ENDPOINT}}',
        serviceName: 'execute-api',
    }, config);
    settings.endpoint = settings.endpoint.replace(/\/+$/, '');
    var client = apiGateway.core.apiGatewayClientFactory.newClient(settings, settings);

    function call(method, params, body, additionalParams) {
        var utils = apiGateway.core.utils;
        additionalParams = additionalParams || {};
        utils.assertParametersDefined(params, method.required);
        var verb = method.verb === 'any' ? (additionalParams.verb || 'GET') : method.verb;
        return client.makeRequest({
            verb: verb.toUpperCase(),
            path: utils.expandPath(method.path, utils.parseParametersToObject(params, method.pathNames)),
            headers: utils.parseParametersToObject(params, method.headerNames),
            queryParams: utils.parseParametersToObject(params, method.queryNames),
            body: body,
        }, method.authType, additionalParams, settings.apiKey);
    }

{{METHODS}}    return apigClient;
};

if (typeof globalThis !== 'undefined') {
    globalThis.apigClientFactory = apigClientFactory;
}
