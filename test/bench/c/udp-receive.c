/*
 * The yardstick for the receive path: a plain C receiver of one MoldUDP64 line by batched recvmmsg with kernel stamps,
 * which checks the sequence of each packet and touches each message block once, as fathom's ingest does.
 *
 * usage: udp-receive GROUP PORT INTERFACE_ADDRESS [BATCH] [spin|poll]
 * Ends at the end-of-session packet or after 3 s without one. Prints one JSON line: packets, messages, gaps, kernel
 * drops, CPU nanoseconds a packet (user and system).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_RXQ_OVFL
#define SO_RXQ_OVFL 40
#endif
enum { SLOT_BYTES = 2048, CONTROL_BYTES = 64, BATCH_MAX = 1024 };

static double cpuNs(int system) {
  struct rusage u; getrusage(RUSAGE_SELF, &u);
  struct timeval t = system ? u.ru_stime : u.ru_utime;
  return t.tv_sec * 1e9 + t.tv_usec * 1e3;
}
static uint64_t r64(const uint8_t *p) { uint64_t x; memcpy(&x, p, 8); return __builtin_bswap64(x); }
static uint16_t r16(const uint8_t *p) { uint16_t x; memcpy(&x, p, 2); return __builtin_bswap16(x); }

int main(int argc, char **argv) {
  if (argc < 4) { fprintf(stderr, "usage: udp-receive GROUP PORT INTERFACE_ADDRESS [BATCH] [spin|poll]\n"); return 2; }
  int batch = argc > 4 ? atoi(argv[4]) : 64, spin = argc > 5 && !strcmp(argv[5], "spin");
  if (batch < 1 || batch > BATCH_MAX) return 2;
  int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1, bytes = 32 << 20, zero = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes))
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one);
  setsockopt(fd, IPPROTO_IP, 49 /* IP_MULTICAST_ALL */, &zero, sizeof zero);
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])), .sin_addr.s_addr = inet_addr(argv[1]) };
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) { perror("bind"); return 1; }
  struct ip_mreq mreq = { .imr_multiaddr.s_addr = inet_addr(argv[1]), .imr_interface.s_addr = inet_addr(argv[3]) };
  if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof mreq)) { perror("join"); return 1; }
  static uint8_t data[BATCH_MAX][SLOT_BYTES], control[BATCH_MAX][CONTROL_BYTES];
  static struct mmsghdr headers[BATCH_MAX]; static struct iovec vectors[BATCH_MAX];
  for (int i = 0; i < batch; i++) {
    vectors[i] = (struct iovec){ data[i], SLOT_BYTES };
    headers[i].msg_hdr = (struct msghdr){
      .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = CONTROL_BYTES };
  }
  uint64_t packets = 0, messages = 0, gaps = 0, expected = 0, sum = 0, stamp = 0; uint32_t drops = 0; int ended = 0;
  fprintf(stderr, "ready\n");
  double user = 0, system = 0; struct pollfd waiter = { fd, POLLIN, 0 };
  while (!ended) {
    if (!spin && poll(&waiter, 1, 3000) == 0) break;
    int n = recvmmsg(fd, headers, batch, MSG_DONTWAIT, NULL);
    if (n <= 0) continue;
    if (!packets) { user = cpuNs(0); system = cpuNs(1); }
    for (int i = 0; i < n; i++) {
      const uint8_t *p = data[i]; uint32_t length = headers[i].msg_len; struct msghdr *h = &headers[i].msg_hdr;
      for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_type == SCM_TIMESTAMPNS) {
          struct timespec t; memcpy(&t, CMSG_DATA(c), sizeof t); stamp += t.tv_nsec;
        } else if (c->cmsg_type == SO_RXQ_OVFL) memcpy(&drops, CMSG_DATA(c), 4);
      }
      h->msg_controllen = CONTROL_BYTES;
      if (length < 20) continue;
      uint64_t sequence = r64(p + 10); uint32_t count = r16(p + 18);
      if (count == 0xffff) { ended = 1; break; }
      packets++;
      if (expected && sequence > expected) gaps += sequence - expected;
      expected = sequence + count;
      for (uint32_t m = 0, at = 20; m < count && at + 2 <= length; m++) {
        uint32_t size = r16(p + at); sum += p[at + 2]; at += 2 + size; messages++;
      }
    }
  }
  user = cpuNs(0) - user; system = cpuNs(1) - system;
  printf("{\"packets\":%lu,\"messages\":%lu,", packets, messages);
  printf("\"messages_lost\":%lu,\"kernel_drops\":%u,", gaps, drops);
  printf("\"user_ns_per_packet\":%.1f,\"system_ns_per_packet\":%.1f,", user / packets, system / packets);
  printf("\"cpu_ns_per_packet\":%.1f,\"sum\":%lu,\"stamps\":%lu}\n", (user + system) / packets, sum, stamp);
  return packets ? 0 : 1;
}
