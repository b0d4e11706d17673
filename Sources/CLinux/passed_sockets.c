#include "passed_sockets.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// The length of the address, 0 when the name is too long for one.
static socklen_t unix_address(const char *name, struct sockaddr_un *address) {
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof address->sun_path) return 0;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, length);
    if (name[0] != '@') return sizeof *address;
    address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int clinux_bind_notifications(const char *path) {
    struct sockaddr_un address;
    socklen_t length = unix_address(path, &address);
    if (length == 0) return errno = ENAMETOOLONG, -1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (fd == -1) return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
        bind(fd, (struct sockaddr *)&address, length) == 0 && chmod(path, 0666) == 0)
        return fd;
    int code = errno;
    close(fd);
    return errno = code, -1;
}

ssize_t clinux_receive_notification(int fd, void *buffer, size_t length, pid_t *sender) {
    // Room for the credentials and nothing else: the kernel closes descriptors that find none.
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr header;
    } control;
    struct iovec content = {.iov_base = buffer, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count == -1) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *sender = 0;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS &&
        header->cmsg_len >= CMSG_LEN(sizeof(struct ucred))) {
        struct ucred credentials;
        memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
        *sender = credentials.pid;
    }
    if (message.msg_flags & MSG_TRUNC) return errno = EMSGSIZE, -1;
    return count;
}

int clinux_send_notification(const char *name, const void *bytes, size_t count) {
    struct sockaddr_un address;
    socklen_t length = unix_address(name, &address);
    if (length == 0) return errno = ENAMETOOLONG, -1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1) return -1;
    ssize_t sent = sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, length);
    int code = errno;
    close(fd);
    return errno = code, sent == (ssize_t)count ? 0 : -1;
}

int clinux_describe_socket(int fd, int *type, int *listens, int *port) {
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof *type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, type, &length) == -1) return -1;
    length = sizeof *listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, listens, &length) == -1) return -1;
    length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) == -1) return -1;
    *port = address.ss_family == AF_INET    ? ntohs(((struct sockaddr_in *)&address)->sin_port)
            : address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                                            : 0;
    return 0;
}
