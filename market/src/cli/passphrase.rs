//! Asks for a passphrase on the terminal, without showing it.

use std::io::{IsTerminal, Read, Stdin, Write};
use std::path::Path;

use galen_market::desk::home::passphrase::{MAX_BYTES, file};
use galen_market::desk::home::{Passphrase, PassphraseFault};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// The passphrase of keys that are there: from a file, or asked for.
///
/// # Errors
/// When there is none.
pub fn known(typed: Option<&Path>, configured: Option<&Path>) -> Result<Passphrase, PassphraseFault> {
    match file(typed, configured) {
        Some(path) => Passphrase::read(&path),
        None => ask("passphrase of the keys"),
    }
}

/// A passphrase for new keys: from a file, or asked for twice.
///
/// # Errors
/// When there is none, it is too short, or the two differ.
pub fn fresh(typed: Option<&Path>) -> Result<Passphrase, PassphraseFault> {
    match file(typed, None) {
        Some(path) => Passphrase::read(&path)?.strong(),
        None => twice("new passphrase for the keys"),
    }
}

/// Asks twice for a new one.
///
/// # Errors
/// When nobody can be asked, it is too short, or the two differ.
pub fn twice(question: &str) -> Result<Passphrase, PassphraseFault> {
    let first = ask(question)?.strong()?;
    if ask("the same again")?.differs(&first) { Err(PassphraseFault::Differ) } else { Ok(first) }
}

/// Asks on the terminal.
///
/// # Errors
/// When stdin is no terminal, or the question is broken off.
pub fn ask(question: &str) -> Result<Passphrase, PassphraseFault> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(PassphraseFault::Nobody);
    }
    let broken = |error: std::io::Error| PassphraseFault::Terminal(error.to_string());
    let silent = Silent::begin(stdin).map_err(broken)?;
    let mut stderr = std::io::stderr();
    write!(stderr, "  {question}: ").and_then(|()| stderr.flush()).map_err(broken)?;
    let line = silent.line();
    let _ = writeln!(stderr);
    Passphrase::new(line?)
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silent {
    terminal: Stdin,
    before: Termios,
}

impl Silent {
    /// Keys come one by one, the interrupting one as well: a process that it ended would leave the terminal silent.
    fn begin(terminal: Stdin) -> std::io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }

    fn line(&self) -> Result<Zeroizing<String>, PassphraseFault> {
        let mut line = Line::default();
        #[expect(
            clippy::unbuffered_bytes,
            reason = "a buffer would keep what is typed, and take more than the line"
        )]
        for byte in (&self.terminal).bytes() {
            match line.take(byte.map_err(|error| PassphraseFault::Terminal(error.to_string()))?) {
                Taken::More => {}
                Taken::Done => return line.text(),
                Taken::BrokenOff => break,
            }
        }
        Err(PassphraseFault::Terminal("broken off".into()))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// What has been typed. Never longer than a passphrase, so that it is not moved while it grows.
struct Line(Zeroizing<Vec<u8>>);

#[derive(Debug, PartialEq, Eq)]
enum Taken {
    More,
    Done,
    BrokenOff,
}

impl Default for Line {
    fn default() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(MAX_BYTES + 1)))
    }
}

impl Line {
    fn take(&mut self, byte: u8) -> Taken {
        match byte {
            b'\r' | b'\n' => return Taken::Done,
            // Ctrl-C, Ctrl-D, Ctrl-\.
            3 | 4 | 28 => return Taken::BrokenOff,
            8 | 127 => self.erase(),
            // Ctrl-U.
            21 => self.0.clear(),
            byte if self.0.len() <= MAX_BYTES => self.0.push(byte),
            _ => {}
        }
        Taken::More
    }

    /// Takes a whole character away.
    fn erase(&mut self) {
        while self.0.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }

    fn text(self) -> Result<Zeroizing<String>, PassphraseFault> {
        let text = std::str::from_utf8(&self.0).map_err(|_| PassphraseFault::Terminal("not UTF-8".into()))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> (Line, Taken) {
        let mut line = Line::default();
        let last = keys.iter().map(|key| line.take(*key)).find(|taken| *taken != Taken::More);
        (line, last.unwrap_or(Taken::More))
    }

    #[test]
    fn keys_make_a_line_and_erase_whole_characters() {
        let (line, last) = typed("wordx\x7fé\x08s ü\r".as_bytes());
        assert_eq!((line.text().expect("text").as_str(), last), ("words ü", Taken::Done));
        assert_eq!(typed("gone\x15kept\n".as_bytes()).0.text().expect("text").as_str(), "kept");
        assert_eq!(typed(b"\x7f\x7fa").0.text().expect("text").as_str(), "a");
    }

    #[test]
    fn interrupting_breaks_off_and_too_much_is_not_kept() {
        for key in [3, 4, 28] {
            assert_eq!(typed(&[b'a', key, b'b']).1, Taken::BrokenOff);
        }
        let (line, _) = typed(&[b'x'; MAX_BYTES + 50]);
        assert!(matches!(Passphrase::new(line.text().expect("text")), Err(PassphraseFault::Long)));
    }
}
