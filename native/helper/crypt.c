// wolfguard-crypt: compares one password with one crypt(3) hash.
//
//   stdin:  u32 length, password, u32 length, stored hash, end of file   (big-endian lengths)
//   exit:   0 they match · 1 they do not · 2 the question cannot be answered
//
// A program of its own because libcrypt blocks for as long as the hash is expensive, and because
// a process that ends takes its copy of the password with it. It writes nothing, anywhere.
#include <crypt.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MATCH = 0, NO_MATCH = 1, CANNOT_TELL = 2 };

// libxcrypt reads at most 512 bytes of passphrase; our own side refuses above 1024.
enum { PASSWORD_MAX = 1024 };
// libxcrypt's CRYPT_OUTPUT_SIZE is 384 with its NUL.
enum { HASH_MAX = 383 };
// A hash that takes longer than this is a trap, not a password.
enum { TIMEOUT_SECONDS = 30 };

static char password[PASSWORD_MAX + 1];
static char stored[HASH_MAX + 1];
static struct crypt_data scratch;

static void hide_from_core_dumps(void);
static int read_field(char* field, size_t capacity, size_t* length);
static int at_end_of_input(void);
static int compare(size_t password_length, size_t stored_length);
static int same_text(const char* a, const char* b, size_t length);

int main(void) {
  hide_from_core_dumps();
  alarm(TIMEOUT_SECONDS);

  size_t password_length = 0;
  size_t stored_length = 0;
  int verdict = CANNOT_TELL;
  if (read_field(password, PASSWORD_MAX, &password_length) &&
      read_field(stored, HASH_MAX, &stored_length) && at_end_of_input()) {
    verdict = compare(password_length, stored_length);
  }
  explicit_bzero(password, sizeof password);
  explicit_bzero(stored, sizeof stored);
  explicit_bzero(&scratch, sizeof scratch);
  return verdict;
}

static void hide_from_core_dumps(void) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int compare(size_t password_length, size_t stored_length) {
  // crypt sees C strings: what stands behind a NUL would count for nothing.
  if (memchr(password, 0, password_length) != NULL) return NO_MATCH;
  // '$' only: the DES forms look at eight characters of the password.
  if (memchr(stored, 0, stored_length) != NULL || stored[0] != '$') return CANNOT_TELL;

  errno = 0;
  const char* computed = crypt_r(password, stored, &scratch);
  if (computed == NULL || computed[0] == '*') return errno == ERANGE ? NO_MATCH : CANNOT_TELL;
  if (strlen(computed) != stored_length) return NO_MATCH;
  return same_text(computed, stored, stored_length) ? MATCH : NO_MATCH;
}

// Takes the same time wherever the first difference stands.
static int same_text(const char* a, const char* b, size_t length) {
  volatile unsigned char difference = 0;
  for (size_t i = 0; i < length; i++) difference |= (unsigned char)(a[i] ^ b[i]);
  return difference == 0;
}

static int read_all(void* target, size_t length) {
  char* at = target;
  while (length > 0) {
    const ssize_t got = read(STDIN_FILENO, at, length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    at += got;
    length -= (size_t)got;
  }
  return 1;
}

static int read_field(char* field, size_t capacity, size_t* length) {
  uint8_t header[4];
  if (!read_all(header, sizeof header)) return 0;
  *length = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
  return *length <= capacity && read_all(field, *length);
}

static int at_end_of_input(void) {
  char extra;
  return read(STDIN_FILENO, &extra, 1) == 0;
}
