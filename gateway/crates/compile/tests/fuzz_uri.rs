//! Backend URIs: what is accepted has a host, a port, and text that a request line can carry.

use gateway_compile::uri::{BackendUri, Piece};

#[test]
fn backend_uri() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for text in [text.to_owned(), format!("http://{text}"), format!("https://h/{text}")] {
            let Ok(uri) = BackendUri::parse(&text) else { continue };
            assert!(!uri.host.is_empty() && uri.port != 0);
            assert!(uri.host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b)));
            assert!(uri.host_header.bytes().all(|b| b.is_ascii_graphic()));
            for piece in uri.path.iter().chain(&uri.query) {
                let (Piece::Text(text) | Piece::Placeholder(text)) = piece;
                assert!(text.bytes().all(|b| b.is_ascii_graphic()), "{text:?}");
            }
        }
    });
}
