/**
 * XXH64 with seed 0 of pages of 4096 bytes (xxHash fast digest algorithm, specification 0.1.1). A page is whole stripes, so there
 * is no tail to mix in.
 */
const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;

const PAGE_BYTES: usize = 4096;

// @ts-ignore: an inlined function
@inline
function round(accumulator: u64, lane: u64): u64 {
  return rotl<u64>(accumulator + lane * PRIME_2, 31) * PRIME_1;
}
// @ts-ignore: an inlined function
@inline
function merge(hash: u64, accumulator: u64): u64 {
  return (hash ^ round(0, accumulator)) * PRIME_1 + PRIME_4;
}

/** Hashes the page at `page` and stores the 8 bytes of its hash at `to`. */
export function hashPage(page: usize, to: usize): void {
  let first: u64 = PRIME_1 + PRIME_2;
  let second: u64 = PRIME_2;
  let third: u64 = 0;
  let fourth: u64 = 0 - PRIME_1;
  for (let at = page; at < page + PAGE_BYTES; at += 32) {
    first = round(first, load<u64>(at));
    second = round(second, load<u64>(at, 8));
    third = round(third, load<u64>(at, 16));
    fourth = round(fourth, load<u64>(at, 24));
  }
  let hash = rotl<u64>(first, 1) + rotl<u64>(second, 7) + rotl<u64>(third, 12) + rotl<u64>(fourth, 18);
  hash = merge(hash, first);
  hash = merge(hash, second);
  hash = merge(hash, third);
  hash = merge(hash, fourth);
  hash += PAGE_BYTES;
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  store<u64>(to, hash ^ (hash >> 32));
}

/** Hashes those of `count` pages from `first` on whose byte at `marks` is not 0, into 8 bytes each at `hashes`; the marks are 0 then. */
export function hashMarked(marks: usize, count: usize, first: usize, hashes: usize): void {
  for (let page: usize = 0; page < count; page++) {
    // Eight at once where none is marked.
    if (page + 8 <= count && load<u64>(marks + page) == 0) page += 7;
    else if (load<u8>(marks + page) != 0) {
      store<u8>(marks + page, 0);
      hashPage(first + page * PAGE_BYTES, hashes + page * 8);
    }
  }
}
