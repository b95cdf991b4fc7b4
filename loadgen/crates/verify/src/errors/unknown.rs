//! A path that no resource of an API serves.

use gateway_model::{HttpMethod, PathPart, Resource, RestApi};

/// A verb and a path below the stage that lead nowhere, if there are any.
pub(super) fn unknown(api: &RestApi) -> Option<(HttpMethod, String)> {
    use HttpMethod::{Delete, Get, Patch, Post, Put};
    const NOWHERE: [&str; 3] = ["loadgen-no-such-route", "no-such-route", "at-all"];
    let mut paths: Vec<String> =
        (1..=NOWHERE.len()).map(|count| format!("/{}", NOWHERE[..count].join("/"))).collect();
    paths.push("/".to_owned());
    let literal = api.resources.values().filter(|resource| !resource.path.contains('{'));
    paths.extend(
        literal.map(|resource| format!("{}/{}", resource.path.trim_end_matches('/'), NOWHERE[0])),
    );
    let verbs = [Get, Post, Put, Patch, Delete];
    let mut all = verbs.iter().flat_map(|verb| paths.iter().map(move |path| (*verb, path)));
    all.find(|(verb, path)| !is_served(api, *verb, path)).map(|(verb, path)| (verb, path.clone()))
}

/// Whether any resource serves `verb` at `path`: one that does is enough, since routing backs up to it.
fn is_served(api: &RestApi, verb: HttpMethod, path: &str) -> bool {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    api.resources.values().any(|resource| {
        let has = |verb| resource.methods.contains_key(&verb);
        (has(verb) || has(HttpMethod::Any)) && is_at(api, resource, &segments)
    })
}

fn is_at(api: &RestApi, resource: &Resource, segments: &[&str]) -> bool {
    let above = resource.parent.as_ref().and_then(|id| api.resources.get(id));
    let is_above = |segments: &[&str]| above.is_some_and(|above| is_at(api, above, segments));
    match (&resource.path_part, segments) {
        (PathPart::Root, segments) => segments.is_empty(),
        (_, []) => false,
        (PathPart::Literal(text), [before @ .., last]) => text == last && is_above(before),
        (PathPart::Parameter(_), [before @ .., _]) => is_above(before),
        (PathPart::Greedy(_), segments) => {
            (0..segments.len()).any(|count| is_above(&segments[..count]))
        }
    }
}

#[cfg(test)]
mod tests {

    use gateway_model::{Method, Place, ResourceId, RestApiId};

    use super::*;

    /// An API with these `VERB /path`.
    fn api(methods: &[&str]) -> RestApi {
        let root = ResourceId::new("/");
        let mut api = RestApi::new(RestApiId::new("a"), "a", root.clone(), Place::nowhere());
        for line in methods {
            let (verb, path) = line.split_once(' ').unwrap();
            let (mut parent, mut id) = (root.clone(), root.clone());
            let mut whole = String::new();
            for part in path.split('/').filter(|part| !part.is_empty()) {
                whole += &format!("/{part}");
                id = ResourceId::new(&whole);
                api.add_resource(
                    id.clone(),
                    &parent,
                    PathPart::parse(part).unwrap(),
                    Place::nowhere(),
                );
                parent = id.clone();
            }
            let verb = HttpMethod::parse(verb).unwrap();
            let method = Method::new(verb, Place::nowhere());
            api.resources.get_mut(&id).unwrap().methods.insert(verb, method);
        }
        api
    }

    #[test]
    fn an_unknown_path_is_one_that_nothing_serves() {
        use HttpMethod::{Get, Post};
        for (methods, expected) in [
            (&["GET /a"][..], Some((Get, "/loadgen-no-such-route"))),
            (&["GET /{x}"], Some((Get, "/loadgen-no-such-route/no-such-route"))),
            (
                &["GET /{x}", "GET /{x}/{y}"],
                Some((Get, "/loadgen-no-such-route/no-such-route/at-all")),
            ),
            (&["GET /{x+}"], Some((Get, "/"))),
            (&["GET /", "GET /{x+}"], Some((Post, "/loadgen-no-such-route"))),
            (&["ANY /", "ANY /{x+}"], None),
            (&["ANY /a/{x+}"], Some((Get, "/loadgen-no-such-route"))),
        ] {
            let found = unknown(&api(methods));
            assert_eq!(found, expected.map(|(verb, path)| (verb, path.to_owned())), "{methods:?}");
        }
    }
}
