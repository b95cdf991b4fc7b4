//! `gateway vtl`: renders a mapping template as the gateway would, against a body and a context from files.
//!
//! With neither a template's file nor `-e` it reads templates line by line, see [`repl`].

mod fixture;
mod repl;
mod report;

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use gateway_vtl::{Limits, Overrides, Template};

use crate::cli::{EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE};
use fixture::{Assignment, Fixture};
use report::{Problem, Tracer};

/// `gateway vtl`.
#[derive(Debug, Args)]
pub(crate) struct VtlArgs {
    /// The template's file, or `-` for standard input; without one, lines are read and rendered one by one
    #[arg(value_name = "TEMPLATE", conflicts_with = "text")]
    pub template: Option<PathBuf>,

    /// The template itself
    #[arg(short = 'e', long = "template", value_name = "TEXT")]
    pub text: Option<String>,

    /// The body: the client's, or the integration's where a response template is rendered; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,

    /// A JSON file with the keys body, params (path, querystring, header), context, stageVariables and
    /// authorizer, all optional
    #[arg(long, value_name = "FILE")]
    pub context: Option<PathBuf>,

    /// A value, as path.id=1; other places are querystring, header, context, stageVariables and authorizer;
    /// repeatable, wins over the file
    #[arg(long = "param", value_name = "PLACE.NAME=VALUE")]
    pub parameters: Vec<Assignment>,

    /// Print each directive with its line, column and values to standard error
    #[arg(long)]
    pub trace: bool,

    /// Print output, overrides and diagnostics as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// What `gateway vtl --help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  gateway vtl request.vtl --body order.json --context context.json
  gateway vtl request.vtl --body order.json --param path.id=42 --param header.Accept=text/plain --trace
  gateway vtl -e '$input.json(\"$.items[*].id\")' --body -  < order.json
  gateway vtl --body order.json                  a line at a time; :help lists what else there is

A context file has what a request has; everything in it is optional:
  {\"body\": {\"a\": 1}, \"params\": {\"path\": {\"id\": \"42\"}, \"querystring\": {}, \"header\": {}},
   \"context\": {\"stage\": \"dev\", \"identity\": {\"sourceIp\": \"127.0.0.1\"}},
   \"stageVariables\": {}, \"authorizer\": {\"principalId\": \"me\", \"claims\": {}}}

Prints what the template puts out. Diagnostics go to standard error as `file:line:col: error: text`.
Exit status: 0 rendered, 1 the template is wrong or throws, 2 wrong usage or something could not be read.";

/// Why there is nothing to render.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

/// Runs the command; says the exit status.
pub(crate) fn vtl(args: &VtlArgs) -> u8 {
    match run(args) {
        Ok(code) => code,
        Err(Unreadable(text)) => {
            eprintln!("{text}");
            EXIT_USAGE
        }
    }
}

fn run(args: &VtlArgs) -> Result<u8, Unreadable> {
    let is_stdin = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
    let is_repl = args.template.is_none() && args.text.is_none();
    if is_stdin(&args.body) && (is_stdin(&args.template) || is_repl) {
        let text = "error: standard input is the body already: name the template's file, or use -e";
        return Err(Unreadable(text.to_owned()));
    }
    if is_repl && args.json {
        return Err(Unreadable(
            "error: --json needs a template: name its file, or use -e".to_owned(),
        ));
    }
    let mut fixture = match &args.context {
        Some(path) => fixture::parse(&path.display().to_string(), &read(path)?)?,
        None => Fixture::default(),
    };
    if let Some(path) = &args.body {
        fixture.body = read(path)?;
    }
    for assignment in &args.parameters {
        fixture.assign(assignment);
    }
    if is_repl {
        return Ok(repl::run(fixture, args.trace));
    }
    let (name, source) = match (&args.template, &args.text) {
        (Some(path), _) if is_stdin(&args.template) => ("<stdin>".to_owned(), read(path)?),
        (Some(path), _) => (path.display().to_string(), read(path)?),
        (None, text) => ("<text>".to_owned(), text.clone().unwrap_or_default()),
    };
    Ok(render(&name, &source, &fixture, args))
}

/// Renders one template and prints what comes of it.
fn render(name: &str, source: &str, fixture: &Fixture, args: &VtlArgs) -> u8 {
    let mut overrides = Overrides::default();
    let mut tracer = args.trace.then(|| Tracer::new(name, 0));
    let rendered = attempt(source, fixture, &mut overrides, tracer.as_mut());
    if args.json {
        println!("{:#}", report::document(name, &rendered, &overrides));
    }
    match rendered {
        Ok(output) => {
            if !args.json {
                print(&output);
            }
            if args.trace && !args.json {
                report::print_overrides(&overrides);
            }
            EXIT_OK
        }
        Err(problem) => {
            if !args.json {
                eprintln!("{}", problem.at(name));
            }
            EXIT_PROBLEMS
        }
    }
}

/// Renders `source`, or says where it is wrong.
fn attempt(
    source: &str,
    fixture: &Fixture,
    overrides: &mut Overrides,
    tracer: Option<&mut Tracer<'_>>,
) -> Result<String, Problem> {
    let template = Template::parse(source)?;
    let limits = Limits::default();
    let mut output = String::new();
    match tracer {
        Some(tracer) => {
            template.render_traced(fixture, overrides, &limits, &mut output, tracer)?;
        }
        None => template.render(fixture, overrides, &limits, &mut output)?,
    }
    Ok(output)
}

/// Prints output as it is; to a terminal, with the end of its last line.
fn print(output: &str) {
    let mut stdout = io::stdout().lock();
    let end = if stdout.is_terminal() && !output.ends_with('\n') { "\n" } else { "" };
    // Whoever reads may have seen enough.
    let _ = stdout.write_all(output.as_bytes()).and_then(|()| stdout.write_all(end.as_bytes()));
}

/// A file's text, or standard input's.
fn read(path: &Path) -> Result<String, Unreadable> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    text.map_err(|error| Unreadable(format!("error: cannot read {}: {error}", path.display())))
}
