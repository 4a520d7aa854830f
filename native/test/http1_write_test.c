/* What accepted heads become on the wire, row by row; edits, and what no edit may do. */
#include "http1_case.h"

struct case_pass {
    const char *why;
    uint32_t kind;
    uint16_t request_method_id; /* responses */
    uint32_t wflags;            /* beside those of a message that goes on as it came */
    const char *raw, *out;
};

#define REQ(why, raw, out) {why, HEAD_REQUEST, 0, 0, raw, out}
#define REQW(why, wflags, raw, out) {why, HEAD_REQUEST, 0, wflags, raw, out}
#define RES(why, raw, out) {why, HEAD_RESPONSE, HTTP_METHOD_GET, 0, raw, out}
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define GETX "GET / HTTP/1.1\r\nhost: a\r\n"
#define URI(why, in, host, target, out) \
    REQ(why, "GET " in " HTTP/1.1\r\nhost: " host "\r\n\r\n", "GET " target " HTTP/1.1\r\nhost: " out "\r\n\r\n")

static const struct case_pass passes[] = {
    REQ("names become lower case", GET "User-AGENT: X\r\n\r\n", GETX "user-agent: X\r\n\r\n"),
    REQ("one SP before a value", GET "a:b\r\nc: \t d \r\ne:\r\nf:  \r\n\r\n",
        GETX "a: b\r\nc: d\r\ne: \r\nf: \r\n\r\n"),
    REQ("empty lines go", "\r\n\r\n" GET "\r\n", GETX "\r\n"),
    REQ("later minor version", "GET / HTTP/1.7\r\nHost: a\r\n\r\n", GETX "\r\n"),
    REQ("1.0 stays and needs no Host", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"),
    REQW("connection options", WRITE_CONN_CLOSE, GET "\r\n", GETX "connection: close\r\n\r\n"),
    REQW("keep-alive", WRITE_CONN_KEEPALIVE, "GET / HTTP/1.0\r\n\r\n",
         "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"),
    REQW("chunked is added last", WRITE_CHUNKED | WRITE_CONN_CLOSE, GET "X: 1\r\n\r\n",
         GETX "x: 1\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"),
    REQW("flags drop", WRITE_DROP_ACCEPT_ENCODING | WRITE_DROP_EXPECT | WRITE_DROP_CLEN,
         GET "Accept-Encoding: gzip\r\nExpect: 100-continue\r\nContent-Length: 1\r\nAccept: x\r\n\r\n",
         GETX "accept: x\r\n\r\n"),
    REQ("hop-by-hop fields go (9110 7.6.1)",
        GET "Connection: close, X-A\r\nX-A: 1\r\nX-B: 2\r\nKeep-Alive: 3\r\nProxy-Connection: x\r\nx-a: 4\r\n\r\n",
        GETX "x-b: 2\r\n\r\n"),
    REQ("Connection cannot take Host or the length",
        GET "Connection: host, content-length\r\nContent-Length: 1\r\n\r\n",
        GETX "content-length: 1\r\n\r\n"),
    REQ("TE: trailers goes on with its option (9110 10.1.4)", GET "TE: gzip, trailers\r\nConnection: TE\r\n\r\n",
        GETX "te: trailers\r\nconnection: te\r\n\r\n"),
    REQ("other TE goes", GET "TE: gzip\r\nTE: trailers;q=0.5\r\n\r\n", GETX "\r\n"),
    REQ("chunked where it came", GET "Transfer-Encoding: Chunked\r\nX: 1\r\n\r\n",
        GETX "transfer-encoding: chunked\r\nx: 1\r\n\r\n"),
    REQ("length beside chunks goes, and the connection", GET "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        GETX "transfer-encoding: chunked\r\nconnection: close\r\n\r\n"),
    REQ("chunks in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n"),
    REQ("one length", GET "Content-Length: 000, 00\r\nX: 1\r\nContent-Length: 0\r\n\r\n",
        GETX "content-length: 0\r\nx: 1\r\n\r\n"),
    REQ("leading zeros", GET "Content-Length: 007\r\n\r\n", GETX "content-length: 7\r\n\r\n"),
    REQ("upgrade", GET "Connection: keep-alive, Upgrade\r\nUpgrade: h2c, foo/2,h2\r\nHTTP2-Settings: x\r\n\r\n",
        GETX "upgrade: foo/2\r\nconnection: upgrade\r\n\r\n"),
    REQ("h2c is not forwarded", GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        GETX "\r\n"),
    REQ("upgrade without its option goes", GET "Upgrade: foo\r\n\r\n", GETX "\r\n"),
    REQ("upgrade from 1.0 goes (9110 7.8)", "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n"),

    URI("user information stays, the default port goes",
        "http://toto:poue@h:80/c", "h:80", "http://toto:poue@h/c", "h"),
    URI("another port stays", "http://h:8080/c", "h:8080", "http://h:8080/c", "h:8080"),
    URI("https", "https://h:443/c", "h:443", "https://h/c", "h"),
    URI("http's port for https", "https://h:80/c", "h:80", "https://h:80/c", "h:80"),
    URI("port in the target alone", "http://h:80/c", "h", "http://h/c", "h"),
    URI("port in Host alone", "http://h/c", "h:80", "http://h/c", "h:80"),
    URI("empty port", "http://h:/c", "h", "http://h/c", "h"),
    URI("empty port of Host", "http://h/c", "h:", "http://h/c", "h:"),
    URI("both kinds of default", "http://h:80/c", "h:", "http://h/c", "h"),
    URI("both kinds of default, turned", "https://h:/c", "h:443", "https://h/c", "h"),
    URI("nothing but a colon", "http://:", ":80", "http:///", ""),
    URI("nothing but colons", "https://:", ":", "https:///", ""),
    URI("empty path", "http://h", "h", "http://h/", "h"),
    URI("empty path behind a port", "http://h:80", "h", "http://h/", "h"),
    URI("empty path behind an empty port", "https://h:", "h", "https://h/", "h"),
    URI("empty path behind another port", "http://h:81", "h:81", "http://h:81/", "h:81"),
    URI("empty path with a query", "http://h?a=b", "h", "http://h?a=b", "h"),
    URI("query behind a port", "http://h:80?c=d", "h:80", "http://h?c=d", "h"),
    URI("capitals", "HTTP://H:80/C", "h", "HTTP://H/C", "H"),
    REQ("OPTIONS keeps its empty path", "OPTIONS http://h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        "OPTIONS http://h HTTP/1.1\r\nhost: h\r\n\r\n"),
    REQ("CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "CONNECT h:443 HTTP/1.1\r\nhost: h\r\n\r\n"),
    REQ("CONNECT, empty port in Host", "CONNECT h:80 HTTP/1.1\r\nHost: h:\r\n\r\n",
        "CONNECT h:80 HTTP/1.1\r\nhost: h:\r\n\r\n"),
    REQ("CONNECT to another port", "CONNECT h:8443 HTTP/1.1\r\nHost: h:8443\r\n\r\n",
        "CONNECT h:8443 HTTP/1.1\r\nhost: h:8443\r\n\r\n"),
    REQW("origin form", WRITE_ORIGIN_FORM, "GET http://u@h:80/p?q HTTP/1.1\r\nHost: h\r\n\r\n",
         "GET /p?q HTTP/1.1\r\nhost: h\r\n\r\n"),
    REQW("origin form of a query", WRITE_ORIGIN_FORM, "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n",
         "GET /?q HTTP/1.1\r\nhost: h\r\n\r\n"),
    REQW("origin form of OPTIONS (9112 3.2.4)", WRITE_ORIGIN_FORM, "OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n",
         "OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n"),

    RES("as it came", "HTTP/1.1 200 All right\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 All right\r\ncontent-length: 3\r\n\r\n"),
    RES("the blank behind the status is always written", "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"),
    RES("1.0 stays", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"),
    RES("no framing in 204", "HTTP/1.1 204 No\r\nContent-Length: 0\r\nX: 1\r\n\r\n", "HTTP/1.1 204 No\r\nx: 1\r\n\r\n"),
    RES("no coding in 204", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 204 No\r\n\r\n"),
    RES("no framing in 1xx", "HTTP/1.1 103 Hints\r\nContent-Length: 3\r\nLink: x\r\n\r\n",
        "HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n"),
    RES("304 keeps its length", "HTTP/1.1 304 Not\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 304 Not\r\ncontent-length: 3\r\n\r\n"),
    RES("101", "HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n",
        "HTTP/1.1 101 Up\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n"),
    {"no framing in a 2xx to CONNECT", HEAD_RESPONSE, HTTP_METHOD_CONNECT, 0,
     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"},
    {"HEAD keeps its length", HEAD_RESPONSE, HTTP_METHOD_HEAD, 0, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
     "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"},
    {"a compressed response", HEAD_RESPONSE, HTTP_METHOD_GET, WRITE_CHUNKED | WRITE_DROP_ACCEPT_RANGES,
     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nAccept-Ranges: bytes\r\nX: 1\r\n\r\n",
     "HTTP/1.1 200 OK\r\nx: 1\r\ntransfer-encoding: chunked\r\n\r\n"},
    {"trailers without framing", HEAD_TRAILERS, 0, 0, "X: 1\r\nContent-Length: 3\r\nHost: a\r\nY:2\r\n\r\n",
     "x: 1\r\ny: 2\r\n\r\n"},
    {"no trailers", HEAD_TRAILERS, 0, 0, "\r\n", "\r\n"},
};

static struct case_room room, out;
static struct head_field fields[CASE_FIELDS];

/* Scans against the guard page; the head then stays there for the writer. */
static uint8_t *scan(struct head *h, const char *raw, uint32_t kind)
{
    uint32_t len = (uint32_t)strlen(raw);
    uint8_t *buf = room.high - len;

    memset(h, 0, sizeof(*h));
    memcpy(buf, raw, len);
    CHECK(head_scan(h, fields, CASE_FIELDS, buf, len, kind, 0) == (int)len, "%s: %u at %u", raw, h->error,
          h->error_off);
    return buf;
}

static void test_passes(void)
{
    for (uint32_t i = 0; i < ARRAY_LEN(passes); i++) {
        const struct case_pass *c = &passes[i];
        struct head h;
        uint8_t *buf = scan(&h, c->raw, c->kind);
        uint32_t wflags = c->wflags | case_wflags(&h, c->request_method_id), size = (uint32_t)strlen(c->out);
        int n = head_write(out.high - size, size, &h, buf, fields, NULL, 0, NULL, 0, wflags);

        CHECK(n == (int)size && memcmp(out.high - size, c->out, size) == 0, "%s: %d\n%.*s", c->why, n, n < 0 ? 0 : n,
              out.high - size);
        for (uint32_t less = 0; less < size; less++)
            CHECK(head_write(out.high - less, less, &h, buf, fields, NULL, 0, NULL, 0, wflags) == -ENOSPC,
                  "%s: %u bytes", c->why, less);
    }
}

struct case_edit {
    const char *why;
    uint32_t kind;
    uint16_t op, field;
    const char *name, *value, *out; /* out: NULL = -EINVAL */
};

/* Edits of these two heads: */
#define EDITED_REQUEST GET "X-A: 1\r\nContent-Length: 3\r\nConnection: x-b\r\nX-B: 2\r\n\r\n"
#define EDITED_RESPONSE "HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n"

static const struct case_edit edits[] = {
    {"delete", HEAD_REQUEST, EDIT_DEL, 1, "", "", GETX "content-length: 3\r\n\r\n"},
    {"replace", HEAD_REQUEST, EDIT_VALUE, 1, "", "new", GETX "x-a: new\r\ncontent-length: 3\r\n\r\n"},
    {"add", HEAD_REQUEST, EDIT_ADD, 0, "X-C", "3", GETX "x-a: 1\r\ncontent-length: 3\r\nx-c: 3\r\n\r\n"},
    {"method", HEAD_REQUEST, EDIT_METHOD, 0, "", "PUT",
     "PUT / HTTP/1.1\r\nhost: a\r\nx-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"target", HEAD_REQUEST, EDIT_TARGET, 0, "", "/b?c",
     "GET /b?c HTTP/1.1\r\nhost: a\r\nx-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"status", HEAD_RESPONSE, EDIT_STATUS, 0, "", "404", "HTTP/1.1 404 OK\r\nx-a: 1\r\n\r\n"},
    {"reason", HEAD_RESPONSE, EDIT_REASON, 0, "", "Fine", "HTTP/1.1 200 Fine\r\nx-a: 1\r\n\r\n"},
    {"no Host is an empty Host (9112 3.2)", HEAD_REQUEST, EDIT_DEL, 0, "", "",
     "GET / HTTP/1.1\r\nx-a: 1\r\ncontent-length: 3\r\nhost: \r\n\r\n"},
    {"framing is not policy's: delete", HEAD_REQUEST, EDIT_DEL, 2, "", "", GETX "x-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"framing is not policy's: replace", HEAD_REQUEST, EDIT_VALUE, 2, "", "4",
     GETX "x-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"framing is not policy's: length", HEAD_REQUEST, EDIT_ADD, 0, "content-length", "4",
     GETX "x-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"framing is not policy's: coding", HEAD_REQUEST, EDIT_ADD, 0, "Transfer-Encoding", "chunked",
     GETX "x-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"nor is the connection", HEAD_REQUEST, EDIT_ADD, 0, "connection", "close",
     GETX "x-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"a dropped field stays dropped", HEAD_REQUEST, EDIT_VALUE, 4, "", "x",
     GETX "x-a: 1\r\ncontent-length: 3\r\n\r\n"},
    {"a second Host", HEAD_REQUEST, EDIT_ADD, 0, "Host", "b", NULL},
    {"no such field", HEAD_REQUEST, EDIT_DEL, 5, "", "", NULL},
    {"no such operation", HEAD_REQUEST, 8, 0, "", "", NULL},
    {"line end in a value", HEAD_REQUEST, EDIT_ADD, 0, "x", "a\r\nb: c", NULL},
    {"LF in a value", HEAD_REQUEST, EDIT_VALUE, 1, "", "a\nb", NULL},
    {"control character in a value", HEAD_REQUEST, EDIT_VALUE, 1, "", "a\x01", NULL},
    {"colon in a name", HEAD_REQUEST, EDIT_ADD, 0, "x:", "a", NULL},
    {"blank in a name", HEAD_REQUEST, EDIT_ADD, 0, "x ", "a", NULL},
    {"no name", HEAD_REQUEST, EDIT_ADD, 0, "", "a", NULL},
    {"no method", HEAD_REQUEST, EDIT_METHOD, 0, "", "", NULL},
    {"blank in a method", HEAD_REQUEST, EDIT_METHOD, 0, "", "GET /x", NULL},
    {"no target", HEAD_REQUEST, EDIT_TARGET, 0, "", "", NULL},
    {"blank in a target", HEAD_REQUEST, EDIT_TARGET, 0, "", "/ HTTP/1.1", NULL},
    {"two digits", HEAD_RESPONSE, EDIT_STATUS, 0, "", "20", NULL},
    {"status below 100", HEAD_RESPONSE, EDIT_STATUS, 0, "", "099", NULL},
    {"line end in a reason", HEAD_RESPONSE, EDIT_REASON, 0, "", "a\r\nb", NULL},
    {"status of a request", HEAD_REQUEST, EDIT_STATUS, 0, "", "200", NULL},
    {"method of a response", HEAD_RESPONSE, EDIT_METHOD, 0, "", "GET", NULL},
};

static void test_edits(void)
{
    for (uint32_t i = 0; i < ARRAY_LEN(edits); i++) {
        const struct case_edit *c = &edits[i];
        uint32_t name_len = (uint32_t)strlen(c->name), value_len = (uint32_t)strlen(c->value);
        struct head_edit e = {c->op, c->field, 2, name_len, value_len};
        struct head h;
        uint8_t *buf = scan(&h, c->kind == HEAD_REQUEST ? EDITED_REQUEST : EDITED_RESPONSE, c->kind);
        uint8_t text[64] = "..";
        int n;

        memcpy(text + 2, c->name, name_len);
        memcpy(text + 2 + name_len, c->value, value_len);
        n = head_write(out.low, 1000, &h, buf, fields, &e, 1, text, 2 + name_len + value_len, 0);
        if (!c->out)
            CHECK(n == -EINVAL, "%s: %d", c->why, n);
        else
            CHECK(n == (int)strlen(c->out) && memcmp(out.low, c->out, (size_t)n) == 0, "%s: %d\n%.*s", c->why, n,
                  n < 0 ? 0 : n, out.low);
        if (name_len + value_len)
            CHECK(head_write(out.low, 1000, &h, buf, fields, &e, 1, text, 1 + name_len + value_len, 0) == -EINVAL,
                  "%s: text too short", c->why);
    }
}

/* RFC 9112 section 6.3, in its order. */
static void test_framing(void)
{
    static const struct {
        uint16_t method_id;
        const char *raw;
        uint32_t kind, length;
    } rows[] = {
        {0, GET "\r\n", FRAMING_NONE, 0},
        {0, GET "Content-Length: 7\r\n\r\n", FRAMING_LENGTH, 7},
        {0, GET "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n", FRAMING_CHUNKED, 0},
        {0, "CONNECT h:80 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", FRAMING_NONE, 0},
        {HTTP_METHOD_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", FRAMING_NONE, 0},
        {HTTP_METHOD_GET, "HTTP/1.1 100 Go on\r\n\r\n", FRAMING_NONE, 0},
        {HTTP_METHOD_GET, "HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n", FRAMING_NONE, 0},
        {HTTP_METHOD_GET, "HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", FRAMING_NONE, 0},
        {HTTP_METHOD_GET, "HTTP/1.1 101 Up\r\nContent-Length: 7\r\n\r\n", FRAMING_TUNNEL, 0},
        {HTTP_METHOD_CONNECT, "HTTP/1.1 299 OK\r\nContent-Length: 7\r\n\r\n", FRAMING_TUNNEL, 0},
        {HTTP_METHOD_CONNECT, "HTTP/1.1 300 No\r\nContent-Length: 7\r\n\r\n", FRAMING_LENGTH, 7},
        {HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FRAMING_CHUNKED, 0},
        {HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", FRAMING_LENGTH, 0},
        {HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\n\r\n", FRAMING_CLOSE, 0},
    };

    for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct framing framing = {99, 99};
        struct head h;

        scan(&h, rows[i].raw, rows[i].raw[0] == 'H' ? HEAD_RESPONSE : HEAD_REQUEST);
        if (h.kind == HEAD_REQUEST)
            framing_of_request(&h, &framing);
        else
            framing_of_response(&h, rows[i].method_id, &framing);
        CHECK(framing.kind == rows[i].kind && framing.length == rows[i].length, "%s: %u", rows[i].raw, framing.kind);
    }
}

static void test_edit_order(void)
{
    static const char text[] = "ab1b2Host" "new";
    struct head_edit e[] = {{EDIT_VALUE, 1, 1, 0, 2}, {EDIT_VALUE, 1, 3, 0, 2}, {EDIT_DEL, 0, 0, 0, 0},
                            {EDIT_ADD, 0, 5, 4, 3}};
    static const char want[] = "GET / HTTP/1.1\r\nx-a: b2\r\ncontent-length: 3\r\nhost: new\r\n\r\n";
    struct head h;
    uint8_t *buf = scan(&h, EDITED_REQUEST, HEAD_REQUEST);
    int n = head_write(out.low, 1000, &h, buf, fields, e, 4, (const uint8_t *)text, sizeof(text) - 1, 0);

    CHECK(n == (int)sizeof(want) - 1 && memcmp(out.low, want, sizeof(want) - 1) == 0, "%d\n%.*s", n, n < 0 ? 0 : n,
          out.low);
    fields[1].value_off = UINT32_MAX - 1;
    CHECK(head_write(out.low, 1000, &h, buf, fields, e, 0, NULL, 0, 0) == -EINVAL, "a table that was written over");
    fields[1].value_off = 5;
    fields[1].name_off = h.len - 1;
    CHECK(head_write(out.low, 1000, &h, buf, fields, e, 0, NULL, 0, 0) == -EINVAL, "a table that was written over");
}

int main(void)
{
    room = case_room_new();
    out = case_room_new();
    test_passes();
    test_edits();
    test_edit_order();
    test_framing();
    return case_end("http1 write");
}
