/* Idle client connections on their way to another process of ours. A packet is one message of an AF_UNIX SOCK_SEQPACKET
 * pair: a head, up to HANDOVER_RECORDS_MAX records, and as many descriptors (SCM_RIGHTS) in the same order; numbers are
 * little endian. Descriptors in flight survive the sender. What is sent holds no byte of a request in user space; bytes
 * that wait in the kernel travel with the socket. Written by retire.c (a worker that is replaced) and handover_crash.c
 * (one that dies), read by adopt.c; the reader trusts nothing. */
#ifndef SLUICE_ENGINE_HANDOVER_H
#define SLUICE_ENGINE_HANDOVER_H

#include "conn.h"

#define HANDOVER_MAGIC 0x4f484c53u /* "SLHO" */
#define HANDOVER_VERSION ABI_HANDOVER_VERSION
#define HANDOVER_RECORDS_MAX 64u
#define HANDOVER_FDS_MAX 253u /* what one message may carry (SCM_MAX_FD): all are closed when it is no packet */

enum handover_flag {
    HANDOVER_PROXIED = 1 << 0, /* the addresses are those that the PROXY protocol gave */
};
#define HANDOVER_FLAGS 1u /* all of them */

struct handover_head {
    uint32_t magic;
    uint16_t version, count;
};

struct handover_record {
    uint32_t socket_id; /* the listening socket it came from, by the master's number */
    uint32_t flags;
    uint32_t nrequests; /* begun on it so far */
    uint32_t idle_ms;   /* since its last response, or since it was accepted */
    uint64_t cookie;    /* SO_COOKIE */
    uint64_t accepted_wall_ms;
    uint8_t source_len, target_len; /* of HANDOVER_PROXIED, else 0: the kernel is asked */
    uint8_t pad[6];
    uint8_t source[CONN_ADDR_LEN], target[CONN_ADDR_LEN];
};
STATIC_ASSERT(sizeof(struct handover_head) == 8);
STATIC_ASSERT(sizeof(struct handover_record) == 96);

struct handover_packet {
    struct handover_head head;
    struct handover_record records[HANDOVER_RECORDS_MAX];
};
STATIC_ASSERT(sizeof(struct handover_packet) == 8 + 96 * HANDOVER_RECORDS_MAX);
#define HANDOVER_PACKET_LEN(count) (sizeof(struct handover_head) + (count) * sizeof(struct handover_record))

/* Fills <r> from an idle client connection; nothing is locked, allocated or asserted (it runs after a crash, too). */
void handover_fill(struct handover_record *r, const struct conn *c, uint32_t socket_id, uint64_t now_ms);
/* How many records the message holds; -EPROTO when it is not a packet, or has not as many descriptors. */
int handover_count(const void *bytes, size_t len, uint32_t nfds);
/* Whether a record says nothing impossible. */
int handover_record_ok(const struct handover_record *r);

/* When the process dies of a signal or of JavaScript, and every other thread that runs an engine is parked: sends each
 * idle client connection of the process to <fd> until <deadline_ms> (CLOCK_MONOTONIC). Raw system calls and static
 * buffers only, no assertion; the descriptors stay open here. Returns how many were sent; *left_ret: how many were not. */
uint32_t handover_at_crash(int fd, uint64_t deadline_ms, uint32_t *left_ret);

#endif
