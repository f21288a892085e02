#include "pam_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// Linux-PAM's own limit of a message is 512 bytes; modules do send longer texts.
enum { TEXT_MAX = 4096 };

int open_channel(struct channel* channel) {
  channel->in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  channel->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (channel->in < 0 || channel->out < 0 || nothing < 0) return 0;
  return dup2(nothing, STDIN_FILENO) >= 0 && dup2(nothing, STDOUT_FILENO) >= 0;
}

static int write_all(int fd, const void* source, size_t length) {
  const char* at = source;
  while (length > 0) {
    const ssize_t put = write(fd, at, length);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return 0;
    at += put;
    length -= (size_t)put;
  }
  return 1;
}

int read_all(int fd, void* target, size_t length) {
  char* at = target;
  while (length > 0) {
    const ssize_t got = read(fd, at, length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    at += got;
    length -= (size_t)got;
  }
  return 1;
}

void put_number(char* target, uint32_t number) {
  for (int i = 0; i < 4; i++) target[i] = (char)(number >> (24 - 8 * i));
}

// One write for a message, so that a reader never waits for its second half.
int send_message(struct channel* channel, char type, const char* head, size_t head_length,
                 const char* text) {
  char message[4 + 1 + 8 + TEXT_MAX];
  const size_t text_length = strnlen(text, TEXT_MAX);
  const size_t length = 1 + head_length + text_length;
  if (head_length > 8) return 0;
  put_number(message, (uint32_t)length);
  message[4] = type;
  if (head_length > 0) memcpy(message + 5, head, head_length);
  memcpy(message + 5 + head_length, text, text_length);
  return write_all(channel->out, message, 4 + length);
}
