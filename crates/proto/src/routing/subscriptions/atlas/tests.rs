use super::*;

/// Draws children under these octets, and asks for each octet there is.
fn check(atlas: &mut Atlas, before: u32, octets: &[u8], label: &[u8]) -> u32 {
    let slots: Vec<u32> = octets.iter().map(|octet| 1000 + u32::from(*octet)).collect();
    let plan = Plan { node: 7, whom: word(Whom::Node(7)), label, octets };
    let at = atlas.draw(before, &plan, slots.iter().copied());
    let head = *atlas.head(at);
    for octet in 0..=u8::MAX {
        let expected = octets.binary_search(&octet).map_or(NOTHING, |place| slots[place]);
        assert_eq!(atlas.child(at, atlas.block(at).unwrap(), octet), expected, "{octet} of {octets:?}");
    }
    assert_eq!(whom(atlas.whom(at)), Whom::Node(7));
    let text = [label, b"!"].concat();
    assert_eq!(atlas.strip(at, &head, &text, |_| label), Some(&b"!"[..]));
    for length in 0..label.len() {
        let mut other = text.clone();
        other[length] ^= 1;
        assert_eq!(atlas.strip(at, &head, &other, |_| label), None);
        assert_eq!(atlas.strip(at, &head, &text[..length], |_| label), None);
    }
    at
}

#[test]
fn a_block_knows_its_children_and_its_label_whatever_their_number() {
    let mut atlas = Atlas::new();
    let mut at = NOTHING;
    let steps = [1_usize, 2, 3, 5, 7, 10, 17, 31, 64, 100, 255];
    for step in steps {
        for first in [0, 1, b'0', 200, 255] {
            let octets: Vec<u8> = (first..=255).step_by(step).collect();
            for many in [0, 1, 2, 3, 4, 5, 9, 10, 12, 13, 16, 17, 40, 256] {
                let octets = &octets[..many.min(octets.len())];
                for length in [0, 1, 7, 8, 9, 24, 25, 56, 57, 300] {
                    let label: Vec<u8> = (0..length).map(|at| at as u8).collect();
                    at = check(&mut atlas, at, octets, &label);
                }
            }
        }
    }
    assert!(atlas.memory() < 10_000, "freed blocks are used again: {}", atlas.memory());
}

#[test]
fn a_group_takes_and_gives_back_children_in_place() {
    let mut atlas = Atlas::new();
    let plan = Plan { node: 7, whom: NOBODY, label: b"", octets: b"0134567" };
    let at = atlas.draw(NOTHING, &plan, 100..107);
    assert_eq!(atlas.head(at)[0] as u8 & 3, GROUP);
    let slots = |atlas: &Atlas| -> Vec<(u8, u32)> {
        let slot = |octet| (octet, atlas.child(at, atlas.block(at).unwrap(), octet));
        (0..=u8::MAX).map(slot).filter(|(_, slot)| *slot != NOTHING).collect()
    };
    let before = slots(&atlas);
    assert_eq!(before.len(), 7);
    // One in the middle, one at the end, one beyond what fits a line, and two of other groups.
    for (octet, fits) in
        [(b'2', true), (b'9', true), (b';', true), (b'<', false), (b'/', false), (b'@', false)]
    {
        assert_eq!(atlas.widen(at, octet), fits, "{octet}");
        if fits {
            assert_eq!(slots(&atlas), before, "a place with nothing in it");
            atlas.replace(at, octet, 200);
            assert_eq!(atlas.child(at, atlas.block(at).unwrap(), octet), 200);
            assert!(atlas.forget(at, octet, 7));
        }
        assert_eq!(slots(&atlas), before);
    }
}
