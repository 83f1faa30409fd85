//! Two sides that mean well, over a wire that cuts what they say wherever it likes: whatever the mechanism, the socket types
//! and the cuts, both come in, and find of each other what they find when nothing is cut. The first octet chooses the
//! mechanism, the second the types, the third how long the name is; then come the lengths of the portions, again and again.

use std::sync::{Arc, Mutex};
use zeroxide_proto::{
    Batch, Command, Established, Frame, Handshake, Message, Options, PeerProperties, Settings, Sink,
    SocketType,
    security::{CurveClient, CurveServer, Entropy, Keypair, NoEntropy, PlainClient, Security, Verdict},
};

/// Octet by octet of a count: the same in each run.
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

fn entropy(seed: u8) -> Arc<dyn Entropy> {
    Arc::new(Counting(Mutex::new(seed)))
}

fn securities(mechanism: u8) -> [Security; 2] {
    match mechanism % 3 {
        0 => [Security::Null, Security::Null],
        1 => {
            let client = PlainClient { username: b"admin".to_vec(), password: "secret".into() };
            [Security::PlainClient(Arc::new(client)), Security::PlainServer]
        }
        _ => {
            let (mine, theirs) = (Keypair::from_random([1; 32]), Keypair::from_random([2; 32]));
            let client = CurveClient { keys: mine, server: theirs.public, entropy: entropy(1) };
            let server = CurveServer { keys: theirs, entropy: entropy(2) };
            [Security::CurveClient(Arc::new(client)), Security::CurveServer(Arc::new(server))]
        }
    }
}

struct Side {
    handshake: Handshake,
    said: Vec<u8>,
    /// Octets of the other's words that were taken, in the handshake or after it.
    heard: usize,
    up: Option<Established>,
    got: Vec<Message>,
    scratch: Vec<u8>,
}

struct Got<'a>(&'a mut Vec<Message>);

impl Sink for Got<'_> {
    fn messages(&mut self, mut batch: Batch) {
        self.0.extend(std::iter::from_fn(|| batch.pop()));
    }
    fn command(&mut self, command: Command<'_>) {
        panic!("nobody said {command:?}");
    }
}

impl Side {
    fn new(security: Security, kind: SocketType, options: &Options) -> Self {
        let asks = matches!(security, Security::PlainServer | Security::CurveServer(_));
        let settings = Settings { security, asks, ..Settings::new(kind, options) };
        let mut said = vec![];
        let handshake = Handshake::new(settings, &mut said);
        Self { handshake, said, heard: 0, up: None, got: vec![], scratch: vec![] }
    }

    /// Hears at most `portion` octets of what the other said; false if there is nothing new.
    fn hear(&mut self, said: &[u8], portion: usize) -> bool {
        let news = &said[self.heard..];
        let news = &news[..portion.min(news.len())];
        if news.is_empty() {
            return false;
        }
        if let Some(up) = &mut self.up {
            let target = up.decoder.target(&mut self.scratch);
            let room = (target.capacity() - target.len()).min(news.len());
            target.extend_from_slice(&news[..room]);
            self.heard += room;
            up.decoder.advance(&mut self.scratch, &mut Got(&mut self.got)).expect("the other means well");
            return true;
        }
        let progress = self.handshake.receive(news, &mut self.said).expect("the other means well");
        self.heard += progress.consumed;
        let mut up = progress.established;
        if progress.question.is_some() {
            assert!(up.is_none());
            up = self.handshake.answer(Verdict::Allow, &mut self.said).expect("there was a question");
        }
        if let Some(mut up) = up {
            let mut batch = Batch::new();
            for body in ["first".repeat(1 + self.heard % 3), "second".repeat(60)] {
                batch.push_frame(body.as_bytes(), false);
            }
            up.encoder.encode(batch).segments().for_each(|run| self.said.extend_from_slice(run));
            self.up = Some(up);
        }
        true
    }
}

/// What each side said, whom it met, and what it got from there.
type Outcome = [(Vec<u8>, PeerProperties, Vec<Message>); 2];

fn play(mechanism: u8, kinds: [SocketType; 2], name: usize, portions: &[u8]) -> Outcome {
    let options = Options { routing_id: Frame::from(vec![b'n'; name]), ..Options::default() };
    let [one, other] = securities(mechanism);
    let mut sides = [Side::new(one, kinds[0], &options), Side::new(other, kinds[1], &options)];
    // Zero stands for all there is.
    let mut portions =
        portions.iter().cycle().map(|size| if *size == 0 { usize::MAX } else { usize::from(*size) });
    let mut idle = 0;
    while idle < 2 {
        for at in 0..2 {
            let said = std::mem::take(&mut sides[1 - at].said);
            idle = if sides[at].hear(&said, portions.next().unwrap_or(usize::MAX)) { 0 } else { idle + 1 };
            sides[1 - at].said = said;
        }
    }
    sides.map(|side| (side.said, side.up.expect("both mean well").peer, side.got))
}

pub(crate) fn run(octets: &[u8]) {
    let Some(([mechanism, kind, name], portions)) = octets.split_first_chunk() else { return };
    let kinds = [
        [SocketType::Pair, SocketType::Pair],
        [SocketType::Push, SocketType::Pull],
        [SocketType::Dealer, SocketType::Router],
        [SocketType::Req, SocketType::Rep],
        [SocketType::Client, SocketType::Server],
    ][usize::from(*kind) % 5];
    let cut = play(*mechanism, kinds, usize::from(*name), &portions[..portions.len().min(64)]);
    let whole = play(*mechanism, kinds, usize::from(*name), &[]);
    assert_eq!(cut, whole);
    assert!(whole.iter().all(|(_, _, got)| got.len() == 2), "what was sent after the handshake has come");
}
