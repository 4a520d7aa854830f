/* Nanoseconds for one scan and one write of a browser's head of ten fields, and of a small response. Best of several
 * rounds, because everything else on the machine only adds. */
#include "http1_case.h"

#include <time.h>

enum { ROUNDS = 30, REPEATS = 20000 };

static const char request[] = "GET /assets/js/application.js?v=20260101 HTTP/1.1\r\n"
                              "Host: www.example.com\r\n"
                              "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
                              "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
                              "Accept-Language: en-US,en;q=0.5\r\n"
                              "Accept-Encoding: gzip, deflate, br\r\n"
                              "Connection: keep-alive\r\n"
                              "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
                              "Referer: https://www.example.com/\r\n"
                              "Sec-Fetch-Dest: script\r\n"
                              "X-Custom-Field: some value\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\n"
                               "Server: nginx\r\n"
                               "Date: Sat, 21 Nov 2026 09:00:00 GMT\r\n"
                               "Content-Type: text/html; charset=utf-8\r\n"
                               "Content-Length: 128\r\n"
                               "Cache-Control: max-age=60\r\n\r\n";

static struct head_field fields[CASE_FIELDS];
static uint8_t buf[2048], out[4096];

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(const char *name, const char *raw, uint32_t len, uint32_t kind)
{
    /* as policy would: one field added, one changed, one taken away */
    static const char text[] = "x-forwarded-for192.0.2.1new";
    static const struct head_edit edits[] = {
        {EDIT_ADD, 0, 0, 15, 9}, {EDIT_VALUE, 2, 24, 0, 3}, {EDIT_DEL, 3, 0, 0, 0}};
    double best[3] = {1e9, 1e9, 1e9};
    struct head h = {0};
    int n = 0;

    for (int round = 0; round < ROUNDS; round++) {
        double t[4];

        t[0] = now_ns();
        for (int i = 0; i < REPEATS; i++) {
            memcpy(buf, raw, len);
            memset(&h, 0, sizeof(h));
            n = head_scan(&h, fields, CASE_FIELDS, buf, len, kind, 0);
            BUG_ON(n != (int)len);
        }
        t[1] = now_ns();
        for (int i = 0; i < REPEATS; i++)
            n = head_write(out, sizeof(out), &h, buf, fields, NULL, 0, NULL, 0, 0);
        t[2] = now_ns();
        for (int i = 0; i < REPEATS; i++)
            n = head_write(out, sizeof(out), &h, buf, fields, edits, 3, (const uint8_t *)text, sizeof(text) - 1, 0);
        t[3] = now_ns();
        BUG_ON(n <= 0);
        for (int i = 0; i < 3; i++)
            best[i] = MIN(best[i], (t[i + 1] - t[i]) / REPEATS);
    }
    printf("%-10s %3u bytes %2u fields: scan %5.0f ns, write %5.0f ns, write with 3 edits %5.0f ns\n", name, len,
           h.nfields, best[0], best[1], best[2]);
}

int main(void)
{
    measure("request", request, sizeof(request) - 1, HEAD_REQUEST);
    measure("response", response, sizeof(response) - 1, HEAD_RESPONSE);
    return 0;
}
