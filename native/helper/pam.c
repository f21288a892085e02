// wolfguard-pam: one PAM conversation, then the end of the process.
//
//   wolfguard-pam SERVICE USER REMOTE-HOST [SECONDS]
//
// Messages on stdin and stdout: u32 length (big-endian) of what follows, one byte of type, body.
//
//   out  'e' question, answer may be shown     in   'a' answer to the last question
//   out  'p' question, answer is a secret
//   out  'i' information    'x' error text
//   out  'u' the user's name as the modules left it (only after success)
//   out  'r' result, last: u32 PAM code (0 = success), one byte of stage, text
//            stages: 's' start, 'a' authenticate, 'm' account, 'c' change of an expired password
//
// End of file on stdin cancels: the result is PAM_CONV_ERR. Exit code 0: a result was written,
// whatever it says; 1: it could not be; 2: wrong usage; 3: out of time.
//
// A program of its own because PAM modules block, crash and bring libraries that must not share a
// process with Node's OpenSSL. No secret ever stands on the command line.
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DELIVERED = 0, NOT_DELIVERED = 1, USAGE = 2, OUT_OF_TIME = 3 };

// Longer than a person needs for all questions; auth.timeout ends a conversation sooner.
enum { DEFAULT_TIMEOUT_SECONDS = 300, MAX_TIMEOUT_SECONDS = 3600 };
// Linux-PAM's own limits of a message and of an answer are 512 bytes; modules do send longer texts.
enum { TEXT_MAX = 4096, ANSWER_MAX = 1024, NAME_MAX_BYTES = 256 };

// The channel moves away from fds 0 and 1, where a module or its child would write into it.
struct channel {
  int in;
  int out;
  int cancelled;
};

struct result {
  int code;
  char stage;
};

static int open_channel(struct channel* channel);
static void hide_from_core_dumps(void);
static int arm_timeout(const char* seconds);
static int acceptable_name(const char* text, int may_be_empty);
static struct result converse_with_pam(char** argv, struct channel* channel, pam_handle_t** handle);
static int send_message(struct channel* channel, char type, const char* head, size_t head_length,
                        const char* text);
static int deliver(struct channel* channel, pam_handle_t* handle, struct result result);
static int answer_modules(int count, const struct pam_message** messages,
                          struct pam_response** responses, void* context);

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) return USAGE;
  // A slash would name a file outside /etc/pam.d.
  if (!acceptable_name(argv[1], 0) || strchr(argv[1], '/') != NULL) return USAGE;
  if (!acceptable_name(argv[2], 0) || !acceptable_name(argv[3], 1)) return USAGE;
  if (!arm_timeout(argc == 5 ? argv[4] : NULL)) return USAGE;

  hide_from_core_dumps();
  signal(SIGPIPE, SIG_IGN);
  struct channel channel = {-1, -1, 0};
  if (!open_channel(&channel)) return NOT_DELIVERED;

  pam_handle_t* handle = NULL;
  struct result result = converse_with_pam(argv, &channel, &handle);
  // Modules give a cancelled question codes of their own: pam_unix makes it a bad password.
  if (channel.cancelled) result.code = PAM_CONV_ERR;
  const int delivered = deliver(&channel, handle, result);
  if (handle != NULL) pam_end(handle, result.code);
  return delivered ? DELIVERED : NOT_DELIVERED;
}

// ─── the four stages ───────────────────────────────────────────────────────────────────────────

static struct result converse_with_pam(char** argv, struct channel* channel,
                                       pam_handle_t** handle) {
  const struct pam_conv conversation = {answer_modules, channel};
  struct result result = {PAM_SUCCESS, 's'};

  result.code = pam_start(argv[1], argv[2], &conversation, handle);
  if (result.code != PAM_SUCCESS) {
    *handle = NULL;
    return result;
  }
  if (argv[3][0] != '\0') result.code = pam_set_item(*handle, PAM_RHOST, argv[3]);
  if (result.code != PAM_SUCCESS) return result;

  result.stage = 'a';
  result.code = pam_authenticate(*handle, PAM_DISALLOW_NULL_AUTHTOK);
  if (result.code != PAM_SUCCESS) return result;

  // Without this an account that expired long ago comes in.
  result.stage = 'm';
  result.code = pam_acct_mgmt(*handle, PAM_DISALLOW_NULL_AUTHTOK);
  if (result.code != PAM_NEW_AUTHTOK_REQD) return result;

  result.stage = 'c';
  result.code = pam_chauthtok(*handle, PAM_CHANGE_EXPIRED_AUTHTOK);
  return result;
}

static int deliver(struct channel* channel, pam_handle_t* handle, struct result result) {
  const void* user = NULL;
  if (result.code == PAM_SUCCESS && pam_get_item(handle, PAM_USER, &user) == PAM_SUCCESS &&
      user != NULL && !send_message(channel, 'u', NULL, 0, user)) {
    return 0;
  }
  const uint32_t code = (uint32_t)result.code;
  const char head[5] = {(char)(code >> 24), (char)(code >> 16), (char)(code >> 8), (char)code,
                        result.stage};
  return send_message(channel, 'r', head, sizeof head, pam_strerror(handle, result.code));
}

// ─── what the modules ask ──────────────────────────────────────────────────────────────────────

static char* ask(struct channel* channel, char type, const char* question);
static void forget_answers(struct pam_response* answers, int count);

static int answer_modules(int count, const struct pam_message** messages,
                          struct pam_response** responses, void* context) {
  struct channel* channel = context;
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  struct pam_response* answers = calloc((size_t)count, sizeof *answers);
  if (answers == NULL) return PAM_BUF_ERR;

  for (int i = 0; i < count; i++) {
    const char* text = messages[i]->msg == NULL ? "" : messages[i]->msg;
    int said = 0;
    switch (messages[i]->msg_style) {
      case PAM_PROMPT_ECHO_OFF:
      case PAM_PROMPT_ECHO_ON:
        answers[i].resp =
            ask(channel, messages[i]->msg_style == PAM_PROMPT_ECHO_ON ? 'e' : 'p', text);
        said = answers[i].resp != NULL;
        break;
      case PAM_TEXT_INFO:
        said = send_message(channel, 'i', NULL, 0, text);
        break;
      case PAM_ERROR_MSG:
        said = send_message(channel, 'x', NULL, 0, text);
        break;
    }
    if (!said) {
      forget_answers(answers, count);
      return PAM_CONV_ERR;
    }
  }
  *responses = answers;
  return PAM_SUCCESS;
}

static void forget_answers(struct pam_response* answers, int count) {
  for (int i = 0; i < count; i++) {
    if (answers[i].resp == NULL) continue;
    explicit_bzero(answers[i].resp, strlen(answers[i].resp));
    free(answers[i].resp);
  }
  free(answers);
}

static int read_all(int fd, void* target, size_t length);

// Returns what libpam or the module will free, NULL when the conversation is cancelled.
static char* ask(struct channel* channel, char type, const char* question) {
  if (channel->cancelled || !send_message(channel, type, NULL, 0, question)) return NULL;

  uint8_t header[5];
  char* answer = NULL;
  if (read_all(channel->in, header, sizeof header)) {
    const size_t length =
        (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
    // The length counts the type byte, which is part of `header`.
    if (header[4] == 'a' && length >= 1 && length - 1 <= ANSWER_MAX) {
      answer = calloc(1, length);
      if (answer != NULL &&
          (!read_all(channel->in, answer, length - 1) || memchr(answer, 0, length - 1) != NULL)) {
        explicit_bzero(answer, length);
        free(answer);
        answer = NULL;
      }
    }
  }
  // After a broken answer nothing that follows can be trusted to be one.
  if (answer == NULL) channel->cancelled = 1;
  return answer;
}

// ─── the channel ───────────────────────────────────────────────────────────────────────────────

static int open_channel(struct channel* channel) {
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

static int read_all(int fd, void* target, size_t length) {
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

// One write for a message, so that a reader never waits for its second half.
static int send_message(struct channel* channel, char type, const char* head, size_t head_length,
                        const char* text) {
  char message[4 + 1 + 8 + TEXT_MAX];
  const size_t text_length = strnlen(text, TEXT_MAX);
  const size_t length = 1 + head_length + text_length;
  if (head_length > 8) return 0;
  message[0] = (char)(length >> 24);
  message[1] = (char)(length >> 16);
  message[2] = (char)(length >> 8);
  message[3] = (char)length;
  message[4] = type;
  if (head_length > 0) memcpy(message + 5, head, head_length);
  memcpy(message + 5 + head_length, text, text_length);
  return write_all(channel->out, message, 4 + length);
}

// ─── the process ───────────────────────────────────────────────────────────────────────────────

static int acceptable_name(const char* text, int may_be_empty) {
  const size_t length = strnlen(text, NAME_MAX_BYTES + 1);
  if (length > NAME_MAX_BYTES || (length == 0 && !may_be_empty)) return 0;
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) return 0;
  }
  return 1;
}

static void out_of_time(int signal_number) {
  (void)signal_number;
  _exit(OUT_OF_TIME);
}

static int arm_timeout(const char* seconds) {
  unsigned long timeout = DEFAULT_TIMEOUT_SECONDS;
  if (seconds != NULL) {
    char* end = NULL;
    timeout = strtoul(seconds, &end, 10);
    if (*seconds == '\0' || *end != '\0' || timeout < 1 || timeout > MAX_TIMEOUT_SECONDS) return 0;
  }
  // Blocked signals are inherited from whoever started us.
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &mask, NULL);
  signal(SIGALRM, out_of_time);
  alarm((unsigned)timeout);
  return 1;
}

static void hide_from_core_dumps(void) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
