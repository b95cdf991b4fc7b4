//! Whom a resource's policy is about.

/// Who calls, as principals of a policy see it.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'c> {
    /// Somebody without AWS credentials.
    Anonymous,
    /// Somebody of an account.
    Aws {
        /// The account's number.
        account: &'c str,
        /// The ARNs that are the caller: the user's, or the session's and its role's. None for the
        /// account's root user.
        arns: &'c [&'c str],
    },
    /// An AWS service, e.g. `apigateway.amazonaws.com`.
    Service(&'c str),
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Principals {
    pub(super) is_negated: bool,
    pub(super) list: Vec<Principal>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Principal {
    Everybody,
    /// Anybody of an account, by its number.
    Account(Box<str>),
    /// A user, a role, a role's session or a federated user.
    Arn(Box<str>),
    Service(Box<str>),
    /// `Federated` and `CanonicalUser`: never a caller of `execute-api`.
    Nobody,
}

impl Principals {
    pub(super) fn include(&self, caller: &Caller<'_>) -> bool {
        if self.is_negated {
            return !self.exempts(caller);
        }
        self.list.iter().any(|principal| match (principal, caller) {
            (Principal::Everybody, _) => true,
            (Principal::Account(number), Caller::Aws { account, .. }) => &**number == *account,
            (Principal::Arn(arn), Caller::Aws { arns, .. }) => arns.contains(&&**arn),
            (Principal::Service(name), Caller::Service(service)) => &**name == *service,
            _ => false,
        })
    }

    /// Whether `NotPrincipal` lists all that the caller is. Source: IAM User Guide, "Specifying NotPrincipal":
    /// also the account, and also the role of a session.
    fn exempts(&self, caller: &Caller<'_>) -> bool {
        let lists = |wanted: &Principal| self.list.contains(wanted);
        if lists(&Principal::Everybody) {
            return true;
        }
        match caller {
            Caller::Anonymous => false,
            Caller::Service(name) => lists(&Principal::Service((*name).into())),
            Caller::Aws { account, arns } => {
                lists(&Principal::Account((*account).into()))
                    && arns.iter().all(|arn| lists(&Principal::Arn((*arn).into())))
            }
        }
    }
}

impl Principal {
    /// A value of `{"AWS": …}`; `None` for what is no principal.
    pub(super) fn aws(text: &str) -> Option<Self> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if text == "*" {
            return Some(Self::Everybody);
        }
        if is_account(text) {
            return Some(Self::Account(text.into()));
        }
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (arn, _partition, service, region) = (part(), part(), part(), part());
        let (account, name) = (part(), part());
        let is_arn = arn == "arn" && matches!(service, "iam" | "sts") && region.is_empty();
        // A wildcard inside a principal's ARN is invalid.
        if !is_arn || !is_account(account) || name.is_empty() || text.contains(['*', '?']) {
            return None;
        }
        Some(match name {
            "root" => Self::Account(account.into()),
            _ => Self::Arn(text.into()),
        })
    }
}
