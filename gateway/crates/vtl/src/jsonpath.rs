//! JSONPath in Jayway's dialect.
