//! Every rule at its very moment, and two stars in one simulated world.

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_nanos(1);

fn star(role: Role, now: Instant) -> BinaryStar {
    BinaryStar::new(role, [role as u8 + 1; 16], StarOptions::default(), now)
}

fn in_phase(role: Role, phase: Phase, now: Instant) -> BinaryStar {
    let mut star = star(role, now);
    star.phase = phase;
    star.epoch = 5;
    star
}

fn from_peer(role: Role, phase: Phase, epoch: u64) -> Report {
    Report::new(role.other(), phase, [77; 16], epoch)
}

#[test]
fn the_table_is_as_documented() {
    use Change::{Active as A, Passive as P};
    use Phase::{Active, Backup, Passive, Primary};
    let now = Instant::now();
    // (role, phase, what the peer says, what becomes of it). Peers know the same epoch.
    let cells = [
        (Role::Primary, Primary, Backup, Some(A)),
        (Role::Primary, Primary, Active, Some(P)),
        (Role::Primary, Primary, Passive, None),
        (Role::Backup, Backup, Primary, None),
        (Role::Backup, Backup, Active, Some(P)),
        (Role::Backup, Backup, Passive, None),
        (Role::Primary, Active, Backup, None),
        (Role::Primary, Active, Active, None),
        (Role::Primary, Active, Passive, None),
        (Role::Backup, Active, Primary, None),
        (Role::Backup, Active, Active, Some(P)),
        (Role::Backup, Active, Passive, None),
        (Role::Primary, Passive, Backup, Some(A)),
        (Role::Primary, Passive, Active, None),
        (Role::Primary, Passive, Passive, Some(A)),
        (Role::Backup, Passive, Primary, Some(A)),
        (Role::Backup, Passive, Active, None),
        (Role::Backup, Passive, Passive, None),
    ];
    for (role, phase, said, expected) in cells {
        let mut star = in_phase(role, phase, now);
        let change = star.hear(&from_peer(role, said, 5), now);
        assert_eq!(change, Ok(expected), "{role} {phase} hears {said}");
        let then = match expected {
            Some(A) => Active,
            Some(P) => Passive,
            None => phase,
        };
        assert_eq!(star.phase(), then);
        assert_eq!(
            star.epoch(),
            if expected == Some(A) { 6 } else { 5 },
            "a promotion has a number of its own"
        );
        assert_eq!(star.report().phase, then);
    }
}

#[test]
fn the_guides_own_servers_of_one_digit_are_understood() {
    let now = Instant::now();
    let digit = |digit: &str| Report::parse(&zeroxide::Message::from(digit)).unwrap();
    let mut primary = star(Role::Primary, now);
    assert_eq!(primary.hear(&digit("2"), now), Ok(Some(Change::Active)));
    let mut backup = star(Role::Backup, now);
    assert_eq!(backup.hear(&digit("1"), now), Ok(None));
    assert_eq!(backup.hear(&digit("3"), now), Ok(Some(Change::Passive)));
    assert_eq!(backup.hear(&digit("1"), now), Ok(Some(Change::Active)), "it begins anew");
}

#[test]
fn clients_are_served_by_the_active_and_by_none_that_waits() {
    let now = Instant::now();
    assert_eq!(in_phase(Role::Backup, Phase::Active, now).client_asks(now, || false), (true, None));
    let last = now + 2 * SECOND - MOMENT;
    for (role, phase) in
        [(Role::Primary, Phase::Primary), (Role::Primary, Phase::Passive), (Role::Backup, Phase::Passive)]
    {
        let mut star = in_phase(role, phase, now);
        assert_eq!(
            star.client_asks(last, || true),
            (false, None),
            "{role} {phase}: the peer may still be heard"
        );
        assert_eq!(star.client_asks(last + MOMENT, || false), (false, None), "not without permission");
        assert_eq!(star.client_asks(last + MOMENT, || true), (true, Some(Change::Active)), "{role} {phase}");
        assert_eq!(star.epoch(), 6);
    }
    let mut backup = star(Role::Backup, now);
    assert_eq!(
        backup.client_asks(now + 1000 * SECOND, || true),
        (false, None),
        "a backup alone never serves"
    );
}

#[test]
fn silence_alone_promotes_nobody_and_neither_do_clients_alone() {
    let now = Instant::now();
    let mut passive = in_phase(Role::Backup, Phase::Passive, now);
    for second in 1..1000 {
        passive.tick(now + second * SECOND);
        assert_eq!(passive.phase(), Phase::Passive, "no client has asked");
    }
    let mut passive = in_phase(Role::Backup, Phase::Passive, now);
    for second in 1..1000 {
        let then = now + second * SECOND;
        passive.tick(then);
        passive.hear(&from_peer(Role::Backup, Phase::Active, 5), then).unwrap();
        assert_eq!(passive.client_asks(then + SECOND, || true), (false, None), "the peer is heard");
    }
}

#[test]
fn of_two_active_servers_the_later_promotion_stays() {
    let now = Instant::now();
    for (ours, theirs, stays) in [(5, 6, false), (6, 5, true)] {
        for role in [Role::Primary, Role::Backup] {
            let mut star = in_phase(role, Phase::Active, now);
            star.epoch = ours;
            let change = star.hear(&from_peer(role, Phase::Active, theirs), now).unwrap();
            assert_eq!(change.is_none(), stays, "{role} {ours} against {theirs}");
        }
    }
}

#[test]
fn two_of_the_same_role_and_one_that_hears_itself_are_no_pair() {
    let now = Instant::now();
    for role in [Role::Primary, Role::Backup] {
        for phase in [Phase::Active, Phase::Passive] {
            let twin = Report::new(role, phase, [77; 16], 9);
            let mut star = star(role, now);
            assert_eq!(star.hear(&twin, now), Err(StarFault::SameRole(role)));
            let own = star.report();
            assert_eq!(star.hear(&own, now), Err(StarFault::Itself));
        }
    }
}

#[test]
fn reports_are_due_every_beat_and_after_each_change() {
    let now = Instant::now();
    let mut star = star(Role::Primary, now);
    assert!(star.tick(now), "the first at once");
    assert!(!star.tick(now + SECOND - MOMENT));
    assert!(star.tick(now + SECOND));
    star.hear(&from_peer(Role::Primary, Phase::Backup, 0), now + SECOND).unwrap();
    assert!(star.tick(now + SECOND + MOMENT), "it has become active");
}

#[test]
fn what_a_server_missed_while_it_was_stopped_is_not_held_against_its_peer() {
    let now = Instant::now();
    let mut passive = in_phase(Role::Backup, Phase::Passive, now);
    passive.tick(now);
    let thawed = now + 60 * SECOND;
    passive.tick(thawed);
    assert_eq!(passive.client_asks(thawed, || true), (false, None), "it has not listened yet");
    assert_eq!(passive.client_asks(thawed + 2 * SECOND - MOMENT, || true), (false, None));
    assert_eq!(passive.client_asks(thawed + 2 * SECOND, || true), (true, Some(Change::Active)));
}

#[test]
fn an_active_server_that_was_stopped_listens_before_it_serves_again() {
    let now = Instant::now();
    let mut active = in_phase(Role::Primary, Phase::Active, now);
    active.tick(now);
    let thawed = now + 60 * SECOND;
    active.tick(thawed);
    assert_eq!(active.client_asks(thawed, || true), (false, None), "the other may have taken over");
    let mut alone = active.clone();
    alone.tick(thawed + SECOND);
    alone.tick(thawed + 2 * SECOND);
    assert_eq!(alone.client_asks(thawed + 2 * SECOND, || true), (true, None), "nobody has");
    assert_eq!(active.hear(&from_peer(Role::Primary, Phase::Active, 6), thawed), Ok(Some(Change::Passive)));
}

#[test]
fn an_order_to_yield_is_obeyed_if_the_peer_lives() {
    let now = Instant::now();
    let (mut primary, mut backup) = (star(Role::Primary, now), star(Role::Backup, now));
    primary.hear(&backup.report(), now).unwrap();
    backup.hear(&primary.report(), now).unwrap();
    assert_eq!((primary.phase(), backup.phase()), (Phase::Active, Phase::Passive));
    assert_eq!(backup.yield_to_peer(now), None, "it has nothing to give");
    assert_eq!(primary.yield_to_peer(now + 2 * SECOND), None, "the peer is silent");
    assert_eq!(primary.yield_to_peer(now), Some(Change::Passive));
    assert!(primary.tick(now), "the peer is told at once");
    // A report of the time before crosses it.
    assert_eq!(
        primary.hear(&backup.report(), now),
        Ok(None),
        "who has yielded does not take back what is still on its way"
    );
    assert_eq!(backup.hear(&primary.report(), now), Ok(Some(Change::Active)));
    assert_eq!(primary.hear(&backup.report(), now), Ok(None));
    assert_eq!((primary.phase(), backup.phase()), (Phase::Passive, Phase::Active));
    assert_eq!(backup.yield_to_peer(now), Some(Change::Passive), "and back");
    assert_eq!(primary.hear(&backup.report(), now), Ok(Some(Change::Active)));
}

/// What happens in the world of a pair, a tenth of a second each.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Nothing,
    Kill(usize),
    Start(usize),
    CutPeering,
    HealPeering,
    ClientAsks(usize),
    Yield(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{ClientAsks, CutPeering, HealPeering, Kill, Nothing, Start, Yield};
    prop_oneof![
        10 => Just(Nothing),
        1 => (0_usize..2).prop_map(Kill),
        3 => (0_usize..2).prop_map(Start),
        1 => Just(CutPeering),
        2 => Just(HealPeering),
        6 => (0_usize..2).prop_map(ClientAsks),
        1 => (0_usize..2).prop_map(Yield),
    ]
}

/// Two servers, ticked ten times a second, with reports that arrive at once unless the peering is cut.
struct World {
    now: Instant,
    stars: [Option<BinaryStar>; 2],
    starts: u8,
    cut: bool,
}

impl World {
    fn new() -> Self {
        Self { now: Instant::now(), stars: [None, None], starts: 0, cut: false }
    }

    fn start(&mut self, which: usize) {
        let role = if which == 0 { Role::Primary } else { Role::Backup };
        self.starts = self.starts.wrapping_add(1);
        let node = [which as u8 * 100 + self.starts % 100; 16];
        if self.stars[which].is_none() {
            self.stars[which] = Some(BinaryStar::new(role, node, StarOptions::default(), self.now));
        }
    }

    fn ask(&mut self, which: usize) -> bool {
        let now = self.now;
        self.stars[which].as_mut().is_some_and(|star| star.client_asks(now, || true).0)
    }

    /// Reports of this moment, until there are none.
    fn settle(&mut self) {
        for _ in 0..10 {
            for from in 0..2 {
                let now = self.now;
                let Some(star) = &mut self.stars[from] else { continue };
                if !star.tick(now) {
                    continue;
                }
                let report = Report::parse(&star.report().encode()).unwrap();
                if let (false, Some(peer)) = (self.cut, &mut self.stars[1 - from]) {
                    peer.hear(&report, now).unwrap();
                }
            }
        }
    }

    fn pass(&mut self, tenths: u32) {
        for _ in 0..tenths {
            self.now += SECOND / 10;
            self.settle();
        }
    }

    fn active(&self) -> usize {
        self.stars.iter().flatten().filter(|star| star.phase() == Phase::Active).count()
    }
}

#[test]
fn a_cut_of_the_peering_alone_changes_nothing_for_clients() {
    let mut world = World::new();
    world.start(0);
    world.start(1);
    world.pass(30);
    world.cut = true;
    for _ in 0..100 {
        world.pass(1);
        assert!(world.ask(0), "the primary serves on");
        assert_eq!(world.active(), 1);
    }
}

#[test]
fn a_cut_through_everything_makes_two_and_healing_makes_one() {
    let mut world = World::new();
    world.start(0);
    world.start(1);
    world.pass(30);
    world.cut = true;
    world.pass(20);
    assert!(world.ask(0) && world.ask(1), "each has clients that see only it");
    assert_eq!(world.active(), 2);
    world.cut = false;
    world.pass(11);
    assert_eq!(world.active(), 1);
    assert_eq!(world.stars[1].as_ref().unwrap().phase(), Phase::Active, "that of the later promotion");
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_active_soon_after_it_ends(happenings in prop::collection::vec(happening(), 0..200)) {
        let mut world = World::new();
        let mut was_cut = false;
        for happening in happenings {
            match happening {
                Happening::Nothing => {}
                Happening::Kill(which) => world.stars[which] = None,
                Happening::Start(which) => world.start(which),
                Happening::CutPeering => (world.cut, was_cut) = (true, true),
                Happening::HealPeering => world.cut = false,
                Happening::ClientAsks(which) => drop(world.ask(which)),
                Happening::Yield(which) => {
                    let now = world.now;
                    if let Some(star) = &mut world.stars[which] {
                        star.yield_to_peer(now);
                    }
                }
            }
            world.pass(1);
            prop_assert!(was_cut || world.active() <= 1, "two are active though they hear each other");
        }
        world.cut = false;
        world.start(0);
        world.start(1);
        for _ in 0..60 {
            world.pass(1);
            world.ask(0);
            world.ask(1);
        }
        world.pass(11);
        prop_assert_eq!(world.active(), 1);
    }

    /// The link between the two loses reports, doubles them, and delivers them in any order and as late as it likes.
    #[test]
    fn reports_that_are_lost_late_or_come_twice_leave_one_active_in_the_end(
        steps in prop::collection::vec((0_u8..10, any::<usize>()), 0..300),
    ) {
        let mut world = World::new();
        world.start(0);
        world.start(1);
        let mut post: Vec<(usize, Report)> = Vec::new();
        for (step, chance) in steps {
            let now = world.now;
            match step {
                0..4 => {
                    world.now += SECOND / 10;
                    for from in 0..2 {
                        let Some(star) = &mut world.stars[from] else { continue };
                        if star.tick(now) {
                            post.push((1 - from, star.report()));
                        }
                    }
                }
                4 => drop(world.ask(chance % 2)),
                _ if post.is_empty() => {}
                _ => {
                    let place = chance % post.len();
                    let (to, report) = if step < 7 { post[place] } else { post.swap_remove(place) };
                    if step < 9
                        && let Some(star) = &mut world.stars[to]
                    {
                        star.hear(&report, now).unwrap();
                    }
                }
            }
        }
        for _ in 0..60 {
            world.pass(1);
            world.ask(0);
            world.ask(1);
        }
        world.pass(11);
        prop_assert_eq!(world.active(), 1);
    }
}
