/** What the scanner says of a head in H_FLAGS (enum head_flag of native/http1/head.h), as far as policy asks. */
export const HEAD_CLEN = 1 << 0;
export const HEAD_CHUNKED = 1 << 1;
export const HEAD_TE = 1 << 2;
export const HEAD_CONN_CLOSE = 1 << 3;
export const HEAD_EXPECT_100 = 1 << 7;
export const HEAD_ABSOLUTE = 1 << 12;
/** TRACE or OPTIONS with Max-Forwards. */
export const HEAD_MAX_FORWARDS = 1 << 10;
