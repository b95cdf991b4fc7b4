//! Templates that want too much: they end with an error or with what Velocity gives, soon, and without much memory.

mod support;

use std::time::{Duration, Instant};

use gateway_vtl::{Limits, Overrides, Reason, Template};
use support::TestRequest;

/// How long a bomb may burn. The promise is 50 ms in a release build on an idle machine; a debug build on a busy one is slower.
const PATIENCE: Duration =
    if cfg!(debug_assertions) { Duration::from_secs(20) } else { Duration::from_millis(250) };

#[track_caller]
fn ends(template: &str) -> Result<String, Reason> {
    let start = Instant::now();
    let outcome = match Template::parse(template) {
        Err(error) => panic!("{template:.60}: {error}"),
        Ok(template) => {
            let mut out = String::new();
            let request =
                TestRequest { body: "{\"a\":[1,2,3]}".to_owned(), ..TestRequest::default() };
            let mut overrides = Overrides::default();
            template
                .render(&request, &mut overrides, &Limits::default(), &mut out)
                .map(|()| out)
                .map_err(|error| error.reason)
        }
    };
    let took = start.elapsed();
    println!("{took:?} {:.70}", template.replace('\n', " "));
    assert!(took < PATIENCE, "{template:.60} took {took:?}");
    outcome
}

#[test]
fn long_ranges() {
    assert_eq!(ends("#foreach($i in [1..1000000000])x#end"), Err(Reason::Steps));
    assert!(ends("#foreach($i in [0..2147483647])x#end").is_err());
    let thousand = ends("#foreach($i in [1..5000])x#end").expect("5,000 are not too many");
    assert_eq!(thousand.len(), 1000);
}

#[test]
fn nested_loops() {
    let loops = "#foreach($a in [1..999])".repeat(6) + "x" + &"#end".repeat(6);
    assert_eq!(
        ends(&loops),
        Err(Reason::Steps),
        "ranges of inner loops go as soon as they are done"
    );
}

#[test]
fn strings_that_double() {
    let doubling = "#set($s = 'xxxxxxxx')#foreach($i in [1..100])#set($s = \"$s$s\")#end$s";
    assert_eq!(ends(doubling), Err(Reason::Values));
    let adding = "#set($s = 'xxxxxxxx')#foreach($i in [1..100])#set($s = $s + $s)#end$s";
    assert_eq!(ends(adding), Err(Reason::Values));
    let replacing =
        "#set($s = 'xx')#foreach($i in [1..100])#set($s = $s.replace('x', 'xxxx'))#end$s";
    assert_eq!(ends(replacing), Err(Reason::Values));
    let matching =
        "#set($s = 'xx')#foreach($i in [1..100])#set($s = $s.replaceAll('x', 'xxxx'))#end$s";
    assert!(matches!(ends(matching), Err(Reason::Values | Reason::Steps)));
}

#[test]
fn lists_that_double() {
    let doubling = "#set($l = [1])#foreach($i in [1..100])#set($d = $l.addAll($l))#end";
    assert_eq!(ends(doubling), Err(Reason::Values));
    // Shared, not copied: small to hold, endless to print.
    let shared = "#set($l = ['xxxxxxxx'])#foreach($i in [1..200])#set($l = [$l, $l])#end$l";
    assert!(matches!(ends(shared), Err(Reason::Output | Reason::Steps)));
    let compared = "#set($l = [1])#set($k = [1])#foreach($i in [1..200])#set($l = [$l, $l])#set($k = [$k, $k])#end#if($l == $k)x#end";
    assert_eq!(ends(compared), Err(Reason::Steps));
}

#[test]
fn a_long_life_with_little_at_once_is_no_bomb() {
    let joined =
        ends("#set($s = '')#foreach($i in [1..1000])#set($s = \"$s, item number $i\")#end$s")
            .expect("it renders");
    assert_eq!(
        joined.len(),
        (1..=1000).map(|i: u32| format!(", item number {i}").len()).sum::<usize>()
    );
}

#[test]
fn deep_values_are_dropped_without_a_stack() {
    let deep =
        "#set($l = [])#foreach($a in [1..300])#foreach($i in [1..300])#set($l = [$l])#end#end";
    assert!(matches!(ends(deep), Ok(_) | Err(Reason::Steps | Reason::Values)));
    let chain = "#set($l = [])#set($t = $l)#foreach($a in [1..100])#foreach($i in [1..100])#set($n = [])#set($d = $t.add($n))#set($t = $n)#end#end$l";
    assert!(ends(chain).is_err(), "too deep to print");
    let entries = "#set($m = {})#foreach($a in [1..99])#foreach($i in [1..99])#set($m = {'k': $m.entrySet()})#end#end";
    assert!(matches!(ends(entries), Ok(_) | Err(Reason::Steps | Reason::Values)));
}

#[test]
fn values_that_hold_themselves() {
    assert_eq!(
        ends("#set($m = {'k': 1})#set($m.me = $m)$m"),
        Ok("{k=1, me=(this Map)}".to_owned())
    );
    assert_eq!(
        ends("#set($l = [1])#set($d = $l.add($l))$l"),
        Ok("[1, (this Collection)]".to_owned())
    );
    assert_eq!(ends("#set($a = [1])#set($b = [$a])#set($d = $a.add($b))$a"), Err(Reason::Depth));
    assert_eq!(
        ends("#set($a = [1])#set($b = [$a])#set($d = $a.add($b))$a.hashCode()"),
        Err(Reason::Depth)
    );
}

#[test]
fn blocks_that_call_each_other() {
    assert_eq!(ends("#define($d)[$d]#end$d"), Ok("[[$d]]".to_owned()));
    let names: Vec<String> =
        (0..30).map(|index| format!("#define($d{index})$d{0}$d{0}#end", index + 1)).collect();
    assert!(matches!(ends(&(names.concat() + "#set($d30 = 'x')$d0")), Err(Reason::Steps)));
    let deep: Vec<String> =
        (0..200).map(|index| format!("#define($d{index})$d{}#end", index + 1)).collect();
    assert_eq!(ends(&(deep.concat() + "$d0")), Err(Reason::Depth));
}

#[test]
fn large_numbers() {
    let squares = "#set($n = 9999999999)#foreach($i in [1..100])#set($n = $n * $n)#end$n";
    assert!(matches!(ends(squares), Err(Reason::Steps | Reason::Values)));
}

#[test]
fn regular_expressions() {
    let text = "a".repeat(40);
    assert_eq!(ends(&format!("#set($s = '{text}!')$s.matches('(a+)+$')")), Ok("false".to_owned()));
    assert_eq!(
        ends(&format!("#set($s = '{text}!')$s.matches('(?=(a+)+$)a*')")),
        Ok("false".to_owned())
    );
    assert_eq!(
        ends(&format!("#set($s = '{text}!')$s.matches('(a|a|b)*\\1c')")),
        Err(Reason::Steps)
    );
    assert!(ends("#set($s = 'a')$s.matches('((a{1,100}){1,100}){1,100}')").is_err());
}

#[test]
fn wide_formats() {
    assert!(ends("#set($s = '')#foreach($i in [1..999])#set($x = $s.format('%60000s', 'x'))#end$x.length()").is_ok());
    assert_eq!(ends("#set($s = 'xxxxxxxxxx')$s.repeat(2000000000)"), Err(Reason::Values));
}

#[test]
fn long_output() {
    let long = "#set($s = 'xxxxxxxx')#foreach($i in [1..16])#set($s = \"$s$s\")#end#foreach($i in [1..999])$s#end";
    assert!(matches!(ends(long), Err(Reason::Output)));
}

/// Templates that are long and nest, each in some way that a careless parser does not survive.
#[test]
fn parsing_ends_soon() {
    let long = 100_000;
    let sources = [
        "\\".repeat(long),
        "#".repeat(long) + "x",
        "$".repeat(long) + "x",
        "#$".repeat(long) + &" ".repeat(long),
        "$a.b".repeat(long / 2),
        "$a#set($b=1)".repeat(long / 10),
        " ".repeat(2 * long) + "#set",
        "#if(true)".repeat(long / 10),
        "#set($a = ".to_owned() + &"(".repeat(long),
        "#set($a = 1".to_owned() + &" + 1".repeat(long / 4) + ")$a",
        "#set($a = ".to_owned() + &"[".repeat(long),
        "#set($a = ".to_owned() + &"!".repeat(long),
        "$a.f(".repeat(long / 5),
        "$a[".repeat(long / 3),
        "#set($s = '".to_owned() + &"''".repeat(long),
        "#[[".to_owned() + &"]".repeat(long),
        "#*".repeat(long),
        "##".repeat(long),
        "#foo(".repeat(long / 5),
        "#set($s = \"".to_owned() + &"$a".repeat(long) + "\")",
    ];
    for source in sources {
        let start = Instant::now();
        let parsed = Template::parse(&source);
        let took = start.elapsed();
        println!("{took:?} {:.20} {:?}", source, parsed.err().map(|error| error.message));
        assert!(took < PATIENCE, "{source:.20} took {took:?}");
    }
    assert!(Template::parse(&"x".repeat(400_000)).is_err(), "a template has 300 KB at most");
}
