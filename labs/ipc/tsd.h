/* tsd - a strerror(3) for threads, and a lock that survives cancellation (given)
 * see also: pthread_key_create(3), pthread_once(3), pthread_cleanup_push(3);
 * TLPI 31.3, 32.5
 */
#ifndef TSD_H
#define TSD_H

/* What the error is called: strerrordesc_np(3), or "Unknown error N". The text
 * is the calling thread's own: it stays as it is until the same thread calls
 * again, and is freed when the thread ends. NULL (ENOMEM) without memory. No
 * _Thread_local: this is about keys. */
const char *text_of(int error);

/* Write "WHO: TEXT\n" to fd, whole, also when many threads do this at once and
 * write(2) takes a part only. Returns 0, or -1 with the errno of write(2). A
 * thread may be cancelled in here: nothing stays locked. */
int report(int fd, const char *who, int error);

#endif
