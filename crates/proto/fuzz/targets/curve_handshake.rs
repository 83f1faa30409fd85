//! Somebody between a CURVE client and its server, who changes what they say. The input is a list of changes: which
//! direction, how far from where the last change was, and by which octet. Nobody enters after any change, but for the one
//! bit of a key that X25519 does not look at, and whatever comes never makes a panic. The rest of the input goes to the
//! decoder of a connection that is up: nothing of it may be delivered.
use std::sync::{Arc, Mutex};
use zeroxide_proto::{
    Batch, Command, Established, Handshake, Options, Settings, Sink, SocketType,
    security::{CurveClient, CurveServer, Entropy, Keypair, NoEntropy, Security},
};

/// Counts up: the same for each input.
#[derive(Debug)]
struct Counting(Mutex<u8>);

impl Entropy for Counting {
    fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
        let mut next = self.0.lock().map_err(|_| NoEntropy)?;
        for octet in octets {
            *next = next.wrapping_mul(29).wrapping_add(7);
            *octet = *next;
        }
        Ok(())
    }
}

struct Nothing;

impl Sink for Nothing {
    fn messages(&mut self, batch: Batch) {
        panic!("{} messages out of nothing", batch.messages());
    }
    fn command(&mut self, command: Command<'_>) {
        panic!("{command:?} out of nothing");
    }
}

fn side(security: Security) -> (Handshake, Vec<u8>) {
    let mut said = vec![];
    let settings = Settings { security, ..Settings::new(SocketType::Pair, &Options::default()) };
    (Handshake::new(settings, &mut said), said)
}

pub(crate) fn run(octets: &[u8]) {
    let entropy: Arc<dyn Entropy> = Arc::new(Counting(Mutex::new(1)));
    let (mine, theirs) = (Keypair::from_random([1; 32]), Keypair::from_random([2; 32]));
    let client = CurveClient { keys: mine, server: theirs.public, entropy: entropy.clone() };
    let server = CurveServer { keys: theirs, entropy };
    let mut sides =
        [side(Security::CurveClient(Arc::new(client))), side(Security::CurveServer(Arc::new(server)))];
    let mut changes = octets.chunks_exact(3);
    let mut change = changes.next();
    let (mut up, mut at, mut changed): ([Option<Established>; 2], [usize; 2], bool) =
        ([None, None], [0, 0], false);
    for turn in 0..40 {
        let from = turn % 2;
        let mut said = std::mem::take(&mut sides[from].1);
        let meant = said.clone();
        while let Some(&[place, by, direction]) = change {
            let target = usize::from(place) * 2;
            if usize::from(direction % 2) != from || target >= at[from] + said.len() {
                break;
            }
            // Greetings are checked elsewhere: their filler may be anything.
            if target >= 64 && target >= at[from] {
                said[target - at[from]] ^= by;
            }
            change = changes.next();
        }
        changed |= said.iter().zip(&meant).enumerate().any(|(offset, (is, was))| {
            let highest_bit_of_the_key = from == 0 && at[from] + offset == 64 + 2 + 80 + 31;
            is ^ was != 0 && !(highest_bit_of_the_key && is ^ was == 0x80)
        });
        at[from] += said.len();
        let (other, out) = &mut sides[1 - from];
        if up[1 - from].is_none() {
            match other.receive(&said, out) {
                Ok(progress) => up[1 - from] = progress.established,
                Err(_) => return,
            }
        }
    }
    let [client, server] = up;
    if let (Some(_), Some(mut server)) = (client, server) {
        assert!(!changed, "both are in although somebody was in between");
        let mut scratch = vec![];
        for part in octets.chunks(60) {
            server.decoder.target(&mut scratch).extend_from_slice(part);
            if server.decoder.advance(&mut scratch, &mut Nothing).is_err() {
                return;
            }
        }
    }
}
