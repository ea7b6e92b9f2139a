//! A line as the shell splits it: commands of words, without what only the shell sees.

use std::mem;
use std::ops::Range;

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As the program gets it, without quotes.
    pub(super) text: String,
    /// Its place in the line.
    pub(super) span: Range<usize>,
}

/// A program and its arguments, without assignments before it and without redirections.
pub(super) type Words = Vec<Word>;

/// A line and its commands, in order.
#[derive(Debug)]
pub(super) struct Line {
    /// Without a comment.
    pub(super) text: String,
    pub(super) commands: Vec<Words>,
}

impl Line {
    /// Parses a line of a shell. Substitutions (`$(…)`) stay part of their word.
    pub(super) fn read(text: &str) -> Self {
        let mut reader = Reader::default();
        let mut end = text.len();
        for (at, c) in text.char_indices() {
            if c == '#' && reader.is_between_words() {
                end = at;
                break;
            }
            reader.take(at, c);
        }
        reader.end_command(end);
        Self {
            text: text[..end].trim_end().to_owned(),
            commands: reader.commands,
        }
    }

    /// The words of all commands as the programs get them.
    pub(super) fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }
}

#[derive(Default)]
struct Reader {
    commands: Vec<Words>,
    words: Words,
    word: Option<Word>,
    quote: Option<char>,
    /// The next word is the file of a redirection.
    redirects: bool,
    last: Option<char>,
}

impl Reader {
    fn is_between_words(&self) -> bool {
        self.word.is_none() && self.quote.is_none()
    }

    fn take(&mut self, at: usize, c: char) {
        match (self.quote, c) {
            (Some(quote), _) if c == quote => self.quote = None,
            (Some(_), _) => self.grow(at, c, Some(c)),
            (None, '\'' | '"') => {
                self.quote = Some(c);
                self.grow(at, c, None);
            }
            (None, '<' | '>') => {
                // A number before it says which stream is redirected.
                let number = |word: &mut Word| word.text.parse::<u8>().is_ok();
                self.word.take_if(number);
                self.end_word(at);
                self.redirects = true;
            }
            // `2>&1` and `&>file`.
            (None, '&') if self.last == Some('>') => self.grow(at, c, Some(c)),
            (None, '|' | '&' | ';') => self.end_command(at),
            (None, c) if c.is_whitespace() => self.end_word(at),
            (None, c) => self.grow(at, c, Some(c)),
        }
        self.last = Some(c);
    }

    fn grow(&mut self, at: usize, read: char, kept: Option<char>) {
        let word = self.word.get_or_insert(Word {
            text: String::new(),
            span: at..at,
        });
        word.text.extend(kept);
        word.span.end = at + read.len_utf8();
    }

    fn end_word(&mut self, at: usize) {
        let Some(mut word) = self.word.take() else {
            return;
        };
        word.span.end = at;
        let is_file = mem::take(&mut self.redirects);
        let assigns = self.words.is_empty() && is_assignment(&word.text);
        if !is_file && !assigns {
            self.words.push(word);
        }
    }

    fn end_command(&mut self, at: usize) {
        self.end_word(at);
        if !self.words.is_empty() {
            self.commands.push(mem::take(&mut self.words));
        }
    }
}

/// Whether a word is `NAME=value`, which the shell removes in front of a program.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[test]
fn lines_are_split_as_the_shell_splits_them() {
    for (line, text, commands) in [
        ("a b  # c", "a b", &[&["a", "b"][..]][..]),
        ("a 'b # c' d#e", "a 'b # c' d#e", &[&["a", "b # c", "d#e"]]),
        ("X=1 Y=2 a Z=3", "X=1 Y=2 a Z=3", &[&["a", "Z=3"]]),
        (
            "a -x|b; c&&d",
            "a -x|b; c&&d",
            &[&["a", "-x"], &["b"], &["c"], &["d"]],
        ),
        ("a <in >out b 2>&1", "a <in >out b 2>&1", &[&["a", "b"]]),
        ("a \"\" ''", "a \"\" ''", &[&["a", "", ""]]),
    ] {
        let read = Line::read(line);
        assert_eq!(read.text, text);
        let found: Vec<_> = read
            .commands
            .iter()
            .map(|words| Line::texts(words))
            .collect();
        assert_eq!(found, commands, "{line}");
    }
    let line = Line::read("a 'b c' d");
    let spans: Vec<_> = line.commands[0]
        .iter()
        .map(|word| word.span.clone())
        .collect();
    assert_eq!(spans, [0..1, 2..7, 8..9]);
}
