// y = W x (or y += W x), one token at a time, in whole numbers: the codes of W are small integers, and x is written as
// integers of 22 bits and a sign, one power of two as the unit of each block of 32. Three signed bytes hold such an
// integer, so a product is three of the GPU's dot products of four bytes, which lose nothing. What is lost is what x
// has below 2^-22 of the largest value of its block: no more than f32 sums lose. A workgroup writes x so once, 4096
// columns at a time, for all of its rows; SHARES subgroups take the columns of four rows.
enable subgroups;
override COLS: u32;           // in_features, a multiple of 32
override THREADS: u32;        // invocations of a workgroup
override SHARES: u32;         // divides THREADS / SUBGROUP

@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]

const CHUNK = 128u;           // blocks of x that are at hand at a time
const DIGITS = 3u;            // bytes of an integer, the lowest first
const BITS = 21;              // 2^BITS units are at most the largest value of a block
override GROUPS = THREADS / SUBGROUP / SHARES;   // groups of rows that a workgroup takes

var<workgroup> digits: array<array<vec4u, CHUNK>, 2 * DIGITS>;   // [2 digit + half][block][unit] four bytes
var<workgroup> scales_of_x: array<vec2f, CHUNK>;                 // [block] the unit, and the sum of the block
var<workgroup> shares: array<vec4f, THREADS / SUBGROUP>;

fn power_of_two(exponent: i32) -> f32 {
  return bitcast<f32>(u32(exponent + 127) << 23);
}

/// The next digit's integers, rounded so that the rest fits into a signed byte.
fn carried(v: vec4i) -> vec4i {
  return (v + 128) >> vec4u(8);
}

/// Writes `count` blocks of x from block `first` on. Four neighbouring invocations share a block: each takes columns 4 i
/// to 4 i + 3 of either half.
@diagnostic(off, subgroup_uniformity)
fn write_x(x_row: u32, first: u32, count: u32, local: u32) {
  for (var j = local; j < 4 * count; j += THREADS) {
    let block = j / 4;
    let i = j % 4;
    let column = (first + block) * 8 + i;
    let lo = input(x_row + column, column);
    let hi = input(x_row + column + 4, column + 4);
    let four = max(abs(lo), abs(hi));
    var largest = max(max(four.x, four.y), max(four.z, four.w));
    var sum = dot(lo + hi, vec4f(1));
    largest = max(largest, subgroupShuffleXor(largest, 1));
    largest = max(largest, subgroupShuffleXor(largest, 2));
    sum += subgroupShuffleXor(sum, 1);
    sum += subgroupShuffleXor(sum, 2);
    let exponent = max(i32(bitcast<u32>(largest) >> 23) - 127, -90);
    let up = power_of_two(BITS - exponent);
    var low = vec4i(round(lo * up));
    var high = vec4i(round(hi * up));
    for (var digit = 0u; digit < DIGITS; digit++) {
      digits[2 * digit][block][i] = pack4xI8(low);
      digits[2 * digit + 1][block][i] = pack4xI8(high);
      low = carried(low);
      high = carried(high);
    }
    if (i == 0) {
      // An infinity or no number must not get lost.
      let broken = (bitcast<u32>(sum) & 0x7f800000) == 0x7f800000;
      scales_of_x[block] = vec2f(select(power_of_two(exponent - BITS), sum, broken), sum);
    }
  }
}

struct Codes { codes: Turned, scale: vec2f }

fn load(row: u32, block: u32) -> Codes {
  let at = row * (COLS / 32) + block;
  return Codes(load_turned(at, 0), code_scales(at));
}

/// A block of x: `lo` its first sixteen columns, `hi` its last, a digit each.
struct Digits { lo0: vec4u, hi0: vec4u, lo1: vec4u, hi1: vec4u, lo2: vec4u, hi2: vec4u, scale: vec2f }

fn digits_of(block: u32) -> Digits {
  return Digits(
    digits[0][block], digits[1][block], digits[2][block], digits[3][block], digits[4][block], digits[5][block],
    scales_of_x[block],
  );
}

/// Adds the products of eight codes with each digit of eight columns.
fn added(sums: vec3i, q: vec2u, lo: vec3u, hi: vec3u) -> vec3i {
  let first = sums + vec3i(dot4I8Packed(q.x, lo.x), dot4I8Packed(q.x, lo.y), dot4I8Packed(q.x, lo.z));
  return first + vec3i(dot4I8Packed(q.y, hi.x), dot4I8Packed(q.y, hi.y), dot4I8Packed(q.y, hi.z));
}

/// Adds the products of four codes with each digit of four columns.
fn half_added(sums: vec3i, q: u32, x: vec3u) -> vec3i {
  return sums + vec3i(dot4I8Packed(q, x.x), dot4I8Packed(q, x.y), dot4I8Packed(q, x.z));
}

/// The product of a block of a row, of which either half has a scale of its own, with a block of x.
fn product_of_halves(w: Codes, x: Digits) -> f32 {
  let q0 = bytes8(w.codes, 0);
  let q1 = bytes8(w.codes, 1);
  let q2 = bytes8(w.codes, 2);
  let q3 = bytes8(w.codes, 3);
  var lo = half_added(vec3i(), q0.x, vec3u(x.lo0.x, x.lo1.x, x.lo2.x));
  lo = half_added(lo, q1.x, vec3u(x.lo0.y, x.lo1.y, x.lo2.y));
  lo = half_added(lo, q2.x, vec3u(x.lo0.z, x.lo1.z, x.lo2.z));
  lo = half_added(lo, q3.x, vec3u(x.lo0.w, x.lo1.w, x.lo2.w));
  var hi = half_added(vec3i(), q0.y, vec3u(x.hi0.x, x.hi1.x, x.hi2.x));
  hi = half_added(hi, q1.y, vec3u(x.hi0.y, x.hi1.y, x.hi2.y));
  hi = half_added(hi, q2.y, vec3u(x.hi0.z, x.hi1.z, x.hi2.z));
  hi = half_added(hi, q3.y, vec3u(x.hi0.w, x.hi1.w, x.hi2.w));
  let places = vec3f(1, 256, 65536);
  return x.scale.x * dot(w.scale, vec2f(dot(vec3f(lo), places), dot(vec3f(hi), places)));
}

/// The product of a block of a row with a block of x.
fn product(w: Codes, x: Digits) -> f32 {
  if (HALVED) { return product_of_halves(w, x); }
  var sums = vec3i();
  sums = added(sums, bytes8(w.codes, 0), vec3u(x.lo0.x, x.lo1.x, x.lo2.x), vec3u(x.hi0.x, x.hi1.x, x.hi2.x));
  sums = added(sums, bytes8(w.codes, 1), vec3u(x.lo0.y, x.lo1.y, x.lo2.y), vec3u(x.hi0.y, x.hi1.y, x.hi2.y));
  sums = added(sums, bytes8(w.codes, 2), vec3u(x.lo0.z, x.lo1.z, x.lo2.z), vec3u(x.hi0.z, x.hi1.z, x.hi2.z));
  sums = added(sums, bytes8(w.codes, 3), vec3u(x.lo0.w, x.lo1.w, x.lo2.w), vec3u(x.hi0.w, x.hi1.w, x.hi2.w));
  return w.scale.x * (x.scale.x * dot(vec3f(sums), vec3f(1, 256, 65536))) + w.scale.y * x.scale.y;
}

@compute @workgroup_size(THREADS)
fn matvec_fixed(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  if (workgroup.y >= pass_.tokens) { return; }
  let subgroup = local / SUBGROUP;
  let group = workgroup.x * GROUPS + subgroup / SHARES;
  let row0 = row_of(group, 0);
  let row1 = row_of(group, 1);
  let row2 = row_of(group, 2);
  let row3 = row_of(group, 3);
  let blocks = COLS / 32;
  let mine = (subgroup % SHARES) * SUBGROUP + local % SUBGROUP;
  var sums = vec4f();
  for (var first = 0u; first < blocks; first += CHUNK) {
    // What comes from far away is on its way while x is written.
    var next = min(first + mine, blocks - 1);
    var w0 = load(row0, next);
    var w1 = load(row1, next);
    var w2 = load(row2, next);
    var w3 = load(row3, next);
    workgroupBarrier();
    let count = min(CHUNK, blocks - first);
    write_x(workgroup.y * (COLS / 4), first, count, local);
    workgroupBarrier();
    for (var block = mine; block < count; block += SHARES * SUBGROUP) {
      let x = digits_of(block);
      sums += vec4f(product(w0, x), product(w1, x), product(w2, x), product(w3, x));
      next = min(first + block + SHARES * SUBGROUP, blocks - 1);
      w0 = load(row0, next);
      w1 = load(row1, next);
      w2 = load(row2, next);
      w3 = load(row3, next);
    }
  }
  sums = subgroupAdd(sums);
  if (SHARES > 1) {
    if (local % SUBGROUP == 0) { shares[subgroup] = sums; }
    workgroupBarrier();
    sums = vec4f();
    for (var share = 0u; share < SHARES; share++) { sums += shares[subgroup / SHARES * SHARES + share]; }
  }
  sums *= input_scale(local);
  if (local % (SUBGROUP * SHARES) == 0) { store_rows(workgroup.y, group, sums); }
}
