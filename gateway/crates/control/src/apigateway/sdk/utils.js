var apiGateway = (typeof apiGateway === 'undefined') ? {} : apiGateway;
apiGateway.core = apiGateway.core || {};

apiGateway.core.utils = {
    // Every name must be there: those in ignored may be missing.
    assertParametersDefined: function (params, names, ignored) {
        var missing = names.filter(function (name) {
            return (ignored || []).indexOf(name) < 0 && (params === undefined || params === null || params[name] === undefined);
        });
        if (missing.length > 0) {
            throw new Error('Missing required parameters: ' + missing.join(', '));
        }
    },

    // The members of params that are named.
    parseParametersToObject: function (params, names) {
        var found = {};
        names.forEach(function (name) {
            if (params && params[name] !== undefined && params[name] !== null) {
                found[name] = params[name];
            }
        });
        return found;
    },

    mergeInto: function (base, additional) {
        return Object.assign({}, base, additional || {});
    },

    // RFC 3986: everything but the unreserved characters.
    encode: function (text) {
        return encodeURIComponent(String(text)).replace(/[!'()*]/g, function (c) {
            return '%' + c.charCodeAt(0).toString(16).toUpperCase();
        });
    },

    // {name} is one segment of a path, {name+} what is left of it.
    expandPath: function (template, values) {
        return template.replace(/\{([^}+]+)(\+?)\}/g, function (all, name, greedy) {
            var value = values[name] === undefined ? '' : String(values[name]);
            var segments = greedy ? value.split('/') : [value];
            return segments.map(apiGateway.core.utils.encode).join('/');
        });
    },

    buildQuery: function (queryParams) {
        var pairs = [];
        Object.keys(queryParams || {}).sort().forEach(function (name) {
            [].concat(queryParams[name]).forEach(function (value) {
                pairs.push(apiGateway.core.utils.encode(name) + '=' + apiGateway.core.utils.encode(value));
            });
        });
        return pairs.join('&');
    },
};

if (typeof globalThis !== 'undefined') {
    globalThis.apiGateway = apiGateway;
}
