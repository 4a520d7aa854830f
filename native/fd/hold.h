/* Signals are held while a program replaces itself. Node begins by taking all signals back to their defaults and setting
 * its mask anew: for 40 ms a SIGUSR2 would kill it, whatever mask it inherited. So the program that follows is started
 * with this very library preloaded: its constructor remembers what is to be held, and its pthread_sigmask, which then
 * stands before libc's, lets nobody unblock these until hold_release. */
#ifndef SLUICE_FD_HOLD_H
#define SLUICE_FD_HOLD_H

/* Set (to anything) in the environment of a program that begins with held signals. */
#define HOLD_VARIABLE "SLUICE_HOLD_SIGNALS"

/* Blocks the signals that a master is told things by, in every thread of the process: they stay pending, over exec too.
 * 0, or -errno with nothing changed for this thread. */
int hold_begin(void);
/* Whoever calls it has its reactions to signals in place: what is pending arrives now. */
void hold_release(void);

#endif
