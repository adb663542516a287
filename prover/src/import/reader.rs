//! A guarded table reader: compression, encoding, delimiter, and limits on what a file can make us hold.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read};
use std::rc::Rc;

use csv::{ByteRecord, ErrorKind, Position, Reader, ReaderBuilder};
use flate2::read::MultiGzDecoder;

use super::spec::{Encoding, FileFormat};
use super::{ImportError, Problem};

/// Longest row in bytes. A quotation that is never closed would otherwise pull in the whole file.
const MAX_ROW: u64 = 1 << 20;
/// Bytes looked at to find the delimiter.
const HEAD: usize = 64 << 10;

/// A table with a header.
pub(super) struct Table<'a> {
    reader: Reader<Guard<Box<dyn Read + 'a>>>,
    watch: Rc<Watch>,
    name: String,
    encoding: Encoding,
    record: ByteRecord,
    /// The header's names.
    pub(super) header: Vec<String>,
}

/// A row of a table.
pub(super) struct Line<'t> {
    record: &'t ByteRecord,
    encoding: Encoding,
    name: &'t str,
    /// Its line in the file, from 1.
    pub(super) number: u64,
}

impl Line<'_> {
    /// A field, without spaces around it.
    pub(super) fn field(&self, index: usize) -> Cow<'_, str> {
        // Validated when the row was read.
        match text(self.record.get(index).unwrap_or_default(), self.encoding) {
            Some(Cow::Borrowed(text)) => Cow::Borrowed(text.trim()),
            Some(Cow::Owned(text)) => Cow::Owned(text.trim().to_owned()),
            None => Cow::Borrowed(""),
        }
    }

    /// A fault in this row.
    pub(super) fn fault(&self, problem: Problem) -> ImportError {
        ImportError::at(self.name, self.number, problem)
    }
}

impl<'a> Table<'a> {
    /// Opens a table and reads its header.
    pub(super) fn open(input: impl Read + 'a, name: &str, format: &FileFormat) -> Result<Self, ImportError> {
        let fault = |line, problem| ImportError::at(name, line, problem);
        let mut input = BufReader::with_capacity(HEAD, input);
        let magic = head(&mut input, 2).map_err(|e| fault(0, Problem::Read(e.kind())))?;
        let packed = magic == [0x1f, 0x8b];
        let input = Cursor::new(magic).chain(input);
        let plain: Box<dyn Read + 'a> =
            if packed { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) };
        let watch = Rc::new(Watch::default());
        let mut guard = Guard { inner: plain, watch: watch.clone() };
        let start = head(&mut guard, HEAD).map_err(|e| fault(1, io_problem(&e, &watch)))?;
        if start.iter().all(u8::is_ascii_whitespace) {
            return Err(fault(0, Problem::Empty));
        }
        let delimiter = format.delimiter.map_or_else(|| delimiter(&start), |c| c as u8);
        let inner: Box<dyn Read + 'a> = Box::new(Cursor::new(start).chain(guard.inner));
        let watch = Rc::new(Watch::default());
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(format.quotes)
            .from_reader(Guard { inner, watch: watch.clone() });
        let encoding = format.encoding;
        let mut table = Self {
            reader,
            watch,
            name: name.to_owned(),
            encoding,
            record: ByteRecord::new(),
            header: Vec::new(),
        };
        table.read_header(format.quotes)?;
        Ok(table)
    }

    fn read_header(&mut self, quotes: bool) -> Result<(), ImportError> {
        self.watch.quotes.set(quotes);
        let header = match self.reader.byte_headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(self.broken(&error)),
        };
        let names = header.iter().map(|field| text(field, self.encoding).map(|name| name.trim().to_owned()));
        self.header =
            names.collect::<Option<_>>().ok_or_else(|| ImportError::at(&self.name, 1, Problem::Encoding))?;
        Ok(())
    }

    /// The next row; none at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, ImportError> {
        self.watch.since_row.set(0);
        match self.reader.read_byte_record(&mut self.record) {
            Err(error) => Err(self.broken(&error)),
            Ok(false) if self.watch.open_quote.get() && self.watch.quotes.get() => {
                Err(ImportError::at(&self.name, self.line(), Problem::OpenQuote))
            }
            Ok(false) => Ok(None),
            Ok(true) => {
                let number = self.record.position().map_or(0, Position::line);
                if self.record.iter().any(|field| text(field, self.encoding).is_none()) {
                    return Err(ImportError::at(&self.name, number, Problem::Encoding));
                }
                Ok(Some(Line { record: &self.record, encoding: self.encoding, name: &self.name, number }))
            }
        }
    }

    /// The file's name.
    pub(super) fn file(&self) -> &str {
        &self.name
    }

    /// The line that the reader has come to.
    pub(super) fn line(&self) -> u64 {
        self.reader.position().line()
    }

    fn broken(&self, error: &csv::Error) -> ImportError {
        let at = error.position().map_or(self.line(), Position::line);
        let problem = match error.kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                Problem::Fields { expected: *expected_len, found: *len }
            }
            ErrorKind::Io(error) => io_problem(error, &self.watch),
            _ => Problem::Encoding,
        };
        ImportError::at(&self.name, at, problem)
    }
}

/// The first bytes of a reader, fewer only at its end.
fn head(input: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The commonest of the delimiters in the header, outside of quotes.
fn delimiter(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(0, b','), (0, b';'), (0, b'\t'), (0, b'|')];
    for byte in start.iter().take_while(|byte| **byte != b'\n') {
        quoted ^= *byte == b'"';
        for (count, delimiter) in &mut counts {
            *count += u32::from(!quoted && byte == delimiter);
        }
    }
    let best = counts.iter().rev().max_by_key(|(count, _)| *count);
    best.map_or(b',', |(_, delimiter)| *delimiter)
}

fn text(bytes: &[u8], encoding: Encoding) -> Option<Cow<'_, str>> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Encoding::Latin1 if bytes.is_ascii() => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Encoding::Latin1 => Some(Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect())),
    }
}

/// What passes through a [`Guard`].
#[derive(Default)]
struct Watch {
    since_row: Cell<u64>,
    open_quote: Cell<bool>,
    quotes: Cell<bool>,
    nul: Cell<bool>,
    long: Cell<bool>,
}

/// Counts bytes between rows and stops at what no table holds.
struct Guard<R> {
    inner: R,
    watch: Rc<Watch>,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        let watch = &self.watch;
        let quotes = bytes.iter().filter(|byte| **byte == b'"').count();
        watch.open_quote.set(watch.open_quote.get() ^ (quotes % 2 == 1));
        watch.since_row.set(watch.since_row.get() + length as u64);
        watch.nul.set(bytes.contains(&0));
        // The reader may hold one buffer beyond the row.
        watch.long.set(watch.since_row.get() > MAX_ROW + HEAD as u64);
        if watch.nul.get() || watch.long.get() { Err(io::ErrorKind::InvalidData.into()) } else { Ok(length) }
    }
}

fn io_problem(error: &io::Error, watch: &Watch) -> Problem {
    match error.kind() {
        _ if watch.nul.get() => Problem::Nul,
        _ if watch.long.get() => Problem::TooLong(MAX_ROW),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Problem::Compression
        }
        kind => Problem::Read(kind),
    }
}
