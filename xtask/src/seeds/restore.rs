//! C as it was before it was typeset: lines that a narrow page has broken are whole again.
//!
//! Only where a break changes the meaning: in comments to the end of the line, in string literals and in directives.

/// The program, and what had to be guessed.
pub(super) fn c(lines: &[String]) -> (String, Vec<&'static str>) {
    let mut mended = Vec::new();
    let mut whole: Vec<String> = Vec::new();
    let mut comment = false;
    for line in without_label(lines, &mut mended) {
        let previous = whole.iter().rposition(|line| !line.is_empty());
        let directive = previous.is_some_and(|previous| is_open_directive(&whole, previous));
        let joined = match previous.and_then(|index| whole.get_mut(index)) {
            Some(before) if !comment && !line.is_empty() && (directive || continues(before, line)) => {
                before.push(' ');
                before.push_str(line.trim_start());
                true
            }
            _ => false,
        };
        if joined {
            continue;
        }
        comment = stays_in_comment(comment, line);
        whole.push(line.clone());
    }
    let open: i32 = whole.iter().map(|line| depth(code_of(line))).sum();
    if open == 1 && whole.iter().any(|line| line.contains("main")) {
        mended.push("closed what the document leaves open");
        whole.push("}".to_owned());
    }
    (whole.join("\n") + "\n", mended)
}

/// Without a title that stands before the first comment or directive, where only C should stand.
fn without_label<'a>(lines: &'a [String], mended: &mut Vec<&'static str>) -> &'a [String] {
    match lines.split_first() {
        Some((first, rest)) if is_label(first) && rest.iter().any(|line| line.starts_with("#include")) => {
            mended.push("a title in the listing left out");
            rest
        }
        _ => lines,
    }
}

fn is_label(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    line.contains(": ") && !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// Whether a directive ends at this line with a bracket open, and no sign that it goes on.
fn is_open_directive(lines: &[String], last: usize) -> bool {
    let lines = lines.get(..=last).unwrap_or_default();
    let goes_on = |line: &String| line.ends_with('\\');
    let first = lines.iter().rev().skip(1).take_while(|line| goes_on(line)).count();
    let directive = lines.get(last - first..).unwrap_or_default();
    let brackets: i32 = directive.iter().map(|line| balance(code_of(line), '(', ')')).sum();
    directive.first().is_some_and(|line| line.starts_with("#define"))
        && !directive.last().is_some_and(goes_on)
        && brackets > 0
}

/// Whether a line is the rest of the one before it.
fn continues(before: &str, line: &str) -> bool {
    let code = code_of(before);
    if code.len() == before.len() {
        // No comment in it: only a literal may not be broken. What the page broke elsewhere is still C.
        return in_literal(before) && !before.ends_with('\\');
    }
    let rule = |text: &str| !text.is_empty() && text.chars().all(|letter| letter == '-');
    if rule(line) {
        let comment = before.get(code.len()..).unwrap_or_default();
        return comment.trim_start_matches('/').chars().all(|letter| letter == '-' || letter == ' ');
    }
    let word = line.split_whitespace().next().unwrap_or_default();
    let full = before.chars().count() + 1 + word.chars().count() >= PAGE;
    full && line.starts_with(|first: char| first.is_ascii_alphabetic()) && !is_code(line)
}

/// Columns of a page: a comment that had room for the next word was not broken there.
const PAGE: usize = 60;

/// Whether a line at the margin is a declaration.
fn is_code(line: &str) -> bool {
    let types =
        ["static", "void", "int", "char", "typedef", "struct", "unsigned", "extern", "const", "size_t"];
    line.ends_with(['*', ';', '{', '}', ')', ','])
        || line.split_whitespace().next().is_some_and(|word| types.contains(&word))
}

/// Whether a comment over several lines is open after a line, if it was or was not before.
pub(super) fn stays_in_comment(open: bool, line: &str) -> bool {
    if open {
        return !line.contains("*/");
    }
    // What a literal holds, an address such as tcp://*:5555 say, is no comment.
    let code: Vec<&str> = code_of(line).split('"').step_by(2).collect();
    let code = code.join("\"");
    code.rfind("/*").is_some_and(|open| code.rfind("*/").is_none_or(|close| close < open))
}

/// A line without its comment to the end of the line.
pub(super) fn code_of(line: &str) -> &str {
    let mut literal = false;
    let mut escaped = false;
    for (index, letter) in line.char_indices() {
        match letter {
            '"' if !escaped => literal = !literal,
            '/' if !literal && line.get(index..).is_some_and(|rest| rest.starts_with("//")) => {
                return line.get(..index).unwrap_or_default();
            }
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    line
}

/// Whether a string literal is open at the end of a line.
fn in_literal(line: &str) -> bool {
    let mut literal = false;
    let mut escaped = false;
    let plain = line.replace("'\"'", "");
    for letter in plain.chars() {
        literal ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
    }
    literal
}

/// How many blocks a line opens, less those that it closes.
pub(super) fn depth(code: &str) -> i32 {
    balance(code, '{', '}')
}

fn balance(code: &str, open: char, close: char) -> i32 {
    let mut literal = false;
    let mut escaped = false;
    let mut depth = 0;
    for letter in code.chars() {
        literal ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        depth += i32::from(!literal && letter == open) - i32::from(!literal && letter == close);
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(text: &str) -> String {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        c(&lines).0
    }

    #[test]
    fn a_broken_comment_is_whole_again_and_what_follows_a_short_one_is_not_part_of_it() {
        let long =
            "//  We have two workers, here we copy the code, normally these\nwould\n//  differ\nint a;\n";
        assert_eq!(
            restored(long),
            "//  We have two workers, here we copy the code, normally these would\n//  differ\nint a;\n"
        );
        let declaration =
            "//  Caller should free returned string when finished with it\n\nchar *\nf (void);\n";
        assert_eq!(restored(declaration), declaration);
        assert_eq!(restored("//\n-----\n--\n//  Constructor\n"), "// ----- --\n//  Constructor\n");
    }

    #[test]
    fn what_looks_like_a_comment_in_a_literal_is_none() {
        let text = "bind (a, \"tcp://*:5555\");\n//  We have two workers, here we copy the code, normally these\nwould\n";
        assert!(restored(text).contains("these would\n"));
    }

    #[test]
    fn broken_literals_and_directives_are_whole_again() {
        assert_eq!(
            restored("printf (\"E: reply from\n\nserver\\n\");\n"),
            "printf (\"E: reply from server\\n\");\n\n"
        );
        assert_eq!(
            restored("#define A(q) f (&(q)[0],\nsizeof (q))\nint a;\n"),
            "#define A(q) f (&(q)[0], sizeof (q))\nint a;\n"
        );
    }

    #[test]
    fn directives_of_several_lines_and_those_with_a_comment_are_whole_again() {
        let text = "#define A(q) f (\\\n    (q) * sizeof (q\n[0]))\nint a;\n";
        assert_eq!(restored(text), "#define A(q) f (\\\n    (q) * sizeof (q [0]))\nint a;\n");
        let text = "#define INTERVAL_MAX       32000    //  After exponential\nbackoff\nint a;\n";
        assert!(restored(text).contains("exponential backoff\nint a;\n"));
    }

    #[test]
    fn a_label_before_the_program_goes() {
        let lines = ["msgqueue: Broker in C", "", "#include <zmq.h>"].map(str::to_owned);
        let (text, mended) = c(&lines);
        assert_eq!((text.as_str(), mended.len()), ("\n#include <zmq.h>\n", 1));
    }
}
