# Varnish as the cache under test, set for the least CPU per hit. compare fills the @NAME@ fields.
vcl 4.1;

backend origin {
    .host = "127.0.0.1";
    .port = "@BACKEND@";
}

# Every subroutine returns, so that none of the built-in rules runs after it.
sub vcl_recv {
    return (hash);
}

sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
    return (deliver);
}

sub vcl_backend_response {
    set beresp.ttl = 1h;
    return (deliver);
}

sub vcl_deliver {
    return (deliver);
}
