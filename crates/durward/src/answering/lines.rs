//! Lines out of pieces that were cut anywhere.

use bytes::{Bytes, BytesMut};

/// The most bytes of a line. Both dialects say a few letters in each.
pub(super) const MAX_LINE: usize = 64 * 1024;

/// A line is longer than [`MAX_LINE`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// What has come and was not read yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// How much of it is known to hold no line end, so that a line that comes byte by byte is not searched again and again.
    searched: usize,
}

impl Lines {
    /// More has come.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole line, without its end (`\n` or `\r\n`).
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let rest = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n').map(|place| self.searched + place) else {
            self.searched = self.buffer.len();
            return if self.searched > MAX_LINE { Err(TooLong) } else { Ok(None) };
        };
        if end > MAX_LINE {
            return Err(TooLong);
        }
        self.searched = 0;
        let mut line = self.buffer.split_to(end + 1).freeze();
        line.truncate(end);
        if line.last() == Some(&b'\r') {
            line.truncate(end - 1);
        }
        Ok(Some(line))
    }

    /// What stands after the last line end, once nothing more comes.
    pub(super) fn rest(&mut self) -> Bytes {
        self.searched = 0;
        self.buffer.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines) -> Vec<String> {
        std::iter::from_fn(|| lines.next().unwrap()).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
    }

    #[test]
    fn a_text_cut_at_any_two_places_gives_the_same_lines() {
        let text = "one\r\n\ntwö ☃\n\r\nrest".as_bytes();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let (mut lines, mut got) = (Lines::default(), Vec::new());
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    lines.push(piece);
                    got.extend(all(&mut lines));
                }
                assert_eq!(got, ["one", "", "twö ☃", ""], "cut at {first} and {second}");
                assert_eq!(lines.rest(), "rest");
                assert_eq!(lines.rest(), "");
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_an_error_with_and_without_its_end() {
        let longest = vec![b'x'; MAX_LINE];
        let mut lines = Lines::default();
        lines.push(&longest);
        assert_eq!(lines.next(), Ok(None));
        lines.push(b"\n");
        assert_eq!(lines.next().unwrap().unwrap().len(), MAX_LINE);

        lines.push(&longest);
        lines.push(b"x");
        assert_eq!(lines.next(), Err(TooLong));
        lines.push(b"\n");
        assert_eq!(lines.next(), Err(TooLong));
    }
}
