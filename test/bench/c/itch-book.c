/*
 * The yardstick for `src/books/builder.ts`: a plain C builder of full-depth ITCH 5.0 books with the same layout and the
 * same checks. Pooled orders of 32 bytes, a paged direct index from order reference to slot, sorted level
 * arrays with the best at the back, sums of shares in a double, trade statistics an instrument. One thread, gcc -O2.
 *
 * usage: itch-book FILE [REPETITIONS] [book|decode|frame]
 * Prints one JSON line: nanoseconds a message of each repetition (of this thread's CPU, and by the clock on the wall),
 * messages, live orders, bad messages, digest, and in decode mode the sum of all fields.
 * The digest is over every order of every book in canonical order, so that it can be held against fathom's own.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

typedef struct { uint32_t shares; int32_t level, prev, next; uint64_t reference; uint32_t mpid, pad; } Order;
typedef struct { int32_t key, count, head, tail, side, pad0, pad1, pad2; } Level;
typedef struct { int32_t key, level; } Slot;
typedef struct { Slot *slots; int32_t count, capacity; } Side;
typedef struct {
  double volume, notional, last, lastShares, lastTs, open, high, low, trades;
  uint8_t state, known;
} Stats;

enum { PAGE_BITS = 14, PAGE_SIZE = 1 << PAGE_BITS, PAGE_MASK = PAGE_SIZE - 1 };

static Order *orders; static int32_t orderTop, orderCapacity, freeOrder;
static Level *levels; static double *levelShares; static int32_t levelTop, levelCapacity, freeLevel;
static int32_t **pages; static int32_t *pageLive; static uint64_t pageCount;
static int32_t **sparePages; static size_t spareCount, spareCapacity;
static Side sides[1 << 17];
static Stats stats[1 << 16];
static uint8_t lengths[256];
static uint64_t bad;

static inline uint16_t r16(const uint8_t *p) { uint16_t x; memcpy(&x, p, 2); return __builtin_bswap16(x); }
static inline uint32_t r32(const uint8_t *p) { uint32_t x; memcpy(&x, p, 4); return __builtin_bswap32(x); }
static inline uint64_t r64(const uint8_t *p) { uint64_t x; memcpy(&x, p, 8); return __builtin_bswap64(x); }
static inline uint64_t r48(const uint8_t *p) { return ((uint64_t)r16(p) << 32) | r32(p + 2); }

static int32_t find(uint64_t reference) {
  uint64_t page = reference >> PAGE_BITS;
  if (page >= pageCount || !pages[page]) return 0;
  return pages[page][reference & PAGE_MASK];
}

static void indexSet(uint64_t reference, int32_t order) {
  uint64_t page = reference >> PAGE_BITS;
  if (page >= pageCount) {
    uint64_t count = pageCount ? pageCount : 1024;
    while (count <= page) count *= 2;
    pages = realloc(pages, count * sizeof *pages); pageLive = realloc(pageLive, count * sizeof *pageLive);
    memset(pages + pageCount, 0, (count - pageCount) * sizeof *pages);
    memset(pageLive + pageCount, 0, (count - pageCount) * sizeof *pageLive);
    pageCount = count;
  }
  if (!pages[page]) pages[page] = spareCount ? sparePages[--spareCount] : calloc(PAGE_SIZE, sizeof(int32_t));
  pages[page][reference & PAGE_MASK] = order; pageLive[page]++;
}

static void indexClear(uint64_t reference) {
  uint64_t page = reference >> PAGE_BITS;
  pages[page][reference & PAGE_MASK] = 0;
  if (--pageLive[page] == 0) {
    if (spareCount == spareCapacity) {
      spareCapacity = spareCapacity ? spareCapacity * 2 : 64;
      sparePages = realloc(sparePages, spareCapacity * sizeof *sparePages);
    }
    sparePages[spareCount++] = pages[page]; pages[page] = NULL;
  }
}

static int32_t levelNew(Side *side, int32_t sideIndex, int32_t at, int32_t key) {
  int32_t level;
  if (freeLevel) { level = freeLevel; freeLevel = levels[level].head; }
  else {
    if (levelTop == levelCapacity) {
      levelCapacity *= 2;
      levels = realloc(levels, levelCapacity * sizeof *levels);
      levelShares = realloc(levelShares, levelCapacity * sizeof *levelShares);
    }
    level = levelTop++;
  }
  levels[level] = (Level){ .key = key, .side = sideIndex }; levelShares[level] = 0;
  if (side->count == side->capacity) {
    side->capacity = side->capacity ? side->capacity * 2 : 32;
    side->slots = realloc(side->slots, side->capacity * sizeof *side->slots);
  }
  memmove(side->slots + at + 1, side->slots + at, (side->count - at) * sizeof *side->slots);
  side->slots[at] = (Slot){ key, level }; side->count++;
  return level;
}

static void levelErase(int32_t level) {
  Side *side = &sides[levels[level].side];
  int32_t i = side->count - 1;
  while (side->slots[i].level != level) i--;
  memmove(side->slots + i, side->slots + i + 1, (side->count - i - 1) * sizeof *side->slots);
  side->count--; levels[level].head = freeLevel; freeLevel = level;
}

static void add(int32_t sideIndex, uint64_t reference, uint32_t shares, uint32_t price) {
  int32_t key = (int32_t)(price ^ 0x80000000u); if (sideIndex & 1) key = ~key;
  Side *side = &sides[sideIndex];
  int32_t i = side->count; while (i > 0 && side->slots[i - 1].key > key) i--;
  int32_t level = i > 0 && side->slots[i - 1].key == key ? side->slots[i - 1].level : levelNew(side, sideIndex, i, key);
  int32_t o;
  if (freeOrder) { o = freeOrder; freeOrder = orders[o].next; }
  else {
    if (orderTop == orderCapacity) {
      orderCapacity *= 2;
      orders = realloc(orders, orderCapacity * sizeof *orders);
     
    }
    o = orderTop++;
  }
  int32_t tail = levels[level].tail;
  orders[o] = (Order){ shares, level, tail, 0, reference, 0, 0 };
  if (tail) orders[tail].next = o; else levels[level].head = o;
  levels[level].tail = o; levels[level].count++; levelShares[level] += shares;
  indexSet(reference, o);
}

static void removeOrder(int32_t o) {
  Order *order = &orders[o]; int32_t level = order->level;
  levelShares[level] -= order->shares;
  if (order->prev) orders[order->prev].next = order->next; else levels[level].head = order->next;
  if (order->next) orders[order->next].prev = order->prev; else levels[level].tail = order->prev;
  if (--levels[level].count == 0) levelErase(level);
  indexClear(order->reference); order->next = freeOrder; freeOrder = o;
}

static void reduce(int32_t o, uint32_t shares) {
  if (orders[o].shares == shares) removeOrder(o);
  else { orders[o].shares -= shares; levelShares[orders[o].level] -= shares; }
}

static uint32_t priceOf(int32_t o) {
  Level *level = &levels[orders[o].level]; int32_t key = level->side & 1 ? ~level->key : level->key;
  return (uint32_t)key ^ 0x80000000u;
}

static void trade(uint16_t locate, double price, double shares, double ts) {
  Stats *s = &stats[locate];
  s->last = price; s->lastShares = shares; s->lastTs = ts;
  s->volume += shares; s->notional += price * shares; s->trades++;
  if (s->open == 0) s->open = price;
  if (price > s->high) s->high = price;
  if (s->low == 0 || price < s->low) s->low = price;
}

static inline int32_t owned(const uint8_t *m) {
  int32_t o = find(r64(m + 11));
  return o && levels[orders[o].level].side >> 1 == r16(m + 1) ? o : 0;
}

static uint64_t run(const uint8_t *b, size_t size) {
  uint64_t n = 0; size_t at = 0;
  while (at + 2 <= size) {
    uint32_t length = r16(b + at); const uint8_t *m = b + at + 2; at += 2 + length;
    if (length == 0 || at > size) break;
    n++;
    if (lengths[m[0]] != length) { bad++; continue; }
    switch (m[0]) {
      case 'A': case 'F': {
        uint64_t reference = r64(m + 11); uint32_t shares = r32(m + 20); uint16_t locate = r16(m + 1);
        if (!stats[locate].known || !shares || (m[19] != 'B' && m[19] != 'S') || find(reference)) { bad++; break; }
        add(locate * 2 + (m[19] == 'B' ? 0 : 1), reference, shares, r32(m + 32)); break;
      }
      case 'D': { int32_t o = owned(m); if (o) removeOrder(o); else bad++; break; }
      case 'X': {
        int32_t o = owned(m); uint32_t shares = r32(m + 19);
        if (o && shares && shares <= orders[o].shares) reduce(o, shares); else bad++;
        break;
      }
      case 'E': case 'C': {
        int32_t o = owned(m); uint32_t shares = r32(m + 19);
        if (!o || !shares || shares > orders[o].shares) { bad++; break; }
        if (m[0] == 'E') trade(r16(m + 1), priceOf(o), shares, r48(m + 5));
        else if (m[31] != 'N') trade(r16(m + 1), r32(m + 32), shares, r48(m + 5));
        reduce(o, shares); break;
      }
      case 'U': {
        int32_t o = owned(m); uint64_t reference = r64(m + 19); uint32_t shares = r32(m + 27);
        if (!o || !shares || find(reference)) { bad++; break; }
        int32_t side = levels[orders[o].level].side; removeOrder(o); add(side, reference, shares, r32(m + 31)); break;
      }
      case 'P': trade(r16(m + 1), r32(m + 32), r32(m + 20), r48(m + 5)); break;
      case 'H': stats[r16(m + 1)].state = m[19]; break;
      case 'R': stats[r16(m + 1)].known = 1; break;
      default: break;
    }
  }
  return n;
}

static uint64_t decode(const uint8_t *b, size_t size, uint64_t *sum) {
  uint64_t n = 0, s = 0; size_t at = 0;
  while (at + 2 <= size) {
    uint32_t length = r16(b + at); const uint8_t *m = b + at + 2; at += 2 + length; n++;
    switch (m[0]) {
      case 'A': case 'F': s += r64(m + 11) + r32(m + 20) + r32(m + 32) + r16(m + 1) + m[19]; break;
      case 'D': s += r64(m + 11); break;
      case 'E': case 'C': case 'X': s += r64(m + 11) + r32(m + 19); break;
      case 'U': s += r64(m + 11) + r64(m + 19) + r32(m + 27) + r32(m + 31); break;
    }
  }
  *sum = s; return n;
}

static uint64_t frame(const uint8_t *b, size_t size) {
  uint64_t n = 0; size_t at = 0;
  while (at + 2 <= size) { at += 2 + r16(b + at); n++; }
  return n;
}

static void reset(void) {
  for (uint64_t i = 0; i < pageCount; i++) free(pages[i]);
  for (size_t i = 0; i < spareCount; i++) free(sparePages[i]);
  free(pages); free(pageLive); free(sparePages);
  pages = NULL; pageLive = NULL; sparePages = NULL; pageCount = 0; spareCount = spareCapacity = 0;
  free(orders); free(levels); free(levelShares);
  orderCapacity = levelCapacity = 1 << 16; orderTop = levelTop = 1; freeOrder = freeLevel = 0; bad = 0;
  orders = malloc(orderCapacity * sizeof *orders);
  levels = malloc(levelCapacity * sizeof *levels); levelShares = malloc(levelCapacity * sizeof *levelShares);
  for (int i = 0; i < 1 << 17; i++) { free(sides[i].slots); sides[i] = (Side){0}; }
  memset(stats, 0, sizeof stats);
}

static double now(clockid_t clock) { struct timespec t; clock_gettime(clock, &t); return t.tv_sec * 1e9 + t.tv_nsec; }

static uint64_t digest(uint64_t *live) {
  uint64_t h = 0xcbf29ce484222325ull; *live = 0;
#define MIX(x) do { h ^= (uint64_t)(x); h *= 0x100000001b3ull; h ^= h >> 29; } while (0)
  for (int s = 0; s < 1 << 17; s++)
    for (int32_t i = sides[s].count - 1; i >= 0; i--)
      for (int32_t o = levels[sides[s].slots[i].level].head; o; o = orders[o].next) {
        MIX(s); MIX(priceOf(o)); MIX(orders[o].reference); MIX(orders[o].shares); (*live)++;
      }
  return h;
}

static void list(const double *values, int count) {
  for (int i = 0; i < count; i++) printf("%s%.3f", i ? "," : "", values[i]);
}

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "usage: itch-book FILE [REPETITIONS] [book|decode|frame]\n"); return 2; }
  int repetitions = argc > 2 ? atoi(argv[2]) : 5; const char *mode = argc > 3 ? argv[3] : "book";
  const char *types = "SRHYLVWKJhAFECXDUPQBINO";
  const uint8_t sizes[] = {12,39,25,20,26,35,12,28,35,21,36,40,31,36,23,19,35,44,40,19,50,20,48};
  for (int i = 0; types[i]; i++) lengths[(uint8_t)types[i]] = sizes[i];
  int fd = open(argv[1], O_RDONLY); struct stat st;
  if (fd < 0 || fstat(fd, &st)) { perror(argv[1]); return 1; }
  const uint8_t *b = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (b == MAP_FAILED) { perror("mmap"); return 1; }
  uint64_t n = 0, sum = 0;
  double *wall = malloc(repetitions * sizeof *wall), *cpu = malloc(repetitions * sizeof *cpu);
  for (int r = 0; r < repetitions; r++) {
    reset(); double wallFrom = now(CLOCK_MONOTONIC), cpuFrom = now(CLOCK_THREAD_CPUTIME_ID);
    n = *mode == 'b' ? run(b, st.st_size) : *mode == 'd' ? decode(b, st.st_size, &sum) : frame(b, st.st_size);
    cpu[r] = (now(CLOCK_THREAD_CPUTIME_ID) - cpuFrom) / n; wall[r] = (now(CLOCK_MONOTONIC) - wallFrom) / n;
  }
  uint64_t live, h = digest(&live);
  printf("{\"cpu_ns_per_message\":["); list(cpu, repetitions);
  printf("],\"wall_ns_per_message\":["); list(wall, repetitions);
  printf("],\"messages\":%lu,\"orders\":%lu,\"bad_messages\":%lu,\"digest\":\"%016lx\",\"sum\":\"%lu\"}\n",
         n, live, bad, h, sum);
  return 0;
}
