// Sockets that a service manager passes, and the messages about readiness it takes.
#ifndef CLINUX_PASSED_SOCKETS_H
#define CLINUX_PASSED_SOCKETS_H

#include <stddef.h>
#include <sys/types.h>

/// socket(2) of SOCK_DGRAM that does not block, setsockopt(2) with SO_PASSCRED, bind(2), chmod(2) with mode 0666.
int clinux_bind_notifications(const char *path);
/// recvmsg(2) of one datagram and the number of its sender here, 0 when it has none. Descriptors in it are closed; one that
/// is longer than the buffer is EMSGSIZE.
ssize_t clinux_receive_notification(int fd, void *buffer, size_t length, pid_t *sender);
/// sendto(2) to a datagram socket: its path, or `@` and a name without one.
int clinux_send_notification(const char *address, const void *bytes, size_t length);

/// getsockopt(2) with SO_TYPE and SO_ACCEPTCONN, getsockname(2): the port is 0 for families without ports.
int clinux_describe_socket(int fd, int *type, int *listens, int *port);

#endif
