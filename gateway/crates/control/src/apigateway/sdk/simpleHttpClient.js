apiGateway.core.simpleHttpClientFactory = {};

apiGateway.core.simpleHttpClientFactory.newClient = function (config) {
    function isText(type) {
        return /json|text|xml|javascript|x-www-form-urlencoded/.test(type || '');
    }

    return {
        // Resolves with {status, statusText, headers, data}; rejects with the same for a status of 300 or more.
        makeRequest: function (request) {
            var query = apiGateway.core.utils.buildQuery(request.queryParams);
            var url = config.endpoint + request.path + (query ? '?' + query : '');
            var headers = apiGateway.core.utils.mergeInto({ Accept: config.defaultAcceptType }, request.headers);
            var hasBody = request.body !== undefined && request.body !== null && request.body !== '';
            if (hasBody && !Object.keys(headers).some(function (name) { return name.toLowerCase() === 'content-type'; })) {
                headers['Content-Type'] = config.defaultContentType;
            }
            var body = hasBody && typeof request.body !== 'string' ? JSON.stringify(request.body) : request.body;
            return fetch(url, { method: request.verb, headers: headers, body: hasBody ? body : undefined })
                .then(function (response) {
                    var got = {};
                    response.headers.forEach(function (value, name) { got[name] = value; });
                    var read = isText(got['content-type']) ? response.text() : response.arrayBuffer();
                    return read.then(function (data) {
                        if (/json/.test(got['content-type'] || '')) {
                            try { data = JSON.parse(data); } catch (notJson) { /* it stays a text */ }
                        }
                        return { status: response.status, statusText: response.statusText, headers: got, data: data };
                    });
                })
                .then(function (result) {
                    return result.status < 300 ? result : Promise.reject(result);
                });
        },
    };
};
