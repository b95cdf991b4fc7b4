//! Fields of a head, their well-known names recognised once, at parse time.

use crate::Span;

/// One field line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The name as sent; never empty, always a token.
    pub name: Span,
    /// The value as sent, without the white space around it.
    pub value: Span,
    /// Which well-known name it is, whatever its case.
    pub known: FieldName,
}

macro_rules! field_names {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A well-known field name.
        ///
        /// Compared without regard to case, and byte for byte otherwise: `X_Forwarded_For` is `Other`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
        #[repr(u8)]
        pub enum FieldName {
            /// Any name that is not listed here.
            #[default]
            Other,
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl FieldName {
            /// All names but `Other`.
            pub const ALL: &'static [FieldName] = &[$(FieldName::$variant,)+];

            /// The name as its document writes it; empty for `Other`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    FieldName::Other => "",
                    $(FieldName::$variant => $name,)+
                }
            }
        }
    };
}

field_names! {
    Accept = "Accept",
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    Age = "Age",
    Authorization = "Authorization",
    CacheControl = "Cache-Control",
    Connection = "Connection",
    ContentEncoding = "Content-Encoding",
    ContentLength = "Content-Length",
    ContentMd5 = "Content-MD5",
    ContentType = "Content-Type",
    Cookie = "Cookie",
    Date = "Date",
    Expect = "Expect",
    Forwarded = "Forwarded",
    Host = "Host",
    KeepAlive = "Keep-Alive",
    Location = "Location",
    MaxForwards = "Max-Forwards",
    Origin = "Origin",
    Pragma = "Pragma",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyConnection = "Proxy-Connection",
    Range = "Range",
    Referer = "Referer",
    Server = "Server",
    SetCookie = "Set-Cookie",
    Te = "TE",
    Trailer = "Trailer",
    TransferEncoding = "Transfer-Encoding",
    Upgrade = "Upgrade",
    UserAgent = "User-Agent",
    Via = "Via",
    Warn = "Warn",
    Warning = "Warning",
    WwwAuthenticate = "WWW-Authenticate",
    XApiKey = "X-Api-Key",
    XForwardedFor = "X-Forwarded-For",
    XForwardedHost = "X-Forwarded-Host",
    XForwardedPort = "X-Forwarded-Port",
    XForwardedProto = "X-Forwarded-Proto",
    XGatewayExplain = "X-Gateway-Explain",
    XHttpMethodOverride = "X-HTTP-Method-Override",
    XRealIp = "X-Real-IP",
}

impl FieldName {
    /// Recognises `name`, whatever its case.
    ///
    /// Length and one letter leave at most one candidate, which is then compared once.
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        use FieldName::*;
        let Some(&first) = name.first() else { return Other };
        let candidate = match (name.len(), first | 0x20) {
            (2, b't') => Te,
            (3, b'a') => Age,
            (3, b'v') => Via,
            (4, b'd') => Date,
            (4, b'h') => Host,
            (4, b'w') => Warn,
            (5, b'r') => Range,
            (6, b'a') => Accept,
            (6, b'c') => Cookie,
            (6, b'e') => Expect,
            (6, b'o') => Origin,
            (6, b'p') => Pragma,
            (6, b's') => Server,
            (7, b'r') => Referer,
            (7, b't') => Trailer,
            (7, b'u') => Upgrade,
            (7, b'w') => Warning,
            (8, b'l') => Location,
            (9, b'f') => Forwarded,
            (9, b'x') if name[2] | 0x20 == b'a' => XApiKey,
            (9, b'x') => XRealIp,
            (10, b'c') => Connection,
            (10, b'k') => KeepAlive,
            (10, b's') => SetCookie,
            (10, b'u') => UserAgent,
            (11, b'c') => ContentMd5,
            (12, b'c') => ContentType,
            (12, b'm') => MaxForwards,
            (13, b'a') => Authorization,
            (13, b'c') => CacheControl,
            (14, b'c') => ContentLength,
            (15, b'a') if name[7] | 0x20 == b'e' => AcceptEncoding,
            (15, b'a') => AcceptLanguage,
            (15, b'x') => XForwardedFor,
            (16, b'c') => ContentEncoding,
            (16, b'p') => ProxyConnection,
            (16, b'w') => WwwAuthenticate,
            (16, b'x') if name[12] | 0x20 == b'h' => XForwardedHost,
            (16, b'x') => XForwardedPort,
            (17, b't') => TransferEncoding,
            (17, b'x') if name[2] | 0x20 == b'f' => XForwardedProto,
            (17, b'x') => XGatewayExplain,
            (18, b'p') => ProxyAuthenticate,
            (19, b'p') => ProxyAuthorization,
            (22, b'x') => XHttpMethodOverride,
            _ => return Other,
        };
        if is_name(name, candidate.as_str().as_bytes()) { candidate } else { Other }
    }

    /// Whether the field concerns one connection only and is never forwarded.
    ///
    /// Source: RFC 9110 section 7.6.1, with `Trailer`, since trailers are dropped here, and the
    /// credentials of a proxy (section 11.7).
    pub fn is_hop_by_hop(self) -> bool {
        use FieldName::*;
        matches!(
            self,
            Connection
                | KeepAlive
                | ProxyAuthenticate
                | ProxyAuthorization
                | ProxyConnection
                | Te
                | Trailer
                | TransferEncoding
                | Upgrade
        )
    }
}

/// Whether `name`, a token, is `known`, whatever its case. Both are equally long.
///
/// Eight bytes at a time: a known name has letters, digits and `-` only, and among the bytes of a token
/// (RFC 9110 section 5.6.2) no other than these becomes one of them when bit 5 is set.
#[inline]
pub fn is_name(name: &[u8], known: &[u8]) -> bool {
    const BIT5: u64 = 0x2020_2020_2020_2020;
    if name.len() != known.len() {
        return false;
    }
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes) | BIT5;
    let (mut names, mut knowns) = (name.chunks_exact(8), known.chunks_exact(8));
    for (a, b) in names.by_ref().zip(knowns.by_ref()) {
        if word(a) != word(b) {
            return false;
        }
    }
    let mut differs = 0;
    for (a, b) in names.remainder().iter().zip(knowns.remainder()) {
        differs |= (a | 0x20) ^ (b | 0x20);
    }
    differs == 0
}

#[cfg(test)]
mod tests;
