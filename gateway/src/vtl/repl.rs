//! Templates line by line. Variables stay: what was entered so far is rendered again in front of a new line, and only what
//! comes behind its output is printed.

use std::io::{self, BufRead, IsTerminal};

use gateway_vtl::Overrides;

use super::fixture::{Assignment, Fixture};
use super::report::{self, Problem, Tracer};
use crate::cli::{EXIT_OK, EXIT_PROBLEMS};

/// What lines come from, in diagnostics.
const FILE: &str = "<stdin>";

const HELP: &str = "\
A line is rendered at once; `#if`, `#foreach` and `#define` go on until their `#end`, an empty line gives up.
Variables stay from line to line.
  :body              show the body        :body TEXT     set it        :body @FILE    read it
  :param PLACE.NAME=VALUE                 set a parameter, as path.id=1 or context.stage=dev
  :overrides         show what was set in $context.requestOverride and $context.responseOverride
  :trace             print each directive with its values, or stop doing so
  :reset             forget all variables
  :quit              leave";

/// Reads lines until there are no more; says the exit status.
pub(super) fn run(fixture: Fixture, is_traced: bool) -> u8 {
    let stdin = io::stdin();
    let is_person = stdin.is_terminal();
    let mut session = Session { fixture, is_traced, ..Session::default() };
    if is_person {
        eprintln!(
            "A mapping template, line by line. :help lists what else there is, :quit leaves."
        );
    }
    session.prompt(is_person);
    for line in stdin.lock().lines() {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                eprintln!("error: cannot read standard input: {error}");
                return crate::cli::EXIT_USAGE;
            }
        };
        session.lines_read += 1;
        if let Some(command) = line.strip_prefix(':').filter(|_| session.pending.is_empty()) {
            if matches!(command.trim(), "quit" | "q" | "exit") {
                break;
            }
            session.command(command.trim());
        } else {
            session.line(&line);
        }
        session.fill();
        session.prompt(is_person);
    }
    session.give_up();
    if session.has_failed && !is_person { EXIT_PROBLEMS } else { EXIT_OK }
}

#[derive(Default)]
struct Session {
    fixture: Fixture,
    is_traced: bool,
    /// What was entered and rendered. It has a line for each that was read, an empty comment where one is not to stay, so that
    /// lines have their numbers in diagnostics.
    kept: String,
    kept_lines: u32,
    /// How much `kept` puts out.
    kept_output: usize,
    /// The lines of a block that has no end yet, and what is wrong with them so far.
    pending: String,
    problem: Option<Problem>,
    lines_read: u32,
    has_failed: bool,
}

impl Session {
    fn line(&mut self, line: &str) {
        if line.is_empty() && !self.pending.is_empty() {
            self.give_up();
            return;
        }
        self.pending.push_str(line);
        self.pending.push('\n');
        let source = format!("{}{}", self.kept, self.pending);
        let mut overrides = Overrides::default();
        let mut tracer = Tracer::new(FILE, self.kept_lines);
        let tracer = self.is_traced.then_some(&mut tracer);
        match super::attempt(&source, &self.fixture, &mut overrides, tracer) {
            Ok(output) => {
                super::print(output.get(self.kept_output..).unwrap_or_default());
                self.keep(source, output.len());
                self.clear();
            }
            Err(problem) if self.may_go_on(&problem, &source) => self.problem = Some(problem),
            Err(problem) => self.fail(&problem.at(FILE)),
        }
    }

    /// Keeps `source`, unless it ends so that nothing can come behind it, as `#stop` does.
    fn keep(&mut self, source: String, output: usize) {
        const PROBE: &str = "probe";
        let probed = format!("{source}{PROBE}");
        let rendered = super::attempt(&probed, &self.fixture, &mut Overrides::default(), None);
        if rendered.is_ok_and(|text| text.len() == output + PROBE.len()) {
            self.kept_lines = self.lines_read;
            self.kept = source;
            self.kept_output = output;
        }
    }

    /// Whether more lines may mend it: the template was still going on where it ended.
    fn may_go_on(&self, problem: &Problem, source: &str) -> bool {
        let opens = ["#if", "#{if", "#foreach", "#{foreach", "#define", "#{define", "#*", "#[["];
        let has_block = opens.iter().any(|open| self.pending.contains(open));
        has_block && problem.is_syntax && problem.line as usize >= source.lines().count()
    }

    /// Drops a block that has no end.
    fn give_up(&mut self) {
        if let Some(problem) = self.problem.take() {
            self.fail(&problem.at(FILE));
        }
    }

    fn fail(&mut self, text: &str) {
        eprintln!("{text}");
        self.has_failed = true;
        self.clear();
    }

    /// Puts comments where lines were read that do not stay.
    fn fill(&mut self) {
        if self.pending.is_empty() {
            while self.kept_lines < self.lines_read {
                self.kept.push_str("##\n");
                self.kept_lines += 1;
            }
        }
    }

    fn clear(&mut self) {
        self.pending.clear();
        self.problem = None;
    }

    fn command(&mut self, command: &str) {
        let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
        let argument = argument.trim();
        match name {
            "help" | "h" | "?" => println!("{HELP}"),
            "body" if argument.is_empty() => println!("{}", self.fixture.body),
            "body" => match argument.strip_prefix('@') {
                Some(file) => match super::read(file.as_ref()) {
                    Ok(body) => self.set_body(body),
                    Err(super::Unreadable(text)) => self.fail(&text),
                },
                None => self.set_body(argument.to_owned()),
            },
            "param" => match argument.parse::<Assignment>() {
                Ok(assignment) => {
                    self.fixture.assign(&assignment);
                    self.measure();
                }
                Err(expected) => self.fail(&format!("error: {expected}")),
            },
            "overrides" => {
                let mut overrides = Overrides::default();
                if super::attempt(&self.kept, &self.fixture, &mut overrides, None).is_ok() {
                    report::print_overrides(&overrides);
                }
            }
            "trace" => self.is_traced = !self.is_traced,
            "reset" => {
                self.kept.clear();
                self.kept_lines = 0;
                self.kept_output = 0;
            }
            _ => self.fail(&format!("error: no command :{name}; :help lists them")),
        }
    }

    fn set_body(&mut self, body: String) {
        self.fixture.body = body;
        self.measure();
    }

    /// Renders what was kept anew, as its output may have changed with the request.
    fn measure(&mut self) {
        match super::attempt(&self.kept, &self.fixture, &mut Overrides::default(), None) {
            Ok(output) => self.kept_output = output.len(),
            Err(problem) => {
                eprintln!("{}", problem.at(FILE));
                eprintln!("The lines before no longer render; their variables are forgotten.");
                self.command("reset");
            }
        }
    }

    fn prompt(&self, is_person: bool) {
        if is_person {
            eprint!("{}", if self.pending.is_empty() { "vtl> " } else { "...> " });
        }
    }
}
