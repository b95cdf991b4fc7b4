//! JSON as API Gateway reads and writes it: json-smart in permissive mode.
