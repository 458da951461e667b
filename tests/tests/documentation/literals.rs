//! The string literals of Rust code, each with the calls that it is handed to.

/// A string literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    /// Its text, with escapes resolved.
    pub text: String,
    /// What it stands in, outermost first, as in `["Err", "format!"]`.
    pub calls: Vec<String>,
}

/// All string literals of a source, in order. Comments hold none.
pub fn literals(source: &str) -> Vec<Literal> {
    let mut scanner = Scanner {
        rest: source,
        word: String::new(),
        calls: Vec::new(),
        found: Vec::new(),
    };
    while !scanner.rest.is_empty() {
        scanner.step();
    }
    scanner.found
}

struct Scanner<'a> {
    rest: &'a str,
    /// The identifier that was just read.
    word: String,
    /// The names before the brackets that are open.
    calls: Vec<String>,
    found: Vec<Literal>,
}

impl Scanner<'_> {
    fn step(&mut self) {
        if self.rest.starts_with("//") {
            return self.skip_past("\n");
        }
        if let Some(hashes) = self.raw_string() {
            self.skip_past("\"");
            return self.take_raw(&format!("\"{}", "#".repeat(hashes)));
        }
        match self.take_char() {
            Some('"') => self.take_string(),
            Some('\'') => self.skip_character(),
            Some('(' | '[' | '{') => self.calls.push(std::mem::take(&mut self.word)),
            Some(')' | ']' | '}') => {
                self.calls.pop();
                self.word.clear();
            }
            Some(c) if c.is_alphanumeric() || c == '_' || c == '!' => self.word.push(c),
            _ => self.word.clear(),
        }
    }

    fn take_char(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let taken = characters.next();
        self.rest = characters.as_str();
        taken
    }

    fn skip_past(&mut self, end: &str) {
        let (_, rest) = self.rest.split_once(end).unwrap_or_default();
        self.rest = rest;
        self.word.clear();
    }

    /// How many `#` a raw string that starts here has.
    fn raw_string(&self) -> Option<usize> {
        let after = self.rest.strip_prefix('r')?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        (self.word.is_empty() && after[hashes..].starts_with('"')).then_some(hashes)
    }

    fn take_raw(&mut self, end: &str) {
        let (text, rest) = self.rest.split_once(end).unwrap_or_default();
        self.keep(text.to_owned());
        self.rest = rest;
    }

    fn take_string(&mut self) {
        let mut text = String::new();
        while let Some(c) = self.take_char() {
            match c {
                '"' => break,
                '\\' => match self.take_char() {
                    // The line goes on where the next one's text begins.
                    Some('\n') => self.rest = self.rest.trim_start(),
                    Some('n') => text.push('\n'),
                    Some(other) => text.push(other),
                    None => {}
                },
                c => text.push(c),
            }
        }
        self.keep(text);
    }

    /// A character, or a lifetime, which has no second quote.
    fn skip_character(&mut self) {
        let mut ahead = self.rest.chars();
        match (ahead.next(), ahead.next()) {
            (Some('\\'), Some(_)) => {
                let rest = ahead.as_str();
                self.rest = rest.split_once('\'').unwrap_or_default().1;
            }
            (Some(_), Some('\'')) => self.rest = ahead.as_str(),
            _ => {}
        }
        self.word.clear();
    }

    fn keep(&mut self, text: String) {
        let calls = self.calls.clone();
        self.found.push(Literal { text, calls });
        self.word.clear();
    }
}

#[test]
fn literals_are_found_with_what_they_are_handed_to() {
    let source = r##"
        // "not this one" nor 'this
        #[error("one {0}")]
        fn f<'a>(c: &'a str) { let quote = '"'; warn!(a = b("two"), 'x', "thr\"ee \
            four"); g(r#"fi"ve"#, '\'', "six") }
    "##;
    let found: Vec<(String, String)> = literals(source)
        .into_iter()
        .map(|literal| (literal.text, literal.calls.join(">")))
        .collect();
    let expected = [
        ("one {0}", ">error"),
        ("two", ">warn!>b"),
        ("thr\"ee four", ">warn!"),
        ("fi\"ve", ">g"),
        ("six", ">g"),
    ];
    let expected = expected.map(|(text, calls)| (text.to_owned(), calls.to_owned()));
    assert_eq!(found, expected);
}
