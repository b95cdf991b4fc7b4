use super::*;

fn two_stages() -> Definitions {
    let mut definitions = with_method(|_| {});
    add_stage(&mut definitions.apis[0], "prod");
    definitions
}

/// For each stage of the second compilation: whether it kept its plan.
#[track_caller]
fn check(before: &Definitions, after: &Definitions, options: &CompileOptions, expect: [bool; 2]) {
    let old = compile(before, &CompileOptions::default(), None).snapshot.expect("compiles");
    let new = compile(after, options, Some(&old));
    let snapshot = new.snapshot.expect("compiles");
    assert_eq!((old.generation, snapshot.generation), (1, 2));
    let kept: Vec<bool> =
        old.stages.iter().zip(&snapshot.stages).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
    assert_eq!(kept, expect);
    assert_eq!(new.reused, expect.iter().filter(|kept| **kept).count());
}

#[test]
fn only_changed_stages_are_compiled_again() {
    let before = two_stages();
    let same = CompileOptions::default();
    check(&before, &before.clone(), &same, [true, true]);

    let mut variable = before.clone();
    dev(&mut variable).variables.insert("v".to_owned(), Spanned::nowhere("1"));
    check(&before, &variable, &same, [false, true]);

    let mut method = before.clone();
    let pet = method.apis[0].resources.get_mut("pet").expect("the resource");
    pet.methods.get_mut(&HttpMethod::Get).expect("the method").api_key_required = true;
    check(&before, &method, &same, [false, false]);

    let options = CompileOptions { region: "eu-west-1".to_owned(), ..CompileOptions::default() };
    check(&before, &before.clone(), &options, [false, false]);
}

#[test]
fn a_kept_stage_moves_with_its_index_and_repeats_its_warnings() {
    let mut integration = mock(&[]);
    let response = IntegrationResponse::new(status(200), Place::nowhere());
    integration.integration_responses = vec![response];
    let before = with_integration(integration);
    let old = compile(&before, &CompileOptions::default(), None);
    let mut after = before.clone();
    add_stage(&mut after.apis[0], "alpha");
    let new = compile(&after, &CompileOptions::default(), old.snapshot.as_ref());
    assert_eq!(old.diagnostics, new.diagnostics);
    assert_eq!(old.diagnostics.len(), 1);
    let (old, snapshot) = (old.snapshot.expect("compiles"), new.snapshot.expect("compiles"));
    assert!(Arc::ptr_eq(&old.stages[0], &snapshot.stages[1]));
    assert_eq!(new.reused, 1);
    let again = compile(&after, &CompileOptions::default(), Some(&snapshot));
    assert_eq!(again.reused, 2);
}

#[test]
fn an_error_in_one_api_changes_nothing() {
    let before = two_stages();
    let old = compile(&before, &CompileOptions::default(), None).snapshot.expect("compiles");
    let mut after = before.clone();
    let mut broken = with_method(|method| {
        let mut integration = mock(&[]);
        integration.request_parameters = mappings(&[("integration.request.header.X", "bad")]);
        method.integration = Some(integration);
    });
    broken.apis[0].id = RestApiId::new("other");
    after.apis.append(&mut broken.apis);
    let compiled = compile(&after, &CompileOptions::default(), Some(&old));
    assert!(compiled.snapshot.is_none());
    assert_eq!(compiled.diagnostics.len(), 1);
}
