//! Definition text (CloudFormation) to model, with a place in every diagnostic.
#![forbid(unsafe_code)]
