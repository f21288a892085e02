// The messages of wolfguard-pam, over what its stdin and stdout were at the start.
#ifndef WOLFGUARD_PAM_CHANNEL_H
#define WOLFGUARD_PAM_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

// The channel moves away from fds 0 and 1, where a module or its child would write into it.
struct channel {
  int in;
  int out;
  int cancelled;
};

// All of these return 0 when the other side is gone.
int open_channel(struct channel* channel);
// `head` stands between the type and the text.
int send_message(struct channel* channel, char type, const char* head, size_t head_length,
                 const char* text);
int read_all(int fd, void* target, size_t length);

// Four bytes, big-endian.
void put_number(char* target, uint32_t number);

#endif
