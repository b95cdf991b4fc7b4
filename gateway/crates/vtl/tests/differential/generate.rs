//! Templates at random: well-formed ones with odd blanks and escapes, and fragments thrown together.

/// Makes templates. The same seed makes the same.
pub(crate) struct Generator {
    state: u64,
    /// How deep what is being made is nested.
    depth: u32,
}

const NAMES: &[&str] =
    &["a", "b", "c", "list", "map", "s", "n", "nope", "foreach", "velocityCount", "x-y", "_u"];
const BLANKS: &[&str] = &["", "", "", " ", "  ", "\n", "\t", " \n", "\r\n", "\n  "];
const TEXTS: &[&str] = &[
    "text",
    "x",
    "{\"k\": 1}",
    "5.00",
    "&#39;",
    "é€",
    "😀",
    "a.b",
    "(1)",
    "[0]",
    "{}",
    "-",
    "\"",
    "'",
    ",",
    ":",
    "...",
    "|",
    "in",
    "and",
    "true",
    "if",
    "end",
    "!",
    "@",
    "null",
    " = ",
    "%",
    "\\n",
];
const FRAGMENTS: &[&str] = &[
    "$",
    "#",
    "\\",
    "\\\\",
    "$!",
    "${",
    "$!{",
    "}",
    "{",
    "[",
    "]",
    "(",
    ")",
    " ",
    "\n",
    "\t",
    "\r\n",
    ".",
    "..",
    ",",
    ":",
    "a",
    "b",
    "x1",
    "1",
    "-1",
    "1.5",
    ".5",
    "5.",
    "1e3",
    "'q'",
    "\"q\"",
    "\"$a\"",
    "\"\"",
    "''",
    "'",
    "\"",
    "##",
    "#*",
    "*#",
    "#**",
    "#[[",
    "]]#",
    "#set",
    "#set(",
    "#{set}(",
    "#set($a = 1)",
    "#if",
    "#if(",
    "#if(true)",
    "#{if}(true)",
    "#else",
    "#{else}",
    "#elseif(false)",
    "#end",
    "#{end}",
    "#foreach",
    "#foreach($i in [1..3])",
    "#define($d)",
    "#macro(zz)",
    "#break",
    "#stop",
    "#foo",
    "#foo(",
    "#foo($a)",
    "#m",
    "#m()",
    "#@foo()",
    "#literal()",
    "$a",
    "${a}",
    "$!a",
    "$!{a}",
    "\\$a",
    "\\\\$a",
    "\\#if",
    "\\\\#if(true)",
    "\\#set",
    "\\#foo",
    "\\#end",
    "$a.b",
    "$a.b()",
    "$a[0]",
    "$list[0]",
    "$list.size()",
    "$map.k",
    "$\\!a",
    "$[",
    "$.",
    "$$",
    "$#",
    "#$a",
    "$a.",
    "$a.1",
    "$a-b",
    "true",
    "false",
    "and",
    "==",
    "=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&&",
    "||",
    "!",
    "<",
    ">",
    "in",
    "é",
    "😀",
    "|",
    ";",
    "@",
    "#end\n",
    "#else \n",
    ") \n",
];
const METHODS: &[&str] = &[
    "length()",
    "size()",
    "isEmpty()",
    "toString()",
    "trim()",
    "toUpperCase()",
    "hashCode()",
    "keySet()",
    "values()",
    "entrySet()",
    "get(0)",
    "get('k')",
    "get(\"k\")",
    "contains('a')",
    "contains(1)",
    "indexOf('a')",
    "substring(1)",
    "substring(0, 1)",
    "charAt(0)",
    "startsWith('t')",
    "endsWith('t')",
    "replace('a', 'b')",
    "replaceAll('[a-c]+', '<$0>')",
    "replaceAll('x*', '-')",
    "replaceFirst('t', 'T')",
    "matches('[a-z]+')",
    "split('e').size()",
    "split(',')[0]",
    "concat('z')",
    "equals('text')",
    "equals(1)",
    "equalsIgnoreCase('TEXT')",
    "compareTo('text')",
    "add(7)",
    "add('y')",
    "remove(0)",
    "put('p', 1)",
    "put('q', bare)",
    "containsKey('k')",
    "containsValue(1)",
    "remove('k')",
    "clear()",
    "subList(0, 1)",
    "set(0, 'S')",
    "lastIndexOf('t')",
    "intValue()",
    "doubleValue()",
    "longValue()",
    "class.name",
    "empty",
    "nope",
    "nope()",
    "addAll([1, 2])",
    "indexOf(2)",
    "parseInt('7')",
    "valueOf(12)",
    "format('%s-%05d', 'q', 3)",
    "format('%5.2f|%-4s|%x', 1.005, 'ab', 255)",
    "isEmpty",
    "key",
    "count",
    "index",
    "hasNext",
    "first",
    "last",
    "parent",
    "codePointAt(0)",
    "compareTo(1)",
    "substring('1')",
    "replaceAll('(t)(e)', '$2$1')",
    "replaceAll('(?<=t)e', '_')",
    "split('').size()",
    "lastIndexOf('t', 1)",
    "indexOf('t', 1)",
    "join('-', ['a', 'b'])",
    "putAll({'z': 26})",
    "getClass().getName()",
    "iterator().next()",
    "containsAll([1])",
    "contains(2)",
];

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, depth: 0 }
    }

    /// A template.
    pub(crate) fn template(&mut self) -> String {
        self.depth = 0;
        match self.below(10) {
            0..=1 => self.soup(12),
            2 => format!("{}{}", self.prelude(), self.soup(6)),
            _ => {
                let statements = 1 + self.below(6);
                let body: String = (0..statements).map(|_| self.statement()).collect();
                let mut template = self.prelude() + &body;
                if self.one_in(12) {
                    template = self.damaged(&template);
                }
                template
            }
        }
    }

    /// Variables to play with.
    fn prelude(&mut self) -> String {
        match self.below(4) {
            0 => String::new(),
            1 => "#set($a = 'text')#set($n = 5)".to_owned(),
            _ => "#set($a='text')#set($b=\"b$a\")#set($c = true)#set($n=7)#set($s='a,b;c')#set($list=[1,'two',3.5])#set($map={'k':1,'l':[1,2],'m':{'k':'v'}})".to_owned(),
        }
    }

    fn soup(&mut self, most: u64) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.pick(FRAGMENTS)).collect()
    }

    /// Takes a character away, or puts a fragment in.
    fn damaged(&mut self, template: &str) -> String {
        let mut characters: Vec<String> = template.chars().map(String::from).collect();
        let at = usize::try_from(self.below(characters.len().max(1) as u64)).unwrap_or(0);
        if self.one_in(2) && at < characters.len() {
            characters.remove(at);
        } else {
            characters.insert(at, self.pick(FRAGMENTS).to_owned());
        }
        characters.concat()
    }

    fn statement(&mut self) -> String {
        self.depth += 1;
        let made = match self.below(if self.depth > 4 { 7 } else { 16 }) {
            0..=2 => self.text(),
            3..=4 => self.printed(),
            5..=6 => self.set(),
            7..=8 => self.conditional(),
            9..=10 => self.foreach(),
            11 => format!("#define(${}){}#end", self.pick(NAMES), self.body()),
            12 => self
                .pick(&["## c\n", "#* c *#", "#** c\n *#", "#[[ $raw #if ]]#", "##", "## $a #if\n"])
                .to_owned(),
            13 => self.escaped(),
            14 => self
                .pick(&[
                    "#foo($a)",
                    "#foo",
                    "#{foo}",
                    "#m('x' $a)",
                    "#macro(zz $p)[$p]#end",
                    "#@foo()x#end",
                    "#evaluate($a)",
                ])
                .to_owned(),
            _ => self
                .pick(&[
                    "#break",
                    "#stop",
                    "#{break}",
                    "#break($foreach)",
                    "#break($foreach.parent)",
                    "#if($c)#break#end",
                    "#literal()$a #if(1)x#end#end",
                ])
                .to_owned(),
        };
        self.depth -= 1;
        made
    }

    fn text(&mut self) -> String {
        format!("{}{}{}", self.pick(BLANKS), self.pick(TEXTS), self.pick(BLANKS))
    }

    fn escaped(&mut self) -> String {
        let slashes = "\\".repeat(1 + usize::try_from(self.below(4)).unwrap_or(0));
        let what = self.pick(&[
            "$a",
            "${a}",
            "$!a",
            "$nope.x",
            "#if",
            "#end",
            "#set($a = 3)",
            "#foreach",
            "#foo",
            "#",
            "$",
            "x",
            "#if(true)y#end",
            "$a.length()",
            "${list[0]}",
            "#{end}",
            "#stop",
            "$$a",
            "#break",
        ]);
        format!("{slashes}{what}")
    }

    fn printed(&mut self) -> String {
        let reference = self.reference();
        let after = self.pick(&["", "", " ", "\n", ".", "-", "x", "(1)", "}", "!", "["]);
        format!("{}{reference}{after}", self.pick(&["", "", " ", "$", "#", "\\", "$!"]))
    }

    fn reference(&mut self) -> String {
        let mut inner = self.pick(NAMES).to_owned();
        for _ in 0..self.below(3) {
            self.depth += 1;
            match self.below(5) {
                0 => {
                    inner += &format!(
                        ".{}",
                        self.pick(&[
                            "k", "l", "m", "empty", "class", "nope", "key", "value", "size"
                        ])
                    )
                }
                1 => inner += &format!("[{}]", self.index()),
                _ => inner += &format!(".{}", self.pick(METHODS)),
            }
            self.depth -= 1;
        }
        match self.below(6) {
            0 => format!("${{{inner}}}"),
            1 => format!("$!{inner}"),
            2 => format!("$!{{{inner}}}"),
            _ => format!("${inner}"),
        }
    }

    fn index(&mut self) -> String {
        let index = self.pick(&[
            "0", "1", "-1", "5", "'k'", "\"k\"", "'l'", "true", "$n", "$nope", "\"$a\"", "$list[0]",
        ]);
        format!("{}{index}{}", self.pick(&["", "", " "]), self.pick(&["", "", " "]))
    }

    fn set(&mut self) -> String {
        let target = match self.below(8) {
            0 => self.reference(),
            1 => format!("$map.{}", self.pick(&["k", "new", "empty"])),
            2 => format!("$list[{}]", self.index()),
            3 => format!("$map[{}]", self.index()),
            _ => format!("${}", self.pick(NAMES)),
        };
        let hash = self.pick(&["#set(", "#set( ", "#set (", "#{set}("]);
        let blank = self.pick(BLANKS);
        format!(
            "{blank}{hash}{target} = {}{}){}",
            self.expression(),
            self.pick(&["", " "]),
            self.pick(BLANKS)
        )
    }

    fn conditional(&mut self) -> String {
        let mut made = format!(
            "{}({}){}",
            self.pick(&["#if", "#if ", "#{if}"]),
            self.expression(),
            self.body()
        );
        if self.one_in(4) {
            made += &format!("#elseif({}){}", self.expression(), self.body());
        }
        if self.one_in(2) {
            made += &format!("{}{}", self.pick(&["#else", "#{else}", "#else\n"]), self.body());
        }
        made + self.end()
    }

    fn end(&mut self) -> &'static str {
        self.pick(&["#end", "#end", "#{end}", "#end\n", "#end \n", "#{end} "])
    }

    fn foreach(&mut self) -> String {
        let over = match self.below(6) {
            0 => format!("[{}..{}]", self.below(5), self.below(4)),
            1 => "$map.entrySet()".to_owned(),
            2 => self.reference(),
            3 => "$map".to_owned(),
            4 => "[1, 'b', $nope]".to_owned(),
            _ => "$list".to_owned(),
        };
        let inside = self.pick(&[
            "$foreach.count",
            "$velocityCount",
            "$foreach.hasNext,",
            "#if($foreach.last).#end",
            "$!foreach.parent.index",
            "$velocityHasNext",
            "",
        ]);
        format!(
            "#foreach(${} in {over}){}{inside}{}{}",
            self.pick(&["i", "a", "n", "x"]),
            self.pick(BLANKS),
            self.body(),
            self.end()
        )
    }

    fn body(&mut self) -> String {
        let count = 1 + self.below(2);
        let before = self.pick(BLANKS);
        let inner: String = (0..count).map(|_| self.statement()).collect();
        format!("{before}{inner}{}", self.pick(BLANKS))
    }

    fn expression(&mut self) -> String {
        self.depth += 1;
        let blank = self.pick(&["", "", " "]);
        let made = match self.below(if self.depth > 5 { 8 } else { 16 }) {
            0..=4 => self.literal(),
            5..=7 => self.reference(),
            8..=12 => {
                let operator = self.pick(&[
                    " + ", "+", " - ", " * ", "/", " % ", " == ", "==", " != ", " < ", " > ",
                    " <= ", ">=", " && ", "&&", " || ", " and ", " or ", " eq ", " ne ", " lt ",
                    " gt ", " ge ", " le ",
                ]);
                format!("{}{operator}{}", self.expression(), self.expression())
            }
            13 => format!("{}{}", self.pick(&["!", "! ", "not "]), self.expression()),
            14 => format!("({}{})", self.expression(), blank),
            _ => self.container(),
        };
        self.depth -= 1;
        format!("{blank}{made}")
    }

    fn literal(&mut self) -> String {
        self.pick(&[
            "1",
            "0",
            "-3",
            "2147483647",
            "9223372036854775807",
            "99999999999999999999",
            "1.5",
            "0.1",
            "1e3",
            ".5",
            "5.",
            "1e-5",
            "123456789.0",
            "true",
            "false",
            "'text'",
            "\"text\"",
            "'it''s'",
            "\"$a\"",
            "\"x$!{n}y\"",
            "\"#if($c)T#{else}F#end\"",
            "''",
            "\"\"",
            "\"\\u0041\"",
            "\"say \"\"x\"\"\"",
            "'$a'",
            "\"$n-1\"",
            "\"#foreach($q in [1,2])$q#end\"",
            "\"## c\"",
            "\"a\nb\"",
            "'#end'",
            "\"\\$a\"",
            "\"$a.length()\"",
            "10",
            "3",
            "-7",
            "2.0",
            "'5'",
            "010",
        ])
        .to_owned()
    }

    fn container(&mut self) -> String {
        self.pick(&[
            "[]",
            "[1, 2]",
            "['a',$nope,\"$n\"]",
            "[1..3]",
            "[3 .. 1]",
            "[$n..9]",
            "[0..$nope]",
            "{}",
            "{ }",
            "{'k': 'v'}",
            "{'a' : 1, \"b$n\":[1,{}]}",
            "[[1],[2, [3]]]",
            "[ 1 ]",
            "{$a:$n}",
            "[true,false]",
            "[1.5..2]",
            "[ ]",
            "{'k':}",
            "[1 2]",
        ])
        .to_owned()
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// A number below `end`: splitmix64.
    fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}
