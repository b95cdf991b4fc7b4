use super::*;

fn progress(elapsed_ms: u64, answered: u64) -> Progress {
    Progress { elapsed_ms, sent: answered + 3, answered, failed: 1, open: 3 }
}

fn shown(style: Style, told: &[Progress]) -> String {
    let mut out = Vec::new();
    let mut live = Live::new(&mut out, style, "browse", Some(Duration::from_secs(4)));
    told.iter().for_each(|progress| live.told(progress));
    live.finish();
    String::from_utf8(out).expect("text")
}

#[test]
fn logs_get_a_line_each_second() {
    let told = [
        progress(0, 0),
        progress(500, 900),
        progress(1_000, 2_000),
        progress(1_900, 2),
        progress(3_000, 4_000),
    ];
    let text = shown(Style::Lines, &told);
    assert_eq!(
        text,
        "browse: 1.0 s of 4.0 s, 2,003 sent, 2,000 answered, 1 failed, 2,000/s, 3 open\n\
         browse: 3.0 s of 4.0 s, 4,003 sent, 4,000 answered, 1 failed, 1,000/s, 3 open\n"
    );
}

#[test]
fn a_terminal_gets_a_table_that_is_drawn_in_place_five_times_a_second() {
    let told = [progress(0, 0), progress(100, 50), progress(200, 100), progress(2_000, 1_000)];
    let text = shown(Style::Table, &told);
    let drawings: Vec<&str> = text.split("\x1b[4F\x1b[J").collect();
    assert_eq!(drawings.len(), 4, "{text:?}");
    assert_eq!(drawings[3], "", "the table is gone at the end");
    assert!(drawings[0].starts_with("browse\n░░░░"), "{text}");
    assert!(drawings[1].contains("     500"), "100 answers in 200 ms are 500/s: {text}");
    assert!(
        drawings[2].contains(&format!("\n{}{}  2.0 s of 4.0 s\n", "█".repeat(20), "░".repeat(20))),
        "{text}"
    );
    assert!(drawings[2].lines().all(|line| line.chars().count() < 80), "{text}");
}

#[test]
fn quiet_is_quiet() {
    assert_eq!(shown(Style::Quiet, &[progress(0, 0), progress(5_000, 9)]), "");
}
