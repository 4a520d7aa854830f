/* HTTP/1 heads: one strict scanner that turns the bytes of a head into a table of fields, one writer that turns the
 * table and a list of edits back into bytes, and the framing rules between them. Pure functions: no I/O, no allocation,
 * all state belongs to the caller. This is the security border: RFC 9110 and RFC 9112 to the letter, HAProxy's choice
 * where they leave one. Whatever the scanner accepts is safe to hand to rules and to write to another peer. */
#ifndef SLUICE_HTTP1_HEAD_H
#define SLUICE_HTTP1_HEAD_H

#include "../base.h"
#include "chunk.h"

#define HEAD_NONE UINT32_MAX
#define HEAD_NAME_LEN_MAX 1024u           /* bytes of a field name */
#define HEAD_METHOD_LEN_MAX 255u          /* bytes of a method; longer is 501 (RFC 9112 section 3) */
#define HEAD_CONNECTION_OPTIONS_MAX 64u   /* names listed by all Connection fields of one head */
#define HEAD_FIELDS_MAX 32767u            /* fields of one head: more than tune.http.maxhdr can ask for */
#define HEAD_EDITS_MAX 1024u              /* edits of one head_write() */
#define HEAD_LEN_MAX (64u * 1024u * 1024u) /* bytes of one head: far beyond any tune.bufsize */

enum head_kind { HEAD_REQUEST = 1, HEAD_RESPONSE = 2, HEAD_TRAILERS = 3 };

/* Field names known by number: HEAD_NAME_HOST... from names.def. 0 is any other name. */
enum head_name {
    HEAD_NAME_OTHER = 0,
#define NAME(id, text) HEAD_NAME_##id,
#define NAMES_OF_LEN(n) HEAD_NAMES_OF_LEN_##n, HEAD_NAMES_OF_LEN_##n##_REWIND = HEAD_NAMES_OF_LEN_##n - 1,
#include "names.def"
#undef NAME
#undef NAMES_OF_LEN
};
/* Set in name_id of a field that ends at this proxy: rules see it, head_write() drops it. */
#define HEAD_NAME_HOP 0x8000u
#define HEAD_NAME_ID(name_id) ((uint32_t)(name_id) & 0x7fffu)

/* Methods known by number: HTTP_METHOD_GET... from methods.def. 0 is any other method. */
enum http_method {
    HTTP_METHOD_OTHER = 0,
#define METHOD(id, text) HTTP_METHOD_##id,
#include "methods.def"
#undef METHOD
    HTTP_METHODS
};

/* One field. Offsets count from the first byte of the buffer that was scanned. A value may lie outside its line (the
 * Host of an absolute-form target), so name and value are never assumed to be neighbours. */
struct head_field {
    uint32_t name_off;
    uint16_t name_len;
    uint16_t name_id; /* HEAD_NAME_* | HEAD_NAME_HOP */
    uint32_t value_off;
    uint32_t value_len;
};
STATIC_ASSERT(sizeof(struct head_field) == 16);

/* What one head says. All zero before the first head_scan() of a message; the rows up to content_length are read by
 * TypeScript at fixed word positions. */
struct head {
    uint32_t kind, len; /* len: bytes of the head with its empty line (and empty lines before it) */
    uint32_t flags;     /* HEAD_F_* */
    uint16_t version;   /* 0x0100 or 0x0101; a higher minor version is read as 1.1 (RFC 9110 section 2.5) */
    uint16_t status;
    uint16_t method_id;
    uint16_t nfields;
    uint32_t method_off, method_len;
    uint32_t target_off, target_len; /* normalised: what is logged (%r, %HU), seen by rules, and forwarded */
    uint32_t reason_off, reason_len;
    uint32_t host_field; /* index of the Host field or HEAD_NONE */
    uint64_t content_length; /* with HEAD_F_CLEN */
    uint32_t error, error_off; /* after -EINVAL: HTTP status to answer (responses: 502), offset of the bad byte */
    uint32_t scan_off;         /* where to go on: start of the line that is still incomplete */
    uint32_t authority_off, authority_len; /* absolute- or authority-form: what Host should say */
    uint32_t max_forwards;     /* with HEAD_F_MAX_FORWARDS, saturated at UINT32_MAX */
    /* private to the scanner */
    uint32_t seen_off;  /* bytes before it were found plain in the incomplete line; 0 = look at the line again */
    uint32_t in_fields; /* the start line is complete */
};

enum head_flag {
    HEAD_F_CLEN = 1u << 0,            /* one valid Content-Length rules the framing */
    HEAD_F_CHUNKED = 1u << 1,         /* Transfer-Encoding: chunked rules the framing */
    HEAD_F_TE = 1u << 2,              /* a Transfer-Encoding field is there */
    HEAD_F_CONN_CLOSE = 1u << 3,      /* Connection: close */
    HEAD_F_CONN_KEEPALIVE = 1u << 4,  /* Connection: keep-alive */
    HEAD_F_CONN_UPGRADE = 1u << 5,    /* Connection: upgrade */
    HEAD_F_UPGRADE = 1u << 6,         /* Upgrade and Connection: upgrade, HTTP/1.1, something other than h2c is asked */
    HEAD_F_EXPECT_100 = 1u << 7,      /* Expect: 100-continue in a 1.1 request (RFC 9110 10.1.1: ignored from 1.0) */
    HEAD_F_HOST = 1u << 8,
    HEAD_F_HAS_LISTED = 1u << 9,      /* Connection lists other fields; those present carry HEAD_NAME_HOP. They may
                                         come as trailers too (RFC 9110 7.6.1): drop the trailers of such a message */
    HEAD_F_MAX_FORWARDS = 1u << 10,   /* TRACE or OPTIONS with Max-Forwards: the policy must count it down */
    HEAD_F_MUST_CLOSE = 1u << 11,     /* dubious framing (RFC 9112 6.1): forward once, then close both sides */
    HEAD_F_ABSOLUTE = 1u << 12,       /* absolute-form target */
    HEAD_F_NTLM = 1u << 13,           /* NTLM or Negotiate challenge: the server connection is this client's now */
    HEAD_F_WEBSOCKET = 1u << 14,      /* Upgrade names websocket */
    HEAD_F_TE_TRAILERS = 1u << 15,    /* TE: trailers, forwarded as just that */
    HEAD_F_CLEN_DROPPED = 1u << 16,   /* a Content-Length came but does not count: Transfer-Encoding overrides it */
    HEAD_F_UNSAFE_TARGET = 1u << 17,  /* the target holds what only HEAD_OPT_ACCEPT_UNSAFE lets pass */
    HEAD_F_DATE = 1u << 18            /* a Date is there: else a response gets one when forwarded (RFC 9110 6.6.1) */
};

/* Does the sender of <h> keep its connection? RFC 9112 section 9.3: close is looked at first, whatever else is said. */
static inline int head_keeps(const struct head *h)
{
    BUG_ON(h->kind != HEAD_REQUEST && h->kind != HEAD_RESPONSE);
    if (h->flags & HEAD_F_CONN_CLOSE)
        return 0;
    return h->version >= 0x0101 || (h->flags & HEAD_F_CONN_KEEPALIVE) != 0;
}

enum head_opt {
    HEAD_OPT_TE_NO_CLOSE = 1u << 0,        /* h1-do-not-close-on-insecure-transfer-encoding */
    HEAD_OPT_PAYLOAD_ANY_METHOD = 1u << 1, /* h1-accept-payload-with-any-method */
    /* accept-unsafe-violations-in-http-request, as far as it can be done without guessing: '#' and bytes above 0x7f in
     * the target, a Host unlike an absolute target (the target then rules, RFC 9112 3.2.2), a websocket without a key.
     * NUL, bad names and odd versions stay refused. */
    HEAD_OPT_ACCEPT_UNSAFE = 1u << 2
};

/* Scans <buf>[0..len) for one head of <kind>. Returns its length when it is complete, 0 when more bytes are needed (call
 * again with the same <h>, the bytes seen before at the same place and more behind them), -EINVAL when it is refused
 * (h->error, h->error_off). Never reads or writes outside <buf>[0..len). Up to <fields_max> fields are accepted, one
 * more is refused (as HAProxy counts: tune.http.maxhdr - 1). <fields> is only meaningful after a positive return and
 * need not be kept between calls.
 * Writes to <buf>: field names become lower case, an absolute-form target is normalised, h2c is taken out of Upgrade;
 * so a complete head must not be scanned a second time. */
int head_scan(struct head *h, struct head_field *fields, uint32_t fields_max, uint8_t *buf, uint32_t len, uint32_t kind,
              uint32_t opts);

/* Status to answer when <buf>[0..len) fills the buffer and still holds no complete head: 414 inside the request line,
 * 431 behind it. */
uint32_t head_too_big_status(const uint8_t *buf, uint32_t len);

/* The number of a field name in lower case, or of a method; 0 when it is not one of ours. */
uint32_t head_name_find(const uint8_t *name, uint32_t len);
uint32_t http_method_find(const uint8_t *method, uint32_t len);

enum { FRAMING_NONE = 0, FRAMING_LENGTH = 1, FRAMING_CHUNKED = 2, FRAMING_CLOSE = 3, FRAMING_TUNNEL = 4 };
struct framing {
    uint32_t kind;   /* FRAMING_* */
    uint64_t length; /* FRAMING_LENGTH */
};

/* How the body behind a scanned head ends (RFC 9112 section 6.3). Return 0. For FRAMING_TUNNEL, and whenever a response
 * has no body by its status, Content-Length and Transfer-Encoding mean nothing: write such a head with WRITE_DROP_CLEN
 * unless the request was HEAD or the status 304. */
int framing_of_request(const struct head *h, struct framing *framing_ret);
int framing_of_response(const struct head *h, uint16_t request_method_id, struct framing *framing_ret);

enum head_edit_op {
    EDIT_DEL = 1,    /* drops <field> */
    EDIT_VALUE = 2,  /* gives <field> another value */
    EDIT_ADD = 3,    /* appends a field behind all received ones */
    EDIT_METHOD = 4, /* these four take their text from the value */
    EDIT_TARGET = 5,
    EDIT_STATUS = 6, /* three digits */
    EDIT_REASON = 7
};
struct head_edit {
    uint16_t op;       /* EDIT_* */
    uint16_t field;    /* index in the field table for EDIT_DEL, EDIT_VALUE */
    uint32_t text_off; /* name_len bytes of name, then value_len bytes of value, in the caller's text */
    uint32_t name_len;
    uint32_t value_len;
};
STATIC_ASSERT(sizeof(struct head_edit) == 16);

enum head_write_flag {
    WRITE_CONN_CLOSE = 1u << 0,            /* connection: close; left out of a 1.0 head, where it is the rule */
    WRITE_CONN_KEEPALIVE = 1u << 1,        /* connection: keep-alive, for HTTP/1.0 peers */
    WRITE_CONN_UPGRADE = 1u << 2,          /* connection: upgrade, and Upgrade passes */
    WRITE_CHUNKED = 1u << 3,               /* transfer-encoding: chunked, where it came or last */
    WRITE_DROP_CLEN = 1u << 4,
    WRITE_DROP_ACCEPT_ENCODING = 1u << 5,  /* compression offload */
    WRITE_DROP_ACCEPT_RANGES = 1u << 6,    /* a compressed body has no byte ranges */
    WRITE_DROP_EXPECT = 1u << 7,           /* the proxy itself answered 100 */
    WRITE_VERSION_10 = 1u << 8,            /* HTTP/1.0 on the wire instead of HTTP/1.1 */
    WRITE_ORIGIN_FORM = 1u << 9            /* an absolute-form target is sent as its path (RFC 9112 3.2.1, 3.2.4) */
};

/* Writes the head that is to be sent: <h> with <fields> of <buf>, changed by <edits>, whose texts lie in
 * <text>[0..text_len). Returns its length, -ENOSPC when <out_size> is too small, -EINVAL when an edit is out of bounds or
 * not fit for the wire. Fields that frame the message (Connection, Content-Length, Transfer-Encoding, ...) obey <wflags>
 * only: edits of them are passed over. Order: received fields, added ones, host (when a 1.1 request has none),
 * connection, transfer-encoding. Trailers are written without a start line. */
int head_write(uint8_t *out, uint32_t out_size, const struct head *h, const uint8_t *buf,
               const struct head_field *fields, const struct head_edit *edits, uint32_t nedits, const uint8_t *text,
               uint32_t text_len, uint32_t wflags);

#endif
