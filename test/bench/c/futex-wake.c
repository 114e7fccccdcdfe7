/*
 * The yardstick for a parked reader: a bare futex between two processes. The writer stamps, sets a word and wakes; the
 * other sleeps on the word. One-way latency from stamp to being awake, and what the wake-up costs the writer.
 *
 * usage: futex-wake [COUNT] [GAP_NS]
 * The first COUNT / 10 rounds warm up and are not counted. Prints one JSON line: nanoseconds.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  _Alignas(64) _Atomic uint32_t word; double stampNs;
  _Alignas(64) _Atomic uint32_t asleep;
} Shared;

static double nowNs(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e9 + t.tv_nsec; }
static int ascending(const void *a, const void *b) { double x = *(const double *)a, y = *(const double *)b; return (x > y) - (x < y); }

static void sleepAll(Shared *shared, uint32_t total, uint32_t warm) {
  double *latencies = malloc((total - warm) * sizeof(double)); uint32_t count = 0;
  for (uint32_t seen = 0; seen < total;) {
    atomic_store(&shared->asleep, 1);
    while (atomic_load(&shared->word) == seen) syscall(SYS_futex, &shared->word, FUTEX_WAIT, seen, 0, 0, 0);
    double now = nowNs();
    atomic_store(&shared->asleep, 0);
    uint32_t word = atomic_load(&shared->word);
    if (word > warm) latencies[count++] = now - shared->stampNs;
    seen = word;
  }
  qsort(latencies, count, sizeof(double), ascending);
  printf("{\"count\":%u,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}\n", count, latencies[count / 2], latencies[(uint32_t)(count * 0.99)], latencies[(uint32_t)(count * 0.999)], latencies[count - 1]);
}

int main(int argc, char **argv) {
  uint32_t counted = argc > 1 ? atoi(argv[1]) : 3000, warm = counted / 10, total = counted + warm;
  double gapNs = argc > 2 ? atof(argv[2]) : 200000;
  Shared *shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  pid_t sleeper = fork();
  if (sleeper == 0) { sleepAll(shared, total, warm); return 0; }
  while (!atomic_load(&shared->asleep)) usleep(100);
  double next = nowNs() + 1e6;
  for (uint32_t i = 1; i <= total; i++) {
    double t;
    while ((t = nowNs()) < next) {}
    next += gapNs; if (t > next) next = t + gapNs;
    shared->stampNs = nowNs();
    atomic_store(&shared->word, i);
    if (atomic_load(&shared->asleep)) syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1, 0, 0, 0);
  }
  int status; waitpid(sleeper, &status, 0);
  return status != 0;
}
