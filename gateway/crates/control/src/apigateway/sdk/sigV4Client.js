apiGateway.core.sigV4ClientFactory = {};

// Signature Version 4, with WebCrypto.
apiGateway.core.sigV4ClientFactory.newClient = function (config) {
    var encoder = new TextEncoder();

    function hex(buffer) {
        return Array.from(new Uint8Array(buffer)).map(function (byte) {
            return ('0' + byte.toString(16)).slice(-2);
        }).join('');
    }

    function hash(text) {
        return crypto.subtle.digest('SHA-256', encoder.encode(text)).then(hex);
    }

    function hmac(key, text) {
        var bytes = typeof key === 'string' ? encoder.encode(key) : key;
        return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
            .then(function (imported) { return crypto.subtle.sign('HMAC', imported, encoder.encode(text)); });
    }

    function signingKey(date) {
        return hmac('AWS4' + config.secretKey, date)
            .then(function (key) { return hmac(key, config.region); })
            .then(function (key) { return hmac(key, config.serviceName); })
            .then(function (key) { return hmac(key, 'aws4_request'); });
    }

    var http = apiGateway.core.simpleHttpClientFactory.newClient(config);

    return {
        makeRequest: function (request) {
            var now = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
            var url = new URL(config.endpoint + request.path);
            var hasBody = request.body !== undefined && request.body !== null && request.body !== '';
            var body = !hasBody ? '' : (typeof request.body === 'string' ? request.body : JSON.stringify(request.body));
            var headers = apiGateway.core.utils.mergeInto(request.headers, { 'x-amz-date': now });
            if (config.sessionToken) {
                headers['x-amz-security-token'] = config.sessionToken;
            }
            if (hasBody && !Object.keys(headers).some(function (name) { return name.toLowerCase() === 'content-type'; })) {
                headers['Content-Type'] = config.defaultContentType;
            }
            var signed = { host: url.host };
            Object.keys(headers).forEach(function (name) {
                signed[name.toLowerCase()] = String(headers[name]).trim().replace(/ +/g, ' ');
            });
            var names = Object.keys(signed).sort();
            // Each segment is encoded once more than on the wire.
            var path = url.pathname.split('/').map(apiGateway.core.utils.encode).join('/');
            var scope = [now.slice(0, 8), config.region, config.serviceName, 'aws4_request'].join('/');
            return hash(body).then(function (payload) {
                return hash([
                    request.verb, path, apiGateway.core.utils.buildQuery(request.queryParams),
                    names.map(function (name) { return name + ':' + signed[name] + '\n'; }).join(''),
                    names.join(';'), payload,
                ].join('\n'));
            }).then(function (canonical) {
                return signingKey(now.slice(0, 8)).then(function (key) {
                    return hmac(key, ['AWS4-HMAC-SHA256', now, scope, canonical].join('\n'));
                });
            }).then(function (signature) {
                headers.Authorization = 'AWS4-HMAC-SHA256 Credential=' + config.accessKey + '/' + scope +
                    ', SignedHeaders=' + names.join(';') + ', Signature=' + hex(signature);
                return http.makeRequest(apiGateway.core.utils.mergeInto(request, { headers: headers, body: body }));
            });
        },
    };
};
