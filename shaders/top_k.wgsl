// The KEEP likeliest of at most 1024 candidates, likeliest first, of equals the lowest id first: a bitonic sort in
// workgroup memory (Batcher 1968). One workgroup.
override COUNT: u32;         // candidates that come in
override FROM_LOGITS: bool;  // candidate i is (i, logits[i])
override KEEP: u32;          // at most 1024
override THREADS: u32;       // invocations

struct Candidate { id: u32, logit: f32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;                // [COUNT] read if FROM_LOGITS
@group(0) @binding(1) var<storage, read> candidates: array<Candidate>;      // [COUNT] read if not
@group(0) @binding(2) var<storage, read_write> kept: array<Candidate>;      // [KEEP]

const WIDTH = 1024u;
const NOBODY = Candidate(0xffffffff, -0x1.fffffep+127);
var<workgroup> sorted: array<Candidate, WIDTH>;

fn before(a: Candidate, b: Candidate) -> bool {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

@compute @workgroup_size(THREADS)
fn top_k(@builtin(local_invocation_index) local: u32) {
  for (var i = local; i < WIDTH; i += THREADS) {
    var candidate = NOBODY;
    if (i < COUNT) {
      if (FROM_LOGITS) { candidate = Candidate(i, logits[i]); } else { candidate = candidates[i]; }
    }
    sorted[i] = candidate;
  }
  for (var run = 2u; run <= WIDTH; run *= 2) {
    for (var distance = run / 2; distance > 0; distance /= 2) {
      workgroupBarrier();
      for (var i = local; i < WIDTH / 2; i += THREADS) {
        let low = (i / distance) * distance * 2 + i % distance;
        let high = low + distance;
        let a = sorted[low];
        let b = sorted[high];
        if (before(b, a) == ((low & run) == 0)) {
          sorted[low] = b;
          sorted[high] = a;
        }
      }
    }
  }
  workgroupBarrier();
  for (var i = local; i < KEEP; i += THREADS) {
    kept[i] = sorted[i];
  }
}
