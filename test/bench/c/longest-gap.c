/*
 * What the machine itself takes from a thread that never sleeps: reads the clock in a loop for a while and remembers
 * the longest time between two readings. A program whose own longest gap is no longer than this one has no pauses.
 *
 * usage: longest-gap SECONDS
 * Prints one JSON line: the longest gap, how many were over a tenth of a millisecond and over one, and the readings.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e9 + t.tv_nsec; }

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "usage: longest-gap SECONDS\n"); return 2; }
  double from = now(), until = from + atof(argv[1]) * 1e9, last = from, longest = 0;
  uint64_t readings = 0, overTenth = 0, overOne = 0;
  while (last < until) {
    double t = now(), gap = t - last;
    if (gap > longest) longest = gap;
    if (gap > 1e5) overTenth++;
    if (gap > 1e6) overOne++;
    last = t; readings++;
  }
  printf("{\"longest_gap_ns\":%.0f,\"gaps_over_100us\":%lu,\"gaps_over_1ms\":%lu,\"readings\":%lu}\n",
         longest, overTenth, overOne, readings);
  return 0;
}
