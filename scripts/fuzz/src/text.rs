//! Text from outside: the command line, uevents, lists of modules, and what is written of any of it.

use pintle::bytes::{Dev, TEXT_BYTES, Text, decimal, take_number, trim, until};
use pintle::cmdline::words;
use pintle::identity::{Encoding, push_label};
use pintle::lock;
use pintle::module::index::Index;
use pintle::module::order::Order;
use pintle::module::{alias, list, softdep, words};
use pintle::request::{Key, Request};
use pintle::spec::{By, Spec, take_first};
use pintle::uevent::Uevent;

/// Whether `part` lies in `whole`, and where.
fn place(part: &[u8], whole: &[u8]) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at + part.len() <= whole.len()).then_some(at)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0 | 0)
}

/// The kernel's `parse_args()` and `next_arg()` (lib/cmdline.c), line by line, but for NUL, which ends no line here.
fn kernel_words(line: &[u8]) -> Vec<(&[u8], Option<&[u8]>)> {
    let mut found = Vec::new();
    let mut args = line;
    loop {
        while let [first, rest @ ..] = args
            && is_space(*first)
        {
            args = rest;
        }
        if args.is_empty() {
            return found;
        }
        let (mut in_quote, mut quoted, mut equals) = (false, false, 0);
        if let [b'"', rest @ ..] = args {
            (args, in_quote, quoted) = (rest, true, true);
        }
        let mut i = 0;
        while i < args.len() && (in_quote || !is_space(args[i])) {
            if equals == 0 && args[i] == b'=' {
                equals = i;
            }
            in_quote ^= args[i] == b'"';
            i += 1;
        }
        let (mut end, mut start) = (i, equals + 1);
        if equals != 0 && args.get(start) == Some(&b'"') && start < i {
            start += 1;
            end -= usize::from(args[i - 1] == b'"');
        }
        if quoted && i > 0 && end == i && args[i - 1] == b'"' {
            end -= 1;
        }
        let (name, value) = match equals {
            0 => (&args[..end], None),
            _ => (&args[..equals], Some(args.get(start..end).unwrap_or_default())),
        };
        if value.is_none() && name == b"--" {
            return found;
        }
        found.push((name, value));
        args = &args[i..];
    }
}

/// The command line, what is asked for on it, and the roots that it names.
pub fn check_cmdline(line: &[u8]) {
    let mut end = 0;
    let mut found = Vec::new();
    for word in words(line) {
        let at = place(word.text, line).expect("a part of the line");
        assert!(at >= end && !word.text.is_empty());
        end = at + word.text.len();
        found.push((word.name, word.value));
    }
    assert_eq!(found, kernel_words(line));

    let parse = || {
        let mut unknown = Vec::new();
        let mut request = Request::new();
        request.read(line, &mut |_, word| unknown.push(place(word, line).expect("a part of the line")));
        (request, unknown)
    };
    let (request, unknown) = parse();
    assert_eq!(parse(), (request, unknown));
    assert!(request.wait_s().is_none_or(|seconds| seconds <= 2_147_483));
    let (_, _) = (request.delay_s(), request.read_only());
    let keys = [Key::Root, Key::Fstypes, Key::Flags, Key::Wait, Key::Delay, Key::Init, Key::Fail, Key::Roots];
    for key in keys.into_iter().chain([Key::Duplicate, Key::Mode]) {
        let Some(value) = request.get(key) else { continue };
        assert!(value == b"ever" || place(value, line).is_some());
    }

    let fstypes = request.get(Key::Fstypes).unwrap_or_default();
    let root = request.root_word();
    let mut rest = root;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        parts.push(take_first(&mut rest));
        assert!(parts.len() <= root.len());
    }
    assert!(take_first(&mut rest).is_empty());
    assert!(parts.iter().skip(1).all(|part| !part.is_empty()), "one that could be taken for the end");
    assert_eq!(parts.join(&b','), root, "parts that aren't all of it");
    for part in parts.iter().chain([&root]) {
        let parse = || {
            let mut spec = Spec::new(By::Nothing, b"");
            spec.parse(part, fstypes).map(|()| spec).map_err(|message| format!("{message:?}"))
        };
        let parsed = parse();
        assert_eq!(parse(), parsed);
        let Ok(spec) = parsed else { continue };
        assert!(!matches!(spec.by, By::Nothing | By::Type), "{spec:?}");
        assert_eq!(spec.dev.is_some(), spec.by == By::Number);
        assert!(spec.offset == 0 || spec.by == By::PartUuid);
        assert!(place(spec.text, part).is_some() || matches!(spec.text, b"ram0" | b""));
        assert!(!spec.text.is_empty() || matches!(spec.by, By::Number | By::Source), "{spec:?}");
    }
}

/// The image's own settings, and behind a NUL a command line, which has no say in what they fix.
pub fn check_settings(input: &[u8]) {
    let (text, line) = input.split_at(input.iter().position(|byte| *byte == 0).unwrap_or(input.len()));
    let mut request = Request::new();
    let parsed = lock::parse(text, &mut request);
    assert_eq!(lock::parse(text, &mut Request::new()), parsed);
    if let Err((number, bad)) = parsed {
        let at = place(bad, text).expect("a part of the text");
        let lines = text[..at].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines + 1, number as usize);
        assert!(!bad.is_empty() && !bad.starts_with(b"#"));
        return;
    }
    let settled = request;
    let mut said = Vec::new();
    request.read(line, &mut |message, word| said.push((message, word.to_vec())));
    for key in [Key::Root, Key::Fstypes, Key::Flags, Key::Wait, Key::Init, Key::Fail, Key::Roots, Key::Rescue] {
        if let Some(value) = settled.get(key) {
            assert_eq!(request.get(key), Some(value), "the command line had a say");
        }
        let allows = text.windows(5).any(|part| part == b"allow");
        if settled.is_locked() && !allows {
            assert_eq!(request.get(key), settled.get(key), "the command line had a say");
        }
    }
    assert_eq!(request.is_locked(), settled.is_locked());
}

/// A uevent.
pub fn check_uevent(text: &[u8]) {
    let uevent = Uevent(text);
    let pairs: Vec<(&[u8], &[u8])> = text
        .split(|byte| matches!(byte, 0 | b'\n'))
        .filter_map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((&pair[..equals], &pair[equals + 1..]))
        })
        .collect();
    let value = |key: &[u8]| pairs.iter().find(|(name, _)| *name == key).map_or(&b""[..], |(_, value)| value);
    let keys: [&[u8]; 9] =
        [b"ACTION", b"SUBSYSTEM", b"MAJOR", b"MINOR", b"DEVNAME", b"DEVTYPE", b"PARTN", b"PARTNAME", b"PARTUUID"];
    let found = |key: &[u8]| uevent.value(&[key, b"="].concat());
    for key in keys.iter().chain(pairs.iter().map(|(key, _)| key)) {
        assert_eq!(found(key), value(key));
    }
    let number = |key: &[u8]| {
        // The kernel writes nothing behind a number: nobody looks there.
        let digits = value(key).iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(&value(key)[..digits]).ok()?.parse::<u32>().ok()
    };
    let dev = number(b"MAJOR").zip(number(b"MINOR")).and_then(|(major, minor)| Dev::new(major, minor));
    assert_eq!(uevent.dev(), dev);
    if let Some(dev) = dev {
        let mut text = Text::new();
        dev.push(&mut text);
        assert_eq!(Dev::parse(text.as_bytes()), Some(dev));
        assert_eq!(Dev::unpack(dev.pack()), Some(dev));
    }
    let new = value(b"ACTION") != b"remove" && value(b"SUBSYSTEM") == b"block";
    assert_eq!(uevent.is_new_block_device(), new);
}

/// `modules.dep`, and the image's list; all of it as `modules.alias` and `modules.softdep` too.
pub fn check_modules(text: &[u8]) {
    let mut rest = text;
    let names: Vec<_> = std::iter::from_fn(|| list::next(&mut rest)).collect();
    let lines = text.split(|byte| *byte == b'\n').map(trim);
    let expected: Vec<_> =
        lines.filter(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";")).collect();
    assert_eq!(names, expected);

    let folded =
        |name: &[u8]| -> Vec<u8> { name.iter().map(|byte| if *byte == b'-' { b'_' } else { *byte }).collect() };
    let line_of = |line: &'_ [u8]| line.iter().position(|byte| *byte == b':');
    let of_path = |path: &[u8]| -> Vec<u8> {
        let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        folded(file.split(|byte| *byte == b'.').next().unwrap_or_default())
    };
    let paths: Vec<_> =
        text.split(|byte| *byte == b'\n').filter_map(|line| line_of(line).map(|colon| &line[..colon])).collect();
    let mut index = Box::new(Index::new());
    index.read(text);
    fn path_of<'t>(index: &Index<'t>, name: &[u8]) -> Option<&'t [u8]> {
        index.find(name).and_then(|place| index.line(place)).map(|line| until(line, b':'))
    }
    // Lines that are too short to be one of a module's may find no place.
    let fits = paths.len() <= text.len() / 8;
    for name in names.iter().copied().chain(paths.iter().map(|path| &path[..path.len().min(9)])).take(50) {
        let expected = paths.iter().find(|path| of_path(path) == folded(name)).copied();
        let found = path_of(&index, name);
        assert!(found == expected || !fits && found.is_none(), "{}", name.escape_ascii());
    }
    for path in paths.iter().take(50) {
        let found = path_of(&index, &of_path(path));
        assert!(found.is_some_and(|found| of_path(found) == of_path(path)) || !fits && found.is_none());
    }

    // Each module is loaded once at most, and what it needs before it.
    let mut order = Order::new();
    let mut loaded = Vec::new();
    for name in names.iter().take(20) {
        if let Some(place) = index.find(name) {
            order.want(place);
        }
        while let Some(path) = order.next(&mut index, Some(text), Some(text)) {
            assert!(!loaded.contains(&path), "{}", path.escape_ascii());
            loaded.push(path);
        }
    }
    let mut lines = Some(text);
    while let Some((pattern, module)) = alias::next(&mut lines) {
        assert!(alias::literal(pattern) <= pattern.len());
        // What has nothing but literals is what it stands for; what no text is, nothing is.
        assert!(alias::literal(pattern) < pattern.len() || alias::fits(pattern, pattern));
        check_pattern(pattern, module);
        let (mut rest, mut is_wanted) = (softdep::of(Some(text), module), false);
        while let Some(name) = softdep::next(&mut rest, b"pre:", &mut is_wanted) {
            assert!(place(name, text).is_some() && !name.ends_with(b":"));
        }
        words::about(text, module, &mut Text::new());
    }
}

unsafe extern "C" {
    /// fnmatch(3)
    fn fnmatch(pattern: *const std::ffi::c_char, text: *const std::ffi::c_char, flags: i32) -> i32;
}

/// Patterns, against the C library's own matching, which knows classes of characters too.
fn check_pattern(pattern: &[u8], text: &[u8]) {
    let folded: Vec<u8> = text.iter().map(|byte| if *byte == b'-' { b'_' } else { *byte }).collect();
    assert!(pattern.contains(&b'[') || alias::fits(pattern, text) == alias::fits(pattern, &folded));
    let is_plain = |text: &[u8]| text.iter().all(|byte| byte.is_ascii_graphic() && !b"\\-/".contains(byte));
    let has_class = pattern.windows(2).any(|two| matches!(two, b"[:" | b"[." | b"[="));
    if !is_plain(pattern) || !is_plain(text) || has_class {
        return;
    }
    let [pattern, text] = [pattern, text].map(|bytes| std::ffi::CString::new(bytes).expect("no NUL"));
    // SAFETY: two strings that end in a NUL.
    let expected = unsafe { fnmatch(pattern.as_ptr(), text.as_ptr(), 0) } == 0;
    assert_eq!(alias::fits(pattern.as_bytes(), text.as_bytes()), expected, "{pattern:?} {text:?}");
}

/// Labels in each encoding, numbers, and what is written to the log.
pub fn check_text(input: &[u8]) {
    let mut text = Text::new();
    text.push_escaped(input);
    let escaped = text.as_bytes();
    assert!(escaped.iter().all(|byte| (b' '..=b'~').contains(byte)));
    let mut expected = Vec::new();
    for byte in input {
        match byte {
            b'\\' | ..b' ' | 0x7f.. => expected.extend(format!("\\x{byte:02x}").bytes()),
            _ => expected.push(*byte),
        }
    }
    expected.truncate(TEXT_BYTES);
    assert_eq!(escaped, expected);

    let mut plain = Text::new();
    plain.push(input);
    let fits = input.len() < TEXT_BYTES && !input.contains(&0);
    assert_eq!(plain.as_z_str().map(|z_str| z_str.to_bytes().to_vec()), fits.then(|| input.to_vec()));

    for encoding in [Encoding::Bytes, Encoding::Latin1, Encoding::Utf16Le, Encoding::Utf16Be] {
        let mut label = Text::new();
        push_label(&mut label, input, encoding);
        let units = input.as_chunks().0.iter();
        let expected = match encoding {
            Encoding::Bytes => Some(input.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
            Encoding::Latin1 => {
                let text: String = input.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
                Some(text.into_bytes())
            }
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let number = if encoding == Encoding::Utf16Le { u16::from_le_bytes } else { u16::from_be_bytes };
                let units: Vec<u16> = units.map(|unit| number(*unit)).take_while(|unit| *unit != 0).collect();
                String::from_utf16(&units).ok().map(String::into_bytes)
            }
        };
        let Some(mut expected) = expected else { continue };
        if expected.len() <= TEXT_BYTES {
            while let Some(b' ' | b'\t'..=b'\r') = expected.last() {
                expected.pop();
            }
            assert_eq!(label.as_bytes(), expected, "{encoding:?}");
        }
    }

    let digits = input.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = input.split_at(digits);
    let expected = std::str::from_utf8(number).ok().and_then(|number| number.parse::<u32>().ok());
    let mut left = input;
    assert_eq!(take_number(&mut left, 10), expected);
    assert!(expected.is_none() || left == rest);
    assert_eq!(decimal(input), expected.filter(|_| rest.is_empty()));
    for radix in [0, 8, 16] {
        take_number(&mut { input }, radix);
    }
}
