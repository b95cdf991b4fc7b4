//! Mapping expressions: any text is an expression that displays as itself, or is refused.

use gateway_compile::expression::Expression;

#[test]
fn mapping_expression() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(expression) = Expression::parse(text) {
            let shown = expression.to_string();
            assert_eq!(Expression::parse(&shown), Ok(expression));
        }
    });
}
