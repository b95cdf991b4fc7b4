apiGateway.core.apiGatewayClientFactory = {};

apiGateway.core.apiGatewayClientFactory.newClient = function (simpleHttpClientConfig, sigV4ClientConfig) {
    var simple = apiGateway.core.simpleHttpClientFactory.newClient(simpleHttpClientConfig);
    var signing = apiGateway.core.sigV4ClientFactory.newClient(sigV4ClientConfig);

    return {
        makeRequest: function (request, authType, additionalParams, apiKey) {
            additionalParams = additionalParams || {};
            var utils = apiGateway.core.utils;
            var headers = utils.mergeInto(request.headers, additionalParams.headers);
            if (apiKey) {
                headers['x-api-key'] = apiKey;
            }
            var whole = utils.mergeInto(request, {
                headers: headers,
                queryParams: utils.mergeInto(request.queryParams, additionalParams.queryParams),
            });
            var hasCredentials = sigV4ClientConfig.accessKey && sigV4ClientConfig.secretKey;
            return (authType === 'AWS_IAM' && hasCredentials ? signing : simple).makeRequest(whole);
        },
    };
};
