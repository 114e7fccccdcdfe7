/*
 * The yardstick for `src/bus/`: the same ring in plain C between two processes, one-way latency while the reader spins.
 * 64-byte records, capacity 4096, head and limit on a cache line of the writer's own, the reader copies each record out
 * and looks at the limit afterwards, as fathom's does.
 *
 * usage: ring [COUNT] [GAP_NS]
 * The first COUNT / 2 records warm up and are not counted. Prints one JSON line: one-way nanoseconds.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CAPACITY = 4096, MASK = CAPACITY - 1, CHUNK = 256 };
typedef struct { double sequence, eventNs, receiveNs; uint32_t head, instrument; uint64_t reference, second; uint32_t price, shares; double amount; } Event;
typedef struct {
  _Alignas(64) _Atomic uint32_t head; uint32_t halfLaps; _Atomic uint32_t limit;
  _Alignas(64) _Atomic uint32_t asleep;
  _Alignas(64) _Atomic uint32_t ready;
  _Alignas(64) Event events[CAPACITY];
} Ring;

static double nowNs(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e9 + t.tv_nsec; }
static int ascending(const void *a, const void *b) { double x = *(const double *)a, y = *(const double *)b; return (x > y) - (x < y); }

static void readAll(Ring *ring, uint32_t total, uint32_t warm) {
  double *latencies = malloc((total - warm) * sizeof(double));
  uint32_t position = 0, count = 0; Event copy;
  atomic_store(&ring->ready, 1);
  while (position < total) {
    if (atomic_load_explicit(&ring->head, memory_order_acquire) == position) continue;
    memcpy(&copy, &ring->events[position & MASK], sizeof copy);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&ring->limit, memory_order_relaxed) - position > CAPACITY) { fprintf(stderr, "overrun\n"); exit(1); }
    double now = nowNs();
    if (position++ >= warm) latencies[count++] = now - copy.receiveNs;
  }
  qsort(latencies, count, sizeof(double), ascending);
  printf("{\"count\":%u,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}\n", count, latencies[count / 2], latencies[(uint32_t)(count * 0.99)], latencies[(uint32_t)(count * 0.999)], latencies[count - 1]);
}

int main(int argc, char **argv) {
  uint32_t counted = argc > 1 ? atoi(argv[1]) : 30000, warm = counted / 2, total = counted + warm;
  double gapNs = argc > 2 ? atof(argv[2]) : 20000;
  Ring *ring = mmap(0, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  pid_t reader = fork();
  if (reader == 0) { readAll(ring, total, warm); return 0; }
  while (!atomic_load(&ring->ready)) usleep(100);
  double next = nowNs() + 1e6; uint32_t limit = 0;
  for (uint32_t i = 0; i < total; i++) {
    double t;
    while ((t = nowNs()) < next) {}
    next += gapNs; if (t > next) next = t + gapNs;
    if (i == limit) { limit += CHUNK; atomic_store(&ring->limit, limit); }
    Event *event = &ring->events[i & MASK];
    event->sequence = i; event->eventNs = i; event->head = 1; event->instrument = i; event->reference = i; event->second = 0;
    event->price = i; event->shares = i; event->amount = i; event->receiveNs = nowNs();
    atomic_store(&ring->head, i + 1);
    if (atomic_load_explicit(&ring->asleep, memory_order_relaxed)) return 1;
  }
  int status; waitpid(reader, &status, 0);
  return status != 0;
}
