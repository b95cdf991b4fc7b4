//! Admitted requests against the bound of the token bucket.
