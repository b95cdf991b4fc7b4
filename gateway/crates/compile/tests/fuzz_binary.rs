//! Media types of clients: nothing panics, and the rules of `binaryMediaTypes` hold.

use gateway_compile::BinaryMediaTypes;

#[test]
fn binary_media_types() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let none = BinaryMediaTypes::default();
        let all = BinaryMediaTypes::new(["*/*"]);
        let half = BinaryMediaTypes::new(["*/png"]);
        assert!(!none.is_binary_request(Some(bytes)) && !none.is_binary_response(Some(bytes)));
        assert!(!half.matches(bytes));
        for entry in ["image/png", "image/*"] {
            let one = BinaryMediaTypes::new([entry]);
            // What one entry names, `*/*` names as well.
            assert!(!one.is_binary_request(Some(bytes)) || all.is_binary_request(Some(bytes)));
            assert!(!one.is_binary_response(Some(bytes)) || all.is_binary_response(Some(bytes)));
        }
        if let Some(at) = bytes.iter().position(|b| *b == b',') {
            assert_eq!(
                all.is_binary_response(Some(bytes)),
                all.is_binary_response(Some(&bytes[..at]))
            );
        }
    });
}
