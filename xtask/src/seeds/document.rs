//! Listings in a document: what stands in fences (Markdown), in `<pre>` (web pages), or, in plain text such as is
//! copied out of a PDF file, between the lines of prose.

use super::restore;

/// A piece of a document that is a program, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    /// The document's name.
    pub(super) document: String,
    /// Where it begins.
    pub(super) line: usize,
    pub(super) language: Language,
    pub(super) text: String,
    /// What typesetting had done to it and was undone by guessing; none if it is the document's word for word.
    pub(super) mended: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Language {
    C,
    Cpp,
    Python,
    /// Shell and the like.
    Other,
}

/// All listings of a document, in their order.
pub(super) fn listings(document: &str, text: &str) -> Vec<Listing> {
    let text = text.replace(['\u{c}', '\r'], "");
    let blocks = if text.contains("```") {
        fenced(&text)
    } else if text.contains("<pre") {
        preformatted(&text)
    } else {
        between_prose(&text)
    };
    let listing = |block: Block| {
        let language = language(&block);
        let (text, mended) = match language {
            Language::C => restore::c(&block.lines),
            _ => (block.lines.join("\n") + "\n", Vec::new()),
        };
        Listing { document: document.to_owned(), line: block.line, language, text, mended }
    };
    blocks.into_iter().map(listing).collect()
}

/// Lines of a document that belong together.
#[derive(Default)]
struct Block {
    line: usize,
    tag: String,
    lines: Vec<String>,
}

fn language(block: &Block) -> Language {
    let has = |what: &str| block.lines.iter().any(|line| line.contains(what));
    match block.tag.to_ascii_lowercase().as_str() {
        "cpp" | "c++" => Language::Cpp,
        "python" | "py" => Language::Python,
        "shell" | "bash" | "sh" | "console" => Language::Other,
        _ if has("<zmq.hpp>") || has("<iostream>") => Language::Cpp,
        _ if has("import zmq") => Language::Python,
        _ if has("#include") || has(";") => Language::C,
        _ => Language::Other,
    }
}

/// What stands between lines of three back quotes, without the indentation of the fence.
fn fenced(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        match (&mut open, trimmed.strip_prefix("```")) {
            (None, Some(tag)) => {
                let tag = tag.trim().to_owned();
                open = Some((line.len() - trimmed.len(), Block { line: index + 2, tag, lines: Vec::new() }));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
            (Some((indent, block)), None) => {
                let spaces = line.len() - trimmed.len();
                block.lines.push(line.get(spaces.min(*indent)..).unwrap_or_default().trim_end().to_owned());
            }
            (None, None) => {}
        }
    }
    blocks
}

/// What stands in `<pre>` elements, without tags and entities.
fn preformatted(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some((before, after)) = rest.split_once("<pre") {
        let (inside, behind) = after.split_once("</pre>").unwrap_or((after, ""));
        line += before.matches('\n').count();
        let inside = inside.split_once('>').map_or("", |(_, inside)| inside);
        let plain = unescape(&without_tags(inside));
        let lines = plain.lines().map(|line| line.trim_end().to_owned()).collect();
        blocks.push(Block { line, tag: String::new(), lines });
        line += inside.matches('\n').count();
        rest = behind;
    }
    blocks
}

fn without_tags(text: &str) -> String {
    let mut inside = false;
    let outside = |letter: &char| {
        let was = inside;
        inside = (was || *letter == '<') && *letter != '>';
        !was && *letter != '<'
    };
    text.chars().filter(outside).collect()
}

fn unescape(text: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

/// Listings in plain text: from a line that C begins with to the last brace or directive before the prose goes on.
fn between_prose(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut now = Run::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if is_leftover(line) {
            continue;
        }
        if let Some(block) = now.take(index + 1, line) {
            blocks.push(block);
        }
    }
    blocks.extend(now.finish());
    blocks
}

/// A link that the page had beside the text.
fn is_leftover(line: &str) -> bool {
    line.ends_with('\u{fffd}')
}

/// The listing that is being read.
#[derive(Default)]
struct Run {
    block: Block,
    depth: i32,
    comment: bool,
    /// Lines in another language in a row.
    foreign: usize,
}

impl Run {
    /// Takes a line; a listing that ends before it is answered.
    fn take(&mut self, number: usize, line: &str) -> Option<Block> {
        if self.block.lines.is_empty() && !begins(line) {
            return None;
        }
        let code = if self.comment { "" } else { restore::code_of(line) };
        if code.chars().any(is_foreign) {
            // Inside a function it may be a remark of the translator's: the code before it stays, and one line more of it.
            let before = code.trim_end_matches(|letter: char| is_foreign(letter) || letter.is_whitespace());
            let remark = self.depth > 0 && (before.ends_with(';') || self.foreign > 0) && self.foreign < 2;
            if !remark {
                return self.finish();
            }
            self.foreign += 1;
            if before.ends_with(';') {
                self.block.lines.push(before.to_owned());
            }
            return None;
        }
        if !line.is_empty() {
            self.foreign = 0;
        }
        if self.block.lines.is_empty() {
            self.block.line = number;
        }
        self.comment = restore::stays_in_comment(self.comment, line);
        self.depth += restore::depth(code);
        self.block.lines.push(line.to_owned());
        None
    }

    /// The listing up to its last line that can be the end of one.
    fn finish(&mut self) -> Option<Block> {
        let mut run = std::mem::take(self);
        let ends = |line: &String| line.starts_with('}') || line.starts_with("#endif");
        let last = match run.depth {
            ..=0 => run.block.lines.iter().rposition(ends)?,
            // Cut off in the middle.
            _ => run.block.lines.len(),
        };
        run.block.lines.truncate(last + 1);
        Some(run.block)
    }
}

/// Whether a listing can begin so.
fn begins(line: &str) -> bool {
    let starts =
        ["//", " //", "/*", "#include", "#ifndef", "#define", "static ", "typedef ", "void ", "int main"];
    starts.iter().any(|start| line.starts_with(start))
}

/// Letters and signs of Chinese prose; C has them in comments only.
fn is_foreign(letter: char) -> bool {
    letter >= '\u{2010}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_listings_with_a_language_and_without_their_indentation() {
        let text = "prose\n  ```C\n  int main (void) {\n    return 0;\n  }\n  ```\n```shell\nls\n```\n";
        let found = listings("a", text);
        assert_eq!(found[0].text, "int main (void) {\n  return 0;\n}\n");
        assert_eq!((found[0].line, found[0].language), (3, Language::C));
        assert_eq!(found[1].language, Language::Other);
    }

    #[test]
    fn web_pages_lose_tags_and_entities() {
        let found = listings(
            "a",
            "<p>x</p>\n<pre class=\"c\">#include &lt;zmq.h&gt;\n<b>int</b> a = b &amp;&amp; c;</pre>",
        );
        assert_eq!(found[0].text, "#include <zmq.h>\nint a = b && c;\n");
    }

    #[test]
    fn in_plain_text_a_listing_ends_where_the_prose_goes_on() {
        let text = "这是\n//  A title\n#include <zmq.h>\nint main () {\n    go ();…到\n到\n\n}\n然后\nvoid *x;\n到\n";
        let found = listings("a", text);
        assert_eq!(found[0].text, "//  A title\n#include <zmq.h>\nint main () {\n    go ();\n\n}\n");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_listing_that_is_cut_off_ends_before_the_prose() {
        let found = listings("a", "//  A title\nint main () {\n    return 0;\n这是个\n真\n");
        assert_eq!(found[0].text, "//  A title\nint main () {\n    return 0;\n}\n");
        assert_eq!(found[0].mended, ["closed what the document leaves open"]);
    }
}
