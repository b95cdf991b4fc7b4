use super::*;

fn order(names: &[&str]) -> String {
    let parameters: Vec<_> =
        names.iter().map(|name| RequiredParameter::new(name, Source::Missing)).collect();
    listed(&parameters.iter().collect::<Vec<_>>())
}

#[test]
fn hashes_are_javas() {
    // `"issuer".hashCode()` and so on, spread as `HashMap.hash` does.
    assert_eq!(java_hash(""), 0);
    assert_eq!(java_hash("a"), 97);
    assert_eq!(java_hash("ab"), 97 * 31 + 98);
    let full = "polygenelubricants";
    assert_eq!(java_hash(full), 0x8000_0000 ^ 0x8000, "its hashCode is Integer.MIN_VALUE");
}

#[test]
fn missing_names_are_in_the_recorded_order() {
    assert_eq!(order(&["issuer", "qs1", "x-header-param"]), "x-header-param, issuer, qs1");
    assert_eq!(order(&["dividend", "divisor"]), "divisor, dividend");
    assert_eq!(order(&["di", "pi"]), "di, pi");
    assert_eq!(order(&["pi", "di"]), "di, pi");
    assert_eq!(order(&["only"]), "only");
}

#[test]
fn a_name_in_two_places_is_listed_once() {
    assert_eq!(order(&["id", "id", "id"]), "id");
}

#[test]
fn a_larger_set_has_a_larger_table() {
    // 'a'..'m' are 13 letters: 97 & 15 is 1, 97 & 31 is 1, 112 & 15 is 0, 112 & 31 is 16.
    let letters = ["p", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
    assert_eq!(order(&letters), "p, a, b, c, d, e, f, g, h, i, j, k");
    let more: Vec<&str> = letters.into_iter().chain(["l"]).collect();
    assert_eq!(order(&more), "a, b, c, d, e, f, g, h, i, j, k, l, p");
}
